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

static const double tens[] = { 1,   1e1, 1e2, 1e3,  1e4,  1e5,	1e6,
			       1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13 };

/* @x >= 0 times 10^@decimals, rounded, where there is no doubt how: less than 10^9. */
static bool scale(double x, unsigned decimals, uint64_t *out)
{
	static const double sure = 0.4999;
	double y = x * tens[decimals];

	if (!(y < tens[9]))
		return false;
	*out = (uint64_t)(y + 0.5);
	double off = y - (double)*out;
	return off < sure && off > -sure;
}

/* @x of which the last @decimals digits stand after the point. */
static void put_scaled(km_buf *b, uint64_t x, unsigned decimals)
{
	char text[24];
	size_t at = sizeof(text);

	for (unsigned i = 0; x || i <= decimals; i++, x /= 10) {
		if (i == decimals && i > 0)
			text[--at] = '.';
		text[--at] = (char)('0' + x % 10);
	}
	km_buf_add(b, (km_sv){ text + at, sizeof(text) - at });
}

/* Digits of @x after the point, as "%.*g" counts them: of the first one on @digits. */
static unsigned decimals_of(double x, unsigned digits)
{
	static const double tenths[] = { 1, 1e-1, 1e-2, 1e-3 };
	unsigned decimals = digits - 1;

	for (size_t i = 1; decimals > 0 && x >= tens[i]; i++)
		decimals--;
	for (size_t i = 0; i < KM_COUNT(tenths) && x < tenths[i]; i++)
		decimals++;
	return decimals;
}

void km_buf_general(km_buf *b, double x, unsigned digits, bool plus)
{
	double size = x < 0 ? -x : x;
	unsigned decimals = 0;
	uint64_t scaled = 0;
	bool plain = size >= 1e-4 && size < tens[digits];

	if (plain) {
		decimals = decimals_of(size, digits);
		plain = scale(size, decimals, &scaled) &&
			(decimals > 0 || (double)scaled < tens[digits]);
	}
	if (!plain) {
		km_buf_fmt(b, plus ? "%+.*g" : "%.*g", (int)digits, x);
		return;
	}
	if (x < 0 || plus)
		km_buf_byte(b, x < 0 ? '-' : '+');
	for (; decimals > 0 && scaled % 10 == 0; decimals--)
		scaled /= 10;
	put_scaled(b, scaled, decimals);
}

void km_buf_fixed(km_buf *b, double x, unsigned decimals)
{
	uint64_t scaled;

	if (x > 0 && scale(x, decimals, &scaled))
		put_scaled(b, scaled, decimals);
	else
		km_buf_fmt(b, "%.*f", (int)decimals, x);
}
