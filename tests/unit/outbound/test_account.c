/* The profile: what fades, what grows, what is never half written. */
#include <math.h>

#include "outbound/account.h"
#include "player.h"

static km_word words[KM_PROFILE_WORDS];

static km_account loaded(km_time now)
{
	km_account a;

	km_account_load(&a, 7, KM_S("u"), words, 14, now);
	return a;
}

static int setup(void **state)
{
	(void)state;
	for (int i = 0; i < KM_PROFILE_WORDS; i++)
		words[i] = 0;
	return 0;
}

static void test_state(void **state)
{
	(void)state;
	for (int step = 0; step < KM_STEP_RESTORE; step++)
		for (int kind = 0; kind < KM_ACCOUNT_KINDS; kind++) {
			const km_state s = { .step = (km_step)step,
					     .kind = (km_account_kind)kind,
					     .generation = (uint8_t)(31 * step + kind),
					     .cleared = step & 1,
					     .since = 0xDEADBEEF };
			km_state t = km_state_unpack(km_state_pack(s));
			assert_int_equal(t.step, s.step);
			assert_int_equal(t.kind, s.kind);
			assert_int_equal(t.generation, s.generation);
			assert_int_equal(t.cleared, s.cleared);
			assert_int_equal(t.since, s.since);
		}
	/* damage gives a state that exists */
	for (uint64_t w = 0; w < 64; w++) {
		km_state t = km_state_unpack(w | 0xA5A5000000000000u);
		assert_true(t.step < KM_STEPS && t.kind < KM_ACCOUNT_KINDS);
	}
}

static void live(double weight, unsigned days, km_time *now)
{
	for (unsigned d = 0; d < days; d++, *now += DAY)
		for (int i = 0; i < 4; i++) {
			km_account a = loaded(*now);
			const km_account_sent sent = { .weight = weight, .n_rcpts = 2 };
			km_account_learn(&a, &sent, *now + i * 60);
		}
}

/* From what its kind usually does to what it did itself; and what it did fades by half in two
 * weeks. */
static void test_budgets(void **state)
{
	(void)state;
	km_time now = T0;
	km_account a = loaded(now);
	km_budgets first = km_account_budgets(&a, 1, now);

	assert_true(first.flood.capacity > 30 && first.flood.capacity <= 50);
	live(10, 20, &now);
	a = loaded(now);
	km_budgets then = km_account_budgets(&a, 1, now);
	assert_true(then.flood.capacity > 1.5 * first.flood.capacity);
	double peak = km_decay_get(&words[KM_W_PEAK_HOUR], KM_HALF_PEAK, now);
	assert_true(peak > 35 && peak <= 40.1);
	double later = km_decay_get(&words[KM_W_PEAK_HOUR], KM_HALF_PEAK, now + KM_HALF_PEAK);
	assert_true(fabs(later - peak / 2) < 0.1);
	/* twice the leniency, twice the budget */
	km_budgets twice = km_account_budgets(&a, 2, now);
	assert_true(fabs(twice.flood.capacity - 2 * then.flood.capacity) < 1e-6);
	assert_true(fabs(twice.drift.capacity - 2 * then.drift.capacity) < 1e-6);
}

/* One great day does not make a habit of it. */
static void test_slow_growth(void **state)
{
	(void)state;
	km_time now = T0;

	live(1, 10, &now);
	double before = km_decay_get(&words[KM_W_PEAK_HOUR], KM_HALF_PEAK, now);
	live(1000, 1, &now);
	live(1, 1, &now);
	double after = km_decay_get(&words[KM_W_PEAK_HOUR], KM_HALF_PEAK, now);
	assert_true(after > before && after < 2 * before + 16);
}

/* A day on which the account was stopped teaches nothing. */
static void test_stopped_day(void **state)
{
	(void)state;
	km_time now = T0;

	live(1, 5, &now);
	double before = km_decay_get(&words[KM_W_PEAK_DAY], KM_HALF_PEAK, now);
	words[KM_W_STATE] =
		km_state_pack((km_state){ .step = KM_STEP_BRAKE, .since = (uint32_t)now });
	live(1000, 1, &now);
	live(1, 1, &now);
	assert_true(km_decay_get(&words[KM_W_PEAK_DAY], KM_HALF_PEAK, now) <= before);
}

static void test_hours(void **state)
{
	(void)state;
	km_time now = T0 + 9 * HOUR;
	km_account a = loaded(now);

	assert_true(km_account_hour_share(&a, T0) == 1);
	live(1, 100, &now);
	a = loaded(now);
	assert_true(km_account_hour_share(&a, T0 + 9 * HOUR) > 0.99);
	assert_true(km_account_hour_share(&a, T0 + 10 * HOUR) > 0.99);
	assert_true(km_account_hour_share(&a, T0 + 20 * HOUR) == 0);
	assert_true(km_account_hour_share(&a, -(km_time)5 * HOUR) >= 0);
}

static void test_signs(void **state)
{
	(void)state;
	km_account a = loaded(T0);

	assert_int_equal(km_account_signs(&a, 0, T0), 0);
	(void)km_account_signs(&a, KM_SIGN_TRAVEL, T0);
	(void)km_account_signs(&a, KM_SIGN_CONTENT, T0 + HOUR);
	assert_int_equal(km_account_signs(&a, 0, T0 + 2 * HOUR), KM_SIGN_TRAVEL | KM_SIGN_CONTENT);
	assert_int_equal(km_account_signs(&a, 0, T0 + DAY), 0);
	/* of a future that did not come */
	(void)km_account_signs(&a, KM_SIGN_TRAVEL, T0 + 400 * DAY);
	assert_int_equal(km_account_signs(&a, 0, T0), 0);
}

static void test_clear(void **state)
{
	(void)state;
	km_time now = T0;

	live(1, 5, &now);
	(void)km_decay_add(&words[KM_W_HELD], KM_HALF_WEEK, 500, now);
	(void)km_decay_add(&words[KM_W_SUSPICION], KM_HALF_SUSPICION, 2, now);
	km_account a = loaded(now);
	double before = km_account_budgets(&a, 1, now).flood.capacity;
	km_account_clear(&a, false, now);
	assert_true(km_account_budgets(&a, 1, now).flood.capacity == before);
	assert_true(words[KM_W_SUSPICION] == 0 && words[KM_W_HELD] == 0);
	(void)km_decay_add(&words[KM_W_HELD], KM_HALF_WEEK, 500, now);
	words[KM_W_STATE] = km_state_pack((km_state){ .cleared = true, .since = (uint32_t)now });
	a = loaded(now);
	km_account_clear(&a, true, now);
	/* it held 500, so 500 may come again */
	assert_true(km_account_budgets(&a, 1, now).flood.capacity > 500);
	assert_true(km_account_budgets(&a, 1, now).drift.capacity > 500);
	assert_true(km_account_is_cleared(&a, now + 30 * DAY));
	assert_false(km_account_is_cleared(&a, now + 100 * DAY));
}

/* Whatever the words hold, there is a budget, finite and more than nothing. */
static void test_damage(void **state)
{
	(void)state;
	uint64_t x = 88172645463325252u;

	for (int turn = 0; turn < 2000; turn++) {
		for (int i = 0; i < KM_PROFILE_WORDS; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			words[i] = turn % 3 ? x : x % 2 ? UINT64_MAX : 0;
		}
		km_account a = loaded(T0);
		km_budgets b = km_account_budgets(&a, 1, T0);
		assert_true(isfinite(b.flood.capacity) && b.flood.capacity > 1);
		assert_true(isfinite(b.drift.capacity) && b.drift.capacity > 1);
		double share = km_account_hour_share(&a, T0);
		assert_true(share >= 0 && share <= 1);
		const km_account_sent sent = { .weight = 1e300,
					       .networks = 1e9,
					       .n_rcpts = SIZE_MAX };
		km_account_learn(&a, &sent, T0);
		km_account_clear(&a, true, T0);
	}
}

#define CASE(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_state),	CASE(test_budgets), CASE(test_slow_growth),
		CASE(test_stopped_day), CASE(test_hours),   CASE(test_signs),
		CASE(test_clear),	CASE(test_damage),
	};
	return cmocka_run_group_tests_name("outbound/account", tests, NULL, NULL);
}
