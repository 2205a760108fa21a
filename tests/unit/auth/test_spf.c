#include "auth/spf.h"
#include "dns/snapshot.h"
#include "test.h"

static const char zone[] =
	"ok.example. TXT \"v=spf1 a mx ip4:192.0.2.0/24 -all\"\n"
	"ok.example. A 198.51.100.1\n"
	"ok.example. MX 10 mx.ok.example.\n"
	"mx.ok.example. A 198.51.100.2\n"
	"mx.ok.example. AAAA 2001:db8::2\n"
	"inc.example. TXT \"v=spf1 include:ok.example ~all\"\n"
	"soft.example. TXT \"v=spf1 ip4:203.0.113.9 ~all\"\n"
	"red.example. TXT \"v=spf1 redirect=ok.example\"\n"
	"exp.example. TXT \"v=spf1 -all exp=why.example\"\n"
	"why.example. TXT \"%{i} is not one of %{d}'s, %{s}; %{h} %{r} %{t}\"\n"
	"nothing.example. A 192.0.2.1\n"
	"bad.example. TXT \"v=spf1 ip4:192.0.2.1 ipv4:192.0.2.0/24 -all\"\n"
	"incbad.example. TXT \"v=spf1 include:bad.example -all\"\n"
	"two.example. TXT \"v=spf1 -all\"\n"
	"two.example. TXT \"v=spf1 ~all\"\n"
	"void.example. TXT \"v=spf1 a:a1.example a:a2.example a:a3.example -all\"\n"
	"loop.example. TXT \"v=spf1 include:loop.example -all\"\n"
	";! dead.example. TXT TIMEOUT\n"
	";! forged.example. TXT BOGUS\n"
	";! broken.example. TXT SERVFAIL\n"
	"incdead.example. TXT \"v=spf1 include:dead.example +all\"\n"
	"mxdead.example. TXT \"v=spf1 mx -all\"\n"
	"mxdead.example. MX 10 d1.example.\n"
	"mxdead.example. MX 20 d2.example.\n"
	";! d1.example. A TIMEOUT\n"
	"d2.example. A 192.0.2.1\n"
	"helo.example. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n"
	"macro.example. TXT \"v=spf1 exists:%{l1r-}.%{ir}.%{v}._spf.%{d2} -all\"\n"
	"joe.1.2.0.192.in-addr._spf.macro.example. A 127.0.0.2\n"
	"xn--wgv71a119e.example. TXT \"v=spf1 +all\"\n"
	"ptr.example. TXT \"v=spf1 ptr -all\"\n"
	"1.2.0.192.in-addr.arpa. PTR host.ptr.example.\n"
	"1.2.0.192.in-addr.arpa. PTR evil.example.\n"
	"host.ptr.example. A 192.0.2.1\n"
	"6.example. TXT \"v=spf1 ip6:2001:db8::/32 -all\"\n"
	"nul\\000.example. TXT \"v=spf1 +all\"\n"
	"\\(x.example. TXT \"v=spf1 +all\"\n";

static const struct {
	const char *name, *ip, *from, *want, *term, *where;
	unsigned lookups, voids;
	const char *other; /* reason, or explanation of fail */
} cases[] = {
	{ "a", "198.51.100.1", "u@ok.example", "pass", "a", "ok.example", 1, 0, "" },
	{ "mx", "198.51.100.2", "u@ok.example", "pass", "mx", "ok.example", 2, 0, "" },
	{ "mx 6", "2001:db8::2", "u@ok.example", "pass", "mx", "ok.example", 2, 1, "" },
	{ "ip4", "192.0.2.77", "u@OK.Example.", "pass", "ip4:192.0.2.0/24", "ok.example", 2, 0,
	  "" },
	{ "mapped", "::ffff:192.0.2.7", "u@ok.example", "pass", "ip4:192.0.2.0/24", "ok.example", 2,
	  0, "" },
	{ "all", "203.0.113.1", "u@ok.example", "fail", "-all", "ok.example", 2, 0, "" },
	{ "include", "192.0.2.1", "u@inc.example", "pass", "include:ok.example", "inc.example", 3,
	  0, "" },
	{ "include not", "203.0.113.1", "u@inc.example", "softfail", "~all", "inc.example", 3, 0,
	  "" },
	{ "softfail", "192.0.2.1", "u@soft.example", "softfail", "~all", "soft.example", 0, 0, "" },
	{ "redirect", "192.0.2.1", "u@red.example", "pass", "ip4:192.0.2.0/24", "ok.example", 3, 0,
	  "" },
	{ "explained", "192.0.2.1", "a@exp.example", "fail", "-all", "exp.example", 0, 0,
	  "192.0.2.1 is not one of exp.example's, a@exp.example; helo.example unknown 1772413200" },
	{ "no record", "192.0.2.1", "u@nothing.example", "none", "", "nothing.example", 0, 0,
	  "no SPF record" },
	{ "no domain", "192.0.2.1", "u@gone.example", "none", "", "gone.example", 0, 0,
	  "no SPF record" },
	{ "syntax", "192.0.2.1", "u@bad.example", "permerror", "ipv4:192.0.2.0/24", "bad.example",
	  0, 0, "a term does not follow the grammar" },
	{ "syntax inside", "192.0.2.1", "u@incbad.example", "permerror", "ipv4:192.0.2.0/24",
	  "bad.example", 1, 0, "a term does not follow the grammar" },
	{ "two records", "192.0.2.1", "u@two.example", "permerror", "", "two.example", 0, 0,
	  "several SPF records" },
	{ "voids", "192.0.2.1", "u@void.example", "permerror", "a:a3.example", "void.example", 3, 3,
	  "more than 2 look-ups without answer" },
	{ "loop", "192.0.2.1", "u@loop.example", "permerror", "include:loop.example",
	  "loop.example", 10, 0, "more than 10 look-ups" },
	{ "time-out", "192.0.2.1", "u@dead.example", "temperror", "", "dead.example", 0, 0,
	  "a name server did not answer" },
	{ "forged", "192.0.2.1", "u@forged.example", "temperror", "", "forged.example", 0, 0,
	  "DNSSEC says that an answer is forged" },
	{ "broken", "192.0.2.1", "u@broken.example", "temperror", "", "broken.example", 0, 0,
	  "a name server did not answer" },
	{ "include time-out", "192.0.2.1", "u@incdead.example", "temperror", "", "dead.example", 1,
	  0, "a name server did not answer" },
	{ "mx match despite time-out", "192.0.2.1", "u@mxdead.example", "pass", "mx",
	  "mxdead.example", 1, 0, "" },
	{ "mx time-out", "192.0.2.9", "u@mxdead.example", "temperror", "mx", "mxdead.example", 1, 0,
	  "a name server did not answer" },
	{ "null path", "192.0.2.1", "", "pass", "ip4:192.0.2.1", "helo.example", 0, 0, "" },
	{ "macros", "192.0.2.1", "list-joe@macro.example", "fail", "-all", "macro.example", 1, 1,
	  "" },
	{ "macros reversed", "192.0.2.1", "joe-list@macro.example", "pass",
	  "exists:%{l1r-}.%{ir}.%{v}._spf.%{d2}", "macro.example", 1, 0, "" },
	{ "U-labels", "192.0.2.1", "u@日本語.example", "pass", "+all", "xn--wgv71a119e.example", 0,
	  0, "" },
	{ "ptr", "192.0.2.1", "u@ptr.example", "pass", "ptr", "ptr.example", 1, 0, "" },
	{ "ptr not", "192.0.2.3", "u@ptr.example", "fail", "-all", "ptr.example", 1, 0, "" },
	{ "ip6", "2001:db8:ffff::1", "u@6.example", "pass", "ip6:2001:db8::/32", "6.example", 0, 0,
	  "" },
	/* What is no domain name has no SPF, whatever DNS may say. */
	{ "parenthesis", "192.0.2.1", "u@(x.example", "none", "", "", 0, 0, "not a domain name" },
	{ "at sign", "192.0.2.1", "u@ok.example@(x.example", "none", "", "", 0, 0,
	  "not a domain name" },
	{ "quoted", "192.0.2.1", "\"a@b\"@ok.example", "pass", "ip4:192.0.2.0/24", "ok.example", 2,
	  0, "" },
	{ "no at", "192.0.2.1", "ok.example", "pass", "ip4:192.0.2.0/24", "ok.example", 2, 0, "" },
	{ "literal", "192.0.2.1", "u@[192.0.2.1]", "none", "", "", 0, 0, "not a domain name" },
	{ "one label", "192.0.2.1", "u@example", "none", "", "", 0, 0, "not a domain name" },
	{ "empty domain", "192.0.2.1", "u@", "none", "", "", 0, 0, "not a domain name" },
};

/* Runs to the end with the answers of @dns; how many questions were asked. */
static size_t drive(km_arena *a, const km_dns_snapshot *dns, const km_spf_request *q,
		    km_spf_result *out)
{
	const km_dns_question *open;
	km_dns_set set;
	km_spf *s = km_spf_new(a, q);

	assert_non_null(s);
	km_dns_set_init(&set, a);
	while (km_spf_step(s, &set, out) == KM_NOTFOUND) {
		assert_true(km_dns_open(&set, &open) > 0);
		while (km_dns_open(&set, &open) > 0) {
			km_dns_answer one;
			km_dns_snapshot_answer(dns, open->name, open->type, &one);
			assert_int_equal(km_dns_give(&set, &one), KM_OK);
		}
	}
	return set.asked;
}

static km_dns_snapshot *parse(km_sv text)
{
	km_dns_snapshot *dns;
	km_err err = { .st = KM_OK };

	if (km_dns_snapshot_parse(text, "zone", &dns, &err) != KM_OK)
		fail_msg("%s", err.msg);
	return dns;
}

static void test_cases(void **state)
{
	(void)state;
	km_dns_snapshot *dns = parse(km_sv_of(zone));

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv from = test_exact(cases[i].from, strlen(cases[i].from));
		km_spf_request q = { .from = from,
				     .helo = KM_S("helo.example"),
				     .now = 1772413200 };
		km_spf_result r;
		assert_true(km_ip_parse(km_sv_of(cases[i].ip), &q.ip));
		(void)drive(a, dns, &q, &r);
		test_sv_is(km_sv_of(km_spf_code_name(r.code)), cases[i].want, cases[i].name);
		test_sv_is(r.term, cases[i].term, cases[i].name);
		test_sv_is(r.where, cases[i].where, cases[i].name);
		test_sv_is(r.reason.n ? r.reason : r.explanation, cases[i].other, cases[i].name);
		if (r.reason.n && km_sv_eq(km_fact_reason(r.reason, KM_JA), r.reason))
			fail_msg("not in fact/reasons.def: %.*s", KM_FMT(r.reason));
		if (r.lookups != cases[i].lookups || r.voids != cases[i].voids ||
		    r.helo != (from.n == 0))
			fail_msg("%s: %u look-ups, %u voids", cases[i].name, r.lookups, r.voids);
		test_drop(from);
		km_arena_free(a);
	}
	km_dns_snapshot_free(dns);
}

/* A NUL is no end of a name. */
static void test_nul(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_dns_snapshot *dns = parse(km_sv_of(zone));
	km_spf_request q = { .from = KM_S("u@ok.example\0.evil.example") };
	km_spf_result r;

	assert_true(km_ip_parse(KM_S("192.0.2.1"), &q.ip));
	assert_int_equal(drive(a, dns, &q, &r), 0);
	assert_int_equal(r.code, KM_SPF_NONE);
	km_dns_snapshot_free(dns);
	km_arena_free(a);
}

/* Ten records of the greatest size, each a mass of macros: bounded questions, and memory that does
 * not grow with them. */
static void test_hostile(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(4 << 20);
	km_spf_result r;
	km_buf b;

	km_buf_init(&b, NULL, 1 << 20);
	for (int i = 0; i < 12; i++) {
		km_buf_fmt(&b, "h%d.example. TXT \"v=spf1 exists:", i);
		for (int k = 0; k < 10; k++)
			km_buf_fmt(&b, "%%{l1r-}%%{h9}%%{s}");
		for (int k = 0; k < 3; k++) {
			km_buf_fmt(&b, "\" \"");
			for (int m = 0; m < 30; m++)
				km_buf_fmt(&b, "%%{l1-}");
		}
		km_buf_fmt(&b, ".x.example redirect=h%d.example\"\n", i + 1);
	}
	km_dns_snapshot *dns = parse(km_buf_sv(&b));
	char local[5000];
	memset(local, '-', sizeof(local));
	km_sv from = km_sv_fmt(a, "%.*s@h0.example", (int)sizeof(local), local);
	km_spf_request q = { .from = from, .helo = KM_S("x.example") };
	assert_true(km_ip_parse(KM_S("192.0.2.1"), &q.ip));
	size_t asked = drive(a, dns, &q, &r);
	assert_int_equal(r.code, KM_SPF_PERMERROR);
	assert_true(asked <= 2 * (KM_SPF_MAX_LOOKUPS + 1));
	assert_false(km_arena_full(a));
	km_dns_snapshot_free(dns);
	km_buf_finish(&b);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests_name("auth/spf", tests, NULL, NULL);
}
