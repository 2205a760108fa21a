#include "daemon/permit.h"

#include "test.h"

static const char conf_text[] = "sign.users: ['u1042=example.jp', '*=common.example', "
				"'a=b=eq.example', 'boss=*']\n"
				"sign.networks: ['192.0.2.0/24', '2001:db8::/32=v6.example']\n";

static const struct {
	const char *user, *ip, *domain;
	bool sender, allowed;
} cases[] = {
	{ "alice@example.jp", "", "example.jp", true, true },
	{ "alice@example.jp", "", "Sub.Example.JP", true, true },
	{ "alice@sub.example.jp", "", "example.jp", true, false },
	{ "alice@example.jp", "", "notexample.jp", true, false },
	{ "alice@example.jp", "", "example.com", true, false },
	{ "alice@example.jp", "", "common.example", true, true },
	{ "alice@jp", "", "example.jp", true, false }, /* no domain of one label speaks for all */
	{ "alice@", "", "example.jp", true, false },
	{ "@", "", "", true, false },
	{ "u1042", "", "example.jp", true, true },
	{ "U1042", "", "example.jp", true, false },
	{ "u10421", "", "example.jp", true, false },
	{ "*", "", "example.jp", true, false },
	{ "a=b", "", "eq.example", true, true },
	{ "a", "", "eq.example", true, false },
	{ "boss", "", "anything.example", true, true },
	{ "boss", "", "", true, false },
	{ "", "192.0.2.7", "example.jp", true, true },
	{ "", "192.0.3.7", "example.jp", false, false },
	{ "", "192.0.3.7", "common.example", false, false }, /* "*" is every login, not nobody */
	{ "", "2001:db8::1", "v6.example", true, true },
	{ "", "2001:db8::1", "example.jp", true, false },
	{ "u1043", "192.0.2.7", "example.jp", true, true },
	{ "", "", "example.jp", false, false },
};

static void test_cases(void **state)
{
	(void)state;
	km_conf *conf;
	km_permit *p;

	assert_int_equal(km_conf_parse(km_sv_of(conf_text), "test", &conf, NULL), KM_OK);
	assert_int_equal(km_permit_open(conf, &p, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv user = test_exact(cases[i].user, strlen(cases[i].user));
		km_sv domain = test_exact(cases[i].domain, strlen(cases[i].domain));
		km_ip ip = { .len = 0 };
		if (cases[i].ip[0])
			assert_true(km_ip_parse(km_sv_of(cases[i].ip), &ip));
		if (km_permit_sender(p, user, &ip) != cases[i].sender ||
		    km_permit_domain(p, user, &ip, domain) != cases[i].allowed)
			fail_msg("case %zu: %s %s %s", i, cases[i].user, cases[i].ip,
				 cases[i].domain);
		test_drop(user);
		test_drop(domain);
	}
	assert_string_equal(km_permit_named(p, 0), "example.jp");
	assert_string_equal(km_permit_named(p, 3), "v6.example");
	assert_null(km_permit_named(p, 4));
	km_permit_free(p);
	km_conf_free(conf);
}

static const char *const bad[] = {
	"sign.users: [u1042]\n",
	"sign.users: ['=example.jp']\n",
	"sign.users: ['u=']\n",
	"sign.users: ['u=jp']\n",
	"sign.users: ['u=exa mple.jp']\n",
	"sign.networks: [192.0.2.1/24]\n",
	"sign.networks: ['192.0.2.0/24=']\n",
	"sign.networks: [example.jp]\n",
	"sign.networks: ['10.0.0.0/8=a..b']\n",
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(bad); i++) {
		km_err err = { 0 };
		km_conf *conf;
		km_permit *p;
		assert_int_equal(km_conf_parse(km_sv_of(bad[i]), "test", &conf, NULL), KM_OK);
		if (km_permit_open(conf, &p, &err) != KM_CONFIG || strstr(err.msg, "sign.") == NULL)
			fail_msg("%s: taken, or said \"%s\"", bad[i], err.msg);
		km_conf_free(conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests_name("daemon/permit", tests, NULL, NULL);
}
