/*
 * dns/cache.h - answers that were had before, for as long as they hold (RFC 2181 section 8, RFC
 * 2308 section 5), positive and negative, with what DNSSEC said of them. It stands in front of a
 * resolver whose own cache takes as long to ask as the rest of a message's authentication. Bounded
 * in bytes; what was not used for longest makes room. Thread rule: one cache, one thread.
 */
#ifndef KM_DNS_CACHE_H
#define KM_DNS_CACHE_H

#include "dns/dns.h"

enum {
	KM_DNS_CACHE_ANSWER = 8192,	 /* bytes of the greatest answer that is kept */
	KM_DNS_CACHE_TTL = 86400,	 /* seconds that one is kept at most */
	KM_DNS_CACHE_NEGATIVE_TTL = 3600 /* the same for a negative one */
};

typedef struct km_dns_cache km_dns_cache;

/* For at most @bytes; NULL without memory. */
km_dns_cache *km_dns_cache_new(size_t bytes);
void km_dns_cache_free(km_dns_cache *c);
/* Keeps a copy until its TTL has passed. Failures are not kept. @now: seconds of any clock that
 * does not go back. */
void km_dns_cache_put(km_dns_cache *c, const km_dns_answer *answer, uint64_t now);
/* The answer to @name (in normal form) and @type, with the TTL that is left; NULL when there is
 * none. Valid until the next call. */
const km_dns_answer *km_dns_cache_get(km_dns_cache *c, km_sv name, km_dns_type type, uint64_t now);
size_t km_dns_cache_bytes(const km_dns_cache *c);

#endif
