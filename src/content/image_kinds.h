/*
 * content/image_kinds.h - the kinds of pictures that content/image.c reads. Inside content/ only.
 */
#ifndef KM_CONTENT_IMAGE_KINDS_H
#define KM_CONTENT_IMAGE_KINDS_H

#include "content/image.h"

/* Sets width and height of @out and makes room for them; KM_SYNTAX for nothing, KM_LIMIT for too
 * much. */
KM_NODISCARD km_status km_image_room(km_arena *a, uint64_t width, uint64_t height, km_image *out);
/* How bright a colour looks (ITU-R BT.601). */
static inline uint8_t km_image_grey(unsigned red, unsigned green, unsigned blue)
{
	return (uint8_t)((red * 299 + green * 587 + blue * 114) / 1000);
}

KM_NODISCARD km_status km_image_png(km_arena *a, km_sv bytes, km_image *out);
KM_NODISCARD km_status km_image_jpeg(km_arena *a, km_sv bytes, km_image *out);
KM_NODISCARD km_status km_image_gif(km_arena *a, km_sv bytes, km_image *out);
KM_NODISCARD km_status km_image_bmp(km_arena *a, km_sv bytes, km_image *out);
KM_NODISCARD km_status km_image_webp(km_arena *a, km_sv bytes, km_image *out);

#endif
