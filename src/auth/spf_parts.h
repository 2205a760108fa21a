/*
 * auth/spf_parts.h - the grammar and the macros of SPF records (RFC 7208 sections 4.6.1, 5, 6, 7,
 * 12), without DNS. Internal to auth/.
 */
#ifndef KM_AUTH_SPF_PARTS_H
#define KM_AUTH_SPF_PARTS_H

#include "auth/spf.h"

typedef enum {
	KM_SPF_ALL,
	KM_SPF_INCLUDE,
	KM_SPF_A,
	KM_SPF_MX,
	KM_SPF_PTR,
	KM_SPF_IP4,
	KM_SPF_IP6,
	KM_SPF_EXISTS,
	KM_SPF_REDIRECT, /* modifiers from here on */
	KM_SPF_EXP,
	KM_SPF_UNKNOWN
} km_spf_kind;

typedef struct {
	km_spf_kind kind;
	km_spf_code qualifier; /* result when a mechanism matches */
	km_sv text;	       /* as written */
	km_sv domain;	       /* domain-spec, macros still in; empty when it has none */
	km_ip net;	       /* of ip4, ip6 */
	unsigned cidr4, cidr6; /* bits */
} km_spf_term;

/* Whether a TXT record is an SPF record; @terms is what follows its version. */
bool km_spf_is_record(km_sv txt, km_sv *terms);
/*
 * Takes the next term off @rest. KM_NOTFOUND at the end; KM_SYNTAX, with t->text set, for what does
 * not follow the grammar. Linear in the size of the term.
 */
KM_NODISCARD km_status km_spf_term_next(km_sv *rest, km_spf_term *t);
/* The whole of a record's @terms. KM_SYNTAX with *wrong set; else the two modifiers, or empty. */
KM_NODISCARD km_status km_spf_terms_check(km_sv terms, km_sv *redirect, km_sv *exp, km_sv *wrong);

/* What the macro letters stand for (RFC 7208 section 7.2). */
typedef struct {
	km_sv local;	/* l */
	km_sv sender;	/* o: domain of the identity */
	km_sv domain;	/* d */
	km_sv helo;	/* h */
	km_sv receiver; /* r */
	km_sv client;	/* p: validated name of the client */
	km_ip ip;	/* i, c, v */
	km_time now;	/* t */
} km_spf_values;

/* Text of bounded size on the stack. */
typedef struct {
	char p[KM_SPF_MAX_TEXT];
	size_t n;
	bool cut;
} km_spf_text;

static inline km_sv km_spf_text_sv(const km_spf_text *t)
{
	return (km_sv){ t->p, t->n };
}

/* Whether the macros of @text follow the grammar; c, r and t only in an @explanation. */
bool km_spf_macros_valid(km_sv text, bool explanation);
/* Whether valid @text needs the client's validated name. */
bool km_spf_macros_need_client(km_sv text);
/* Expands valid @text; out->cut when it does not fit. */
void km_spf_expand(const km_spf_values *v, km_sv text, km_spf_text *out);
/* Cuts an expanded name to 253 bytes from the left, label by label, and the final dot off. */
km_sv km_spf_name(const km_spf_text *t);

/* "4.3.2.1.in-addr.arpa", …: where the PTR records of @ip are. */
void km_spf_reverse_name(const km_ip *ip, km_spf_text *out);

#endif
