#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void km_buf_init(km_buf *b, km_arena *arena, size_t max)
{
	*b = (km_buf){ .arena = arena, .max = max };
}

void km_buf_finish(km_buf *b)
{
	if (b->arena == NULL)
		free(b->p);
	*b = (km_buf){ .arena = b->arena, .max = b->max };
}

static bool resize(km_buf *b, size_t cap)
{
	char *p = b->arena ? km_arena_grow(b->arena, b->p, b->cap, cap) : realloc(b->p, cap);

	if (p == NULL) {
		b->cut = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

bool km_buf_grow(km_buf *b, size_t n)
{
	if (n > b->max - b->n) {
		b->cut = true;
		return false;
	}
	size_t cap = b->cap < 64 ? 64 : b->cap;
	while (cap - b->n < n)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;
	return resize(b, cap);
}

void km_buf_add_growing(km_buf *b, km_sv v)
{
	if (v.n > b->max - b->n) {
		v.n = b->max - b->n;
		b->cut = true;
	}
	if (v.n == 0 || !km_buf_reserve(b, v.n))
		return;
	memcpy(b->p + b->n, v.p, v.n);
	b->n += v.n;
}

void km_buf_keep(km_buf *b, km_sv tail)
{
	if (tail.n && tail.p != b->p)
		memmove(b->p, tail.p, tail.n);
	b->n = tail.n;
}

void km_buf_fmt(km_buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		km_buf_add(b, (km_sv){ small, (size_t)n });
		return;
	}
	/* vsnprintf wants room for its NUL, which is then written over. */
	if (!km_buf_reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}
