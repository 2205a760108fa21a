/*
 * learn/gather.h - gathers the features of one view of one message, each bucket once. A bit per
 * bucket says what was met; whether it was is as good as random, so that nothing branches on it:
 * each feature is written, and counted when it is new.
 */
#ifndef KM_LEARN_GATHER_H
#define KM_LEARN_GATHER_H

#include "learn/batch.h"

enum { KM_GATHER_MAX = 16384, KM_GATHER_SPARE = 8 };

typedef struct {
	uint32_t *bucket; /* of the thread; room for KM_GATHER_SPARE more than the most */
	uint64_t *met;	  /* a bit each; of the thread */
	size_t n;
	km_view view;
	const float *weight; /* what is going to be looked up; as in km_lookups */
	const int8_t *small;
} km_gather;

/* One at a time in a thread; each has to end with km_gather_end(). */
km_gather km_gather_begin(km_view view);
/* Puts what was gathered into *out. KM_LIMIT when the arena is too small. */
KM_NODISCARD km_status km_gather_end(km_gather *g, km_arena *a, km_feature_set *out);

/*
 * Adds the feature of a bucket as the one after @n, and gives the number of features then. At most
 * KM_GATHER_SPARE may follow one another without km_gather_cut(). By value, so that a loop keeps
 * the pointers in registers.
 */
static inline __attribute__((always_inline)) size_t km_gather_put(km_gather g, size_t n,
								  uint32_t bucket)
{
	uint64_t *met = &g.met[bucket >> 6], before = *met, now = before | 1ull << (bucket & 63);

	if (g.weight)
		__builtin_prefetch(g.weight + bucket, 0, 3);
	if (g.small)
		__builtin_prefetch(g.small + bucket, 0, 3);
	g.bucket[n] = bucket;
	*met = now;
	return n + (before < now);
}

/* Forgets those of @n features that are too many. */
static inline size_t km_gather_cut(const km_gather *g, size_t n)
{
	for (size_t i = KM_GATHER_MAX; i < n; i++)
		g->met[g->bucket[i] >> 6] &= ~(1ull << (g->bucket[i] & 63));
	return n < KM_GATHER_MAX ? n : KM_GATHER_MAX;
}

static inline void km_gather_add(km_gather *g, uint64_t hash)
{
	g->n = km_gather_cut(g, km_gather_put(*g, g->n, km_bucket_of(hash)));
}

#endif
