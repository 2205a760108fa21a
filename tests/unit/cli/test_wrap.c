#include "cli/wrap.h"

#include "test.h"

static void wraps(void **state)
{
	static const struct {
		const char *in;
		size_t indent, width;
		const char *out;
	} cases[] = {
		{ "", 0, 20, "" },
		{ "one two three four five", 0, 14, "one two three\nfour five" },
		{ "one two three four five", 4, 16, "one two\n    three four\n    five" },
		{ "a\nb", 2, 20, "a\n  b" },
		{ "averyveryverylongword x", 0, 10, "averyveryverylongword\nx" },
		{ "日本語の文章です。次の文。", 0, 18, "日本語の文章です。\n次の文。" },
		/* punctuation does not begin a line */
		{ "日本語の文章です。次の文。", 0, 16, "日本語の文章で\nす。次の文。" },
		{ "これは「引用」です", 0, 8 + 2, "これは「引\n用」です" },
		{ "mail のABC", 0, 10, "mail のABC" },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_buf b;
		km_buf_init(&b, NULL, 4096);
		km_wrap(&b, in, cases[i].indent, cases[i].width);
		test_sv_is(km_buf_sv(&b), cases[i].out, cases[i].in);
		km_buf_finish(&b);
		test_drop(in);
	}
}

static void measures(void **state)
{
	(void)state;
	assert_int_equal(km_width(KM_S("abc")), 3);
	assert_int_equal(km_width(KM_S("日本")), 4);
	assert_int_equal(km_width(KM_S("ｶﾞ")), 2);
	assert_int_equal(km_width(KM_S("e\xcc\x81")), 1); /* combining accent */
	assert_int_equal(km_width(KM_S("\xe2\x80\x8b")), 0);
}

static void shows_safely(void **state)
{
	static const struct {
		km_sv in;
		bool lines;
		const char *out;
	} cases[] = {
		{ KM_SV("plain 日本"), false, "plain 日本" },
		{ KM_SV("\033[31mred"), false, "\\x1B[31mred" },
		{ KM_SV("a\nb\tc"), false, "a\\x0Ab\\x09c" },
		{ KM_SV("a\r\nb\tc\rd"), true, "a\nb\tc\\x0Dd" },
		{ KM_SV("\xff\xc3"), false, "\\xFF\\xC3" },
		{ KM_SV("a\xe2\x80\xae"
			"b"),
		  false, "a\\u{202E}b" },
		{ KM_SV("\xc2\x9b"
			"1m"),
		  false, "\\u{009B}1m" },
		{ KM_SV("\0"), false, "\\x00" },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in.p, cases[i].in.n);
		km_buf b;
		km_buf_init(&b, NULL, 4096);
		km_show_safe(&b, in, cases[i].lines);
		test_sv_is(km_buf_sv(&b), cases[i].out, cases[i].out);
		km_buf_finish(&b);
		test_drop(in);
	}
}

/* A text of words is laid out line by line: no byte is written twice however long it is. */
static void is_linear(void **state)
{
	enum { WORDS = 100000 };
	char *text = malloc(WORDS * 2);
	km_buf b;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < WORDS; i++)
		memcpy(text + 2 * i, "x ", 2);
	km_buf_init(&b, NULL, (size_t)WORDS * 2);
	km_wrap(&b, (km_sv){ text, WORDS * 2 }, 0, 80);
	assert_int_equal(b.n, WORDS * 2 - 1);
	assert_false(b.cut);
	km_buf_finish(&b);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps),
		cmocka_unit_test(measures),
		cmocka_unit_test(shows_safely),
		cmocka_unit_test(is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
