#include "auth/arc.h"

#include "dkim_make.h"
#include "test.h"

#define MESSAGE                                                                                    \
	"From: Alice <alice@example.jp>\r\nTo: list@example.org\r\nSubject: "                      \
	"hello\r\n\r\nHello.\r\n"

enum { NOW = 1800000000 };

static km_privkey *key;

/* The chain of @message, with @record as every key, or @rcode. */
static const km_arc_result *validate(km_arena *a, km_sv message, km_sv record, km_dns_rcode rcode,
				     km_dkim **k)
{
	const km_arc_result *r;
	const km_dns_question *q;
	km_dns_rr rr = { .data = record };
	km_dns_set dns;
	km_mail *m;

	assert_int_equal(km_mail_read(a, message, &m), KM_OK);
	km_dns_set_init(&dns, a);
	*k = km_dkim_new(a, m, NOW);
	km_arc *c = km_arc_new(a, *k);
	assert_non_null(c);
	while (km_arc_step(c, &dns, &r) == KM_NOTFOUND)
		while (km_dns_open(&dns, &q) > 0) {
			km_dns_answer reply = { .name = q->name,
						.type = q->type,
						.rcode = rcode,
						.rr = &rr,
						.n = rcode == KM_DNS_OK };
			assert_int_equal(km_dns_give(&dns, &reply), KM_OK);
		}
	return r;
}

/* @message with one more set on top; empty when there is none to be made. */
static km_sv seal(km_arena *a, km_sv message, km_sv record)
{
	km_arc_seal_params p = { .domain = KM_S("lists.example.org"),
				 .selector = KM_S("s1"),
				 .key = km_privkey_kind(key),
				 .time = NOW,
				 .results = KM_S("lists.example.org; spf=pass") };
	km_dkim *k;
	km_sv field[3];
	const km_arc_result *r = validate(a, message, record, KM_DNS_OK, &k);
	km_arc_seal *s = km_arc_seal_new(a, k, r, &p, NULL);

	if (s == NULL)
		return (km_sv){ NULL, 0 };
	while (km_arc_seal_digest(s).n) {
		km_buf sig;
		km_buf_init(&sig, a, KM_SIGNATURE_MAX_BYTES);
		assert_int_equal(km_privkey_sign(key, KM_HASH_SHA256, km_arc_seal_digest(s), &sig,
						 NULL),
				 KM_OK);
		assert_int_equal(km_arc_seal_give(s, km_buf_sv(&sig)), KM_OK);
	}
	km_arc_seal_fields(s, field);
	return km_sv_fmt(a, "%.*s\r\n%.*s\r\n%.*s\r\n%.*s", KM_FMT(field[0]), KM_FMT(field[1]),
			 KM_FMT(field[2]), KM_FMT(message));
}

/* Sets made by us validate, one upon the other, and name their sealers. */
static void test_round_trip(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 24);
	km_sv record = make_record(a, "v=DKIM1;", key), text = KM_S(MESSAGE);
	km_dkim *k;

	assert_int_equal(validate(a, text, record, KM_DNS_OK, &k)->code, KM_ARC_NONE);
	for (unsigned i = 1; i <= 3; i++) {
		text = seal(a, text, record);
		const km_arc_result *r = validate(a, text, record, KM_DNS_OK, &k);
		assert_int_equal(r->code, KM_ARC_PASS);
		assert_int_equal(r->n, i);
		TEST_SV(r->set[i - 1].sealer, "lists.example.org");
		TEST_SV(r->set[i - 1].signer, "lists.example.org");
		TEST_SV(r->set[i - 1].results, "lists.example.org; spf=pass");
	}
	km_arena_free(a);
}

/* What is changed, cut or added breaks the chain; a key that is not there now is no verdict. */
static void test_broken(void **state)
{
	(void)state;
	static const struct {
		const char *name, *from, *to; /* the first one of those is replaced */
		const char *above, *below;
		km_arc_why why;
	} cases[] = {
		{ "body", "Hello.", "Hallo.", "", "", KM_ARC_WHY_MESSAGE },
		{ "tail", NULL, NULL, "", "more\r\n", KM_ARC_WHY_MESSAGE },
		{ "signed field", "hello", "hallo", "", "", KM_ARC_WHY_MESSAGE },
		{ "second From", NULL, NULL, "From: eve@example.com\r\n", "", KM_ARC_WHY_ADDED },
		{ "results", "spf=pass", "spf=fail", "", "", KM_ARC_WHY_SEAL },
		{ "cv", "cv=none", "cv=pass", "", "", KM_ARC_WHY_CV },
		{ "closed", "cv=none", "cv=fail", "", "", KM_ARC_WHY_CV_FAIL },
		{ "instance", "i=1", "i=2", "", "", KM_ARC_WHY_STRUCTURE },
		{ "no instance", "i=1", "j=1", "", "", KM_ARC_WHY_INSTANCE },
		{ "large instance", "i=1", "i=51", "", "", KM_ARC_WHY_INSTANCE },
		{ "twice", NULL, NULL, "ARC-Authentication-Results: i=1; x\r\n", "",
		  KM_ARC_WHY_INSTANCE },
		{ "field missing", "ARC-Auth", "XRC-Auth", "", "", KM_ARC_WHY_STRUCTURE },
	};
	km_arena *a = km_arena_new(1 << 24);
	km_sv record = make_record(a, "v=DKIM1;", key), sealed = seal(a, KM_S(MESSAGE), record);
	km_dkim *k;

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv from = km_sv_of(cases[i].from);
		size_t at = from.n ? km_sv_find(sealed, from, 0) : sealed.n;
		km_sv text = km_sv_fmt(a, "%s%.*s%s%.*s%s", cases[i].above,
				       KM_FMT(km_sv_sub(sealed, 0, at)),
				       cases[i].to && at < sealed.n ? cases[i].to : "",
				       KM_FMT(km_sv_from(sealed, at + from.n)), cases[i].below);
		const km_arc_result *r = validate(a, text, record, KM_DNS_OK, &k);
		if (r->code != KM_ARC_FAIL || r->why != cases[i].why)
			fail_msg("%s: %s (%.*s)", cases[i].name, km_arc_code_name(r->code),
				 KM_FMT(r->reason));
		assert_int_equal(r->closed, r->why == KM_ARC_WHY_CV_FAIL);
	}
	assert_int_equal(validate(a, sealed, record, KM_DNS_TIMEOUT, &k)->code, KM_ARC_TEMPERROR);
	assert_int_equal(validate(a, sealed, record, KM_DNS_NXDOMAIN, &k)->code, KM_ARC_FAIL);
	km_arena_free(a);
}

/* A broken chain is sealed once more, as broken; then nobody seals. */
static void test_seal_broken(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 24);
	km_sv record = make_record(a, "v=DKIM1;", key), sealed = seal(a, KM_S(MESSAGE), record);
	km_sv text = km_sv_fmt(a, "%.*s!", KM_FMT(sealed));
	km_dkim *k;

	text = seal(a, text, record);
	const km_arc_result *r = validate(a, text, record, KM_DNS_OK, &k);
	assert_int_equal(r->code, KM_ARC_FAIL);
	assert_int_equal(r->why, KM_ARC_WHY_CV_FAIL);
	assert_true(r->closed);
	assert_int_equal(r->highest, 2);
	assert_int_equal(seal(a, text, record).n, 0);
	km_arena_free(a);
}

static int make_key(void **state)
{
	(void)state;
	return km_privkey_new(KM_KEY_RSA, 1024, &key, NULL) != KM_OK;
}

static int free_key(void **state)
{
	(void)state;
	km_privkey_free(key);
	return 0;
}

/* Every reason can be told in Japanese. */
static void test_reasons(void **state)
{
	(void)state;
	static const char *const reasons[] = {
#define X(id, words) words,
		KM_ARC_REASONS(X)
#undef X
	};

	for (size_t i = 1; i < KM_COUNT(reasons); i++)
		if (km_sv_eq(km_fact_reason(km_sv_of(reasons[i]), KM_JA), km_sv_of(reasons[i])))
			fail_msg("not in fact/reasons.def: %s", reasons[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_seal_broken),
	};
	return cmocka_run_group_tests_name("auth/arc", tests, make_key, free_key);
}
