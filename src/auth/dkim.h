/*
 * auth/dkim.h - DKIM signatures: verification (RFC 6376, RFC 8301, RFC 8463).
 *
 * Pure: keys are asked for through km_dns_need(). Bytes come from the one reading of the message;
 * they are canonicalised as if every line ended in CRLF, whatever the stored form has.
 *
 *	km_dkim *k = km_dkim_new(arena, mail, now);
 *	while (km_dkim_step(k, &dns, &result) == KM_NOTFOUND)
 *		… answer the questions of dns …
 *
 * Thread rule: one object, one thread. Lifetime: the arena, the mail, and the answers.
 */
#ifndef KM_AUTH_DKIM_H
#define KM_AUTH_DKIM_H

#include "base/clock.h"
#include "dns/dns.h"
#include "fact/fact.h"
#include "mail/message.h"

enum {
	KM_DKIM_MIN_BITS = 1024, /* RFC 8301 section 3.2 */
	KM_DKIM_MAX_BITS = 4096
};

/* RFC 8601 section 2.7.1, in the order of its words in km_dkim_code_name(). */
typedef enum {
	KM_DKIM_NONE,	   /* not signed */
	KM_DKIM_PASS,	   /* signed, verified, acceptable */
	KM_DKIM_FAIL,	   /* does not verify: the body or a signed field was changed, or forged */
	KM_DKIM_POLICY,	   /* not acceptable, whether it verifies or not: rsa-sha1, short key,
			      expired, an unsigned second From … */
	KM_DKIM_NEUTRAL,   /* can not be processed: no signature in the protocol's sense */
	KM_DKIM_TEMPERROR, /* the key could not be had now */
	KM_DKIM_PERMERROR  /* will never verify: no such key, revoked, a broken tag … */
} km_dkim_code;

/* What decided; X(id, the result, words for Authentication-Results and the expert). */
#define KM_DKIM_REASONS(X)                                                                         \
	X(NONE, PASS, "")                                                                          \
	X(SYNTAX, NEUTRAL, "the signature does not follow its grammar")                            \
	X(VERSION, NEUTRAL, "unknown version of the signature")                                    \
	X(ALGORITHM, NEUTRAL, "unknown algorithm")                                                 \
	X(CANONICAL, NEUTRAL, "unknown canonicalisation")                                          \
	X(QUERY, NEUTRAL, "unknown way to fetch the key")                                          \
	X(TAG_MISSING, PERMERROR, "a required tag is missing or empty")                            \
	X(DOMAIN, PERMERROR, "d= or s= is not a domain name")                                      \
	X(IDENTITY, PERMERROR, "i= is not in the signing domain")                                  \
	X(TIME, PERMERROR, "t= or x= is no time, or they contradict each other")                   \
	X(LENGTH, PERMERROR, "l= is no length, or longer than the body")                           \
	X(FROM_UNSIGNED, PERMERROR, "the From field is not signed")                                \
	X(FIELD_ADDED, POLICY,                                                                     \
	  "a field that is signed once stands in the message again, unsigned")                     \
	X(HEADER_CUT, POLICY, "the header is too long, or where it ends is ambiguous")             \
	X(TOO_MANY, POLICY, "too many signatures; this one was not looked at")                     \
	X(EXPIRED, POLICY, "the signature has expired")                                            \
	X(FUTURE, POLICY, "the signature is dated in the future")                                  \
	X(SHA1, POLICY, "rsa-sha1 is no longer acceptable (RFC 8301)")                             \
	X(KEY_MISSING, PERMERROR, "the key is not published")                                      \
	X(KEY_UNAVAILABLE, TEMPERROR, "the key could not be looked up now")                        \
	X(KEY_SYNTAX, PERMERROR, "the key record does not follow its grammar")                     \
	X(KEY_VERSION, PERMERROR, "unknown version of the key record")                             \
	X(KEY_REVOKED, PERMERROR, "the key was revoked")                                           \
	X(KEY_KIND, PERMERROR, "the key is of another kind than the signature")                    \
	X(KEY_HASH, PERMERROR, "the key does not allow this hash")                                 \
	X(KEY_SERVICE, PERMERROR, "the key is not for mail")                                       \
	X(KEY_GRANULARITY, PERMERROR, "the key is not for this local part (g=)")                   \
	X(KEY_STRICT, PERMERROR, "the key forbids subdomains in i=")                               \
	X(KEY_BROKEN, PERMERROR, "the key can not be read")                                        \
	X(KEY_SHORT, POLICY, "the key is under 1024 bits (RFC 8301)")                              \
	X(KEY_LONG, POLICY, "the key is over 4096 bits")                                           \
	X(BODY, FAIL, "the body was changed")                                                      \
	X(SIGNATURE, FAIL, "a signed field was changed, or the signature is forged")               \
	X(MEMORY, TEMPERROR, "not enough memory")

typedef enum {
#define X(id, code, words) KM_DKIM_WHY_##id,
	KM_DKIM_REASONS(X)
#undef X
		KM_DKIM_WHY_COUNT
} km_dkim_why;

typedef struct {
	km_dkim_code code;
	km_dkim_why why;
	km_sv reason;	   /* words of `why`, static; empty for pass */
	km_sv domain;	   /* d=, lower case; empty when it could not be read */
	km_sv selector;	   /* s=, lower case */
	km_sv identity;	   /* i=, or "@" and d= */
	km_sv algorithm;   /* a= */
	km_sv signature;   /* b= as bytes */
	km_sv b;	   /* start of b= (at most 8 bytes): header.b of RFC 6008 */
	km_sv h;	   /* names of the signed fields, as written: with colons, perhaps folded */
	size_t field;	   /* index of the DKIM-Signature field in mail->headers */
	unsigned key_bits; /* 0 while unknown; 256 for Ed25519 */
	bool body_ok;	   /* bh= is the hash of the body */
	bool signature_ok; /* b= is right: with a changed body, what lists do */
	bool verified;	   /* both are right, acceptable or not */
	bool testing;	   /* t=y in the key */
	bool strict;	   /* t=s in the key: i= is d= */
	size_t unsigned_tail;  /* bytes of the canonical body after l=: anybody's words */
	km_time time, expires; /* t= and x=; 0 when absent */
	/* for the expert; empty where it did not come to that */
	const char *canonical;	/* "relaxed/simple"; static */
	km_sv bh, body_hash;	/* as claimed and as found; bytes */
	km_sv key_name;		/* where the key is looked for */
	km_sv key_record;	/* as published: the one used, else the first */
	km_dns_rcode key_rcode; /* of the look-up, when key_name is there */
	km_dnssec key_dnssec;	/* likewise */
} km_dkim_sig;

typedef struct {
	km_dkim_code code; /* the best of all: pass if any passes, else the first signature's */
	const km_dkim_sig *sig; /* in the order in which they were looked at, then those not */
	size_t n;
} km_dkim_result;

typedef struct km_dkim km_dkim;

/* @mail must outlive it. NULL when the arena is full. */
km_dkim *km_dkim_new(km_arena *a, const km_mail *mail, km_time now);
/*
 * Goes on as far as the answers in @dns allow; all keys are asked for at once. KM_OK with *out set;
 * KM_NOTFOUND while questions are open. What could not be done for want of memory is temperror.
 */
KM_NODISCARD km_status km_dkim_step(km_dkim *k, km_dns_set *dns, const km_dkim_result **out);

/*
 * Whether the domain may be aligned (DMARC) or otherwise believed: it passes, and nothing that is
 * unsigned follows the signed part of the body.
 */
static inline bool km_dkim_counts(const km_dkim_sig *s)
{
	return s->code == KM_DKIM_PASS && s->unsigned_tail == 0;
}

/* "pass", "temperror", …; static. */
const char *km_dkim_code_name(km_dkim_code c);

/* Writes what was found as facts. */
void km_dkim_facts(const km_dkim_result *r, const km_mail *mail, km_facts *fs);

#endif
