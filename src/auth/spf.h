/*
 * auth/spf.h - SPF evaluation (RFC 7208).
 * Pure: asks for DNS answers through km_dns_need(), owns no socket. One km_spf per (ip, identity).
 * Includes and redirects are followed with a stack of their own, whose depth the number of look-ups
 * bounds. Answers that did not come (time-out, SERVFAIL, BOGUS) make temperror, never none.
 *
 *	km_spf *s = km_spf_new(arena, &request);
 *	while (km_spf_step(s, &dns, &result) == KM_NOTFOUND)
 *		… answer the questions of dns …
 *
 * Thread rule: one object, one thread. Lifetime: the arena, and the answers in the km_dns_set.
 */
#ifndef KM_AUTH_SPF_H
#define KM_AUTH_SPF_H

#include "base/clock.h"
#include "dns/dns.h"
#include "fact/fact.h"
#include "mail/received.h"

enum {
	KM_SPF_MAX_LOOKUPS = 10, /* terms that ask DNS (RFC 7208 section 4.6.4) */
	KM_SPF_MAX_VOIDS = 2,	 /* look-ups without answer (RFC 7208 section 4.6.4) */
	KM_SPF_MAX_NAMES = 10,	 /* of one mx, one ptr or %{p} (RFC 7208 section 4.6.4) */
	KM_SPF_MAX_LOCAL = 256,	 /* bytes of the local part that macros see */
	KM_SPF_MAX_TEXT = 4096,	 /* bytes that a domain-spec or an explanation may expand to */
	KM_SPF_MAX_STEPS = 500	 /* kept of a trace */
};

/* RFC 7208 section 2.6, in the order of the words of km_spf_code_name(). */
typedef enum {
	KM_SPF_NONE,
	KM_SPF_NEUTRAL,
	KM_SPF_PASS,
	KM_SPF_FAIL,
	KM_SPF_SOFTFAIL,
	KM_SPF_TEMPERROR,
	KM_SPF_PERMERROR
} km_spf_code;

/* What one term came to. */
typedef enum {
	KM_SPF_STEP_RECORD, /* no term: the record was fetched */
	KM_SPF_STEP_NO,	    /* does not match */
	KM_SPF_STEP_MATCH,
	KM_SPF_STEP_ENTER, /* goes on in the record of `name` */
	KM_SPF_STEP_ERROR  /* see the result's reason */
} km_spf_outcome;

typedef struct {
	km_spf_outcome outcome;
	unsigned depth; /* of includes, from 0 */
	km_sv domain;	/* whose record it is */
	km_sv text;	/* the term, or the record */
	km_sv name;	/* that the term is about, macros expanded; empty when it is about none */
	unsigned lookups, voids; /* spent so far */
} km_spf_trace;

typedef struct {
	km_ip ip;
	km_sv helo;
	/* Reverse-path without brackets; empty for the null one, and then the identity checked is
	 * postmaster at the HELO name (RFC 7208 section 2.4). */
	km_sv from;
	km_sv receiver; /* our name, for %{r}; empty: "unknown" */
	km_time now;	/* for %{t} */
	bool trace;	/* keep the steps, for the expert */
} km_spf_request;

typedef struct {
	km_spf_code code;
	bool helo;    /* the HELO identity was checked, for want of a reverse-path */
	km_sv domain; /* of the identity, as asked for; as given when it is no domain name */
	km_sv record; /* first record, or empty */
	km_sv where;  /* domain whose record decided: after redirects, not includes */
	km_sv term;   /* term that decided or is wrong, as written; empty when none did */
	km_sv reason; /* for none, temperror and permerror: why; English, static */
	unsigned lookups, voids;
	km_dnssec dnssec;  /* the weakest of all answers asked for */
	km_sv explanation; /* of fail, from the domain's owner; ASCII; empty when none. Hostile. */
	const km_spf_trace *trace; /* in order, when it was asked for */
	size_t n_trace;
} km_spf_result;

typedef struct km_spf km_spf;

/* Views of @q must outlive it. NULL when the arena is full. */
km_spf *km_spf_new(km_arena *a, const km_spf_request *q);
/*
 * Goes on as far as the answers in @dns allow. KM_OK with *out set; KM_NOTFOUND while questions are
 * open. Once done, the same result again.
 */
KM_NODISCARD km_status km_spf_step(km_spf *s, km_dns_set *dns, km_spf_result *out);

/* "pass", "softfail", …; static. */
const char *km_spf_code_name(km_spf_code c);

/*
 * Writes what was found as a fact about the client @ip. @settled: the author is proven otherwise
 * (DMARC passes) or the client is one of us; a failure is then worth nothing.
 */
void km_spf_facts(const km_spf_result *r, const km_ip *ip, bool settled, km_facts *fs);

#endif
