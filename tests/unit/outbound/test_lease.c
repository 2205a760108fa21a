#include "outbound/lease.h"
#include "test.h"

enum { T0 = 1772409600 };

static void test_holders(void **state)
{
	(void)state;
	km_leases *l = km_leases_new();

	assert_int_equal(km_leases_get(l, 5, T0).n, 0);
	assert_true(km_leases_put(l, 5, KM_S("u"), T0 + 60, T0));
	TEST_SV(km_leases_get(l, 5, T0), "u");
	TEST_SV(km_leases_get(l, 5, T0 + 60), "u");
	assert_int_equal(km_leases_get(l, 5, T0 + 61).n, 0);
	assert_int_equal(km_leases_get(l, 6, T0).n, 0);
	/* the next holder; without an end it lasts */
	assert_true(km_leases_put(l, 5, KM_S("v\xff"), 0, T0 + 30));
	TEST_SV(km_leases_get(l, 5, (km_time)T0 + 1000000000), "v\xff");
	km_leases_free(l);
	km_leases_free(NULL);
}

static void test_refused(void **state)
{
	(void)state;
	km_leases *l = km_leases_new();
	char name[KM_LEASE_NAME_MAX + 1];

	memset(name, 'x', sizeof(name));
	assert_false(km_leases_put(l, 5, (km_sv){ name, sizeof(name) }, 0, T0));
	assert_true(km_leases_put(l, 5, (km_sv){ name, sizeof(name) - 1 }, 0, T0));
	assert_false(km_leases_put(l, 6, KM_S(""), 0, T0));
	assert_false(km_leases_put(l, 0, KM_S("u"), 0, T0));
	TEST_SV(km_leases_get(l, 6, T0), "");
	km_leases_free(l);
}

/* Those whose time has passed make room, so that a year of leases needs no more than a day of them.
 */
static void test_many(void **state)
{
	(void)state;
	km_leases *l = km_leases_new();
	char name[16];

	for (uint64_t i = 1; i <= 200000; i++) {
		(void)snprintf(name, sizeof(name), "u%u", (unsigned)i);
		assert_true(km_leases_put(l, i * 0x9E3779B97F4A7C15u, km_sv_of(name),
					  T0 + (km_time)i + 100, T0 + (km_time)i));
	}
	for (uint64_t i = 199950; i <= 200000; i++) {
		(void)snprintf(name, sizeof(name), "u%u", (unsigned)i);
		TEST_SV(km_leases_get(l, i * 0x9E3779B97F4A7C15u, T0 + 200000), name);
	}
	assert_int_equal(km_leases_get(l, 0x9E3779B97F4A7C15u, T0 + 200000).n, 0);
	km_leases_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holders),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests_name("outbound/lease", tests, NULL, NULL);
}
