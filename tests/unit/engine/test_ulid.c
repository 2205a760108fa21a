#include "engine/ulid.h"
#include "test.h"

static const struct {
	uint64_t ms;
	uint8_t random[10];
	const char *want;
} ids[] = {
	{ 0, { 0 }, "00000000000000000000000000" },
	{ 1, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, "00000000010000000000000001" },
	{ 0xffffffffffff,
	  { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 },
	  "7ZZZZZZZZZZZZZZZZZZZZZZZZZ" },
	/* the time of the example in the ULID specification */
	{ 1469918176385, { 0x80 }, "01ARYZ6S41G000000000000000" },
};

static void test_ids(void **state)
{
	(void)state;
	char out[27];

	for (size_t i = 0; i < KM_COUNT(ids); i++)
		assert_string_equal(km_ulid(ids[i].ms, ids[i].random, out), ids[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
	};
	return cmocka_run_group_tests_name("engine/ulid", tests, NULL, NULL);
}
