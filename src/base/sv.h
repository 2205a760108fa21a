/*
 * base/sv.h - string views: a pointer and a length, never NUL-terminated.
 * A view owns nothing; it lives as long as the bytes it points into (message map or arena).
 * An empty view may have p == NULL. Case-blind functions fold ASCII only.
 */
#ifndef KM_BASE_SV_H
#define KM_BASE_SV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KM_NODISCARD	__attribute__((warn_unused_result))
#define KM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define KM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct {
	const char *p;
	size_t n;
} km_sv;

/* A view of a string literal, also usable as a static initialiser. */
#define KM_SV(lit)                                                                                 \
	{                                                                                          \
		"" lit, sizeof(lit) - 1                                                            \
	}
#define KM_S(lit) ((km_sv)KM_SV(lit))
/* For printf: printf("%.*s", KM_FMT(v)). */
#define KM_FMT(v) (int)((v).n > 0x7fffffff ? 0x7fffffff : (v).n), (v).n ? (v).p : ""

static inline km_sv km_sv_of(const char *cstr)
{
	return (km_sv){ cstr, cstr ? strlen(cstr) : 0 };
}

static inline unsigned char km_lower(unsigned char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static inline bool km_is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline bool km_is_alpha(unsigned char c)
{
	return km_lower(c) >= 'a' && km_lower(c) <= 'z';
}

static inline bool km_is_alnum(unsigned char c)
{
	return km_is_digit(c) || km_is_alpha(c);
}

/* White space as mail has it: space, tab, CR, LF. */
static inline bool km_is_wsp(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Value of a hexadecimal digit, or -1. */
static inline int km_hex_value(unsigned char c)
{
	if (km_is_digit(c))
		return c - '0';
	c = km_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool km_sv_eq(km_sv a, km_sv b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* The part of @v from @from on, at most @n bytes; both are cut to fit. */
static inline km_sv km_sv_sub(km_sv v, size_t from, size_t n)
{
	if (from > v.n)
		from = v.n;
	if (n > v.n - from)
		n = v.n - from;
	return (km_sv){ v.p ? v.p + from : v.p, n };
}

static inline km_sv km_sv_from(km_sv v, size_t from)
{
	return km_sv_sub(v, from, v.n);
}

int km_sv_cmp(km_sv a, km_sv b);  /* bytewise, for sorting */
int km_sv_icmp(km_sv a, km_sv b); /* same, ASCII case folded */

/* True when the @n bytes at @a and at @b are the same, ASCII case folded. */
bool km_bytes_ieq(const char *a, const char *b, size_t n);

/* Most that are compared differ in their lengths or first letters. */
static inline bool km_sv_ieq(km_sv a, km_sv b)
{
	return a.n == b.n &&
	       (a.n == 0 || (((a.p[0] ^ b.p[0]) & ~0x20) == 0 && km_bytes_ieq(a.p, b.p, a.n)));
}

static inline bool km_sv_starts(km_sv v, km_sv prefix)
{
	return v.n >= prefix.n && (prefix.n == 0 || memcmp(v.p, prefix.p, prefix.n) == 0);
}

static inline bool km_sv_istarts(km_sv v, km_sv prefix)
{
	return v.n >= prefix.n && km_sv_ieq((km_sv){ v.p, prefix.n }, prefix);
}

static inline bool km_sv_ends(km_sv v, km_sv suffix)
{
	return v.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(v.p + (v.n - suffix.n), suffix.p, suffix.n) == 0);
}

static inline bool km_sv_iends(km_sv v, km_sv suffix)
{
	return v.n >= suffix.n && km_sv_ieq(km_sv_from(v, v.n - suffix.n), suffix);
}

/* Offset of the first byte @c at or after @from, or v.n when there is none. */
static inline size_t km_sv_chr(km_sv v, char c, size_t from)
{
	const char *hit = from < v.n ? memchr(v.p + from, c, v.n - from) : NULL;

	return hit ? (size_t)(hit - v.p) : v.n;
}
size_t km_sv_rchr(km_sv v, char c); /* last one, or v.n */
/* Offset of the first @needle at or after @from, or v.n; linear time. */
size_t km_sv_find(km_sv v, km_sv needle, size_t from);
size_t km_sv_ifind(km_sv v, km_sv needle, size_t from); /* needle of at most 64 bytes */

/* Without white space (km_is_wsp) at both ends. */
km_sv km_sv_trim(km_sv v);
size_t km_sv_wsp(km_sv v, size_t from); /* the first white space from @from <= v.n on, or v.n */

/*
 * Takes the next line off @rest, without its CRLF, LF or bare CR ending.
 * Returns false when @rest is empty.
 */
bool km_sv_line(km_sv *rest, km_sv *line);

/* Takes the text before the next @sep off @rest. Returns false when @rest was exhausted (p ==
 * NULL). */
bool km_sv_split(km_sv *rest, char sep, km_sv *piece);

/* The whole of @v as an unsigned decimal number; false on anything else or overflow. */
bool km_sv_u64(km_sv v, uint64_t *out);

/* FNV-1a with a final mix; for hash tables, not for security. Case-folded variant for header names.
 */
uint64_t km_sv_hash(km_sv v);
uint64_t km_sv_ihash(km_sv v);
/* A quicker one, of eight bytes at a time. It differs from machine to machine: not for what is
 * kept. */
uint64_t km_sv_quick_hash(km_sv v);
uint64_t km_sv_quick_ihash(km_sv v);

/* The steps of km_sv_hash(), for who walks over the bytes anyway. */
#define KM_HASH_BEGIN 0xcbf29ce484222325u
static inline uint64_t km_hash_byte(uint64_t h, char c)
{
	return (h ^ (unsigned char)c) * 0x100000001b3u;
}
static inline uint64_t km_hash_end(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}

#endif
