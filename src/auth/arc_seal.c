#include "auth/arc.h"
#include "auth/dkim_shared.h"
#include "auth/domain.h"
#include "auth/signature.h"
#include "auth/sigwrite.h"

struct km_arc_seal {
	km_arena *arena;
	km_signed *s;
	const km_arc_result *chain;
	bool alone; /* cv=fail: the seal covers its own set only (section 5.1.2) */
	km_sigwrite message, seal;
	km_sv results; /* the finished fields */
	km_sv message_field, seal_field;
	uint8_t digest[KM_HASH_MAX_BYTES];
	size_t digest_n;
};

/* The tags in the order of the alphabet, as other sealers write them. */
static void message_tags(km_arc_seal *s, const km_arc_seal_params *p, km_sv bh, km_sv h)
{
	km_sigwrite *w = &s->message;

	*w = (km_sigwrite){ .name = KM_S("ARC-Message-Signature"), .eol = s->seal.eol };
	km_sigwrite_add(w, "a", km_sigwrite_algorithm(p->key), KM_FOLD_NOWHERE);
	/* In one line: the seal covers it, and folds inside would become spaces there. */
	km_sigwrite_add(w, "b", (km_sv){ NULL, 0 }, KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "bh", bh, KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "c", KM_S("relaxed/relaxed"), KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "d", p->domain, KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "h", h, KM_FOLD_COLON);
	km_sigwrite_number(s->arena, w, "i", s->chain->highest + 1);
	km_sigwrite_add(w, "s", p->selector, KM_FOLD_NOWHERE);
	km_sigwrite_number(s->arena, w, "t", (uint64_t)p->time);
}

static void seal_tags(km_arc_seal *s, const km_arc_seal_params *p)
{
	static const km_sv cv[] = { [KM_ARC_NONE] = KM_SV("none"),
				    [KM_ARC_PASS] = KM_SV("pass"),
				    [KM_ARC_FAIL] = KM_SV("fail"),
				    [KM_ARC_TEMPERROR] = KM_SV("fail") };
	km_sigwrite *w = &s->seal;

	*w = (km_sigwrite){ .name = KM_S("ARC-Seal"), .eol = p->eol ? p->eol : "\r\n" };
	km_sigwrite_add(w, "a", km_sigwrite_algorithm(p->key), KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "b", (km_sv){ NULL, 0 }, KM_FOLD_ANYWHERE);
	km_sigwrite_add(w, "cv", cv[s->chain->code], KM_FOLD_NOWHERE);
	km_sigwrite_add(w, "d", p->domain, KM_FOLD_NOWHERE);
	km_sigwrite_number(s->arena, w, "i", s->chain->highest + 1);
	km_sigwrite_add(w, "s", p->selector, KM_FOLD_NOWHERE);
	km_sigwrite_number(s->arena, w, "t", (uint64_t)p->time);
}

/* The digest of the message signature. */
static km_status message_digest(km_arc_seal *s, km_sv h)
{
	km_canon_sink sink;
	km_hash hash;

	km_hash_init(&hash, KM_HASH_SHA256);
	km_canon_begin(&sink, km_canon_to_hash, &hash);
	km_sig_fields(s->s, h, KM_CANON_RELAXED, &sink);
	km_status st = km_sigwrite_canon(s->arena, &s->message, &sink);
	km_canon_end(&sink);
	km_status hashed = km_hash_finish(&hash, s->digest, &s->digest_n);
	return st == KM_OK ? hashed : st;
}

static void put_own(km_canon_sink *sink, km_sv field)
{
	km_canon_field(sink, KM_CANON_RELAXED, field, km_sv_chr(field, ':', 0), field.n, 0);
	km_canon_crlf(sink);
}

/* The digest of the seal: all sets before, then this one, b= of the seal empty. */
static km_status seal_digest(km_arc_seal *s)
{
	km_canon_sink sink;
	km_hash hash;

	km_hash_init(&hash, KM_HASH_SHA256);
	km_canon_begin(&sink, km_canon_to_hash, &hash);
	for (size_t i = 0; !s->alone && i < s->chain->n; i++) {
		const km_arc_set *set = &s->chain->set[i];
		const size_t field[] = { set->aar, set->ams, set->seal };
		for (size_t k = 0; k < KM_COUNT(field); k++) {
			km_signed_field(s->s, &sink, KM_CANON_RELAXED, (int)field[k],
					(km_sv){ NULL, 0 });
			km_canon_crlf(&sink);
		}
	}
	put_own(&sink, s->results);
	put_own(&sink, s->message_field);
	km_status st = km_sigwrite_canon(s->arena, &s->seal, &sink);
	km_canon_end(&sink);
	km_status hashed = km_hash_finish(&hash, s->digest, &s->digest_n);
	return st == KM_OK ? hashed : st;
}

static km_status check(const km_arc_result *chain, const km_arc_seal_params *p, km_arena *a,
		       km_err *err)
{
	if (chain->closed || chain->highest >= KM_MAX_ARC_SETS)
		return KM_FAIL(err, KM_NOTFOUND, "nobody seals this chain any more");
	if (km_auth_domain(a, p->domain, 2).n == 0 || km_auth_domain(a, p->selector, 1).n == 0)
		return KM_FAIL(err, KM_CONFIG, "\"%.*s\" or \"%.*s\" is no domain name",
			       KM_FMT(p->domain), KM_FMT(p->selector));
	return KM_OK;
}

static km_status prepare(km_arc_seal *s, const km_arc_seal_params *p)
{
	km_sv bh, h = p->fields;
	const char *eol = p->eol ? p->eol : "\r\n";

	if (h.n == 0)
		h = km_sigwrite_fields(s->arena, s->s, false);
	s->results = km_sv_fmt(s->arena, "ARC-Authentication-Results: i=%u;%s\t%.*s",
			       s->chain->highest + 1, eol, KM_FMT(km_sv_trim(p->results)));
	if (h.n == 0 || s->results.n == 0 || km_sigwrite_body(s->arena, s->s, &bh) != KM_OK)
		return KM_NOMEM;
	seal_tags(s, p);
	message_tags(s, p, bh, h);
	return message_digest(s, h);
}

km_arc_seal *km_arc_seal_new(km_arena *a, km_dkim *k, const km_arc_result *chain,
			     const km_arc_seal_params *p, km_err *err)
{
	if (check(chain, p, a, err) != KM_OK)
		return NULL;
	km_arc_seal *s = KM_NEW(a, km_arc_seal);
	if (s) {
		s->arena = a;
		s->s = km_dkim_signed(k);
		s->chain = chain;
		s->alone = chain->code != KM_ARC_NONE && chain->code != KM_ARC_PASS;
	}
	if (s == NULL || prepare(s, p) != KM_OK) {
		(void)KM_FAIL(err, KM_NOMEM, "no memory to seal");
		return NULL;
	}
	return s;
}

km_sv km_arc_seal_digest(const km_arc_seal *s)
{
	return (km_sv){ (const char *)s->digest, s->digest_n };
}

km_status km_arc_seal_give(km_arc_seal *s, km_sv signature)
{
	bool first = s->message_field.n == 0;
	km_sv b = km_sigwrite_base64(s->arena, signature);
	km_sv *field = first ? &s->message_field : &s->seal_field;

	*field = km_sigwrite_field(s->arena, first ? &s->message : &s->seal, b);
	s->digest_n = 0;
	if (b.n == 0 || field->n == 0)
		return KM_NOMEM;
	return first ? seal_digest(s) : KM_OK;
}

void km_arc_seal_fields(const km_arc_seal *s, km_sv field[3])
{
	field[0] = s->seal_field;
	field[1] = s->message_field;
	field[2] = s->results;
}
