#include "learn/words.h"

#include "base/buf.h"
#include "test.h"

/* Words in order, "/" between; those that take part in pairs have a "+". */
static const struct {
	const char *name, *in, *want;
} cases[] = {
	{ "latin", "buy cheap v1agra now!", "buy+/cheap+/v1agra+/now!+/" },
	{ "empty", "", "" },
	{ "only marks", " ,;:() ", "" },
	{ "kanji", "請求書", "請/求/書/請求+/求書+/請求書/" },
	{ "one kanji", "円", "円+/" },
	{ "short katakana", "メール", "メール+/" },
	{ "long katakana", "アカウント", "アカウント+/アカウ/カウン/ウント/" },
	{ "joint", "確認してください", "確/認/確認+/認して/" },
	{ "katakana to hiragana", "メールが届", "メール+/ルが/届+/" },
	{ "hiragana alone", "こんにちは", "こん/" },
	{ "latin before kanji", "vpass利用", "vpass+/利/用/利用+/" },
	{ "punctuation", "重要、至急。", "重/要/重要+/至/急/至急+/" },
	{ "other script", "привет мир", "привет+/мир+/" },
};

static bool collect(void *ctx, km_sv word, bool pairs)
{
	km_buf *b = ctx;

	km_buf_add(b, word);
	km_buf_add(b, pairs ? KM_S("+/") : KM_S("/"));
	return true;
}

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_buf b;
		km_buf_init(&b, NULL, 1 << 16);
		km_words(in, collect, &b);
		test_sv_is(km_buf_sv(&b), cases[i].want, cases[i].name);
		km_buf_finish(&b);
		test_drop(in);
	}
}

static bool count_three(void *ctx, km_sv word, bool pairs)
{
	(void)word;
	(void)pairs;
	return ++*(int *)ctx < 3;
}

static void test_stops(void **state)
{
	(void)state;
	int n = 0;

	km_words(KM_S("a b c d e f"), count_three, &n);
	assert_int_equal(n, 3);
	n = 0;
	km_words(KM_S("請求書請求書"), count_three, &n);
	assert_int_equal(n, 3);
}

/* Bytes that are no text are cut into words too, without reading past their end. */
static void test_any_bytes(void **state)
{
	(void)state;
	static const char *const bytes[] = { "\xe3", "\xe3\x81", "\xe4\xb8", "a\xe3\x82",
					     "\xff\xfe\xe9" };

	for (size_t i = 0; i < KM_COUNT(bytes); i++) {
		km_sv in = test_exact(bytes[i], strlen(bytes[i]));
		km_buf b;
		km_buf_init(&b, NULL, 1 << 10);
		km_words(in, collect, &b);
		assert_true(b.n > 0);
		km_buf_finish(&b);
		test_drop(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_stops),
		cmocka_unit_test(test_any_bytes),
	};
	return cmocka_run_group_tests_name("learn/words", tests, NULL, NULL);
}
