#include "text/view.h"

#include <stdlib.h>
#include <unicode/uchar.h>

#include "base/limits.h"
#include "text/utf8.h"
#include "text/view_text.h"

/* A key is made a stretch at a time, so that the memory for it stays small. */
enum { STRETCH = 32 * 1024 };

uint8_t km_view_class_high(uint32_t cp)
{
	static const struct {
		uint32_t low, high;
		uint8_t is;
	} ranges[] = {
		{ 0x1BCA0, 0x1BCA3, KM_VC_DROP },
		{ 0x1D173, 0x1D17A, KM_VC_DROP },
		{ 0x1F300, 0x1FAFF, KM_VC_OTHER },
		{ 0x20000, 0x2F7FF, KM_VC_HAN },
		{ 0x2F800, 0x2FA1F, KM_VC_HAN | KM_VF_SLOW },
		{ 0x30000, 0x3134F, KM_VC_HAN },
		{ 0xE0000, 0xE0FFF, KM_VC_DROP },
	};

	for (size_t i = 0; i < KM_COUNT(ranges); i++)
		if (cp >= ranges[i].low && cp <= ranges[i].high)
			return ranges[i].is;
	return KM_VC_OTHER | KM_VF_SLOW;
}

bool km_view_is_zh_only(int32_t cp)
{
	return cp > 0 && (km_view_class_of((uint32_t)cp) & KM_VF_ZH);
}

/* The code point at @at, which moves on; bytes that are no UTF-8 become U+FFFD. */
static inline uint32_t next(km_sv v, size_t *at)
{
	const unsigned char *p = (const unsigned char *)v.p + *at;

	if (v.n - *at >= 3 && p[0] >= 0xE1 && p[0] <= 0xEC && (p[1] & 0xC0) == 0x80 &&
	    (p[2] & 0xC0) == 0x80) {
		*at += 3;
		return (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
	}
	int32_t cp = km_utf8_next(v, at);
	return cp < 0 ? KM_REPLACEMENT : (uint32_t)cp;
}

/* Counts what no view keeps; false for all else. */
static inline bool drop(unsigned c, km_view_stats *st)
{
	if (c < KM_VC_DROP)
		return false;
	st->ignorable += c == KM_VC_DROP;
	st->bidi += c == KM_VC_BIDI;
	st->control += c == KM_VC_CONTROL;
	return true;
}

km_status km_view_display(km_arena *a, km_sv v, km_sv *out, km_view_stats *stats)
{
	km_view_stats own, *st = stats ? stats : &own;
	size_t from = 0, at = 0;
	km_buf b;

	*st = (km_view_stats){ 0 };
	km_buf_init(&b, a, v.n);
	while (at < v.n) {
		size_t here = at;
		uint32_t cp = next(v, &at);
		st->chars++;
		if (!drop(km_view_class_of(cp) & KM_VF_CLASS, st))
			continue;
		km_buf_add(&b, km_sv_sub(v, from, here - from));
		from = at;
	}
	if (from) {
		km_buf_add(&b, km_sv_from(v, from));
		v = km_buf_sv(&b);
	}
	*out = v;
	return b.cut ? KM_LIMIT : KM_OK;
}

/* The letter of a negative circled or squared one, which NFKC leaves alone; else 0. */
static uint32_t negative_letter(uint32_t cp)
{
	if (cp >= 0x1F150 && cp <= 0x1F169)
		return 'a' + (cp - 0x1F150);
	return cp >= 0x1F170 && cp <= 0x1F189 ? 'a' + (cp - 0x1F170) : 0;
}

/* What a character becomes at once, whatever stands around it (but for kana before U+309B). */
static uint32_t simplify(uint32_t cp, unsigned c, const km_text *t)
{
	unsigned before = t->n ? km_item_class(t->v[t->n - 1]) : KM_VC_OTHER;
	uint32_t letter;

	switch (c) {
	case KM_VC_SPACE:
		return cp == '\n' || cp == '\r' || cp == 0x2028 || cp == 0x2029 ? '\n' : ' ';
	case KM_VC_WAVE:
		return 0x301C;
	case KM_VC_HYPHEN:
		return '-';
	case KM_VC_FULLWIDTH:
		t->st->compat++;
		return km_lower((unsigned char)(cp - 0xFF01 + '!'));
	case KM_VC_VOICED:
		return before == KM_VC_KATAKANA || before == KM_VC_HIRAGANA ? cp - 2 : cp;
	default:
		letter = cp > 0xFFFF ? negative_letter(cp) : 0;
		t->st->styled += letter != 0;
		return letter ? letter : cp;
	}
}

struct key {
	km_text t;
	km_buf out;
	uint64_t zh[0x10000 / 64]; /* characters of data/zh_only.txt that were seen */
};

static void note_zh(struct key *k, uint32_t cp)
{
	uint64_t bit = (uint64_t)1 << cp % 64;

	k->t.st->zh_only += !(k->zh[cp / 64] & bit);
	k->zh[cp / 64] |= bit;
}

/* Reads the items of @v, simplified, without what is dropped. There is room for v.n of them. */
static void read_items(struct key *k, km_sv v)
{
	km_text *t = &k->t;

	for (size_t at = 0; at < v.n;) {
		unsigned char byte = (unsigned char)v.p[at];
		uint32_t cp = byte < 0x80 ? (at++, km_lower(byte)) : next(v, &at);
		km_item x = km_item_of(cp);
		unsigned c = km_item_class(x);

		t->st->chars++;
		/* The keycap of emoji is no more than an ornament either. */
		if (drop(c, t->st) || (cp == 0x20E3 && ++t->st->styled))
			continue;
		if (km_item_is(x, KM_VF_ZH))
			note_zh(k, cp);
		if (c == KM_VC_SPACE || c > KM_VC_MARK || cp > 0xFFFF)
			x = km_item_of(simplify(cp, c, t));
		t->v[t->n++] = x;
		t->seen |= 1u << km_item_class(x);
		t->slow |= km_item_is(x, KM_VF_SLOW);
	}
}

static bool is_cjk(unsigned c)
{
	const unsigned cjk = 1u << KM_VC_HIRAGANA | 1u << KM_VC_KATAKANA | 1u << KM_VC_SMALL_KE |
			     1u << KM_VC_HAN | 1u << KM_VC_CJK_PUNCT;
	return cjk >> c & 1;
}

/* What became a hyphen or another script's digit through NFKC. */
static km_item tidy(km_item x)
{
	if (km_item_class(x) == KM_VC_HYPHEN)
		return km_item_of('-');
	int32_t digit = km_item_is(x, KM_VF_SLOW) ? u_charDigitValue((UChar32)km_item_cp(x)) : -1;
	return digit >= 0 ? km_item_of((uint32_t)('0' + digit)) : x;
}

/* Makes white space one space, or nothing between CJK characters and at both ends of the text. */
static void close_up(km_text *t, bool first)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n;) {
		if (km_item_class(t->v[i]) != KM_VC_SPACE) {
			t->v[n++] = tidy(t->v[i++]);
			continue;
		}
		size_t from = i;
		bool newline = false;
		for (; i < t->n && km_item_class(t->v[i]) == KM_VC_SPACE; i++)
			newline |= km_item_cp(t->v[i]) == '\n';
		if ((n == 0 && first) || (i == t->n && t->last))
			continue;
		unsigned before = n ? km_item_class(t->v[n - 1]) : KM_VC_OTHER;
		unsigned after = i < t->n ? km_item_class(t->v[i]) : KM_VC_OTHER;
		if (!is_cjk(before) || !is_cjk(after))
			t->v[n++] = km_item_of(' ');
		else if (!newline && before != KM_VC_CJK_PUNCT && after != KM_VC_CJK_PUNCT)
			t->st->spaced += i - from;
	}
	t->n = n;
}

/* Writes the items as UTF-8 and counts them by script. */
static void write_items(struct key *k)
{
	size_t by[KM_VF_CLASS + 1] = { 0 };
	km_view_stats *st = k->t.st;
	km_buf *b = &k->out;

	for (size_t i = 0; i < k->t.n && !b->cut; i++) {
		uint32_t cp = km_item_cp(k->t.v[i]);
		by[km_item_class(k->t.v[i])]++;
		if (b->cap - b->n < 4 || cp >= 0x10000 || (cp >= 0x80 && cp < 0x800)) {
			km_utf8_add(b, (int32_t)cp);
		} else if (cp < 0x80) {
			b->p[b->n++] = (char)cp;
		} else {
			b->p[b->n] = (char)(0xE0 | cp >> 12);
			b->p[b->n + 1] = (char)(0x80 | (cp >> 6 & 0x3F));
			b->p[b->n + 2] = (char)(0x80 | (cp & 0x3F));
			b->n += 3;
		}
	}
	st->kana += by[KM_VC_HIRAGANA] + by[KM_VC_KATAKANA] + by[KM_VC_SMALL_KE];
	st->han += by[KM_VC_HAN];
	st->latin += by[KM_VC_LATIN];
	st->cyrillic += by[KM_VC_CYRILLIC];
	st->greek += by[KM_VC_GREEK];
	st->hangul += by[KM_VC_HANGUL];
}

/* Bytes of the next stretch of @v: all, or up to white space between two ASCII letters or digits,
 * where nothing on one side has to do with the other. */
static size_t stretch(km_sv v)
{
	for (size_t i = STRETCH; i + 1 < v.n; i++)
		if ((v.p[i] == ' ' || v.p[i] == '\n') && km_is_alnum((unsigned char)v.p[i - 1]) &&
		    km_is_alnum((unsigned char)v.p[i + 1]))
			return i + 1;
	return v.n;
}

static bool add_stretch(struct key *k, km_sv v, bool first)
{
	const unsigned foreign = 1u << KM_VC_CYRILLIC | 1u << KM_VC_GREEK | 1u << KM_VC_LOOK;
	km_text *t = &k->t;

	if (t->cap < v.n) {
		free(t->v);
		t->cap = 0;
		t->v = reallocarray(NULL, v.n, sizeof(*t->v));
		if (t->v == NULL)
			return false;
		t->cap = v.n;
	}
	t->n = 0;
	t->seen = 0;
	t->slow = false;
	read_items(k, v);
	if (!km_text_normalise(t, KM_FORM_NFKC))
		return false;
	if (t->slow || t->seen & foreign) {
		/* Capitals look like other letters than small ones do, so before case folding; and
		 * after it, for what becomes a letter only then (U+0345, U+1FB3). */
		km_text_fold_words(t);
		if (!km_text_normalise(t, KM_FORM_FOLDED))
			return false;
		km_text_fold_words(t);
	}
	close_up(t, first);
	(void)km_text_fold_chars(t);
	write_items(k);
	return !k->out.cut;
}

/* The same for text that is ASCII throughout. */
static void add_ascii(km_buf *out, km_sv v, km_view_stats *st)
{
	bool space = false;
	size_t n = 0;

	if (!km_buf_reserve(out, v.n))
		return;
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		unsigned is = km_view_class[0][c] & KM_VF_CLASS;
		if (is == KM_VC_SPACE) {
			space = n > 0;
			continue;
		}
		if (drop(is, st))
			continue;
		out->p[n] = ' ';
		n += space;
		space = false;
		out->p[n++] = (char)km_lower(c);
		st->latin += is == KM_VC_LATIN;
	}
	st->chars = v.n;
	out->n = n;
}

km_status km_view_key(km_arena *a, km_sv v, km_sv *out, km_view_stats *stats)
{
	km_view_stats own;
	struct key k;
	bool ok = true;

	k.t = (km_text){ .raw = v, .has_kana = -1, .has_foreign = -1, .st = stats ? stats : &own };
	*k.t.st = (km_view_stats){ 0 };
	km_buf_init(&k.out, a, KM_MAX_TEXT_BYTES);
	if (km_ascii_prefix(v) == v.n && v.n <= KM_MAX_TEXT_BYTES) {
		add_ascii(&k.out, v, k.t.st);
	} else {
		memset(k.zh, 0, sizeof(k.zh));
		(void)km_buf_reserve(&k.out, v.n < KM_MAX_TEXT_BYTES ? v.n : KM_MAX_TEXT_BYTES);
		for (size_t at = 0, n; ok && at < v.n; at += n) {
			n = stretch(km_sv_from(v, at));
			k.t.last = at + n == v.n;
			ok = add_stretch(&k, km_sv_sub(v, at, n), at == 0);
		}
		free(k.t.v);
	}
	*out = km_buf_sv(&k.out);
	return ok && !k.out.cut ? KM_OK : KM_LIMIT;
}
