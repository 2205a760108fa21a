#include "base/sv.h"

#include <strings.h>

int km_sv_cmp(km_sv a, km_sv b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	return d ? d : (a.n > b.n) - (a.n < b.n);
}

int km_sv_icmp(km_sv a, km_sv b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		int d = km_lower((unsigned char)a.p[i]) - km_lower((unsigned char)b.p[i]);
		if (d)
			return d;
	}
	return (a.n > b.n) - (a.n < b.n);
}

bool km_sv_starts(km_sv v, km_sv prefix)
{
	return v.n >= prefix.n && km_sv_eq(km_sv_sub(v, 0, prefix.n), prefix);
}

bool km_sv_istarts(km_sv v, km_sv prefix)
{
	return v.n >= prefix.n && km_sv_ieq(km_sv_sub(v, 0, prefix.n), prefix);
}

bool km_sv_ends(km_sv v, km_sv suffix)
{
	return v.n >= suffix.n && km_sv_eq(km_sv_from(v, v.n - suffix.n), suffix);
}

bool km_sv_iends(km_sv v, km_sv suffix)
{
	return v.n >= suffix.n && km_sv_ieq(km_sv_from(v, v.n - suffix.n), suffix);
}

size_t km_sv_chr(km_sv v, char c, size_t from)
{
	if (from >= v.n)
		return v.n;
	const char *hit = memchr(v.p + from, c, v.n - from);
	return hit ? (size_t)(hit - v.p) : v.n;
}

size_t km_sv_rchr(km_sv v, char c)
{
	const char *hit = v.n ? memrchr(v.p, c, v.n) : NULL;
	return hit ? (size_t)(hit - v.p) : v.n;
}

size_t km_sv_find(km_sv v, km_sv needle, size_t from)
{
	if (from > v.n || needle.n > v.n - from)
		return v.n;
	if (needle.n == 0)
		return from;
	const char *hit = memmem(v.p + from, v.n - from, needle.p, needle.n);
	return hit ? (size_t)(hit - v.p) : v.n;
}

size_t km_sv_ifind(km_sv v, km_sv needle, size_t from)
{
	for (size_t i = from; needle.n <= v.n && i <= v.n - needle.n; i++)
		if (km_sv_ieq(km_sv_sub(v, i, needle.n), needle))
			return i;
	return v.n;
}

km_sv km_sv_trim(km_sv v)
{
	while (v.n && km_is_wsp((unsigned char)v.p[v.n - 1]))
		v.n--;
	while (v.n && km_is_wsp((unsigned char)v.p[0])) {
		v.p++;
		v.n--;
	}
	return v;
}

bool km_sv_line(km_sv *rest, km_sv *line)
{
	if (rest->n == 0)
		return false;
	/*
	 * The line ends at LF, or at a CR that no LF follows. It is looked for in steps that
	 * double: a text with CRs alone must not be searched to its end for every line.
	 */
	size_t end = 0, eol = 0;

	for (size_t step = 128, from = 0; from < rest->n; from += step, step *= 2) {
		km_sv part = km_sv_sub(*rest, from, step);
		size_t lf = km_sv_chr(part, '\n', 0);
		size_t cr = km_sv_chr(km_sv_sub(part, 0, lf), '\r', 0);

		end = from + (cr < lf ? cr : lf);
		if (end < from + part.n)
			break;
	}

	if (end < rest->n)
		eol = (rest->p[end] == '\r' && end + 1 < rest->n && rest->p[end + 1] == '\n') ? 2
											      : 1;
	*line = km_sv_sub(*rest, 0, end);
	*rest = km_sv_from(*rest, end + eol);
	return true;
}

bool km_sv_split(km_sv *rest, char sep, km_sv *piece)
{
	if (rest->p == NULL)
		return false;
	size_t at = km_sv_chr(*rest, sep, 0);

	*piece = km_sv_sub(*rest, 0, at);
	*rest = at < rest->n ? km_sv_from(*rest, at + 1) : (km_sv){ NULL, 0 };
	return true;
}

bool km_sv_u64(km_sv v, uint64_t *out)
{
	uint64_t x = 0;

	if (v.n == 0)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (!km_is_digit((unsigned char)v.p[i]) || __builtin_mul_overflow(x, 10u, &x) ||
		    __builtin_add_overflow(x, (uint64_t)(v.p[i] - '0'), &x))
			return false;
	}
	*out = x;
	return true;
}

uint64_t km_sv_hash(km_sv v)
{
	uint64_t h = KM_HASH_BEGIN;

	for (size_t i = 0; i < v.n; i++)
		h = km_hash_byte(h, v.p[i]);
	return km_hash_end(h);
}

uint64_t km_sv_ihash(km_sv v)
{
	uint64_t h = KM_HASH_BEGIN;

	for (size_t i = 0; i < v.n; i++)
		h = km_hash_byte(h, (char)km_lower((unsigned char)v.p[i]));
	return km_hash_end(h);
}
