/*
 * content/contact.h - how a message wants to be answered or paid: to a free mailbox, to a wallet,
 * by telephone; and where its unsubscription leads.
 */
#ifndef KM_CONTENT_CONTACT_H
#define KM_CONTENT_CONTACT_H

#include "content/areas.h"
#include "content/brands.h"
#include "content/urls.h"
#include "fact/fact.h"

typedef struct {
	km_mail *mail;
	const km_areas *areas;
	const km_links *links;
	const km_brands *brands;
	km_sv from;	     /* reverse-path; may be empty */
	const km_sv *signer; /* domains of the DKIM signatures */
	size_t n_signers;
	bool (*is_wallet)(km_sv v); /* checks an address for money; needs digests */
} km_contact_job;

void km_contact_facts(km_arena *a, const km_contact_job *j, km_facts *fs);

#endif
