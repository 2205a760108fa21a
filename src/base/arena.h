/*
 * base/arena.h - one arena per message: everything read from it is freed at once.
 * Hard cap in bytes, set at birth; past it every allocation fails (NULL) and stays failed until
 * reset, so a caller may check once at the end of a step with km_arena_full().
 * Thread rule: one arena, one thread.
 */
#ifndef KM_BASE_ARENA_H
#define KM_BASE_ARENA_H

#include "base/sv.h"

typedef struct km_arena km_arena;

/* @cap: most bytes it will ever hold. NULL when out of memory. */
km_arena *km_arena_new(size_t cap);
void km_arena_free(km_arena *a);
/* Forgets all allocations; keeps the largest block of at most 1 MB for the next message. */
void km_arena_reset(km_arena *a);

/*
 * An arena of at most @cap bytes inside @parent, which keeps that much of its own cap free for it
 * from now on, so that it can go on when the parent is full. Goes away with the parent's memory
 * (never km_arena_free() it). NULL when the parent has not that much left.
 */
km_arena *km_arena_sub(km_arena *parent, size_t cap);

/* @n bytes aligned for any type, not zeroed; NULL when the cap is met. n == 0 gives a valid
 * pointer. */
void *km_alloc(km_arena *a, size_t n) __attribute__((alloc_size(2), malloc));
void *km_alloc0(km_arena *a, size_t n) __attribute__((alloc_size(2), malloc));
/* @count objects of @size, overflow-checked and zeroed. */
void *km_alloc_array(km_arena *a, size_t count, size_t size)
	__attribute__((alloc_size(2, 3), malloc));
#define KM_NEW(arena, type)		 ((type *)km_alloc0((arena), sizeof(type)))
#define KM_NEW_ARRAY(arena, type, count) ((type *)km_alloc_array((arena), (count), sizeof(type)))

/*
 * Grows the block at @p from @old to @n bytes, in place when it is the last one given out,
 * else by copying. @p may be NULL with old == 0. NULL when the cap is met (@p stays valid).
 */
void *km_arena_grow(km_arena *a, void *p, size_t old, size_t n);

/* A copy of @v; {NULL, 0} when the cap is met and v.n > 0. */
km_sv km_sv_dup(km_arena *a, km_sv v);
/* @v in ASCII lower case; @v itself when it already is. */
km_sv km_sv_lower(km_arena *a, km_sv v);
/* A NUL-terminated copy, for libraries that need one; NULL when the cap is met. */
char *km_sv_cstr(km_arena *a, km_sv v);
/* Formatted text in the arena. */
km_sv km_sv_fmt(km_arena *a, const char *fmt, ...) KM_PRINTF(2, 3);

size_t km_arena_used(const km_arena *a);
/* True once an allocation was refused since the last reset. */
bool km_arena_full(const km_arena *a);

#endif
