/* The last bounds, for mail to people whom the account knows. */
#include "player.h"

static player p;

static int setup(void **state)
{
	(void)state;
	player_open(&p);
	player_live(&p, "u", 20, 400);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	player_close(&p);
	return 0;
}

#define HOME .account = "u", .ip = "192.0.2.7"

static void test_each(void **state)
{
	(void)state;
	static const struct {
		const char *says;
		unsigned first, every, n, turns, seconds, least, most;
	} cases[] = {
		{ "messages a minute", 0, 1, 1, 350, 0, 300, 300 },
		{ "messages an hour", 0, 1, 1, 4700, 1, 4300, 4650 },
		{ "recipients a minute", 0, 0, 400, 3, 0, 2, 2 },
		{ "one recipient an hour", 0, 0, 1, 900, 2, 850, 900 },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv says = { 0 };
		teardown(NULL);
		setup(NULL);
		for (unsigned t = 0; t < cases[i].turns; t++, p.now += cases[i].seconds) {
			player_send(&p, &(mail){ HOME, .first = cases[i].every ? t % 400 : 0,
						 .n = cases[i].n });
			if (p.d.action == KM_GUARD_DEFER && says.n == 0) {
				says = km_sv_of(cases[i].says);
				assert_true(player_says(&p, KM_FACT_OUT_RATE));
				TEST_SV(p.d.facts.f[p.d.facts.n - 1].seen, cases[i].says);
				assert_in_range(p.d.wait_s, 1, HOUR);
				/* the limit is secret towards the sender */
				assert_true(p.d.reply.n > 0);
				for (size_t b = 0; b < p.d.reply.n; b++)
					assert_false(p.d.reply.p[b] >= '0' &&
						     p.d.reply.p[b] <= '9');
			}
		}
		if (p.accepted < cases[i].least || p.accepted > cases[i].most || says.n == 0)
			fail_msg("%s: %u accepted", cases[i].says, p.accepted);
		assert_int_equal(p.measures[KM_STEP_BRAKE], 0);
	}
}

/* What waits for one rate does not use up the others, however often it tries. */
static void test_waiting_is_free(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		player_send(&p, &(mail){ HOME, .n = 400 });
	assert_int_equal(p.d.action, KM_GUARD_DEFER);
	for (int i = 0; i < 5000; i++)
		player_send(&p, &(mail){ HOME, .n = 400, .queue_id = "Q1" });
	p.now += 60;
	player_send(&p, &(mail){ HOME, .n = 400, .queue_id = "Q1" });
	assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
}

/* More recipients than a whole bucket holds: it goes out once that is empty. */
static void test_whole_bucket(void **state)
{
	(void)state;
	enum { STAFF = 3000 };

	for (unsigned i = 0; i < STAFF; i += 50, p.now += HOUR)
		player_send(&p, &(mail){ HOME, .first = i, .n = 50, .domain = "corp" });
	km_account_view v;
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	p.now += DAY;
	if (v.step != KM_STEP_NONE)
		player_event(&p, &(km_event){ .kind = KM_EVENT_review,
					      .t = p.now,
					      .account = KM_S("u"),
					      .restore = true });
	for (unsigned i = 0; i < STAFF; i += 50, p.now += HOUR)
		player_send(&p, &(mail){ HOME, .first = i, .n = 50, .domain = "corp" });
	p.now += 2 * DAY;
	player_send(&p, &(mail){ HOME, .n = STAFF, .domain = "corp" });
	assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
	player_send(&p, &(mail){ HOME, .n = STAFF, .domain = "corp" });
	assert_int_equal(p.d.action, KM_GUARD_DEFER);
}

/* All accounts behind one address together; registered bulk is counted by itself. */
static void test_client(void **state)
{
	(void)state;
	km_guard_conf conf = km_guard_defaults();
	char account[16];

	teardown(NULL);
	conf.client_hour = 20;
	player_open_at(&p, NULL, &conf);
	for (unsigned i = 0; i < 30; i++) {
		(void)snprintf(account, sizeof(account), "v%u", i);
		player_send(&p, &(mail){ .account = account, .ip = "192.0.2.7", .n = 1 });
	}
	assert_int_equal(p.accepted, 20);
	assert_int_equal(p.deferred, 10);
	player_send(&p, &(mail){ .account = "v1", .ip = "192.0.2.8", .n = 1 });
	assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
	player_event(&p, &(km_event){ .kind = KM_EVENT_account,
				      .t = p.now,
				      .account = KM_S("bulk"),
				      .account_kind = KM_ACCOUNT_BULK });
	player_send(&p, &(mail){ .account = "bulk", .ip = "192.0.2.7", .n = 1 });
	assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
}

static void test_leniency(void **state)
{
	(void)state;
	static const double of[] = { 0.5, 1, 2 };
	unsigned last = 0;

	for (size_t i = 0; i < KM_COUNT(of); i++) {
		km_guard_conf conf = km_guard_defaults();
		conf.leniency = of[i];
		teardown(NULL);
		player_open_at(&p, NULL, &conf);
		for (unsigned n = 0; n < 300; n++)
			player_send(&p, &(mail){ HOME, .first = 1000 + n, .n = 1 });
		assert_true(p.accepted > last);
		last = p.accepted;
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_each),   CASE(test_waiting_is_free), CASE(test_whole_bucket),
		CASE(test_client), CASE(test_leniency),
	};
	return cmocka_run_group_tests_name("outbound/rates", tests, NULL, NULL);
}
