#include "crypt/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>

/* Looking an algorithm up costs more than hashing a small message, so it is done once. */
static EVP_MD *sha256, *sha1;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
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

void km_hash_init(km_hash *h, km_hash_kind kind)
{
	(void)pthread_once(&once, fetch);
	const EVP_MD *md = kind == KM_HASH_SHA1 ? sha1 : sha256;
	*h = (km_hash){ .ctx = EVP_MD_CTX_new(), .kind = kind };
	h->bad = md == NULL || h->ctx == NULL || EVP_DigestInit_ex2(h->ctx, md, NULL) != 1;
}

void km_hash_add(km_hash *h, km_sv bytes)
{
	h->bad = h->bad || EVP_DigestUpdate(h->ctx, bytes.p, bytes.n) != 1;
}

void km_hash_copy(km_hash *to, const km_hash *from)
{
	*to = (km_hash){ .ctx = EVP_MD_CTX_new(), .kind = from->kind };
	to->bad = from->bad || to->ctx == NULL || EVP_MD_CTX_copy_ex(to->ctx, from->ctx) != 1;
}

km_status km_hash_finish(km_hash *h, uint8_t out[KM_HASH_MAX_BYTES], size_t *n)
{
	unsigned length = 0;
	bool ok = !h->bad && EVP_DigestFinal_ex(h->ctx, out, &length) == 1;

	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
	*n = length;
	return ok ? KM_OK : KM_BUG;
}

km_status km_hmac_sha256(km_sv key, km_sv bytes, uint8_t out[KM_SHA256_BYTES])
{
	unsigned n = 0;
	const unsigned char *p = (const unsigned char *)(bytes.n ? bytes.p : "");

	(void)pthread_once(&once, fetch);
	if (sha256 == NULL || key.n > INT_MAX ||
	    HMAC(sha256, key.n ? key.p : "", (int)key.n, p, bytes.n, out, &n) == NULL)
		return KM_BUG;
	return n == KM_SHA256_BYTES ? KM_OK : KM_BUG;
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
