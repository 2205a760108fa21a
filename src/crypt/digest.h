/*
 * crypt/digest.h - SHA-256 and SHA-1 (FIPS 180-4) by OpenSSL, at once or as a stream.
 */
#ifndef KM_CRYPT_DIGEST_H
#define KM_CRYPT_DIGEST_H

#include "base/err.h"

enum { KM_SHA256_BYTES = 32, KM_SHA256_HEX = 64 };

/* KM_BUG when OpenSSL can not do it (no provider). Threads may call it at once. */
KM_NODISCARD km_status km_sha256(km_sv bytes, uint8_t out[KM_SHA256_BYTES]);

/* SHA-1 only to read what others still sign with it. */
typedef enum { KM_HASH_SHA256, KM_HASH_SHA1 } km_hash_kind;
enum { KM_HASH_MAX_BYTES = 32 };

/* A digest in the making. Every km_hash_init() needs one km_hash_finish(), whatever it returned. */
typedef struct {
	void *ctx;
	km_hash_kind kind;
	bool bad; /* something failed; km_hash_finish() says so */
} km_hash;

void km_hash_init(km_hash *h, km_hash_kind kind);
void km_hash_add(km_hash *h, km_sv bytes);
/* Begins @to where @from is now; @to needs its own km_hash_finish(). */
void km_hash_copy(km_hash *to, const km_hash *from);
/* Writes the digest to @out and its length to @n, and frees. KM_BUG when OpenSSL failed. */
KM_NODISCARD km_status km_hash_finish(km_hash *h, uint8_t out[KM_HASH_MAX_BYTES], size_t *n);

/* HMAC-SHA-256 (RFC 2104). */
KM_NODISCARD km_status km_hmac_sha256(km_sv key, km_sv bytes, uint8_t out[KM_SHA256_BYTES]);

/* @n bytes as 2n lower-case hexadecimal digits; no NUL. */
void km_hex(const uint8_t *bytes, size_t n, char *out);
/* @n unpredictable bytes. */
KM_NODISCARD km_status km_random(void *out, size_t n);

#endif
