#include "auth/client.h"

#include "dns/snapshot.h"
#include "test.h"

#define ZONE                                                                                       \
	"7.2.0.192.in-addr.arpa. PTR mx.example.com.\n"                                            \
	"mx.example.com. A 192.0.2.7\n"                                                            \
	"8.2.0.192.in-addr.arpa. PTR bank.example.\n"                                              \
	"bank.example. A 203.0.113.1\n"                                                            \
	"9.2.0.192.in-addr.arpa. PTR a.example.com.\n"                                             \
	"9.2.0.192.in-addr.arpa. PTR mx9.example.com.\n"                                           \
	";! a.example.com. A SERVFAIL\n"                                                           \
	"mx9.example.com. A 192.0.2.9\n"                                                           \
	"10.2.0.192.in-addr.arpa. PTR a.example.com.\n"                                            \
	";! 11.2.0.192.in-addr.arpa. PTR TIMEOUT\n"                                                \
	"13.2.0.192.in-addr.arpa. PTR p13-2-0-192.dsl.example.\n"                                  \
	"p13-2-0-192.dsl.example. A 192.0.2.13\n"                                                  \
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR "           \
	"six.example.com.\n"                                                                       \
	"six.example.com. AAAA 2001:db8::1\n"                                                      \
	"mail.corp.example. AAAA 2001:db8::2\n"                                                    \
	";! slow.example. A TIMEOUT\n"

static const struct {
	const char *ip, *hostname, *helo;
	km_rdns_code rdns;
	const char *name;
	bool generic;
	unsigned odd;
} cases[] = {
	{ "192.0.2.7", "", "mx.example.com", KM_RDNS_PASS, "mx.example.com", false, 0 },
	{ "192.0.2.7", "mx.other.example", "mx.other.example", KM_RDNS_PASS, "mx.other.example",
	  false, 0 },
	{ "192.0.2.8", "", "mail.corp.example.", KM_RDNS_FAIL, "bank.example", false, 0 },
	{ "192.0.2.9", "", "", KM_RDNS_PASS, "mx9.example.com", false, 0 },
	{ "192.0.2.10", "", "", KM_RDNS_TEMPERROR, "a.example.com", false, 0 },
	{ "192.0.2.11", "", "slow.example", KM_RDNS_TEMPERROR, "", false, 0 },
	{ "192.0.2.12", "", "absent.example", KM_RDNS_PERMERROR, "", false, KM_HELO_UNKNOWN },
	{ "192.0.2.13", "", "[192.0.2.13]", KM_RDNS_PASS, "p13-2-0-192.dsl.example", true, 0 },
	{ "192.0.2.13", "h192.0.2.example", "[192.0.2.14]", KM_RDNS_PASS, "h192.0.2.example", true,
	  KM_HELO_OTHER_ADDRESS },
	{ "192.0.2.13", "h192.0.0.example", "localhost", KM_RDNS_PASS, "h192.0.0.example", false,
	  KM_HELO_NO_NAME },
	{ "192.0.2.12", "x.example", "192.0.2.12", KM_RDNS_PASS, "x.example", false,
	  KM_HELO_NO_NAME },
	{ "192.0.2.12", "x.example", "[192.0.2", KM_RDNS_PASS, "x.example", false,
	  KM_HELO_NO_NAME },
	{ "192.0.2.12", "x.example", "a b.example", KM_RDNS_PASS, "x.example", false,
	  KM_HELO_NO_NAME },
	{ "192.0.2.12", "x.example", "MX.example.jp", KM_RDNS_PASS, "x.example", false,
	  KM_HELO_OURS },
	{ "192.0.2.12", "x.example", "example.net", KM_RDNS_PASS, "x.example", false,
	  KM_HELO_OURS },
	{ "192.0.2.12", "example.net", "example.net", KM_RDNS_PASS, "example.net", false, 0 },
	{ "2001:db8::1", "", "[IPv6:2001:db8::1]", KM_RDNS_PASS, "six.example.com", false, 0 },
};

static void check(size_t i, const km_dns_snapshot *dns)
{
	static const km_sv rcpts[] = { KM_SV("a@example.net"), KM_SV("nobody") };
	km_client_request q = { .hostname = km_sv_of(cases[i].hostname),
				.helo = test_exact(cases[i].helo, strlen(cases[i].helo)),
				.our_name = KM_S("mx.example.jp"),
				.rcpts = rcpts,
				.n_rcpts = KM_COUNT(rcpts) };
	km_arena *a = km_arena_new(1 << 20);
	km_client_result r;
	const km_dns_question *open;
	km_dns_answer answer;
	km_dns_set set;
	km_facts fs;

	assert_true(km_ip_parse(km_sv_of(cases[i].ip), &q.ip));
	km_dns_set_init(&set, a);
	while (km_client_step(a, &q, &set, &r) == KM_NOTFOUND) {
		assert_true(km_dns_open(&set, &open) > 0);
		km_dns_snapshot_answer(dns, open->name, open->type, &answer);
		assert_int_equal(km_dns_give(&set, &answer), KM_OK);
	}
	if (r.rdns != cases[i].rdns || r.generic != cases[i].generic || r.helo != cases[i].odd ||
	    !km_sv_eq(r.name, km_sv_of(cases[i].name)))
		fail_msg("%s %s %s: %s %.*s %d %u", cases[i].ip, cases[i].hostname, cases[i].helo,
			 km_rdns_name(r.rdns), KM_FMT(r.name), r.generic, r.helo);
	km_facts_init(&fs, a);
	km_client_facts(&q, &r, &fs);
	assert_int_equal(fs.n, 1 + r.generic + (r.helo != 0));
	test_drop(q.helo);
	km_arena_free(a);
}

static void test_table(void **state)
{
	km_dns_snapshot *dns;

	(void)state;
	assert_int_equal(km_dns_snapshot_parse(KM_S(ZONE), "zone", &dns, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++)
		check(i, dns);
	km_dns_snapshot_free(dns);
}

/* Of an address with a thousand names only the first ones are asked about. */
static void test_many_names(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_dns_rr rr[1000];
	km_client_request q = { .helo = KM_S("[192.0.2.1]") };
	const km_dns_question *open;
	km_client_result r;
	km_dns_set set;

	assert_true(km_ip_parse(KM_S("192.0.2.1"), &q.ip));
	for (size_t i = 0; i < KM_COUNT(rr); i++)
		rr[i] = (km_dns_rr){ .data = km_sv_fmt(a, "h%zu.example", i) };
	const km_dns_answer ptr = { .name = KM_S("1.2.0.192.in-addr.arpa"),
				    .type = KM_DNS_PTR,
				    .rr = rr,
				    .n = KM_COUNT(rr) };
	km_dns_set_init(&set, a);
	assert_int_equal(km_client_step(a, &q, &set, &r), KM_NOTFOUND);
	assert_int_equal(km_dns_give(&set, &ptr), KM_OK);
	assert_int_equal(km_client_step(a, &q, &set, &r), KM_NOTFOUND);
	assert_int_equal(km_dns_open(&set, &open), KM_CLIENT_MAX_NAMES);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table),
					    cmocka_unit_test(test_many_names) };
	return cmocka_run_group_tests_name("auth/client", tests, NULL, NULL);
}
