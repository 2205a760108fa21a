#include "dns/dns.h"
#include "test.h"

static const struct {
	const char *in, *normal; /* NULL: can not be asked */
} names[] = {
	{ "Example.COM.", "example.com" },
	{ "a", "a" },
	{ "UPPER[LOWER{.Right-Over.Sixteen.BYTES.Example@",
	  "upper[lower{.right-over.sixteen.bytes.example@" },
	{ "fifteen.bytes..sixteen", NULL },
	{ "Over.sixteen.bytes\\.Escaped.", "over.sixteen.bytes\\.escaped" },
	{ "A\\.B.c", "a\\.b.c" },
	{ "back\\\\slash.x.", "back\\\\slash.x" },
	{ "sp ace.x", "sp ace.x" },
	{ "a\\b.x\\", "a\\\\b.x\\\\" },
	{ "", NULL },
	{ ".", NULL },
	{ "a..b", NULL },
	{ ".a", NULL },
	{ "a.b..", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x", NULL },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x",
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x" },
};

static void test_names(void **state)
{
	(void)state;
	char out[KM_DNS_NAME_TEXT], longest[300];

	for (size_t i = 0; i < KM_COUNT(names); i++) {
		km_sv in = test_exact(names[i].in, strlen(names[i].in));
		size_t n = 0;
		bool ok = km_dns_name_normal(in, out, &n);
		assert_int_equal(ok, names[i].normal != NULL);
		if (ok)
			test_sv_is((km_sv){ out, n }, names[i].normal, names[i].in);
		test_drop(in);
	}
	for (size_t i = 0; i < sizeof(longest); i++)
		longest[i] = i % 2 ? '.' : 'a';
	size_t n;
	assert_true(km_dns_name_normal((km_sv){ longest, 253 }, out, &n));
	assert_false(km_dns_name_normal((km_sv){ longest, 255 }, out, &n));
	TEST_SV(km_dns_name_parent(KM_S("a\\.b.c.d")), "c.d");
	TEST_SV(km_dns_name_parent(KM_S("d")), "");
}

static void test_set(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_dns_set s;
	const km_dns_question *q;

	km_dns_set_init(&s, a);
	assert_null(km_dns_need(&s, KM_S("Example.com"), KM_DNS_MX));
	assert_null(km_dns_need(&s, KM_S("example.COM."), KM_DNS_MX));
	assert_null(km_dns_need(&s, KM_S("example.com"), KM_DNS_A));
	assert_int_equal(km_dns_open(&s, &q), 2);
	TEST_SV(q[0].name, "example.com");
	assert_int_equal(q[1].type, KM_DNS_A);

	char data[] = "mx.example.com";
	km_dns_rr rr = { { data, sizeof(data) - 1 }, 10 };
	km_dns_answer give = { .name = KM_S("EXAMPLE.com"), .type = KM_DNS_MX, .rr = &rr, .n = 1 };
	assert_int_equal(km_dns_give(&s, &give), KM_OK);
	memset(data, 'x', sizeof(data)); /* answers are copied */
	assert_int_equal(km_dns_open(&s, &q), 1);
	assert_int_equal(q[0].type, KM_DNS_A);
	const km_dns_answer *got = km_dns_need(&s, KM_S("example.com"), KM_DNS_MX);
	assert_non_null(got);
	assert_int_equal(got->n, 1);
	TEST_SV(got->rr[0].data, "mx.example.com");
	assert_int_equal(km_dns_need(&s, KM_S("a..b"), KM_DNS_A)->rcode, KM_DNS_NXDOMAIN);
	km_arena_free(a);
}

static void test_limit(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_dns_set s;
	const km_dns_question *q;

	km_dns_set_init(&s, a);
	for (int i = 0; i < KM_MAX_DNS_QUESTIONS; i++)
		assert_null(km_dns_need(&s, km_sv_fmt(a, "h%d.example", i), KM_DNS_A));
	assert_int_equal(s.limits, 0);
	assert_int_equal(km_dns_need(&s, KM_S("more.example"), KM_DNS_A)->rcode, KM_DNS_SERVFAIL);
	assert_int_equal(s.limits, 1u << KM_LIMIT_DNS_QUESTIONS);
	assert_int_equal(km_dns_open(&s, &q), KM_MAX_DNS_QUESTIONS);
	km_arena_free(a);

	/* Without memory every question has an answer, so that nobody waits for ever. */
	a = km_arena_new(100);
	km_dns_set_init(&s, a);
	assert_int_equal(km_dns_need(&s, KM_S("x.example"), KM_DNS_A)->rcode, KM_DNS_SERVFAIL);
	assert_int_equal(km_dns_open(&s, &q), 0);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests_name("dns/dns", tests, NULL, NULL);
}
