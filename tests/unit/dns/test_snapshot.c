#include "dns/snapshot.h"
#include "test.h"

static const char zone[] =
	"; a comment\n"
	"$TTL 2h\n"
	"Example.COM.        300 IN TXT \"v=spf1 \" \"-all\"\n"
	"                        MX  10 Mail.Example.com.\n"
	"                        MX  20 mail2.example.com. ; second\r\n"
	"mail.example.com.   IN 60 A  192.0.2.1\n"
	"mail.example.com.       A   192.0.2.1\n"
	"mail.example.com.       A   192.0.2.2\n"
	"mail.example.com.       AAAA 2001:db8::1\n"
	"null.example.           MX  0 .\n"
	"www.example.com.        CNAME mail.example.com.\n"
	"www2.example.com.       CNAME www.example.com.\n"
	"loop.example.           CNAME loop2.example.\n"
	"loop2.example.          CNAME loop.example.\n"
	"gone.example.           CNAME nowhere.example.\n"
	"a.deep.example.net.     TXT \"a\\\"b\\\\c\\009\\228\" ( \";no comment\"\n"
	"   \"()\" )\n"
	"\\117s\\032er.example.net. TXT unquoted\n"
	"dot\\.ted.example.net.  TXT dotted\n"
	"*.wild.example.         TXT wild\n"
	"*.wild.example.         MX 5 *.wild.example.\n"
	"host.sub.wild.example.  A 192.0.2.9\n"
	"alias.example.          CNAME x.wild.example.\n"
	"1.2.0.192.in-addr.arpa. PTR mail.example.com.\n"
	"_25._tcp.mail.example.com. TLSA 3 1 1 0aFF 01\n"
	"_25._tcp.b.example.com. TYPE52 \\# 5 ( 03010 1aa bb )\n"
	"rp.example.             RP a. b.\n"
	"g.example.              A \\# 4 c0000207\n"
	"g.example.              TXT \\# 5 0161 0262 63\n"
	"g.example.              MX \\# 7 0005 03 612e62 00\n"
	"example.com.            SOA ns.example.com. host\\.master.example.com. ( 1 2h\n"
	"                            3 4 ; comment\n 5 )\n"
	";! broken.example. TXT SERVFAIL\n"
	";! Slow.example A TIMEOUT\n"
	";! there.example A NODATA\n"
	";! bogus.example A BOGUS\n"
	"sec.example. TXT \"x\"\n;! sec.example. TXT SECURE\n"
	";! gone.sec.example. A NXDOMAIN\n;! gone.sec.example. A SECURE\n"
	";! only.sec.example. A SECURE\n"
	";! mail.example.com. TXT NXDOMAIN\n"
	";! asked.example. CNAME SERVFAIL\n"
	"asked.example. A 192.0.2.3\n"
	"$ORIGIN rel.example.\n"
	"@ TXT at\n"
	"x TXT below\n";

static const struct {
	const char *name;
	km_dns_type type;
	km_dns_rcode rcode;
	size_t n;
	const char *first; /* data as the record is written */
} asked[] = {
	{ "example.com", KM_DNS_TXT, KM_DNS_OK, 1, "\"v=spf1 -all\"" },
	{ "EXAMPLE.com.", KM_DNS_MX, KM_DNS_OK, 2, "10 mail.example.com." },
	{ "mail.example.com", KM_DNS_A, KM_DNS_OK, 2, "192.0.2.1" },
	{ "mail.example.com", KM_DNS_AAAA, KM_DNS_OK, 1, "2001:db8::1" },
	{ "mail.example.com", KM_DNS_MX, KM_DNS_NODATA, 0, NULL },
	{ "mail.example.com", KM_DNS_TXT, KM_DNS_NXDOMAIN, 0, NULL },
	{ "null.example", KM_DNS_MX, KM_DNS_OK, 1, "0 ." },
	{ "www2.example.com", KM_DNS_A, KM_DNS_OK, 2, "192.0.2.1" },
	{ "www2.example.com", KM_DNS_CNAME, KM_DNS_OK, 1, "www.example.com." },
	{ "www2.example.com", KM_DNS_MX, KM_DNS_NODATA, 0, NULL },
	{ "loop.example", KM_DNS_A, KM_DNS_SERVFAIL, 0, NULL },
	{ "gone.example", KM_DNS_A, KM_DNS_NXDOMAIN, 0, NULL },
	{ "deep.example.net", KM_DNS_A, KM_DNS_NODATA, 0, NULL },
	{ "net", KM_DNS_A, KM_DNS_NODATA, 0, NULL },
	{ "org", KM_DNS_A, KM_DNS_NXDOMAIN, 0, NULL },
	{ "a.deep.example.net", KM_DNS_TXT, KM_DNS_OK, 1,
	  "\"a\\\"b\\\\c\\009\\228;no comment()\"" },
	{ "us er.example.net", KM_DNS_TXT, KM_DNS_OK, 1, "\"unquoted\"" },
	{ "dot\\.ted.example.net", KM_DNS_TXT, KM_DNS_OK, 1, "\"dotted\"" },
	{ "ted.example.net", KM_DNS_TXT, KM_DNS_NXDOMAIN, 0, NULL },
	{ "any.wild.example", KM_DNS_TXT, KM_DNS_OK, 1, "\"wild\"" },
	{ "any.thing.wild.example", KM_DNS_MX, KM_DNS_OK, 1, "5 *.wild.example." },
	{ "any.wild.example", KM_DNS_A, KM_DNS_NODATA, 0, NULL },
	{ "wild.example", KM_DNS_TXT, KM_DNS_NODATA, 0, NULL },
	/* an existing name, an empty non-terminal, and what is below them (RFC 4592 section 2.2) */
	{ "host.sub.wild.example", KM_DNS_TXT, KM_DNS_NODATA, 0, NULL },
	{ "sub.wild.example", KM_DNS_TXT, KM_DNS_NODATA, 0, NULL },
	{ "other.sub.wild.example", KM_DNS_TXT, KM_DNS_NXDOMAIN, 0, NULL },
	{ "alias.example", KM_DNS_TXT, KM_DNS_OK, 1, "\"wild\"" },
	{ "1.2.0.192.in-addr.arpa", KM_DNS_PTR, KM_DNS_OK, 1, "mail.example.com." },
	{ "_25._tcp.mail.example.com", KM_DNS_TLSA, KM_DNS_OK, 1, "3 1 1 0aff01" },
	{ "_25._tcp.b.example.com", KM_DNS_TLSA, KM_DNS_OK, 1, "3 1 1 aabb" },
	{ "rp.example", KM_DNS_A, KM_DNS_NODATA, 0, NULL },
	{ "g.example", KM_DNS_A, KM_DNS_OK, 1, "192.0.2.7" },
	{ "g.example", KM_DNS_TXT, KM_DNS_OK, 1, "\"abc\"" },
	{ "g.example", KM_DNS_MX, KM_DNS_OK, 1, "5 a\\.b." },
	{ "example.com", KM_DNS_SOA, KM_DNS_OK, 1,
	  "ns.example.com. host\\.master.example.com. 1 7200 3 4 5" },
	{ "broken.example", KM_DNS_TXT, KM_DNS_SERVFAIL, 0, NULL },
	{ "broken.example", KM_DNS_A, KM_DNS_NXDOMAIN, 0, NULL },
	{ "slow.example", KM_DNS_A, KM_DNS_TIMEOUT, 0, NULL },
	{ "there.example", KM_DNS_A, KM_DNS_NODATA, 0, NULL },
	{ "there.example", KM_DNS_MX, KM_DNS_NODATA, 0, NULL },
	{ "bogus.example", KM_DNS_A, KM_DNS_BOGUS, 0, NULL },
	{ "asked.example", KM_DNS_A, KM_DNS_OK, 1, "192.0.2.3" },
	{ "asked.example", KM_DNS_TXT, KM_DNS_NODATA, 0, NULL },
	{ "rel.example", KM_DNS_TXT, KM_DNS_OK, 1, "\"at\"" },
	{ "x.rel.example", KM_DNS_TXT, KM_DNS_OK, 1, "\"below\"" },
	{ "..", KM_DNS_A, KM_DNS_NXDOMAIN, 0, NULL },
	{ "", KM_DNS_A, KM_DNS_NXDOMAIN, 0, NULL },
};

static km_dns_snapshot *parse(const char *text, km_err *err)
{
	km_sv exact = test_exact(text, strlen(text));
	km_dns_snapshot *s;

	if (km_dns_snapshot_parse(exact, "z", &s, err) != KM_OK)
		s = NULL;
	test_drop(exact);
	return s;
}

/* What is written of an answer gives the same answer again. */
static void replays(const km_dns_answer *want, km_sv written)
{
	km_err err = { 0 };
	km_dns_snapshot *s;
	km_dns_answer got;

	if (km_dns_snapshot_parse(written, "w", &s, &err) != KM_OK)
		fail_msg("%s in: %.*s", err.msg, KM_FMT(written));
	km_dns_snapshot_answer(s, want->name, want->type, &got);
	assert_int_equal(got.rcode, want->rcode);
	assert_int_equal(got.n, want->n);
	assert_int_equal(got.secure, want->secure);
	if (want->n)
		assert_int_equal(got.ttl, want->ttl);
	for (size_t i = 0; i < got.n; i++) {
		assert_true(km_sv_eq(got.rr[i].data, want->rr[i].data));
		assert_int_equal(got.rr[i].preference, want->rr[i].preference);
	}
	km_dns_snapshot_free(s);
}

static void test_answers(void **state)
{
	(void)state;
	km_err err = { 0 };
	km_dns_snapshot *s = parse(zone, &err);

	if (s == NULL)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < KM_COUNT(asked); i++) {
		km_sv name = test_exact(asked[i].name, strlen(asked[i].name));
		km_dns_answer a;
		km_buf b;
		km_dns_snapshot_answer(s, name, asked[i].type, &a);
		if (a.rcode != asked[i].rcode || a.n != asked[i].n)
			fail_msg("%s %s: %s with %zu", asked[i].name,
				 km_dns_type_name(asked[i].type), km_dns_rcode_name(a.rcode), a.n);
		km_buf_init(&b, NULL, 1 << 16);
		km_dns_snapshot_write(&b, &a);
		if (asked[i].first) {
			size_t at = km_sv_find(km_buf_sv(&b), km_sv_of(asked[i].first), 0);
			if (at == b.n)
				fail_msg("%s not in %.*s", asked[i].first, (int)b.n, b.p);
		}
		replays(&a, km_buf_sv(&b));
		km_buf_finish(&b);
		test_drop(name);
	}
	km_dns_snapshot_free(s);
}

static void test_secure(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		km_dns_type type;
		km_dns_rcode rcode;
		bool secure;
	} rows[] = {
		{ "sec.example", KM_DNS_TXT, KM_DNS_OK, true },
		{ "sec.example", KM_DNS_A, KM_DNS_NODATA, false },
		{ "gone.sec.example", KM_DNS_A, KM_DNS_NXDOMAIN, true },
		{ "only.sec.example", KM_DNS_A, KM_DNS_NXDOMAIN, true },
		{ "bogus.example", KM_DNS_A, KM_DNS_BOGUS, false },
	};
	km_dns_snapshot *s = parse(zone, NULL);

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_dns_answer a;
		km_buf b;
		km_dns_snapshot_answer(s, km_sv_of(rows[i].name), rows[i].type, &a);
		if (a.rcode != rows[i].rcode || a.secure != rows[i].secure)
			fail_msg("%s", rows[i].name);
		km_buf_init(&b, NULL, 1 << 16);
		km_dns_snapshot_write(&b, &a);
		replays(&a, km_buf_sv(&b));
		km_buf_finish(&b);
	}
	km_dns_snapshot_free(s);
}

static void test_ttl(void **state)
{
	(void)state;
	km_dns_snapshot *s = parse(zone, NULL);
	km_dns_answer a;

	km_dns_snapshot_answer(s, KM_S("www2.example.com"), KM_DNS_A, &a);
	assert_int_equal(a.ttl, 60); /* smallest of the chain */
	km_dns_snapshot_answer(s, KM_S("www2.example.com"), KM_DNS_AAAA, &a);
	assert_int_equal(a.ttl, 7200);
	km_dns_snapshot_free(s);
}

static const struct {
	const char *name, *text, *message;
} bad[] = {
	{ "type", "a. IN TX \"x\"\n", "z:1: no type is called \"TX\"" },
	{ "class", "a. CH TXT \"x\"\n", "z:1: no type is called \"CH\"" },
	{ "no type", "\n\na. IN\n", "z:3: a record without a type" },
	{ "no owner", " IN A 1.2.3.4\n", "z:1: a record without a name" },
	{ "address", "a. A 1.2.3\n", "z:1: the data is no A record" },
	{ "quote", "b. A 1.2.3.4\na. TXT \"x\n", "z:2: a string without its closing quote" },
	{ "open", "a. TXT ( x\n", "z:1: an opening parenthesis that is never closed" },
	{ "close", "a. TXT x )\n", "z:1: a closing parenthesis too many" },
	{ "escape", "a. TXT \"\\256\"\n", "z:1: the data is no TXT record" },
	{ "empty label", "a..b. A 1.2.3.4\n", "z:1: \"a..b.\" is no name" },
	{ "status", ";! a. A BROKEN\n", "z:1: no answer is called \"BROKEN\"" },
	{ "status words", ";! a. A\n", "z:1: expected \";! NAME TYPE WHY\"" },
	{ "include", "$INCLUDE x\n", "z:1: \"$INCLUDE\" with these words can not be read" },
	{ "generic", "a. A \\# 4 0102\n", "z:1: the data is no A record" },
	{ "wire name", "a. PTR \\# 3 056162\n", "z:1: the data is no PTR record" },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(bad); i++) {
		km_err err = { 0 };
		assert_null(parse(bad[i].text, &err));
		test_sv_is(km_sv_of(err.msg), bad[i].message, bad[i].name);
	}
}

/* Steps are counted by memory: lookups are hashed, so a hundred thousand names are no trouble. */
static void test_many(void **state)
{
	(void)state;
	km_buf b;
	km_dns_snapshot *s;
	km_dns_answer a;

	km_buf_init(&b, NULL, 1 << 24);
	for (int i = 0; i < 100000; i++)
		km_buf_fmt(&b, "h%d.example.com. A 10.%d.%d.%d\n", i, i >> 16, (i >> 8) & 255,
			   i & 255);
	assert_int_equal(km_dns_snapshot_parse(km_buf_sv(&b), "z", &s, NULL), KM_OK);
	km_buf_finish(&b);
	km_dns_snapshot_answer(s, KM_S("h99999.example.com"), KM_DNS_A, &a);
	assert_int_equal(a.n, 1);
	assert_memory_equal(a.rr[0].data.p, "\x0a\x01\x86\x9f", 4);
	km_dns_snapshot_answer(s, KM_S("h100000.example.com"), KM_DNS_A, &a);
	assert_int_equal(a.rcode, KM_DNS_NXDOMAIN);
	km_dns_snapshot_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers), cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_secure),	cmocka_unit_test(test_errors),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests_name("dns/snapshot", tests, NULL, NULL);
}
