#include "learn/gather.h"

/* What is written here stays in the cache from one message to the next. */
static _Thread_local uint64_t met[KM_BUCKETS / 64];
static _Thread_local uint32_t buckets[KM_GATHER_MAX + KM_GATHER_SPARE];

km_gather km_gather_begin(km_view view)
{
	return (km_gather){ .bucket = buckets, .met = met, .view = view };
}

km_status km_gather_end(km_gather *g, km_arena *a, km_feature_set *out)
{
	const uint32_t *bucket = g->bucket;
	uint64_t *bits = g->met;
	size_t n = g->n;

#pragma GCC unroll 4
	for (size_t i = 0; i < n; i++)
		bits[bucket[i] >> 6] = 0;
	*out = (km_feature_set){ .bucket = km_alloc(a, n * sizeof(*bucket)), .n = n };
	if (out->bucket == NULL)
		return KM_LIMIT;
	memcpy(out->bucket, bucket, n * sizeof(*bucket));
	return KM_OK;
}
