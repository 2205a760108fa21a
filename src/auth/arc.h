/*
 * auth/arc.h - ARC: validation of a chain, and sealing (RFC 8617).
 * Shares the fields and body hashes of the DKIM check of the same message. A chain that passes says
 * only that nobody changed it: whether its sealers may be believed is the caller's list to tell.
 * Pure, as auth/dkim.h. Lifetime: the arena, the mail, the km_dkim.
 */
#ifndef KM_AUTH_ARC_H
#define KM_AUTH_ARC_H

#include "auth/dkim.h"
#include "crypt/sign.h"

typedef enum {
	KM_ARC_NONE, /* no ARC fields */
	KM_ARC_PASS,
	KM_ARC_FAIL,
	KM_ARC_TEMPERROR /* a key could not be had now; counts as fail where only that is known */
} km_arc_code;

/* What decided; X(id, words for Authentication-Results and the expert). */
#define KM_ARC_REASONS(X)                                                                          \
	X(NONE, "")                                                                                \
	X(TOO_MANY, "more than 50 sets")                                                           \
	X(STRUCTURE, "the sets are not complete, or one field of them stands twice")               \
	X(INSTANCE, "a field without a proper i=")                                                 \
	X(CV, "cv= of a seal contradicts its place in the chain")                                  \
	X(CV_FAIL, "an earlier sealer found the chain broken")                                     \
	X(MESSAGE, "the newest message signature does not verify")                                 \
	X(TAIL, "text follows the signed part of the body")                                        \
	X(ADDED, "a field that is signed once stands in the message again, unsigned")              \
	X(HEADER_CUT, "the header is too long, or where it ends is ambiguous")                     \
	X(SEAL, "a seal does not verify")                                                          \
	X(KEY, "a key could not be looked up now")                                                 \
	X(MEMORY, "not enough memory")

typedef enum {
#define X(id, words) KM_ARC_WHY_##id,
	KM_ARC_REASONS(X)
#undef X
		KM_ARC_WHY_COUNT
} km_arc_why;

typedef struct {
	km_sv sealer;	       /* d= of the seal, lower case */
	km_sv selector;	       /* s= of the seal */
	km_sv signer;	       /* d= of the message signature */
	km_sv results;	       /* ARC-Authentication-Results after "i=N;": opaque, as written */
	km_dnssec dnssec;      /* of the look-up of the seal's key */
	size_t aar, ams, seal; /* fields in mail->headers */
} km_arc_set;

typedef struct {
	km_arc_code code;
	km_arc_why why;
	km_sv reason;	       /* static; empty for none and pass */
	unsigned at;	       /* instance at which it broke, or 0 */
	const km_arc_set *set; /* of instances 1 to n; none when the structure is broken */
	size_t n;
	unsigned highest; /* instance seen */
	bool closed;	  /* the newest seal says cv=fail: nobody seals any more */
} km_arc_result;

typedef struct km_arc km_arc;

/* NULL when the arena is full. */
km_arc *km_arc_new(km_arena *a, km_dkim *k);
/* As km_dkim_step(). */
KM_NODISCARD km_status km_arc_step(km_arc *c, km_dns_set *dns, const km_arc_result **out);
/* "none", "pass", "fail", "temperror"; static. */
const char *km_arc_code_name(km_arc_code c);
/* Writes what was found as facts. */
void km_arc_facts(const km_arc_result *r, km_facts *fs);

typedef struct {
	km_sv domain, selector;
	km_key_kind key;
	km_time time;
	km_sv results;	 /* "authserv-id; method=…", as after Authentication-Results: */
	km_sv fields;	 /* names to sign, with colons; empty for those that a reader sees */
	const char *eol; /* NULL for "\r\n" */
} km_arc_seal_params;

typedef struct km_arc_seal km_arc_seal;

/*
 * Makes the next set of @chain. Two signatures are to be made, by the same key: while
 * km_arc_seal_digest() is not empty, sign it and km_arc_seal_give() the signature. NULL, with *err:
 * KM_NOTFOUND when there is nothing to seal (closed, or 50 sets), KM_CONFIG for a domain or
 * selector that is none, KM_NOMEM.
 */
km_arc_seal *km_arc_seal_new(km_arena *a, km_dkim *k, const km_arc_result *chain,
			     const km_arc_seal_params *params, km_err *err);
km_sv km_arc_seal_digest(const km_arc_seal *s);
KM_NODISCARD km_status km_arc_seal_give(km_arc_seal *s, km_sv signature);
/* After both: seal, message signature, results, in the order in which they are put on top of the
 * header; without line ends at their ends. */
void km_arc_seal_fields(const km_arc_seal *s, km_sv field[3]);

#endif
