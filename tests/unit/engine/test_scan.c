#include <jansson.h>
#include <math.h>

#include "answer.h"
#include "engine/json.h"
#include "test.h"

#define LETTER                                                                                     \
	"From: =?utf-8?B?5bGx55Sw?= <a@example.com>\r\nTo: b@example.jp\r\nSubject: x\r\n"         \
	"Date: Mon, 02 Mar 2026 09:00:00 +0900\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"

static km_pack *pack;
static km_kit kit;

static int load(void **state)
{
	(void)state;
	if (km_pack_load(NULL, &pack, NULL) != KM_OK)
		return -1;
	return km_kit_open(&kit, NULL, pack, NULL) == KM_OK ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	km_kit_close(&kit);
	km_pack_free(pack);
	return 0;
}

static void test_questions(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_envelope env = { .now = 1772413200, .has_from = true, .from = KM_S("a@bounce.example") };
	km_scan *s = km_scan_new(a, &kit, &env);
	const km_dns_question *q;
	static const struct {
		const char *name;
		km_dns_type type;
	} asked[] = {
		{ "_dmarc.example.com", KM_DNS_TXT },
		{ "_dmarc.com", KM_DNS_TXT },
		{ "1.2.0.192.in-addr.arpa", KM_DNS_PTR },
		{ "bounce.example", KM_DNS_TXT },
		{ "example.com", KM_DNS_MX },
	};

	assert_true(km_ip_parse(KM_S("192.0.2.1"), &env.ip));
	km_scan_message(s, KM_S(LETTER));
	assert_int_equal(km_scan_step(s, NULL), KM_SCAN_ASK);
	for (size_t i = 0; i < KM_COUNT(asked); i++) {
		assert_int_equal(km_scan_questions(s, &q), KM_COUNT(asked));
		TEST_SV(q[i].name, asked[i].name);
		assert_int_equal(q[i].type, asked[i].type);
	}
	assert_int_equal(km_scan_step(s, NULL), KM_SCAN_ASK); /* still open */

	km_dns_answer no = { .name = KM_S("example.com"),
			     .type = KM_DNS_MX,
			     .rcode = KM_DNS_NXDOMAIN };
	assert_int_equal(km_scan_answer(s, &no), KM_OK);
	for (size_t i = 0; i + 1 < KM_COUNT(asked); i++) {
		km_dns_answer none = { .name = km_sv_of(asked[i].name),
				       .type = asked[i].type,
				       .rcode = KM_DNS_NXDOMAIN };
		assert_int_equal(km_scan_answer(s, &none), KM_OK);
	}
	assert_int_equal(km_scan_step(s, NULL), KM_SCAN_ASK);
	assert_int_equal(km_scan_questions(s, &q), 2); /* at once */
	no.type = KM_DNS_A;
	assert_int_equal(km_scan_answer(s, &no), KM_OK);
	no.type = KM_DNS_AAAA;
	assert_int_equal(km_scan_answer(s, &no), KM_OK);
	assert_int_equal(km_scan_step(s, NULL), KM_SCAN_DONE);
	assert_int_equal(km_scan_step(s, NULL), KM_SCAN_DONE);
	assert_true(km_facts_has(km_scan_facts(s), KM_FACT_FROM_DOMAIN_MISSING));
	assert_true(km_scan_timings(s)->read > 0);
	km_arena_free(a);
}

/* What fails SPF and DMARC is held against strangers, not against our own users and hosts. */
static void test_ours(void **state)
{
	(void)state;
	static const struct {
		const char *ip, *user;
		double want;
	} rows[] = { { "203.0.113.5", "", 4.8 },
		     { "203.0.113.5", "taro", 0 },
		     { "10.1.2.3", "", 4.8 } }; /* a private address alone makes nobody ours */
	static const char zone[] =
		"bank.example. TXT \"v=spf1 -all\"\nbank.example. MX 1 a.example.\n"
		"_dmarc.bank.example. TXT \"v=DMARC1; p=reject\"\n";

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_dns_snapshot *dns;
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_envelope env = { .now = 1772413200,
				    .user = km_sv_of(rows[i].user),
				    .has_from = true,
				    .from = KM_S("taro@bank.example") };
		km_scan *s = km_scan_new(a, &kit, &env);
		double sum = 0;
		assert_true(km_ip_parse(km_sv_of(rows[i].ip), &env.ip));
		assert_int_equal(km_dns_snapshot_parse(km_sv_of(zone), "zone", &dns, NULL), KM_OK);
		km_scan_message(s, KM_S("From: taro@bank.example\r\nSubject: x\r\n\r\nx\r\n"));
		assert_int_equal(test_drive(s, dns), KM_SCAN_DONE);
		const km_verdict *v = km_scan_verdict(s);
		for (size_t k = 0; k < v->n_facts; k++)
			if (km_fact_describe(v->facts[k].fact->id)->group == KM_GROUP_auth)
				sum += v->facts[k].points;
		if (fabs(sum - rows[i].want) > 0.001)
			fail_msg("%s %s: %g", rows[i].ip, rows[i].user, sum);
		km_dns_snapshot_free(dns);
		km_arena_free(a);
	}
}

/* With the old method there are no questions above the registrable domain. */
static void test_suffix_list(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_envelope env = { .now = 1772413200 };
	km_conf *conf = NULL;
	km_kit psl;
	const km_dns_question *q;

	assert_int_equal(km_conf_parse(KM_S("dmarc:\n  method: psl\n"), "test", &conf, NULL),
			 KM_OK);
	assert_int_equal(km_kit_open(&psl, conf, pack, NULL), KM_OK);
	km_scan *s = km_scan_new(a, &psl, &env);
	km_scan_message(s, KM_S(LETTER));
	assert_int_equal(km_scan_step(s, NULL), KM_SCAN_ASK);
	assert_int_equal(km_scan_questions(s, &q), 2);
	TEST_SV(q[0].name, "_dmarc.example.com");
	TEST_SV(q[1].name, "example.com");
	km_arena_free(a);
	km_kit_close(&psl);
	km_conf_free(conf);
}

/* Whose facts there are tells what was looked at; only what the sender proves needs to be asked. */
static void test_checks(void **state)
{
	(void)state;
	static const struct {
		const char *conf;
		bool asks, structure, content;
	} rows[] = {
		{ "checks: all\n", true, true, true },
		{ "checks: auth\n", true, false, false },
		{ "checks: structure\n", false, true, false },
	};
	static const char letter[] =
		"From: a@example.com\r\nTo: b@example.jp\r\nSubject: x\r\n\r\n"
		"I have hacked your device and recorded a video of you while you watched porn. "
		"Send $900 in bitcoin or all your contacts get it.\r\n";

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_envelope env = { .now = 1772413200 };
		km_conf *conf = NULL;
		km_kit some;
		assert_int_equal(km_conf_parse(km_sv_of(rows[i].conf), "test", &conf, NULL), KM_OK);
		assert_int_equal(km_kit_open(&some, conf, pack, NULL), KM_OK);
		km_scan *s = km_scan_new(a, &some, &env);
		km_scan_message(s, km_sv_of(letter));
		assert_int_equal(km_scan_step(s, NULL), rows[i].asks ? KM_SCAN_ASK : KM_SCAN_DONE);
		if (rows[i].asks)
			assert_int_equal(test_drive(s, NULL), KM_SCAN_DONE);
		const km_facts *fs = km_scan_facts(s);
		assert_true(km_facts_has(fs, KM_FACT_DATE_MISSING) == rows[i].structure);
		assert_true(km_facts_has(fs, KM_FACT_WORDING_SEXTORTION) == rows[i].content);
		assert_true(km_scan_learned(s)->done == rows[i].content);
		km_arena_free(a);
		km_kit_close(&some);
		km_conf_free(conf);
	}
}

static void test_same_again(void **state)
{
	(void)state;
	double score[2];

	for (int i = 0; i < 2; i++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_envelope env = { .now = 1772413200 };
		km_scan *s = km_scan_new(a, &kit, &env);
		km_scan_message(s, KM_S(LETTER));
		assert_int_equal(test_drive(s, NULL), KM_SCAN_DONE);
		score[i] = km_scan_verdict(s)->score;
		km_arena_free(a);
	}
	assert_true(score[0] <= score[1] && score[0] >= score[1]);
}

/* @n parts of base64 text in one message. */
static km_sv many_parts(size_t n, size_t lines)
{
	km_buf b;

	km_buf_init(&b, NULL, 1 << 28);
	km_buf_add(&b, KM_S("From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
			    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"));
	for (size_t i = 0; i < n; i++) {
		km_buf_add(&b, KM_S("--b\r\nContent-Type: text/html\r\n"
				    "Content-Transfer-Encoding: base64\r\n\r\n"));
		for (size_t k = 0; k < lines; k++)
			km_buf_add(&b,
				   KM_S("PGI+aGVsbG8gPC9iPiA8YSBocmVmPSJodHRwOi8veC5leGFtcGxlIj4x"
					"PC9hPiA=\r\n"));
	}
	km_buf_add(&b, KM_S("--b--\r\n"));
	km_sv exact = test_exact(b.p, b.n);
	km_buf_finish(&b);
	return exact;
}

/* A message that fills the memory is judged by what fitted, and that it did is a fact. */
static void test_memory(void **state)
{
	(void)state;
	static const size_t caps[] = { 5000, 100000, 1000000, KM_MAX_RESERVE_BYTES + 200000,
				       KM_MAX_RESERVE_BYTES + 2000000 };
	km_sv m = many_parts(300, 300);

	for (size_t i = 0; i < KM_COUNT(caps); i++) {
		km_arena *a = km_arena_new(caps[i]);
		km_envelope env = { .now = 1772413200 };
		km_scan *s = km_scan_new(a, &kit, &env);
		assert_non_null(s);
		km_scan_message(s, m);
		km_scan_state st = test_drive(s, NULL);
		if (caps[i] > KM_MAX_RESERVE_BYTES) {
			assert_int_equal(st, KM_SCAN_DONE);
			assert_true(km_facts_has(km_scan_facts(s), KM_FACT_LIMIT_MEMORY));
		}
		km_arena_free(a);
	}
	test_drop(m);
}

/* Work is counted by the memory that it takes. */
static void test_linear(void **state)
{
	(void)state;
	size_t used[2];

	for (size_t i = 0; i < 2; i++) {
		km_sv m = many_parts(100, i ? 200 : 100);
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_envelope env = { .now = 1772413200 };
		km_scan *s = km_scan_new(a, &kit, &env);
		km_scan_message(s, m);
		assert_int_equal(test_drive(s, NULL), KM_SCAN_DONE);
		used[i] = km_arena_used(a);
		km_arena_free(a);
		test_drop(m);
	}
	assert_true(used[1] < used[0] * 5 / 2);
}

static json_t *as_json(const km_scan *s, const char *file, km_lang lang)
{
	km_buf b;

	km_buf_init(&b, NULL, 1 << 20);
	assert_int_equal(km_verdict_json(&b, s, file, "01J0", lang), KM_OK);
	assert_null(memchr(b.p, '\n', b.n)); /* one line */
	json_t *j = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
	km_buf_finish(&b);
	assert_non_null(j);
	return j;
}

/* The names of DESIGN.md section 7 and their types. */
static void test_json(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_envelope env = { .now = 1772413200 };
	km_scan *s = km_scan_new(a, &kit, &env);
	const char *text, *recipient;
	json_t *f;

	km_scan_message(s, KM_S("From: a@example.com\r\nFrom: b@example.org\r\n\r\nx\r\n"));
	assert_int_equal(test_drive(s, NULL), KM_SCAN_DONE);
	json_t *j = as_json(s, "caf\xe9.eml", KM_EN);
	assert_string_equal(json_string_value(json_object_get(j, "file")), "caf\xef\xbf\xbd.eml");
	assert_string_equal(json_string_value(json_object_get(j, "id")), "01J0");
	assert_non_null(json_string_value(json_object_get(j, "class")));
	assert_non_null(json_string_value(json_object_get(j, "category")));
	assert_true(json_is_null(json_object_get(j, "brand")));
	assert_non_null(json_string_value(json_object_get(j, "action")));
	assert_true(json_is_number(json_object_get(j, "score")));
	assert_true(json_is_number(json_object_get(j, "probability")));
	const json_t *auth = json_object_get(j, "auth");
	const json_t *dmarc = json_object_get(auth, "dmarc");
	assert_string_equal(json_string_value(json_object_get(dmarc, "result")), "permerror");
	assert_true(json_is_null(json_object_get(dmarc, "domain")));
	assert_null(json_object_get(dmarc, "policy"));
	assert_int_equal(json_array_size(json_object_get(auth, "dkim")), 0);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(
			json_string_value(json_object_get(
				json_object_get(auth, (const char *[]){ "spf", "arc" }[i]),
				"result")),
			"none");
	assert_true(json_is_real(json_object_get(json_object_get(j, "learn"), "probability")));
	assert_non_null(json_string_value(json_object_get(j, "advice")));
	for (size_t i = 0; i < 3; i++)
		assert_non_null(json_string_value(
			json_object_get(json_object_get(j, "explanation"),
					(const char *[]){ "recipient", "admin", "sender" }[i])));
	for (size_t i = 0; i < 4; i++)
		assert_true(json_is_integer(json_object_get(
			json_object_get(j, "timings_us"),
			(const char *[]){ "read", "auth", "content", "learn" }[i])));

	size_t at;
	bool there = false;
	json_array_foreach(json_object_get(j, "facts"), at, f)
	{
		const char *id, *group, *seen;
		double points;
		json_int_t offset, length;
		json_t *part;
		assert_int_equal(json_unpack(f, "{s:s, s:s, s:F, s:s, s:o, s:I, s:I, s:s}", "id",
					     &id, "group", &group, "points", &points, "seen", &seen,
					     "part", &part, "offset", &offset, "length", &length,
					     "text", &text),
				 0);
		if (strcmp(id, "FROM_MULTIPLE") != 0)
			continue;
		there = true;
		assert_string_equal(group, "sender");
		assert_string_equal(text,
				    "There are 2 From fields (a@example.com, b@example.org).");
		assert_int_equal(offset, 0);
		assert_int_equal(length, strlen("From: a@example.com"));
	}
	assert_true(there);

	json_t *ja = as_json(s, NULL, KM_JA);
	assert_null(json_object_get(ja, "file"));
	recipient =
		json_string_value(json_object_get(json_object_get(ja, "explanation"), "recipient"));
	assert_true((unsigned char)recipient[0] >= 0x80 || strstr(recipient, "\xe3"));
	json_decref(ja);
	json_decref(j);
	km_arena_free(a);
}

static void test_error_json(void **state)
{
	(void)state;
	km_buf b;

	km_buf_init(&b, NULL, 1000);
	assert_int_equal(km_error_json(&b, "a\"b\n\xff", "no such file"), KM_OK);
	TEST_SV(km_buf_sv(&b),
		"{\"file\": \"a\\\"b\\n\xef\xbf\xbd\", \"error\": \"no such file\"}");
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),   cmocka_unit_test(test_ours),
		cmocka_unit_test(test_suffix_list), cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_memory),	    cmocka_unit_test(test_linear),
		cmocka_unit_test(test_json),	    cmocka_unit_test(test_error_json),
		cmocka_unit_test(test_checks),
	};
	return cmocka_run_group_tests_name("engine/scan", tests, load, unload);
}
