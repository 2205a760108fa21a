#include "cli/show.h"

#include "test.h"

#define PART(up, down, beside, of)                                                                 \
	{                                                                                          \
		.parent = (up), .first_child = (down), .next = (beside), .reading_of = (of),       \
		.reading = (of) != KM_NO_PART                                                      \
	}

/*
 * The reader's order: first readings, then further ones with what they hold. Part 1 can be read in
 * two more ways (3, which holds 4, and 6), the whole message in one more (5).
 */
static km_part parts[] = {
	PART(KM_NO_PART, 1, KM_NO_PART, KM_NO_PART), PART(0, KM_NO_PART, 2, KM_NO_PART),
	PART(0, KM_NO_PART, KM_NO_PART, KM_NO_PART), PART(0, 4, KM_NO_PART, 1),
	PART(3, KM_NO_PART, KM_NO_PART, KM_NO_PART), PART(KM_NO_PART, KM_NO_PART, KM_NO_PART, 0),
	PART(0, KM_NO_PART, KM_NO_PART, 1),
};

static void draws_readings_beside_their_first(void **state)
{
	static const int want[] = { 0, 1, 3, 4, 6, 2, 5 };
	km_mail m = { .parts = parts, .n_parts = KM_COUNT(parts) };
	km_arena *a = km_arena_new(1 << 16);
	int i;
	const km_show_link *links = km_show_tree(a, &m, &i);
	size_t n = 0;

	(void)state;
	assert_non_null(links);
	for (; i != KM_NO_PART; i = km_show_next(links, i)) {
		assert_true(n < KM_COUNT(want));
		assert_int_equal(i, want[n++]);
	}
	assert_int_equal(n, KM_COUNT(want));
	km_arena_free(a);
}

static void finds_parts_by_path(void **state)
{
	km_part named[] = { { .path = KM_SV("TEXT") },
			    { .path = KM_SV("1") },
			    { .path = KM_SV("1/r1") } };
	km_mail m = { .parts = named, .n_parts = KM_COUNT(named) };

	(void)state;
	assert_ptr_equal(km_show_part(&m, KM_S("text")), &named[0]);
	assert_ptr_equal(km_show_part(&m, KM_S("1/r1")), &named[2]);
	assert_null(km_show_part(&m, KM_S("2")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_readings_beside_their_first),
		cmocka_unit_test(finds_parts_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
