/*
 * A request is read, and a message given back, in time linear in its size, however it is cut. The
 * work is counted (steps.h): four times the input may cost no more than about four times the work.
 */
#include "front/spamd/session.h"
#include "steps.h"
#include "test.h"

enum { SMALL = 100000, LARGE = 4 * SMALL };

static const struct {
	const char *start, *unit, *end;
	size_t piece;
} patterns[] = {
	{ "CHECK SPAMC/1.5\r\n", "X: y\r\n", "\r\nx", 1 },
	{ "CHECK SPAMC/1.5\r\nX: ", "y", "\r\n\r\nx", 1 },
	{ "CHECK RSPAMC/1.3\r\n", "Rcpt: <a@b>\r\n", "\r\nx", 1000 },
	{ "CHECK RSPAMC/1.3\r\nRcpt: ", "<a@b>,", "\r\n\r\nx", 7 },
	{ "CHECK RSPAMC/1.3\r\nRcpt: ", "\"", "\r\n\r\nx", 65536 },
	{ "CHECK SPAMC/1.5\r\n\r\n", "x", "", 1 },
	{ "PROCESS SPAMC/1.5\r\n\r\n", "X-Komainu: x\n", "\nx", 65536 },
	{ "PROCESS SPAMC/1.5\r\n\r\nX-Komainu: x\n", "\tx\n", "\nx", 65536 },
	{ "PROCESS SPAMC/1.5\r\n\r\n", "x", "", 65536 },
	{ "HEADERS SPAMC/1.5\r\n\r\n", "A: x\r\n", "\r\nx", 100 },
	{ "REPORT SPAMC/1.2\r\n\r\nFrom a\nX-Envelope-To: ", "a@b,", "\nA: b\n\n", 4096 },
};

static size_t work(size_t i, size_t size)
{
	static const km_sv ours[] = { KM_SV("X-Komainu"), KM_SV("X-Spam-Flag") };
	static const km_spamd_limits limits = { 1 << 20, 1 << 20, 100000, ours, 2 };
	static const km_spamd_verdict verdict = { .action = "no action", .report = KM_SV("why") };
	km_spamd *s = km_spamd_new(&limits);
	km_buf in, out;

	km_buf_init(&in, NULL, 1 << 20);
	km_buf_init(&out, NULL, 1 << 21);
	km_buf_add(&in, km_sv_of(patterns[i].start));
	while (in.n < size)
		km_buf_add(&in, km_sv_of(patterns[i].unit));
	km_buf_add(&in, km_sv_of(patterns[i].end));
	steps = 0;
	for (size_t at = 0; at < in.n; at += patterns[i].piece)
		assert_int_equal(km_spamd_feed(s, km_sv_sub(km_buf_sv(&in), at, patterns[i].piece),
					       &out),
				 KM_SPAMD_MORE);
	assert_int_equal(km_spamd_end(s, &out), KM_SPAMD_MESSAGE);
	(void)km_spamd_message(s);
	km_spamd_answer(s, &verdict, &out);
	size_t done = steps;
	km_spamd_free(s);
	km_buf_finish(&in);
	km_buf_finish(&out);
	return done;
}

static void test_linear(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(patterns); i++) {
		size_t small = work(i, SMALL), large = work(i, LARGE);
		assert_true(small > 100); /* the work was counted */
		if (large > small * 9 / 2)
			fail_msg("pattern %zu: %zu steps, four times as much input: %zu", i, small,
				 large);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };

	return cmocka_run_group_tests_name("front/spamd_linear", tests, NULL, NULL);
}
