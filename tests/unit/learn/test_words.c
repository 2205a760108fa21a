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
	{ "longer than any word", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee f",
	  "aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd+/f+/" },
	{ "no UTF-8 within a word",
	  "ab\xe3\x01\x02"
	  "cd e",
	  "ab\xe3\x01\x02"
	  "cd+/e+/" },
};

static void collect(void *ctx, const km_word *w, size_t n)
{
	km_buf *b = ctx;

	for (size_t i = 0; i < n; i++) {
		km_buf_add(b, w[i].text);
		km_buf_add(b, w[i].pairs ? KM_S("+/") : KM_S("/"));
		assert_true(w[i].text.n > 0 && w[i].hash == km_sv_hash(w[i].text));
	}
}

static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_buf b;
		km_buf_init(&b, NULL, 1 << 16);
		km_words(in, SIZE_MAX, collect, &b);
		test_sv_is(km_buf_sv(&b), cases[i].want, cases[i].name);
		km_buf_finish(&b);
		test_drop(in);
	}
}

static void count(void *ctx, const km_word *w, size_t n)
{
	(void)w;
	*(size_t *)ctx += n;
}

static void test_bounded(void **state)
{
	(void)state;
	static const char *const texts[] = { "a b c d e f", "請求書請求書", "アカウント",
					     "は a は a は a" };
	char many[1000];
	size_t n;

	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		n = 0;
		km_words(km_sv_of(texts[i]), 3, count, &n);
		assert_int_equal(n, 3);
	}
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = i % 2 ? ' ' : 'a';
	for (size_t most = 0; most <= sizeof(many) / 2; most += 25) {
		n = 0;
		km_words((km_sv){ many, sizeof(many) }, most, count, &n);
		assert_int_equal(n, most);
	}
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
		km_words(in, SIZE_MAX, collect, &b);
		assert_true(b.n > 0);
		km_buf_finish(&b);
		test_drop(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_any_bytes),
	};
	return cmocka_run_group_tests_name("learn/words", tests, NULL, NULL);
}
