/*
 * content/qr.h - QR codes in pictures, read by zbar.
 */
#ifndef KM_CONTENT_QR_H
#define KM_CONTENT_QR_H

#include "content/image.h"

/* What a QR code says, as its bytes are. */
typedef struct {
	const km_sv *text;
	size_t n; /* at most KM_MAX_QR_CODES */
} km_qr_codes;

/* All QR codes of @image, in @a. KM_LIMIT when the arena is full or there is no memory. */
KM_NODISCARD km_status km_qr_read(km_arena *a, const km_image *image, km_qr_codes *out);

#endif
