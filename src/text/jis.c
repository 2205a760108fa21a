#include "text/jis.h"

#include "text/utf8.h"

enum { ESC = 0x1B, SO = 0x0E, SI = 0x0F, KANA_BASE = 0xFF61 - 0xA1, COMBINING_SHIFT = 21 };

/* Most that one step of a decoder writes: a base character and a combining one. */
enum { STEP_BYTES = 8 };

typedef enum {
	SET_ASCII, /* JIS X 0201 Roman too: as everybody reads it, \ and ~ stay what they are */
	SET_KANA,
	SET_X0208,
	SET_X0212,
	SET_X0213_1,
	SET_X0213_2,
	SET_USER,
	SET_GB2312,
	SET_KS_X1001
} set;

static const struct escape {
	km_sv seq; /* after ESC */
	set g0;
} escapes[] = {
	{ KM_SV("(B"), SET_ASCII },    { KM_SV("(J"), SET_ASCII },
	{ KM_SV("(H"), SET_ASCII }, /* Swedish names, sent by old programs that meant Roman */
	{ KM_SV("(I"), SET_KANA },     { KM_SV("$B"), SET_X0208 },
	{ KM_SV("$@"), SET_X0208 },    { KM_SV("$(B"), SET_X0208 },
	{ KM_SV("$(@"), SET_X0208 },   { KM_SV("&@\x1B$B"), SET_X0208 },
	{ KM_SV("$(D"), SET_X0212 },   { KM_SV("$(O"), SET_X0213_1 },
	{ KM_SV("$(Q"), SET_X0213_1 }, { KM_SV("$(P"), SET_X0213_2 },
	{ KM_SV("$(?"), SET_USER },    { KM_SV("$A"), SET_GB2312 },
	{ KM_SV("$(A"), SET_GB2312 },  { KM_SV("$(C"), SET_KS_X1001 },
};

/* Room for one more step; false when the buffer is full. */
static inline bool room(km_buf *b)
{
	return !b->cut && (b->cap - b->n >= STEP_BYTES || km_buf_reserve(b, STEP_BYTES));
}

/* Writes a code point below U+10000; room() was asked for. */
static inline void put(km_buf *b, uint32_t cp)
{
	char *o = b->p + b->n;

	if (cp < 0x80) {
		o[0] = (char)cp;
		b->n += 1;
	} else if (cp < 0x800) {
		o[0] = (char)(0xC0 | cp >> 6);
		o[1] = (char)(0x80 | (cp & 0x3F));
		b->n += 2;
	} else {
		o[0] = (char)(0xE0 | cp >> 12);
		o[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		o[2] = (char)(0x80 | (cp & 0x3F));
		b->n += 3;
	}
}

static void put_bad(km_buf *b, size_t *bad)
{
	put(b, KM_REPLACEMENT);
	++*bad;
}

/* What one character of Shift_JIS at @p means: bytes taken, and *cp, 0 when it is none. */
static inline size_t sjis_char(const unsigned char *p, size_t n, uint32_t *cp)
{
	*cp = 0;
	if (p[0] >= 0xA1 && p[0] <= 0xDF) {
		*cp = KANA_BASE + p[0];
		return 1;
	}
	if (n < 2 || !km_sjis_lead(p[0]) || !km_sjis_trail(p[1]))
		return 1;
	*cp = km_jis_x0208[km_sjis_index(p[0], p[1])];
	return *cp || p[1] >= 0x80 ? 2 : 1;
}

/* Decodes one character at @p, of @n bytes, to *cp; returns its bytes. *cp is 0 when it is broken.
 */
typedef size_t take_char(const unsigned char *p, size_t n, uint32_t *cp);

/* Inlined with @take, so that there is no call for each character. */
static inline __attribute__((always_inline)) void decode_pairs(km_buf *out, km_sv in, size_t *bad,
							       take_char *take)
{
	const unsigned char *p = (const unsigned char *)in.p;
	uint32_t cp;

	for (size_t i = 0; i < in.n && room(out);) {
		if (p[i] < 0x80) {
			size_t run = km_ascii_prefix(km_sv_from(in, i));
			km_buf_add(out, km_sv_sub(in, i, run));
			i += run;
			continue;
		}
		i += take(p + i, in.n - i, &cp);
		if (cp)
			put(out, cp);
		else
			put_bad(out, bad);
	}
}

void km_sjis_decode(km_buf *out, km_sv in, size_t *bad)
{
	decode_pairs(out, in, bad, sjis_char);
}

static inline bool euc_byte(unsigned char c)
{
	return c >= 0xA1 && c <= 0xFE;
}

static inline size_t euc_index(const unsigned char *p)
{
	return (p[0] - 0xA1u) * KM_JIS_CELLS + (p[1] - 0xA1u);
}

/* Same for EUC-JP. A broken character takes bytes above 0x7f only. */
static inline size_t euc_char(const unsigned char *p, size_t n, uint32_t *cp)
{
	*cp = 0;
	if (n < 2 || p[1] < 0x80)
		return 1;
	if (euc_byte(p[0])) {
		if (euc_byte(p[1]))
			*cp = km_jis_x0208[euc_index(p)];
		return 2;
	}
	if (p[0] == 0x8E) {
		if (p[1] >= 0xA1 && p[1] <= 0xDF)
			*cp = KANA_BASE + p[1];
		return 2;
	}
	if (p[0] != 0x8F || !euc_byte(p[1]))
		return 1;
	if (n < 3 || p[2] < 0x80)
		return 2;
	if (euc_byte(p[2]))
		*cp = km_jis_x0212[euc_index(p + 1)];
	return 3;
}

void km_eucjp_decode(km_buf *out, km_sv in, size_t *bad)
{
	decode_pairs(out, in, bad, euc_char);
}

/* The escape sequence at @v, which begins after ESC, or NULL. */
static const struct escape *find_escape(km_sv v)
{
	for (size_t i = 0; i < KM_COUNT(escapes); i++)
		if (km_sv_starts(v, escapes[i].seq))
			return &escapes[i];
	return NULL;
}

bool km_jis_escaped(km_sv v)
{
	for (size_t i = km_sv_chr(v, ESC, 0); i < v.n; i = km_sv_chr(v, ESC, i + 1)) {
		const struct escape *e = find_escape(km_sv_from(v, i + 1));
		if (e && e->g0 != SET_ASCII)
			return true;
	}
	return false;
}

/* Bytes of an escape sequence that was cut off by the end of the line, else 0 (after ESC). */
static size_t cut_escape(km_sv v)
{
	size_t i = 0;

	while (i < v.n && i < 2 && (v.p[i] == '$' || v.p[i] == '('))
		i++;
	return i == v.n || v.p[i] == '\r' || v.p[i] == '\n' ? i : 0;
}

/* The character of set @g0 at row and cell @b1, @b2 (0x21-0x7e), as the tables have it; 0: none. */
static uint32_t two_byte(set g0, unsigned b1, unsigned b2)
{
	size_t i = (b1 - 0x21u) * KM_JIS_CELLS + (b2 - 0x21u);
	const size_t user = 94 * KM_JIS_CELLS, users = 20 * KM_JIS_CELLS;

	switch (g0) {
	case SET_X0212:
		return km_jis_x0212[i];
	case SET_X0213_1:
		return km_jis_x0213_1[i] ? km_jis_x0213_1[i] : km_jis_x0208[i];
	case SET_X0213_2:
		return km_jis_x0213_2[i];
	case SET_USER:
		return i < users ? km_jis_x0208[user + i] : 0;
	case SET_GB2312:
		return km_jis_gb2312[i];
	case SET_KS_X1001:
		return km_jis_ks_x1001[i];
	default:
		return km_jis_x0208[i];
	}
}

static void put_wide(km_buf *b, uint32_t entry)
{
	static const uint16_t combining[] = { 0, 0x309A, 0x0300, 0x0301, 0x02E5, 0x02E9 };
	uint32_t second = entry >> COMBINING_SHIFT;

	km_utf8_add(b, (int32_t)(entry & ((1u << COMBINING_SHIFT) - 1)));
	if (second)
		put(b, combining[second]);
}

static inline bool graphic(unsigned char c)
{
	return c >= 0x21 && c <= 0x7E;
}

struct jis {
	km_buf *out;
	size_t *bad;
	set g0;
	bool shifted; /* SO: kana are in force */
};

/* Acts on the control character at @in.p; returns the bytes taken. */
static size_t control(struct jis *j, km_sv in)
{
	const struct escape *e;

	switch (in.p[0]) {
	case ESC:
		e = find_escape(km_sv_from(in, 1));
		if (e) {
			j->g0 = e->g0;
			return 1 + e->seq.n;
		}
		put_bad(j->out, j->bad);
		return 1 + cut_escape(km_sv_from(in, 1));
	case SO:
	case SI:
		j->shifted = in.p[0] == SO;
		return 1;
	case '\r':
	case '\n':
		j->g0 = SET_ASCII;
		j->shifted = false;
		break;
	default:
		break;
	}
	put(j->out, (unsigned char)in.p[0]);
	return 1;
}

/* One graphic character of seven bits, outside ASCII. */
static size_t shifted_char(struct jis *j, const unsigned char *p, size_t n)
{
	if (j->shifted || j->g0 == SET_KANA) {
		if (p[0] <= 0x5F)
			put(j->out, KANA_BASE + 0x80 + p[0]);
		else
			put_bad(j->out, j->bad);
		return 1;
	}
	if (n < 2 || !graphic(p[1])) {
		put_bad(j->out, j->bad);
		return 1;
	}
	uint32_t entry = two_byte(j->g0, p[0], p[1]);
	if (entry == 0)
		put_bad(j->out, j->bad);
	else if (entry < 0x10000)
		put(j->out, entry);
	else
		put_wide(j->out, entry);
	return 2;
}

/* Length of the ASCII at the start of @v that no control character of this encoding interrupts. */
static size_t plain_run(km_sv v)
{
	size_t i = 0;

	while (i < v.n && (unsigned char)v.p[i] < 0x80 && v.p[i] != ESC && v.p[i] != SO &&
	       v.p[i] != SI)
		i++;
	return i;
}

void km_jis_decode(km_buf *out, km_sv in, size_t *bad)
{
	const unsigned char *p = (const unsigned char *)in.p;
	struct jis j = { out, bad, SET_ASCII, false };
	uint32_t cp;

	for (size_t i = 0; i < in.n && room(out);) {
		size_t run = j.g0 == SET_ASCII && !j.shifted ? plain_run(km_sv_from(in, i)) : 0;

		if (run) {
			km_buf_add(out, km_sv_sub(in, i, run));
			i += run;
		} else if (p[i] >= 0x80) {
			i += sjis_char(p + i, in.n - i, &cp);
			if (cp)
				put(out, cp);
			else
				put_bad(out, bad);
		} else if (graphic(p[i])) {
			i += shifted_char(&j, p + i, in.n - i);
		} else {
			i += control(&j, km_sv_from(in, i));
		}
	}
}
