#include "crypt/sign.h"

#include "test.h"

static const char digest[KM_SHA256_BYTES] = "any thirty-two bytes will do it";

static const struct {
	const char *name;
	km_key_kind kind;
	unsigned bits, shown;
} kinds[] = {
	{ "RSA", KM_KEY_RSA, 2048, 2048 },
	{ "Ed25519", KM_KEY_ED25519, 0, 256 },
};

static km_pubkey *public_of(const km_privkey *k, km_sv *bytes, km_buf *b)
{
	km_pubkey *pub;

	km_buf_init(b, NULL, 4096);
	assert_int_equal(km_privkey_public(k, b, NULL), KM_OK);
	*bytes = test_exact(b->p, b->n);
	assert_int_equal(km_pubkey_read(km_privkey_kind(k), *bytes, &pub, NULL), KM_OK);
	return pub;
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		km_privkey *k;
		km_buf b, sig;
		km_sv bytes, d = test_exact(digest, sizeof(digest));
		bool right;

		assert_int_equal(km_privkey_new(kinds[i].kind, kinds[i].bits, &k, NULL), KM_OK);
		assert_int_equal(km_privkey_kind(k), kinds[i].kind);
		km_pubkey *pub = public_of(k, &bytes, &b);
		assert_int_equal(km_pubkey_bits(pub), kinds[i].shown);
		km_buf_init(&sig, NULL, KM_SIGNATURE_MAX_BYTES);
		assert_int_equal(km_privkey_sign(k, KM_HASH_SHA256, d, &sig, NULL), KM_OK);
		assert_int_equal(km_pubkey_verify(pub, KM_HASH_SHA256, d, km_buf_sv(&sig), &right),
				 KM_OK);
		assert_true(right);
		sig.p[sig.n / 2] ^= 1;
		assert_int_equal(km_pubkey_verify(pub, KM_HASH_SHA256, d, km_buf_sv(&sig), &right),
				 KM_OK);
		assert_false(right);
		assert_int_equal(km_pubkey_verify(pub, KM_HASH_SHA256, d, KM_S(""), &right), KM_OK);
		assert_false(right);
		/* No shorter key is taken for one. */
		for (size_t n = 0; n < bytes.n; n++) {
			km_pubkey *none;
			km_sv cut = test_exact(bytes.p, n);
			assert_int_not_equal(km_pubkey_read(kinds[i].kind, cut, &none, NULL),
					     KM_OK);
			assert_null(none);
			test_drop(cut);
		}
		km_pubkey_free(pub);
		km_privkey_free(k);
		km_buf_finish(&b);
		km_buf_finish(&sig);
		test_drop(bytes);
		test_drop(d);
	}
}

/* A modulus and an exponent that would only burn time. */
static void test_huge(void **state)
{
	(void)state;
	static const char exponent[] =
		"\x30\x0f\x02\x02\x7f\x01\x02\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01";
	static char modulus[2100] = "\x30\x82\x08\x2e\x02\x82\x08\x10\x7f";
	km_pubkey *k;

	assert_int_equal(km_pubkey_read(KM_KEY_RSA, (km_sv){ exponent, sizeof(exponent) - 1 }, &k,
					NULL),
			 KM_LIMIT);
	memcpy(modulus + 8 + 0x810, "\x02\x01\x03", 3);
	assert_int_equal(km_pubkey_read(KM_KEY_RSA, (km_sv){ modulus, sizeof(modulus) }, &k, NULL),
			 KM_LIMIT);
}

static void test_pem(void **state)
{
	(void)state;
	km_privkey *k;
	km_err err = { 0 };

	assert_int_equal(km_privkey_read(KM_S("no key"), &k, &err), KM_SYNTAX);
	assert_null(k);
	assert_true(err.msg[0] != '\0');
}

/* The stream gives the same as all at once, from any point that was copied. */
static void test_stream(void **state)
{
	(void)state;
	km_hash h, fork;
	uint8_t at_once[KM_SHA256_BYTES], out[KM_HASH_MAX_BYTES];
	size_t n;

	assert_int_equal(km_sha256(KM_S("abc"), at_once), KM_OK);
	km_hash_init(&h, KM_HASH_SHA256);
	km_hash_add(&h, KM_S("ab"));
	km_hash_copy(&fork, &h);
	km_hash_add(&h, KM_S("x"));
	km_hash_add(&fork, KM_S("c"));
	assert_int_equal(km_hash_finish(&fork, out, &n), KM_OK);
	assert_int_equal(n, KM_SHA256_BYTES);
	assert_memory_equal(out, at_once, n);
	assert_int_equal(km_hash_finish(&h, out, &n), KM_OK);
	assert_memory_not_equal(out, at_once, n);

	char hex[2 * KM_HASH_MAX_BYTES];
	km_hash_init(&h, KM_HASH_SHA1);
	km_hash_add(&h, KM_S("abc"));
	assert_int_equal(km_hash_finish(&h, out, &n), KM_OK);
	km_hex(out, n, hex);
	assert_int_equal(n, 20);
	assert_memory_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d", 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_stream),
	};
	return cmocka_run_group_tests_name("crypt/sign", tests, NULL, NULL);
}
