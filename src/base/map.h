/*
 * base/map.h - hash map from strings to pointers, in an arena. Grows by doubling; nothing is
 * removed. Keys are views and are not copied: they must outlive the map.
 */
#ifndef KM_BASE_MAP_H
#define KM_BASE_MAP_H

#include "base/arena.h"

typedef struct {
	km_arena *arena;
	struct km_map_slot *slot;
	size_t cap; /* slots, a power of two */
	size_t n;   /* keys held */
	bool fold;  /* ASCII case of keys does not matter */
} km_map;

void km_map_init(km_map *m, km_arena *arena, bool fold);
/* The place of @key's value, made (as NULL) when it is new; NULL when the arena is full. */
void **km_map_put(km_map *m, km_sv key);
/* The value of @key, or NULL. */
void *km_map_get(const km_map *m, km_sv key);

#endif
