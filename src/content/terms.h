/*
 * content/terms.h - thousands of words looked for in one pass over a match key (text/view.h), in
 * linear time. A word that begins with an ASCII letter or digit is found only where one begins:
 * "au", not in "beau"; others, as of Japanese, everywhere. Where it ends is for the caller to see
 * to. One set serves all checks: each adds its words and keeps the numbers. Thread rule: building
 * is for one thread; once built, any number of threads may scan.
 */
#ifndef KM_CONTENT_TERMS_H
#define KM_CONTENT_TERMS_H

#include "base/arena.h"
#include "base/err.h"

enum {
	KM_TERMS_MOST = 16384, /* words of one set */
	KM_TERM_BYTES = 240,   /* of one word's key */
	KM_TERM_HITS = 24      /* of one word in one text; more say no more */
};

typedef struct km_terms km_terms;

typedef struct {
	uint32_t term;
	uint32_t from, to; /* in the text scanned */
} km_term_hit;

typedef struct {
	const km_term_hit *hit; /* in the order in which they end; mostly the longer first */
	size_t n;
} km_term_hits;

km_terms *km_terms_new(void);
void km_terms_free(km_terms *t);
/*
 * The number of the word whose match key @text has; a word that is there already keeps its number.
 * KM_SYNTAX when nothing is left of it in the key, KM_LIMIT when it is too long or there are too
 * many.
 */
KM_NODISCARD km_status km_terms_add(km_terms *t, km_sv text, uint32_t *term, km_err *err);
/* The key of word @term. */
km_sv km_terms_text(const km_terms *t, uint32_t term);
size_t km_terms_count(const km_terms *t);
/* To be called once, after all words were added. */
KM_NODISCARD km_status km_terms_build(km_terms *t, km_err *err);

/*
 * All words in @key, which is a match key. What did not fit into the arena is missing. @count:
 * km_terms_count() zeros to work with, and zeros again at the end.
 */
km_term_hits km_terms_scan(const km_terms *t, km_arena *a, uint8_t *count, km_sv key);

#endif
