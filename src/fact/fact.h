/*
 * fact/fact.h - facts: what was seen, and where. The table facts.def names them all, with default
 * points and a sentence for each of three readers in two languages.
 * A module that looks at a message only adds facts; it never knows the score.
 */
#ifndef KM_FACT_FACT_H
#define KM_FACT_FACT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

#define KM_FACT_GROUPS(X)                                                                          \
	X(structure)                                                                               \
	X(mime)                                                                                    \
	X(ambiguity)                                                                               \
	X(sender)                                                                                  \
	X(auth)                                                                                    \
	X(link)                                                                                    \
	X(brand)                                                                                   \
	X(wording)                                                                                 \
	X(disguise)                                                                                \
	X(attachment)                                                                              \
	X(list)                                                                                    \
	X(learn)                                                                                   \
	X(outbound)

typedef enum {
#define X(name) KM_GROUP_##name,
	KM_FACT_GROUPS(X)
#undef X
		KM_GROUP_COUNT
} km_group;

typedef enum {
#define KM_FACT(id, group, points, rja, ren, aja, aen, sja, sen) KM_FACT_##id,
#include "fact/facts.def"
#undef KM_FACT
	KM_FACT_COUNT
} km_fact_id;

typedef enum { KM_FOR_RECIPIENT, KM_FOR_ADMIN, KM_FOR_SENDER, KM_READERS } km_reader;
typedef enum { KM_JA, KM_EN, KM_LANGS } km_lang;

typedef struct {
	const char *id; /* "FROM_MULTIPLE" */
	km_group group;
	double points;				    /* default */
	const char *sentence[KM_READERS][KM_LANGS]; /* with {seen}, {1}, {2}, {3}; what
						       stands in [[ ]] is left out when
						       a value in it is empty */
} km_fact_info;

typedef struct {
	km_fact_id id;
	km_sv seen; /* valid UTF-8, at most KM_MAX_SEEN_BYTES: what was found, as a person reads it
		     */
	km_sv arg[3];	       /* {1} {2} {3} of the sentences; valid UTF-8 */
	double weight;	       /* multiplies the points; 1 unless the fact has a strength */
	int part;	       /* index of the part, or -1 for the message or envelope */
	size_t offset, length; /* in the message; length 0 when there is no one place */
	km_sv inside;	       /* name of the attached file that it was seen in; empty: in none */
	const char *brand;     /* brand_id of the brand that it is about, or NULL; not owned */
	const char *category;  /* what mail is that pretends to be that brand, or without one, that
				  is worded so: "phish_card"; static; or NULL */
} km_fact;

typedef struct {
	km_arena *arena;
	km_fact *f;
	size_t n, cap;
	bool cut; /* met KM_MAX_FACTS */
} km_facts;

void km_facts_init(km_facts *fs, km_arena *arena);
/*
 * Adds a fact about @part at [@offset, +@length). @seen is copied, made valid UTF-8 and cut.
 * Returns the new fact, so that args and weight can be set (with km_fact_arg()) before the next one
 * is added, or NULL past the limit.
 */
km_fact *km_fact_add(km_facts *fs, km_fact_id id, km_sv seen, int part, size_t offset,
		     size_t length);
/* Sets {@which} (1..3); copied, sanitised and cut like seen. @f may be NULL. */
void km_fact_arg(km_facts *fs, km_fact *f, int which, km_sv value);
/* Names the file that it was seen in; kept like seen. @f may be NULL. */
void km_fact_inside(km_facts *fs, km_fact *f, km_sv file);
bool km_facts_has(const km_facts *fs, km_fact_id id);

const km_fact_info *km_fact_describe(km_fact_id id);
const char *km_group_name(km_group g);
/* KM_FACT_COUNT / KM_GROUP_COUNT when there is no such name. */
km_fact_id km_fact_by_name(km_sv name);
km_group km_group_by_name(km_sv name);

/* A reason of SPF, DKIM, ARC or DMARC in @lang; @words, as they are, when they are none. */
km_sv km_fact_reason(km_sv words, km_lang lang);
/*
 * The sentence with its placeholders filled in and, but for the remote sender, the file that it was
 * seen in. Control characters of the values, and characters
 * that change the order of those around them, are removed; an empty value is shown as "-".
 * Empty when the arena is full.
 */
km_sv km_fact_sentence(km_arena *a, const km_fact *f, km_reader reader, km_lang lang);

#endif
