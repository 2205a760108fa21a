/*
 * learn/reasons.h - what of a message weighed most in the classifier's judgement: the words,
 * phrases, links and header fields of the message in hand, for and against abuse. The model knows
 * only hashes; where its features stand was written down while they were read.
 */
#ifndef KM_LEARN_REASONS_H
#define KM_LEARN_REASONS_H

#include "fact/fact.h"
#include "learn/layers.h"
#include "learn/places.h"

enum { KM_REASONS = 8 };

typedef struct {
	const char *field; /* as in km_feature */
	int part;	   /* index of the text, or -1 */
	km_sv text;	   /* "cheap meds", "cheap … meds": readable, valid UTF-8; in the arena */
	double log_odds;   /* that it added to its view */
} km_reason;

typedef struct {
	km_reason abuse[KM_REASONS], honest[KM_REASONS]; /* weightiest first */
	size_t n_abuse, n_honest;
} km_reasons;

/* @f and @where: as km_features_read_for() gives them. KM_LIMIT when the arena is too small. */
KM_NODISCARD km_status km_reasons_read(km_arena *a, const km_layers *l, const km_scope *scope,
				       const km_features *f, const km_places *where,
				       km_reasons *out);

/* Where a person finds it: "subject", "text", "link", "header"; in the language asked for. */
const char *km_reason_place(const km_reason *r, km_lang lang);

#endif
