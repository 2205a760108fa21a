#include "engine/term_cache.h"

#include <stdlib.h>

#include "crypt/digest.h"

enum { PAGE = 4096, STAMP_BYTES = KM_TERMS_MOST * (KM_TERM_BYTES + 8) };

/* The first page, but for the zeros that fill it. */
typedef struct {
	char magic[16];
	uint8_t stamp[KM_SHA256_BYTES];
	uint8_t image[KM_SHA256_BYTES];
} head;

static const char magic[16] = "komainu terms 1";

static km_status stamp_of(const km_terms *t, uint8_t out[KM_SHA256_BYTES])
{
	km_buf b;

	km_buf_init(&b, NULL, STAMP_BYTES);
	km_status st = km_terms_stamp(t, &b);
	if (st == KM_OK)
		st = km_sha256(km_buf_sv(&b), out);
	km_buf_finish(&b);
	return st;
}

static bool is_for(const km_terms *t, km_sv cache)
{
	uint8_t stamp[KM_SHA256_BYTES], image[KM_SHA256_BYTES];
	head h;

	if (cache.n <= PAGE)
		return false;
	memcpy(&h, cache.p, sizeof(h));
	return memcmp(h.magic, magic, sizeof(magic)) == 0 && stamp_of(t, stamp) == KM_OK &&
	       memcmp(h.stamp, stamp, sizeof(stamp)) == 0 &&
	       km_sha256(km_sv_from(cache, PAGE), image) == KM_OK &&
	       memcmp(h.image, image, sizeof(image)) == 0;
}

km_status km_term_cache_open(km_terms *t, km_sv cache, bool *compiled, km_err *err)
{
	bool fits = is_for(t, cache) && km_terms_adopt(t, km_sv_from(cache, PAGE), NULL) == KM_OK;

	if (compiled)
		*compiled = !fits;
	return fits ? KM_OK : km_terms_build(t, err);
}

km_status km_term_cache_make(const km_terms *t, char **out, size_t *n, km_err *err)
{
	head h = { 0 };
	char *image = NULL;
	size_t size = 0;
	km_status st = km_terms_image(t, &image, &size);

	memcpy(h.magic, magic, sizeof(magic));
	if (st == KM_OK)
		st = stamp_of(t, h.stamp);
	if (st == KM_OK)
		st = km_sha256((km_sv){ image, size }, h.image);
	*n = PAGE + size;
	*out = st == KM_OK ? calloc(1, *n) : NULL;
	if (*out) {
		memcpy(*out, &h, sizeof(h));
		memcpy(*out + PAGE, image, size);
	}
	free(image);
	if (*out)
		return KM_OK;
	return KM_FAIL(err, st == KM_OK ? KM_NOMEM : st, "compiled words can not be kept");
}
