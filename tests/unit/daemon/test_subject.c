#include "daemon/subject.h"

#include "test.h"

static const struct {
	const char *name, *settings;
	const char *user, *certificate, *script, *ip;
	const char *account; /* NULL: nobody's whom we guard */
} cases[] = {
	{ "a login", "", "u1", "", "", "203.0.113.7", "u1" },
	{ "a login before all else", "guard.certificates: true\nguard.networks: [203.0.113.0/24]\n",
	  "u1", "cn", "1000:x.php", "203.0.113.7", "u1" },
	{ "a stranger", "guard.networks: [192.0.2.0/24]\n", "", "", "", "203.0.113.7", NULL },
	{ "a stranger's certificate", "", "", "mx.example.com", "", "203.0.113.7", NULL },
	{ "a certificate", "guard.certificates: true\n", "", "branch 1", "", "203.0.113.7",
	  "cert:branch 1" },
	{ "an address", "guard.networks: [192.0.2.0/24]\n", "", "", "", "192.0.2.7", "" },
	{ "an address of IPv6", "guard.networks: [\"2001:db8::/32\"]\n", "", "", "", "2001:db8::1",
	  "" },
	{ "no address", "guard.networks: [0.0.0.0/0]\n", "", "", "", "", NULL },
	{ "a script here", "", "", "", "1000:mailer.php", "127.0.0.1", "web:1000" },
	{ "a script of another kind", "", "", "", "/var/www/a/x.cgi", "::1",
	  "web:/var/www/a/x.cgi" },
	{ "a script far away", "", "", "", "1000:mailer.php", "203.0.113.7", NULL },
	{ "a script of a web server", "guard.networks: [192.0.2.7]\n", "", "", "1000:mailer.php",
	  "192.0.2.7", "" },
	{ "local mail", "", "", "", "", "127.0.0.1", NULL },
};

static km_subjects *open_with(const char *settings, km_conf **conf)
{
	km_subjects *s;

	assert_int_equal(km_conf_parse(km_sv_of(settings), "test", conf, NULL), KM_OK);
	assert_int_equal(km_subjects_open(*conf, &s, NULL), KM_OK);
	return s;
}

static void test_find(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(65536);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_conf *conf;
		km_subjects *s = open_with(cases[i].settings, &conf);
		km_sender sender = { .user = km_sv_of(cases[i].user),
				     .certificate = km_sv_of(cases[i].certificate),
				     .script = km_sv_of(cases[i].script) };
		km_sv account = KM_S("untouched");
		if (!km_ip_parse(km_sv_of(cases[i].ip), &sender.ip))
			sender.ip.len = 0;
		bool ours = km_subjects_find(s, a, &sender, &account);
		if (ours != (cases[i].account != NULL))
			fail_msg("%s: ours %d", cases[i].name, ours);
		test_sv_is(account, cases[i].account ? cases[i].account : "untouched",
			   cases[i].name);
		km_subjects_free(s);
		km_conf_free(conf);
	}
	km_arena_free(a);
}

static void test_bad_network(void **state)
{
	(void)state;
	km_err err = { 0 };
	km_subjects *s;
	km_conf *conf;

	assert_int_equal(km_conf_parse(KM_S("log.level: info\nguard.networks: [10.0.0.1/8]\n"),
				       "test", &conf, NULL),
			 KM_OK);
	assert_int_equal(km_subjects_open(conf, &s, &err), KM_CONFIG);
	assert_non_null(strstr(err.msg, "line 2: guard.networks: found \"10.0.0.1/8\""));
	km_conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bad_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
