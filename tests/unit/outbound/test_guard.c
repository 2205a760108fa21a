/* Whole stories of accounts: what must pass, what must stop, and how it ends. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "player.h"

static const mail home = {
	.account = "u", .ip = "192.0.2.7", .country = "JP", .asn = 2497, .n = 1
};
static const mail elsewhere = {
	.account = "u", .ip = "203.0.113.9", .country = "BR", .asn = 7738, .n = 1
};

static void send_each(player *p, mail m, unsigned first, unsigned n, unsigned seconds)
{
	for (unsigned i = 0; i < n; i++, p->now += seconds) {
		m.first = first + i * m.n;
		player_send(p, &m);
	}
}

/* Greetings, a new address, invoices: to people whom the account knows. */
static void test_honest_bursts(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const mail *from;
		unsigned friends, strangers, each, seconds;
	} cases[] = {
		{ "one by one", &home, 200, 20, 1, 1 },
		{ "as fast as can be", &home, 250, 20, 1, 0 },
		{ "one message", &home, 200, 20, 220, 1 },
		{ "from a journey", &elsewhere, 150, 0, 1, 5 },
		{ "one message from a journey", &elsewhere, 150, 0, 150, 5 },
		{ "by tens", &home, 300, 10, 10, 30 },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		player p;
		player_open(&p);
		player_live(&p, "u", 20, cases[i].friends);
		mail m = *cases[i].from;
		m.body = "greetings";
		m.n = cases[i].each;
		for (unsigned r = 0; r < cases[i].friends + cases[i].strangers; r += m.n) {
			/* strangers among the friends, as they come in an address book */
			bool strange = cases[i].strangers && m.n == 1 &&
				       r % (cases[i].friends / cases[i].strangers + 1) == 0;
			m.first = strange ? 5000 + r : r;
			player_send(&p, &m);
			p.now += cases[i].seconds;
		}
		if (p.deferred + p.held + p.rejected || p.measures[KM_STEP_BRAKE])
			fail_msg("%s: %u accepted, %u deferred, %u held", cases[i].name, p.accepted,
				 p.deferred, p.held);
		player_close(&p);
	}
}

static void test_floods(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		mail m;
		unsigned days, seconds, most;
	} cases[] = {
		{ "from elsewhere",
		  { .account = "u", .ip = "203.0.113.9", .country = "BR", .n = 1 },
		  20,
		  1,
		  20 },
		{ "all that policy tells",
		  { .account = "u", .ip = "203.0.113.9", .n = 1 },
		  20,
		  1,
		  40 },
		{ "from home",
		  { .account = "u", .ip = "192.0.2.7", .asn = 2497, .n = 1 },
		  20,
		  2,
		  50 },
		{ "not even an address", { .account = "u", .n = 1 }, 20, 1, 50 },
		{ "no history", { .account = "u", .ip = "203.0.113.9", .n = 1 }, 0, 10, 50 },
		{ "ten at a time", { .account = "u", .ip = "203.0.113.9", .n = 10 }, 20, 1, 10 },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		player p;
		player_open(&p);
		player_live(&p, "u", cases[i].days, 20);
		send_each(&p, cases[i].m, 1000, 300, cases[i].seconds);
		if (p.accepted > cases[i].most || p.measures[KM_STEP_BRAKE] != 1)
			fail_msg("%s: %u accepted, %u brakes", cases[i].name, p.accepted,
				 p.measures[KM_STEP_BRAKE]);
		assert_int_equal(p.accepted + p.held, 300);
		assert_true(player_step(&p, "u") >= KM_STEP_BRAKE);
		player_close(&p);
	}
}

/* Each message from another network, ever more slowly. */
static void test_slow(void **state)
{
	(void)state;
	static const unsigned paces[] = { 60, 600, 1800, 3600 };

	for (size_t i = 0; i < KM_COUNT(paces); i++)
		for (int lean = 0; lean < 2; lean++) {
			player p;
			player_open(&p);
			player_live(&p, "u", 20, 20);
			for (unsigned n = 0; n < 200; n++, p.now += paces[i]) {
				char ip[32];
				(void)snprintf(ip, sizeof(ip), "%u.%u.3.4", 100 + n % 50, n);
				player_send(&p, &(mail){ .account = "u",
							 .ip = ip,
							 .country = lean    ? NULL
								    : n % 2 ? "BR"
									    : "VN",
							 .first = 1000 + n,
							 .n = 1 });
			}
			if (p.accepted > 20)
				fail_msg("every %u s, lean %d: %u accepted", paces[i], lean,
					 p.accepted);
			player_close(&p);
		}
}

/* What a person found right may be done again: now, and at the next issue. */
static void test_newsletter(void **state)
{
	(void)state;
	player p;
	mail m = home;

	player_open(&p);
	player_live(&p, "u", 10, 20);
	m.body = "issue 1";
	m.class = "spam";
	for (unsigned i = 0; i < 1200; i++, p.now++) {
		m.first = 1000 + i;
		player_send(&p, &m);
		if (i % 2 == 0) {
			const km_event bounce = { .kind = KM_EVENT_bounce,
						  .t = p.now,
						  .account = KM_S("u"),
						  .rcpt = km_sv_fmt(p.arena, "r%u@x", i),
						  .status = KM_S("5.1.1") };
			player_event(&p, &bounce);
		}
	}
	/* held: never refused, and nobody is said to have taken the account over */
	assert_int_equal(p.rejected + p.measures[KM_STEP_SUSPENSION], 0);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
	assert_true(p.held > 1000);
	p.now += 3 * DAY;
	player_event(&p, &(km_event){ .kind = KM_EVENT_review,
				      .t = p.now,
				      .account = KM_S("u"),
				      .restore = true });
	assert_int_equal(p.measures[KM_STEP_RESTORE], 1);
	assert_int_equal(player_step(&p, "u"), KM_STEP_NONE);
	player_reset(&p);
	m.class = "bulk";
	for (int issue = 2; issue < 5; issue++) {
		p.now += 7 * DAY;
		m.body = "next issue";
		send_each(&p, m, 1000, 1300, 1);
		if (p.held + p.deferred)
			fail_msg("issue %d: %u held, %u deferred", issue, p.held, p.deferred);
	}
	player_close(&p);
}

/* After a new password the account is as it was, and whoever comes back is stopped as fast. */
static void test_password(void **state)
{
	(void)state;
	player p;

	player_open(&p);
	player_live(&p, "u", 20, 20);
	send_each(&p, elsewhere, 1000, 100, 1);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
	p.now += HOUR;
	player_tell(&p, KM_EVENT_password_changed, "u");
	assert_int_equal(p.measures[KM_STEP_RESTORE], 1);
	player_reset(&p);
	send_each(&p, home, 0, 20, 60);
	assert_int_equal(p.accepted, 20);
	send_each(&p, elsewhere, 3000, 100, 1);
	assert_true(p.accepted < 20 + 20);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
	/* kept: nothing ends */
	player_event(&p, &(km_event){ .kind = KM_EVENT_review, .t = p.now, .account = KM_S("u") });
	assert_int_equal(p.measures[KM_STEP_RESTORE], 0);
	player_close(&p);
}

/* Policy and milter tell of the same message; what waits comes again. */
static void test_same_queue_id(void **state)
{
	(void)state;
	player p;
	mail m = home;
	km_account_view v;

	player_open(&p);
	player_live(&p, "u", 20, 20);
	m.queue_id = "4Q1";
	m.first = 1000;
	player_send(&p, &m);
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	double flood = v.flood, messages = v.messages_30d;
	for (int i = 0; i < 5; i++)
		player_send(&p, &m);
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	assert_true(v.flood <= flood && v.messages_30d <= messages);
	assert_int_equal(p.accepted, 6);
	/* its content is looked at all the same */
	m.class = "malware";
	player_send(&p, &m);
	assert_true(player_says(&p, KM_FACT_OUT_VIRUS));
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	assert_true(v.flood > flood);

	send_each(&p, elsewhere, 2000, 100, 1);
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	double held = v.held_7d;
	m = elsewhere;
	m.queue_id = "4Q2";
	for (int i = 0; i < 50; i++)
		player_send(&p, &m);
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	assert_true(v.held_7d < held + 1.5);
	player_close(&p);
}

/* Two processes see the same flood: one of them stops it, once. */
static void test_idempotent(void **state)
{
	(void)state;
	player p, q;

	player_open(&p);
	player_live(&p, "u", 20, 20);
	q = p;
	q.keep = p.keep = true;
	q.arena = km_arena_new(64 << 20);
	const km_guard_conf conf = km_guard_defaults();
	assert_int_equal(km_guard_open(&conf, p.counters, p.ids, &q.guard, NULL), KM_OK);
	unsigned i = 0;
	for (; p.d.n_measures == 0 && i < 100; i++) {
		mail m = elsewhere;
		m.first = 1000 + i;
		player_send(&p, &m);
	}
	mail m = elsewhere;
	m.first = 3000;
	player_send(&q, &m);
	/* not yet in force: both propose it */
	assert_int_equal(p.d.n_measures, 1);
	assert_int_equal(q.d.n_measures, 1);
	assert_int_equal(q.d.measures[0].step, KM_STEP_BRAKE);
	assert_true(km_guard_apply(q.guard, &q.d.measures[0]));
	assert_false(km_guard_apply(p.guard, &p.d.measures[0]));
	assert_false(km_guard_apply(q.guard, &q.d.measures[0]));
	player_send(&q, &m);
	assert_int_equal(q.d.n_measures, 0);
	assert_int_equal(q.d.in_force, KM_STEP_BRAKE);
	km_guard_close(q.guard);
	km_arena_free(q.arena);
	player_close(&p);
}

/* Two processes with one file: what the one counts the other knows. */
static void test_processes(void **state)
{
	(void)state;
	char dir[] = "/tmp/komainu-test-XXXXXX", path[64];
	const km_guard_conf conf = km_guard_defaults();
	player p;
	int status;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/counters", dir);
	player_open_at(&p, path, &conf);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			player child;
			player_open_at(&child, path, &conf);
			send_each(&child, home, 1000 + 100 * (unsigned)i, 24, 1);
			_exit((child.measures[KM_STEP_BRAKE] ? 2 : 0) + (child.held > 0));
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		/* 24 strangers are no flood, 48 are */
		assert_int_equal(WEXITSTATUS(status), i ? 3 : 0);
	}
	assert_int_equal(player_step(&p, "u"), KM_STEP_BRAKE);
	player_close(&p);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/counters.lock", dir);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

/* What the records have in force is put back after the counters were lost. */
static void test_reinstate(void **state)
{
	(void)state;
	player p;

	player_open(&p);
	km_guard_reinstate(p.guard, KM_S("u"), KM_STEP_BRAKE, T0 - DAY);
	assert_int_equal(player_step(&p, "u"), KM_STEP_BRAKE);
	player_send(&p, &home);
	assert_int_equal(p.held, 1);
	assert_true(player_says(&p, KM_FACT_OUT_STOPPED));
	km_guard_reinstate(p.guard, KM_S("u"), KM_STEP_NONE, T0);
	player_send(&p, &home);
	assert_int_equal(p.accepted, 1);
	/* a throttle ends by itself, and says so */
	km_guard_reinstate(p.guard, KM_S("u"), KM_STEP_THROTTLE, T0);
	assert_int_equal(player_step(&p, "u"), KM_STEP_THROTTLE);
	p.now += 6 * HOUR;
	assert_int_equal(player_step(&p, "u"), KM_STEP_NONE);
	player_send(&p, &home);
	assert_int_equal(p.measures[KM_STEP_RESTORE], 1);
	player_send(&p, &home);
	assert_int_equal(p.measures[KM_STEP_RESTORE], 1);
	player_close(&p);
}

/* Without login: whoever holds the address answers, else the address by itself. */
static void test_no_account(void **state)
{
	(void)state;
	player p;
	mail m = { .ip = "203.0.113.9", .n = 1 };
	km_event lease = {
		.kind = KM_EVENT_lease, .t = T0, .account = KM_S("u"), .until = T0 + DAY
	};

	player_open(&p);
	assert_true(km_ip_parse(KM_S("203.0.113.9"), &lease.ip));
	send_each(&p, m, 1000, 100, 1);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
	assert_int_equal(p.d.account.n, 0);
	assert_int_equal(km_guard_check(p.guard, (km_sv){ 0 }, &lease.ip, p.now), KM_STEP_BRAKE);
	assert_int_equal(player_step(&p, "u"), KM_STEP_NONE);
	player_reset(&p);
	player_event(&p, &lease);
	send_each(&p, m, 2000, 100, 1);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
	assert_int_equal(player_step(&p, "u"), KM_STEP_BRAKE);
	/* neither login nor address: there is nobody to judge */
	m.ip = NULL;
	player_send(&p, &m);
	assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
	player_close(&p);
}

static void test_kinds(void **state)
{
	(void)state;
	static const struct {
		km_account_kind kind;
		unsigned least, most;
	} cases[] = {
		{ KM_ACCOUNT_NEW, 20, 30 },
		{ KM_ACCOUNT_PERSON, 30, 50 },
		{ KM_ACCOUNT_SERVER, 100, 160 },
		{ KM_ACCOUNT_BULK, 3000, 3000 },
	};
	player p;

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		player_open(&p);
		player_event(&p, &(km_event){ .kind = KM_EVENT_account,
					      .t = T0,
					      .account = KM_S("u"),
					      .account_kind = cases[i].kind });
		send_each(&p, home, 0, 3000, 0);
		if (p.accepted < cases[i].least || p.accepted > cases[i].most)
			fail_msg("%s: %u accepted", km_account_kind_name(cases[i].kind),
				 p.accepted);
		player_close(&p);
	}
	/* new ends after two weeks of ordinary use */
	km_account_view v;
	player_open(&p);
	player_event(&p, &(km_event){ .kind = KM_EVENT_account,
				      .t = T0,
				      .account = KM_S("u"),
				      .created = T0,
				      .account_kind = KM_ACCOUNT_NEW });
	player_live(&p, "u", 13, 10);
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	assert_int_equal(v.kind, KM_ACCOUNT_NEW);
	player_live(&p, "u", 3, 10);
	km_guard_view(p.guard, KM_S("u"), p.now, &v);
	assert_int_equal(v.kind, KM_ACCOUNT_PERSON);
	player_close(&p);
}

/* Clocks that jump neither stop honest mail nor let a flood through for longer than a window. */
static void test_clocks(void **state)
{
	(void)state;
	static const km_time jumps[] = { -30 * DAY, -HOUR, 365 * DAY, (km_time)100000 * DAY,
					 -(km_time)T0 - 5 };

	for (size_t i = 0; i < KM_COUNT(jumps); i++) {
		player p;
		player_open(&p);
		player_live(&p, "u", 20, 20);
		km_time right = p.now;
		p.now += jumps[i];
		player_send(&p, &home);
		if (p.accepted != 1)
			fail_msg("jump %lld: %s, cost %f", (long long)jumps[i],
				 km_guard_action_name(p.d.action), p.d.cost);
		p.now = right;
		send_each(&p, home, 0, 20, 600);
		if (p.accepted != 21 || p.measures[KM_STEP_NOTICE] + p.measures[KM_STEP_WARNING])
			fail_msg("jump %lld: %u accepted", (long long)jumps[i], p.accepted);
		send_each(&p, elsewhere, 1000, 200, 1);
		if (p.accepted > 21 + 50)
			fail_msg("jump %lld: %u of the flood", (long long)jumps[i],
				 p.accepted - 21);
		player_close(&p);
	}
	/* a throttle of a future that did not come is over */
	player p;
	player_open(&p);
	km_guard_reinstate(p.guard, KM_S("u"), KM_STEP_THROTTLE, T0 + 400 * DAY);
	assert_int_equal(player_step(&p, "u"), KM_STEP_NONE);
	player_close(&p);
}

/* Names are bytes. */
static void test_names(void **state)
{
	(void)state;
	static const char *const names[] = { "\xff\xfe", "a\nb", "'; DROP TABLE x; --", "$(reboot)",
					     "\xe6\x9d\xb1" };
	player p;

	player_open(&p);
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		mail m = elsewhere;
		m.account = names[i];
		player_reset(&p);
		send_each(&p, m, 1000, 100, 1);
		assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
		assert_int_equal(player_step(&p, names[i]), KM_STEP_BRAKE);
		TEST_SV(p.d.account, names[i]);
	}
	char *big = malloc(1 << 20);
	assert_non_null(big);
	memset(big, 'x', 1 << 20);
	km_event e = { .kind = KM_EVENT_submit, .t = T0, .account = { big, 1 << 20 } };
	player_event(&p, &e);
	assert_int_equal(p.d.action, KM_GUARD_ACCEPT);
	free(big);
	player_close(&p);
}

/* As many recipients as an event may have; the memory used grows with their number, no faster. */
static void test_huge(void **state)
{
	(void)state;
	static const unsigned sizes[] = { 500, 5000, 50000 };
	size_t used = 0;
	player p;

	player_open(&p);
	for (size_t i = 0; i < KM_COUNT(sizes); i++) {
		mail m = home;
		m.n = sizes[i];
		player_send(&p, &m);
		assert_true(p.d.action != KM_GUARD_ACCEPT);
		assert_true(used == 0 || km_arena_used(p.arena) < 15 * used);
		used = km_arena_used(p.arena);
	}
	player_close(&p);
}

static void test_reject_foreign(void **state)
{
	(void)state;
	km_guard_conf conf = km_guard_defaults();
	player p;
	mail m = home;

	conf.reject_foreign = true;
	conf.on_brake = KM_GUARD_DEFER;
	player_open_at(&p, NULL, &conf);
	assert_int_equal(km_identities_add(p.ids, KM_S("u"), KM_S("u@example.jp")), KM_OK);
	m.from = "u@example.jp";
	player_send(&p, &m);
	assert_int_equal(p.accepted, 1);
	m.from = "ceo@bank.example";
	player_send(&p, &m);
	assert_int_equal(p.rejected, 1);
	assert_true(player_says(&p, KM_FACT_OUT_FROM_FOREIGN));
	assert_true(p.d.reply.n > 0);
	send_each(&p, elsewhere, 1000, 100, 1);
	assert_true(p.deferred > 50);
	assert_int_equal(p.held, 0);
	player_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_honest_bursts),  cmocka_unit_test(test_floods),
		cmocka_unit_test(test_slow),	       cmocka_unit_test(test_newsletter),
		cmocka_unit_test(test_password),       cmocka_unit_test(test_same_queue_id),
		cmocka_unit_test(test_idempotent),     cmocka_unit_test(test_processes),
		cmocka_unit_test(test_reinstate),      cmocka_unit_test(test_no_account),
		cmocka_unit_test(test_kinds),	       cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_names),	       cmocka_unit_test(test_huge),
		cmocka_unit_test(test_reject_foreign),
	};
	return cmocka_run_group_tests_name("outbound/guard", tests, NULL, NULL);
}
