#include "crypt/digest.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>

/* Looking an algorithm up costs more than hashing a small message, so it is done once. */
static EVP_MD *sha256;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

km_status km_sha256(km_sv bytes, uint8_t out[KM_SHA256_BYTES])
{
	static _Thread_local EVP_MD_CTX *ctx;

	(void)pthread_once(&once, fetch);
	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	if (sha256 == NULL || ctx == NULL || EVP_DigestInit_ex2(ctx, sha256, NULL) != 1 ||
	    EVP_DigestUpdate(ctx, bytes.p, bytes.n) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		return KM_BUG;
	return KM_OK;
}

void km_hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digit[bytes[i] >> 4];
		out[2 * i + 1] = digit[bytes[i] & 15];
	}
}

km_status km_random(void *out, size_t n)
{
	return RAND_bytes(out, (int)n) == 1 ? KM_OK : KM_BUG;
}
