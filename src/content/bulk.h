/*
 * content/bulk.h - what a mailing has to carry, as advice to its sender: one-click unsubscription
 * (RFC 8058) that a signature covers, List-Id (RFC 2919), a From domain with a DMARC record, and
 * what the Japanese act on specified electronic mail wants shown (articles 4 and 5 of the act,
 * article 9 of its rule): sender, a way to opt out, postal address, contact. Pure.
 */
#ifndef KM_CONTENT_BULK_H
#define KM_CONTENT_BULK_H

#include "content/urls.h"
#include "fact/fact.h"

typedef struct {
	const km_mail *mail;
	const km_views *views;
	const km_links *links;
	/* names of the fields that each signature covers which passes: h=, as written */
	const km_sv *covered;
	size_t n_covered;
	bool is_signed;	      /* it has signatures; without any, ours will cover what it must */
	bool has_policy;      /* the From domain has a DMARC record, or it is not known */
	km_sv domain, policy; /* the From domain; result of DMARC, for the fact */
} km_bulk_mail;

/* Whether the message says itself that it is a mailing: List-Unsubscribe, List-Id, Precedence. An
 * answer of a program is none. */
bool km_bulk_is_one(const km_mail *m);

/* Adds what is missing. A list whose members write to each other (List-Post) is no mailing in the
 * sense of the act: it needs a List-Id and DMARC alone. Linear in what is looked at, at most 256
 * KB. */
void km_bulk_facts(km_arena *a, const km_bulk_mail *b, km_facts *fs);

#endif
