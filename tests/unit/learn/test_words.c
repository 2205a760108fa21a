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

static void collect(void *ctx, const km_words_found *w)
{
	km_buf *b = ctx;

	for (size_t i = 0; i < w->n; i++) {
		km_sv word = { w->text[i], w->len[i] };
		km_buf_add(b, word);
		km_buf_add(b, w->pairs[i] ? KM_S("+/") : KM_S("/"));
		assert_true(word.n > 0 && w->hash[i] == km_sv_hash(word));
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

/* In a long text the same words are found as in each piece of it: many bytes are looked at together
 * where there are as many. */
static void test_long_text(void **state)
{
	(void)state;
	static const char *const pieces[] = {
		"buy",
		"cheap",
		"now!",
		"$5.00",
		"a_b-c",
		"X",
		"it's",
		"(",
		"é",
		"請求書",
		"vpass利用",
		"アカウント",
		"ab\xe3\x01\x02",
		"<>",
		"z{|}~`@[^",
		"ab\xc3",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeee",
		"0123456789abcdef",
		"12345678",
		"この\"件\"は",
		"\xff",
		"ÿþ/x",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddaaaaaaaaaabbbbbbbbbbccccccccccdddddddddd!",
	};
	uint32_t seed = 1;

	for (size_t most = 1; most < KM_COUNT(pieces) * 20; most++) {
		km_buf text, want, got;
		km_buf_init(&text, NULL, 1 << 16);
		km_buf_init(&want, NULL, 1 << 16);
		km_buf_init(&got, NULL, 1 << 16);
		for (size_t i = 0; i < most; i++) {
			seed = seed * 1664525 + 1013904223;
			/* most mail has few of the odd ones */
			size_t at = (seed >> 8) % (most % 3 ? 7 : KM_COUNT(pieces));
			km_buf_add(&text, km_sv_of(pieces[at]));
			km_buf_byte(&text, ' ');
			km_words(km_sv_of(pieces[at]), SIZE_MAX, collect, &want);
		}
		km_sv in = test_exact(text.p, text.n);
		km_words(in, SIZE_MAX, collect, &got);
		km_buf_byte(&want, '\0');
		test_sv_is(km_buf_sv(&got), want.p, "long text");
		test_drop(in);
		km_buf_finish(&text);
		km_buf_finish(&want);
		km_buf_finish(&got);
	}
}

/* Each byte between two words, where many are looked at together. */
static void test_each_byte(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		char text[200];
		km_buf few, many;
		memset(text, ' ', sizeof(text));
		km_buf_init(&few, NULL, 1 << 10);
		km_buf_init(&many, NULL, 1 << 10);
		text[10] = 'a';
		text[11] = (char)c;
		text[12] = 'b';
		km_words((km_sv){ text + 8, 8 }, SIZE_MAX, collect, &few);
		km_words((km_sv){ text, sizeof(text) }, SIZE_MAX, collect, &many);
		assert_int_equal(few.n, many.n);
		assert_memory_equal(few.p, many.p, few.n);
		km_buf_finish(&few);
		km_buf_finish(&many);
	}
}

static void count(void *ctx, const km_words_found *w)
{
	*(size_t *)ctx += w->n;
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
		cmocka_unit_test(test_words),	  cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_each_byte), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_any_bytes),
	};
	return cmocka_run_group_tests_name("learn/words", tests, NULL, NULL);
}
