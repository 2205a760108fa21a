/*
 * auth/client.h - what can be known of the connecting host itself: whether its name leads back to
 * its address (forward-confirmed reverse DNS, RFC 8601 section 3), and whether what it said in HELO
 * makes sense (RFC 5321 section 4.1.1.1). Pure, as auth/spf.h.
 */
#ifndef KM_AUTH_CLIENT_H
#define KM_AUTH_CLIENT_H

#include "dns/dns.h"
#include "fact/fact.h"
#include "mail/received.h"

enum { KM_CLIENT_MAX_NAMES = 10 }; /* of one address that are looked at */

/* In the order of the words of km_rdns_name(), which are those of iprev (RFC 8601). */
typedef enum {
	KM_RDNS_PASS,	   /* a name leads back to the address */
	KM_RDNS_FAIL,	   /* names, but none that leads back */
	KM_RDNS_TEMPERROR, /* no answer */
	KM_RDNS_PERMERROR  /* no name at all */
} km_rdns_code;

/* What is odd about HELO, by bit. */
enum {
	KM_HELO_NO_NAME = 1,	   /* neither a full name nor an address in brackets */
	KM_HELO_OTHER_ADDRESS = 2, /* brackets around an address that is not the client's */
	KM_HELO_OURS = 4,	   /* our own name, or the domain of a recipient */
	KM_HELO_UNKNOWN = 8	   /* a name that DNS does not know */
};

typedef struct {
	km_ip ip;
	km_sv hostname;	      /* that the MTA has confirmed; empty: it is looked up here */
	km_sv helo, our_name; /* as given */
	const km_sv *rcpts;
	size_t n_rcpts;
} km_client_request;

typedef struct {
	km_rdns_code rdns;
	km_sv name;	  /* confirmed, or the first that is not; empty when none */
	km_dnssec dnssec; /* of the answers that led to it; unknown when the MTA confirmed it */
	bool generic;	  /* the name spells out the address, as those of dial-up lines do */
	unsigned helo;	  /* KM_HELO_* */
} km_client_result;

/* KM_OK with *out set; KM_NOTFOUND while questions are open. */
KM_NODISCARD km_status km_client_step(km_arena *a, const km_client_request *q, km_dns_set *dns,
				      km_client_result *out);

/* "pass", "fail", "temperror", "permerror"; static. */
const char *km_rdns_name(km_rdns_code c);

void km_client_facts(const km_client_request *q, const km_client_result *r, km_facts *fs);

#endif
