/* Measures: how often, in which order, how they end. */
#include "player.h"

static player p;

static int setup(void **state)
{
	(void)state;
	player_open(&p);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	player_close(&p);
	return 0;
}

static void complain(const char *account)
{
	const km_event e = { .kind = KM_EVENT_complaint,
			     .t = p.now,
			     .account = km_sv_of(account),
			     .type = KM_S("abuse") };

	player_event(&p, &e);
}

/* A notice a week, a warning a day, and none while something sterner is in force. */
static void test_telling(void **state)
{
	(void)state;
	for (int day = 0; day < 28; day += 14) {
		p.now = T0 + day * DAY;
		complain("u");
	}
	assert_int_equal(p.measures[KM_STEP_NOTICE], 2);
	complain("u");
	assert_int_equal(p.measures[KM_STEP_NOTICE], 2);
	player_reset(&p);
	for (int hour = 0; hour < 48; hour += 12) {
		p.now = T0 + 100 * DAY + hour * HOUR;
		complain("v");
		complain("v");
		complain("v");
	}
	assert_in_range(p.measures[KM_STEP_WARNING], 2, 3);
	km_guard_reinstate(p.guard, KM_S("w"), KM_STEP_BRAKE, p.now);
	player_reset(&p);
	for (int i = 0; i < 5; i++)
		complain("w");
	assert_int_equal(p.measures[KM_STEP_NOTICE] + p.measures[KM_STEP_WARNING], 0);
}

/* More than in a day before: told first, then it waits, then it may go on. */
static void test_throttle(void **state)
{
	(void)state;
	unsigned first = 0;

	player_live(&p, "u", 20, 20);
	for (unsigned i = 0; i < 400 && p.deferred == 0; i++, p.now += 180)
		player_send(
			&p,
			&(mail){ .account = "u", .ip = "192.0.2.7", .first = 1000 + i, .n = 1 }),
			first = p.accepted;
	assert_in_range(first, 60, 300);
	assert_int_equal(p.measures[KM_STEP_NOTICE] + p.measures[KM_STEP_WARNING], 1);
	assert_int_equal(p.measures[KM_STEP_THROTTLE], 1);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 0);
	assert_true(p.d.n_measures == 1 && p.d.measures[0].until == p.d.measures[0].t + 6 * HOUR);
	/* friends are written to as before */
	player_send(&p, &(mail){ .account = "u", .ip = "192.0.2.7", .first = 3, .n = 1 });
	assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
	p.now += 7 * HOUR;
	player_send(&p, &(mail){ .account = "u", .ip = "192.0.2.7", .first = 3, .n = 1 });
	assert_int_equal(p.measures[KM_STEP_RESTORE], 1);
	assert_int_equal(player_step(&p, "u"), KM_STEP_NONE);
}

/* Other hands: stopped, then, when it goes on and two signs agree, suspended. */
static void test_suspension(void **state)
{
	(void)state;
	static const struct {
		const char *name, *class, *from;
		bool places, suspended;
	} cases[] = {
		{ "networks and content", "phish", NULL, true, true },
		{ "networks and a false sender", NULL, "ceo@bank.example", true, true },
		{ "networks alone", NULL, NULL, true, false },
		{ "content alone", "phish", NULL, false, false },
		{ "no sign", NULL, NULL, false, false },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		teardown(NULL);
		setup(NULL);
		assert_int_equal(km_identities_add(p.ids, KM_S("u"), KM_S("u@example.jp")), KM_OK);
		player_live(&p, "u", 20, 20);
		for (unsigned n = 0; n < 200; n++, p.now += 30) {
			char ip[32];
			(void)snprintf(ip, sizeof(ip), "%u.%u.2.3", 30 + n % 100, n);
			player_send(&p, &(mail){ .account = "u",
						 .ip = cases[i].places ? ip : "192.0.2.7",
						 .class = cases[i].class,
						 .from = cases[i].from,
						 .first = 1000 + n,
						 .n = 1 });
		}
		assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
		if ((p.measures[KM_STEP_SUSPENSION] == 1) != cases[i].suspended)
			fail_msg("%s: %u", cases[i].name, p.measures[KM_STEP_SUSPENSION]);
		assert_int_equal(p.rejected, 0);
	}
}

static void test_restore_of_nothing(void **state)
{
	(void)state;
	player_event(&p, &(km_event){ .kind = KM_EVENT_review,
				      .t = p.now,
				      .account = KM_S("u"),
				      .restore = true });
	player_tell(&p, KM_EVENT_password_changed, "u");
	assert_int_equal(p.measures[KM_STEP_RESTORE], 0);
}

/* What the measure says is what led to it, and the name is the account's. */
static void test_record(void **state)
{
	(void)state;
	p.keep = true;
	do {
		player_send(&p, &(mail){ .account = "u",
					 .ip = "203.0.113.9",
					 .first = 1000 + p.accepted,
					 .n = 1 });
	} while (p.d.n_measures == 0 && p.accepted < 100);
	const km_measure *m = &p.d.measures[p.d.n_measures - 1];
	assert_int_equal(m->step, KM_STEP_BRAKE);
	TEST_SV(m->account, "u");
	assert_int_equal(m->ip.len, 4);
	assert_int_equal(m->t, p.now);
	assert_int_equal(m->until, 0);
	assert_true(m->facts->n > 0);
	/* until it is written and applied nothing is in force */
	assert_int_equal(player_step(&p, "u"), KM_STEP_NONE);
}

/* A mailing hears what it lacks, once a week; a letter that happens to lack it does not. */
static void test_advice(void **state)
{
	(void)state;
	static const km_sv advice[] = { KM_SV("BULK_NO_OPT_OUT"), KM_SV("BRAND_MISMATCH"),
					KM_SV("BULK_UNHEARD_OF") };
	km_sv to = KM_S("a@example.com");
	km_event e = { .kind = KM_EVENT_submit,
		       .t = p.now,
		       .account = KM_S("u"),
		       .rcpts = &to,
		       .n_rcpts = 1,
		       .advice = advice,
		       .n_advice = KM_COUNT(advice) };

	player_event(&p, &e);
	assert_false(player_says(&p, KM_FACT_BULK_NO_OPT_OUT));
	player_event(&p, &(km_event){ .kind = KM_EVENT_account,
				      .t = p.now,
				      .account = KM_S("u"),
				      .account_kind = KM_ACCOUNT_BULK });
	for (int i = 0; i < 5; i++, e.t += DAY) {
		player_event(&p, &e);
		assert_true(player_says(&p, KM_FACT_BULK_NO_OPT_OUT));
		assert_false(player_says(&p, KM_FACT_BRAND_MISMATCH));
		assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
	}
	assert_int_equal(p.measures[KM_STEP_NOTICE], 1);
	e.t += 7 * DAY;
	player_event(&p, &e);
	assert_int_equal(p.measures[KM_STEP_NOTICE], 2);
}

static void test_names(void **state)
{
	(void)state;
	for (int s = KM_STEP_NOTICE; s < KM_STEPS; s++)
		assert_int_equal(km_step_by_name(km_sv_of(km_step_name((km_step)s))), s);
	assert_int_equal(km_step_by_name(KM_S("")), KM_STEP_NONE);
	assert_int_equal(km_step_by_name(KM_S("termination")), KM_STEP_NONE);
	assert_string_equal(km_step_name(KM_STEPS), "");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_telling),    CASE(test_throttle),
		CASE(test_suspension), CASE(test_restore_of_nothing),
		CASE(test_record),     CASE(test_names),
		CASE(test_advice),
	};
	return cmocka_run_group_tests_name("outbound/ladder", tests, NULL, NULL);
}
