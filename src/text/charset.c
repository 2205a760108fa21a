#include "text/charset.h"

#include <stdlib.h>

#include "base/limits.h"
#include "text/detect.h"
#include "text/icu.h"
#include "text/jis.h"
#include "text/utf8.h"

enum { LABEL_MAX = 48 };

static const km_charset *row(km_charset_id id)
{
	return &km_charset_rows[id];
}

static int compare_label(const void *key, const void *alias)
{
	return strcmp(key, ((const struct km_charset_alias *)alias)->label);
}

const km_charset *km_charset_find(km_sv label)
{
	char key[LABEL_MAX + 1];
	size_t n = 0;

	/* RFC 2231 section 5: a language may follow an asterisk. */
	label.n = km_sv_chr(label, '*', 0);
	for (size_t i = 0; i < label.n; i++) {
		unsigned char c = (unsigned char)label.p[i];
		if (!km_is_alnum(c))
			continue;
		if (n == LABEL_MAX)
			return NULL;
		key[n++] = (char)km_lower(c);
	}
	key[n] = '\0';
	const struct km_charset_alias *hit = bsearch(key, km_charset_aliases, km_charset_n_aliases,
						     sizeof(*km_charset_aliases), compare_label);
	return hit ? row(hit->id) : NULL;
}

const char *km_charset_name(const km_charset *cs)
{
	return cs->name;
}

bool km_charset_is_japanese(const km_charset *cs)
{
	return cs->kind == KM_DECODE_JIS || cs->kind == KM_DECODE_SJIS ||
	       cs->kind == KM_DECODE_EUCJP;
}

bool km_charset_is_chinese(const km_charset *cs)
{
	ptrdiff_t id = cs - km_charset_rows;

	return (id >= KM_CS_GB18030 && id <= KM_CS_EUCTW) || id == KM_CS_HZ ||
	       id == KM_CS_ISO2022CN;
}

/* Bytes 80-9F of windows-1252 (WHATWG: the five holes stay what they are). */
static const uint16_t western[32] = {
	0x20AC, 0x81,	0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x8D,	0x017D, 0x8F,	0x90,	0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
	0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,	0x017E, 0x0178,
};

static void decode_western(km_buf *out, km_sv in)
{
	for (size_t i = 0; i < in.n && !out->cut; i++) {
		size_t ascii = km_ascii_prefix(km_sv_from(in, i));
		km_buf_add(out, km_sv_sub(in, i, ascii));
		i += ascii;
		if (i == in.n)
			break;
		unsigned char c = (unsigned char)in.p[i];
		km_utf8_add(out, c < 0xA0 ? western[c - 0x80] : c);
	}
}

static void decode_user(km_buf *out, km_sv in)
{
	for (size_t i = 0; i < in.n && !out->cut; i++) {
		unsigned char c = (unsigned char)in.p[i];
		km_utf8_add(out, c < 0x80 ? c : 0xF700 + c);
	}
}

/* ASCII bytes mean ASCII whatever comes before, but for escape sequences. */
static bool has_ascii(const km_charset *cs)
{
	return cs->kind < KM_DECODE_SEVEN;
}

static bool has_byte(km_sv v, int c)
{
	return v.n && memchr(v.p, c, v.n);
}

/* True when @v is UTF-8 already as it stands. */
static bool is_plain(const km_charset *cs, km_sv v)
{
	if (cs->kind == KM_DECODE_UTF8)
		return km_utf8_valid(v);
	if (!has_ascii(cs) || km_ascii_prefix(v) < v.n)
		return false;
	return cs->kind != KM_DECODE_JIS ||
	       !(has_byte(v, 0x1B) || has_byte(v, 0x0E) || has_byte(v, 0x0F));
}

struct attempt {
	const km_charset *cs;
	km_sv utf8;
	size_t bad;
	bool cut;
};

static void decode_into(const km_charset *cs, km_buf *out, km_sv v, size_t *bad)
{
	switch (cs->kind) {
	case KM_DECODE_UTF8:
		km_utf8_add_clean(out, v, bad);
		break;
	case KM_DECODE_JIS:
		km_jis_decode(out, v, bad);
		break;
	case KM_DECODE_SJIS:
		km_sjis_decode(out, v, bad);
		break;
	case KM_DECODE_EUCJP:
		km_eucjp_decode(out, v, bad);
		break;
	case KM_DECODE_USER:
		decode_user(out, v);
		break;
	case KM_DECODE_ASCII:
	case KM_DECODE_WESTERN:
		decode_western(out, v);
		break;
	default:
		if (!km_icu_decode(cs->icu, out, v, bad))
			decode_western(out, v); /* an ICU built without it */
		break;
	}
}

static void decode_as(km_arena *a, const km_charset *cs, km_sv v, struct attempt *t)
{
	km_buf out;

	*t = (struct attempt){ .cs = cs };
	if (is_plain(cs, v)) {
		t->utf8 = km_utf8_cut(v, KM_MAX_TEXT_BYTES);
		t->cut = t->utf8.n < v.n;
		return;
	}
	km_buf_init(&out, a, KM_MAX_TEXT_BYTES);
	(void)km_buf_reserve(&out, v.n < KM_MAX_TEXT_BYTES ? v.n : KM_MAX_TEXT_BYTES);
	decode_into(cs, &out, v, &t->bad);
	t->utf8 = km_buf_sv(&out);
	t->cut = out.cut;
	if (km_sv_starts(t->utf8, KM_S("\xEF\xBB\xBF")))
		t->utf8 = km_sv_from(t->utf8, 3);
}

/* UTF-16 without a byte order mark: which half of the units holds the zeros of ASCII? */
static const km_charset *pick_wide(const km_charset *declared, km_sv v)
{
	size_t zeros[2] = { 0, 0 }, skip;

	if (km_ascii_prefix(v) == v.n && !has_byte(v, 0))
		return row(KM_CS_ASCII);
	if (declared != row(KM_CS_UTF16) || km_detect_bom(v, &skip))
		return declared;
	for (size_t i = 0; i < v.n && i < KM_MAX_SNIFF_BYTES; i++)
		zeros[i % 2] += v.p[i] == 0;
	return zeros[1] > zeros[0] ? row(KM_CS_UTF16LE) : declared;
}

/* Bytes of seven bits in a charset that has ASCII (or in none). */
static const km_charset *pick_seven(km_arena *a, const km_charset *declared, km_sv v)
{
	struct attempt t;

	if (declared && declared->kind == KM_DECODE_JIS)
		return declared;
	const km_charset *escaped = has_byte(v, 0x1B) ? km_detect_escaped(v) : NULL;
	if (escaped == NULL)
		return declared ? declared : km_detect_utf7(v) ? row(KM_CS_UTF7) : row(KM_CS_ASCII);
	if (declared == NULL)
		return escaped;
	/* Against a label the escape sequences must make sense to the last byte. */
	decode_as(a, escaped, v, &t);
	return t.bad == 0 ? escaped : declared;
}

/*
 * UTF-8 in bytes declared otherwise: nobody writes that by chance, but for pairs of letters, which
 * can also be one character of a double-byte charset or two halfwidth kana.
 */
static bool believe_utf8(const km_charset *declared, km_sv v)
{
	if (declared == NULL ||
	    !(declared->kind == KM_DECODE_SJIS || declared->kind == KM_DECODE_EUCJP ||
	      declared->kind == KM_DECODE_DOUBLE))
		return true;
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] >= 0xE0)
			return true;
	return false;
}

/* Half of the non-ASCII text is halfwidth kana: EUC-JP read as Shift_JIS looks so. */
static bool is_halfwidth(km_sv utf8)
{
	size_t half = 0, high = 0;

	utf8 = km_sv_sub(utf8, 0, KM_MAX_SNIFF_BYTES);
	for (size_t i = 0; i + 1 < utf8.n; i++) {
		unsigned char c = (unsigned char)utf8.p[i], next = (unsigned char)utf8.p[i + 1];
		high += c >= 0xC0;
		half += c == 0xEF && (next == 0xBD || next == 0xBE);
	}
	return half * 2 > high;
}

/* Tries the declared charset; if the bytes do not fit, what they look like, if that fits better. */
static void decode_tried(km_arena *a, const km_charset *declared, km_sv v, struct attempt *t)
{
	struct attempt other;
	bool utf8 = km_utf8_valid(v);

	decode_as(a, declared, v, t);
	bool odd = t->bad == 0 && declared->kind == KM_DECODE_SJIS && is_halfwidth(t->utf8);
	if (t->cut || (t->bad == 0 && !odd))
		return;
	km_guess g = utf8 ? (km_guess){ row(KM_CS_UTF8), true } : km_detect_eight(v);
	/* Any bytes fit a charset of single bytes: as a guess it must be a good one, but for those
	 * that were to be UTF-8. */
	bool any = g.cs && (g.cs->kind == KM_DECODE_WESTERN || g.cs->kind == KM_DECODE_SINGLE) &&
		   declared->kind != KM_DECODE_UTF8;
	if (g.cs == NULL || g.cs == declared || ((odd || any) && !g.strong) ||
	    (g.cs->icu && g.cs->icu == declared->icu))
		return;
	decode_as(a, g.cs, v, &other);
	if (other.bad == 0 || (g.strong && other.bad < t->bad))
		*t = other;
}

/* Bytes above 0x7f in a charset that fits any bytes, or in none. */
static const km_charset *pick_eight(const km_charset *declared, km_sv v)
{
	bool escaped = declared && declared->kind == KM_DECODE_JIS && km_jis_escaped(v);

	if (escaped ||
	    (declared && (declared->kind == KM_DECODE_SINGLE || declared->kind == KM_DECODE_USER)))
		return declared;
	km_guess g = km_detect_eight(v);
	if (declared == NULL)
		return g.cs ? g.cs : row(KM_CS_SHIFTJIS);
	if (declared->kind == KM_DECODE_ASCII)
		return g.cs ? g.cs : row(KM_CS_WIN1252);
	if (declared->kind == KM_DECODE_JIS)
		return g.cs ? g.cs : declared;
	return g.strong && g.cs->kind != KM_DECODE_WESTERN ? g.cs : declared;
}

/* A byte order mark that says more than the label. */
static const km_charset *pick_marked(const km_charset *declared, km_sv v, size_t *skip)
{
	const km_charset *cs = km_detect_bom(v, skip);

	if (cs == NULL)
		return NULL;
	if (cs->kind == KM_DECODE_UTF8)
		return !declared || declared == cs || km_utf8_valid(v) ? cs : NULL;
	if (!declared || declared->kind == KM_DECODE_ASCII || declared->kind == KM_DECODE_UTF8)
		return cs;
	return has_byte(v, 0) ? cs : NULL;
}

static void decode(km_arena *a, const km_charset *declared, km_sv v, struct attempt *t)
{
	size_t skip = 0;

	if (declared && declared->kind == KM_DECODE_WIDE) {
		decode_as(a, pick_wide(declared, v), v, t);
		return;
	}
	if (declared && declared->kind == KM_DECODE_OTHER) {
		decode_as(a, declared, v, t);
		return;
	}
	const km_charset *marked = pick_marked(declared, v, &skip);
	if (marked)
		decode_as(a, marked, km_sv_from(v, skip), t);
	else if (km_ascii_prefix(v) == v.n)
		decode_as(a, pick_seven(a, declared, v), v, t);
	else if (km_utf8_valid(v) && believe_utf8(declared, v))
		decode_as(a, row(KM_CS_UTF8), v, t);
	else if (declared &&
		 (declared->kind == KM_DECODE_UTF8 || declared->kind == KM_DECODE_SJIS ||
		  declared->kind == KM_DECODE_EUCJP || declared->kind == KM_DECODE_DOUBLE))
		decode_tried(a, declared, v, t);
	else
		decode_as(a, pick_eight(declared, v), v, t);
}

/* A label that is not just quotes and white space. */
static bool says_something(km_sv label)
{
	for (size_t i = 0; i < label.n; i++)
		if (!km_is_wsp((unsigned char)label.p[i]) && label.p[i] != '"' &&
		    label.p[i] != '\'')
			return true;
	return false;
}

km_status km_charset_decode(km_arena *a, km_sv label, km_sv bytes, km_decoded *out)
{
	const km_charset *declared = km_charset_find(label);
	struct attempt t;

	decode(a, declared, bytes, &t);
	*out = (km_decoded){
		.utf8 = t.utf8,
		.declared = declared,
		.used = t.cs,
		.bad = t.bad,
		.unknown_label = declared == NULL && says_something(label),
		.mismatch = declared && t.cs != declared &&
			    !(declared->kind == KM_DECODE_WIDE && t.cs->kind == KM_DECODE_WIDE),
		.truncated = t.cut,
	};
	return t.cut && km_arena_full(a) ? KM_LIMIT : KM_OK;
}
