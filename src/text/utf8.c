#include "text/utf8.h"

#include "base/block.h"

/* The bytes that may follow a lead byte first (Unicode 15, table 3-7), and how many follow in all.
 */
static const struct lead {
	unsigned char n, low, high;
} leads[] = {
	{ 0, 0, 0 },	   /* can not begin a character */
	{ 1, 0x80, 0xBF }, /* C2-DF */
	{ 2, 0xA0, 0xBF }, /* E0: no overlong forms */
	{ 2, 0x80, 0xBF }, /* E1-EC, EE, EF */
	{ 2, 0x80, 0x9F }, /* ED: no surrogates */
	{ 3, 0x90, 0xBF }, /* F0: no overlong forms */
	{ 3, 0x80, 0xBF }, /* F1-F3 */
	{ 3, 0x80, 0x8F }, /* F4: nothing above U+10FFFF */
};

/* Row of leads[] for the bytes C0-FF. */
static const unsigned char lead_row[64] = {
	0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
	3, 4, 3, 3, 5, 6, 6, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

/* Length of the sequence above 0x7f at @p; *cp is KM_UTF8_BAD when it is not a character. */
static inline size_t sequence(const unsigned char *p, size_t n, int32_t *cp)
{
	const struct lead *l = &leads[p[0] >= 0xC0 ? lead_row[p[0] - 0xC0] : 0];
	int32_t c = p[0] & (0x3F >> l->n);

	*cp = KM_UTF8_BAD;
	if (l->n == 0 || n < 2 || p[1] < l->low || p[1] > l->high)
		return 1;
	c = c << 6 | (p[1] & 0x3F);
	for (size_t i = 2; i <= l->n; i++) {
		if (i == n || (p[i] & 0xC0) != 0x80)
			return i;
		c = c << 6 | (p[i] & 0x3F);
	}
	*cp = c;
	return l->n + 1u;
}

int32_t km_utf8_next(km_sv v, size_t *at)
{
	const unsigned char *p = (const unsigned char *)v.p + *at;
	int32_t cp;

	if (p[0] < 0x80) {
		++*at;
		return p[0];
	}
	*at += sequence(p, v.n - *at, &cp);
	return cp;
}

void km_utf8_add(km_buf *b, int32_t cp)
{
	char c[4];
	size_t n = 0;

	if (cp < 0 || cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		cp = KM_REPLACEMENT;
	if (cp < 0x80) {
		c[n++] = (char)cp;
	} else if (cp < 0x800) {
		c[n++] = (char)(0xC0 | cp >> 6);
		c[n++] = (char)(0x80 | (cp & 0x3F));
	} else if (cp < 0x10000) {
		c[n++] = (char)(0xE0 | cp >> 12);
		c[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
		c[n++] = (char)(0x80 | (cp & 0x3F));
	} else {
		c[n++] = (char)(0xF0 | cp >> 18);
		c[n++] = (char)(0x80 | (cp >> 12 & 0x3F));
		c[n++] = (char)(0x80 | (cp >> 6 & 0x3F));
		c[n++] = (char)(0x80 | (cp & 0x3F));
	}
	/* All of it or nothing: the end of a full buffer must not cut a character. */
	if (km_buf_reserve(b, n)) {
		memcpy(b->p + b->n, c, n);
		b->n += n;
	}
}

size_t km_ascii_prefix(km_sv v)
{
	size_t i = 0;

	for (; v.n - i >= 4 * KM_BLOCK; i += 4 * KM_BLOCK) {
		const char *p = v.p + i;
		km_block b = (km_block_load(p) | km_block_load(p + KM_BLOCK)) |
			     (km_block_load(p + 2 * KM_BLOCK) | km_block_load(p + 3 * KM_BLOCK));
		if (km_block_first((km_block)(b >= 0x80)) < KM_BLOCK)
			break;
	}
	for (; v.n - i >= KM_BLOCK; i += KM_BLOCK) {
		size_t at = km_block_first((km_block)(km_block_load(v.p + i) >= 0x80));
		if (at < KM_BLOCK)
			return i + at;
	}
	while (i < v.n && (unsigned char)v.p[i] < 0x80)
		i++;
	return i;
}

size_t km_utf8_valid_prefix(km_sv v)
{
	const unsigned char *p = (const unsigned char *)v.p;
	size_t i = km_ascii_prefix(v);
	int32_t cp;

	while (i < v.n) {
		/* Japanese text is long runs of E1-EC: three bytes whose tails need no range. */
		while (v.n - i >= 3 && p[i] >= 0xE1 && p[i] <= 0xEC && (p[i + 1] & 0xC0) == 0x80 &&
		       (p[i + 2] & 0xC0) == 0x80)
			i += 3;
		if (i == v.n)
			break;
		if (p[i] < 0x80) {
			i += km_ascii_prefix(km_sv_from(v, i));
			continue;
		}
		size_t n = sequence(p + i, v.n - i, &cp);
		if (cp == KM_UTF8_BAD)
			break;
		i += n;
	}
	return i;
}

bool km_utf8_valid(km_sv v)
{
	return km_utf8_valid_prefix(v) == v.n;
}

void km_utf8_add_clean(km_buf *b, km_sv v, size_t *bad)
{
	size_t at = 0;

	while (at < v.n && !b->cut) {
		size_t good = km_utf8_valid_prefix(km_sv_from(v, at));
		km_sv part = km_utf8_cut(km_sv_sub(v, at, good), b->max - b->n);

		km_buf_add(b, part);
		b->cut |= part.n < good;
		at += good;
		if (at == v.n || b->cut)
			break;
		(void)km_utf8_next(v, &at);
		km_utf8_add(b, KM_REPLACEMENT);
		++*bad;
	}
}

km_sv km_utf8_sanitise(km_arena *a, km_sv v, size_t *bad)
{
	size_t max;
	km_buf out;

	if (km_utf8_valid(v))
		return v;
	if (__builtin_mul_overflow(v.n, 3u, &max))
		max = SIZE_MAX;
	km_buf_init(&out, a, max);
	(void)km_buf_reserve(&out, v.n); /* most often little of it is bad */
	km_utf8_add_clean(&out, v, bad);
	return km_buf_sv(&out);
}

km_sv km_utf8_cut(km_sv v, size_t max)
{
	if (max >= v.n)
		return v;
	/* Step back over at most three continuation bytes to the start of the character. */
	for (size_t back = 0; back < 4 && back <= max; back++)
		if (((unsigned char)v.p[max - back] & 0xC0) != 0x80)
			return km_sv_sub(v, 0, max - back);
	return km_sv_sub(v, 0, max);
}
