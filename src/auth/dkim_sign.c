#include "auth/dkim_sign.h"

#include "auth/domain.h"
#include "auth/signature.h"
#include "auth/sigwrite.h"

struct km_dkim_sign {
	km_arena *arena;
	km_sigwrite w;
	uint8_t digest[KM_HASH_MAX_BYTES];
	size_t digest_n;
};

/* The value of h=. */
static km_sv field_list(km_arena *a, km_signed *s, const km_dkim_sign_params *p)
{
	unsigned taken;
	km_buf b;

	km_buf_init(&b, a, KM_SIGWRITE_MAX / 2);
	km_buf_add(&b, km_sigwrite_fields(a, s, true));
	for (size_t i = 0; i < p->n_also; i++)
		for (unsigned n = km_signed_count(s, p->also[i], &taken); n > 0; n--) {
			km_buf_byte(&b, ':');
			km_buf_add(&b, p->also[i]);
		}
	return b.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&b);
}

static km_status check(const km_mail *mail, const km_signed *s, const km_dkim_sign_params *p,
		       km_err *err)
{
	if (s == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory to sign");
	if (km_auth_domain(s->arena, p->domain, 2).n == 0 ||
	    km_auth_domain(s->arena, p->selector, 1).n == 0)
		return KM_FAIL(err, KM_CONFIG, "\"%.*s\" or \"%.*s\" is no domain name",
			       KM_FMT(p->domain), KM_FMT(p->selector));
	if (mail->n_from != 1)
		return KM_FAIL(err, KM_SYNTAX, "a message with %zu From fields is not signed",
			       mail->n_from);
	if (s->cut)
		return KM_FAIL(err, KM_SYNTAX, "a header without a clear end is not signed");
	return KM_OK;
}

static void add_tags(km_dkim_sign *d, const km_dkim_sign_params *p, km_sv h, km_sv bh)
{
	km_sigwrite *w = &d->w;

	km_sigwrite_add(w, "v", KM_S("1"), KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "a", km_sigwrite_algorithm(p->key), KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "c", KM_S("relaxed/relaxed"), KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "d", p->domain, KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "s", p->selector, KM_FOLD_NOWHERE);
	if (p->identity.n)
		km_sigwrite_add(w, "i", p->identity, KM_FOLD_NOWHERE);
	km_sigwrite_number(d->arena, w, "t", (uint64_t)p->time);
	km_sigwrite_number(d->arena, w, "x", (uint64_t)p->expires);
	km_sigwrite_add(w, "h", h, KM_FOLD_COLON);
	km_sigwrite_add(w, "bh", bh, KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "b", (km_sv){ NULL, 0 }, KM_FOLD_ANYWHERE);
}

/* Fields of @list in the order of h=, then the signature itself. */
static km_status make_digest(km_dkim_sign *d, km_signed *s, km_sv list)
{
	km_canon_sink sink;
	km_hash hash;

	km_hash_init(&hash, KM_HASH_SHA256);
	km_canon_begin(&sink, km_canon_to_hash, &hash);
	km_sig_fields(s, list, KM_CANON_RELAXED, &sink);
	km_status st = km_sigwrite_canon(d->arena, &d->w, &sink);
	km_canon_end(&sink);
	km_status hashed = km_hash_finish(&hash, d->digest, &d->digest_n);
	return st == KM_OK ? hashed : st;
}

km_dkim_sign *km_dkim_sign_new(km_arena *a, const km_mail *mail, const km_dkim_sign_params *p,
			       km_err *err)
{
	km_signed *s = km_signed_new(a, mail);
	km_dkim_sign *d = KM_NEW(a, km_dkim_sign);
	km_sv bh, h;

	if (check(mail, s, p, err) != KM_OK)
		return NULL;
	h = field_list(a, s, p);
	if (d == NULL || h.n == 0 || km_sigwrite_body(a, s, &bh) != KM_OK) {
		(void)KM_FAIL(err, KM_NOMEM, "no memory to sign");
		return NULL;
	}
	d->arena = a;
	d->w = (km_sigwrite){ .name = KM_S("DKIM-Signature"), .eol = p->eol ? p->eol : "\r\n" };
	add_tags(d, p, h, bh);
	if (make_digest(d, s, h) != KM_OK) {
		(void)KM_FAIL(err, KM_NOMEM, "no memory to sign");
		return NULL;
	}
	return d;
}

km_sv km_dkim_sign_digest(const km_dkim_sign *d)
{
	return (km_sv){ (const char *)d->digest, d->digest_n };
}

km_status km_dkim_sign_finish(km_dkim_sign *d, km_sv signature, km_sv *field)
{
	km_sv b = km_sigwrite_base64(d->arena, signature);

	*field = km_sigwrite_field(d->arena, &d->w, b);
	return b.n && field->n ? KM_OK : KM_NOMEM;
}
