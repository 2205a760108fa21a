/*
 * cli/suggest.h - the word that was probably meant.
 */
#ifndef KM_CLI_SUGGEST_H
#define KM_CLI_SUGGEST_H

#include "base/sv.h"

/*
 * The nearest of @names to @word by Damerau-Levenshtein distance (insert, delete, change, swap of
 * neighbours), case-blind; NULL when none is near enough to be a slip. Words over 40 bytes have no
 * neighbour.
 */
const char *km_suggest(km_sv word, const char *const *names, size_t n);

#endif
