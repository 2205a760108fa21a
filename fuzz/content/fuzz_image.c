/*
 * Properties: a picture that is read has the size that it says and fits the bounds; what its codes
 * say is not empty. As a text, drawings in it are found in order, and the search goes on to its
 * end.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "content/qr.h"
#include "content/qr_drawn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_drawn(km_arena *a, km_sv text)
{
	km_image image;
	km_status st;

	for (size_t at = 0, before = 0; (st = km_qr_drawn_next(a, text, &at, &image)) != KM_LIMIT;
	     before = at) {
		if (st == KM_NOTFOUND ? at != text.n : at <= before)
			abort();
		if (st == KM_NOTFOUND)
			return;
		if ((uint64_t)image.width * image.height > KM_MAX_RASTER_PIXELS)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(12 << 20);
	km_image image;
	km_qr_codes codes;

	if (a == NULL)
		return 0;
	if (km_image_read(a, (km_sv){ (const char *)data, size }, &image) == KM_OK) {
		unsigned sum = 0;
		size_t n = (size_t)image.width * image.height;
		if (n == 0 || n > KM_MAX_RASTER_PIXELS || image.pixels < n)
			abort();
		for (size_t i = 0; i < n; i++)
			sum += image.grey[i];
		if (sum > n * 255 || km_qr_read(a, &image, &codes) != KM_OK)
			abort();
		for (size_t i = 0; i < codes.n; i++)
			if (codes.text[i].n == 0)
				abort();
	}
	km_arena_reset(a);
	check_drawn(a, (km_sv){ (const char *)data, size });
	km_arena_free(a);
	return 0;
}
