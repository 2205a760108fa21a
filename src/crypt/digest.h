/*
 * crypt/digest.h - SHA-256 (FIPS 180-4) by OpenSSL.
 */
#ifndef KM_CRYPT_DIGEST_H
#define KM_CRYPT_DIGEST_H

#include "base/err.h"

enum { KM_SHA256_BYTES = 32, KM_SHA256_HEX = 64 };

/* KM_BUG when OpenSSL can not do it (no provider). Threads may call it at once. */
KM_NODISCARD km_status km_sha256(km_sv bytes, uint8_t out[KM_SHA256_BYTES]);
/* @n bytes as 2n lower-case hexadecimal digits; no NUL. */
void km_hex(const uint8_t *bytes, size_t n, char *out);
/* @n unpredictable bytes. */
KM_NODISCARD km_status km_random(void *out, size_t n);

#endif
