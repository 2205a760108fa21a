#include "content/terms.h"

#include "base/buf.h"
#include "test.h"

static const char *const words[] = {
	"楽天", "楽天カード", "Amazon", "PayPay", "ａｍａｚｏｎ", "au"
};

static km_terms *make(uint32_t number[KM_COUNT(words)])
{
	km_terms *t = km_terms_new();

	assert_non_null(t);
	for (size_t i = 0; i < KM_COUNT(words); i++)
		assert_int_equal(km_terms_add(t, km_sv_of(words[i]), &number[i], NULL), KM_OK);
	assert_int_equal(km_terms_build(t, NULL), KM_OK);
	return t;
}

static void test_numbers(void **state)
{
	(void)state;
	uint32_t number[KM_COUNT(words)], none;
	km_terms *t = make(number);

	assert_int_equal(number[2], number[4]); /* one key */
	assert_int_equal(km_terms_count(t), KM_COUNT(words) - 1);
	test_sv_is(km_terms_text(t, number[2]), "amazon", "key");
	km_terms *u = km_terms_new();
	assert_int_equal(km_terms_add(u, KM_S("\xe2\x80\x8b"), &none, NULL), KM_SYNTAX);
	km_terms_free(u);
	km_terms_free(t);
}

static const struct {
	const char *key;
	const char *found; /* keys in the order in which they end, each with its place */
} scans[] = {
	{ "", "" },
	{ "楽天カード", "楽天@0 楽天カード@0 " },
	{ "amazon と paypay", "amazon@0 paypay@11 " },
	{ "auau", "au@0 " },
	{ "beau au 3au", "au@5 " },
	{ "beau楽天 au", "楽天@4 au@11 " },
	{ "x-amazon.au", "amazon@2 au@9 " },
	{ "nothing of the kind", "" },
};

static void test_scan(void **state)
{
	(void)state;
	uint32_t number[KM_COUNT(words)];
	uint8_t count[KM_COUNT(words)] = { 0 };
	km_terms *t = make(number);
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(scans); i++) {
		km_sv key = test_exact(scans[i].key, strlen(scans[i].key));
		km_term_hits hits = km_terms_scan(t, a, count, key);
		km_buf b;
		km_buf_init(&b, a, 1000);
		for (size_t k = 0; k < hits.n; k++)
			km_buf_fmt(&b, "%.*s@%u ", KM_FMT(km_terms_text(t, hits.hit[k].term)),
				   hits.hit[k].from);
		test_sv_is(km_buf_sv(&b), scans[i].found, scans[i].key);
		test_drop(key);
	}
	km_arena_free(a);
	km_terms_free(t);
}

/* --- the same as when every word is looked for in every place --- */

/* Of any two next to each other one begins with the other, or they part in one of the bytes about
 * the eighth. */
static const char *const steps[] = {
	"a",	      "ab",	   "abc",     "abcdefg", "abcdefgh", "abcdefghi", "abcdefghij",
	"abcdefghik", "abcdefghz", "abcdefh", "abd",	 "b c",	     "b cdefgh",  "b cdefghi",
	"$",	      "$a",	   "あ",      "あい",	 "あいう",   "あいうえ",  "あいうえお",
	"あいうお",   "い",	   "7",	      "7abc",	 "7abcd",    "あb",
};

static bool is_there(const char *word, km_sv key, size_t at)
{
	bool whole = km_is_alnum((unsigned char)word[0]) && at > 0 &&
		     km_is_alnum((unsigned char)key.p[at - 1]);

	return km_sv_starts(km_sv_from(key, at), km_sv_of(word)) && !whole;
}

static size_t count_all(km_sv key)
{
	size_t n = 0;

	for (size_t at = 0; at < key.n; at++)
		for (size_t i = 0; i < KM_COUNT(steps); i++)
			n += is_there(steps[i], key, at);
	return n;
}

static void check_hits(km_sv key, km_term_hits hits)
{
	for (size_t i = 0; i < hits.n; i++) {
		const km_term_hit *h = &hits.hit[i], *last = i ? h - 1 : h;
		assert_true(is_there(steps[h->term], key, h->from));
		assert_int_equal(h->to - h->from, strlen(steps[h->term]));
		assert_true(last->to <= h->to &&
			    (last == h || last->to < h->to || last->from != h->from));
	}
	assert_int_equal(hits.n, count_all(key));
}

static void test_every_place(void **state)
{
	(void)state;
	static const char *const parts[] = { "abcdefghij", "abcdefgh", "あいうえ", "あいう", "ab",
					     "b cdefgh",   " ",	       "$",	   "い",     "7" };
	km_terms *t = km_terms_new();
	km_arena *a = km_arena_new(1 << 20);
	uint8_t count[KM_COUNT(steps)] = { 0 };
	uint32_t number, random = 1;
	char text[200];

	for (size_t i = 0; i < KM_COUNT(steps); i++) {
		assert_int_equal(km_terms_add(t, km_sv_of(steps[i]), &number, NULL), KM_OK);
		assert_int_equal(number, i);
	}
	assert_int_equal(km_terms_build(t, NULL), KM_OK);
	for (int round = 0; round < 2000; round++) {
		size_t n = 0;
		for (int k = 0; k < 12; k++) {
			random = random * 1103515245 + 12345;
			const char *part = parts[(random >> 16) % KM_COUNT(parts)];
			size_t most = strlen(part), cut = (random >> 8) % (most + 1);
			memcpy(text + n, part, most - cut);
			n += most - cut;
		}
		km_sv key = test_exact(text, n);
		check_hits(key, km_terms_scan(t, a, count, key));
		test_drop(key);
		km_arena_reset(a);
	}
	km_arena_free(a);
	km_terms_free(t);
}

/* However often a word comes, it is told of KM_TERM_HITS times; and each scan counts anew. */
static void test_many(void **state)
{
	(void)state;
	uint32_t number[KM_COUNT(words)];
	km_terms *t = make(number);
	km_arena *a = km_arena_new(1 << 20);
	uint8_t count[KM_COUNT(words)] = { 0 };
	char text[3000];

	for (size_t i = 0; i < sizeof(text); i += 3)
		memcpy(text + i, "au ", 3);
	for (int again = 0; again < 2; again++)
		assert_int_equal(km_terms_scan(t, a, count, (km_sv){ text, sizeof(text) }).n,
				 KM_TERM_HITS);
	km_arena_free(a);
	km_terms_free(t);
}

/* Without room for what is found, less is found. */
static void test_full(void **state)
{
	(void)state;
	uint32_t number[KM_COUNT(words)];
	km_terms *t = make(number);
	uint8_t count[KM_COUNT(words)] = { 0 };
	km_arena *a = km_arena_new(16);

	assert_int_equal(km_terms_scan(t, a, count, KM_S("amazon")).n, 0);
	km_arena_free(a);
	km_terms_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),	    cmocka_unit_test(test_scan),
		cmocka_unit_test(test_every_place), cmocka_unit_test(test_many),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests_name("content/terms", tests, NULL, NULL);
}
