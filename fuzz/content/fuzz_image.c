/*
 * Properties: a picture that is read has the size that it says and fits the bounds; what its codes
 * say is not empty.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "content/qr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	km_arena_free(a);
	return 0;
}
