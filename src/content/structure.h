/*
 * content/structure.h - facts about how a message is built: what the reader in mail/ and text/ saw.
 */
#ifndef KM_CONTENT_STRUCTURE_H
#define KM_CONTENT_STRUCTURE_H

#include "base/clock.h"
#include "content/imitation.h"
#include "content/opened.h"
#include "fact/fact.h"

typedef struct {
	km_mail *mail;
	const km_views *views;
	const km_links *links;
	const km_opened *opened;	 /* may be NULL */
	const km_imitations *imitations; /* may be NULL */
	km_time now;
	bool has_from; /* the reverse-path is known */
	km_sv from;    /* reverse-path without brackets; empty is the null sender */
	const km_sv *rcpts;
	size_t n_rcpts;
} km_structure;

/*
 * Adds the facts of groups structure, mime, ambiguity, sender, link, disguise, attachment, list.
 * @a is for what is needed meanwhile. Limits that were met are km_structure_limits()'s.
 */
void km_structure_facts(km_arena *a, const km_structure *s, km_facts *fs);

/* Adds one fact for each group of limits of base/limits.h that is in @set. */
void km_structure_limits(km_limit_set set, km_facts *fs);

#endif
