#include "content/pictures.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	SLOTS = 4096,
	COST_BITS = 24,
	LEAST_BYTES = 512 /* smaller ones are searched as soon as looked up */
};

/* One word for each, so that it is never seen half-written: the key's upper bits, and the cost. */
struct km_pictures {
	km_pictures_digest *digest;
	char secret[KM_PICTURES_SECRET];
	_Atomic uint64_t slot[SLOTS];
};

static const uint64_t cost_mask = (UINT64_C(1) << COST_BITS) - 1;

km_pictures *km_pictures_new(km_pictures_digest *digest, const uint8_t secret[KM_PICTURES_SECRET])
{
	km_pictures *p = calloc(1, sizeof(*p));

	if (p) {
		p->digest = digest;
		memcpy(p->secret, secret, sizeof(p->secret));
	}
	return p;
}

void km_pictures_free(km_pictures *p)
{
	free(p);
}

bool km_pictures_has(const km_pictures *p, km_sv bytes, uint64_t *key, uint64_t *cost)
{
	*key = 0;
	if (p == NULL || bytes.n < LEAST_BYTES ||
	    !p->digest((km_sv){ p->secret, sizeof(p->secret) }, bytes, key))
		return false;
	uint64_t word = atomic_load_explicit(&p->slot[*key % SLOTS], memory_order_relaxed);

	*cost = word & cost_mask;
	return word && (word ^ *key) <= cost_mask;
}

void km_pictures_add(km_pictures *p, uint64_t key, uint64_t cost)
{
	if (p && key && cost <= cost_mask)
		atomic_store_explicit(&p->slot[key % SLOTS], (key & ~cost_mask) | cost,
				      memory_order_relaxed);
}
