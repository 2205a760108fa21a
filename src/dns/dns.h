/*
 * dns/dns.h - DNS questions and answers, free of wire format and of any socket.
 *
 * The core asks with km_dns_need(): it gets the answer at hand, or NULL, and then the question is
 * noted. Whoever drives the scan takes the open questions (km_dns_open()), brings the answers
 * (km_dns_give()) and steps again. Names are compared without case and without final dot.
 *
 * A name is the bytes of its labels with dots between them; only a dot or a backslash inside a
 * label is written with a backslash before it. So text that comes out of a message or a macro is a
 * name as it stands; km_dns_name_normal() doubles a backslash that stands alone.
 */
#ifndef KM_DNS_DNS_H
#define KM_DNS_DNS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/map.h"

typedef enum {
	KM_DNS_A = 1,
	KM_DNS_NS = 2,
	KM_DNS_CNAME = 5,
	KM_DNS_SOA = 6,
	KM_DNS_PTR = 12,
	KM_DNS_MX = 15,
	KM_DNS_TXT = 16,
	KM_DNS_AAAA = 28,
	KM_DNS_TLSA = 52
} km_dns_type;

typedef enum {
	KM_DNS_OK,     /* records follow */
	KM_DNS_NODATA, /* the name exists, not with this type */
	KM_DNS_NXDOMAIN,
	KM_DNS_SERVFAIL,
	KM_DNS_TIMEOUT,
	KM_DNS_BOGUS /* DNSSEC says forged */
} km_dns_rcode;

/*
 * One record's data. A, AAAA: 4 or 16 bytes in network order. TXT: the strings joined.
 * MX: preference and name. PTR, NS, CNAME: name. TLSA: RDATA as on the wire. SOA: its seven fields
 * with single spaces. Names are in lower case without final dot; the root is an empty view.
 */
typedef struct {
	km_sv data;
	uint16_t preference;
} km_dns_rr;

typedef struct {
	km_sv name;
	km_dns_type type;
	km_dns_rcode rcode;
	const km_dns_rr *rr; /* of the asked type, CNAMEs followed */
	size_t n;
	uint32_t ttl; /* seconds; smallest of the chain */
	bool secure;  /* validated by DNSSEC */
} km_dns_answer;

/* How far an answer is proven (RFC 4033 section 5); the weaker, the higher. */
typedef enum {
	KM_DNSSEC_UNKNOWN,  /* there is no answer */
	KM_DNSSEC_SECURE,   /* validated */
	KM_DNSSEC_INSECURE, /* not signed, or not validated */
	KM_DNSSEC_BOGUS	    /* forged: no answer at all */
} km_dnssec;

typedef struct {
	km_sv name;
	km_dns_type type;
} km_dns_question;

/* The questions and answers of one message. Plain data; all in the arena. */
typedef struct {
	km_arena *arena;
	km_map answers; /* "TYPE name" -> km_dns_answer */
	km_dns_question *open;
	size_t n_open, cap_open;
	size_t asked; /* questions so far, against KM_MAX_DNS_QUESTIONS */
	/* One whose answer was forged: that with the shortest name, in whatever order answers come.
	 * Its name is empty when none was. */
	km_dns_question bogus;
	km_limit_set limits;
} km_dns_set;

/* Text form of the longest name: 255 bytes on the wire, each escaped. */
enum { KM_DNS_NAME_TEXT = 512 };

/*
 * Writes @name in the form in which names are compared (lower case, no final dot) to @out. False
 * when it can not be asked: empty, an empty label, one over 63 bytes, the whole over 255 bytes.
 */
bool km_dns_name_normal(km_sv name, char out[KM_DNS_NAME_TEXT], size_t *n);
/* @name without its first label; empty for the last one. */
km_sv km_dns_name_parent(km_sv name);

void km_dns_set_init(km_dns_set *s, km_arena *arena);
/*
 * The answer to (@name, @type), or NULL while it is open. Past KM_MAX_DNS_QUESTIONS, and for names
 * that can not be asked (empty labels, over 255 bytes), an answer is made up: SERVFAIL or NXDOMAIN.
 */
const km_dns_answer *km_dns_need(km_dns_set *s, km_sv name, km_dns_type type);
/* The answer at hand, or NULL; asks nothing. */
const km_dns_answer *km_dns_known(const km_dns_set *s, km_sv name, km_dns_type type);
/* Open questions; they stay open until answered. */
static inline size_t km_dns_open(const km_dns_set *s, const km_dns_question **q)
{
	*q = s->open;
	return s->n_open;
}
/* Brings an answer; copied into the arena. */
KM_NODISCARD km_status km_dns_give(km_dns_set *s, const km_dns_answer *answer);

/* @a may be NULL. */
static inline km_dnssec km_dns_proof(const km_dns_answer *a)
{
	return a == NULL		  ? KM_DNSSEC_UNKNOWN
	       : a->rcode == KM_DNS_BOGUS ? KM_DNSSEC_BOGUS
	       : a->secure		  ? KM_DNSSEC_SECURE
					  : KM_DNSSEC_INSECURE;
}

const char *km_dns_type_name(km_dns_type t);
/* "secure", "insecure", "bogus"; NULL for KM_DNSSEC_UNKNOWN. */
const char *km_dnssec_name(km_dnssec p);
const char *km_dns_rcode_name(km_dns_rcode r);

#endif
