#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>

#include "text/utf8.h"
#include "text/view_text.h"

/* Items beside a character that a rule may look at; see km_text_fold_chars(). */
enum { REACH = KM_VIEW_KEEP_MAX, PURE_WORD = 3 };

static int compare_fold(const void *key, const void *fold)
{
	uint32_t cp = *(const uint32_t *)key;
	uint32_t from = ((const km_view_fold *)fold)->from;

	return (cp > from) - (cp < from);
}

const km_view_fold *km_view_find_fold(uint32_t cp)
{
	return bsearch(&cp, km_view_folds, km_view_n_folds, sizeof(*km_view_folds), compare_fold);
}

/* Class of the item at @i; KM_VC_SPACE outside, where a stretch was cut at white space. */
static unsigned class_at(const km_text *t, size_t i)
{
	return i < t->n ? km_item_class(t->v[i]) : KM_VC_SPACE;
}

static uint32_t cp_at(const km_text *t, size_t i)
{
	return i < t->n ? km_item_cp(t->v[i]) : 0;
}

static void replace(km_text *t, size_t i, uint32_t cp)
{
	t->v[i] = km_item_of(cp);
	t->st->confusable++;
}

/*
 * Questions about the whole text. They are put to it as it came, so that cutting it into stretches
 * makes no difference, and count everything that NFKC makes into kana.
 */
static bool is_kana_source(uint32_t cp)
{
	unsigned c = km_view_class_of(cp) & KM_VF_CLASS;

	return c == KM_VC_HIRAGANA || c == KM_VC_KATAKANA || c == KM_VC_SMALL_KE ||
	       (cp >= 0x32D0 && cp <= 0x32FE) || (cp >= 0x3300 && cp <= 0x3357) ||
	       (cp >= 0x1F200 && cp <= 0x1F202) || cp == 0x1F213;
}

static bool is_foreign(unsigned c)
{
	return c == KM_VC_CYRILLIC || c == KM_VC_GREEK || c == KM_VC_LOOK;
}

/* The look-alike's rule, if it has one for Latin words. */
static const km_view_fold *latin_fold(km_item x)
{
	const km_view_fold *f = km_item_is(x, KM_VF_FOLD) ? km_view_find_fold(km_item_cp(x)) : NULL;

	return f && (f->rule == KM_VR_LATIN || f->rule == KM_VR_LATIN_MIXED) ? f : NULL;
}

static bool has_kana(km_sv raw)
{
	for (size_t at = 0; at < raw.n;) {
		int32_t cp = km_utf8_next(raw, &at);
		if (cp >= 0x80 && is_kana_source((uint32_t)cp))
			return true;
	}
	return false;
}

/* A letter that no rule can fold and that neither NFKC nor case folding takes apart: a key has it
 * too. */
static bool is_foreign_for_good(uint32_t cp)
{
	return cp < 0x0590 && latin_fold(km_item_of(cp)) == NULL &&
	       u_getIntPropertyValue((UChar32)cp, UCHAR_NFKC_QUICK_CHECK) == UNORM_YES;
}

/* What surely stands between two words, also after NFKC. */
static bool ends_word(km_item x)
{
	unsigned c = km_item_class(x);

	return c == KM_VC_HAN || c == KM_VC_KATAKANA || c == KM_VC_HIRAGANA ||
	       (!km_item_is(x, KM_VF_SLOW) && c != KM_VC_LATIN && c != KM_VC_FULLWIDTH &&
		km_item_cp(x) < 0x10000);
}

/* A foreign letter that stays one: of no Latin shape, or in a word without Latin letters. */
static bool has_foreign(km_sv raw)
{
	bool weak = false, mixed = false;

	for (size_t at = 0; at < raw.n;) {
		int32_t cp = km_utf8_next(raw, &at);
		km_item x = km_item_of(cp < 0 ? KM_REPLACEMENT : (uint32_t)cp);
		unsigned c = km_item_class(x);

		if (c >= KM_VC_DROP || c == KM_VC_MARK)
			continue;
		if (is_foreign(c)) {
			const km_view_fold *f = latin_fold(x);
			if (f == NULL && is_foreign_for_good((uint32_t)cp))
				return true;
			weak |= f && f->rule == KM_VR_LATIN_MIXED;
			mixed |= f == NULL;
		} else if (ends_word(x)) {
			if (weak && !mixed)
				return true;
			weak = mixed = false;
		} else {
			mixed = true;
		}
	}
	return weak && !mixed;
}

static bool ask(km_sv raw, signed char *answer, bool (*has)(km_sv raw))
{
	if (*answer < 0)
		*answer = has(raw);
	return *answer;
}

struct word {
	size_t latin, look, weak, real;
};

/* The word's letter at @i: a mark on a look-alike makes it a letter of its own. */
static void count_letter(const km_text *t, size_t i, struct word *w)
{
	const km_view_fold *f = latin_fold(t->v[i]);

	if (f && class_at(t, i + 1) != KM_VC_MARK)
		*(f->rule == KM_VR_LATIN ? &w->look : &w->weak) += 1;
	else if (is_foreign(km_item_class(t->v[i])))
		w->real++;
	else
		w->latin += km_item_class(t->v[i]) == KM_VC_LATIN;
}

static bool is_disguised(km_text *t, const struct word *w)
{
	if (w->latin)
		return w->look + w->weak && w->latin > w->real;
	return w->look >= PURE_WORD && w->weak + w->real == 0 &&
	       !ask(t->raw, &t->has_foreign, has_foreign);
}

void km_text_fold_words(km_text *t)
{
	const unsigned letters =
		1u << KM_VC_LATIN | 1u << KM_VC_CYRILLIC | 1u << KM_VC_GREEK | 1u << KM_VC_LOOK;

	for (size_t i = 0, end; i < t->n; i = end) {
		struct word w = { 0, 0, 0, 0 };
		for (end = i;
		     letters >> class_at(t, end) & 1 || (end > i && class_at(t, end) == KM_VC_MARK);
		     end++)
			count_letter(t, end, &w);
		if (end == i) {
			end++;
			continue;
		}
		if (w.look + w.weak == 0 || !is_disguised(t, &w))
			continue;
		for (size_t k = i; k < end; k++) {
			const km_view_fold *f = latin_fold(t->v[k]);
			if (f && class_at(t, k + 1) != KM_VC_MARK)
				replace(t, k, f->to);
		}
	}
}

static bool is_kata(const km_text *t, size_t i)
{
	return class_at(t, i) == KM_VC_KATAKANA;
}

static bool is_kana(const km_text *t, size_t i)
{
	return is_kata(t, i) || class_at(t, i) == KM_VC_HIRAGANA;
}

/* Small katakana and ー, which no kanji comes before; ッ is not one of them (八ッ橋). */
static bool never_after_kanji(uint32_t cp)
{
	return cp == 0x30FC || cp == 0x30A1 || cp == 0x30A3 || cp == 0x30A5 || cp == 0x30A7 ||
	       cp == 0x30A9 || cp == 0x30E3 || cp == 0x30E5 || cp == 0x30E7;
}

static bool is_alnum(unsigned c)
{
	return c == KM_VC_LATIN || c == KM_VC_DIGIT;
}

static bool is_kept(const km_text *t, size_t i)
{
	for (size_t k = 0; k < km_view_n_keeps; k++) {
		size_t n = 0;
		while (n < km_view_keeps[k].n && cp_at(t, i + n) == km_view_keeps[k].cp[n])
			n++;
		if (n == km_view_keeps[k].n)
			return true;
	}
	return false;
}

/* i - 1 of the first item is SIZE_MAX: outside, like the end. */
static bool between_kata(const km_text *t, size_t i)
{
	return is_kata(t, i - 1) && is_kata(t, i + 1);
}

static bool fold_kanji(const km_text *t, size_t i, km_view_rule rule)
{
	unsigned before = class_at(t, i - 1), after = class_at(t, i + 1);
	bool in = between_kata(t, i) || never_after_kanji(cp_at(t, i + 1));
	bool begins =
		is_kata(t, i + 1) && is_kata(t, i + 2) && before != KM_VC_HAN && !is_alnum(before);

	if (is_kept(t, i))
		return false;
	switch (rule) {
	case KM_VR_KATA:
		return is_kata(t, i - 1) || is_kata(t, i + 1);
	case KM_VR_KATA_IN:
		return in;
	case KM_VR_KATA_START:
		return in || begins;
	default:
		return in || begins ||
		       (is_kata(t, i - 1) && after != KM_VC_HAN && after != KM_VC_KATAKANA);
	}
}

static bool fold_hiragana(const km_text *t, size_t i, km_view_rule rule)
{
	unsigned before = class_at(t, i - 1);
	bool alone = before == KM_VC_SPACE || before == KM_VC_CJK_PUNCT || before == KM_VC_OTHER;

	return (alone && is_kata(t, i + 1) && is_kata(t, i + 2)) ||
	       (rule == KM_VR_HIRA && between_kata(t, i));
}

static bool fold_dash(const km_text *t, size_t i)
{
	bool ends = (t->last && i + 1 == t->n) || class_at(t, i + 1) == KM_VC_CJK_PUNCT;

	return is_kana(t, i - 1) && (is_kana(t, i + 1) || (is_kata(t, i - 1) && ends));
}

static bool can_fold(km_text *t, size_t i, const km_view_fold *f)
{
	unsigned before = class_at(t, i - 1), after = class_at(t, i + 1);

	/* A mark would join what it is folded into. */
	if (after == KM_VC_MARK)
		return false;
	switch (f->rule) {
	case KM_VR_KATA:
	case KM_VR_KATA_IN:
	case KM_VR_KATA_START:
	case KM_VR_KATA_EDGE:
		return fold_kanji(t, i, f->rule);
	case KM_VR_HIRA:
	case KM_VR_HIRA_START:
		return fold_hiragana(t, i, f->rule);
	case KM_VR_DASH:
		return fold_dash(t, i);
	case KM_VR_CN:
		return ask(t->raw, &t->has_kana, has_kana);
	case KM_VR_HAN:
		return cp_at(t, i + 1) != 0x304F /* 曰く */ &&
		       (before == KM_VC_HAN || before == KM_VC_DIGIT || after == KM_VC_HAN);
	case KM_VR_AFTER:
		return cp_at(t, i - 1) == f->after;
	case KM_VR_HOST:
	case KM_VR_SLASH:
		return is_alnum(before) && is_alnum(after);
	default:
		return false;
	}
}

/*
 * A fold can make its neighbours foldable, so after each the items in reach are looked at again.
 * Every item is folded at most once, so this stays linear; and what is left at the end folds no
 * further, so that the key of a key is itself.
 */
size_t km_text_fold_chars(km_text *t)
{
	size_t steps = 0;

	for (size_t i = 0; i < t->n; steps++) {
		const km_view_fold *f = km_item_is(t->v[i], KM_VF_FOLD)
						? km_view_find_fold(km_item_cp(t->v[i]))
						: NULL;
		if (f == NULL || !can_fold(t, i, f)) {
			i++;
			continue;
		}
		replace(t, i, f->to);
		i = i > REACH ? i - REACH : 0;
	}
	return steps;
}
