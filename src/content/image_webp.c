/* WebP, by libwebp: a lossy or a lossless still picture. */
#include <webp/decode.h>

#include "base/limits.h"
#include "content/image_kinds.h"

/* The decoder itself makes large ones smaller. */
static void choose_scale(WebPDecoderConfig *c)
{
	int width = c->input.width, height = c->input.height, by = 1;

	while ((int64_t)(width / by) * (height / by) > KM_MAX_RASTER_PIXELS)
		by++;
	c->options.use_scaling = by > 1;
	c->options.scaled_width = width / by ? width / by : 1;
	c->options.scaled_height = height / by ? height / by : 1;
}

/* On white paper. */
static void to_grey(const uint8_t *rgba, km_image *out)
{
	size_t n = (size_t)out->width * out->height;

	for (size_t i = 0; i < n; i++, rgba += 4) {
		unsigned grey = (rgba[0] * 77u + rgba[1] * 151u + rgba[2] * 28u) >> 8;
		out->grey[i] = (uint8_t)((grey * rgba[3] + 255u * (255u - rgba[3])) / 255);
	}
}

km_status km_image_webp(km_arena *a, km_sv bytes, km_image *out)
{
	const uint8_t *p = (const uint8_t *)bytes.p;
	WebPDecoderConfig c;

	if (!WebPInitDecoderConfig(&c) || WebPGetFeatures(p, bytes.n, &c.input) != VP8_STATUS_OK ||
	    c.input.width <= 0 || c.input.height <= 0)
		return KM_SYNTAX;
	if (c.input.has_animation)
		return KM_NOTFOUND;
	if ((int64_t)c.input.width * c.input.height > KM_MAX_IMAGE_PIXELS)
		return KM_LIMIT;
	choose_scale(&c);
	km_status st = km_image_room(a, (uint64_t)c.options.scaled_width,
				     (uint64_t)c.options.scaled_height, out);
	size_t n = 4 * (size_t)out->width * out->height;
	uint8_t *rgba = st == KM_OK ? km_alloc(a, n) : NULL;
	if (rgba == NULL)
		return KM_LIMIT;
	out->pixels = (uint64_t)c.input.width * (uint64_t)c.input.height;
	memset(rgba, 255, n);
	c.output.colorspace = MODE_RGBA;
	c.output.is_external_memory = 1;
	c.output.u.RGBA.rgba = rgba;
	c.output.u.RGBA.stride = 4 * c.options.scaled_width;
	c.output.u.RGBA.size = n;
	/* What is left out at the end of a cut one is white. */
	VP8StatusCode rc = WebPDecode(p, bytes.n, &c);
	if (rc == VP8_STATUS_OK || rc == VP8_STATUS_SUSPENDED || rc == VP8_STATUS_NOT_ENOUGH_DATA)
		to_grey(rgba, out);
	else
		st = KM_SYNTAX;
	WebPFreeDecBuffer(&c.output);
	return st;
}
