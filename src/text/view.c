#include "text/view.h"

#include <stdlib.h>
#include <unicode/uchar.h>

#include "base/block.h"
#include "base/limits.h"
#include "text/utf8.h"
#include "text/view_text.h"

/* A key is made a stretch at a time, so that the memory for it stays small: one character can
 * become eighteen. */
enum { STRETCH = 32 * 1024, STRETCH_MAX = 2 * STRETCH, SEAM = 256 };
/* ASCII that is worth a stretch of its own. */
enum { QUIET = 64 };

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
	bool zh_clear;		   /* it was zeroed, which only few texts need */
};

static void note_zh(struct key *k, uint32_t cp)
{
	uint64_t bit = (uint64_t)1 << cp % 64;

	if (!k->zh_clear)
		memset(k->zh, 0, sizeof(k->zh));
	k->zh_clear = true;
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

/* White space at @i between two ASCII letters or digits: nothing on one side has to do with the
 * other. */
static bool parts(km_sv v, size_t i)
{
	return (v.p[i] == ' ' || v.p[i] == '\n') && km_is_alnum((unsigned char)v.p[i - 1]) &&
	       km_is_alnum((unsigned char)v.p[i + 1]);
}

/* Behind a Japanese comma or full stop, with more CJK text after it: the same. */
static bool is_stop(km_sv v, size_t i)
{
	const unsigned char *p = (const unsigned char *)v.p + i;

	return i >= 2 && (p[0] == 0x81 || p[0] == 0x82) && p[-1] == 0x80 && p[-2] == 0xE3 &&
	       p[1] >= 0xE3 && p[1] <= 0xE9 && !(p[1] == 0xE3 && p[2] == 0x80);
}

/* Behind the first place in [@from, @to) where @v can be parted, or 0; @from is above 0. */
static size_t part_behind(km_sv v, size_t from, size_t to)
{
	for (size_t i = from; i < to && i + 2 < v.n; i++)
		if (parts(v, i) || is_stop(v, i))
			return i + 1;
	return 0;
}

/* Bytes at the start of @v that are ASCII and can be parted from the rest; 0 when they are few. */
static size_t ascii_stretch(km_sv v)
{
	size_t n = km_ascii_prefix(km_sv_sub(v, 0, STRETCH_MAX));

	if (n == v.n || n < QUIET)
		return n == v.n ? n : 0;
	/* All the way: what is left over must not be tried for each of its words again. */
	for (size_t i = n - 2; i > 0; i--)
		if (parts(v, i))
			return i + 1;
	return n == STRETCH_MAX ? n : 0;
}

static unsigned class_at(km_sv v, size_t i)
{
	return km_view_class_of(next(v, &i));
}

/* Where to part @v, which is longer than a stretch and nowhere made to be parted: before a
 * character that normalising joins to nothing and no space stands before, else before any. */
static size_t part_anywhere(km_sv v)
{
	size_t any = STRETCH_MAX, alone = 0;

	for (size_t i = STRETCH_MAX; i > STRETCH_MAX - SEAM; i--) {
		if (((unsigned char)v.p[i] & 0xC0) == 0x80)
			continue;
		unsigned c = class_at(v, i), kind = c & KM_VF_CLASS;
		if (alone && kind != KM_VC_SPACE && kind <= KM_VC_MARK)
			return alone;
		alone = kind != KM_VC_SPACE && kind < KM_VC_MARK && !(c & KM_VF_SLOW) ? i : 0;
		any = any == STRETCH_MAX ? i : any;
	}
	return any;
}

/* Bytes of the next stretch of @v, which goes on until there is a long run of ASCII, or until it is
 * long itself. */
static size_t stretch(km_sv v)
{
	km_sv most = km_sv_sub(v, 0, STRETCH_MAX);
	size_t at = 1, n;

	while (at < STRETCH && at < most.n) {
		size_t ascii = km_ascii_prefix(km_sv_from(most, at));
		n = ascii >= 2 * QUIET ? part_behind(most, at, at + QUIET) : 0;
		if (n)
			return n;
		at += ascii;
		while (at < STRETCH && at < most.n && (unsigned char)v.p[at] >= 0x80)
			at++;
	}
	n = part_behind(most, at, most.n);
	return n ? n : most.n == v.n ? v.n : part_anywhere(v);
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

/* Masks of the bytes that are white space. */
static inline km_block blanks(km_block b)
{
	return (km_block)(b == ' ') | (km_block)(b == '\n') | (km_block)(b == '\r') |
	       (km_block)(b == '\t');
}

/*
 * Copies a block in lower case and gives how much of it is right: what stands before a control
 * character, which is to be dropped, and before white space with more of it behind, which is to be
 * collapsed. There must be one byte more to be read, which may be the second blank of a row.
 */
static inline size_t copy_block(char *out, const char *p)
{
	km_block b = km_block_load(p), space = blanks(b), after = blanks(km_block_load(p + 1));
	km_block odd = ((km_block)(b < ' ') & ~space) | (km_block)(b == 0x7F) | (space & after);
	km_block upper = (km_block)(b - 'A' < 26);

	km_block_store(out, (b & ~space) | (space & ' ') | (upper & 0x20));
	return km_block_first(odd);
}

/* Letters of @v, which is in lower case. */
static size_t count_letters(km_sv v)
{
	size_t n = 0, at = 0;

	while (v.n - at >= KM_BLOCK) {
		km_block found = { 0 };
		/* A byte can count to 255. */
		for (size_t k = 0; k < UINT8_MAX && v.n - at >= KM_BLOCK; k++, at += KM_BLOCK)
			found -= (km_block)(km_block_load(v.p + at) - 'a' < 26);
		for (size_t k = 0; k < KM_BLOCK; k++)
			n += found[k];
	}
	for (; at < v.n; at++)
		n += v.p[at] >= 'a' && v.p[at] <= 'z';
	return n;
}

/* The same for ASCII. */
static bool add_ascii(struct key *k, km_sv v, bool first)
{
	km_view_stats *st = k->t.st;
	bool gap = first; /* no white space is wanted here */
	bool fits = v.n <= k->out.max - k->out.n;
	size_t n = 0;

	v = km_sv_sub(v, 0, k->out.max - k->out.n);
	if (!km_buf_reserve(&k->out, v.n))
		return false;
	char *out = k->out.p + k->out.n;
	for (size_t at = 0; at < v.n;) {
		if (v.n - at > KM_BLOCK && !(gap && km_is_wsp((unsigned char)v.p[at]))) {
			size_t good = copy_block(out + n, v.p + at);
			n += good;
			at += good;
			gap = good ? out[n - 1] == ' ' : gap;
			if (good == KM_BLOCK)
				continue;
		}
		unsigned char c = (unsigned char)v.p[at++];
		unsigned is = km_view_class[0][c] & KM_VF_CLASS;
		bool space = is == KM_VC_SPACE;
		if (drop(is, st))
			continue;
		out[n] = space ? ' ' : (char)km_lower(c);
		n += !(space && gap);
		gap = space;
	}
	n -= n && gap && k->t.last;
	k->out.n += n;
	st->chars += v.n;
	st->latin += count_letters((km_sv){ out, n });
	k->out.cut |= !fits;
	return fits;
}

km_status km_view_key(km_arena *a, km_sv v, km_sv *out, km_view_stats *stats)
{
	km_view_stats own;
	struct key k;
	bool ok = true;

	k.t = (km_text){ .raw = v, .has_kana = -1, .has_foreign = -1, .st = stats ? stats : &own };
	*k.t.st = (km_view_stats){ 0 };
	km_buf_init(&k.out, a, KM_MAX_TEXT_BYTES);
	(void)km_buf_reserve(&k.out, v.n < KM_MAX_TEXT_BYTES ? v.n : KM_MAX_TEXT_BYTES);
	k.zh_clear = false;
	for (size_t at = 0, n; ok && at < v.n; at += n) {
		km_sv rest = km_sv_from(v, at);
		n = ascii_stretch(rest);
		k.t.last = n == rest.n;
		if (n) {
			ok = add_ascii(&k, km_sv_sub(rest, 0, n), at == 0);
			continue;
		}
		n = stretch(rest);
		k.t.last = n == rest.n;
		ok = add_stretch(&k, km_sv_sub(rest, 0, n), at == 0);
	}
	free(k.t.v);
	*out = km_buf_sv(&k.out);
	return ok && !k.out.cut ? KM_OK : KM_LIMIT;
}
