#include "front/policyd/message.h"

#include "test.h"

/* Requests of one connection: state, instance, recipient, recipient_count. */
typedef struct {
	const char *state, *instance, *rcpt, *count;
} request;

static const struct {
	const char *name;
	request requests[6];
	const char *rcpts; /* of the event of the last one, joined with "," */
} cases[] = {
	{ "one", { { "RCPT", "i1", "a@b", "0" }, { "END", "i1", "a@b", "1" } }, "a@b" },
	{ "three",
	  { { "RCPT", "i1", "a@b", "0" },
	    { "RCPT", "i1", "c@d", "1" },
	    { "RCPT", "i1", "e@f", "2" },
	    { "END", "i1", "", "3" } },
	  "a@b,c@d,e@f" },
	{ "asked about twice",
	  { { "RCPT", "i1", "a@b", "0" },
	    { "RCPT", "i1", "a@b", "0" },
	    { "RCPT", "i1", "xa@b", "1" },
	    { "RCPT", "i1", "a@b", "2" },
	    { "END", "i1", "", "3" } },
	  "a@b,xa@b,a@b" },
	{ "the first is the end of the second",
	  { { "RCPT", "i1", "xa@b", "0" }, { "RCPT", "i1", "a@b", "1" }, { "END", "i1", "", "2" } },
	  "xa@b,a@b" },
	{ "another message",
	  { { "RCPT", "i1", "a@b", "0" },
	    { "RCPT", "i2", "c@d", "0" },
	    { "END", "i2", "c@d", "1" } },
	  "c@d" },
	{ "recipients of another message",
	  { { "RCPT", "i1", "a@b", "0" }, { "END", "i2", "", "2" } },
	  "," },
	{ "only the end, one recipient", { { "END", "i1", "a@b", "1" } }, "a@b" },
	{ "only the end", { { "END", "i1", "", "3" } }, ",," },
	{ "some of them", { { "RCPT", "i1", "a@b", "0" }, { "END", "i1", "", "3" } }, "a@b,," },
	{ "none", { { "END", "i1", "", "" } }, "" },
	{ "without instance", { { "RCPT", "", "a@b", "0" }, { "END", "", "a@b", "1" } }, "a@b" },
	{ "count is no number", { { "END", "i1", "a@b", "-1" } }, "a@b" },
	{ "absurd count",
	  { { "RCPT", "i1", "a@b", "0" }, { "END", "i1", "", "99999999999999999999999" } },
	  "a@b" },
};

static km_policyd_request make(const request *r)
{
	return (km_policyd_request){ .instance = km_sv_of(r->instance),
				     .recipient = km_sv_of(r->rcpt),
				     .recipient_count = km_sv_of(r->count),
				     .sender = KM_S("s@x"),
				     .client_address = KM_S("192.0.2.1"),
				     .client_port = KM_S("4711"),
				     .queue_id = KM_S("Q"),
				     .size = KM_S("12") };
}

static void test_collect(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(8 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_policyd_message m;
		km_event e = { 0 };
		km_buf got;
		km_policyd_message_init(&m);
		for (const request *r = cases[i].requests; r->state; r++) {
			km_policyd_request q = make(r);
			if (strcmp(r->state, "RCPT") == 0)
				km_policyd_message_rcpt(&m, &q);
			else
				assert_int_equal(km_policyd_message_event(&m, a, &q, 5, &e), KM_OK);
		}
		km_buf_init(&got, a, 4096);
		for (size_t k = 0; k < e.n_rcpts; k++) {
			if (k)
				km_buf_byte(&got, ',');
			km_buf_add(&got, e.rcpts[k]);
		}
		test_sv_is(km_buf_sv(&got), cases[i].rcpts, cases[i].name);
		assert_true(e.t == 5 && e.port == 4711 && e.size == 12 && e.ip.len == 4 &&
			    e.has_mail_from);
		km_policyd_message_finish(&m);
		km_arena_reset(a);
	}
	km_arena_free(a);
}

/* More recipients than are kept: bounded, and counted all the same. */
static void test_bounds(void **state)
{
	static char longest[2048];
	(void)state;
	km_arena *a = km_arena_new(8 << 20);
	km_policyd_message m;
	km_event e;

	memset(longest, 'x', sizeof(longest));
	km_policyd_message_init(&m);
	for (int i = 0; i < 4000; i++) {
		km_policyd_request r = make(&(request){ "RCPT", "i", "", "" });
		longest[i % 2000] = (char)('a' + i / 2000);
		r.recipient = (km_sv){ longest, sizeof(longest) };
		km_policyd_message_rcpt(&m, &r);
	}
	assert_true(m.names.n <= KM_POLICYD_NAMES_MAX && m.n == KM_POLICYD_NAMES_MAX / 2049);
	km_policyd_request end = make(&(request){ "END", "i", "", "4000" });
	assert_int_equal(km_policyd_message_event(&m, a, &end, 0, &e), KM_OK);
	assert_int_equal(e.n_rcpts, 4000);
	assert_int_equal(e.rcpts[m.n - 1].n, sizeof(longest));
	assert_int_equal(e.rcpts[m.n].n, 0);
	km_policyd_message_clear(&m);
	assert_true(m.n == 0 && m.names.cap == 0);
	km_policyd_message_finish(&m);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collect),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
