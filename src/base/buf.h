/*
 * base/buf.h - a growing byte buffer that takes its maximum at birth.
 * Lives in an arena, or on the heap when the arena is NULL (then km_buf_finish() frees it).
 * Past the maximum or out of memory, appends are dropped and `cut` is set: check it once at the
 * end.
 */
#ifndef KM_BASE_BUF_H
#define KM_BASE_BUF_H

#include "base/arena.h"

typedef struct {
	char *p;
	size_t n;   /* bytes in use */
	size_t cap; /* bytes allocated */
	size_t max; /* bytes allowed */
	km_arena *arena;
	bool cut; /* something did not fit */
} km_buf;

void km_buf_init(km_buf *b, km_arena *arena, size_t max);
void km_buf_finish(km_buf *b);

/* The same for a buffer that has not the room yet; called by those below. */
bool km_buf_grow(km_buf *b, size_t n);
void km_buf_add_growing(km_buf *b, km_sv v);

/* Room for @n more bytes at b->p + b->n; false when they would pass the maximum. */
static inline bool km_buf_reserve(km_buf *b, size_t n)
{
	return n <= b->cap - b->n || km_buf_grow(b, n);
}

/* Appends all of @v, or as much of it as the maximum allows. */
static inline void km_buf_add(km_buf *b, km_sv v)
{
	if (v.n > b->cap - b->n) {
		km_buf_add_growing(b, v);
		return;
	}
	if (v.n)
		memcpy(b->p + b->n, v.p, v.n);
	b->n += v.n;
}

static inline void km_buf_byte(km_buf *b, char c)
{
	if (km_buf_reserve(b, 1))
		b->p[b->n++] = c;
}

void km_buf_fmt(km_buf *b, const char *fmt, ...) KM_PRINTF(2, 3);

/* As "%.*g" (@plus: "%+.*g") with @digits <= 9 and as "%.*f" with @decimals <= 9; quicker where the
 * number is neither very large nor very small. */
void km_buf_general(km_buf *b, double x, unsigned digits, bool plus);
void km_buf_fixed(km_buf *b, double x, unsigned decimals);

/* Drops what comes before @tail, the last bytes of @b (or none of them): what was read of a stream
 * is done with, and the rest waits for more. */
void km_buf_keep(km_buf *b, km_sv tail);

static inline km_sv km_buf_sv(const km_buf *b)
{
	return (km_sv){ b->p, b->n };
}

#endif
