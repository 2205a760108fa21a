/* Key records (RFC 6376 section 3.6.1, RFC 8463 section 3). */
#include "auth/signature.h"
#include "mail/b64.h"

/* Keys published under one name that are looked at; more than one is against the rules. */
enum { MAX_RECORDS = 4, MAX_RECORD_BYTES = 8192 };

typedef struct {
	const km_tags *tags;
	const km_sig *sig;
	km_sig_key *out;
} reading;

static km_sv value(const reading *r, const char *name)
{
	return km_tags_value(r->tags, km_sv_of(name), (km_sv){ NULL, 0 });
}

static km_dkim_why check_version(const reading *r)
{
	const km_tag *v = km_tags_find(r->tags, KM_S("v"));

	if (v == NULL)
		return KM_DKIM_WHY_NONE;
	return v == r->tags->t && km_sv_eq(v->value, KM_S("DKIM1")) ? KM_DKIM_WHY_NONE
								    : KM_DKIM_WHY_KEY_VERSION;
}

static km_dkim_why check_published(const reading *r)
{
	const km_tag *p = km_tags_find(r->tags, KM_S("p"));

	if (p == NULL)
		return KM_DKIM_WHY_KEY_SYNTAX;
	return p->value.n ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_KEY_REVOKED;
}

static km_dkim_why check_kind(const reading *r)
{
	km_sv k = km_tags_value(r->tags, KM_S("k"), KM_S("rsa"));
	km_sv want = r->sig->key == KM_KEY_RSA ? KM_S("rsa") : KM_S("ed25519");

	return km_sv_ieq(k, want) ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_KEY_KIND;
}

static km_dkim_why check_hash(const reading *r)
{
	km_sv want = r->sig->hash == KM_HASH_SHA1 ? KM_S("sha1") : KM_S("sha256");
	km_sv h = km_tags_value(r->tags, KM_S("h"), want);

	return km_tag_has(h, want) ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_KEY_HASH;
}

static km_dkim_why check_service(const reading *r)
{
	km_sv s = km_tags_value(r->tags, KM_S("s"), KM_S("*"));

	return km_tag_has(s, KM_S("*")) || km_tag_has(s, KM_S("email")) ? KM_DKIM_WHY_NONE
									: KM_DKIM_WHY_KEY_SERVICE;
}

/* "a*c": at most one '*', which stands for anything (RFC 4871 section 3.6.1). */
static bool matches(km_sv pattern, km_sv text)
{
	size_t star = km_sv_chr(pattern, '*', 0);

	if (star == pattern.n)
		return km_sv_eq(pattern, text);
	km_sv head = km_sv_sub(pattern, 0, star), tail = km_sv_from(pattern, star + 1);
	return text.n >= head.n + tail.n && km_sv_starts(text, head) && km_sv_ends(text, tail);
}

/*
 * RFC 6376 dropped g=, so an empty one, which once matched nothing, is passed over as others do. A
 * key that its owner lent to one local part is still held to it.
 */
static km_dkim_why check_granularity(const reading *r)
{
	km_sv g = value(r, "g"), i = r->sig->identity;

	return g.n == 0 || matches(g, km_sv_sub(i, 0, km_sv_rchr(i, '@')))
		       ? KM_DKIM_WHY_NONE
		       : KM_DKIM_WHY_KEY_GRANULARITY;
}

static km_dkim_why check_flags(const reading *r)
{
	km_sv t = value(r, "t"), i = r->sig->identity;

	r->out->testing = km_tag_has(t, KM_S("y"));
	r->out->strict = km_tag_has(t, KM_S("s"));
	if (!r->out->strict || i.n == 0)
		return KM_DKIM_WHY_NONE;
	return km_sv_ieq(km_sv_from(i, km_sv_rchr(i, '@') + 1), r->sig->domain)
		       ? KM_DKIM_WHY_NONE
		       : KM_DKIM_WHY_KEY_STRICT;
}

static km_dkim_why (*const checks[])(const reading *r) = {
	check_version, check_published,	  check_kind,  check_hash,
	check_service, check_granularity, check_flags,
};

static km_dkim_why decode_key(km_arena *a, const reading *r)
{
	km_sv p = value(r, "p");
	km_b64_info info = { 0 };
	km_buf b;

	km_buf_init(&b, a, p.n + 4);
	km_b64_decode(p, &b, &info);
	if (b.cut)
		return KM_DKIM_WHY_MEMORY;
	if (info.junk)
		return KM_DKIM_WHY_KEY_BROKEN;
	switch (km_pubkey_read(r->sig->key, km_buf_sv(&b), &r->out->key, NULL)) {
	case KM_OK:
		return KM_DKIM_WHY_NONE;
	case KM_LIMIT:
		return KM_DKIM_WHY_KEY_LONG;
	case KM_NOMEM:
		return KM_DKIM_WHY_MEMORY;
	default:
		return KM_DKIM_WHY_KEY_BROKEN;
	}
}

static km_dkim_why read_record(km_arena *a, const km_sig *sig, km_sv record, km_sig_key *out)
{
	km_tags tags;
	reading r = { .tags = &tags, .sig = sig, .out = out };
	km_dkim_why why = KM_DKIM_WHY_NONE;

	if (record.n > MAX_RECORD_BYTES || km_tags_read(record, &tags, NULL) != KM_OK)
		return KM_DKIM_WHY_KEY_SYNTAX;
	for (size_t i = 0; i < KM_COUNT(checks) && why == KM_DKIM_WHY_NONE; i++)
		why = checks[i](&r);
	return why == KM_DKIM_WHY_NONE ? decode_key(a, &r) : why;
}

/* What an answer without records says of the key. */
static km_dkim_why without_record(km_dns_rcode rcode)
{
	return rcode == KM_DNS_SERVFAIL || rcode == KM_DNS_TIMEOUT || rcode == KM_DNS_BOGUS
		       ? KM_DKIM_WHY_KEY_UNAVAILABLE
		       : KM_DKIM_WHY_KEY_MISSING;
}

void km_sig_key_read(km_arena *a, const km_sig *sig, const km_dns_answer *answer, km_sig_key *out)
{
	*out = (km_sig_key){ .why = without_record(answer->rcode) };
	if (answer->rcode != KM_DNS_OK)
		return;
	/* The first one that fits; else what is wrong with the first. */
	for (size_t i = 0; i < answer->n && i < MAX_RECORDS; i++) {
		km_sig_key one = { .record = answer->rr[i].data };
		one.why = read_record(a, sig, answer->rr[i].data, &one);
		if (i == 0 || one.why == KM_DKIM_WHY_NONE)
			*out = one;
		if (one.why == KM_DKIM_WHY_NONE)
			return;
	}
}

const km_dns_answer *km_sig_ask(km_arena *a, const km_sig *sig, km_dns_set *dns)
{
	static const km_dns_answer unavailable = { .rcode = KM_DNS_SERVFAIL };
	km_sv name =
		km_sv_fmt(a, "%.*s._domainkey.%.*s", KM_FMT(sig->selector), KM_FMT(sig->domain));

	return name.n ? km_dns_need(dns, name, KM_DNS_TXT) : &unavailable;
}
