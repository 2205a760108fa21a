/*
 * auth/dmarc.h - DMARC (RFC 9989): policy records, the DNS Tree Walk, alignment, result.
 *
 * Pure: asks through km_dns_need(). What SPF and DKIM found comes in as plain identifiers, so that
 * the walk can be under way while they are still at work:
 *
 *	km_dmarc *d = km_dmarc_new(arena, author, KM_DMARC_WALK);
 *	(void)km_dmarc_discover(d, &dns);
 *	… SPF and DKIM to their end …
 *	while (km_dmarc_step(d, &dns, &input, &result) == KM_NOTFOUND)
 *		… answer the questions of dns …
 *
 * A message whose author is not one certain domain never passes. Answers that did not come make
 * temperror, never none and never pass. Thread rule: one object, one thread.
 */
#ifndef KM_AUTH_DMARC_H
#define KM_AUTH_DMARC_H

#include "dns/dns.h"
#include "fact/fact.h"
#include "mail/message.h"

enum { KM_DMARC_MAX_QUERIES = 8 }; /* of one Tree Walk (RFC 9989 section 4.10) */

typedef enum { KM_DMARC_POLICY_NONE, KM_DMARC_QUARANTINE, KM_DMARC_REJECT } km_dmarc_policy;
typedef enum { KM_DMARC_PSD_UNKNOWN, KM_DMARC_PSD_YES, KM_DMARC_PSD_NO } km_dmarc_psd;

enum { /* fo= */
       KM_DMARC_FO_ALL = 1,
       KM_DMARC_FO_ANY = 2,
       KM_DMARC_FO_DKIM = 4,
       KM_DMARC_FO_SPF = 8
};

typedef struct {
	km_dmarc_policy p, sp, np; /* sp and np fall back to what stands for them */
	bool has_sp, has_np;	   /* a valid one is there */
	bool unusable;		   /* p is missing or unknown, or sp or np is unknown */
	bool reports;		   /* rua has a URI that can be read */
	km_dmarc_psd psd;
	bool strict_dkim, strict_spf;
	bool testing; /* t=y */
	unsigned fo;
	km_sv rua, ruf; /* as written */
} km_dmarc_record;

/*
 * Reads a TXT record (RFC 9989 sections 4.7, 4.8). KM_NOTFOUND when it does not begin with
 * v=DMARC1. Unknown tags are passed over, values that can not be read give way to the default; of a
 * tag that comes twice the first counts. Linear; the views are into @txt.
 */
KM_NODISCARD km_status km_dmarc_record_read(km_sv txt, km_dmarc_record *out);

/*
 * The one domain that the message is from, as DNS is asked for it. KM_SYNTAX with *why (English,
 * static) when there is none, or when it is not certain which: several From fields or addresses,
 * groups, routes, whatever can be read in two ways.
 */
KM_NODISCARD km_status km_dmarc_author(km_arena *a, const km_mail *m, km_sv *domain, km_sv *why);

typedef enum {
	KM_DMARC_NONE,
	KM_DMARC_PASS,
	KM_DMARC_FAIL,
	KM_DMARC_TEMPERROR,
	KM_DMARC_PERMERROR
} km_dmarc_code;

/* How Organizational Domains are found. */
typedef enum {
	KM_DMARC_WALK, /* DNS Tree Walk */
	KM_DMARC_PSL   /* Public Suffix List, as in RFC 7489 */
} km_dmarc_method;

typedef struct {
	km_sv domain; /* lower case, without final dot */
	bool pass;    /* authenticated */
	bool unknown; /* its check could not be done now: an aligned one makes temperror */
} km_dmarc_id;

typedef struct {
	km_dmarc_id spf; /* MAIL FROM identity (RFC 7208 section 2.4) */
	const km_dmarc_id *dkim;
	size_t n_dkim;
} km_dmarc_input;

typedef struct {
	km_dmarc_code code;
	km_sv domain;			   /* Author Domain */
	km_sv organization;		   /* its Organizational Domain; empty while not known */
	km_sv policy_domain;		   /* where the record was found; empty when none applies */
	km_sv record;			   /* as published */
	km_dmarc_policy published, policy; /* as published for the Author Domain; after t= */
	bool missing;			   /* the Author Domain does not exist, so np applies */
	bool spf_aligned;
	uint32_t dkim_aligned; /* bit i: input->dkim[i] passes and is aligned */
	km_sv reason;	       /* of errors; English, static */
} km_dmarc_result;

typedef struct km_dmarc km_dmarc;

/* @author must outlive it: a domain as km_dmarc_author() gives it, or empty: then the result is
 * permerror with @why. NULL when the arena is full. */
km_dmarc *km_dmarc_new(km_arena *a, km_sv author, km_sv why, km_dmarc_method method);
/* Asks what can be asked before SPF and DKIM are done. KM_NOTFOUND while it is open. */
km_status km_dmarc_discover(km_dmarc *d, km_dns_set *dns);
/* KM_OK with *out set; KM_NOTFOUND while questions are open. At most 32 of input->dkim count. */
KM_NODISCARD km_status km_dmarc_step(km_dmarc *d, km_dns_set *dns, const km_dmarc_input *input,
				     km_dmarc_result *out);

/* One name of the walk. */
typedef struct {
	km_sv name; /* without "_dmarc." */
	km_dns_rcode rcode;
	km_sv record;  /* its one DMARC record, or empty */
	bool several;  /* there are several, which count as none */
	bool in_force; /* not above a psd tag, where the walk ends */
} km_dmarc_level;

/*
 * The names that were asked for the policy of @author, in order, for the expert: out of the answers
 * in @dns, after the check is done. Returns how many.
 */
size_t km_dmarc_levels(km_sv author, km_dmarc_method method, km_dns_set *dns,
		       km_dmarc_level out[KM_DMARC_MAX_QUERIES]);

/*
 * Writes what was found as a fact. @m: the message. @actual: the domain that is proven to have
 * signed or sent it, else the client's address, else empty. @weight: of a failure.
 */
void km_dmarc_facts(const km_dmarc_result *r, const km_mail *m, km_sv actual, double weight,
		    km_facts *fs);

/* "pass", …; "none", "quarantine", "reject"; static. */
const char *km_dmarc_code_name(km_dmarc_code c);
const char *km_dmarc_policy_name(km_dmarc_policy p);

#endif
