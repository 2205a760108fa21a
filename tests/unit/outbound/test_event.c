#include "outbound/event.h"
#include "test.h"

static km_arena *arena;

static km_status read_line(const char *text, km_event *e, km_err *err)
{
	km_sv line = test_exact(text, strlen(text));
	km_status st = km_event_read(arena, line, e, err);

	test_drop(line);
	return st;
}

static void test_submit(void **state)
{
	(void)state;
	km_event e;

	assert_int_equal(
		read_line("{\"t\": \"2026-03-02T09:14:05+09:00\", \"event\": \"submit\","
			  "\"account\": \"u1042\", \"ip\": \"203.0.113.7\", \"port\": 50211,"
			  "\"country\": \"JP\", \"asn\": 2497, \"mail_from\": \"\","
			  "\"from\": \"a@example.jp\", \"rcpts\": [\"b@example.com\", \"c@d\"],"
			  "\"size\": 5120, \"subject\": \"\\u4ef6\\u540d\", \"class\": \"ham\","
			  "\"score\": 0.5, \"script\": null, \"new\": {\"x\": [1]}}",
			  &e, NULL),
		KM_OK);
	assert_int_equal(e.kind, KM_EVENT_submit);
	assert_int_equal(e.t, 1772410445);
	TEST_SV(e.stamp, "2026-03-02T09:14:05+09:00");
	TEST_SV(e.account, "u1042");
	assert_int_equal(e.ip.len, 4);
	assert_memory_equal(e.ip.b, "\xcb\x00\x71\x07", 4);
	assert_int_equal(e.port, 50211);
	assert_int_equal(e.asn, 2497);
	assert_true(e.has_mail_from);
	assert_int_equal(e.mail_from.n, 0);
	assert_int_equal(e.n_rcpts, 2);
	TEST_SV(e.rcpts[1], "c@d");
	TEST_SV(e.subject, "件名");
	assert_true(e.score == 0.5);
	assert_int_equal(e.script.n, 0);
}

static void test_others(void **state)
{
	(void)state;
	km_event e;

#define HEAD "{\"t\": \"2026-03-02T00:00:00Z\", \"event\": "
	assert_int_equal(read_line(HEAD
				   "\"account\", \"account\": \"x\", \"created\": \"2019-04-01\","
				   "\"kind\": \"bulk\", \"identities\": []}",
				   &e, NULL),
			 KM_OK);
	assert_int_equal(e.account_kind, KM_ACCOUNT_BULK);
	assert_int_equal(e.created, 1554076800);
	assert_true(e.has_identities);
	assert_int_equal(read_line(HEAD "\"review\", \"account\": \"x\", \"outcome\": \"restore\"}",
				   &e, NULL),
			 KM_OK);
	assert_true(e.restore);
	assert_int_equal(read_line(HEAD "\"login\", \"ok\": true, \"ip\": \"::ffff:192.0.2.1\"}",
				   &e, NULL),
			 KM_OK);
	assert_true(e.ok);
	assert_int_equal(e.ip.len, 4);
	/* numbers that nobody writes are cut to what fits */
	assert_int_equal(read_line(HEAD
				   "\"submit\", \"port\": 99999, \"asn\": -1, \"size\": 1e300}",
				   &e, NULL),
			 KM_OK);
	assert_int_equal(e.port, 65535);
	assert_int_equal(e.asn, 0);
	assert_int_equal(e.size, 1ull << 53);
}

static void test_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		km_status want;
		const char *says;
	} cases[] = {
		{ "", KM_NOTFOUND, "" },
		{ " \r", KM_NOTFOUND, "" },
		{ HEAD "\"solar_flare\"}", KM_NOTFOUND, "" },
		{ "{", KM_SYNTAX, "column" },
		{ "[]", KM_SYNTAX, "not a JSON object" },
		{ "7", KM_SYNTAX, "expected" },
		{ "{\"event\": \"submit\"}", KM_SYNTAX, "\"t\" is missing" },
		{ "{\"t\": \"2026-03-02T00:00:00Z\"}", KM_SYNTAX, "\"event\" is missing" },
		{ "{\"t\": \"yesterday\", \"event\": \"submit\"}", KM_SYNTAX, "RFC 3339" },
		{ "{\"t\": 5, \"event\": \"submit\"}", KM_SYNTAX, "\"t\": a string" },
		{ HEAD "\"submit\", \"ip\": \"300.1.2.3\"}", KM_SYNTAX, "not an IP address" },
		{ HEAD "\"submit\", \"ip\": \"1.2.3.4\\u0000\"}", KM_SYNTAX, "not an IP" },
		{ HEAD "\"submit\", \"rcpts\": [1]}", KM_SYNTAX, "\"rcpts\": a list" },
		{ HEAD "\"submit\", \"port\": \"x\"}", KM_SYNTAX, "\"port\": a number" },
		{ HEAD "\"login\", \"ok\": 1}", KM_SYNTAX, "\"ok\": true or false" },
		{ HEAD "\"review\", \"outcome\": \"maybe\"}", KM_SYNTAX,
		  "\"restore\", \"keep\" or \"terminate\"" },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_err err = { 0 };
		km_event e;
		km_status st = read_line(cases[i].line, &e, &err);
		if (st != cases[i].want || strstr(err.msg, cases[i].says) == NULL)
			fail_msg("%s: %s \"%s\"", cases[i].line, km_status_name(st), err.msg);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	size_t n = KM_EVENT_LINE_MAX + 1;
	char *big = malloc(n);
	km_event e;
	km_err err = { 0 };

	assert_non_null(big);
	memset(big, ' ', n);
	big[0] = '{';
	assert_int_equal(km_event_read(arena, (km_sv){ big, n }, &e, &err), KM_LIMIT);
	assert_non_null(strstr(err.msg, "longer than"));
	/* as deep as a line can be */
	memset(big, '[', n - 1);
	assert_int_equal(km_event_read(arena, (km_sv){ big, n - 1 }, &e, NULL), KM_SYNTAX);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_submit),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_bounds),
	};
	arena = km_arena_new(1 << 24);
	int failed = cmocka_run_group_tests_name("outbound/event", tests, NULL, NULL);
	km_arena_free(arena);
	return failed;
}
