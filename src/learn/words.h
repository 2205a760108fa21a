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

/* @pairs: the word takes part in sparse bigrams. Return false to stop. */
typedef bool km_word_each(void *ctx, km_sv word, bool pairs);

/* Calls @each for every word of @text (valid UTF-8), in order. Linear. */
void km_words(km_sv text, km_word_each *each, void *ctx);

#endif
