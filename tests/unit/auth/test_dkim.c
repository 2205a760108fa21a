#include "auth/dkim_sign.h"

#include "dkim_make.h"
#include "test.h"

#define HEADER                                                                                     \
	"From: Alice <alice@example.jp>\r\nTo: bob@example.com\r\nSubject: hello\r\n"              \
	"Date: Mon, 23 Nov 2026 09:00:00 +0900\r\n"
#define TAGS "v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.jp; s=s1; h=from:to:subject:date"
#define BODY "Hello Bob,\r\n\r\nthis is  \tit.  \r\n\r\n\r\n"

enum { NOW = 1800000000 };

static km_privkey *rsa, *rsa1024, *rsa512, *ed;

static const struct {
	const char *name;
	const char *tags, *header, *body; /* as signed; NULL: the usual ones */
	const char *record;		  /* before p=; NULL: v=DKIM1; */
	const char *above, *below;	  /* put before the header and after the body when signed */
	km_dkim_code code;
	km_dkim_why why;
	size_t tail;
	const char *key; /* "512", "1024", "ed"; NULL: RSA-2048 */
} cases[] = {
	{ "plain", .code = KM_DKIM_PASS },
	{ "Ed25519", "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.jp; s=s1; h=from",
	  .record = "v=DKIM1; k=ed25519;", .key = "ed", .code = KM_DKIM_PASS },
	{ "simple", "v=1; a=rsa-sha256; d=example.jp; s=s1; h=from:to", .code = KM_DKIM_PASS },
	{ "simple/relaxed", "v=1; a=rsa-sha256; c=simple/relaxed; d=example.jp; s=s1; h=from",
	  .code = KM_DKIM_PASS },
	{ "no body", .body = "", .code = KM_DKIM_PASS },
	{ "1024 bits", .key = "1024", .code = KM_DKIM_PASS },
	{ "512 bits", .key = "512", .code = KM_DKIM_POLICY, .why = KM_DKIM_WHY_KEY_SHORT },
	{ "rsa-sha1", "v=1; a=rsa-sha1; d=example.jp; s=s1; h=from", .code = KM_DKIM_POLICY,
	  .why = KM_DKIM_WHY_SHA1 },
	{ "line ends added", .below = "\r\n \r\n", .code = KM_DKIM_PASS },
	{ "text added", .below = "more\r\n", .code = KM_DKIM_FAIL, .why = KM_DKIM_WHY_BODY },

	/* a tail that nobody signed */
	{ "l= whole", TAGS "; l=27", .code = KM_DKIM_PASS },
	{ "l= tail", TAGS "; l=12", .code = KM_DKIM_PASS, .tail = 15 },
	{ "l= tail added", TAGS "; l=27", .below = "<a href=x>\r\n", .code = KM_DKIM_PASS,
	  .tail = 16 },
	{ "l=0", TAGS "; l=0", .code = KM_DKIM_PASS, .tail = 27 },
	{ "l= beyond", TAGS "; l=99", .code = KM_DKIM_PERMERROR, .why = KM_DKIM_WHY_LENGTH },
	{ "l= no number", TAGS "; l=-1", .code = KM_DKIM_PERMERROR, .why = KM_DKIM_WHY_LENGTH },
	{ "l= overflow", TAGS "; l=18446744073709551616", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_LENGTH },

	/* fields added to what was signed */
	{ "other field added", .above = "X-Seen: 1\r\n", .code = KM_DKIM_PASS },
	{ "second From", .above = "From: ceo@example.org\r\n", .code = KM_DKIM_POLICY,
	  .why = KM_DKIM_WHY_FIELD_ADDED },
	{ "second From, spelt otherwise", .above = "FROM : ceo@example.org\r\n",
	  .code = KM_DKIM_POLICY, .why = KM_DKIM_WHY_FIELD_ADDED },
	{ "second Subject", .above = "Subject: other\r\n", .code = KM_DKIM_POLICY,
	  .why = KM_DKIM_WHY_FIELD_ADDED },
	{ "second From against an oversigned one",
	  "v=1; a=rsa-sha256; c=relaxed; d=example.jp; s=s1; h=from:from:subject",
	  .above = "From: ceo@example.org\r\n", .code = KM_DKIM_FAIL,
	  .why = KM_DKIM_WHY_SIGNATURE },
	{ "oversigned", "v=1; a=rsa-sha256; c=relaxed; d=example.jp; s=s1; h=from:from:x-no:x-no",
	  .code = KM_DKIM_PASS },
	{ "unsigned second From when signed", .header = HEADER "From: ceo@example.org\r\n",
	  .code = KM_DKIM_POLICY, .why = KM_DKIM_WHY_FIELD_ADDED },
	{ "From not signed", "v=1; a=rsa-sha256; d=example.jp; s=s1; h=to:subject",
	  .code = KM_DKIM_PERMERROR, .why = KM_DKIM_WHY_FROM_UNSIGNED },
	{ "header without a clear end", .header = HEADER "no field\r\nX: 1\r\n",
	  .code = KM_DKIM_POLICY, .why = KM_DKIM_WHY_HEADER_CUT },

	/* identities */
	{ "i= below d=", TAGS "; i=a@mail.example.jp", .code = KM_DKIM_PASS },
	{ "i= outside d=", TAGS "; i=a@example.com", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_IDENTITY },
	{ "i= that only ends like d=", TAGS "; i=a@badexample.jp", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_IDENTITY },
	{ "i= without at sign", TAGS "; i=example.jp", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_IDENTITY },
	{ "t=s", TAGS "; i=a@mail.example.jp", .record = "v=DKIM1; t=y:s;",
	  .code = KM_DKIM_PERMERROR, .why = KM_DKIM_WHY_KEY_STRICT },
	{ "t=s, i= equal", TAGS "; i=a@EXAMPLE.jp", .record = "v=DKIM1; t=s;",
	  .code = KM_DKIM_PASS },
	{ "g= of another", TAGS "; i=eve@example.jp", .record = "v=DKIM1; g=al*e;",
	  .code = KM_DKIM_PERMERROR, .why = KM_DKIM_WHY_KEY_GRANULARITY },
	{ "g= of this one", TAGS "; i=alice@example.jp", .record = "v=DKIM1; g=al*e;",
	  .code = KM_DKIM_PASS },
	{ "d= without dot", "v=1; a=rsa-sha256; d=jp; s=s1; h=from", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_DOMAIN },
	{ "s= with odd bytes", "v=1; a=rsa-sha256; d=example.jp; s=a b; h=from",
	  .code = KM_DKIM_PERMERROR, .why = KM_DKIM_WHY_DOMAIN },

	/* times */
	{ "x= in the future", TAGS "; t=1799999999; x=1800000001", .code = KM_DKIM_PASS },
	{ "expired", TAGS "; x=1799999999", .code = KM_DKIM_POLICY, .why = KM_DKIM_WHY_EXPIRED },
	{ "x= before t=", TAGS "; t=1700000001; x=1700000000", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_TIME },
	{ "t= no number", TAGS "; t=17 5", .code = KM_DKIM_PERMERROR, .why = KM_DKIM_WHY_TIME },
	{ "from the future", TAGS "; t=1800100000", .code = KM_DKIM_POLICY,
	  .why = KM_DKIM_WHY_FUTURE },

	/* grammar */
	{ "no v=", "a=rsa-sha256; d=example.jp; s=s1; h=from", .code = KM_DKIM_NEUTRAL,
	  .why = KM_DKIM_WHY_VERSION },
	{ "v=2", "v=2; a=rsa-sha256; d=example.jp; s=s1; h=from", .code = KM_DKIM_NEUTRAL,
	  .why = KM_DKIM_WHY_VERSION },
	{ "unknown algorithm", "v=1; a=rsa-md5; d=example.jp; s=s1; h=from",
	  .code = KM_DKIM_NEUTRAL, .why = KM_DKIM_WHY_ALGORITHM },
	{ "tag twice", TAGS "; c=nofws", .code = KM_DKIM_NEUTRAL, .why = KM_DKIM_WHY_SYNTAX },
	{ "c= unknown", "v=1; a=rsa-sha256; c=nofws; d=example.jp; s=s1; h=from",
	  .code = KM_DKIM_NEUTRAL, .why = KM_DKIM_WHY_CANONICAL },
	{ "unknown query", TAGS "; q=http", .code = KM_DKIM_NEUTRAL, .why = KM_DKIM_WHY_QUERY },
	{ "one known query", TAGS "; q=http:dns/txt", .code = KM_DKIM_PASS },
	{ "unknown tag", TAGS "; zz=1", .code = KM_DKIM_PASS },
	{ "no h=", "v=1; a=rsa-sha256; d=example.jp; s=s1", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_TAG_MISSING },

	/* the key record */
	{ "no version", .record = "", .code = KM_DKIM_PASS },
	{ "version elsewhere", .record = "k=rsa; v=DKIM1;", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_VERSION },
	{ "for another service", .record = "v=DKIM1; s=web;", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_SERVICE },
	{ "for mail and web", .record = "v=DKIM1; s=web : email;", .code = KM_DKIM_PASS },
	{ "for another hash", .record = "v=DKIM1; h=sha1;", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_HASH },
	{ "of another kind", .record = "v=DKIM1; k=ed25519;", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_KIND },
	{ "revoked", .record = "v=DKIM1; p=", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_REVOKED },
	{ "not base64", .record = "v=DKIM1; p=***", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_BROKEN },
	{ "no key", .record = "v=DKIM1; p=AAAA", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_BROKEN },
	{ "another key", .record = "v=DKIM1; p=other", .code = KM_DKIM_FAIL,
	  .why = KM_DKIM_WHY_SIGNATURE },
	{ "p= twice", .record = "v=DKIM1; p=x;", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_SYNTAX },
	{ "text", .record = "v=spf1 -all", .code = KM_DKIM_PERMERROR,
	  .why = KM_DKIM_WHY_KEY_VERSION },
};

static const char * or (const char *a, const char *b)
{
	return a ? a : b;
}

static const km_privkey *key_of(const char *name)
{
	if (name == NULL)
		return rsa;
	return *name == 'e' ? ed : *name == '5' ? rsa512 : rsa1024;
}

/* "p=" in a case's record is all of it; "p=other" is somebody else's key. */
static km_sv record_of(km_arena *a, const char *record, const km_privkey *key)
{
	km_sv r = km_sv_of(record);

	if (km_sv_ends(r, KM_S("p=other")))
		return make_record(a, "v=DKIM1;", rsa1024);
	if (km_sv_ends(r, KM_S("p=x;")))
		return make_record(a, record, key);
	return km_sv_find(r, KM_S("p="), 0) < r.n || km_sv_starts(r, KM_S("v=spf1"))
		       ? r
		       : make_record(a, record, key);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 22);
		const km_privkey *key = key_of(cases[i].key);
		km_sv text = make_signed(a, or (cases[i].tags, TAGS), or (cases[i].header, HEADER),
					 km_sv_of(or (cases[i].body, BODY)), key);
		text = km_sv_fmt(a, "%s%.*s%s", or (cases[i].above, ""), KM_FMT(text),
				 or (cases[i].below, ""));
		km_sv message = test_exact(text.p, text.n);
		km_sv record = record_of(a, or (cases[i].record, "v=DKIM1;"), key);
		const km_dkim_result *r = make_verdict(a, message, record, KM_DNS_OK, NOW);
		assert_int_equal(r->n, 1);
		const km_dkim_sig *s = &r->sig[0];
		if (s->code != cases[i].code || s->why != cases[i].why ||
		    s->unsigned_tail != cases[i].tail || r->code != s->code)
			fail_msg("%s: %s (%.*s), tail %zu", cases[i].name,
				 km_dkim_code_name(s->code), KM_FMT(s->reason), s->unsigned_tail);
		assert_true(km_dkim_counts(s) ==
			    (cases[i].code == KM_DKIM_PASS && cases[i].tail == 0));
		test_drop(message);
		km_arena_free(a);
	}
}

/* Answers without a key. */
static void test_answers(void **state)
{
	(void)state;
	static const struct {
		km_dns_rcode rcode;
		km_dkim_code code;
	} answers[] = {
		{ KM_DNS_NODATA, KM_DKIM_PERMERROR },	{ KM_DNS_NXDOMAIN, KM_DKIM_PERMERROR },
		{ KM_DNS_SERVFAIL, KM_DKIM_TEMPERROR }, { KM_DNS_TIMEOUT, KM_DKIM_TEMPERROR },
		{ KM_DNS_BOGUS, KM_DKIM_TEMPERROR },
	};
	km_arena *a = km_arena_new(1 << 22);
	km_sv message = make_signed(a, TAGS, HEADER, km_sv_of(BODY), rsa);

	for (size_t i = 0; i < KM_COUNT(answers); i++) {
		const km_dkim_result *r = make_verdict(a, message, KM_S(""), answers[i].rcode, NOW);
		assert_int_equal(r->code, answers[i].code);
		assert_true(r->sig[0].body_ok);
		TEST_SV(r->sig[0].identity, "@example.jp");
	}
	km_arena_free(a);
}

/* A message stored with LF, and one whose signature was folded anew, verify as on the wire. */
static void test_stored(void **state)
{
	(void)state;
	static const char *const tags[] = {
		TAGS, "v=1; a=rsa-sha256; c=simple/simple; d=example.jp; s=s1; h=from:to"
	};

	for (size_t i = 0; i < KM_COUNT(tags); i++) {
		km_arena *a = km_arena_new(1 << 22);
		km_sv message = make_signed(a, tags[i], HEADER, km_sv_of(BODY), rsa);
		char *p = km_alloc(a, message.n);
		size_t n = 0;
		for (size_t k = 0; k < message.n; k++)
			if (message.p[k] != '\r')
				p[n++] = message.p[k];
		km_sv record = make_record(a, "v=DKIM1;", rsa);
		assert_int_equal(make_verdict(a, (km_sv){ p, n }, record, KM_DNS_OK, NOW)->code,
				 KM_DKIM_PASS);
		size_t b = km_sv_find(message, KM_S("; b="), 0) + 4;
		km_sv folded =
			km_sv_fmt(a, "%.*s\r\n\t%.*s \r\n %.*s", KM_FMT(km_sv_sub(message, 0, b)),
				  KM_FMT(km_sv_sub(message, b, 20)),
				  KM_FMT(km_sv_from(message, b + 20)));
		assert_int_equal(make_verdict(a, folded, record, KM_DNS_OK, NOW)->code,
				 KM_DKIM_PASS);
		km_arena_free(a);
	}
}

/* Eight are looked at, those of the From domain first; a NUL or a flood of tags makes none. */
static void test_many(void **state)
{
	(void)state;
	static const char other[] = "DKIM-Signature: v=1; a=rsa-sha256; d=x.example.org; s=s; "
				    "h=from; bh=AAAA; b=AAAA\r\n";
	km_arena *a = km_arena_new(1 << 24);
	km_buf b;

	km_buf_init(&b, a, 1 << 20);
	for (int i = 0; i < 20; i++)
		km_buf_add(&b, km_sv_of(other));
	km_buf_add(&b, make_signed(a, TAGS, HEADER, km_sv_of(BODY), rsa));
	const km_dkim_result *r =
		make_verdict(a, km_buf_sv(&b), make_record(a, "v=DKIM1;", rsa), KM_DNS_OK, NOW);
	assert_int_equal(r->n, 21);
	assert_int_equal(r->code, KM_DKIM_PASS);
	TEST_SV(r->sig[0].domain, "example.jp");
	assert_int_equal(r->sig[7].why, KM_DKIM_WHY_BODY);
	assert_int_equal(r->sig[8].why, KM_DKIM_WHY_TOO_MANY);

	km_buf_init(&b, a, 1 << 20);
	km_buf_add(&b, KM_S("DKIM-Signature: v=1;"));
	for (int i = 0; i < 9000; i++)
		km_buf_fmt(&b, " t%d=1;", i);
	km_buf_add(&b, (km_sv){ "\r\nDKIM-Signature: v=1; d=a\0.jp\r\n", 32 });
	km_buf_add(&b, km_sv_of(HEADER "\r\n"));
	r = make_verdict(a, km_buf_sv(&b), KM_S(""), KM_DNS_OK, NOW);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->sig[0].why, KM_DKIM_WHY_SYNTAX);
	assert_int_equal(r->sig[1].why, KM_DKIM_WHY_SYNTAX);
	km_arena_free(a);
}

/* What our signer makes, our verifier passes, and no field that a reader sees can be added. */
static void test_sign(void **state)
{
	(void)state;
	static const char *const added[] = { "From",	     "To",
					     "Subject",	     "Date",
					     "Reply-To",     "MIME-Version",
					     "Content-Type", "Content-Transfer-Encoding" };
	const struct {
		const km_privkey *key;
		const char *record;
	} keys[] = { { rsa, "v=DKIM1;" }, { ed, "v=DKIM1; k=ed25519;" } };

	for (size_t i = 0; i < KM_COUNT(keys); i++) {
		km_arena *a = km_arena_new(1 << 22);
		km_mail *m;
		km_buf sig;
		km_sv field;
		km_dkim_sign_params p = { .domain = KM_S("example.jp"),
					  .selector = KM_S("s1"),
					  .key = km_privkey_kind(keys[i].key),
					  .time = NOW };
		assert_int_equal(km_mail_read(a, KM_S(HEADER "\r\n" BODY), &m), KM_OK);
		km_dkim_sign *d = km_dkim_sign_new(a, m, &p, NULL);
		assert_non_null(d);
		km_buf_init(&sig, a, KM_SIGNATURE_MAX_BYTES);
		assert_int_equal(km_privkey_sign(keys[i].key, KM_HASH_SHA256,
						 km_dkim_sign_digest(d), &sig, NULL),
				 KM_OK);
		assert_int_equal(km_dkim_sign_finish(d, km_buf_sv(&sig), &field), KM_OK);
		km_sv rest = field, line;
		while (km_sv_line(&rest, &line))
			assert_true(line.n <= 78);
		km_sv record = make_record(a, keys[i].record, keys[i].key);
		km_sv signed_text = km_sv_fmt(a, "%.*s\r\n" HEADER "\r\n" BODY, KM_FMT(field));
		assert_int_equal(make_verdict(a, signed_text, record, KM_DNS_OK, NOW)->code,
				 KM_DKIM_PASS);
		for (size_t k = 0; k < KM_COUNT(added); k++) {
			km_sv more = km_sv_fmt(a, "%s: x\r\n%.*s", added[k], KM_FMT(signed_text));
			assert_int_equal(make_verdict(a, more, record, KM_DNS_OK, NOW)->code,
					 KM_DKIM_FAIL);
		}
		km_arena_free(a);
	}
}

/* The first signature that does not pass has points, unless another one counts. */
static void test_facts(void **state)
{
	(void)state;
	static const struct {
		const char *tags, *below;
		bool again; /* an unsound signature above it */
		km_fact_id want;
		double weight;
	} wanted[] = {
		{ TAGS, "", false, KM_FACT_DKIM_PASS, 1 },
		{ TAGS, "x\r\n", false, KM_FACT_DKIM_FAIL, 1 },
		{ TAGS "; l=3", "", false, KM_FACT_DKIM_UNSIGNED_TAIL, 1 },
		{ TAGS "; x=5", "", false, KM_FACT_DKIM_EXPIRED, 1 },
		{ TAGS, "", true, KM_FACT_DKIM_MALFORMED, 0 },
		{ TAGS "; l=3", "", true, KM_FACT_DKIM_MALFORMED, 1 },
	};

	for (size_t i = 0; i < KM_COUNT(wanted); i++) {
		km_arena *a = km_arena_new(1 << 22);
		km_sv text = make_signed(a, wanted[i].tags, HEADER, km_sv_of(BODY), rsa);
		text = km_sv_fmt(a, "%s%.*s%s", wanted[i].again ? "DKIM-Signature: x\r\n" : "",
				 KM_FMT(text), wanted[i].below);
		km_sv record = make_record(a, "v=DKIM1;", rsa);
		const km_dkim_result *r = make_verdict(a, text, record, KM_DNS_OK, NOW);
		km_facts fs;
		km_mail *m;
		assert_int_equal(km_mail_read(a, text, &m), KM_OK);
		km_facts_init(&fs, a);
		km_dkim_facts(r, m, &fs);
		bool found = false;
		for (size_t k = 0; k < fs.n; k++)
			found |= fs.f[k].id == wanted[i].want &&
				 fs.f[k].weight == wanted[i].weight &&
				 km_sv_starts(km_sv_from(text, fs.f[k].offset),
					      KM_S("DKIM-Signature:"));
		if (!found)
			fail_msg("case %zu: no such fact", i);
		km_arena_free(a);
	}
}

static void test_sign_refused(void **state)
{
	(void)state;
	static const struct {
		const char *message, *domain;
		km_status want;
	} refused[] = {
		{ "To: a@example.jp\r\n\r\n", "example.jp", KM_SYNTAX },
		{ HEADER "From: x@example.jp\r\n\r\n", "example.jp", KM_SYNTAX },
		{ HEADER "\r\n", "example jp", KM_CONFIG },
	};

	for (size_t i = 0; i < KM_COUNT(refused); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_dkim_sign_params p = { .domain = km_sv_of(refused[i].domain),
					  .selector = KM_S("s1") };
		km_err err = { .st = KM_OK };
		km_mail *m;
		assert_int_equal(km_mail_read(a, km_sv_of(refused[i].message), &m), KM_OK);
		assert_null(km_dkim_sign_new(a, m, &p, &err));
		assert_int_equal(err.st, refused[i].want);
		km_arena_free(a);
	}
}

static int make_keys(void **state)
{
	(void)state;
	return km_privkey_new(KM_KEY_RSA, 2048, &rsa, NULL) != KM_OK ||
	       km_privkey_new(KM_KEY_RSA, 1024, &rsa1024, NULL) != KM_OK ||
	       km_privkey_new(KM_KEY_RSA, 512, &rsa512, NULL) != KM_OK ||
	       km_privkey_new(KM_KEY_ED25519, 0, &ed, NULL) != KM_OK;
}

static int free_keys(void **state)
{
	(void)state;
	km_privkey_free(rsa);
	km_privkey_free(rsa1024);
	km_privkey_free(rsa512);
	km_privkey_free(ed);
	return 0;
}

/* Every reason can be told in Japanese. */
static void test_reasons(void **state)
{
	(void)state;
	static const char *const reasons[] = {
#define X(id, code, words) words,
		KM_DKIM_REASONS(X)
#undef X
	};

	for (size_t i = 1; i < KM_COUNT(reasons); i++)
		if (km_sv_eq(km_fact_reason(km_sv_of(reasons[i]), KM_JA), km_sv_of(reasons[i])))
			fail_msg("not in fact/reasons.def: %s", reasons[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),	     cmocka_unit_test(test_cases),
		cmocka_unit_test(test_answers),	     cmocka_unit_test(test_stored),
		cmocka_unit_test(test_many),	     cmocka_unit_test(test_sign),
		cmocka_unit_test(test_sign_refused), cmocka_unit_test(test_facts),
	};
	return cmocka_run_group_tests_name("auth/dkim", tests, make_keys, free_keys);
}
