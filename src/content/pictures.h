/*
 * content/pictures.h - pictures in which no QR code was found, so that a logo, or a picture of
 * which a thousand copies come, is unpacked and searched once. Forgets what came long ago; of a
 * fixed size. Threads may use one at once.
 */
#ifndef KM_CONTENT_PICTURES_H
#define KM_CONTENT_PICTURES_H

#include "base/sv.h"

enum { KM_PICTURES_SECRET = 16 };

/*
 * Digest of @bytes under @secret, into *out: whoever makes pictures must not be able to make two of
 * one digest. False when it can not be made.
 */
typedef bool km_pictures_digest(km_sv secret, km_sv bytes, uint64_t *out);

typedef struct km_pictures km_pictures;

/* NULL: no memory. */
km_pictures *km_pictures_new(km_pictures_digest *digest, const uint8_t secret[KM_PICTURES_SECRET]);
void km_pictures_free(km_pictures *p);

/*
 * Whether the picture in @bytes is one without code; then *cost is what km_pictures_add() was told.
 * *key is for km_pictures_add(), 0 when the picture is not worth it. @p may be NULL.
 */
bool km_pictures_has(const km_pictures *p, km_sv bytes, uint64_t *key, uint64_t *cost);
/* @p may be NULL. */
void km_pictures_add(km_pictures *p, uint64_t key, uint64_t cost);

#endif
