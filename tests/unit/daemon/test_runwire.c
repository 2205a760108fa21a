#include "daemon/runwire.h"

#include "net/frame.h"
#include "test.h"

static km_sv frame_of(km_buf *b, uint16_t type)
{
	km_sv in = km_buf_sv(b);
	km_frame f;

	assert_int_equal(km_frame_next(&in, &f), KM_OK);
	assert_int_equal(f.type, type);
	assert_int_equal(in.n, 0);
	return f.body;
}

static void test_ask(void **state)
{
	(void)state;
	const km_run_ask a = { .seq = 77,
			       .hook = KM_S("release"),
			       .entry = KM_S("K9"),
			       .event = KM_S("review"),
			       .account = KM_S("a\0b\n\xff"),
			       .input = KM_S("{}") };
	km_run_ask got = { 0 };
	km_buf b;

	km_buf_init(&b, NULL, 4096);
	km_runwire_put_ask(&b, &a);
	km_sv body = frame_of(&b, KM_RUNWIRE_RUN);
	assert_true(km_runwire_get_ask(body, &got));
	assert_int_equal(got.seq, 77);
	TEST_SV(got.hook, "release");
	TEST_SV(got.entry, "K9");
	TEST_SV(got.event, "review");
	assert_true(km_sv_eq(got.account, a.account));
	TEST_SV(got.input, "{}");
	for (size_t n = 0; n < body.n; n++) { /* whatever is cut off is seen */
		km_sv cut = test_exact(body.p, n);
		assert_false(km_runwire_get_ask(cut, &got));
		test_drop(cut);
	}
	km_buf_finish(&b);
}

static void test_ran(void **state)
{
	(void)state;
	uint64_t seq = 0;
	km_sv failure;
	km_buf b;

	km_buf_init(&b, NULL, 4096);
	km_runwire_put_ran(&b, 3, KM_S("it died of signal 9"));
	km_sv body = frame_of(&b, KM_RUNWIRE_RAN);
	assert_true(km_runwire_get_ran(body, &seq, &failure));
	assert_int_equal(seq, 3);
	TEST_SV(failure, "it died of signal 9");
	for (size_t n = 0; n < body.n; n++)
		assert_false(km_runwire_get_ran(km_sv_sub(body, 0, n), &seq, &failure));
	km_buf_finish(&b);
}

/* What does not fit is not sent by half. */
static void test_too_large(void **state)
{
	(void)state;
	km_buf b;

	km_buf_init(&b, NULL, 64);
	km_runwire_put_ask(
		&b, &(km_run_ask){ .input = KM_S("0123456789012345678901234567890123456789"
						 "0123456789012345678901234567890123456789") });
	assert_true(b.cut);
	assert_int_equal(b.n, 0);
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ask),
		cmocka_unit_test(test_ran),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests_name("daemon/runwire", tests, NULL, NULL);
}
