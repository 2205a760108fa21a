#include "learn/words.h"

enum {
	LONGEST = 40, /* bytes of a word of an alphabet */
	WIDTH = 3,    /* bytes of a kana or kanji */
	LONGEST_KATAKANA = 12
};

typedef enum { NOTHING, ALPHABET, KANJI, KATAKANA, HIRAGANA } script;

/* Bytes of words of an alphabet; E3 to E9 begin kana and kanji, which take a closer look. */
static const bool in_alphabet[256] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true,   ['a' ... 'z'] = true,   ['_'] = true,
	['$'] = true,	      ['\''] = true,	      ['-'] = true,	      ['.'] = true,
	['!'] = true,	      [0x80 ... 0xe2] = true, [0xea ... 0xff] = true,
};

/* Kana and kanji of the basic plane all have three bytes, E3 81 to E9 BF. */
static script script_at(km_sv v, size_t at)
{
	unsigned char c = (unsigned char)v.p[at];

	if (c < 0xe3 || c > 0xe9)
		return in_alphabet[c] ? ALPHABET : NOTHING;
	if (v.n - at < WIDTH)
		return ALPHABET;
	if (c >= 0xe4)
		return KANJI;
	unsigned low = (unsigned)((unsigned char)v.p[at + 1] << 8 | (unsigned char)v.p[at + 2]);
	if (low < 0x8080) /* not UTF-8 */
		return ALPHABET;
	if (low < 0x8181)
		return low == 0x8085 ? KANJI : NOTHING; /* 々 and CJK punctuation */
	if (low < 0x82a0)
		return HIRAGANA;
	return low < 0x8480 ? KATAKANA : KANJI;
}

/* Bytes of the character at @at, as far as scripts matter here. */
static size_t width_at(km_sv v, size_t at)
{
	unsigned char c = (unsigned char)v.p[at];

	return c >= 0xe3 && c <= 0xe9 && v.n - at >= WIDTH ? WIDTH : 1;
}

static size_t run_end(km_sv v, size_t at, script s)
{
	do {
		at += width_at(v, at);
		while (s == ALPHABET && at < v.n && in_alphabet[(unsigned char)v.p[at]])
			at++;
	} while (at < v.n && script_at(v, at) == s);
	return at;
}

typedef struct {
	km_words_each *each;
	void *ctx;
	size_t left; /* words that may still be said */
	size_t n;
	km_word word[KM_WORDS_BATCH];
} walker;

static void flush(walker *w)
{
	if (w->n)
		w->each(w->ctx, w->word, w->n);
	w->n = 0;
}

/* @w->left is not 0, @word not empty. */
static inline void say_hashed(walker *w, km_sv word, uint64_t hash, bool pairs)
{
	w->word[w->n++] = (km_word){ word, hash, pairs };
	w->left--;
	if (w->n == KM_WORDS_BATCH)
		flush(w);
}

static void say(walker *w, km_sv word, bool pairs)
{
	if (w->left && word.n)
		say_hashed(w, word, km_sv_hash(word), pairs);
}

/* What most text is: reads and hashes a word in one go. Gives its end. */
static inline size_t alphabet(walker *w, km_sv v, size_t from)
{
	size_t at = from, most = v.n - from < LONGEST ? v.n : from + LONGEST;
	uint64_t hash = KM_HASH_BEGIN;

	for (; at < most && in_alphabet[(unsigned char)v.p[at]]; at++)
		hash = km_hash_byte(hash, v.p[at]);
	if (at < v.n && (at == most || (unsigned char)v.p[at] >= 0x80)) {
		size_t end = script_at(v, at) == ALPHABET ? run_end(v, at, ALPHABET) : at;
		/* what is cut off is not said, but bytes that begin no character are */
		if (at < most && end > at)
			say(w, km_sv_sub(km_sv_sub(v, from, end - from), 0, LONGEST), true);
		else
			say_hashed(w, km_sv_sub(v, from, at - from), km_hash_end(hash), true);
		return end;
	}
	say_hashed(w, (km_sv){ v.p + from, at - from }, km_hash_end(hash), true);
	return at;
}

static void grams(walker *w, km_sv run, size_t chars, bool pairs)
{
	for (size_t at = 0; at + chars * WIDTH <= run.n && w->left; at += WIDTH)
		say(w, km_sv_sub(run, at, chars * WIDTH), pairs);
}

static void kanji(walker *w, km_sv run)
{
	grams(w, run, 1, run.n == WIDTH);
	grams(w, run, 2, true);
	grams(w, run, 3, false);
}

static void katakana(walker *w, km_sv run)
{
	say(w, km_sv_sub(run, 0, LONGEST_KATAKANA * WIDTH), true);
	if (run.n > 3 * WIDTH)
		grams(w, run, 3, false);
}

/* The joint of hiragana with the script before it; @at is where the hiragana begins. */
static void joint(walker *w, km_sv v, size_t at, size_t end)
{
	size_t from = at >= WIDTH && script_at(v, at - WIDTH) != ALPHABET &&
				      script_at(v, at - WIDTH) != NOTHING
			      ? at - WIDTH
			      : at;
	size_t to = at + 2 * WIDTH < end ? at + 2 * WIDTH : end;

	say(w, km_sv_sub(v, from, to - from), false);
}

void km_words(km_sv text, size_t max, km_words_each *each, void *ctx)
{
	walker w;
	size_t end;

	w.each = each; /* not all of it at once: words are written before they are read */
	w.ctx = ctx;
	w.left = max;
	w.n = 0;
	for (size_t at = 0; at < text.n && w.left; at = end) {
		unsigned char c = (unsigned char)text.p[at];
		if (c < 0xe3 || c > 0xe9) {
			end = in_alphabet[c] ? alphabet(&w, text, at) : at + 1;
			continue;
		}
		script s = script_at(text, at);
		end = run_end(text, at, s);
		km_sv run = km_sv_sub(text, at, end - at);
		if (s == ALPHABET)
			say(&w, km_sv_sub(run, 0, LONGEST), true);
		else if (s == KANJI)
			kanji(&w, run);
		else if (s == KATAKANA)
			katakana(&w, run);
		else if (s == HIRAGANA)
			joint(&w, text, at, end);
	}
	flush(&w);
}
