#include "base/map.h"

struct km_map_slot {
	km_sv key;
	uint64_t hash; /* 0 = free */
	void *value;
};

void km_map_init(km_map *m, km_arena *arena, bool fold)
{
	*m = (km_map){ .arena = arena, .fold = fold };
}

static uint64_t hash_of(const km_map *m, km_sv key)
{
	uint64_t h = m->fold ? km_sv_quick_ihash(key) : km_sv_quick_hash(key);

	return h ? h : 1;
}

/* The slot that holds @key, or the free one where it belongs. */
static struct km_map_slot *find(const km_map *m, km_sv key, uint64_t hash)
{
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct km_map_slot *s = &m->slot[i];
		if (s->hash == 0)
			return s;
		if (s->hash == hash && (m->fold ? km_sv_ieq(s->key, key) : km_sv_eq(s->key, key)))
			return s;
	}
}

static bool grow(km_map *m)
{
	km_map bigger = *m;

	bigger.cap = m->cap ? m->cap * 2 : 16;
	bigger.slot = KM_NEW_ARRAY(m->arena, struct km_map_slot, bigger.cap);
	if (bigger.slot == NULL)
		return false;
	for (size_t i = 0; i < m->cap; i++)
		if (m->slot[i].hash)
			*find(&bigger, m->slot[i].key, m->slot[i].hash) = m->slot[i];
	*m = bigger;
	return true;
}

void **km_map_put(km_map *m, km_sv key)
{
	if (m->n * 4 >= m->cap * 3 && !grow(m))
		return NULL;
	uint64_t h = hash_of(m, key);
	struct km_map_slot *s = find(m, key, h);
	if (s->hash == 0) {
		*s = (struct km_map_slot){ .key = key, .hash = h };
		m->n++;
	}
	return &s->value;
}

void *km_map_get(const km_map *m, km_sv key)
{
	return m->cap ? find(m, key, hash_of(m, key))->value : NULL;
}
