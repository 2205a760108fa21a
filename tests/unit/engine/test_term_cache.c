#include "engine/term_cache.h"

#include "test.h"

enum { PAGE = 4096 };

static km_terms *make(const char *const *words, size_t n)
{
	km_terms *t = km_terms_new();
	uint32_t number;

	assert_non_null(t);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(km_terms_add(t, km_sv_of(words[i]), &number, NULL), KM_OK);
	return t;
}

static const char *const usual[] = { "楽天", "楽天カード", "amazon", "paypay" };
static const char *const other[] = { "楽天", "楽天カード", "amazon", "paypal" };

/* A copy that begins on a page, as a mapped file does. */
static char *on_a_page(const char *bytes, size_t n)
{
	char *p = aligned_alloc(PAGE, (n + PAGE) / PAGE * PAGE);

	assert_non_null(p);
	memcpy(p, bytes, n);
	return p;
}

static const struct {
	const char *name;
	const char *const *words;
	size_t at;	/* byte that is changed; SIZE_MAX: none */
	size_t missing; /* bytes cut off the end */
	bool compiled;
} cases[] = {
	{ "as it was made", usual, SIZE_MAX, 0, false },
	{ "of other words", other, SIZE_MAX, 0, true },
	{ "no cache of ours", usual, 0, 0, true },
	{ "another stamp", usual, 20, 0, true },
	{ "another digest", usual, 50, 0, true },
	{ "first byte of the image", usual, PAGE, 0, true },
	{ "inside the image", usual, PAGE + 300, 0, true },
	{ "cut off", usual, SIZE_MAX, 1, true },
	{ "only the first page", usual, SIZE_MAX, SIZE_MAX - PAGE, true },
	{ "empty", usual, SIZE_MAX, SIZE_MAX, true },
};

static void test_caches(void **state)
{
	(void)state;
	km_terms *first = make(usual, KM_COUNT(usual));
	km_arena *a = km_arena_new(1 << 20);
	bool compiled = false;
	char *bytes;
	size_t n;

	assert_int_equal(km_term_cache_open(first, (km_sv){ 0 }, &compiled, NULL), KM_OK);
	assert_true(compiled);
	assert_int_equal(km_term_cache_make(first, &bytes, &n, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		char *copy = on_a_page(bytes, n);
		size_t left = cases[i].missing == SIZE_MAX ? 0
			      : cases[i].missing > n	   ? PAGE
							   : n - cases[i].missing;
		if (cases[i].at != SIZE_MAX)
			copy[cases[i].at] ^= 1;
		km_terms *t = make(cases[i].words, KM_COUNT(usual));
		assert_int_equal(km_term_cache_open(t, (km_sv){ copy, left }, &compiled, NULL),
				 KM_OK);
		if (compiled != cases[i].compiled)
			fail_msg("%s: compiled is %d", cases[i].name, compiled);
		km_term_hits hits = km_terms_scan(t, a, KM_S("楽天カード amazon"));
		assert_int_equal(hits.n, 3);
		assert_int_equal(hits.hit[2].to, 22);
		km_terms_free(t);
		free(copy);
	}
	free(bytes);
	km_terms_free(first);
	km_arena_free(a);
}

/* What was adopted can be kept again, the same byte for byte. */
static void test_again(void **state)
{
	(void)state;
	km_terms *first = make(usual, KM_COUNT(usual)), *second = make(usual, KM_COUNT(usual));
	char *bytes, *again;
	size_t n, m;

	assert_int_equal(km_term_cache_open(first, (km_sv){ 0 }, NULL, NULL), KM_OK);
	assert_int_equal(km_term_cache_make(first, &bytes, &n, NULL), KM_OK);
	char *copy = on_a_page(bytes, n);
	assert_int_equal(km_term_cache_open(second, (km_sv){ copy, n }, NULL, NULL), KM_OK);
	assert_int_equal(km_term_cache_make(second, &again, &m, NULL), KM_OK);
	assert_int_equal(m, n);
	assert_memory_equal(again, bytes, n);
	free(bytes);
	free(again);
	km_terms_free(first);
	km_terms_free(second);
	free(copy);
}

static void test_no_words(void **state)
{
	(void)state;
	km_terms *t = km_terms_new();
	char *bytes = NULL;
	size_t n;

	assert_int_equal(km_term_cache_open(t, (km_sv){ 0 }, NULL, NULL), KM_OK);
	assert_int_equal(km_term_cache_make(t, &bytes, &n, NULL), KM_NOTFOUND);
	assert_null(bytes);
	km_terms_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_caches),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_no_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
