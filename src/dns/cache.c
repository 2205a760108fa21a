#include "dns/cache.h"

#include <stdlib.h>

enum { WAYS = 4, BYTES_A_SLOT = 256 };

/* One block of memory: answer, records, name and data behind one another. */
typedef struct {
	km_dns_answer answer;
	uint64_t until, used;
	size_t size;
} entry;

struct km_dns_cache {
	entry **slot; /* sets of WAYS */
	size_t n_slots, hand;
	size_t bytes, max;
	uint64_t uses;
	km_dns_answer given;
};

km_dns_cache *km_dns_cache_new(size_t bytes)
{
	km_dns_cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->max = bytes;
	c->n_slots = (bytes / BYTES_A_SLOT / WAYS + 1) * WAYS;
	c->slot = calloc(c->n_slots, sizeof(entry *));
	if (c->slot == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

static void drop(km_dns_cache *c, entry **slot)
{
	if (*slot == NULL)
		return;
	c->bytes -= (*slot)->size;
	free(*slot);
	*slot = NULL;
}

void km_dns_cache_free(km_dns_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_slots; i++)
		free(c->slot[i]);
	free(c->slot);
	free(c);
}

static entry **set_of(const km_dns_cache *c, km_sv name, km_dns_type type)
{
	uint64_t hash = km_sv_hash(name) + type;

	return c->slot + hash % (c->n_slots / WAYS) * WAYS;
}

static bool is_for(const entry *e, km_sv name, km_dns_type type)
{
	return e && e->answer.type == type && km_sv_eq(e->answer.name, name);
}

/* The place for a new answer: where the old one to the same question is, a free one, or that of the
 * one not used for longest. */
static entry **place_for(const km_dns_cache *c, const km_dns_answer *a)
{
	entry **set = set_of(c, a->name, a->type), **best = set;

	for (size_t i = 0; i < WAYS; i++)
		if (is_for(set[i], a->name, a->type))
			return &set[i];
	for (size_t i = 0; i < WAYS && *best; i++)
		if (set[i] == NULL || set[i]->used < (*best)->used)
			best = &set[i];
	return best;
}

static km_sv put_bytes(char **at, km_sv v)
{
	km_sv copy = { *at, v.n };

	if (v.n)
		memcpy(*at, v.p, v.n);
	*at += v.n;
	return copy;
}

static entry *copy_of(const km_dns_answer *a, size_t size)
{
	entry *e = malloc(size);

	if (e == NULL)
		return NULL;
	km_dns_rr *rr = (km_dns_rr *)(e + 1);
	char *at = (char *)(rr + a->n);
	*e = (entry){ .answer = *a, .size = size };
	e->answer.name = put_bytes(&at, a->name);
	e->answer.rr = rr;
	for (size_t i = 0; i < a->n; i++)
		rr[i] = (km_dns_rr){ put_bytes(&at, a->rr[i].data), a->rr[i].preference };
	return e;
}

static size_t size_of(const km_dns_answer *a)
{
	size_t n = sizeof(entry) + a->n * sizeof(km_dns_rr) + a->name.n;

	for (size_t i = 0; i < a->n; i++)
		n += a->rr[i].data.n;
	return n;
}

void km_dns_cache_put(km_dns_cache *c, const km_dns_answer *a, uint64_t now)
{
	bool kept =
		a->rcode == KM_DNS_OK || a->rcode == KM_DNS_NODATA || a->rcode == KM_DNS_NXDOMAIN;
	size_t size = size_of(a);
	entry *e;

	if (!kept || a->ttl == 0 || size > KM_DNS_CACHE_ANSWER || size > c->max ||
	    (e = copy_of(a, size)) == NULL)
		return;
	uint32_t most = a->rcode == KM_DNS_OK ? KM_DNS_CACHE_TTL : KM_DNS_CACHE_NEGATIVE_TTL;
	e->until = now + (a->ttl < most ? a->ttl : most);
	e->used = ++c->uses;
	drop(c, place_for(c, a));
	/* Large answers take the room of many: then any make room, in turn. */
	while (c->bytes + size > c->max) {
		drop(c, &c->slot[c->hand]);
		c->hand = (c->hand + 1) % c->n_slots;
	}
	*place_for(c, a) = e;
	c->bytes += size;
}

const km_dns_answer *km_dns_cache_get(km_dns_cache *c, km_sv name, km_dns_type type, uint64_t now)
{
	entry **set = set_of(c, name, type);

	for (size_t i = 0; i < WAYS; i++) {
		entry *e = set[i];
		if (!is_for(e, name, type))
			continue;
		if (e->until <= now) {
			drop(c, &set[i]);
			return NULL;
		}
		e->used = ++c->uses;
		c->given = e->answer;
		c->given.ttl = (uint32_t)(e->until - now);
		return &c->given;
	}
	return NULL;
}

size_t km_dns_cache_bytes(const km_dns_cache *c)
{
	return c->bytes;
}
