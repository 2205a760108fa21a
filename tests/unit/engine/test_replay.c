#include "engine/replay.h"

#include <stdio.h>

#include "answer.h"
#include "dkim_make.h"
#include "test.h"

#define NOW 1772413200

/* Who sends on, N times, what bank.example has signed once: each time to other recipients. */
static const struct {
	const char *name;
	unsigned times, rcpts_each, networks; /* clients 198.51.N.7 */
	const char *from;		      /* reverse-path */
	const char *list;		      /* List-Id, or NULL */
	const char *conf;
	bool fires, strong;
} cases[] = {
	{ "from everywhere", 60, 1, 10, "x@evil.example", NULL, "", true, true },
	{ "from one host", 60, 1, 1, "x@evil.example", NULL, "", true, false },
	{ "from one host, to many", 200, 1, 1, "x@evil.example", NULL, "", true, true },
	{ "ten at a time", 8, 10, 1, "x@evil.example", NULL, "", true, false },
	{ "a List-Id that is not the sender's", 60, 1, 1, "x@evil.example", "<news.bank.example>",
	  "", true, false },
	{ "to a few", 30, 1, 10, "x@evil.example", NULL, "", false, false },
	{ "once to a thousand", 1, 1000, 1, "x@evil.example", NULL, "", false, false },
	{ "the signer's own hosts, one by one", 300, 1, 5, "news@bank.example", NULL, "", false,
	  false },
	{ "a mailing list that changes nothing", 300, 1, 2, "bounce@list.example",
	  "Talk <talk.list.example>", "", false, false },
	{ "a forwarder that we trust", 300, 1, 1, "x@evil.example", NULL,
	  "auth.trusted_forwarders: [198.51.0.0/16]\n", false, false },
	{ "a relay of ours", 300, 1, 1, "x@evil.example", NULL,
	  "trusted.networks: [198.51.0.0/16]\n", false, false },
};

static km_pack *pack;
static km_privkey *key;

static km_sv signed_once(km_arena *a, const char *subject, const char *list)
{
	km_sv header =
		km_sv_fmt(a,
			  "From: Taro <taro@bank.example>\r\nTo: me@bank.example\r\n"
			  "Subject: %s\r\nMessage-ID: <1@bank.example>\r\n"
			  "Date: Mon, 02 Mar 2026 09:14:05 +0900\r\n%s%s%s",
			  subject, list ? "List-Id: " : "", list ? list : "", list ? "\r\n" : "");

	return make_signed(a,
			   "v=1; a=rsa-sha256; c=relaxed/relaxed; d=bank.example; s=s1; "
			   "t=1772410445; h=From:To:Subject:Date",
			   km_sv_cstr(a, header), KM_S("Hello.\r\n"), key);
}

static km_dns_snapshot *zone(km_arena *a)
{
	km_dns_snapshot *dns;
	km_sv record = make_record(a, "v=DKIM1; k=rsa;", key);
	km_sv text = km_sv_fmt(a,
			       "s1._domainkey.bank.example. TXT \"%.*s\" \"%.*s\"\n"
			       "bank.example. TXT \"v=spf1 ip4:198.51.0.0/16 -all\"\n"
			       "list.example. TXT \"v=spf1 ip4:198.51.0.0/16 -all\"\n"
			       "evil.example. TXT \"v=spf1 +all\"\n",
			       200, record.p, (int)record.n - 200, record.p + 200);

	assert_int_equal(km_dns_snapshot_parse(text, "zone", &dns, NULL), KM_OK);
	return dns;
}

static const km_fact *find(const km_facts *fs)
{
	for (size_t i = 0; i < fs->n; i++)
		if (fs->f[i].id == KM_FACT_DKIM_REPLAY)
			return &fs->f[i];
	return NULL;
}

/* One of them; *weight of what it tells, 0 when nothing. */
static void one(const km_kit *kit, const km_dns_snapshot *dns, km_sv message, size_t i, unsigned n,
		double *weight)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv rcpt[1000];
	km_envelope env = { .now = NOW + (km_time)n * 60,
			    .has_ip = true,
			    .has_from = true,
			    .from = km_sv_of(cases[i].from),
			    .rcpts = rcpt,
			    .n_rcpts = cases[i].rcpts_each };
	char ip[32];

	for (unsigned k = 0; k < cases[i].rcpts_each; k++)
		rcpt[k] = km_sv_fmt(a, "u%u@example.jp", n * cases[i].rcpts_each + k);
	(void)snprintf(ip, sizeof(ip), "198.51.%u.7", n % cases[i].networks);
	assert_true(km_ip_parse(km_sv_of(ip), &env.ip));
	km_scan *s = km_scan_new(a, kit, &env);
	km_scan_message(s, message);
	assert_int_equal(test_drive(s, dns), KM_SCAN_DONE);
	assert_int_equal(km_scan_auth(s)->dkim->code, KM_DKIM_PASS);
	const km_fact *f = find(km_scan_facts(s));
	*weight = f ? f->weight : 0;
	km_replay_note(kit->replay, km_scan_auth(s), &env);
	km_arena_free(a);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 22);
		km_sv message = signed_once(a, "hello", cases[i].list);
		km_dns_snapshot *dns = zone(a);
		km_conf *conf;
		km_kit kit;
		double weight = 0;

		assert_int_equal(km_conf_parse(km_sv_of(cases[i].conf), "x", &conf, NULL), KM_OK);
		assert_int_equal(km_kit_open(&kit, conf, pack, NULL), KM_OK);
		kit.checks = KM_CHECK_AUTH;
		assert_int_equal(km_replay_open(NULL, &kit.replay, NULL), KM_OK);
		for (unsigned n = 0; n < cases[i].times; n++)
			one(&kit, dns, message, i, n, &weight);
		if ((weight > 0) != cases[i].fires || (weight > 0.9) != cases[i].strong)
			fail_msg("%s: %g", cases[i].name, weight);
		km_replay_close(kit.replay);
		km_kit_close(&kit);
		km_conf_free(conf);
		km_dns_snapshot_free(dns);
		km_arena_free(a);
	}
}

/* Other messages of the same signer are other signatures; without counters nothing is told. */
static void test_others(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 22);
	km_sv message = signed_once(a, "hello", NULL), other = signed_once(a, "hi", NULL);
	km_dns_snapshot *dns = zone(a);
	km_kit kit;
	double weight;

	assert_int_equal(km_kit_open(&kit, NULL, pack, NULL), KM_OK);
	kit.checks = KM_CHECK_AUTH;
	assert_int_equal(km_replay_open(NULL, &kit.replay, NULL), KM_OK);
	for (unsigned n = 0; n < 60; n++)
		one(&kit, dns, message, 0, n, &weight);
	assert_true(weight > 0.9);
	one(&kit, dns, other, 0, 60, &weight);
	assert_true(weight == 0);
	/* After some days it is forgotten. */
	one(&kit, dns, message, 0, 60, &weight);
	assert_true(weight > 0);
	one(&kit, dns, message, 0, 60 + 5 * 24 * 60, &weight);
	assert_true(weight == 0);
	km_replay_close(kit.replay);
	km_kit_close(&kit);
	km_dns_snapshot_free(dns);
	km_arena_free(a);
}

static int load(void **state)
{
	(void)state;
	return km_pack_load(NULL, &pack, NULL) == KM_OK &&
			       km_privkey_new(KM_KEY_RSA, 1024, &key, NULL) == KM_OK
		       ? 0
		       : -1;
}

static int unload(void **state)
{
	(void)state;
	km_pack_free(pack);
	km_privkey_free(key);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_others),
	};
	return cmocka_run_group_tests_name("engine/replay", tests, load, unload);
}
