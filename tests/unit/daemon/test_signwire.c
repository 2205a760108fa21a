#include "daemon/signwire.h"

#include "net/frame.h"
#include "test.h"

static km_frame only(const km_buf *b, km_sv *copy)
{
	km_sv rest;
	km_frame f;

	*copy = test_exact(b->p, b->n);
	rest = *copy;
	assert_int_equal(km_frame_next(&rest, &f), KM_OK);
	assert_int_equal(rest.n, 0);
	return f;
}

static void test_round_trip(void **state)
{
	(void)state;
	const km_sign_key keys[] = { { KM_SV("example.jp"), KM_SV("r1"), KM_KEY_RSA },
				     { KM_SV("example.net"), KM_SV("e1"), KM_KEY_ED25519 } };
	const km_sign_ask ask = { 7, KM_SV("example.jp"), KM_SV("r1"),
				  KM_SV("0123456789\0abcdef") };
	km_sign_ask got;
	km_sign_key key;
	km_sv copy, signature;
	uint64_t seq;
	bool is_bad;
	km_buf b;

	km_buf_init(&b, NULL, 4096);
	size_t begun = km_signwire_begin_keys(&b);
	for (size_t i = 0; i < KM_COUNT(keys); i++)
		km_signwire_put_key(&b, &keys[i]);
	km_frame_end(&b, begun);
	km_frame f = only(&b, &copy);
	for (size_t i = 0; i < KM_COUNT(keys); i++) {
		assert_true(km_signwire_get_key(&f.body, &key, &is_bad));
		assert_true(km_sv_eq(key.domain, keys[i].domain));
		assert_true(km_sv_eq(key.selector, keys[i].selector));
		assert_int_equal(key.kind, keys[i].kind);
	}
	assert_false(km_signwire_get_key(&f.body, &key, &is_bad));
	assert_false(is_bad);
	test_drop(copy);

	b.n = 0;
	km_signwire_put_ask(&b, &ask);
	f = only(&b, &copy);
	assert_int_equal(f.type, KM_SIGNWIRE_SIGN);
	assert_true(km_signwire_get_ask(f.body, &got));
	assert_true(got.seq == 7 && km_sv_eq(got.digest, ask.digest) &&
		    km_sv_eq(got.domain, ask.domain) && km_sv_eq(got.selector, ask.selector));
	for (size_t n = 0; n < f.body.n; n++) /* cut anywhere, it is none */
		assert_false(km_signwire_get_ask(km_sv_sub(f.body, 0, n), &got));
	test_drop(copy);

	b.n = 0;
	km_signwire_put_signed(&b, 9, KM_S("signature"));
	f = only(&b, &copy);
	assert_true(km_signwire_get_signed(f.body, &seq, &signature));
	assert_int_equal(seq, 9);
	TEST_SV(signature, "signature");
	for (size_t n = 0; n < f.body.n; n++)
		assert_false(km_signwire_get_signed(km_sv_sub(f.body, 0, n), &seq, &signature));
	test_drop(copy);
	km_buf_finish(&b);
}

/* A kind that is none, names that are empty, half a key. */
static void test_bad_keys(void **state)
{
	(void)state;
	static const km_sign_key bad[] = { { KM_SV("example.jp"), KM_SV("r1"), (km_key_kind)9 },
					   { KM_SV(""), KM_SV("r1"), KM_KEY_RSA },
					   { KM_SV("example.jp"), KM_SV(""), KM_KEY_RSA } };
	km_sign_key key;
	km_sv copy;
	bool is_bad;
	km_buf b;

	km_buf_init(&b, NULL, 4096);
	for (size_t i = 0; i < KM_COUNT(bad); i++) {
		b.n = 0;
		size_t begun = km_signwire_begin_keys(&b);
		km_signwire_put_key(&b, &bad[i]);
		km_frame_end(&b, begun);
		km_frame f = only(&b, &copy);
		assert_false(km_signwire_get_key(&f.body, &key, &is_bad));
		assert_true(is_bad);
		test_drop(copy);
	}
	km_sv half = KM_S("\x03");
	assert_false(km_signwire_get_key(&half, &key, &is_bad));
	assert_true(is_bad);
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_keys),
	};
	return cmocka_run_group_tests_name("daemon/signwire", tests, NULL, NULL);
}
