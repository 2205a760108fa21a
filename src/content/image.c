#include "content/image.h"

#include <png.h>
#include <turbojpeg.h>

#include "base/limits.h"
#include "content/image_kinds.h"

km_status km_image_room(km_arena *a, uint64_t width, uint64_t height, km_image *out)
{
	if (width == 0 || height == 0)
		return KM_SYNTAX;
	if (width > KM_MAX_IMAGE_PIXELS || height > KM_MAX_IMAGE_PIXELS ||
	    width * height > KM_MAX_IMAGE_PIXELS)
		return KM_LIMIT;
	*out = (km_image){ .width = (unsigned)width,
			   .height = (unsigned)height,
			   .pixels = width * height };
	out->grey = km_alloc(a, width * height);
	return out->grey ? KM_OK : KM_LIMIT;
}

km_status km_image_png(km_arena *a, km_sv bytes, km_image *out)
{
	const png_color white = { 255, 255, 255 };
	png_image png = { .version = PNG_IMAGE_VERSION };

	if (!png_image_begin_read_from_memory(&png, bytes.p, bytes.n))
		return KM_SYNTAX;
	png.format = PNG_FORMAT_GRAY;
	km_status st = km_image_room(a, png.width, png.height, out);
	/* What is left out at the end of a damaged one is white. */
	if (st == KM_OK)
		memset(out->grey, 255, (size_t)out->width * out->height);
	if (st == KM_OK && !png_image_finish_read(&png, &white, out->grey, 0, NULL))
		st = KM_SYNTAX;
	png_image_free(&png);
	return st;
}

/* The decoder itself makes large pictures smaller, which costs less than to decode them whole. */
static tjscalingfactor jpeg_scale(int width, int height)
{
	static const tjscalingfactor factors[] = { { 1, 1 }, { 1, 2 }, { 1, 4 }, { 1, 8 } };
	size_t i = 0;

	while (i + 1 < KM_COUNT(factors) &&
	       (int64_t)TJSCALED(width, factors[i]) * TJSCALED(height, factors[i]) >
		       KM_MAX_RASTER_PIXELS)
		i++;
	return factors[i];
}

km_status km_image_jpeg(km_arena *a, km_sv bytes, km_image *out)
{
	int width = 0, height = 0, sampling, space;
	const unsigned char *p = (const unsigned char *)bytes.p;
	tjhandle tj = tjInitDecompress();

	if (tj == NULL)
		return KM_LIMIT;
	km_status st = KM_SYNTAX;
	/* A file of tables alone is no error to it, and leaves the sizes as they are. */
	if (tjDecompressHeader3(tj, p, bytes.n, &width, &height, &sampling, &space) == 0 &&
	    width > 0 && height > 0)
		st = (int64_t)width * height > KM_MAX_JPEG_PIXELS ? KM_LIMIT : KM_OK;
	if (st == KM_OK) {
		uint64_t whole = (uint64_t)width * (uint64_t)height;
		tjscalingfactor f = jpeg_scale(width, height);
		width = TJSCALED(width, f);
		height = TJSCALED(height, f);
		st = km_image_room(a, (uint64_t)width, (uint64_t)height, out);
		out->pixels = whole;
	}
	if (st == KM_OK) {
		memset(out->grey, 255, (size_t)out->width * out->height);
		/* Scans without number are a known way to keep decoders busy. */
		if (tjDecompress2(tj, p, bytes.n, out->grey, width, width, height, TJPF_GRAY,
				  TJFLAG_FASTDCT | TJFLAG_LIMITSCANS) != 0 &&
		    tjGetErrorCode(tj) == TJERR_FATAL)
			st = KM_SYNTAX;
	}
	(void)tjDestroy(tj);
	return st;
}

/* Every pixel of the result is the mean of @by times @by of @in, which it takes the place of. */
static void shrink(km_image *in, unsigned by)
{
	unsigned width = in->width / by, height = in->height / by;

	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			unsigned sum = 0;
			for (unsigned i = 0; i < by; i++) {
				const uint8_t *row = in->grey + (size_t)(y * by + i) * in->width;
				for (unsigned k = 0; k < by; k++)
					sum += row[x * by + k];
			}
			in->grey[(size_t)y * width + x] = (uint8_t)(sum / (by * by));
		}
	in->width = width;
	in->height = height;
}

km_status km_image_read(km_arena *a, km_sv bytes, km_image *out)
{
	static const struct {
		km_sv start;
		km_status (*read)(km_arena *a, km_sv bytes, km_image *out);
	} kinds[] = {
		{ KM_SV("\x89PNG\r\n\x1a\n"), km_image_png },
		{ KM_SV("\xff\xd8\xff"), km_image_jpeg },
		{ KM_SV("GIF8"), km_image_gif },
		{ KM_SV("RIFF"), km_image_webp },
		{ KM_SV("BM"), km_image_bmp },
	};
	unsigned by = 1;
	km_status st = KM_NOTFOUND;

	*out = (km_image){ 0 };
	for (size_t i = 0; st == KM_NOTFOUND && i < KM_COUNT(kinds); i++)
		if (km_sv_starts(bytes, kinds[i].start))
			st = kinds[i].read(a, bytes, out);
	if (st != KM_OK)
		return st;
	while ((uint64_t)(out->width / by) * (out->height / by) > KM_MAX_RASTER_PIXELS)
		by++;
	if (by > 1)
		shrink(out, by);
	return out->width && out->height ? KM_OK : KM_SYNTAX;
}
