#include "dns/cache.h"

#include <stdio.h>

#include "test.h"

static km_dns_answer answer(km_sv name, km_dns_type type, km_dns_rcode rcode, uint32_t ttl,
			    km_dns_rr *rr)
{
	return (km_dns_answer){ .name = name,
				.type = type,
				.rcode = rcode,
				.ttl = ttl,
				.rr = rr,
				.n = rcode == KM_DNS_OK,
				.secure = true };
}

/* What was put at second 100 is asked for at `now`; ttl: what is left, or 0 when it is gone. */
static const struct {
	const char *name;
	km_dns_rcode rcode;
	uint32_t kept;
	uint64_t now;
	uint32_t ttl;
} cases[] = {
	{ "at once", KM_DNS_OK, 60, 100, 60 },
	{ "later", KM_DNS_OK, 60, 159, 1 },
	{ "too late", KM_DNS_OK, 60, 160, 0 },
	{ "not to be kept", KM_DNS_OK, 0, 100, 0 },
	{ "for a year", KM_DNS_OK, 31536000, 100, KM_DNS_CACHE_TTL },
	{ "no such name", KM_DNS_NXDOMAIN, 60, 130, 30 },
	{ "no such name, for a year", KM_DNS_NXDOMAIN, 31536000, 100, KM_DNS_CACHE_NEGATIVE_TTL },
	{ "no such record", KM_DNS_NODATA, 60, 160, 0 },
	{ "failed", KM_DNS_SERVFAIL, 60, 100, 0 },
	{ "no answer", KM_DNS_TIMEOUT, 60, 100, 0 },
	{ "forged", KM_DNS_BOGUS, 60, 100, 0 },
};

static void test_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_dns_cache *c = km_dns_cache_new(65536);
		km_sv name = test_exact("a.example", 9), data = test_exact("v=spf1 -all", 11);
		km_dns_rr rr = { .data = data, .preference = 7 };
		km_dns_answer a = answer(name, KM_DNS_TXT, cases[i].rcode, cases[i].kept, &rr);

		km_dns_cache_put(c, &a, 100);
		test_drop(name);
		test_drop(data);
		const km_dns_answer *got =
			km_dns_cache_get(c, KM_S("a.example"), KM_DNS_TXT, cases[i].now);
		if ((got != NULL) != (cases[i].ttl > 0))
			fail_msg("%s", cases[i].name);
		assert_null(km_dns_cache_get(c, KM_S("a.example"), KM_DNS_A, 100));
		assert_null(km_dns_cache_get(c, KM_S("b.example"), KM_DNS_TXT, 100));
		if (got) {
			got = km_dns_cache_get(c, KM_S("a.example"), KM_DNS_TXT, cases[i].now);
			assert_int_equal(got->ttl, cases[i].ttl);
			assert_int_equal(got->rcode, cases[i].rcode);
			assert_true(got->secure);
			TEST_SV(got->name, "a.example");
			assert_int_equal(got->n, cases[i].rcode == KM_DNS_OK);
			if (got->n) {
				TEST_SV(got->rr[0].data, "v=spf1 -all");
				assert_int_equal(got->rr[0].preference, 7);
			}
		}
		km_dns_cache_free(c);
	}
}

/* A new answer takes the place of the old one. */
static void test_again(void **state)
{
	(void)state;
	km_dns_cache *c = km_dns_cache_new(65536);
	km_dns_rr rr = { .data = KM_S("old") };
	km_dns_answer a = answer(KM_S("a.example"), KM_DNS_TXT, KM_DNS_OK, 60, &rr);

	km_dns_cache_put(c, &a, 1);
	size_t bytes = km_dns_cache_bytes(c);
	rr.data = KM_S("new");
	km_dns_cache_put(c, &a, 2);
	assert_int_equal(km_dns_cache_bytes(c), bytes);
	TEST_SV(km_dns_cache_get(c, KM_S("a.example"), KM_DNS_TXT, 3)->rr[0].data, "new");
	km_dns_cache_free(c);
}

/* However many and however large: never over its bytes; what is asked for all the time stays. */
static void test_bound(void **state)
{
	(void)state;
	enum { BYTES = 65536 };
	static char large[KM_DNS_CACHE_ANSWER + 1];
	km_dns_cache *c = km_dns_cache_new(BYTES);
	km_dns_rr rr = { .data = KM_S("x") };
	km_dns_answer kept = answer(KM_S("kept.example"), KM_DNS_TXT, KM_DNS_OK, 9999, &rr);
	size_t lost = 0;

	for (unsigned i = 0; i < 20000; i++) {
		char name[32];
		int n = snprintf(name, sizeof(name), "n%u.example", i);
		km_dns_rr one = { .data = { large, i % 10 ? i % 50 : i % sizeof(large) } };
		km_dns_answer a =
			answer((km_sv){ name, (size_t)n }, KM_DNS_TXT, KM_DNS_OK, 9999, &one);
		if (km_dns_cache_get(c, kept.name, kept.type, 1) == NULL) {
			lost++;
			km_dns_cache_put(c, &kept, 1);
		}
		km_dns_cache_put(c, &a, 1);
		assert_true(km_dns_cache_bytes(c) <= BYTES);
	}
	assert_true(lost < 2000);
	km_dns_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_bound),
	};
	return cmocka_run_group_tests_name("dns/cache", tests, NULL, NULL);
}
