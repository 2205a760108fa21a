/*
 * content/qr_drawn.h - QR codes that are drawn with characters: "█▀▄", "██", "■□", one line of text
 * for one or two rows of modules.
 */
#ifndef KM_CONTENT_QR_DRAWN_H
#define KM_CONTENT_QR_DRAWN_H

#include "content/image.h"

/* False for most texts, which have none of the characters. */
bool km_qr_may_be_drawn(km_sv text);

/*
 * The next drawing in @text from *at on as a picture in @a; *at moves past it. KM_NOTFOUND: none is
 * left; KM_LIMIT: the arena is full. All calls for one text together are linear in it.
 */
KM_NODISCARD km_status km_qr_drawn_next(km_arena *a, km_sv text, size_t *at, km_image *out);

#endif
