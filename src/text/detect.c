#include "text/detect.h"

#include "text/jis.h"
#include "text/utf8.h"

/* Bytes scored, from the one before the first above 0x7f on. */
enum { SAMPLE = 4096 };

/*
 * Every candidate reads the sample and adds up a weight for each character: common ones count for
 * it, rare ones against it, and bytes that are no character at all heavily against it.
 */
enum { ILLEGAL = -8 };

typedef struct {
	int score;
	unsigned chars; /* read from bytes above 0x7f */
} tally;

/* Rows of JIS, for Shift_JIS and EUC-JP. Rows not named: 0; punctuation says nothing, as EUC-JP, GB
 * 2312 and KS X 1001 have the same. */
static const signed char jis_rows[KM_JIS_ROWS_CP932 + 1] = {
	[4] = 3,	    /* hiragana */
	[5] = 2,	    /* katakana */
	[6 ... 7] = -1,	    /* Greek, Cyrillic */
	[13] = 1,	    /* NEC: ① ㈱ */
	[16 ... 47] = 1,    /* common kanji */
	[48 ... 84] = -1,   /* rare kanji */
	[89 ... 92] = -2,   /* NEC-selected */
	[95 ... 114] = -4,  /* private use */
	[115 ... 120] = -2, /* IBM extensions */
};

/* Lead bytes of the other double-byte charsets. */
static const signed char gb_leads[256] = {
	[0 ... 0x80] = ILLEGAL,
	[0x81 ... 0xA0] = -2, /* GBK only */
	[0xA1] = 1,
	[0xA3] = 1,
	[0xA4 ... 0xA5] = -2,
	[0xA6 ... 0xA9] = -1,
	[0xAA ... 0xAF] = -3,
	[0xB0 ... 0xD7] = 1,
	[0xD8 ... 0xF7] = -1,
	[0xF8 ... 0xFE] = -3,
	[0xFF] = ILLEGAL,
};
static const signed char kr_leads[256] = {
	[0 ... 0x80] = ILLEGAL,
	[0x81 ... 0xA0] = -2, /* CP949 only */
	[0xA4] = -3,
	[0xAA ... 0xAC] = -1,
	[0xAD ... 0xAF] = ILLEGAL,
	/* 0xB0 to 0xC8, hangul: see common_hangul */
	[0xC9] = ILLEGAL,
	[0xCA ... 0xFD] = -2, /* hanja */
	[0xFE ... 0xFF] = ILLEGAL,
};
static const signed char big5_leads[256] = {
	[0 ... 0xA0] = ILLEGAL,	   [0xA1] = 1,		 [0xA4 ... 0xC6] = 1,
	[0xC7 ... 0xC8] = ILLEGAL, [0xC9 ... 0xF9] = -1, [0xFA ... 0xFF] = ILLEGAL,
};

/*
 * The syllables of which most Korean text is made, in KS X 1001. All of hangul is where Japanese
 * and Chinese have their common characters, so the others say nothing.
 */
static const uint16_t common_hangul[] = {
	0xB0A1, 0xB0A3, 0xB0A8, 0xB0AD, 0xB0B0, 0xB0B3, 0xB0C5, 0xB0C7, 0xB0CD, 0xB0D4, 0xB0E1,
	0xB0E6, 0xB0E8, 0xB0ED, 0xB0F8, 0xB0FA, 0xB0FC, 0xB1A4, 0xB1B8, 0xB1B9, 0xB1C7, 0xB1D7,
	0xB1DD, 0xB1E2, 0xB1EE, 0xB3AA, 0xB3AD, 0xB3BB, 0xB3DD, 0xB3E2, 0xB3E7, 0xB4C2, 0xB4CF,
	0xB4D9, 0xB4DC, 0xB4E3, 0xB4E4, 0xB4E7, 0xB4EB, 0xB4F5, 0xB4F8, 0xB5B5, 0xB5BF, 0xB5E5,
	0xB5E7, 0xB5E9, 0xB5EE, 0xB6A7, 0xB6F3, 0xB7AF, 0xB7C1, 0xB7CE, 0xB7E1, 0xB8A3, 0xB8A6,
	0xB8AE, 0xB8B6, 0xB8B8, 0xB8B9, 0xB8BB, 0xB8DE, 0xB8E9, 0xB8F0, 0xB8F4, 0xB9AB, 0xB9AE,
	0xB9B0, 0xB9CC, 0xB9CE, 0xB9D9, 0xB9DD, 0xB9DE, 0xB9DF, 0xB9E6, 0xB9F8, 0xBAB8, 0xBACE,
	0xBAD0, 0xBAF1, 0xBBE7, 0xBBEA, 0xBBF3, 0xBBFD, 0xBCAD, 0xBCB1, 0xBCBA, 0xBCBC, 0xBCD2,
	0xBCDB, 0xBCEE, 0xBCF6, 0xBDBA, 0xBDC0, 0xBDC3, 0xBDC4, 0xBDC5, 0xBDC7, 0xBEC6, 0xBEC7,
	0xBEC8, 0xBECA, 0xBECB, 0xBEDF, 0xBEE0, 0xBEE7, 0xBEEE, 0xBEF7, 0xBEF8, 0xBFA1, 0xBFA9,
	0xBFAC, 0xBFC0, 0xBFCD, 0xBFE4, 0xBFEB, 0xBFEC, 0xBFF8, 0xBFF9, 0xC0A7, 0xC0AF, 0xC0B8,
	0xC0BA, 0xC0BB, 0xC0BD, 0xC0C7, 0xC0CC, 0xC0CE, 0xC0CF, 0xC0D4, 0xC0D6, 0xC0DA, 0xC0DB,
	0xC0E5, 0xC0E7, 0xC0FA, 0xC0FB, 0xC0FC, 0xC1A4, 0xC1A6, 0xC1B6, 0xC1D6, 0xC1DF, 0xC1F6,
	0xC1F7, 0xC1F8, 0xC3B3, 0xC3B5, 0xC3BB, 0xC3BC, 0xC3D6, 0xC3E2, 0xC4A1, 0xC4AB, 0xC5CD,
	0xC5E4, 0xC5EB, 0xC6AE, 0xC6ED, 0xC7B0, 0xC7CE, 0xC7CF, 0xC7D0, 0xC7D1, 0xC7D2, 0xC7D5,
	0xC7D8, 0xC7DF, 0xC7E0, 0xC7E8, 0xC7F6, 0xC7FC, 0xC8A3, 0xC8AD, 0xC8B8, 0xC8C4,
};
enum { COMMON_HANGUL = 3 };

static int hangul_weight(unsigned code)
{
	size_t low = 0, high = KM_COUNT(common_hangul);

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (common_hangul[mid] < code)
			low = mid + 1;
		else
			high = mid;
	}
	return low < KM_COUNT(common_hangul) && common_hangul[low] == code ? COMMON_HANGUL : 0;
}

/* Trail bytes below 0xA1 that the charset has, and what they cost: they are its extensions. */
struct trail {
	unsigned char low, high;
	signed char cost;
};

static const struct family {
	km_charset_id id;
	const signed char *leads;
	struct trail trail;
} families[] = {
	{ KM_CS_EUCKR, kr_leads, { 0x41, 0xA0, 2 } },
	{ KM_CS_GB18030, gb_leads, { 0x40, 0xA0, 2 } },
	{ KM_CS_BIG5, big5_leads, { 0x40, 0x7E, 0 } },
};

/* Weight of the character at @index of km_jis_x0208. */
static inline int jis_weight(size_t index)
{
	return km_jis_x0208[index] ? jis_rows[index / KM_JIS_CELLS + 1] : ILLEGAL;
}

static tally score_sjis(km_sv v)
{
	const unsigned char *p = (const unsigned char *)v.p;
	tally t = { 0, 0 };

	for (size_t i = 0; i < v.n; i++) {
		if (p[i] < 0x80)
			continue;
		t.chars++;
		if (p[i] >= 0xA1 && p[i] <= 0xDF) {
			t.score--; /* halfwidth kana: legal, but most often the half of something */
		} else if (!km_sjis_lead(p[i])) {
			t.score += ILLEGAL;
		} else if (i + 1 < v.n) {
			bool pair = km_sjis_trail(p[i + 1]);
			t.score += pair ? jis_weight(km_sjis_index(p[i], p[i + 1])) : ILLEGAL;
			i += pair;
		}
	}
	return t;
}

static tally score_eucjp(km_sv v)
{
	const unsigned char *p = (const unsigned char *)v.p;
	tally t = { 0, 0 };

	for (size_t i = 0; i < v.n; i++) {
		if (p[i] < 0x80)
			continue;
		t.chars++;
		if (i + 1 == v.n)
			break;
		if (p[i] == 0x8E && p[i + 1] >= 0xA1 && p[i + 1] <= 0xDF) {
			t.score--;
			i++;
		} else if (p[i] == 0x8F && i + 2 < v.n && p[i + 1] >= 0xA1 && p[i + 2] >= 0xA1) {
			t.score -= 2;
			i += 2;
		} else if (p[i] >= 0xA1 && p[i] <= 0xFE && p[i + 1] >= 0xA1 && p[i + 1] <= 0xFE) {
			t.score += jis_weight((p[i] - 0xA1u) * KM_JIS_CELLS + p[i + 1] - 0xA1u);
			i++;
		} else {
			t.score += ILLEGAL;
		}
	}
	return t;
}

static tally score_family(km_sv v, const struct family *f)
{
	const unsigned char *p = (const unsigned char *)v.p;
	tally t = { 0, 0 };

	for (size_t i = 0; i < v.n; i++) {
		if (p[i] < 0x80)
			continue;
		t.chars++;
		if (i + 1 == v.n)
			break;
		bool full = p[i + 1] >= 0xA1 && p[i + 1] <= 0xFE;
		bool half = p[i + 1] >= f->trail.low && p[i + 1] <= f->trail.high;
		if (full && f->id == KM_CS_EUCKR && p[i] >= 0xB0 && p[i] <= 0xC8)
			t.score += hangul_weight(p[i] * 256u + p[i + 1]);
		else
			t.score += full	  ? f->leads[p[i]]
				   : half ? f->leads[p[i]] - f->trail.cost
					  : ILLEGAL;
		i += full || half;
	}
	return t;
}

/* UTF-8 with a few wrong bytes in it. */
static tally score_utf8(km_sv v)
{
	tally t = { 0, 0 };

	for (size_t i = 0; i < v.n;) {
		int32_t cp = km_utf8_next(v, &i);
		if (cp >= 0 && cp < 0x80)
			continue;
		t.chars++;
		if (cp != KM_UTF8_BAD)
			t.score += 3;
		else if (i < v.n)
			t.score += ILLEGAL;
	}
	return t;
}

/* Bytes above 0x7f from @i on; no-break spaces, of which there may be any number, are not counted.
 */
static size_t high_run(km_sv v, size_t i)
{
	size_t n = 0;

	while (i + n < v.n && (unsigned char)v.p[i + n] >= 0x80 &&
	       (unsigned char)v.p[i + n] != 0xA0)
		n++;
	return n;
}

/* An ASCII letter touches the @n bytes at @i. */
static bool touches_letter(km_sv v, size_t i, size_t n)
{
	return (i && km_is_alpha((unsigned char)v.p[i - 1])) ||
	       (i + n < v.n && km_is_alpha((unsigned char)v.p[i + n]));
}

/* Weight of a byte that stands alone, or in a pair, as windows-1252. */
static int western_weight(unsigned char c, bool in_word)
{
	if (c == 0x81 || c == 0x8D || c == 0x8F || c == 0x90 || c == 0x9D)
		return ILLEGAL;
	if (c >= 0xC0 && c != 0xD7 && c != 0xF7)
		return in_word ? 2 : 1;
	return c >= 0x91 && c <= 0x97 ? 2 : 1;
}

/* Languages of western Europe: one or two accented letters, quotes, bullets in the midst of ASCII.
 */
static tally score_western(km_sv v)
{
	tally t = { 0, 0 };

	for (size_t i = 0, n; i < v.n; i += n ? n : 1) {
		n = high_run(v, i);
		bool in_word = n && touches_letter(v, i, n);
		bool blank = n == 0 && (unsigned char)v.p[i] >= 0x80;
		t.chars += (unsigned)n + blank;
		t.score += blank;
		for (size_t k = 0; k < n; k++)
			t.score += n > 2 ? -1
					 : western_weight((unsigned char)v.p[i + k], in_word) -
						   (n == 2);
	}
	return t;
}

/* One letter of a Russian word: small ones follow, capitals stand in front or among capitals. */
static inline int case_weight(bool small, bool first, bool after_small)
{
	return small || first ? 1 : after_small ? -1 : 0;
}

/* Russian: words with small letters at E0-FF and capitals at C0-DF (windows-1251), or the other way
 * round (KOI8-R). */
static void score_cyrillic(km_sv v, tally *win, tally *koi)
{
	*win = *koi = (tally){ 0, 0 };
	for (size_t i = 0, n; i < v.n; i += n ? n : 1) {
		n = high_run(v, i);
		win->chars += (unsigned)n;
		bool in_word = n && touches_letter(v, i, n);
		for (size_t k = 0; k < n; k++) {
			unsigned char c = (unsigned char)v.p[i + k];
			unsigned char before = k ? (unsigned char)v.p[i + k - 1] : 0;
			bool letter = c >= 0xC0 && !in_word;
			win->score += letter ? case_weight(c >= 0xE0, k == 0, before >= 0xE0) : -1;
			koi->score += letter ? case_weight(c < 0xE0, k == 0,
							   before >= 0xC0 && before < 0xE0)
					     : -1;
		}
	}
	koi->chars = win->chars;
}

static void keep_best(km_charset_id id, tally t, km_charset_id *best, tally *most)
{
	if (t.score > most->score) {
		*best = id;
		*most = t;
	}
}

/*
 * Copies the sample that is scored without the inside of runs of ASCII: no candidate looks at more
 * of them than the bytes next to one above 0x7f.
 */
static km_sv take_sample(km_sv v, char out[SAMPLE])
{
	size_t from = km_ascii_prefix(v), n = 0;

	v = km_sv_sub(v, from ? from - 1 : 0, SAMPLE);
	for (size_t at = 0; at < v.n; at++) {
		size_t ascii =
			(unsigned char)v.p[at] < 0x80 ? km_ascii_prefix(km_sv_from(v, at)) : 0;
		if (ascii > 2) {
			out[n++] = v.p[at];
			at += ascii - 1;
		}
		out[n++] = v.p[at];
	}
	return (km_sv){ out, n };
}

km_guess km_detect_eight(km_sv v)
{
	char sample[SAMPLE];
	km_charset_id best = KM_CS_COUNT;
	tally most = { 0, 1 }, win, koi;

	v = take_sample(v, sample);
	keep_best(KM_CS_SHIFTJIS, score_sjis(v), &best, &most);
	keep_best(KM_CS_EUCJP, score_eucjp(v), &best, &most);
	/* With kana in every other character there is nothing left to ask. */
	if (most.score < 6 || (unsigned)most.score < most.chars + most.chars / 2) {
		keep_best(KM_CS_UTF8, score_utf8(v), &best, &most);
		keep_best(KM_CS_WIN1252, score_western(v), &best, &most);
		for (size_t i = 0; i < KM_COUNT(families); i++)
			keep_best(families[i].id, score_family(v, &families[i]), &best, &most);
		score_cyrillic(v, &win, &koi);
		keep_best(KM_CS_WIN1251, win, &best, &most);
		keep_best(KM_CS_KOI8R, koi, &best, &most);
	}
	if (best == KM_CS_COUNT)
		return (km_guess){ NULL, false };
	return (km_guess){ &km_charset_rows[best],
			   most.score >= 6 && (unsigned)most.score >= most.chars };
}

static const struct {
	km_sv mark;
	km_charset_id id;
} marks[] = {
	{ KM_SV("\xEF\xBB\xBF"), KM_CS_UTF8 },	  { KM_SV("\xFF\xFE\0\0"), KM_CS_UTF32LE },
	{ KM_SV("\0\0\xFE\xFF"), KM_CS_UTF32BE }, { KM_SV("\xFF\xFE"), KM_CS_UTF16LE },
	{ KM_SV("\xFE\xFF"), KM_CS_UTF16BE },
};

const km_charset *km_detect_bom(km_sv v, size_t *skip)
{
	for (size_t i = 0; i < KM_COUNT(marks); i++) {
		if (km_sv_starts(v, marks[i].mark)) {
			*skip = marks[i].mark.n;
			return &km_charset_rows[marks[i].id];
		}
	}
	return NULL;
}

static const struct {
	km_sv seq;
	km_charset_id id;
} others[] = {
	{ KM_SV("\x1B$)C"), KM_CS_ISO2022KR },
	{ KM_SV("\x1B$)A"), KM_CS_ISO2022CN },
	{ KM_SV("\x1B$)G"), KM_CS_ISO2022CN },
};

const km_charset *km_detect_escaped(km_sv v)
{
	if (km_jis_escaped(v))
		return &km_charset_rows[KM_CS_ISO2022JP];
	for (size_t i = 0; i < KM_COUNT(others); i++)
		if (km_sv_find(v, others[i].seq, 0) < v.n)
			return &km_charset_rows[others[i].id];
	return NULL;
}

/* Value of a base64 digit, or -1. */
static int base64_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (km_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * Reads the shifted run of UTF-7 at @v (after its '+') as far as it is UTF-16 of kana, kanji and
 * their punctuation; *good tells whether that was all of it, with zero bits left over. Returns the
 * bytes read, which need not be looked at again.
 */
static size_t utf7_run(km_sv v, size_t *kana, bool *good)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t i = 0, units = 0;

	*good = false;
	for (int d; i < v.n && (d = base64_value((unsigned char)v.p[i])) >= 0; i++) {
		bits = bits << 6 | (uint32_t)d;
		held += 6;
		if (held < 16)
			continue;
		held -= 16;
		uint32_t unit = bits >> held & 0xFFFF;
		bits &= (1u << held) - 1;
		units++;
		*kana += unit >= 0x3041 && unit <= 0x30FF;
		if (!(unit >= 0x3000 && unit <= 0x9FFF) && !(unit >= 0xFF00 && unit <= 0xFFEF))
			return i;
	}
	*good = units && bits == 0 && held < 6;
	return i;
}

bool km_detect_utf7(km_sv v)
{
	size_t runs = 0, kana = 0;
	bool good;

	for (size_t i = km_sv_chr(v, '+', 0); i < v.n; i = km_sv_chr(v, '+', i)) {
		i += 1 + utf7_run(km_sv_from(v, i + 1), &kana, &good);
		runs += good;
	}
	return runs && kana >= 2;
}

const km_charset *km_charset_detect(km_sv v)
{
	size_t skip;
	const km_charset *cs = km_detect_bom(v, &skip);

	if (cs)
		return cs;
	cs = km_detect_escaped(v);
	if (cs)
		return cs;
	if (km_ascii_prefix(v) == v.n)
		return &km_charset_rows[km_detect_utf7(v) ? KM_CS_UTF7 : KM_CS_ASCII];
	if (km_utf8_valid(v))
		return &km_charset_rows[KM_CS_UTF8];
	return km_detect_eight(v).cs;
}
