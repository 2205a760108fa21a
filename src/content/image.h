/*
 * content/image.h - pictures as a camera would see them: shades of grey, on white paper. PNG
 * (libpng), JPEG (TurboJPEG), GIF (giflib; the first picture), WebP (libwebp; no films), BMP.
 */
#ifndef KM_CONTENT_IMAGE_H
#define KM_CONTENT_IMAGE_H

#include "base/arena.h"
#include "base/err.h"

typedef struct {
	uint8_t *grey; /* width * height bytes, rows from the top; 255 is white */
	unsigned width, height;
	uint64_t pixels; /* that it had before it was made smaller */
} km_image;

/*
 * Reads the picture in @bytes; in @a, with what is needed meanwhile. One of more than
 * KM_MAX_RASTER_PIXELS is made smaller by a whole factor. KM_NOTFOUND: of no kind that is read;
 * KM_SYNTAX: damaged; KM_LIMIT: over KM_MAX_IMAGE_PIXELS (KM_MAX_JPEG_PIXELS), or the arena is
 * full.
 */
KM_NODISCARD km_status km_image_read(km_arena *a, km_sv bytes, km_image *out);

#endif
