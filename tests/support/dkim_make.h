/*
 * tests/support/dkim_make.h - signed messages with any tags, for tests of the verifier; and its
 * answers. The hashes come from the verifier's own code: that this is right is for the suites made
 * by others to show.
 */
#ifndef KM_TESTS_DKIM_MAKE_H
#define KM_TESTS_DKIM_MAKE_H

#include <stdio.h>
#include <stdlib.h>

#include "auth/dkim.h"
#include "auth/signature.h"
#include "mail/b64.h"

static inline km_sv make_b64(km_arena *a, km_sv bytes)
{
	km_buf b;

	km_buf_init(&b, a, 1 << 16);
	km_b64_encode(&b, bytes);
	return km_buf_sv(&b);
}

/* @record and p= with the public half of @key. */
static inline km_sv make_record(km_arena *a, const char *record, const km_privkey *key)
{
	km_buf pub;

	km_buf_init(&pub, a, 1 << 16);
	if (km_privkey_public(key, &pub, NULL) != KM_OK)
		abort();
	km_sv b64 = make_b64(a, km_buf_sv(&pub));
	return km_sv_fmt(a, "%s p=%.*s", record, KM_FMT(b64));
}

static inline km_sv make_message(km_arena *a, const char *tags, km_sv bh, km_sv b,
				 const char *header, km_sv body)
{
	return km_sv_fmt(a, "DKIM-Signature: %s; bh=%.*s; b=%.*s\r\n%s\r\n%.*s", tags, KM_FMT(bh),
			 KM_FMT(b), header, KM_FMT(body));
}

/* A message signed with @tags (all but bh= and b=) by @key. */
static inline km_sv make_signed(km_arena *a, const char *tags, const char *header, km_sv body,
				const km_privkey *key)
{
	km_sv none = KM_S("AAAA"), message = make_message(a, tags, none, none, header, body), bh;
	km_mail *m;
	km_sig sig;
	uint8_t digest[KM_HASH_MAX_BYTES];
	km_buf out;
	size_t n;

	if (km_mail_read(a, message, &m) != KM_OK)
		abort();
	km_signed *s = km_signed_new(a, m);
	(void)km_sig_read(s, KM_SIG_DKIM, 0, &sig);
	km_body_hash *b = km_signed_want_body(s, sig.body, sig.hash, sig.length);
	if (km_signed_hash_bodies(s) != KM_OK)
		abort();
	bh = make_b64(a, (km_sv){ (const char *)b->digest, b->digest_n });
	message = make_message(a, tags, bh, none, header, body);
	if (km_mail_read(a, message, &m) != KM_OK)
		abort();
	s = km_signed_new(a, m);
	(void)km_sig_read(s, KM_SIG_DKIM, 0, &sig);
	km_buf_init(&out, a, 1 << 16);
	if (km_sig_digest(s, &sig, digest, &n) != KM_OK ||
	    km_privkey_sign(key, sig.hash, (km_sv){ (const char *)digest, n }, &out, NULL) != KM_OK)
		abort();
	return make_message(a, tags, bh, make_b64(a, km_buf_sv(&out)), header, body);
}

/* Verifies with @record (or @rcode) as the answer to every question. */
static inline const km_dkim_result *make_verdict(km_arena *a, km_sv message, km_sv record,
						 km_dns_rcode rcode, km_time now)
{
	const km_dkim_result *r;
	const km_dns_question *q;
	km_dns_rr rr = { .data = record };
	km_dns_set dns;
	km_mail *m;

	if (km_mail_read(a, message, &m) == KM_NOMEM)
		abort();
	km_dns_set_init(&dns, a);
	km_dkim *k = km_dkim_new(a, m, now);
	if (k == NULL)
		abort();
	while (km_dkim_step(k, &dns, &r) == KM_NOTFOUND)
		while (km_dns_open(&dns, &q) > 0) {
			km_dns_answer reply = { .name = q->name,
						.type = q->type,
						.rcode = rcode,
						.rr = &rr,
						.n = rcode == KM_DNS_OK };
			if (km_dns_give(&dns, &reply) != KM_OK)
				abort();
		}
	return r;
}

#endif
