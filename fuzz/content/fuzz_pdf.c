/*
 * Properties: links are not empty, each is there once, pictures fit the bounds, and no more is
 * unpacked than may be.
 */
#include <stdlib.h>

#include "content/pdf_picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_picture(km_arena *a, const km_pdf_picture *p, size_t *left)
{
	km_image image;
	unsigned sum = 0;

	if (km_pdf_picture_read(a, p, left, &image) != KM_OK)
		return;
	size_t n = (size_t)image.width * image.height;
	if (n == 0 || n > KM_MAX_RASTER_PIXELS || image.pixels < n)
		abort();
	for (size_t i = 0; i < n; i++)
		sum += image.grey[i];
	if (sum > n * 255)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t left = 1 << 20;
	km_arena *a = km_arena_new(16 << 20);
	km_pdf pdf;

	if (a == NULL)
		return 0;
	if (km_pdf_read(a, (km_sv){ (const char *)data, size }, &left, &pdf) == KM_OK) {
		if (pdf.n > KM_MAX_PDF_LINKS || left > 1 << 20)
			abort();
		for (size_t i = 0; i < pdf.n_pictures; i++)
			check_picture(a, &pdf.picture[i], &left);
		if (left > 1 << 20)
			abort();
		for (size_t i = 0; i < pdf.n; i++) {
			if (pdf.link[i].n == 0)
				abort();
			for (size_t k = 0; k < i; k++)
				if (km_sv_eq(pdf.link[i], pdf.link[k]))
					abort();
		}
	}
	km_arena_free(a);
	return 0;
}
