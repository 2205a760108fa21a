#include "engine/dnsbl.h"

#include "answer.h"
#include "engine/dnsbl_health.h"
#include "test.h"

static const char *const known[] = { "spamhaus-zen", "spamhaus-dbl", "spamcop",
				     "psbl",	     "barracuda",    "dnswl",
				     "surbl",	     "uribl",	     "msbl-ebl" };

/* The built-in table can be read, and each of its lists switched on. */
static void test_builtin(void **state)
{
	km_err err = { 0 };
	km_dnsbls l;

	(void)state;
	if (km_dnsbls_parse(&l, km_dnsbls_builtin(), "built-in", known, KM_COUNT(known), &err) !=
	    KM_OK)
		fail_msg("%s", err.msg);
	assert_int_equal(l.n, KM_COUNT(known));
	assert_int_equal(l.list[0].what, 1u << KM_DNSBL_CLIENT);
	km_dnsbls_close(&l);
}

#define ROW                                                                                        \
	"lists: [{name: a, zone: a.example, what: [client], answers: [{is: 127.0.0.2, points: 1, " \
	"says: x}]}]"

static const struct {
	const char *text, *name, *says; /* says NULL: it is right */
} tables[] = {
	{ ROW, "a", NULL },
	{ ROW, "b", "there is no list \"b\"" },
	{ "lists: 1", "a", "a list of lists" },
	{ "nothing: 1", "a", "nothing" },
	{ "lists: [{name: a, zone: example, what: [client], answers: []}]", "a", "a domain" },
	{ "lists: [{name: a, zone: a.example, what: [clint], answers: []}]", "a", "client" },
	{ "lists: [{name: a, zone: a.example, what: [client], answers: [{points: 1, says: x}]}]",
	  "a", "one of is, last and bits" },
	{ "lists: [{name: a, zone: a.example, what: [client], answers: [{is: 10.0.0.1, points: 1, "
	  "says: x}]}]",
	  "a", "127.0.0.0/8" },
	{ "lists: [{name: a, zone: a.example, what: [client], answers: [{last: 256, points: 1, "
	  "says: x}]}]",
	  "a", "255" },
	{ "lists: [{name: a, zone: a.example, what: [client], answers: [{last: 2, points: 1e9, "
	  "says: x}]}]",
	  "a", "points" },
};

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(tables); i++) {
		km_sv text = test_exact(tables[i].text, strlen(tables[i].text));
		km_err err = { 0 };
		km_dnsbls l;
		km_status st = km_dnsbls_parse(&l, text, "t", &tables[i].name, 1, &err);
		if ((st == KM_OK) != (tables[i].says == NULL) ||
		    (tables[i].says && strstr(err.msg, tables[i].says) == NULL))
			fail_msg("%s: %s", tables[i].text, err.msg);
		if (st == KM_OK)
			km_dnsbls_close(&l);
		test_drop(text);
	}
}

static void test_health(void **state)
{
	(void)state;
	km_dnsbl_health h = { 0 };
	const km_dnsbl_outcome silent = { .silent = 2 }, fine = { .answered = 2 };
	const km_dnsbl_outcome refused = { .refused = 1 }, partly = { .answered = 2, .silent = 2 };

	for (int i = 0; i < KM_DNSBL_FAILURES - 1; i++)
		assert_int_equal(km_dnsbl_health_learn(&h, &silent, 1000), 0);
	assert_int_equal(km_dnsbl_health_learn(&h, &fine, 1000), 0); /* begins to count anew */
	for (int i = 0; i < KM_DNSBL_FAILURES - 1; i++)
		assert_int_equal(km_dnsbl_health_learn(&h, &silent, 1000), 0);
	assert_int_equal(km_dnsbl_health_off(&h, 1000), 0);
	assert_int_equal(km_dnsbl_health_learn(&h, &silent, 1000), 2);
	assert_int_equal(km_dnsbl_health_off(&h, 1000 + KM_DNSBL_SILENT_REST - 1), 2);
	assert_int_equal(km_dnsbl_health_off(&h, 1000 + KM_DNSBL_SILENT_REST), 0);
	/* One more failure is enough now; one answer, and all is well. */
	assert_int_equal(km_dnsbl_health_learn(&h, &silent, 2000), 2);
	assert_int_equal(km_dnsbl_health_learn(&h, &partly, 3000), 0);
	assert_int_equal(km_dnsbl_health_learn(&h, &refused, 4000), 1);
	assert_int_equal(km_dnsbl_health_learn(&h, &refused, 4001), 0); /* known already */
	assert_int_equal(km_dnsbl_health_off(&h, 4000 + KM_DNSBL_REFUSED_REST), 1);
	assert_int_equal(km_dnsbl_health_off(&h, 4001 + KM_DNSBL_REFUSED_REST), 0);
}

/* All questions at once, no more than the bound, and none to a list that is off. */
static void test_questions(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_mail *m;
	km_links links = { 0 };
	km_buf b;
	km_dnsbls l;
	km_dns_set set;
	km_facts fs;
	const km_dns_question *q;

	km_buf_init(&b, a, 1 << 20);
	km_buf_add(&b, KM_S("From: "));
	for (int i = 0; i < 500; i++)
		km_buf_fmt(&b, "%sa@d%d.example", i ? ",\r\n " : "", i);
	km_buf_add(&b, KM_S("\r\n\r\nx\r\n"));
	assert_int_equal(km_mail_read(a, km_buf_sv(&b), &m), KM_OK);
	assert_int_equal(
		km_dnsbls_parse(&l, km_dnsbls_builtin(), "b", known, KM_COUNT(known), NULL), KM_OK);
	km_dnsbl_request r = { .lists = &l, .ask_client = true, .mail = m, .links = &links };
	assert_true(km_ip_parse(KM_S("192.0.2.7"), &r.ip));
	for (unsigned off = 0; off < 2; off++) {
		r.off = off ? 0x1ff : 0x001;
		km_facts_init(&fs, a);
		km_dns_set_init(&set, a);
		km_dnsbl_check *c = km_dnsbl_check_new(a, &r);
		assert_int_equal(km_dnsbl_check_step(c, &set, &fs), off ? KM_OK : KM_NOTFOUND);
		size_t n = km_dns_open(&set, &q);
		assert_true(off ? n == 0 : n > 20 && n <= KM_DNSBL_QUESTIONS);
		for (size_t i = 0; i < n; i++)
			assert_false(km_sv_ends(q[i].name, KM_S("zen.spamhaus.org")));
	}
	km_dnsbls_close(&l);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_builtin),
					    cmocka_unit_test(test_tables),
					    cmocka_unit_test(test_health),
					    cmocka_unit_test(test_questions) };
	return cmocka_run_group_tests_name("engine/dnsbl", tests, NULL, NULL);
}
