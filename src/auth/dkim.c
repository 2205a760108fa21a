#include "auth/dkim.h"

#include "auth/dkim_shared.h"
#include "auth/signature.h"

/* What each reason means for the result. */
static const struct {
	km_dkim_code code;
	km_sv words;
} reasons[] = {
#define X(id, code, words) [KM_DKIM_WHY_##id] = { KM_DKIM_##code, KM_SV(words) },
	KM_DKIM_REASONS(X)
#undef X
};

typedef struct {
	km_sig sig;
	km_dkim_why why; /* so far */
	const km_dns_answer *answer;
	km_body_hash *body;
	unsigned rank;
} candidate;

struct km_dkim {
	km_signed *s;
	km_time now;
	candidate *c;
	km_dkim_sig *sig;
	size_t n;      /* signatures in the message */
	size_t n_look; /* looked at; the first ones */
	bool done;
	km_dkim_result result;
};

km_signed *km_dkim_signed(km_dkim *k)
{
	return k->s;
}

km_time km_dkim_now(const km_dkim *k)
{
	return k->now;
}

static void settle(km_dkim_sig *s, km_dkim_why why)
{
	s->why = why;
	s->code = reasons[why].code;
	s->reason = reasons[why].words;
}

/* How many labels from the right two names share. */
static unsigned shared_labels(km_sv a, km_sv b)
{
	unsigned labels = 0;

	while (a.n && b.n) {
		size_t da = km_sv_rchr(a, '.'), db = km_sv_rchr(b, '.');
		km_sv la = da < a.n ? km_sv_from(a, da + 1) : a;
		km_sv lb = db < b.n ? km_sv_from(b, db + 1) : b;
		if (!km_sv_ieq(la, lb))
			break;
		labels++;
		a.n = da < a.n ? da : 0;
		b.n = db < b.n ? db : 0;
	}
	return labels;
}

/* Those that a reader would take for the author's come first; then from the top down. */
static void sort_by_rank(candidate *c, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		candidate one = c[i];
		size_t k = i;
		for (; k > 0 && c[k - 1].rank < one.rank; k--)
			c[k] = c[k - 1];
		c[k] = one;
	}
}

static const char *canonical(const km_sig *sig)
{
	static const char *const names[2][2] = { { "simple/simple", "simple/relaxed" },
						 { "relaxed/simple", "relaxed/relaxed" } };

	return names[sig->header == KM_CANON_RELAXED][sig->body == KM_CANON_RELAXED];
}

static void fill(km_dkim *k, candidate *c, km_dkim_sig *out)
{
	const km_sig *sig = &c->sig;

	*out = (km_dkim_sig){
		.domain = sig->domain,
		.selector = sig->selector,
		.identity = sig->identity,
		.algorithm = sig->algorithm,
		.signature = sig->b,
		.b = km_sv_sub(sig->b_text, 0, 8),
		.h = sig->h,
		.field = (size_t)sig->field,
		.time = sig->time,
		.expires = sig->expires,
		.canonical = canonical(sig),
		.bh = sig->bh,
	};
	if (c->answer) {
		out->key_name = c->answer->name;
		out->key_rcode = c->answer->rcode;
		out->key_dnssec = km_dns_proof(c->answer);
	}
	if (out->identity.n == 0 && sig->domain.n)
		out->identity = km_sv_fmt(k->s->arena, "@%.*s", KM_FMT(sig->domain));
	settle(out, c->why);
}

/* Signatures read at all; the sort above is quadratic, and nobody needs more. */
enum { MAX_READ = 64 };

km_dkim *km_dkim_new(km_arena *a, const km_mail *mail, km_time now)
{
	km_dkim *k = KM_NEW(a, km_dkim);
	km_sv from = mail->from.n ? mail->from.a[0].domain : (km_sv){ NULL, 0 };
	unsigned unused;

	if (k == NULL || (k->s = km_signed_new(a, mail)) == NULL)
		return NULL;
	k->now = now;
	k->n = km_signed_count(k->s, KM_S("dkim-signature"), &unused);
	if (k->n > MAX_READ)
		k->n = MAX_READ;
	k->n_look = k->n < KM_MAX_SIGNATURES ? k->n : KM_MAX_SIGNATURES;
	k->c = KM_NEW_ARRAY(a, candidate, k->n);
	k->sig = KM_NEW_ARRAY(a, km_dkim_sig, k->n);
	if (k->c == NULL || k->sig == NULL)
		return NULL;
	for (size_t i = k->n; i-- > 0;) {
		int field = km_signed_take(k->s, KM_S("dkim-signature"));
		k->c[i].why = km_sig_read(k->s, KM_SIG_DKIM, field, &k->c[i].sig);
		k->c[i].rank = shared_labels(k->c[i].sig.domain, from);
	}
	sort_by_rank(k->c, k->n);
	for (size_t i = k->n_look; i < k->n; i++)
		k->c[i].why = KM_DKIM_WHY_TOO_MANY;
	return k;
}

/* Reasons that stop nothing: the signature is still checked, for the expert, but never passes. */
static bool is_soft(km_dkim_why why)
{
	return why == KM_DKIM_WHY_NONE || why == KM_DKIM_WHY_VERSION;
}

/* Whether it is acceptable, given that it verifies. */
static km_dkim_why acceptable(km_dkim *k, const candidate *c, const km_pubkey *key)
{
	const km_sig *sig = &c->sig;

	if (c->why != KM_DKIM_WHY_NONE)
		return c->why;
	if (k->s->cut)
		return KM_DKIM_WHY_HEADER_CUT;
	if (sig->hash == KM_HASH_SHA1)
		return KM_DKIM_WHY_SHA1;
	if (sig->expires && k->now > sig->expires)
		return KM_DKIM_WHY_EXPIRED;
	if (sig->time > k->now + 86400)
		return KM_DKIM_WHY_FUTURE;
	if (km_sig_field_added(k->s))
		return KM_DKIM_WHY_FIELD_ADDED;
	return km_sig_key_length(key, sig);
}

static void check_body(const candidate *c, km_dkim_sig *out)
{
	const km_body_hash *b = c->body;

	if (b == NULL || !b->done)
		return;
	out->body_hash = (km_sv){ (const char *)b->digest, b->digest_n };
	out->body_ok = km_sv_eq(c->sig.bh, out->body_hash);
	if (b->length < b->total)
		out->unsigned_tail = (size_t)(b->total - b->length);
}

/* With the key at hand: the arithmetic, and then whether it is acceptable. */
static km_dkim_why verify(km_dkim *k, candidate *c, const km_sig_key *key, km_dkim_sig *out)
{
	uint8_t digest[KM_HASH_MAX_BYTES];
	size_t n;
	bool right;

	out->testing = key->testing;
	out->strict = key->strict;
	out->key_bits = km_pubkey_bits(key->key);
	if (out->key_bits > KM_DKIM_MAX_BITS)
		return KM_DKIM_WHY_KEY_LONG;
	if (km_sig_digest(k->s, &c->sig, digest, &n) != KM_OK ||
	    km_pubkey_verify(key->key, c->sig.hash, (km_sv){ (const char *)digest, n }, c->sig.b,
			     &right) != KM_OK)
		return KM_DKIM_WHY_MEMORY;
	out->signature_ok = right;
	out->verified = right && out->body_ok;
	if (c->sig.length != UINT64_MAX && c->body->length > c->body->total)
		return KM_DKIM_WHY_LENGTH;
	if (!out->body_ok)
		return KM_DKIM_WHY_BODY;
	if (!right)
		return KM_DKIM_WHY_SIGNATURE;
	return acceptable(k, c, key->key);
}

static void evaluate(km_dkim *k, candidate *c, km_dkim_sig *out)
{
	km_sig_key key;

	check_body(c, out);
	if (!is_soft(c->why))
		return;
	km_sig_key_read(k->s->arena, &c->sig, c->answer, &key);
	out->key_record = key.record;
	settle(out, key.why == KM_DKIM_WHY_NONE ? verify(k, c, &key, out) : key.why);
	km_pubkey_free(key.key);
}

/* Notes the questions; true when all are answered. */
static bool ask(km_dkim *k, km_dns_set *dns)
{
	bool all = true;

	for (size_t i = 0; i < k->n_look; i++) {
		candidate *c = &k->c[i];
		if (!is_soft(c->why) || c->answer)
			continue;
		c->answer = km_sig_ask(k->s->arena, &c->sig, dns);
		all &= c->answer != NULL;
	}
	return all;
}

static void want_bodies(km_dkim *k)
{
	for (size_t i = 0; i < k->n_look; i++) {
		candidate *c = &k->c[i];
		if (c->sig.bh.n)
			c->body =
				km_signed_want_body(k->s, c->sig.body, c->sig.hash, c->sig.length);
	}
}

km_status km_dkim_step(km_dkim *k, km_dns_set *dns, const km_dkim_result **out)
{
	*out = &k->result;
	if (k->done)
		return KM_OK;
	if (!ask(k, dns))
		return KM_NOTFOUND;
	want_bodies(k);
	bool hashed = km_signed_hash_bodies(k->s) == KM_OK;
	k->result = (km_dkim_result){ .code = KM_DKIM_NONE, .sig = k->sig, .n = k->n };
	for (size_t i = 0; i < k->n; i++) {
		if (!hashed)
			k->c[i].why = KM_DKIM_WHY_MEMORY;
		fill(k, &k->c[i], &k->sig[i]);
		evaluate(k, &k->c[i], &k->sig[i]);
		if (i == 0 || k->sig[i].code == KM_DKIM_PASS)
			k->result.code = k->sig[i].code;
	}
	k->done = true;
	return KM_OK;
}

const char *km_dkim_code_name(km_dkim_code c)
{
	static const char *const names[] = { "none",	"pass",	     "fail",	 "policy",
					     "neutral", "temperror", "permerror" };

	return names[c];
}
