/* Each sign of other hands, and beside it the honest thing that looks like it. */
#include "player.h"

static player p;

static int setup(void **state)
{
	(void)state;
	player_open(&p);
	assert_int_equal(km_identities_add(p.ids, KM_S("u"), KM_S("u@example.jp")), KM_OK);
	player_live(&p, "u", 20, 40);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	player_close(&p);
	return 0;
}

#define HOME .account = "u", .ip = "192.0.2.7", .country = "JP", .asn = 2497, .n = 1

static void test_one_message(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		mail m;
		km_fact_id id;
		bool want;
	} cases[] = {
		{ "to a friend", { HOME }, KM_FACT_OUT_STRANGERS, false },
		{ "to a stranger", { HOME, .first = 900 }, KM_FACT_OUT_STRANGERS, true },
		{ "home", { HOME }, KM_FACT_OUT_NETWORK_NEW, false },
		{ "beside home",
		  { .account = "u", .ip = "192.0.99.7", .n = 1 },
		  KM_FACT_OUT_NETWORK_NEW,
		  false },
		{ "the provider's other network",
		  { .account = "u", .ip = "203.0.113.7", .asn = 2497, .n = 1 },
		  KM_FACT_OUT_NETWORK_NEW,
		  false },
		{ "elsewhere",
		  { .account = "u", .ip = "203.0.113.7", .asn = 3, .n = 1 },
		  KM_FACT_OUT_NETWORK_NEW,
		  true },
		{ "elsewhere, version 6",
		  { .account = "u", .ip = "2001:db8:1::1", .n = 1 },
		  KM_FACT_OUT_NETWORK_NEW,
		  true },
		{ "home country", { HOME }, KM_FACT_OUT_COUNTRY_NEW, false },
		{ "another country",
		  { .account = "u", .ip = "203.0.113.7", .country = "BR", .n = 1 },
		  KM_FACT_OUT_COUNTRY_NEW,
		  true },
		{ "its own address",
		  { HOME, .from = "U@Example.JP" },
		  KM_FACT_OUT_FROM_FOREIGN,
		  false },
		{ "a bank's",
		  { HOME, .from = "info@bank.example" },
		  KM_FACT_OUT_FROM_FOREIGN,
		  true },
		{ "a look-alike",
		  { HOME, .from = "u@examp1e.jp" },
		  KM_FACT_OUT_FROM_LOOKALIKE,
		  true },
		{ "no script", { HOME }, KM_FACT_OUT_SCRIPT_NEW, false },
		{ "a script", { HOME, .script = "x.php" }, KM_FACT_OUT_SCRIPT_NEW, true },
		{ "ham", { HOME, .class = "ham" }, KM_FACT_OUT_CONTENT, false },
		{ "of a class that is not known",
		  { HOME, .class = "x" },
		  KM_FACT_OUT_CONTENT,
		  false },
		{ "spam", { HOME, .class = "spam" }, KM_FACT_OUT_CONTENT, true },
		{ "phish", { HOME, .class = "phish" }, KM_FACT_OUT_CONTENT, true },
		{ "malware", { HOME, .class = "malware" }, KM_FACT_OUT_VIRUS, true },
		{ "a class of strangers",
		  { .account = "u", .ip = "192.0.2.7", .first = 900, .n = 40 },
		  KM_FACT_OUT_RECIPIENTS_MANY,
		  true },
		{ "a class of friends",
		  { .account = "u", .ip = "192.0.2.7", .n = 40 },
		  KM_FACT_OUT_RECIPIENTS_MANY,
		  false },
		{ "names tried out",
		  { .account = "u", .ip = "192.0.2.7", .first = 900, .n = 40, .domain = "corp" },
		  KM_FACT_OUT_ONE_DOMAIN,
		  true },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		teardown(NULL);
		setup(NULL);
		player_send(&p, &cases[i].m);
		if (player_says(&p, cases[i].id) != cases[i].want)
			fail_msg("%s: %s", cases[i].name, km_fact_describe(cases[i].id)->id);
	}
}

/* At three in the morning: a sign for who never does, none for who always does. */
static void test_hours(void **state)
{
	(void)state;
	km_time day = p.now - 9 * HOUR;

	p.now = day + 2 * HOUR;
	player_send(&p, &(mail){ HOME });
	assert_true(player_says(&p, KM_FACT_OUT_HOURS));
	for (int i = 0; i < 30; i++) {
		p.now = day + i * DAY + 2 * HOUR;
		player_send(&p, &(mail){ HOME });
	}
	assert_false(player_says(&p, KM_FACT_OUT_HOURS));
}

static void test_travel(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		km_time after;
		const char *country;
		bool want;
	} cases[] = {
		{ "half an hour", HOUR / 2, "BR", true }, { "half a day", DAY / 2, "BR", false },
		{ "nowhere", HOUR / 2, "JP", false },	  { "not told", HOUR / 2, NULL, false },
		{ "absurd", HOUR / 2, "Brazil", false },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		teardown(NULL);
		setup(NULL);
		player_send(&p, &(mail){ HOME });
		p.now += cases[i].after;
		player_send(&p, &(mail){ .account = "u",
					 .ip = "203.0.113.7",
					 .country = cases[i].country,
					 .n = 1 });
		if (player_says(&p, KM_FACT_OUT_TRAVEL) != cases[i].want)
			fail_msg("%s", cases[i].name);
	}
}

/* Somebody who always travels: his tenth country is none. */
static void test_habit_of_travelling(void **state)
{
	(void)state;
	static const char *const countries[] = { "BR", "US", "VN", "DE", "JP" };

	for (int day = 0; day < 40; day++, p.now += DAY)
		for (unsigned i = 0; i < KM_COUNT(countries); i++)
			player_send(&p, &(mail){ .account = "u",
						 .ip = i ? "203.0.113.7" : "198.51.100.7",
						 .country = countries[i],
						 .first = i,
						 .n = 1 });
	assert_false(player_says(&p, KM_FACT_OUT_TRAVEL));
	assert_false(player_says(&p, KM_FACT_OUT_NETWORK_NEW));
	assert_int_equal(p.measures[KM_STEP_BRAKE] + p.measures[KM_STEP_THROTTLE], 0);
}

/* What keeps below every limit of an hour, and beside it the people that it must not be taken for.
 */
static void test_slow(void **state)
{
	(void)state;
	static const struct {
		const char *name, *account;
		unsigned n;
		km_time pace;
		bool networks;	    /* each from another one, else all from one that is new */
		bool home;	    /* all from home */
		unsigned friends;   /* so many after each, from home */
		unsigned friend_of; /* one of so many goes to a friend itself; 0: none */
		unsigned most;	    /* strangers that may be reached; 0: nothing is stopped */
	} cases[] = {
		{ "another network each time", "u", 60, HOUR, true, false, 0, 0, 20 },
		{ "the same beside its holder's mail", "u", 60, HOUR, true, false, 2, 0, 20 },
		{ "the same on the first day", "first", 60, HOUR / 2, true, false, 0, 0, 20 },
		{ "the same beside its holder's first", "first", 60, HOUR / 2, true, false, 2, 0,
		  20 },
		{ "a telephone in many networks", "u", 60, HOUR, true, false, 0, 1, 0 },
		{ "strangers all day from home", "u", 300, 240, false, true, 0, 0, 130 },
		{ "a few strangers from home", "u", 15, 240, false, true, 0, 0, 0 },
		{ "strangers from one place for days", "u", 120, DAY / 32, false, false, 0, 0,
		  100 },
		{ "a journey", "u", 40, DAY / 8, false, false, 0, 2, 0 },
	};
	char ip[32];

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		unsigned strangers = 0;
		teardown(NULL);
		setup(NULL);
		player_reset(&p);
		for (unsigned m = 0; m < cases[i].n; m++, p.now += cases[i].pace) {
			bool friend = cases[i].friend_of && m % cases[i].friend_of == 0;
			(void)snprintf(ip, sizeof(ip), "%u.%u.1.9", 11 + m, m * 7 % 250);
			player_send(&p, &(mail){ .account = cases[i].account,
						 .ip = cases[i].home	   ? "192.0.2.7"
						       : cases[i].networks ? ip
									   : "203.0.113.9",
						 .first = friend ? m % 40 : 1000 + m,
						 .n = 1 });
			strangers += !friend && p.d.action == KM_GUARD_ACCEPT;
			for (unsigned f = 0; f < cases[i].friends; f++)
				player_send(&p, &(mail){ .account = cases[i].account,
							 .ip = "192.0.2.7",
							 .first = f,
							 .n = 1 });
		}
		unsigned stopped = p.measures[KM_STEP_BRAKE] + p.measures[KM_STEP_THROTTLE];
		if (cases[i].most ? stopped == 0 || strangers > cases[i].most : stopped > 0)
			fail_msg("%s: %u strangers, %u times stopped", cases[i].name, strangers,
				 stopped);
	}
}

static km_event login(const char *ip, bool ok)
{
	km_event e = { .kind = KM_EVENT_login, .t = p.now, .account = KM_S("u"), .ok = ok };

	assert_true(km_ip_parse(km_sv_of(ip), &e.ip));
	return e;
}

static void test_guesses(void **state)
{
	(void)state;
	km_event wrong = login("203.0.113.7", false), right = login("203.0.113.7", true),
		 own = login("192.0.2.7", true);

	for (int i = 0; i < 30; i++)
		player_event(&p, &wrong);
	/* the owner comes in as always */
	player_event(&p, &own);
	assert_false(player_says(&p, KM_FACT_OUT_LOGIN_GUESSED));
	player_event(&p, &right);
	assert_true(player_says(&p, KM_FACT_OUT_LOGIN_GUESSED));
	assert_int_equal(p.measures[KM_STEP_NOTICE], 1);
	player_event(&p, &right);
	assert_false(player_says(&p, KM_FACT_OUT_LOGIN_GUESSED));
	/* what comes after it weighs more */
	player_send(&p, &(mail){ HOME, .first = 900 });
	assert_true(p.d.cost > 1.5);
}

static void bounce(const char *rcpt, const char *status)
{
	const km_event e = { .kind = KM_EVENT_bounce,
			     .t = p.now,
			     .account = KM_S("u"),
			     .rcpt = or_empty(rcpt),
			     .status = or_empty(status) };

	player_event(&p, &e);
}

static void test_bounces(void **state)
{
	(void)state;
	static const struct {
		const char *name, *status;
		bool different;
		unsigned brakes;
	} cases[] = {
		{ "names that do not exist", "5.1.1", true, 1 },
		{ "full mailboxes", "5.2.2", true, 0 },
		{ "later", "4.4.1", true, 0 },
		{ "one dead address again and again", "5.1.1", false, 0 },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		char rcpt[32];
		teardown(NULL);
		setup(NULL);
		for (unsigned n = 0; n < 40; n++, p.now += 10) {
			player_send(&p, &(mail){ HOME, .first = n });
			(void)snprintf(rcpt, sizeof(rcpt), "x%u@y", cases[i].different ? n : 0);
			bounce(rcpt, cases[i].status);
		}
		if (p.measures[KM_STEP_BRAKE] != cases[i].brakes)
			fail_msg("%s: %u brakes", cases[i].name, p.measures[KM_STEP_BRAKE]);
	}
}

/* A share that fades: what bounced last week does not speak today. */
static void test_bounces_fade(void **state)
{
	(void)state;
	char rcpt[32];

	for (unsigned n = 0; n < 40; n++, p.now += DAY) {
		player_send(&p, &(mail){ HOME, .first = n });
		(void)snprintf(rcpt, sizeof(rcpt), "x%u@y", n);
		bounce(rcpt, "5.1.1");
	}
	assert_int_equal(p.measures[KM_STEP_BRAKE], 0);
}

static void test_complaints(void **state)
{
	(void)state;
	km_event e = { .kind = KM_EVENT_complaint, .t = p.now, .account = KM_S("u") };

	e.type = KM_S("not-spam");
	player_event(&p, &e);
	assert_int_equal(p.d.facts.n, 0);
	e.type = KM_S("abuse");
	player_event(&p, &e);
	assert_int_equal(p.measures[KM_STEP_NOTICE], 1);
	for (int i = 0; i < 8; i++)
		player_event(&p, &e);
	assert_int_equal(p.measures[KM_STEP_WARNING], 1);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 0);
	for (int i = 0; i < 10; i++)
		player_event(&p, &e);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
}

static void connect25(const char *ip, unsigned dest, unsigned n)
{
	km_event e = { .kind = KM_EVENT_smtp25_out, .t = p.now };
	char text[32];

	assert_true(km_ip_parse(km_sv_of(ip), &e.ip));
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "198.51.100.%u", (dest + i) % 250);
		e.dest = km_sv_of(text);
		player_event(&p, &e);
	}
}

static void test_port25(void **state)
{
	(void)state;
	km_event lease = { .kind = KM_EVENT_lease, .t = p.now, .account = KM_S("u") };

	assert_true(km_ip_parse(KM_S("203.0.113.50"), &lease.ip));
	connect25("203.0.113.60", 0, 2);
	assert_int_equal(p.measures[KM_STEP_NOTICE], 0);
	connect25("203.0.113.60", 2, 4);
	assert_int_equal(p.measures[KM_STEP_NOTICE], 1);
	connect25("203.0.113.60", 6, 40);
	assert_int_equal(p.measures[KM_STEP_WARNING], 1);
	assert_int_equal(p.measures[KM_STEP_BRAKE], 1);
	/* the holder of the address answers for it */
	player_event(&p, &lease);
	connect25("203.0.113.50", 0, 40);
	assert_int_equal(player_step(&p, "u"), KM_STEP_BRAKE);
	/* a mail server may */
	player_reset(&p);
	player_event(&p, &(km_event){ .kind = KM_EVENT_account,
				      .t = p.now,
				      .account = KM_S("mx"),
				      .account_kind = KM_ACCOUNT_SERVER });
	lease.account = KM_S("mx");
	player_event(&p, &lease);
	connect25("203.0.113.50", 0, 200);
	assert_int_equal(p.d.n_measures, 0);
	assert_int_equal(player_step(&p, "mx"), KM_STEP_NONE);
}

static void test_relay(void **state)
{
	(void)state;
	static const struct {
		const char *from, *domain;
		bool want;
	} cases[] = {
		{ "x@spam.example", NULL, true },
		{ "x@example.jp", NULL, false },  /* ours */
		{ NULL, NULL, false },		  /* a bounce */
		{ "x@spam.example", "in", false } /* to us */
	};

	assert_int_equal(km_identities_add(p.ids, KM_S("v"), KM_S("v@in0.example")), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		player_send(&p, &(mail){ .ip = "203.0.113.7",
					 .from = cases[i].from,
					 .domain = cases[i].domain,
					 .n = 1 });
		if (player_says(&p, KM_FACT_OUT_RELAY) != cases[i].want)
			fail_msg("%s", cases[i].from ? cases[i].from : "<>");
	}
}

/* The same text to strangers, from one account and from several. */
static void test_body(void **state)
{
	(void)state;
	unsigned facts = 0, shared = 0;
	char account[8];

	for (unsigned i = 0; i < 14; i++, p.now += 60) {
		player_send(&p, &(mail){ HOME, .body = "same", .first = 900 + i });
		facts += player_says(&p, KM_FACT_OUT_SAME_BODY);
	}
	assert_in_range(facts, 2, 6);
	for (unsigned i = 0; i < 8; i++) {
		(void)snprintf(account, sizeof(account), "v%u", i);
		player_send(&p,
			    &(mail){ .account = account, .body = "same", .first = 900, .n = 1 });
		shared += player_says(&p, KM_FACT_OUT_BODY_SHARED);
	}
	assert_in_range(shared, 3, 6);
	player_send(&p, &(mail){ .account = "w", .body = "other", .first = 900, .n = 1 });
	assert_false(player_says(&p, KM_FACT_OUT_BODY_SHARED));
}

/* Every fact has its numbers: no sentence with a hole in it. */
static void test_sentences(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++, p.now += 20) {
		char ip[32];
		(void)snprintf(ip, sizeof(ip), "%u.1.2.3", 20 + i);
		player_send(&p, &(mail){ .account = "u",
					 .ip = ip,
					 .country = i % 2 ? "BR" : "VN",
					 .from = "ceo@bank.example",
					 .class = "phish",
					 .script = "x.php",
					 .body = "same",
					 .first = 1000 + 3 * i,
					 .n = 3 });
		for (size_t f = 0; f < p.d.facts.n; f++)
			for (int lang = KM_JA; lang <= KM_EN; lang++) {
				km_sv s = km_fact_sentence(p.arena, &p.d.facts.f[f], KM_FOR_ADMIN,
							   (km_lang)lang);
				assert_true(s.n > 0 && memchr(s.p, '{', s.n) == NULL);
			}
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_one_message), CASE(test_hours),
		CASE(test_travel),	CASE(test_habit_of_travelling),
		CASE(test_slow),	CASE(test_guesses),
		CASE(test_bounces),	CASE(test_bounces_fade),
		CASE(test_complaints),	CASE(test_port25),
		CASE(test_relay),	CASE(test_body),
		CASE(test_sentences),
	};
	return cmocka_run_group_tests_name("outbound/takeover", tests, NULL, NULL);
}
