/*
 * learn/words.h - a match key (text/view.h) cut into words for learning, without a dictionary:
 *   alphabets  runs of letters and digits, with the marks that spam likes inside ($ ! - . ' _)
 *   kanji      1-, 2- and 3-grams of a run
 *   katakana   the whole run, and 3-grams of longer ones
 *   hiragana   only where it joins another script: the character before with the two after
 * Character counts of n-grams in one script are what Japanese filters of twenty years agree on
 * (docs/learning.md).
 */
#ifndef KM_LEARN_WORDS_H
#define KM_LEARN_WORDS_H

#include "base/sv.h"

typedef struct {
	km_sv text;
	uint64_t hash; /* km_sv_hash(text) */
	bool pairs;    /* takes part in sparse bigrams */
} km_word;

enum { KM_WORDS_BATCH = 64 };

/* @n <= KM_WORDS_BATCH. */
typedef void km_words_each(void *ctx, const km_word *w, size_t n);

/* Calls @each with the first @max words of @text (valid UTF-8), in order, some at a time. Linear.
 */
void km_words(km_sv text, size_t max, km_words_each *each, void *ctx);

#endif
