#include "content/host.h"

#include "content/urls.h"
#include "test.h"

static const struct {
	const char *in, *host; /* NULL: does not read like a host */
} texts[] = {
	{ "www.Example.com", "www.Example.com" },
	{ "example.com/path", "example.com" },
	{ "example.com:8080", "example.com" },
	{ "mail.example.de", "mail.example.de" },
	{ "bit.ly/3abc", "bit.ly" },
	{ "bit.ly", NULL },
	{ "read.me/now", NULL },
	{ "click here", NULL },
	{ "and/or", NULL },
	{ "README.md", NULL },
	{ "ASP.NET", NULL },
	{ "1.2.3.4", NULL },
	{ "3.5/5", NULL },
	{ "e.g.", NULL },
	{ "a.b.invalidtld", NULL },
	{ "user@example.com", NULL },
	{ "Visit example.com", NULL },
	{ "", NULL },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		km_sv in = test_exact(texts[i].in, strlen(texts[i].in));
		size_t n;
		bool is = km_host_in_text(in, &n);
		if (is != (texts[i].host != NULL))
			fail_msg("%s: %d", texts[i].in, is);
		if (is)
			test_sv_is(km_sv_sub(in, 0, n), texts[i].host, texts[i].in);
		test_drop(in);
	}
}

static void test_registrable(void **state)
{
	(void)state;
	TEST_SV(km_host_registrable(KM_S("a.b.Example.co.jp")), "Example.co.jp");
	TEST_SV(km_host_registrable(KM_S("example.com.")), "example.com");
	TEST_SV(km_host_registrable(KM_S("co.jp")), "co.jp");
	TEST_SV(km_host_registrable(KM_S("192.0.2.1")), "192.0.2.1");
	TEST_SV(km_host_registrable(KM_S("")), "");
	TEST_SV(km_host_registrable(KM_S("x.y.github.io")), "y.github.io");
	TEST_SV(km_host_registered(KM_S("x.y.github.io")), "github.io");
	TEST_SV(km_host_registered(KM_S("x.example.co.jp")), "example.co.jp");
	TEST_SV(km_host_registered(KM_S("localhost")), "localhost");
	assert_true(km_host_related(KM_S("a.example.com"), KM_S("EXAMPLE.com")));
	assert_false(km_host_related(KM_S("a.co.jp"), KM_S("b.co.jp")));
}

static void test_kinds(void **state)
{
	static const struct {
		const char *host;
		unsigned kind;
	} kinds[] = {
		{ "bit.ly", KM_SITE_SHORTENER },
		{ "x.duckdns.org", KM_SITE_DDNS },
		{ "a.b.workers.dev", KM_SITE_HOSTING | KM_SITE_STORAGE },
		{ "some.pages.example.github.io", KM_SITE_HOSTING },
		{ "u1.ct.sendgrid.net", KM_SITE_TRACKER },
		{ "www.google.co.jp", KM_SITE_REDIRECT | KM_SITE_SHARED },
		{ "translate.google.se", KM_SITE_SHARED },
		{ "docs.google.com", KM_SITE_SHARED },
		{ "google.evil.example", 0 },
		{ "www.example.co.jp", 0 },
		{ "localhost", 0 },
		/* in the private part of the Public Suffix List only */
		{ "x.cloudapp.net", KM_SITE_HOSTING },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(kinds); i++)
		if (km_site_kind(km_sv_of(kinds[i].host)) != kinds[i].kind)
			fail_msg("%s: %u", kinds[i].host, km_site_kind(km_sv_of(kinds[i].host)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_registrable),
		cmocka_unit_test(test_kinds),
	};
	return cmocka_run_group_tests_name("content/host", tests, NULL, NULL);
}
