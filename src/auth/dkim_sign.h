/*
 * auth/dkim_sign.h - making DKIM signatures (RFC 6376 section 5, RFC 8463).
 *
 * The key is never here: the digest to be signed is handed out, the signature handed in, so that a
 * process of its own can hold the keys. Always c=relaxed/relaxed, SHA-256, no l=.
 *
 *	km_dkim_sign *d = km_dkim_sign_new(arena, mail, &params, &err);
 *	km_privkey_sign(key, KM_HASH_SHA256, km_dkim_sign_digest(d), &signature, &err);
 *	km_dkim_sign_finish(d, km_buf_sv(&signature), &field);
 */
#ifndef KM_AUTH_DKIM_SIGN_H
#define KM_AUTH_DKIM_SIGN_H

#include "base/clock.h"
#include "crypt/sign.h"
#include "mail/message.h"

typedef struct {
	km_sv domain, selector;
	km_sv identity; /* i=, or empty */
	km_key_kind key;
	km_time time;	   /* t=; 0 for none */
	km_time expires;   /* x=; 0 for none */
	const km_sv *also; /* names of further fields to sign where they stand */
	size_t n_also;
	const char *eol; /* line end of folds: "\r\n", or "\n" for a milter; NULL for "\r\n" */
} km_dkim_sign_params;

typedef struct km_dkim_sign km_dkim_sign;

/*
 * Every field that a reader sees is signed as often as it stands there and once more, so that none
 * can be added. @mail and what @params points to must outlive it. NULL, with *err: KM_SYNTAX for a
 * message without exactly one From field or with headers past the limits, KM_CONFIG for a domain or
 * selector that is none, KM_NOMEM.
 */
km_dkim_sign *km_dkim_sign_new(km_arena *a, const km_mail *mail, const km_dkim_sign_params *params,
			       km_err *err);
/* The digest over which the signature is to be made. */
km_sv km_dkim_sign_digest(const km_dkim_sign *d);
/* The whole field, folded, without line end at its end. KM_NOMEM when the arena is full. */
KM_NODISCARD km_status km_dkim_sign_finish(km_dkim_sign *d, km_sv signature, km_sv *field);

#endif
