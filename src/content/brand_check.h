/*
 * content/brand_check.h - is the message from the brand that it claims to be from? The name that a
 * reader sees is weighed against the domain that is proven, or at least claimed, and against where
 * the links lead.
 */
#ifndef KM_CONTENT_BRAND_CHECK_H
#define KM_CONTENT_BRAND_CHECK_H

#include "content/areas.h"
#include "content/brands.h"
#include "content/urls.h"
#include "fact/fact.h"

/* What authentication said about the author's domain. */
typedef enum {
	KM_ORIGIN_UNKNOWN, /* could not be settled now: the domain is taken as claimed */
	KM_ORIGIN_OPEN,	   /* nothing proves it, and its owner asks for no proof */
	KM_ORIGIN_PROVEN,  /* SPF or DKIM passed for it (RFC 9989 section 4.4, relaxed) */
	KM_ORIGIN_REFUTED  /* its owner publishes DMARC, and nothing proves it */
} km_origin_state;

typedef struct {
	km_sv domain; /* of From, lower case; empty when there is none or it is not certain which */
	km_sv local;  /* its local part */
	km_origin_state state;
} km_origin;

typedef struct {
	const km_brands *brands;
	const km_terms *terms;
	km_mail *mail;
	const km_areas *areas;
	const km_links *links;
	const km_origin *origin;
	bool notice; /* seems to warn of fraud (content/wording.h) */
	bool demand; /* it wants something, by its wording: to log in, to pay, to call … */
} km_brand_job;

/* Adds facts of the group brand. @a is for what is needed meanwhile. */
void km_brand_facts(km_arena *a, const km_brand_job *j, km_facts *fs);

#endif
