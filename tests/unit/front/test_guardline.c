#include "front/guardline/guardline.h"

#include "test.h"

static const km_time noon = 1772420400; /* 2026-03-02T12:00:00+09:00 */

static const struct {
	const char *name, *line;
	km_status want;
	const char *says; /* part of the reason */
	km_guardline_kind kind;
	km_entry_kind entry;
	const char *account, *by, *reason;
} cases[] = {
	{ "empty", " \t", KM_NOTFOUND, NULL, 0, 0, "", "", "" },
	{ "no JSON", "status", KM_SYNTAX, "column", 0, 0, "", "", "" },
	{ "a list", "[]", KM_SYNTAX, "not a JSON object", 0, 0, "", "", "" },
	{ "nothing", "{}", KM_SYNTAX, "\"event\" is missing", 0, 0, "", "", "" },
	{ "ping", "{\"query\": \"ping\"}", KM_OK, NULL, KM_GUARDLINE_PING, KM_ENTRY_KIND_COUNT, "",
	  "", "" },
	{ "query", "{\"query\": \"what\"}", KM_SYNTAX, "\"query\"", 0, 0, "", "", "" },
	{ "query of a number", "{\"query\": 1}", KM_SYNTAX, "\"query\"", 0, 0, "", "", "" },
	{ "account", "{\"query\": \"account\", \"account\": \"u1\"}", KM_OK, NULL,
	  KM_GUARDLINE_ACCOUNT, KM_ENTRY_KIND_COUNT, "u1", "", "" },
	{ "account without name", "{\"query\": \"account\"}", KM_SYNTAX, "\"account\"", 0, 0, "",
	  "", "" },
	{ "top", "{\"query\": \"top\"}", KM_OK, NULL, KM_GUARDLINE_TOP, KM_ENTRY_KIND_COUNT, "", "",
	  "" },
	{ "submit", "{\"event\": \"submit\", \"account\": \"u1\"}", KM_OK, NULL, KM_GUARDLINE_EVENT,
	  KM_ENTRY_KIND_COUNT, "u1", "", "" },
	{ "event", "{\"event\": \"party\"}", KM_SYNTAX, "\"party\" is not known", 0, 0, "", "",
	  "" },
	{ "time", "{\"event\": \"login\", \"t\": \"noon\"}", KM_SYNTAX, "\"t\"", 0, 0, "", "", "" },
	{ "appeal",
	  "{\"event\": \"appeal\", \"account\": \"u1\", \"text\": \"not me\", \"by\": \"u1\"}",
	  KM_OK, NULL, KM_GUARDLINE_ENTRY, KM_ENTRY_appeal, "u1", "u1", "not me" },
	{ "appeal without words", "{\"event\": \"appeal\", \"account\": \"u1\"}", KM_SYNTAX,
	  "\"text\"", 0, 0, "", "", "" },
	{ "appeal of nobody", "{\"event\": \"appeal\", \"text\": \"x\"}", KM_SYNTAX, "\"account\"",
	  0, 0, "", "", "" },
	{ "appeal at a wrong time",
	  "{\"event\": \"appeal\", \"account\": \"u\", \"text\": \"x\", \"t\": \"x\"}", KM_SYNTAX,
	  "\"t\"", 0, 0, "", "", "" },
	{ "told",
	  "{\"event\": \"told\", \"account\": \"u1\", \"how\": \"mail\", \"to\": \"a@b.jp\", "
	  "\"row\": 7}",
	  KM_OK, NULL, KM_GUARDLINE_ENTRY, KM_ENTRY_told, "u1", "", "mail a@b.jp 7" },
	{ "restore",
	  "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"restore\", \"by\": "
	  "\"tanaka\"}",
	  KM_OK, NULL, KM_GUARDLINE_EVENT, KM_ENTRY_review, "u1", "tanaka", "restore" },
	{ "restore with a new password",
	  "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"restore\", \"by\": \"t\", "
	  "\"reason\": \"reset: done\", \"new_password\": true}",
	  KM_OK, NULL, KM_GUARDLINE_EVENT, KM_ENTRY_review, "u1", "t",
	  "restore+password: reset: done" },
	{ "keep",
	  "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"keep\", \"by\": \"t\", "
	  "\"reason\": \"logs\"}",
	  KM_OK, NULL, KM_GUARDLINE_EVENT, KM_ENTRY_review, "u1", "t", "keep: logs" },
	{ "terminate", "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"terminate\"}",
	  KM_OK, NULL, KM_GUARDLINE_EVENT, KM_ENTRY_review, "u1", "", "terminate" },
	{ "review of nothing", "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"x\"}",
	  KM_SYNTAX, "\"restore\"", 0, 0, "", "", "" },
	{ "review without outcome", "{\"event\": \"review\", \"account\": \"u1\"}", KM_SYNTAX,
	  "\"outcome\"", 0, 0, "", "", "" },
	{ "review of nobody", "{\"event\": \"review\", \"outcome\": \"keep\"}", KM_SYNTAX,
	  "\"account\"", 0, 0, "", "", "" },
	{ "password", "{\"event\": \"password_changed\", \"account\": \"u1\"}", KM_OK, NULL,
	  KM_GUARDLINE_EVENT, KM_ENTRY_password_changed, "u1", "", "" },
	{ "complaint", "{\"event\": \"complaint\", \"account\": \"u1\", \"type\": \"abuse\"}",
	  KM_OK, NULL, KM_GUARDLINE_EVENT, KM_ENTRY_complaint, "u1", "", "abuse" },
};

static void test_read(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv line = test_exact(cases[i].line, strlen(cases[i].line));
		km_guardline l;
		km_err err = { 0 };
		km_status st = km_guardline_read(a, line, noon, &l, &err);
		if (st != cases[i].want || (cases[i].says && !strstr(err.msg, cases[i].says)))
			fail_msg("%s: %s, %s", cases[i].name, km_status_name(st), err.msg);
		test_drop(line);
		if (st != KM_OK)
			continue;
		if (l.kind != cases[i].kind || l.entry != cases[i].entry)
			fail_msg("%s: kind %d, entry %d", cases[i].name, l.kind, l.entry);
		test_sv_is(l.kind == KM_GUARDLINE_ACCOUNT ? l.account : l.event.account,
			   cases[i].account, cases[i].name);
		test_sv_is(l.by, cases[i].by, cases[i].name);
		test_sv_is(l.reason, cases[i].reason, cases[i].name);
		if (l.kind == KM_GUARDLINE_EVENT || l.kind == KM_GUARDLINE_ENTRY)
			assert_int_equal(l.event.t, noon);
	}
	km_arena_free(a);
}

static void test_limits(void **state)
{
	static const struct {
		const char *line;
		size_t limit;
	} rows[] = {
		{ "{\"query\": \"top\"}", KM_GUARDLINE_TOP_DEFAULT },
		{ "{\"query\": \"top\", \"limit\": 3}", 3 },
		{ "{\"query\": \"top\", \"limit\": -3}", KM_GUARDLINE_TOP_DEFAULT },
		{ "{\"query\": \"top\", \"limit\": 1e99}", KM_GUARDLINE_TOP_MAX },
		{ "{\"query\": \"top\", \"limit\": \"all\"}", KM_GUARDLINE_TOP_DEFAULT },
	};
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_guardline l;

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_guardline_read(a, km_sv_of(rows[i].line), noon, &l, NULL),
				 KM_OK);
		assert_int_equal(l.limit, rows[i].limit);
	}
	km_arena_free(a);
}

/* A line of the greatest length is read; one more byte is not looked at. */
static void test_long(void **state)
{
	static const char head[] = "{\"event\":\"appeal\",\"account\":\"u\",\"text\":\"";
	(void)state;
	km_arena *a = km_arena_new(16 << 20);
	char *text = malloc(KM_EVENT_LINE_MAX + 1);
	km_guardline l;

	assert_non_null(text);
	memset(text, 'x', KM_EVENT_LINE_MAX + 1);
	memcpy(text, head, strlen(head));
	memcpy(text + KM_EVENT_LINE_MAX - 2, "\"}", 2);
	assert_int_equal(km_guardline_read(a, (km_sv){ text, KM_EVENT_LINE_MAX }, noon, &l, NULL),
			 KM_OK);
	assert_int_equal(l.reason.n, KM_GUARDLINE_TEXT_MAX);
	assert_int_equal(km_guardline_read(a, (km_sv){ text, KM_EVENT_LINE_MAX + 1 }, noon, &l,
					   NULL),
			 KM_LIMIT);
	free(text);
	km_arena_free(a);
}

static void test_answers(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	const km_event e = { .t = noon, .n_rcpts = 2, .queue_id = KM_S("Q1") };
	km_decision d = { .is_submit = true, .action = KM_GUARD_HOLD };
	km_account_view v = { .known = true, .kind = KM_ACCOUNT_PERSON, .step = KM_STEP_BRAKE };
	km_buf out;

	km_facts_init(&d.facts, a);
	(void)km_fact_add(&d.facts, KM_FACT_OUT_STOPPED, KM_S("brake\n"), -1, 0, 0);
	d.measures[0] = (km_measure){ .step = KM_STEP_BRAKE, .facts = &d.facts };
	km_buf_init(&out, a, 1 << 16);
	km_guardline_decision(&out, &e, &d, "the disk is full");
	TEST_SV(km_buf_sv(&out),
		"{\"t\": \"2026-03-02T03:00:00Z\", \"account\": null, \"queue_id\": \"Q1\", "
		"\"decision\": \"hold\", \"accepted_rcpts\": 0, \"facts\": [{\"id\": "
		"\"OUT_STOPPED\", \"points\": 0.0, \"seen\": \"brake\\n\"}], \"error\": \"the disk "
		"is "
		"full\"}\n");
	out.n = 0;
	d.n_measures = 1;
	km_guardline_done(&out, &d);
	TEST_SV(km_buf_sv(&out), "{\"ok\": true, \"measures\": [\"brake\"]}\n");
	out.n = 0;
	km_guardline_error(&out, "a \"quoted\"\nline");
	TEST_SV(km_buf_sv(&out), "{\"error\": \"a \\\"quoted\\\"\\nline\"}\n");
	out.n = 0;
	km_guardline_view(&out, KM_S("u\xff"), &v);
	assert_true(km_sv_starts(km_buf_sv(&out),
				 KM_S("{\"account\": \"u\xef\xbf\xbd\", \"known\": true, \"kind\": "
				      "\"person\", \"in_force\": \"brake\", \"since\": null")));
	assert_int_equal(km_sv_chr(km_buf_sv(&out), '\n', 0), out.n - 1);
	out.n = 0;
	km_guardline_view(&out, KM_S("u"), &(km_account_view){ 0 });
	TEST_SV(km_buf_sv(&out), "{\"account\": \"u\", \"known\": false}\n");
	out.n = 0;
	km_guardline_top(&out, NULL, 0);
	TEST_SV(km_buf_sv(&out), "{\"accounts\": []}\n");
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
