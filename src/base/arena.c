#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ALIGN = 16,
	FIRST_BLOCK = 64 * 1024,
	FIRST_SUB_BLOCK = 16 * 1024,
	LARGEST_STEP = 1024 * 1024,
	KEPT = 1024 * 1024 /* most bytes that a reset keeps for the next message */
};

struct block {
	struct block *next; /* older */
	struct block *lent; /* next one of those lent to sub-arenas */
	size_t size;	    /* of data */
	size_t used;
	_Alignas(ALIGN) char data[];
};

struct km_arena {
	struct block *top;
	size_t cap;
	size_t held;	    /* bytes of all blocks' data */
	char *last;	    /* most recent allocation, for growing in place */
	km_arena *parent;   /* of a sub-arena */
	size_t promised;    /* bytes of the cap that are kept for sub-arenas */
	struct block *lent; /* the sub-arenas' blocks */
	bool full;
};

static struct block *block_new(km_arena *a, size_t want)
{
	size_t size = a->top ? a->top->size * 2 : a->parent ? FIRST_SUB_BLOCK : FIRST_BLOCK;
	size_t left = a->cap - a->held - a->promised;

	if (size > LARGEST_STEP)
		size = LARGEST_STEP;
	if (size < want)
		size = want;
	if (size > left)
		size = want;
	if (want > left) {
		a->full = true;
		return NULL;
	}
	struct block *b = malloc(sizeof(*b) + size);
	if (b == NULL) {
		a->full = true;
		return NULL;
	}
	b->size = size;
	b->used = 0;
	b->next = a->top;
	a->top = b;
	a->held += size;
	if (a->parent) {
		b->lent = a->parent->lent;
		a->parent->lent = b;
	}
	return b;
}

km_arena *km_arena_new(size_t cap)
{
	km_arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	/* Leaves room for rounding, so that sums below can not overflow. */
	a->cap = cap < SIZE_MAX / 4 ? cap : SIZE_MAX / 4;
	return a;
}

km_arena *km_arena_sub(km_arena *parent, size_t cap)
{
	km_arena *a = KM_NEW(parent, km_arena);

	if (a == NULL || cap > parent->cap - parent->held - parent->promised)
		return NULL;
	parent->promised += cap;
	a->cap = cap;
	a->parent = parent;
	return a;
}

static void free_lent(km_arena *a)
{
	for (struct block *b = a->lent, *next; b; b = next) {
		next = b->lent;
		free(b);
	}
	a->lent = NULL;
	a->promised = 0;
}

void km_arena_free(km_arena *a)
{
	if (a == NULL)
		return;
	free_lent(a);
	for (struct block *b = a->top, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

void km_arena_reset(km_arena *a)
{
	struct block *kept = NULL;

	free_lent(a);
	for (struct block *b = a->top, *next; b; b = next) {
		next = b->next;
		bool keep = b->size <= KEPT && (kept == NULL || b->size > kept->size);
		if (keep) {
			free(kept);
			kept = b;
		} else {
			free(b);
		}
	}
	a->top = kept;
	a->held = kept ? kept->size : 0;
	if (kept) {
		kept->next = NULL;
		kept->used = 0;
	}
	a->last = NULL;
	a->full = false;
}

static size_t round_up(size_t n)
{
	return (n + (ALIGN - 1)) & ~(size_t)(ALIGN - 1);
}

void *km_alloc(km_arena *a, size_t n)
{
	if (n > a->cap) {
		a->full = true;
		return NULL;
	}
	size_t need = round_up(n ? n : 1);
	struct block *b = a->top;

	if (b == NULL || need > b->size - b->used) {
		b = block_new(a, need);
		if (b == NULL)
			return NULL;
	}
	a->last = b->data + b->used;
	b->used += need;
	return a->last;
}

void *km_alloc0(km_arena *a, size_t n)
{
	void *p = km_alloc(a, n);

	return p ? memset(p, 0, n) : NULL;
}

void *km_alloc_array(km_arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n)) {
		a->full = true;
		return NULL;
	}
	return km_alloc0(a, n);
}

void *km_arena_grow(km_arena *a, void *p, size_t old, size_t n)
{
	struct block *b = a->top;

	if (n <= old && p)
		return p;
	if (p && p == a->last && n <= a->cap) {
		size_t at = (size_t)(a->last - b->data);
		if (round_up(n) <= b->size - at) {
			b->used = at + round_up(n);
			return p;
		}
	}
	void *q = km_alloc(a, n);
	if (q && old)
		memcpy(q, p, old);
	return q;
}

km_sv km_sv_dup(km_arena *a, km_sv v)
{
	char *p = km_alloc(a, v.n);

	if (p == NULL)
		return (km_sv){ NULL, 0 };
	if (v.n)
		memcpy(p, v.p, v.n);
	return (km_sv){ p, v.n };
}

km_sv km_sv_lower(km_arena *a, km_sv v)
{
	size_t i = 0;

	while (i < v.n && km_lower((unsigned char)v.p[i]) == (unsigned char)v.p[i])
		i++;
	if (i == v.n)
		return v;
	char *p = km_alloc(a, v.n);
	if (p == NULL)
		return (km_sv){ NULL, 0 };
	for (size_t k = 0; k < v.n; k++)
		p[k] = (char)km_lower((unsigned char)v.p[k]);
	return (km_sv){ p, v.n };
}

char *km_sv_cstr(km_arena *a, km_sv v)
{
	char *p = km_alloc(a, v.n + 1);

	if (p == NULL)
		return NULL;
	if (v.n)
		memcpy(p, v.p, v.n);
	p[v.n] = '\0';
	return p;
}

km_sv km_sv_fmt(km_arena *a, const char *fmt, ...)
{
	va_list ap;
	char small[256];

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return (km_sv){ NULL, 0 };
	if ((size_t)n < sizeof(small))
		return km_sv_dup(a, (km_sv){ small, (size_t)n });
	char *p = km_alloc(a, (size_t)n + 1);
	if (p == NULL)
		return (km_sv){ NULL, 0 };
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (km_sv){ p, (size_t)n };
}

size_t km_arena_used(const km_arena *a)
{
	size_t n = 0;

	for (const struct block *b = a->top; b; b = b->next)
		n += b->used;
	return n;
}

bool km_arena_full(const km_arena *a)
{
	return a->full;
}
