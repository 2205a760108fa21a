#include "net/frame.h"

#include "test.h"

static void test_round_trip(void **state)
{
	(void)state;
	km_buf b;
	km_frame f;
	km_sv text, rest;
	uint64_t x;
	double d;

	km_buf_init(&b, NULL, 1 << 16);
	size_t at = km_frame_begin(&b, 7);
	km_frame_put(&b, KM_S("狛犬"));
	km_frame_put(&b, KM_S(""));
	km_frame_put_u64(&b, UINT64_MAX);
	km_frame_put_double(&b, -1.5);
	km_frame_end(&b, at);
	/* every shorter input is "not yet", never an over-read */
	for (size_t n = 0; n < b.n; n++) {
		km_sv part = test_exact(b.p, n);
		rest = part;
		assert_int_equal(km_frame_next(&rest, &f), KM_NOTFOUND);
		assert_int_equal(rest.n, n);
		test_drop(part);
	}
	rest = km_buf_sv(&b);
	assert_int_equal(km_frame_next(&rest, &f), KM_OK);
	assert_int_equal(f.type, 7);
	assert_int_equal(rest.n, 0);
	assert_true(km_frame_get(&f.body, &text));
	TEST_SV(text, "狛犬");
	assert_true(km_frame_get(&f.body, &text));
	assert_int_equal(text.n, 0);
	assert_true(km_frame_get_u64(&f.body, &x));
	assert_true(x == UINT64_MAX);
	assert_true(km_frame_get_double(&f.body, &d));
	assert_true(d == -1.5);
	assert_false(km_frame_get(&f.body, &text));
	km_buf_finish(&b);
}

static void test_bad(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		km_status want;
	} cases[] = {
		{ "\xff\xff\xff\xff\0\0", KM_LIMIT },
		{ "\0\0\0\0\0\0", KM_SYNTAX },
		{ "\1\0\0\0\0\0", KM_SYNTAX },
	};
	km_frame f;

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv whole = test_exact(cases[i].bytes, 6), rest = whole;
		assert_int_equal(km_frame_next(&rest, &f), cases[i].want);
		test_drop(whole);
	}
	/* a field longer than the frame, and a number of the wrong size */
	km_sv body = KM_S("\x05\0\0\0abcd"), field;
	uint64_t x;
	assert_false(km_frame_get(&body, &field));
	body = KM_S("\x04\0\0\0abcd");
	assert_false(km_frame_get_u64(&body, &x));
}

static void test_full(void **state)
{
	(void)state;
	char store[32];
	km_buf b = { .p = store, .cap = sizeof(store), .max = sizeof(store) };
	size_t at = km_frame_begin(&b, 1);

	km_frame_put(&b, KM_S("more than there is room for in this buffer"));
	km_frame_end(&b, at);
	assert_int_equal(b.n, 0); /* half a frame is never sent */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests_name("net/frame", tests, NULL, NULL);
}
