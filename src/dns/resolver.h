/*
 * dns/resolver.h - answers from the DNS itself: libunbound (iteration or forwarding, cache, DNSSEC,
 * TCP after truncation) on its user's event loop, without a thread. All that a message asks at a
 * time is asked side by side; what several ask at the same time goes out once.
 *
 * What is not answered in time is KM_DNS_TIMEOUT; what fails otherwise is KM_DNS_SERVFAIL, or
 * KM_DNS_BOGUS where DNSSEC says so. Thread rule: one resolver, one thread.
 */
#ifndef KM_DNS_RESOLVER_H
#define KM_DNS_RESOLVER_H

#include <unbound-event.h>

#include "dns/dns.h"

typedef struct km_resolver km_resolver;

enum { KM_RESOLVER_SERVERS = 64 };

typedef struct {
	/* Resolvers to ask (at most KM_RESOLVER_SERVERS), as "192.0.2.1" or "2001:db8::1@5353";
	 * none: from the root servers down. */
	const char *const *servers;
	size_t n_servers;
	const char *anchor; /* file with the keys of the root; "off": DNSSEC is not checked */
	size_t cache;	    /* bytes */
	/* ms: to wait for one answer; for all answers of one message */
	uint64_t timeout, deadline;
} km_resolver_settings;

/* KM_CONFIG, naming the first of the servers that is no address. */
KM_NODISCARD km_status km_resolver_check(const km_resolver_settings *s, km_err *err);

/*
 * Opens all files that it will ever need; afterwards it only opens sockets: UDP and TCP, to port 53
 * or those of the servers. @base must outlive it.
 */
KM_NODISCARD km_status km_resolver_new(const km_resolver_settings *s, struct ub_event_base *base,
				       km_resolver **out, km_err *err);
/* Who still waits is not called any more. Its events end in the loop's next turn. */
void km_resolver_free(km_resolver *r);

/* The ports that it connects to, for who confines it. */
size_t km_resolver_ports(const km_resolver *r, const uint16_t **ports);

/* Since the beginning. */
typedef struct {
	uint64_t asked;	   /* questions */
	uint64_t at_once;  /* of these, those answered from the cache */
	uint64_t timeouts; /* not answered in time */
	uint64_t failures; /* SERVFAIL and BOGUS */
	uint64_t wait_us;  /* sum over messages: waited for answers */
} km_resolver_counts;

const km_resolver_counts *km_resolver_count(const km_resolver *r);

/* What one message waits for. The user sets the first part, the rest starts as zero. */
typedef struct km_dns_asking km_dns_asking;
struct km_dns_asking {
	km_dns_set *set; /* whose open questions are answered */
	/* All of them are; to be asked again when there are new ones. May be in the midst of
	 * another one's km_resolver_ask(). */
	void (*done)(km_dns_asking *a);
	/* An answer came, or was made up; may be NULL. */
	void (*seen)(km_dns_asking *a, const km_dns_answer *answer);
	void *ctx;

	km_resolver *resolver;
	struct km_dns_wait *wait;
	size_t n_wait, n_open;
	uint64_t begun_ns, deadline_ns, round_ns;
	bool asking;
	km_dns_asking *prev, *next;
};

/*
 * Asks the open questions of a->set. KM_OK: all could be answered at once. KM_NOTFOUND: a->done()
 * will be called. KM_LIMIT: the set has no memory for answers.
 */
KM_NODISCARD km_status km_resolver_ask(km_resolver *r, km_dns_asking *a);
/* Nobody waits any more: a->done() is not called. */
void km_resolver_forget(km_dns_asking *a);
/* What is open is answered now, with timeouts; then a->done(). */
void km_resolver_hurry(km_dns_asking *a);
/* Who waits for longest, but for @but, waits no more: neither for what is open nor for what it asks
 * later. False when nobody else waits. */
bool km_resolver_expire(km_resolver *r, const km_dns_asking *but);

#endif
