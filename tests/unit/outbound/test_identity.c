#include "outbound/identity.h"
#include "test.h"

static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *address;
		km_identity_result want;
	} cases[] = {
		{ "a@example.jp", KM_IDENTITY_OWN },
		{ "A@EXAMPLE.JP", KM_IDENTITY_OWN },
		{ "anyone@shop.example.com", KM_IDENTITY_OWN },
		{ "b@example.jp", KM_IDENTITY_FOREIGN },
		{ "a@sub.shop.example.com", KM_IDENTITY_FOREIGN },
		{ "a@bank.example", KM_IDENTITY_FOREIGN },
		{ "a@examp1e.jp", KM_IDENTITY_LOOKALIKE },
		{ "a@exarnple.jp", KM_IDENTITY_LOOKALIKE },
		{ "a@ex-ample.jp", KM_IDENTITY_LOOKALIKE },
		{ "a@exmaple.jp", KM_IDENTITY_LOOKALIKE },
		{ "x@sh0p.example.com", KM_IDENTITY_LOOKALIKE },
		{ "", KM_IDENTITY_FOREIGN },
		{ "a", KM_IDENTITY_FOREIGN },
	};
	km_identities *t = km_identities_new();
	km_sv like = { 0 };

	assert_true(km_identities_empty(t));
	assert_int_equal(km_identities_check(t, KM_S("u1"), KM_S("a@example.jp"), NULL),
			 KM_IDENTITY_UNKNOWN);
	assert_int_equal(km_identities_add(t, KM_S("u1"), KM_S("a@example.jp")), KM_OK);
	assert_int_equal(km_identities_add(t, KM_S("u1"), KM_S("@shop.example.com")), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv address = test_exact(cases[i].address, strlen(cases[i].address));
		km_identity_result r = km_identities_check(t, KM_S("u1"), address, &like);
		if (r != cases[i].want)
			fail_msg("%s: %d", cases[i].address, r);
		test_drop(address);
	}
	TEST_SV(like, "@shop.example.com");
	assert_int_equal(km_identities_check(t, KM_S("u2"), KM_S("a@example.jp"), NULL),
			 KM_IDENTITY_UNKNOWN);
	assert_true(km_identities_is_ours(t, KM_S("Example.JP")));
	assert_false(km_identities_is_ours(t, KM_S("example.org")));
	km_identities_clear(t, KM_S("u1"));
	assert_int_equal(km_identities_check(t, KM_S("u1"), KM_S("a@example.jp"), NULL),
			 KM_IDENTITY_UNKNOWN);
	km_identities_free(t);
}

static void test_many(void **state)
{
	(void)state;
	km_identities *t = km_identities_new();
	char account[32], address[64];
	int last = 0;

	for (int i = 0; i < 5000; i++) {
		(void)snprintf(account, sizeof(account), "u%d", i);
		(void)snprintf(address, sizeof(address), "u%d@d%d.example", i, i % 700);
		assert_int_equal(km_identities_add(t, km_sv_of(account), km_sv_of(address)), KM_OK);
	}
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(account, sizeof(account), "u%d", i);
		(void)snprintf(address, sizeof(address), "u%d@d%d.example", i, i % 700);
		assert_int_equal(km_identities_check(t, km_sv_of(account), km_sv_of(address), NULL),
				 KM_IDENTITY_OWN);
	}
	for (; last < 2000; last++) {
		(void)snprintf(address, sizeof(address), "x%d@d.example", last);
		if (km_identities_add(t, KM_S("u1"), km_sv_of(address)) != KM_OK)
			break;
	}
	assert_int_equal(last, 999);
	km_identities_free(t);
}

static void test_files(void **state)
{
	(void)state;
	static const char csv[] =
		"account,identity\n# staff\nu1, a@example.jp , @shop.example\r\n\n"
		"u2,b@example.jp\n";
	static const char map[] = "a@example.jp  u1, u2\n# x\n@shop.example\tu1\n  u3\n";
	static const struct {
		const char *account, *address;
		bool in_csv, in_map;
	} cases[] = {
		{ "u1", "a@example.jp", true, true },	 { "u1", "z@shop.example", true, true },
		{ "u2", "b@example.jp", true, false },	 { "u2", "a@example.jp", false, true },
		{ "u3", "z@shop.example", false, true },
	};
	km_identities *c = km_identities_new(), *m = km_identities_new();
	km_sv text = test_exact(csv, sizeof(csv) - 1);
	km_err err = { 0 };

	assert_int_equal(km_identities_read_csv(c, text, "x", NULL), KM_OK);
	test_drop(text);
	text = test_exact(map, sizeof(map) - 1);
	assert_int_equal(km_identities_read_map(m, text, "x", NULL), KM_OK);
	test_drop(text);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv account = km_sv_of(cases[i].account), address = km_sv_of(cases[i].address);
		assert_int_equal(km_identities_check(c, account, address, NULL) == KM_IDENTITY_OWN,
				 cases[i].in_csv);
		assert_int_equal(km_identities_check(m, account, address, NULL) == KM_IDENTITY_OWN,
				 cases[i].in_map);
	}
	assert_int_equal(km_identities_read_csv(c, KM_S("ok,a@b\nalone\n"), "ids.csv", &err),
			 KM_SYNTAX);
	assert_non_null(strstr(err.msg, "ids.csv:2"));
	err = (km_err){ 0 };
	assert_int_equal(km_identities_read_map(c, KM_S("  u1\n"), "map", &err), KM_SYNTAX);
	assert_non_null(strstr(err.msg, "map:1"));
	km_identities_free(c);
	km_identities_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests_name("outbound/identity", tests, NULL, NULL);
}
