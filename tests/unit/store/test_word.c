#include "store/word.h"

#include <math.h>

#include "test.h"

enum { T0 = 1772409600, HOUR = 3600, DAY = 86400, YEAR = 365 * DAY };

static const km_rate ten = { 10, HOUR };

/* How many of 100 single takes at @t pass. */
static unsigned burst(km_word *w, km_time t)
{
	unsigned n = 0;

	for (int i = 0; i < 100; i++)
		n += km_rate_take(w, &ten, 1, km_usec_of(t), NULL);
	return n;
}

static void test_rate(void **state)
{
	(void)state;
	/* one bucket after the other; what passes depends on the time between alone */
	static const struct {
		const char *name;
		int64_t at;
		unsigned want;
	} steps[] = {
		{ "full burst", 0, 10 },
		{ "nothing left", 0, 0 },
		{ "a tenth came back", HOUR / 10, 1 },
		{ "half", HOUR / 10 + HOUR / 2, 5 },
		{ "all", 2 * HOUR, 10 },
		{ "no more than all", 2 * DAY, 10 },
		{ "clock back a little: still full", 2 * DAY - 60, 0 },
		{ "clock back by a window: still full", 2 * DAY - HOUR, 0 },
		{ "clock back by a year: begins anew, once", -YEAR, 10 },
		{ "and is full", -YEAR, 0 },
		{ "for one window", -YEAR + HOUR + 1, 10 },
		{ "a leap of years: empty as after any long time", 20LL * YEAR, 10 },
		{ "and back again", 3 * DAY, 10 },
	};
	km_word w = 0;

	for (size_t i = 0; i < KM_COUNT(steps); i++) {
		unsigned n = burst(&w, T0 + steps[i].at);
		if (n != steps[i].want)
			fail_msg("%s: %u passed, want %u", steps[i].name, n, steps[i].want);
	}
}

static void test_rate_edges(void **state)
{
	(void)state;
	km_word w = 0;
	uint32_t wait = 0;
	km_usec now = km_usec_of(T0);

	assert_false(km_rate_take(&w, &ten, 11, now, &wait));
	assert_int_equal(wait, UINT32_MAX);
	assert_true(km_rate_take(&w, &ten, 10, now, &wait));
	assert_false(km_rate_take(&w, &ten, 5, now, &wait));
	assert_in_range(wait, HOUR / 2, HOUR / 2 + 1);
	assert_true(fabs(km_rate_level(&w, &ten, now) - 1) < 1e-6);
	/* a greater capacity keeps the share in use, not the number */
	const km_rate twenty = { 20, HOUR };
	assert_true(fabs(km_rate_level(&w, &twenty, now + 1800 * 1000000ull) - .5) < 1e-6);
	km_rate_force(&w, &ten, 1e300, now);
	assert_true(km_rate_level(&w, &ten, now) <= 1);
	assert_true(km_rate_take(&w, &ten, 0, now, NULL));
	assert_true(km_rate_take(&w, &ten, (double)NAN, now, NULL));
	assert_false(km_rate_take(&w, &(km_rate){ 0, HOUR }, 1, now, NULL));
	/* damage reads as empty */
	w = UINT64_MAX;
	assert_true(km_rate_take(&w, &ten, 1, now, NULL));
}

static void near(double got, double want, const char *name)
{
	if (fabs(got - want) > 1e-3 * (1 + fabs(want)))
		fail_msg("%s: got %f, want %f", name, got, want);
}

static void test_decay(void **state)
{
	(void)state;
	km_word w = 0;

	near(km_decay_add(&w, DAY, 8, T0), 8, "first");
	near(km_decay_get(&w, DAY, T0 + DAY), 4, "one half-life");
	near(km_decay_add(&w, DAY, 1, T0 + DAY), 5, "added");
	near(km_decay_add(&w, DAY, 1, T0), 6, "the clock went back: as if no time passed");
	near(km_decay_get(&w, DAY, T0 + 2 * DAY), 3, "it decays from the later time on");
	near(km_decay_add(&w, DAY, 0, T0 + 50LL * YEAR), 0, "years later");
	(void)km_decay_add(&w, DAY, 8, T0 + 50LL * YEAR);
	near(km_decay_add(&w, DAY, 0, T0), 8, "from a wrong future back");
	near(km_decay_get(&w, DAY, T0 + DAY), 4, "it decays again");
	near(km_decay_add(&w, DAY, -100, T0 + DAY), 0, "never below nothing");
	near(km_decay_max(&w, DAY, 3, T0 + DAY), 3, "peak");
	near(km_decay_max(&w, DAY, 1, T0 + 2 * DAY), 1.5, "a peak fades");
	for (unsigned i = 0; i < 64; i++) {
		w = ~0ull << i;
		double x = km_decay_get(&w, DAY, T0);
		if (!(x >= 0 && x < 1e10))
			fail_msg("damaged word %u reads as %f", i, x);
	}
}

static void test_tally(void **state)
{
	(void)state;
	km_word w = 0;
	km_tally before;

	assert_int_equal(km_tally_add(&w, 5, 2, &before), 2);
	assert_int_equal(before.count, 0);
	assert_int_equal(km_tally_add(&w, 5, 3, &before), 5);
	assert_int_equal(km_tally_add(&w, 7, 1, &before), 1);
	assert_int_equal(before.period, 5);
	assert_int_equal(before.count, 5);
	assert_int_equal(km_tally_add(&w, 7, UINT32_MAX, NULL), UINT32_MAX);
	assert_int_equal(km_tally_max(&w, 8, 4), 4);
	assert_int_equal(km_tally_max(&w, 8, 2), 4);
	assert_int_equal(km_tally_get(&w).period, 8);
	assert_int_equal(km_tally_get(&w).count, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_edges),
		cmocka_unit_test(test_decay),
		cmocka_unit_test(test_tally),
	};
	return cmocka_run_group_tests_name("store/word", tests, NULL, NULL);
}
