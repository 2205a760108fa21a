#include "content/host.h"
#include "test.h"

static const struct {
	const char *in, *scheme, *userinfo, *host;
	bool ip;
} links[] = {
	{ "https://www.Example.co.jp/a?b#c", "https", "", "www.example.co.jp", false },
	{ "http:\\\\example.com\\x", "http", "", "example.com", false },
	{ "https:example.com/x", "https", "", "example.com", false },
	{ "HTTP:////example.com.", "http", "", "example.com", false },
	{ " ht\ntps://exa\tmple.com ", "https", "", "example.com", false },
	{ "https://bank.example@evil.example/", "https", "bank.example", "evil.example", false },
	{ "https://a:b@c@evil.example:8080/@x", "https", "a:b@c", "evil.example", false },
	{ "//cdn.example/x", "", "", "cdn.example", false },
	{ "/relative", "", "", "", false },
	{ "page.html", "", "", "", false },
	{ "mailto:a@b.example", "mailto", "", "", false },
	{ "java\nscript:alert(1)", "javascript", "", "", false },
	{ "data:text/html,<b>", "data", "", "", false },
	{ "http://192.0.2.1/", "http", "", "192.0.2.1", true },
	{ "http://0xc0000201/", "http", "", "0xc0000201", true },
	{ "http://3221225985", "http", "", "3221225985", true },
	{ "http://[2001:db8::1]:80/", "http", "", "[2001:db8::1]", true },
	{ "http://1.example", "http", "", "1.example", false },
	{ "", "", "", "", false },
	{ "http://a b.example/", "http", "", "", false },
	{ "http://", "http", "", "", false },
};

static void test_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(links); i++) {
		km_sv in = test_exact(links[i].in, strlen(links[i].in));
		km_link_host got;
		km_host_of_link(in, &got);
		test_sv_is(km_sv_of(got.scheme), links[i].scheme, links[i].in);
		test_sv_is(km_sv_of(got.userinfo), links[i].userinfo, links[i].in);
		test_sv_is(km_sv_of(got.host), links[i].host, links[i].in);
		assert_int_equal(got.ip, links[i].ip);
		test_drop(in);
	}
}

static const struct {
	const char *in, *host; /* NULL: does not read like an address */
} texts[] = {
	{ "https://www.amazon.co.jp/ap/signin", "www.amazon.co.jp" },
	{ "https://www.amazon.co.jp\xe3\x81\x93", "www.amazon.co.jp" },
	{ "  WWW.Example.com  ", "www.example.com" },
	{ "example.com/path", "example.com" },
	{ "mail.example.de", "mail.example.de" },
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
		km_link_host got;
		bool is = km_host_of_text(in, &got);
		if (is != (texts[i].host != NULL))
			fail_msg("%s: %d", texts[i].in, is);
		if (is)
			test_sv_is(km_sv_of(got.host), texts[i].host, texts[i].in);
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
	assert_true(km_host_related(KM_S("a.example.com"), KM_S("EXAMPLE.com")));
	assert_false(km_host_related(KM_S("a.co.jp"), KM_S("b.co.jp")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_registrable),
	};
	return cmocka_run_group_tests_name("content/host", tests, NULL, NULL);
}
