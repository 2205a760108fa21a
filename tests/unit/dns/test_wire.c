#include "dns/wire.h"

#include "test.h"

#define HEADER(rcode, answers, authority)                                                          \
	"\x12\x34\x81" rcode "\0\1\0" answers "\0" authority "\0\0"
#define QUESTION(type)	      "\3www\7Example\3com\0\0" type "\0\1"
#define WWW		      "\xc0\x0c"
#define EXAMPLE_COM	      "\xc0\x10"
#define RR(type, ttl, length) "\0" type "\0\1\0\0\0" ttl "\0" length
#define SOA                                                                                        \
	EXAMPLE_COM RR("\6", "\x3c", "\x20") "\2ns" EXAMPLE_COM "\4ho.t" EXAMPLE_COM               \
					     "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\x1e"

#define M(bytes)                                                                                   \
	{                                                                                          \
		(bytes), sizeof(bytes) - 1                                                         \
	}

static const struct {
	const char *name;
	km_dns_type type;
	km_sv message;
	km_dns_rcode rcode;
	size_t n;
	const char *data; /* of the last record */
	unsigned preference;
	uint32_t ttl;
} cases[] = {
	{ "address", KM_DNS_A,
	  M(HEADER("\x80", "\2", "\0") QUESTION("\1")
		    WWW RR("\1", "\x3c", "\4") "\xc0\x22\1\1" WWW RR("\1", "\x1e", "\4") "abcd"),
	  KM_DNS_OK, 2, "abcd", 0, 30 },
	{ "the same twice", KM_DNS_A,
	  M(HEADER("\x80", "\2", "\0") QUESTION("\1")
		    WWW RR("\1", "\x3c", "\4") "abcd" WWW RR("\1", "\x3c", "\4") "abcd"),
	  KM_DNS_OK, 1, "abcd", 0, 60 },
	{ "strings", KM_DNS_TXT,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\x10")
		    WWW RR("\x10", "\x3c", "\x8") "\3v=s\0\2pf"),
	  KM_DNS_OK, 1, "v=spf", 0, 60 },
	{ "string over its end", KM_DNS_TXT,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\x10") WWW RR("\x10", "\x3c", "\4") "\4v=s"),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "exchange, compressed, odd bytes", KM_DNS_MX,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\xf")
		    WWW RR("\xf", "\x3c", "\x8") "\1\2\3a.\\" EXAMPLE_COM),
	  KM_DNS_OK, 1, "a\\.\\\\.example.com", 258, 60 },
	{ "null exchange", KM_DNS_MX,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\xf") WWW RR("\xf", "\x3c", "\3") "\0\0\0"),
	  KM_DNS_OK, 1, "", 0, 60 },
	{ "start of authority", KM_DNS_SOA, M(HEADER("\x80", "\1", "\0") QUESTION("\6") SOA),
	  KM_DNS_NODATA, 0, NULL, 0, 0 },
	{ "alias", KM_DNS_A,
	  M(HEADER("\x80", "\2", "\0") QUESTION("\1")
		    WWW RR("\5", "\x10", "\4") "\1b" EXAMPLE_COM
					       "\1B" EXAMPLE_COM RR("\1", "\x3c", "\4") "abcd"),
	  KM_DNS_OK, 1, "abcd", 0, 16 },
	{ "alias after its address", KM_DNS_A,
	  M(HEADER("\x80", "\2", "\0") QUESTION("\1") "\1B" EXAMPLE_COM RR(
		  "\1", "\x3c", "\4") "abcd" WWW RR("\5", "\x10", "\4") "\1b" EXAMPLE_COM),
	  KM_DNS_OK, 1, "abcd", 0, 16 },
	{ "alias of itself", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") WWW RR("\5", "\x10", "\2") WWW),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "alias without more", KM_DNS_A,
	  M(HEADER("\x83", "\1", "\1") QUESTION("\1")
		    WWW RR("\5", "\x10", "\4") "\1b" EXAMPLE_COM SOA),
	  KM_DNS_NXDOMAIN, 0, NULL, 0, 16 },
	{ "alias as such", KM_DNS_CNAME,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\5") WWW RR("\5", "\x10", "\4") "\1b" EXAMPLE_COM),
	  KM_DNS_OK, 1, "b.example.com", 0, 16 },
	{ "someone else's address", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") EXAMPLE_COM RR("\1", "\x3c", "\4") "abcd"),
	  KM_DNS_NODATA, 0, NULL, 0, 0 },
	{ "address of another class", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") WWW "\0\1\0\3\0\0\0\x3c\0\4"
							  "abcd"),
	  KM_DNS_NODATA, 0, NULL, 0, 0 },
	{ "address of three bytes", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") WWW RR("\1", "\x3c", "\3") "abc"),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "no data", KM_DNS_A, M(HEADER("\x80", "\0", "\1") QUESTION("\1") SOA), KM_DNS_NODATA, 0,
	  NULL, 0, 30 },
	{ "no such name", KM_DNS_A, M(HEADER("\x83", "\0", "\1") QUESTION("\1") SOA),
	  KM_DNS_NXDOMAIN, 0, NULL, 0, 30 },
	{ "refused", KM_DNS_A, M(HEADER("\x85", "\0", "\0") QUESTION("\1")), KM_DNS_SERVFAIL, 0,
	  NULL, 0, 0 },
	{ "fewer records than said", KM_DNS_A,
	  M(HEADER("\x80", "\2", "\0") QUESTION("\1") WWW RR("\1", "\x3c", "\4") "abcd"),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "data over the end", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") WWW RR("\1", "\x3c", "\5") "abcd"),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "pointer to itself", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") "\xc0\x21" RR("\1", "\x3c", "\4") "abcd"),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "pointer forward", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") "\xc0\x2f" RR("\1", "\x3c", "\4") "abcd"),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "label of a kind that is not", KM_DNS_A,
	  M(HEADER("\x80", "\1", "\0") QUESTION("\1") "\x41"
						      "a" RR("\1", "\x3c", "\4") "abcd"),
	  KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "empty", KM_DNS_A, M(""), KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
	{ "half a header", KM_DNS_A, M("\x12\x34\x81\x80\0\1"), KM_DNS_SERVFAIL, 0, NULL, 0, 0 },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *arena = km_arena_new(1 << 22);
		km_sv message = test_exact(cases[i].message.p, cases[i].message.n);
		km_dns_answer a = { .name = KM_S("www.example.com"), .type = cases[i].type };
		km_wire_answer(arena, message, &a);
		if (a.rcode != cases[i].rcode || a.n != cases[i].n || a.ttl != cases[i].ttl)
			fail_msg("%s: %s, %zu records, TTL %u", cases[i].name,
				 km_dns_rcode_name(a.rcode), a.n, a.ttl);
		if (a.n) {
			test_sv_is(a.rr[a.n - 1].data, cases[i].data, cases[i].name);
			assert_int_equal(a.rr[a.n - 1].preference, cases[i].preference);
		}
		test_drop(message);
		km_arena_free(arena);
	}
}

static void test_soa(void **state)
{
	(void)state;
	static const char bytes[] = HEADER("\x80", "\1", "\0") QUESTION("\6") SOA;
	km_arena *arena = km_arena_new(1 << 22);
	km_dns_answer a = { .name = KM_S("example.com"), .type = KM_DNS_SOA };

	km_wire_answer(arena, (km_sv){ bytes, sizeof(bytes) - 1 }, &a);
	assert_int_equal(a.n, 1);
	TEST_SV(a.rr[0].data, "ns.example.com. ho\\.t.example.com. 1 2 3 4 30");
	km_arena_free(arena);
}

/* Every prefix of a good message is read without harm, and is a failure. */
static void test_cut(void **state)
{
	(void)state;
	static const char bytes[] = HEADER("\x80", "\1", "\1") QUESTION("\xf")
		WWW RR("\xf", "\x3c", "\x8") "\1\2\3a.\\" EXAMPLE_COM SOA;

	for (size_t n = 0; n < sizeof(bytes) - 1; n++) {
		km_arena *arena = km_arena_new(1 << 22);
		km_sv message = test_exact(bytes, n);
		km_dns_answer a = { .name = KM_S("www.example.com"), .type = KM_DNS_MX };
		km_wire_answer(arena, message, &a);
		assert_int_equal(a.rcode, KM_DNS_SERVFAIL);
		test_drop(message);
		km_arena_free(arena);
	}
}

static size_t put(char *m, size_t at, const char *bytes, size_t n)
{
	memcpy(m + at, bytes, n);
	return at + n;
}

/* A message full of records whose owners are long chains of pointers: these are refused, not
 * followed; and of very many records only so many are kept. */
static void test_bounds(void **state)
{
	(void)state;
	static char m[65535];
	size_t at = put(m, 0, "\0\0\x81\x80\0\0\x0f\xff\0\0\0\0", 12), n = 0;
	km_arena *arena = km_arena_new(1 << 24);
	km_dns_answer a = { .name = KM_S("a"), .type = KM_DNS_A };

	for (; at + 17 <= sizeof(m); n++) {
		at = put(m, at, "\1a\0\0\1\0\1\0\0\0\1\0\4", 13);
		char address[4] = { 1, 2, (char)(n >> 8), (char)n };
		at = put(m, at, address, 4);
	}
	m[6] = (char)(n >> 8);
	m[7] = (char)n;
	km_wire_answer(arena, (km_sv){ m, at }, &a);
	assert_int_equal(a.rcode, KM_DNS_OK);
	assert_int_equal(a.n, KM_MAX_DNS_RECORDS);

	at = put(m, 0, "\0", 1);
	for (size_t to = 0; to < 64; to += 2)
		at = put(m, at, (char[]){ (char)0xc0, (char)(to ? to - 1 : 0) }, 2);
	size_t good = 1 + 2 * 31, bad = 1 + 2 * 32;
	(void)put(m, bad, (char[]){ (char)0xc0, (char)good }, 2);
	assert_true(km_wire_name((km_sv){ m, bad + 2 }, &good, NULL));
	assert_false(km_wire_name((km_sv){ m, bad + 2 }, &bad, NULL));
	km_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_soa),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
