#include "engine/auth.h"
#include "test.h"

#define POSTFIX                                                                                    \
	"Received: from mx.a.example (mx.a.example [203.0.113.5])\r\n"                             \
	"\tby mail.example.jp (Postfix) with ESMTPS id 1\r\n"                                      \
	"\tfor <hanako@example.jp>; Mon, 02 Mar 2026 09:14:09 +0900 (JST)\r\n"
#define OUTER                                                                                      \
	"Received: from far.b.example (far.b.example [198.51.100.9])\r\n"                          \
	"\tby mx.a.example (Postfix) with ESMTP id 2\r\n"                                          \
	"\tfor <x@example.jp>; Mon, 02 Mar 2026 09:13:09 +0900 (JST)\r\n"
#define REST "From: a@a.example\r\nDate: Mon, 02 Mar 2026 09:00:00 +0900\r\n\r\nx\r\n"

static const struct {
	const char *name, *message;
	size_t hops;
	bool has_from;
	const char *from, *ip, *helo, *rcpt; /* NULL: none */
	km_time now;			     /* with received_time */
} cases[] = {
	{ "topmost", "Return-Path: <b@b.example>\r\n" POSTFIX OUTER REST, 0, true, "b@b.example",
	  "203.0.113.5", "mx.a.example", "hanako@example.jp", 1772410449 },
	{ "one trusted", "Return-Path: <b@b.example>\r\n" POSTFIX OUTER REST, 1, true,
	  "b@b.example", "198.51.100.9", "far.b.example", "x@example.jp", 1772410449 },
	{ "null sender", "Return-Path: <>\r\n" POSTFIX REST, 0, true, "", "203.0.113.5",
	  "mx.a.example", "hanako@example.jp", 1772410449 },
	{ "no return-path", POSTFIX REST, 0, false, "", "203.0.113.5", "mx.a.example",
	  "hanako@example.jp", 1772410449 },
	{ "nothing but Date", REST, 0, false, "", NULL, NULL, NULL, 1772409600 },
	{ "nothing", "\r\n", 0, false, "", NULL, NULL, NULL, 7 },
};

static void test_stored(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv m = test_exact(cases[i].message, strlen(cases[i].message));
		km_envelope env = { .now = 7 };
		char ip[46];
		assert_int_equal(km_envelope_from_stored(a, m, cases[i].hops, true, &env), KM_OK);
		assert_true(env.stored);
		assert_int_equal(env.has_from, cases[i].has_from);
		test_sv_is(env.from, cases[i].from, cases[i].name);
		test_sv_is(env.helo, cases[i].helo ? cases[i].helo : "", cases[i].name);
		assert_int_equal(env.ip.len, cases[i].ip ? 4 : 0);
		if (cases[i].ip)
			assert_string_equal(km_ip_format(&env.ip, ip), cases[i].ip);
		assert_int_equal(env.n_rcpts, cases[i].rcpt ? 1 : 0);
		if (cases[i].rcpt)
			test_sv_is(env.rcpts[0], cases[i].rcpt, cases[i].name);
		assert_int_equal(env.now, cases[i].now);
		test_drop(m);
		km_arena_free(a);
	}
}

/* What the caller knows is not overruled by what the message says of itself. */
static void test_given(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_sv rcpt = KM_S("given@example.jp");
	km_envelope env = { .has_from = true,
			    .helo = KM_S("given.example"),
			    .rcpts = &rcpt,
			    .n_rcpts = 1,
			    .now = 7 };

	assert_true(km_ip_parse(KM_S("2001:db8::7"), &env.ip));
	assert_int_equal(
		km_envelope_from_stored(a, KM_S("Return-Path: <b@b.example>\r\n" POSTFIX REST), 0,
					false, &env),
		KM_OK);
	assert_int_equal(env.from.n, 0);
	assert_int_equal(env.ip.len, 16);
	TEST_SV(env.helo, "given.example");
	TEST_SV(env.rcpts[0], "given@example.jp");
	assert_int_equal(env.now, 7);
	km_arena_free(a);
}

/* Nor is what it knows to be unknown: an address that could not be read, an empty HELO. */
static void test_given_unknown(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_envelope env = { .has_ip = true, .has_helo = true, .now = 7 };

	assert_int_equal(km_envelope_from_stored(a, KM_S(POSTFIX REST), 0, false, &env), KM_OK);
	assert_int_equal(env.ip.len, 0);
	assert_int_equal(env.hostname.n, 0);
	assert_int_equal(env.helo.n, 0);
	assert_int_equal(env.n_rcpts, 1);
	km_arena_free(a);
}

/* Who is judged when our own relay hands a message on. */
static void test_beyond_relays(void **state)
{
	(void)state;
	static const char login[] = "Received: from home (far.b.example [198.51.100.9])\r\n"
				    "\tby mx.a.example (Postfix) with ESMTPSA id 3;\r\n"
				    "\tMon, 02 Mar 2026 09:13:09 +0900 (JST)\r\n" REST;
	static const struct {
		const char *name, *message, *client;
		size_t hops;
		const char *user, *ip, *helo;
	} rows[] = {
		{ "one relay", OUTER REST, "192.168.1.2", 1, "", "198.51.100.9", "far.b.example" },
		{ "two", POSTFIX OUTER REST, "192.168.1.2", 2, "", "198.51.100.9",
		  "far.b.example" },
		{ "not configured", OUTER REST, "192.168.1.2", 0, "", "192.168.1.2", "relay" },
		{ "a stranger", OUTER REST, "192.168.9.2", 1, "", "192.168.9.2", "relay" },
		{ "a user", OUTER REST, "192.168.1.2", 1, "u1", "192.168.1.2", "relay" },
		{ "a login at the relay", login, "192.168.1.2", 1, "", "192.168.1.2", "relay" },
		{ "its own mail", REST, "192.168.1.2", 1, "", "192.168.1.2", "relay" },
	};
	km_err err = { 0 };
	km_conf *conf;
	km_kit kit = { 0 };

	assert_int_equal(km_conf_parse(KM_S("trusted.networks: [192.168.1.0/24]\n"), "x", &conf,
				       &err),
			 KM_OK);
	assert_int_equal(km_trust_open(&kit.networks, conf, KM_KEY_TRUSTED_NETWORKS, &err), KM_OK);
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_envelope env = { .helo = KM_S("relay"), .user = km_sv_of(rows[i].user) };
		km_sv m = test_exact(rows[i].message, strlen(rows[i].message));
		char ip[64];

		assert_true(km_ip_parse(km_sv_of(rows[i].client), &env.ip));
		km_envelope_beyond_relays(a, &kit, m, rows[i].hops, &env);
		test_sv_is(km_sv_of(km_ip_format(&env.ip, ip)), rows[i].ip, rows[i].name);
		test_sv_is(env.helo, rows[i].helo, rows[i].name);
		test_drop(m);
		km_arena_free(a);
	}
	km_trust_close(&kit.networks);
	km_conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stored),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_beyond_relays),
		cmocka_unit_test(test_given_unknown),
	};
	return cmocka_run_group_tests_name("engine/envelope", tests, NULL, NULL);
}
