#include "content/pictures.h"
#include "test.h"

/* The first bytes of a picture are its digest; '!' has none. */
static bool first_bytes(km_sv secret, km_sv bytes, uint64_t *out)
{
	assert_memory_equal(secret.p, "0123456789abcdef", KM_PICTURES_SECRET);
	memcpy(out, bytes.p, sizeof(*out));
	return bytes.p[0] != '!';
}

static km_pictures *none(void)
{
	km_pictures *p = km_pictures_new(first_bytes, (const uint8_t *)"0123456789abcdef");

	assert_non_null(p);
	return p;
}

static km_sv picture(const char *begin, size_t n)
{
	char *p = malloc(n);

	assert_non_null(p);
	memset(p, 'x', n);
	memcpy(p, begin, strlen(begin));
	return (km_sv){ p, n };
}

static void test_kept(void **state)
{
	(void)state;
	static const struct {
		const char *name, *begin;
		size_t n;
		uint64_t cost;
		bool kept;
	} rows[] = {
		{ "picture", "picture one", 2000, 12345, true },
		{ "of no cost", "picture two", 2000, 0, true },
		{ "of the greatest cost", "free one", 2000, (1 << 24) - 1, true },
		{ "of more", "dear one", 2000, 1 << 24, false },
		{ "tiny", "tiny one", 100, 1, false },
		{ "without digest", "!picture", 2000, 1, false },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_pictures *p = none();
		km_sv v = picture(rows[i].begin, rows[i].n);
		uint64_t key, cost = 1;
		assert_false(km_pictures_has(p, v, &key, &cost));
		km_pictures_add(p, key, rows[i].cost);
		if (km_pictures_has(p, v, &key, &cost) != rows[i].kept ||
		    (rows[i].kept && cost != rows[i].cost))
			fail_msg("%s", rows[i].name);
		km_pictures_free(p);
		test_drop(v);
	}
}

/* Two that share a place: the later one is remembered, and neither taken for the other. */
static void test_forgotten(void **state)
{
	(void)state;
	km_pictures *p = none();
	km_sv a = picture("ab______", 1000), b = picture("ab___x__", 1000);
	uint64_t key, cost;

	assert_false(km_pictures_has(p, a, &key, &cost));
	km_pictures_add(p, key, 7);
	assert_false(km_pictures_has(p, b, &key, &cost));
	km_pictures_add(p, key, 8);
	assert_true(km_pictures_has(p, b, &key, &cost));
	assert_int_equal(cost, 8);
	assert_false(km_pictures_has(p, a, &key, &cost));
	km_pictures_free(p);
	test_drop(a);
	test_drop(b);
}

/* Nobody has to have one. */
static void test_without(void **state)
{
	(void)state;
	km_sv v = picture("a", 1000);
	uint64_t key, cost;

	assert_false(km_pictures_has(NULL, v, &key, &cost));
	km_pictures_add(NULL, 1, 1);
	km_pictures_free(NULL);
	test_drop(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_without),
	};
	return cmocka_run_group_tests_name("content/pictures", tests, NULL, NULL);
}
