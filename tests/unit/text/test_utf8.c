#include "test.h"
#include "text/utf8.h"

#define BAD "\xEF\xBF\xBD"

/* Bad sequences: how many U+FFFD each makes (maximal subparts), and where the valid part ends. */
static const struct {
	const char *name, *in, *out;
	size_t bad, prefix;
} cases[] = {
	{ "empty", "", "", 0, 0 },
	{ "ascii", "plain text, longer than a word", "plain text, longer than a word", 0, 30 },
	{ "japanese", "日本語のメール", "日本語のメール", 0, 21 },
	{ "two bytes", "caf\xC3\xA9", "caf\xC3\xA9", 0, 5 },
	{ "four bytes", "\xF0\xA0\xAE\xB7", "\xF0\xA0\xAE\xB7", 0, 4 },
	{ "last code point", "\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF", 0, 4 },
	{ "past the last", "\xF4\x90\x80\x80", BAD BAD BAD BAD, 4, 0 },
	{ "overlong slash", "a\xC0\xAF", "a" BAD BAD, 2, 1 },
	{ "overlong three", "\xE0\x80\xAF", BAD BAD BAD, 3, 0 },
	{ "overlong four", "\xF0\x80\x80\xAF", BAD BAD BAD BAD, 4, 0 },
	{ "surrogate", "\xED\xA0\x80", BAD BAD BAD, 3, 0 },
	{ "last before surrogates", "\xED\x9F\xBF", "\xED\x9F\xBF", 0, 3 },
	{ "cut three", "\xE3\x81", BAD, 1, 0 },
	{ "cut four", "\xF0\xA0\xAE", BAD, 1, 0 },
	{ "cut then ascii", "\xE3\x81z", BAD "z", 1, 0 },
	{ "cut four then ascii", "\xF0\xA0z", BAD "z", 1, 0 },
	{ "lone continuation",
	  "ab\x80"
	  "c",
	  "ab" BAD "c", 1, 2 },
	{ "table 3-8", "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64",
	  "a" BAD BAD BAD "b" BAD "c" BAD BAD "d", 6, 1 },
	{ "bytes that never occur", "\xFE\xFF\xF5", BAD BAD BAD, 3, 0 },
};

static void test_sanitise(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv v = test_exact(cases[i].in, strlen(cases[i].in));
		size_t bad = 0;
		km_sv got = km_utf8_sanitise(a, v, &bad);

		test_sv_is(got, cases[i].out, cases[i].name);
		assert_int_equal(bad, cases[i].bad);
		assert_int_equal(km_utf8_valid_prefix(v), cases[i].prefix);
		assert_int_equal(km_utf8_valid(v), cases[i].bad == 0);
		if (bad == 0)
			assert_ptr_equal(got.p, v.p); /* no copy of what is right */
		test_drop(v);
		km_arena_free(a);
	}
}

/* Every code point goes out and comes back; surrogates go out as U+FFFD. */
static void test_every_code_point(void **state)
{
	(void)state;
	for (int32_t cp = 0; cp <= 0x110000; cp++) {
		km_buf b;
		size_t at = 0;
		bool good = cp < 0x110000 && (cp < 0xD800 || cp > 0xDFFF);

		km_buf_init(&b, NULL, 16);
		km_utf8_add(&b, cp);
		km_sv v = km_buf_sv(&b);
		assert_int_equal(km_utf8_next(v, &at), good ? cp : KM_REPLACEMENT);
		assert_int_equal(at, v.n);
		assert_true(km_utf8_valid(v));
		km_buf_finish(&b);
	}
}

static void test_add_whole_or_nothing(void **state)
{
	(void)state;
	km_buf b;

	km_buf_init(&b, NULL, 4);
	km_utf8_add(&b, 0x3042);
	km_utf8_add(&b, 0x3042);
	assert_int_equal(b.n, 3);
	assert_true(b.cut);
	km_buf_finish(&b);
}

static void test_ascii_prefix(void **state)
{
	(void)state;
	for (size_t n = 0; n < 40; n++) {
		for (size_t at = 0; at <= n; at++) {
			char text[40];
			memset(text, 'a', sizeof(text));
			if (at < n)
				text[at] = (char)(at % 2 ? 0x80 : 0xFF);
			km_sv v = test_exact(text, n);
			assert_int_equal(km_ascii_prefix(v), at);
			test_drop(v);
		}
	}
}

static void test_cut(void **state)
{
	(void)state;
	km_sv v = KM_S("aあ\xF0\xA0\xAE\xB7z");
	static const size_t want[] = { 0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9 };

	for (size_t max = 0; max < KM_COUNT(want); max++)
		assert_int_equal(km_utf8_cut(v, max).n, want[max]);
}

/* A small arena: what fitted, still valid, no crash. */
static void test_arena_full(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(64);
	char text[100];
	size_t bad = 0;

	memset(text, 0x80, sizeof(text));
	km_sv got = km_utf8_sanitise(a, (km_sv){ text, sizeof(text) }, &bad);
	assert_true(km_utf8_valid(got));
	assert_true(km_arena_full(a));
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sanitise),
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_add_whole_or_nothing),
		cmocka_unit_test(test_ascii_prefix),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_arena_full),
	};
	return cmocka_run_group_tests_name("text/utf8", tests, NULL, NULL);
}
