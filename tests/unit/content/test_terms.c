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
	{ "auau", "au@0 au@2 " },
	{ "nothing of the kind", "" },
};

static void test_scan(void **state)
{
	(void)state;
	uint32_t number[KM_COUNT(words)];
	km_terms *t = make(number);
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(scans); i++) {
		km_sv key = test_exact(scans[i].key, strlen(scans[i].key));
		km_term_hits hits = km_terms_scan(t, a, key);
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

/* However often a word comes, it is told of KM_TERM_HITS times; and each scan counts anew. */
static void test_many(void **state)
{
	(void)state;
	uint32_t number[KM_COUNT(words)];
	km_terms *t = make(number);
	km_arena *a = km_arena_new(1 << 20);
	char text[4000];

	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "au", 2);
	for (int again = 0; again < 2; again++)
		assert_int_equal(km_terms_scan(t, a, (km_sv){ text, sizeof(text) }).n,
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
	km_arena *a = km_arena_new(16);

	assert_int_equal(km_terms_scan(t, a, KM_S("amazon")).n, 0);
	km_arena_free(a);
	km_terms_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests_name("content/terms", tests, NULL, NULL);
}
