#include "learn/words.h"

#include "base/block.h"

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
	size_t left;	 /* words that may still be said */
	const char *end; /* of the text */
	km_words_found found;
} walker;

/* The last bytes of a word, as many as a number has, and the hash of those before. */
enum { TAIL = sizeof(uint64_t) };

/* What the hash must begin with so that so many zeros make it KM_HASH_BEGIN: each multiplies it,
 * which this takes back. They stand before the bytes of a short word. */
#define BACK 0xce965057aff6957bu
static const uint64_t begin[TAIL] = {
	KM_HASH_BEGIN,
	KM_HASH_BEGIN *BACK,
	KM_HASH_BEGIN *BACK *BACK,
	KM_HASH_BEGIN *BACK *BACK *BACK,
	KM_HASH_BEGIN *BACK *BACK *BACK *BACK,
	KM_HASH_BEGIN *BACK *BACK *BACK *BACK *BACK,
	KM_HASH_BEGIN *BACK *BACK *BACK *BACK *BACK *BACK,
	KM_HASH_BEGIN *BACK *BACK *BACK *BACK *BACK *BACK *BACK,
};

static void cut_long(const char *p, size_t len, uint64_t *so_far, uint64_t *tail)
{
	uint64_t h = KM_HASH_BEGIN;

	for (size_t i = 0; i < len - TAIL; i++)
		h = km_hash_byte(h, p[i]);
	memcpy(tail, p + len - TAIL, TAIL);
	*so_far = h;
	*tail = le64toh(*tail);
}

/* A short word that there are fewer bytes after than its tail has. */
static void cut_last(const char *p, size_t len, uint64_t *so_far, uint64_t *tail)
{
	*so_far = begin[TAIL - len];
	*tail = 0;
	memcpy(tail, p, len);
	*tail = le64toh(*tail) << 8 * (TAIL - len);
}

static void flush(walker *w)
{
	km_words_found *f = &w->found;
	uint64_t so_far[KM_BATCH_WORDS], tail[KM_BATCH_WORDS];

	if (f->n == 0)
		return;
	for (size_t i = 0; i < f->n; i++) {
		const char *p = f->text[i];
		size_t len = f->len[i];
		if (len <= TAIL && (size_t)(w->end - p) >= TAIL) {
			so_far[i] = begin[TAIL - len];
			memcpy(&tail[i], p, TAIL);
			tail[i] = le64toh(tail[i]) << 8 * (TAIL - len);
		} else if (len < TAIL) {
			cut_last(p, len, &so_far[i], &tail[i]);
		} else {
			cut_long(p, len, &so_far[i], &tail[i]);
		}
	}
	km_batch_best()->hashes(f->n, so_far, tail, f->hash);
	w->each(w->ctx, f);
	f->n = 0;
}

/* @w->left is not 0; @len neither, and at most LONGEST. */
static inline void say(walker *w, const char *p, size_t len, bool pairs)
{
	km_words_found *f = &w->found;

	f->text[f->n] = p;
	f->len[f->n] = (uint8_t)len;
	f->pairs[f->n] = pairs;
	w->left--;
	if (++f->n == KM_BATCH_WORDS)
		flush(w);
}

static void say_some(walker *w, km_sv word, bool pairs)
{
	if (w->left && word.n)
		say(w, word.p, word.n, pairs);
}

/* A word of an alphabet, up to what begins no word or is cut off. Gives its end. */
static size_t alphabet(walker *w, km_sv v, size_t from)
{
	size_t at = from, most = v.n - from < LONGEST ? v.n : from + LONGEST, end, len;

	while (at < most && in_alphabet[(unsigned char)v.p[at]])
		at++;
	end = at;
	if (at < v.n && (at == most || (unsigned char)v.p[at] >= 0x80) &&
	    script_at(v, at) == ALPHABET)
		end = run_end(v, at, ALPHABET);
	/* what is cut off is not said, but bytes that begin no character are */
	len = at < most ? end - from : at - from;
	say(w, v.p + from, len < LONGEST ? len : LONGEST, true);
	return end;
}

/* Bits, the first one lowest. */
enum { BITS = 64 };
typedef struct {
	uint64_t word; /* of a word of an alphabet */
	uint64_t wide; /* E3 to E9 */
} bits;

static bits bits_of(const char *p)
{
	bits out = { 0, 0 };

	for (unsigned at = 0; at < BITS; at += KM_BLOCK) {
		km_block b = km_block_load(p + at);
		km_block wide = (km_block)(b - 0xe3 < 0xea - 0xe3);
		km_block marks = (km_block)(b - '-' < 2) | (km_block)(b == '$') |
				 (km_block)(b == '\'') | (km_block)(b == '!') |
				 (km_block)(b == '_');
		km_block word = (km_block)((b | 0x20) - 'a' < 26) | (km_block)(b - '0' < 10) |
				marks | ((km_block)(b >= 0x80) & ~wide);
		out.word |= (uint64_t)km_block_bits(word) << at;
		out.wide |= (uint64_t)km_block_bits(wide) << at;
	}
	return out;
}

/*
 * What most text is: says the words that end within the next BITS bytes, where @from is not within
 * a word, without a branch for each byte. Gives where the next word begins, or @from.
 */
static size_t alphabets(walker *w, km_sv v, size_t from)
{
	bits b = bits_of(v.p + from);
	size_t n = b.wide ? (size_t)__builtin_ctzll(b.wide) : BITS;
	uint64_t here = b.wide ? (1ull << n) - 1 : ~0ull;
	uint64_t word = b.word & here, ends = ~word & word << 1 & here,
		 begins = word & ~(word << 1);

	for (; ends && w->left; ends &= ends - 1, begins &= begins - 1) {
		size_t begin_at = (size_t)__builtin_ctzll(begins);
		size_t len = (size_t)__builtin_ctzll(ends) - begin_at;
		say(w, v.p + from + begin_at, len < LONGEST ? len : LONGEST, true);
	}
	return from + (begins ? (size_t)__builtin_ctzll(begins) : n);
}

static void grams(walker *w, km_sv run, size_t chars, bool pairs)
{
	for (size_t at = 0; at + chars * WIDTH <= run.n && w->left; at += WIDTH)
		say(w, run.p + at, chars * WIDTH, pairs);
}

static void kanji(walker *w, km_sv run)
{
	grams(w, run, 1, run.n == WIDTH);
	grams(w, run, 2, true);
	grams(w, run, 3, false);
}

static void katakana(walker *w, km_sv run)
{
	say_some(w, km_sv_sub(run, 0, LONGEST_KATAKANA * WIDTH), true);
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

	say_some(w, km_sv_sub(v, from, to - from), false);
}

void km_words(km_sv text, size_t max, km_words_each *each, void *ctx)
{
	walker w;
	size_t end;

	if (text.n == 0)
		return;
	w.each = each; /* not all of it at once: words are written before they are read */
	w.ctx = ctx;
	w.left = max;
	w.end = text.p + text.n;
	w.found.n = 0;
	for (size_t at = 0; at < text.n && w.left; at = end) {
		unsigned char c = (unsigned char)text.p[at];
		if (c < 0xe3 || c > 0xe9) {
			end = text.n - at >= BITS ? alphabets(&w, text, at) : at;
			if (end == at)
				end = in_alphabet[c] ? alphabet(&w, text, at) : at + 1;
			continue;
		}
		script s = script_at(text, at);
		end = run_end(text, at, s);
		km_sv run = km_sv_sub(text, at, end - at);
		if (s == ALPHABET)
			say_some(&w, km_sv_sub(run, 0, LONGEST), true);
		else if (s == KANJI)
			kanji(&w, run);
		else if (s == KATAKANA)
			katakana(&w, run);
		else if (s == HIRAGANA)
			joint(&w, text, at, end);
	}
	flush(&w);
}
