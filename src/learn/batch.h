/*
 * learn/batch.h - what features are hashed with, many at a time: each hash is a few multiplications
 * that wait for one another, those of different features are not. With AVX-512, which multiplies
 * eight at once, it takes an eighth of the time; on all processors the same comes out.
 */
#ifndef KM_LEARN_BATCH_H
#define KM_LEARN_BATCH_H

#include "learn/feature.h"

enum {
	KM_GRAM = 5, /* bytes */
	KM_BATCH_GRAMS = 1024,
	KM_BATCH_BYTES = KM_BATCH_GRAMS + 7, /* that they are read from */
	KM_BATCH_WORDS = 64,
	KM_PAIRS = 4 /* words before one that it makes a pair with */
};

static inline uint32_t km_bucket_of(uint64_t hash)
{
	return (uint32_t)((hash * 0x9e3779b97f4a7c15u) >> (64 - KM_BUCKET_BITS));
}

/* Of two numbers one. */
static inline uint64_t km_hash_mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2))) * 0xd6e8feb86659fd93u;

	return h ^ (h >> 32);
}

typedef struct {
	/* Buckets of the first @n <= KM_BATCH_GRAMS grams of @p: of gram i out[i % 4][i / 4]. From
	 * @p on KM_BATCH_BYTES can be read, whatever is in them after the last gram. */
	void (*grams)(const char *p, size_t n, uint32_t out[4][KM_BATCH_GRAMS / 4]);
	/* km_sv_hash() of @n <= KM_BATCH_WORDS words: each is the hash so far (km_hash_byte()) and
	 * the eight bytes that follow, the first one lowest. */
	void (*hashes)(size_t n, const uint64_t *so_far, const uint64_t *bytes, uint64_t *out);
	/* @n <= KM_BATCH_WORDS words of a field, by their hashes: as features, and the features'
	 * buckets. */
	void (*words)(size_t n, uint64_t field, const uint64_t *hash, uint64_t *feature,
		      uint32_t *bucket);
	/* Buckets of the pairs that @n <= KM_BATCH_WORDS features make with those before them:
	 * @feature has KM_PAIRS more, which go before; of feature i with the one d before it
	 * out[d - 1][i]. */
	void (*pairs)(size_t n, const uint64_t *feature, uint32_t out[KM_PAIRS][KM_BATCH_WORDS]);
} km_batch;

/* For any processor; for this one. */
extern const km_batch km_batch_plain;
const km_batch *km_batch_best(void);

#endif
