/*
 * cli/words.h - compiled words of earlier runs (engine/term_cache.h), in the user's own cache
 * folder: $XDG_CACHE_HOME/komainu, else ~/.cache/komainu.
 */
#ifndef KM_CLI_WORDS_H
#define KM_CLI_WORDS_H

#include "base/file.h"
#include "content/terms.h"

/* Empty when there are none, or not of this user. km_file_close() in any case. */
km_file km_words_open(void);
/* For the next run; that it can not be kept is no error. */
void km_words_keep(const km_terms *t);

#endif
