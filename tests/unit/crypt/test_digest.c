#include "crypt/digest.h"

#include "test.h"

/* FIPS 180-4 examples and the empty message. */
static const struct {
	const char *in, *hex;
} cases[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void test_sha256(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		uint8_t digest[KM_SHA256_BYTES];
		char hex[KM_SHA256_HEX];
		assert_int_equal(km_sha256(km_sv_of(cases[i].in), digest), KM_OK);
		km_hex(digest, sizeof(digest), hex);
		assert_memory_equal(hex, cases[i].hex, sizeof(hex));
	}
}

/* RFC 4231 sections 4.3 and 4.7. */
static void test_hmac(void **state)
{
	(void)state;
	char long_key[131];
	memset(long_key, 0xaa, sizeof(long_key));
	const struct {
		km_sv key, in;
		const char *hex;
	} hmacs[] = {
		{ KM_S("Jefe"), KM_S("what do ya want for nothing?"),
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ { long_key, sizeof(long_key) },
		  KM_S("Test Using Larger Than Block-Size Key - Hash Key First"),
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};

	for (size_t i = 0; i < KM_COUNT(hmacs); i++) {
		uint8_t digest[KM_SHA256_BYTES];
		char hex[KM_SHA256_HEX];
		assert_int_equal(km_hmac_sha256(hmacs[i].key, hmacs[i].in, digest), KM_OK);
		km_hex(digest, sizeof(digest), hex);
		assert_memory_equal(hex, hmacs[i].hex, sizeof(hex));
	}
}

static void test_random(void **state)
{
	(void)state;
	uint8_t a[16], b[16];

	assert_int_equal(km_random(a, sizeof(a)), KM_OK);
	assert_int_equal(km_random(b, sizeof(b)), KM_OK);
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests_name("crypt/digest", tests, NULL, NULL);
}
