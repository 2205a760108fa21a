#include "base/buf.h"
#include "base/map.h"
#include "test.h"

static void test_cap(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(100000);
	volatile size_t huge = SIZE_MAX; /* volatile: the compiler knows it is too much */

	assert_non_null(km_alloc(a, 90000));
	assert_false(km_arena_full(a));
	assert_null(km_alloc(a, 90000));
	assert_true(km_arena_full(a));
	km_arena_reset(a);
	assert_false(km_arena_full(a));
	assert_non_null(km_alloc(a, 90000));
	assert_null(km_alloc(a, huge));
	assert_null(km_alloc_array(a, huge / 2, 4));
	km_arena_free(a);
}

static void test_grow(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	char *p = km_alloc(a, 10);

	memcpy(p, "0123456789", 10);
	assert_ptr_equal(km_arena_grow(a, p, 10, 1000), p); /* last one: in place */
	(void)km_alloc(a, 1);
	char *q = km_arena_grow(a, p, 1000, 2000);
	assert_ptr_not_equal(q, p);
	assert_memory_equal(q, "0123456789", 10);
	km_arena_free(a);
}

static void test_sub(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(300000);

	assert_null(km_arena_sub(a, 300001));
	km_arena_reset(a);
	for (int round = 0; round < 2; round++) {
		km_arena *sub = km_arena_sub(a, 100000);
		assert_non_null(sub);
		while (km_alloc(a, 1000))
			continue;
		assert_true(km_arena_used(a) <= 200000);
		size_t n = 0;
		while (km_alloc0(sub, 1000)) /* goes on, up to its own cap */
			n++;
		assert_in_range(n, 80, 100);
		km_arena_reset(a);
	}
	km_arena_free(a);
}

static void test_buf(void **state)
{
	(void)state;
	km_buf b;

	km_buf_init(&b, NULL, 10);
	km_buf_add(&b, KM_S("hello"));
	km_buf_byte(&b, ' ');
	km_buf_add(&b, KM_S("world"));
	assert_true(b.cut);
	TEST_SV(km_buf_sv(&b), "hello worl");
	km_buf_finish(&b);
	km_buf_init(&b, NULL, 1000);
	km_buf_fmt(&b, "%0300d", 7);
	assert_int_equal(b.n, 300);
	assert_false(b.cut);
	km_buf_finish(&b);
}

/* What was read of a stream goes, what is not whole yet stays in front. */
static void test_keep(void **state)
{
	(void)state;
	km_buf b;

	km_buf_init(&b, NULL, 100);
	km_buf_keep(&b, km_buf_sv(&b));
	km_buf_add(&b, KM_S("one\ntwo\nth"));
	km_buf_keep(&b, km_buf_sv(&b));
	TEST_SV(km_buf_sv(&b), "one\ntwo\nth");
	km_buf_keep(&b, km_sv_from(km_buf_sv(&b), 4));
	TEST_SV(km_buf_sv(&b), "two\nth");
	km_buf_add(&b, KM_S("ree"));
	km_buf_keep(&b, km_sv_from(km_buf_sv(&b), 4));
	TEST_SV(km_buf_sv(&b), "three");
	km_buf_keep(&b, (km_sv){ NULL, 0 });
	assert_int_equal(b.n, 0);
	km_buf_finish(&b);
}

static void test_map(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_map m;

	km_map_init(&m, a, true);
	assert_null(km_map_get(&m, KM_S("x")));
	for (int i = 0; i < 1000; i++)
		*km_map_put(&m, km_sv_fmt(a, "Key%d", i)) = (void *)(uintptr_t)(i + 1);
	assert_int_equal(m.n, 1000);
	assert_ptr_equal(km_map_get(&m, KM_S("kEY999")), (void *)1000);
	assert_null(km_map_get(&m, KM_S("key1000")));
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cap), cmocka_unit_test(test_grow), cmocka_unit_test(test_sub),
		cmocka_unit_test(test_buf), cmocka_unit_test(test_keep), cmocka_unit_test(test_map),
	};
	return cmocka_run_group_tests_name("base/arena", tests, NULL, NULL);
}
