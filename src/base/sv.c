#include "base/sv.h"

#include "base/block.h"

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

/* Eight bytes as one number, in the machine's order. */
static inline uint64_t load(const char *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* The same for @n bytes, less than eight: numbers of the same @n are the same when the bytes are.
 * Some bytes may count twice. */
static inline uint64_t load_few(const char *p, size_t n)
{
	uint32_t first, last;

	if (n < 4)
		return n ? (uint64_t)(unsigned char)p[0] | (uint64_t)(unsigned char)p[n / 2] << 8 |
				       (uint64_t)(unsigned char)p[n - 1] << 16
			 : 0;
	memcpy(&first, p, sizeof(first));
	memcpy(&last, p + n - sizeof(last), sizeof(last));
	return first | (uint64_t)last << 32;
}

/* ASCII capitals of eight bytes made small. */
static inline uint64_t lower(uint64_t x)
{
	const uint64_t each = UINT64_C(0x0101010101010101);
	uint64_t low = x & each * 0x7f; /* so that no sum carries into the next byte */
	uint64_t from_a = low + each * (0x80 - 'A'), above_z = low + each * (0x7f - 'Z');

	return x | (((from_a ^ above_z) & ~x & each * 0x80) >> 2);
}

bool km_bytes_ieq(const char *a, const char *b, size_t n)
{
	for (; n >= 8; a += 8, b += 8, n -= 8)
		if (lower(load(a)) != lower(load(b)))
			return false;
	return lower(load_few(a, n)) == lower(load_few(b, n));
}

size_t km_sv_rchr(km_sv v, char c)
{
	const char *hit = v.n ? memrchr(v.p, c, v.n) : NULL;
	return hit ? (size_t)(hit - v.p) : v.n;
}

size_t km_sv_find(km_sv v, km_sv needle, size_t from)
{
	enum { SHORT = 64 };

	if (from > v.n || needle.n > v.n - from)
		return v.n;
	if (needle.n == 0)
		return from;
	const char *at = v.p + from, *end = v.p + v.n;
	/* memmem() makes a table of the needle first, which is not worth it for a name. */
	while ((at = memchr(at, needle.p[0], (size_t)(end - at))) != NULL) {
		size_t left = (size_t)(end - at);
		if (left < needle.n)
			break;
		if (left > SHORT) {
			at = memmem(at, left, needle.p, needle.n);
			return at ? (size_t)(at - v.p) : v.n;
		}
		if (memcmp(at, needle.p, needle.n) == 0)
			return (size_t)(at - v.p);
		at++;
	}
	return v.n;
}

/* Offset of the first byte at or after @from that is the ASCII letter @c, small or capital. */
static size_t find_letter(km_sv v, char c, size_t from)
{
	for (; from + KM_BLOCK <= v.n; from += KM_BLOCK) {
		km_block b = km_block_load(v.p + from) | 0x20;
		size_t at = km_block_first((km_block)(b == (uint8_t)(c | 0x20)));
		if (at < KM_BLOCK)
			return from + at;
	}
	while (from < v.n && ((v.p[from] ^ c) & ~0x20))
		from++;
	return from;
}

size_t km_sv_ifind(km_sv v, km_sv needle, size_t from)
{
	if (needle.n == 0 || needle.n > v.n)
		return needle.n || from > v.n ? v.n : from;
	/* Where a needle may begin. */
	km_sv starts = km_sv_sub(v, 0, v.n - needle.n + 1);

	for (size_t i = from; (i = find_letter(starts, needle.p[0], i)) < starts.n; i++)
		if (km_bytes_ieq(v.p + i, needle.p, needle.n))
			return i;
	return v.n;
}

size_t km_sv_wsp(km_sv v, size_t from)
{
	size_t i = from;

	for (; v.n - i >= KM_BLOCK; i += KM_BLOCK) {
		km_block c = km_block_load(v.p + i);
		size_t first = km_block_first((km_block)(c == ' ') | (km_block)(c == '\t') |
					      (km_block)(c == '\r') | (km_block)(c == '\n'));
		if (first < KM_BLOCK)
			return i + first;
	}
	while (i < v.n && !km_is_wsp((unsigned char)v.p[i]))
		i++;
	return i;
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
	size_t i = 0;

	for (; v.n - i >= 8; i += 8) {
		uint64_t x = le64toh(lower(load(v.p + i)));
		for (unsigned bit = 0; bit < 64; bit += 8)
			h = km_hash_byte(h, (char)(x >> bit & 0xff));
	}
	for (; i < v.n; i++)
		h = km_hash_byte(h, (char)km_lower((unsigned char)v.p[i]));
	return km_hash_end(h);
}

static inline uint64_t quick_hash(km_sv v, bool fold)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = KM_HASH_BEGIN + v.n * odd, x;
	size_t at = 0;

	for (; v.n - at >= 8; at += 8) {
		x = load(v.p + at);
		h = (h ^ (fold ? lower(x) : x)) * odd;
		h ^= h >> 29;
	}
	x = v.n ? load_few(v.p + at, v.n - at) : 0;
	return km_hash_end((h ^ (fold ? lower(x) : x)) * odd);
}

uint64_t km_sv_quick_hash(km_sv v)
{
	return quick_hash(v, false);
}

uint64_t km_sv_quick_ihash(km_sv v)
{
	return quick_hash(v, true);
}
