#include "auth/signature.h"

#include "auth/domain.h"
#include "mail/b64.h"

/* Everything that a rule may look at. */
typedef struct {
	km_signed *s;
	const km_tags *tags;
	km_sig *sig;
	km_sv otherwise; /* c= where it is absent */
} reading;

static km_sv value(const reading *r, const char *name)
{
	return km_tags_value(r->tags, km_sv_of(name), (km_sv){ NULL, 0 });
}

static bool has(const reading *r, const char *name)
{
	return km_tags_find(r->tags, km_sv_of(name)) != NULL;
}

/* A rule of the grammar: reads its tags, and says what is wrong. */
typedef km_dkim_why rule(reading *r);

static km_dkim_why read_algorithm(reading *r)
{
	static const struct {
		km_sv name;
		km_key_kind key;
		km_hash_kind hash;
	} known[] = {
		{ KM_SV("rsa-sha256"), KM_KEY_RSA, KM_HASH_SHA256 },
		{ KM_SV("ed25519-sha256"), KM_KEY_ED25519, KM_HASH_SHA256 },
		{ KM_SV("rsa-sha1"), KM_KEY_RSA, KM_HASH_SHA1 },
	};
	km_sv a = value(r, "a");

	for (size_t i = 0; i < KM_COUNT(known); i++)
		if (km_sv_ieq(a, known[i].name)) {
			r->sig->algorithm = known[i].name;
			r->sig->key = known[i].key;
			r->sig->hash = known[i].hash;
			return KM_DKIM_WHY_NONE;
		}
	return a.n ? KM_DKIM_WHY_ALGORITHM : KM_DKIM_WHY_TAG_MISSING;
}

static km_dkim_why read_domain(reading *r)
{
	km_sv d = value(r, "d"), s = value(r, "s");

	if (d.n == 0 || s.n == 0)
		return KM_DKIM_WHY_TAG_MISSING;
	r->sig->domain = km_auth_domain(r->s->arena, d, 2);
	r->sig->selector = km_auth_domain(r->s->arena, s, 1);
	return r->sig->domain.n && r->sig->selector.n ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_DOMAIN;
}

/* Base64 of a tag; foreign bytes make it none. */
static bool decode(km_arena *a, km_sv text, km_sv *out)
{
	km_b64_info info = { 0 };
	km_buf b;

	km_buf_init(&b, a, text.n + 4);
	km_b64_decode(text, &b, &info);
	*out = km_buf_sv(&b);
	return info.junk == 0 && !b.cut && b.n > 0;
}

static km_dkim_why read_b(reading *r)
{
	const km_tag *t = km_tags_find(r->tags, KM_S("b"));

	if (t == NULL || t->value.n == 0)
		return KM_DKIM_WHY_TAG_MISSING;
	r->sig->b_span = t->span;
	r->sig->b_text = km_tag_squeeze(r->s->arena, t->value);
	return decode(r->s->arena, t->value, &r->sig->b) ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_SYNTAX;
}

static km_dkim_why read_bh(reading *r)
{
	km_sv bh = value(r, "bh");

	if (bh.n == 0)
		return KM_DKIM_WHY_TAG_MISSING;
	return decode(r->s->arena, bh, &r->sig->bh) ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_SYNTAX;
}

static bool canon_by_name(km_sv name, km_canon *out)
{
	if (km_sv_ieq(name, KM_S("relaxed")))
		*out = KM_CANON_RELAXED;
	else if (km_sv_ieq(name, KM_S("simple")))
		*out = KM_CANON_SIMPLE;
	else
		return false;
	return true;
}

static km_dkim_why read_canon(reading *r)
{
	km_sv c = km_tags_value(r->tags, KM_S("c"), r->otherwise), header = c;
	km_sv body = KM_S("simple");
	size_t slash = km_sv_chr(c, '/', 0);

	if (slash < c.n) {
		header = km_sv_sub(c, 0, slash);
		body = km_sv_from(c, slash + 1);
	}
	return canon_by_name(header, &r->sig->header) && canon_by_name(body, &r->sig->body)
		       ? KM_DKIM_WHY_NONE
		       : KM_DKIM_WHY_CANONICAL;
}

static km_dkim_why read_fields(reading *r)
{
	r->sig->h = value(r, "h");
	return has(r, "h") ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_TAG_MISSING;
}

static km_dkim_why must_sign_from(reading *r)
{
	return km_tag_has(r->sig->h, KM_S("from")) ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_FROM_UNSIGNED;
}

/* RFC 8617 section 4.1.2: ARC-Seal is signed by the seal alone. */
static km_dkim_why must_not_sign_seal(reading *r)
{
	return km_tag_has(r->sig->h, KM_S("arc-seal")) ? KM_DKIM_WHY_SYNTAX : KM_DKIM_WHY_NONE;
}

/* Up to 12 digits, as the grammar says; 0 when absent. */
static bool read_time(const reading *r, const char *tag, km_time *out)
{
	km_sv v = value(r, tag);
	uint64_t t;

	*out = 0;
	if (!has(r, tag))
		return true;
	if (v.n > 12 || !km_sv_u64(v, &t))
		return false;
	*out = (km_time)t;
	return true;
}

static km_dkim_why read_times(reading *r)
{
	if (!read_time(r, "t", &r->sig->time) || !read_time(r, "x", &r->sig->expires))
		return KM_DKIM_WHY_TIME;
	if (has(r, "x") && has(r, "t") && r->sig->expires < r->sig->time)
		return KM_DKIM_WHY_TIME;
	return KM_DKIM_WHY_NONE;
}

static km_dkim_why read_length(reading *r)
{
	km_sv l = value(r, "l");

	r->sig->length = UINT64_MAX;
	if (!has(r, "l"))
		return KM_DKIM_WHY_NONE;
	/* Up to 76 digits are allowed, but no message is that long. */
	return km_sv_u64(l, &r->sig->length) && r->sig->length < UINT64_MAX ? KM_DKIM_WHY_NONE
									    : KM_DKIM_WHY_LENGTH;
}

/* "dns" alone is how drafts of DKIM spelt it. */
static km_dkim_why read_query(reading *r)
{
	km_sv q = km_tags_value(r->tags, KM_S("q"), KM_S("dns/txt"));

	return km_tag_has(q, KM_S("dns/txt")) || km_tag_has(q, KM_S("dns")) ? KM_DKIM_WHY_NONE
									    : KM_DKIM_WHY_QUERY;
}

/* dkim-quoted-printable (section 2.11): "=XX" is a byte; white space means nothing. */
static km_sv unquote(km_arena *a, km_sv v)
{
	v = km_tag_squeeze(a, v);
	char *p = km_sv_chr(v, '=', 0) < v.n ? km_alloc(a, v.n) : NULL;
	size_t n = 0;

	if (p == NULL)
		return v;
	for (size_t i = 0; i < v.n; i++) {
		int hi = i + 2 < v.n ? km_hex_value((unsigned char)v.p[i + 1]) : -1;
		int lo = i + 2 < v.n ? km_hex_value((unsigned char)v.p[i + 2]) : -1;
		bool coded = v.p[i] == '=' && hi >= 0 && lo >= 0;
		p[n++] = coded ? (char)(hi << 4 | lo) : v.p[i];
		i += coded ? 2 : 0;
	}
	return (km_sv){ p, n };
}

static km_dkim_why read_identity(reading *r)
{
	km_sv i = unquote(r->s->arena, value(r, "i"));
	size_t at = km_sv_rchr(i, '@');

	if (!has(r, "i"))
		return KM_DKIM_WHY_NONE;
	r->sig->identity = i;
	return at < i.n && km_auth_is_below(km_auth_domain(r->s->arena, km_sv_from(i, at + 1), 2),
					    r->sig->domain)
		       ? KM_DKIM_WHY_NONE
		       : KM_DKIM_WHY_IDENTITY;
}

/* RFC 8617 section 4.2.1: i= is the place in the chain; 0 when it is none. */
static km_dkim_why read_instance(reading *r)
{
	uint64_t n;

	if (!km_sv_u64(value(r, "i"), &n) || n > 99)
		return KM_DKIM_WHY_TAG_MISSING;
	r->sig->instance = (unsigned)n;
	return KM_DKIM_WHY_NONE;
}

/* RFC 8617 section 4.1.3: a seal with h= is invalid; it covers what the RFC says. */
static km_dkim_why read_seal(reading *r)
{
	r->sig->header = KM_CANON_RELAXED;
	r->sig->cv = value(r, "cv");
	if (has(r, "h"))
		return KM_DKIM_WHY_SYNTAX;
	return r->sig->cv.n ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_TAG_MISSING;
}

/* Last, so that all else is known: a draft's signature is checked, and never passes. */
static km_dkim_why read_version(reading *r)
{
	return km_sv_eq(value(r, "v"), KM_S("1")) ? KM_DKIM_WHY_NONE : KM_DKIM_WHY_VERSION;
}

enum { DKIM = 1 << KM_SIG_DKIM, AMS = 1 << KM_SIG_AMS, SEAL = 1 << KM_SIG_SEAL };

static const struct {
	unsigned kinds;
	rule *read;
} rules[] = {
	{ AMS | SEAL, read_instance },
	{ SEAL, read_seal },
	{ DKIM | AMS | SEAL, read_domain },
	{ DKIM | AMS | SEAL, read_algorithm },
	{ DKIM | AMS | SEAL, read_b },
	{ DKIM | AMS, read_bh },
	{ DKIM | AMS, read_canon },
	{ DKIM | AMS, read_fields },
	{ DKIM, must_sign_from },
	{ AMS, must_not_sign_seal },
	{ DKIM | AMS | SEAL, read_times },
	{ DKIM | AMS, read_length },
	{ DKIM, read_query },
	{ DKIM, read_identity },
	{ DKIM, read_version },
};

km_dkim_why km_sig_read(km_signed *s, km_sig_kind kind, int index, km_sig *out)
{
	km_tags tags;
	/* RFC 8617 names no other default, but sealers and the ARC suite take relaxed. */
	reading r = { .s = s,
		      .tags = &tags,
		      .sig = out,
		      .otherwise = kind == KM_SIG_DKIM ? KM_S("simple/simple")
						       : KM_S("relaxed/relaxed") };
	km_dkim_why why = KM_DKIM_WHY_NONE;

	*out = (km_sig){ .field = index, .length = UINT64_MAX };
	if (km_tags_read(s->mail->headers->h[index].raw, &tags, NULL) != KM_OK)
		return KM_DKIM_WHY_SYNTAX;
	for (size_t i = 0; i < KM_COUNT(rules) && why == KM_DKIM_WHY_NONE; i++)
		if (rules[i].kinds & 1u << kind)
			why = rules[i].read(&r);
	return km_arena_full(s->arena) ? KM_DKIM_WHY_MEMORY : why;
}

void km_sig_fields(km_signed *s, km_sv h, km_canon how, km_canon_sink *to)
{
	km_sv name;

	km_signed_rewind(s);
	while (km_tag_element(&h, ':', &name)) {
		int field = km_signed_take(s, name);
		if (field < 0)
			continue;
		km_signed_field(s, to, how, field, (km_sv){ NULL, 0 });
		km_canon_crlf(to);
	}
}

km_status km_sig_digest(km_signed *s, const km_sig *sig, uint8_t out[KM_HASH_MAX_BYTES], size_t *n)
{
	km_canon_sink sink;
	km_hash hash;

	km_hash_init(&hash, sig->hash);
	km_canon_begin(&sink, km_canon_to_hash, &hash);
	km_sig_fields(s, sig->h, sig->header, &sink);
	km_signed_field(s, &sink, sig->header, sig->field, sig->b_span);
	km_canon_end(&sink);
	return km_hash_finish(&hash, out, n);
}

km_dkim_why km_sig_key_length(const km_pubkey *key, const km_sig *sig)
{
	unsigned bits = km_pubkey_bits(key);

	if (sig->key != KM_KEY_RSA)
		return KM_DKIM_WHY_NONE;
	if (bits > KM_DKIM_MAX_BITS)
		return KM_DKIM_WHY_KEY_LONG;
	return bits < KM_DKIM_MIN_BITS ? KM_DKIM_WHY_KEY_SHORT : KM_DKIM_WHY_NONE;
}

/* Fields that are read once: a second one, unsigned, is what the reader may see (section 8.15). */
static const km_sv singles[] = {
	KM_SV("from"),	       KM_SV("subject"),
	KM_SV("date"),	       KM_SV("sender"),
	KM_SV("reply-to"),     KM_SV("message-id"),
	KM_SV("content-type"), KM_SV("to"),
	KM_SV("cc"),	       KM_SV("content-transfer-encoding"),
};

bool km_sig_field_added(km_signed *s)
{
	for (size_t i = 0; i < KM_COUNT(singles); i++) {
		unsigned taken, count = km_signed_count(s, singles[i], &taken);
		if (taken > 0 && count > taken)
			return true;
	}
	return false;
}
