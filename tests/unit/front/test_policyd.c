#include "front/policyd/policyd.h"
#include "steps.h"
#include "test.h"

#define RCPT                                                                                       \
	"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"                  \
	"helo_name=pc=home\nqueue_id=\nsender=a@example.jp\nrecipient=b@example.com\n"             \
	"recipient_count=0\nclient_address=203.0.113.7\nclient_name=unknown\nsize=5120\n"          \
	"sasl_username=u1042\ninstance=123.456.7\n\n"

static void test_request(void **state)
{
	(void)state;
	km_sv in = test_exact(RCPT, sizeof(RCPT) - 1);
	km_policyd_request r;
	size_t seen = 0, used = 0;

	assert_int_equal(km_policyd_read(in, &seen, &used, &r, NULL), KM_OK);
	assert_int_equal(used, in.n);
	TEST_SV(r.request, "smtpd_access_policy");
	TEST_SV(r.protocol_state, "RCPT");
	TEST_SV(r.helo_name, "pc=home");
	TEST_SV(r.sender, "a@example.jp");
	TEST_SV(r.recipient, "b@example.com");
	TEST_SV(r.client_address, "203.0.113.7");
	TEST_SV(r.sasl_username, "u1042");
	TEST_SV(r.instance, "123.456.7");
	TEST_SV(r.size, "5120");
	assert_int_equal(r.queue_id.n, 0);
	assert_int_equal(r.ccert_subject.n, 0);
	test_drop(in);
}

static const struct {
	const char *name, *in;
	km_status want;
	size_t used;
	const char *sender;
} cases[] = {
	{ "nothing yet", "", KM_NOTFOUND, 0, NULL },
	{ "half a line", "send", KM_NOTFOUND, 0, NULL },
	{ "half a request", "sender=a@b\n", KM_NOTFOUND, 0, NULL },
	{ "one attribute", "sender=a@b\n\n", KM_OK, 12, "a@b" },
	{ "what follows stays", "sender=a@b\n\nsender=c@d\n\n", KM_OK, 12, "a@b" },
	{ "the first of two", "sender=a@b\nsender=c@d\n\n", KM_OK, 23, "a@b" },
	{ "an empty first one counts too", "sender=\nsender=c@d\n\n", KM_OK, 20, "" },
	{ "unknown names", "x=1\n=2\nsender=a@b\n\n", KM_OK, 19, "a@b" },
	{ "case matters", "Sender=a@b\n\n", KM_OK, 12, "" },
	{ "no equals", "sender\n\n", KM_SYNTAX, 0, NULL },
	{ "an empty request", "\n\n", KM_SYNTAX, 0, NULL },
	{ "an empty line first", "\nsender=a@b\n\n", KM_SYNTAX, 0, NULL },
	{ "CR is data", "sender=a@b\r\n\n", KM_OK, 13, "a@b\r" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_policyd_request r = { 0 };
		size_t seen = 0, used = 0;
		km_status st = km_policyd_read(in, &seen, &used, &r, NULL);
		if (st != cases[i].want || (st == KM_OK && used != cases[i].used))
			fail_msg("%s: %s, %zu used", cases[i].name, km_status_name(st), used);
		if (cases[i].sender)
			test_sv_is(r.sender, cases[i].sender, cases[i].name);
		test_drop(in);
	}
}

static void test_nul(void **state)
{
	(void)state;
	km_policyd_request r;
	size_t seen = 0, used = 0;
	km_sv in = test_exact("sender=a\0b\n\n", 12);

	assert_int_equal(km_policyd_read(in, &seen, &used, &r, NULL), KM_SYNTAX);
	test_drop(in);
}

/* However it is cut, the request is the same. */
static void test_pieces(void **state)
{
	(void)state;
	for (size_t step = 1; step < 40; step++) {
		km_policyd_request r;
		size_t seen = 0, used = 0, n = 0;
		km_status st = KM_NOTFOUND;
		while (st == KM_NOTFOUND && n < sizeof(RCPT) - 1) {
			n = n + step > sizeof(RCPT) - 1 ? sizeof(RCPT) - 1 : n + step;
			st = km_policyd_read((km_sv){ RCPT, n }, &seen, &used, &r, NULL);
		}
		assert_int_equal(st, KM_OK);
		assert_int_equal(used, sizeof(RCPT) - 1);
		TEST_SV(r.instance, "123.456.7");
	}
}

static void test_limit(void **state)
{
	(void)state;
	static char big[KM_POLICYD_MAX_REQUEST + 16];
	km_policyd_request r;
	size_t seen = 0, used = 0;

	memset(big, 'x', sizeof(big));
	big[1] = '=';
	memcpy(big + KM_POLICYD_MAX_REQUEST - 2, "\n\n", 2);
	assert_int_equal(km_policyd_read((km_sv){ big, sizeof(big) }, &seen, &used, &r, NULL),
			 KM_OK);
	memcpy(big + KM_POLICYD_MAX_REQUEST - 2, "xx\n\n", 4);
	seen = 0;
	assert_int_equal(km_policyd_read((km_sv){ big, KM_POLICYD_MAX_REQUEST - 1 }, &seen, &used,
					 &r, NULL),
			 KM_NOTFOUND);
	assert_int_equal(km_policyd_read((km_sv){ big, sizeof(big) }, &seen, &used, &r, NULL),
			 KM_LIMIT);
}

/* A byte at a time is no more work than all at once, but for the calls. */
static size_t work(size_t n)
{
	char *in = malloc(n);
	km_policyd_request r;
	size_t seen = 0, used = 0;

	memset(in, 'x', n);
	in[1] = '=';
	memcpy(in + n - 2, "\n\n", 2);
	steps = 0;
	for (size_t i = 1; i <= n; i++)
		if (km_policyd_read((km_sv){ in, i }, &seen, &used, &r, NULL) == KM_OK)
			assert_int_equal(i, n);
	free(in);
	return steps;
}

static void test_linear(void **state)
{
	(void)state;
	size_t one = work(4000), ten = work(40000);

	assert_true(one > 0);
	if (ten > 12 * one)
		fail_msg("%zu steps for 4,000 bytes, %zu for 40,000", one, ten);
}

static void test_reply(void **state)
{
	(void)state;
	static const struct {
		km_policyd_action action;
		const char *code, *text, *want;
	} rows[] = {
		{ KM_POLICYD_DUNNO, NULL, "x", "action=DUNNO\n\n" },
		{ KM_POLICYD_DEFER, "4.7.1", "Slow down", "action=450 4.7.1 Slow down\n\n" },
		{ KM_POLICYD_REJECT, "5.7.1", "No", "action=550 5.7.1 No\n\n" },
		{ KM_POLICYD_HOLD, NULL, "for a person", "action=HOLD for a person\n\n" },
		{ KM_POLICYD_REJECT, "5.7.1", "a\n\naction=DUNNO\tb",
		  "action=550 5.7.1 a  action=DUNNO b\n\n" },
		{ KM_POLICYD_REJECT, "5.7.1", "\xe3\x81\x82", "action=550 5.7.1 ???\n\n" },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_buf out;
		km_buf_init(&out, NULL, 4096);
		km_policyd_reply(&out, rows[i].action, rows[i].code, km_sv_of(rows[i].text));
		test_sv_is(km_buf_sv(&out), rows[i].want, rows[i].text);
		km_buf_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request), cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nul),	cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_limit),	cmocka_unit_test(test_linear),
		cmocka_unit_test(test_reply),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
