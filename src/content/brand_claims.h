/*
 * content/brand_claims.h - which brands a message claims to be from, and how strongly. Internal to
 * content/, for brand_check.c and its tests.
 */
#ifndef KM_CONTENT_BRAND_CLAIMS_H
#define KM_CONTENT_BRAND_CLAIMS_H

#include "content/areas.h"
#include "content/brands.h"

enum { KM_CLAIMS_MOST = 16 };

/* Strengths add up to `total`: from 3 on a reader takes the brand for the sender. */
typedef struct {
	const km_brand *brand;
	const km_brand_alias *alias; /* the one that weighed most */
	const km_area *area;	     /* where that stands */
	km_term_hit hit;	     /* and its place in area->key */
	double best;		     /* what it weighed */
	double name, address, subject, opening, closing, body;
	unsigned mentions; /* in the texts */
	bool disguised;	   /* somewhere in letters that only look like its own */
	double total;
} km_claim;

typedef struct {
	km_claim claim[KM_CLAIMS_MOST]; /* strongest first */
	size_t n;
} km_claims;

/* @notice: the message seems to warn of fraud, so that names of brands in its text say little. */
void km_claims_read(const km_brands *b, const km_terms *terms, const km_areas *areas, bool notice,
		    km_arena *a, km_claims *out);

#endif
