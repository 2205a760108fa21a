/*
 * cli/key_check.h - whether the record of a key stands in DNS as it must.
 */
#ifndef KM_CLI_KEY_CHECK_H
#define KM_CLI_KEY_CHECK_H

#include "conf/conf.h"
#include "daemon/keyring.h"
#include "dns/dns.h"

/* X(id, word, Japanese, English) */
#define KM_KEY_SEEN(X)                                                                             \
	X(VISIBLE, "visible", "公開されている", "published")                                       \
	X(MISSING, "missing", "公開されていない", "not published")                                 \
	X(DIFFERENT, "different", "別の鍵が公開されている", "another key is published")            \
	X(UNKNOWN, "unknown", "DNS に問い合わせられない", "DNS could not be asked")

typedef enum {
#define X(id, word, ja, en) KM_KEY_SEEN_##id,
	KM_KEY_SEEN(X)
#undef X
		KM_KEY_SEEN_COUNT
} km_key_seen;

const char *km_key_seen_word(km_key_seen s);
const char *km_key_seen_text(km_key_seen s, int lang);

/* SELECTOR._domainkey.DOMAIN; {NULL, 0} without memory. */
km_sv km_key_name(km_arena *a, const km_ring_key *k);
/* What @answer to a question for the TXT of km_key_name() says of @k. Pure. */
km_key_seen km_key_compare(km_arena *a, const km_ring_key *k, const km_dns_answer *answer);

typedef struct km_key_dns km_key_dns;

/* Asks the zone file @snapshot, else dns.snapshot, else the DNS as configured. */
KM_NODISCARD km_status km_key_dns_open(const km_conf *conf, const char *snapshot, km_key_dns **out,
				       km_err *err);
void km_key_dns_close(km_key_dns *d);
km_key_seen km_key_dns_look(km_key_dns *d, km_arena *a, const km_ring_key *k);

#endif
