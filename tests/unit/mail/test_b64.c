#include "mail/b64.h"

#include "test.h"

static const struct {
	const char *name, *in, *out;
	size_t junk;
	bool bad_padding;
} cases[] = {
	{ "empty", "", "", 0, false },
	{ "three", "YWJj", "abc", 0, false },
	{ "two", "YWI=", "ab", 0, false },
	{ "one", "YQ==", "a", 0, false },
	{ "line ends", "YW\r\nJj\n ZG\tVm", "abcdef", 0, false },
	{ "foreign bytes", "Y*W-Jj\x80", "abc", 3, false },
	{ "padding missing", "YWJjZA", "abcd", 0, true },
	{ "padding half missing", "YQ=", "a", 0, true },
	{ "padding too much", "YWI==", "ab", 0, true },
	{ "padding alone", "=", "", 0, true },
	{ "padding in the middle", "YQ==YWJjZGVmZ2hp", "aabcdefghi", 0, true },
	{ "padding inside a group", "YW=JjZA==", "a&6@", 0, true },
	{ "six bits left", "YWJjZ", "abc", 0, true },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_b64_info info;
		km_buf out;

		km_buf_init(&out, NULL, 1000);
		km_b64_decode(in, &out, &info);
		test_sv_is(km_buf_sv(&out), cases[i].out, cases[i].name);
		if (info.junk != cases[i].junk || info.bad_padding != cases[i].bad_padding)
			fail_msg("%s: junk %zu, bad padding %d", cases[i].name, info.junk,
				 info.bad_padding);
		assert_false(info.truncated);
		km_buf_finish(&out);
		test_drop(in);
	}
}

/* Whatever the maximum is, the output is the start of the whole output. */
static void test_truncation(void **state)
{
	(void)state;
	const char *whole = "abcdefghi";

	for (size_t max = 0; max <= 9; max++) {
		km_b64_info info;
		km_buf out;

		km_buf_init(&out, NULL, max);
		km_b64_decode(KM_S("YWJj\nZGVmZ2hp"), &out, &info);
		assert_int_equal(out.n, max);
		assert_true(max == 0 || memcmp(out.p, whole, max) == 0);
		assert_int_equal(info.truncated, max < 9);
		km_buf_finish(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_truncation),
	};
	return cmocka_run_group_tests_name("mail/b64", tests, NULL, NULL);
}
