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

#include "learn/batch.h"

/* Words in order, @n of them. */
typedef struct {
	size_t n;
	const char *text[KM_BATCH_WORDS];
	uint8_t len[KM_BATCH_WORDS];   /* bytes, not 0 */
	bool pairs[KM_BATCH_WORDS];    /* takes part in sparse bigrams */
	uint64_t hash[KM_BATCH_WORDS]; /* km_sv_hash() */
} km_words_found;

typedef void km_words_each(void *ctx, const km_words_found *w);

/* Calls @each with the first @max words of @text (valid UTF-8), in order, some at a time. Linear.
 */
void km_words(km_sv text, size_t max, km_words_each *each, void *ctx);

#endif
