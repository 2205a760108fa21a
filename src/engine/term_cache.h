/*
 * engine/term_cache.h - compiled words (content/terms.h), kept: compiling them takes longer than
 * all else at start. A cache is one page that says what it is for, then the image. It goes for one
 * version of libhs, one CPU and one set of words; for all others, and when it is damaged, the words
 * are compiled again.
 */
#ifndef KM_ENGINE_TERM_CACHE_H
#define KM_ENGINE_TERM_CACHE_H

#include "content/terms.h"

enum { KM_TERM_CACHE_BYTES = 256 << 20 };

/*
 * Uses @cache, which begins on a page and must outlive @t; when it is not for @t (or empty),
 * compiles. *compiled (may be NULL) says which of both.
 */
KM_NODISCARD km_status km_term_cache_open(km_terms *t, km_sv cache, bool *compiled, km_err *err);
/* What to keep for the next time; *out is for free(). */
KM_NODISCARD km_status km_term_cache_make(const km_terms *t, char **out, size_t *n, km_err *err);

#endif
