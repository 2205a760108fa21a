/*
 * engine/learn.h - the classifier's part in a scan: features, probability, facts.
 */
#ifndef KM_ENGINE_LEARN_H
#define KM_ENGINE_LEARN_H

#include "engine/learn_input.h"
#include "fact/fact.h"
#include "learn/reasons.h"

typedef struct {
	bool done; /* else there was no model, or no memory */
	km_scope scope;
	km_learn_input in;
	km_opinion opinion;
} km_learned;

/* @layers may be NULL. Adds LEARN_SPAM or LEARN_HAM when the classifier is sure enough. */
void km_learned_read(km_arena *a, const km_layers *layers, km_mail *mail, const km_views *views,
		     const km_sv *rcpts, size_t n_rcpts, km_learned *out, km_facts *facts);
/*
 * The part of the fact's points that an opinion is worth, 0..1: nothing while it is unsure, and
 * little while all it knows came with the program.
 */
double km_learned_strength(const km_opinion *o);

#endif
