/*
 * content/pdf_picture.h - a picture of a PDF file (ISO 32000-1 section 8.9.5): JPEG, and samples
 * packed by Flate, with or without predictors of PNG, ASCII85 around them, or none. Not: JPEG 2000,
 * JBIG2, fax, LZW. Colours of an index are stretched, which is enough for black and white.
 */
#ifndef KM_CONTENT_PDF_PICTURE_H
#define KM_CONTENT_PDF_PICTURE_H

#include "content/image.h"
#include "content/pdf.h"

/*
 * Shades of grey in @a, made smaller to KM_MAX_RASTER_PIXELS. KM_NOTFOUND: of a kind that is not
 * read; KM_SYNTAX: damaged; KM_LIMIT: over KM_MAX_IMAGE_PIXELS, the arena is full, or more than
 * *left bytes would have to be unpacked, from which they are taken.
 */
KM_NODISCARD km_status km_pdf_picture_read(km_arena *a, const km_pdf_picture *p, size_t *left,
					   km_image *out);

#endif
