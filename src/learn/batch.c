#include "learn/batch.h"

static inline __attribute__((always_inline)) void grams(const char *p, size_t n,
							uint32_t out[4][KM_BATCH_GRAMS / 4])
{
	/* each fourth one: they do not overlap, and so are read and hashed side by side */
	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < (n + 3 - k) / 4; i++) {
			uint32_t gram, next;
			memcpy(&gram, p + 4 * i + k, sizeof(gram));
			memcpy(&next, p + 4 * i + k + 4, sizeof(next));
			uint64_t last = next & 0xff;
			out[k][i] = km_bucket_of(km_hash_mix(0x4752, last << 32 | gram));
		}
}

static inline __attribute__((always_inline)) void hashes(size_t n, const uint64_t *restrict so_far,
							 const uint64_t *restrict bytes,
							 uint64_t *restrict out)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t h = so_far[i];
		for (unsigned k = 0; k < 64; k += 8)
			h = km_hash_byte(h, (char)(bytes[i] >> k & 0xff));
		out[i] = km_hash_end(h);
	}
}

static inline __attribute__((always_inline)) void words(size_t n, uint64_t field,
							const uint64_t *restrict hash,
							uint64_t *restrict feature,
							uint32_t *restrict bucket)
{
	for (size_t i = 0; i < n; i++) {
		feature[i] = km_hash_mix(field, hash[i]);
		bucket[i] = km_bucket_of(feature[i]);
	}
}

static inline __attribute__((always_inline)) void pairs(
	size_t n, const uint64_t *restrict feature, uint32_t out[restrict KM_PAIRS][KM_BATCH_WORDS])
{
	const uint64_t *own = feature + KM_PAIRS;

	for (size_t d = 1; d <= KM_PAIRS; d++)
		for (size_t i = 0; i < n; i++)
			out[d - 1][i] = km_bucket_of(km_hash_mix((own - d)[i], own[i] + d));
}

/* The same text for each kind of processor. */
#define BATCH(kind)                                                                                \
	TARGET_##kind static void grams_##kind(const char *p, size_t n,                            \
					       uint32_t out[4][KM_BATCH_GRAMS / 4])                \
	{                                                                                          \
		grams(p, n, out);                                                                  \
	}                                                                                          \
	TARGET_##kind static void hashes_##kind(size_t n, const uint64_t *so_far,                  \
						const uint64_t *bytes, uint64_t *out)              \
	{                                                                                          \
		hashes(n, so_far, bytes, out);                                                     \
	}                                                                                          \
	TARGET_##kind static void words_##kind(size_t n, uint64_t field, const uint64_t *hash,     \
					       uint64_t *feature, uint32_t *bucket)                \
	{                                                                                          \
		words(n, field, hash, feature, bucket);                                            \
	}                                                                                          \
	TARGET_##kind static void pairs_##kind(size_t n, const uint64_t *feature,                  \
					       uint32_t out[KM_PAIRS][KM_BATCH_WORDS])             \
	{                                                                                          \
		pairs(n, feature, out);                                                            \
	}
#define FUNCTIONS(kind)                                                                            \
	{                                                                                          \
		grams_##kind, hashes_##kind, words_##kind, pairs_##kind                            \
	}

#define TARGET_plain
BATCH(plain)
const km_batch km_batch_plain = FUNCTIONS(plain);

#ifdef __x86_64__
#define TARGET_wide __attribute__((target("avx512f,avx512dq,avx512vl")))
BATCH(wide)
static const km_batch wide = FUNCTIONS(wide);
#endif

const km_batch *km_batch_best(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		return &wide;
#endif
	return &km_batch_plain;
}
