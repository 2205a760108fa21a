#include "content/url.h"

#include "test.h"

enum { NUMBER = KM_URL_NUMBER_HOST, SLASHES = KM_URL_SLASHES };

static const struct {
	const char *in, *scheme, *userinfo, *host;
	unsigned tricks;
	bool ip, leads; /* km_url_read() is true */
} urls[] = {
	{ "https://www.Example.co.jp/a?b#c", "https", "", "www.example.co.jp", 0, false, true },
	{ "http:\\\\example.com\\x", "http", "", "example.com", KM_URL_BACKSLASH, false, true },
	{ "https:example.com/x", "https", "", "example.com", SLASHES, false, true },
	{ "HTTP:////example.com.", "http", "", "example.com", SLASHES, false, true },
	{ " ht\ntps://exa\tmple.com ", "https", "", "example.com", KM_URL_BLANKS, false, true },
	{ "https://example.com/a\nb", "https", "", "example.com", 0, false, true },
	{ "https://user@example.com/", "https", "user", "example.com", KM_URL_USERINFO, false,
	  true },
	{ "https://bank.com@evil.example/", "https", "bank.com", "evil.example",
	  KM_URL_USERINFO | KM_URL_USERINFO_HOST, false, true },
	{ "https://a:b@c@evil.example:8080/@x", "https", "a:b@c", "evil.example", KM_URL_USERINFO,
	  false, true },
	{ "https://bank%2Fx@evil.example", "https", "bank/x", "evil.example",
	  KM_URL_USERINFO | KM_URL_USERINFO_HOST, false, true },
	{ "//cdn.example/x", "http", "", "cdn.example", 0, false, true },
	{ "/relative", "", "", "", 0, false, false },
	{ "page.html", "", "", "", 0, false, false },
	{ "www.example.com/x", "http", "", "www.example.com", KM_URL_NO_SCHEME, false, true },
	{ "mailto:a@b.example", "mailto", "", "", 0, false, true },
	{ "java\nscript:alert(1)", "javascript", "", "", KM_URL_BLANKS, false, true },
	{ "data:text/html,<b>", "data", "", "", 0, false, true },
	{ "http://192.0.2.1/", "http", "", "192.0.2.1", 0, true, true },
	{ "http://0xc0000201/", "http", "", "192.0.2.1", NUMBER, true, true },
	{ "http://3221225985", "http", "", "192.0.2.1", NUMBER, true, true },
	{ "http://0300.0.02.1", "http", "", "192.0.2.1", NUMBER, true, true },
	{ "http://192.513", "http", "", "192.0.2.1", NUMBER, true, true },
	{ "http://192.0.513./", "http", "", "192.0.2.1", NUMBER, true, true },
	{ "http://0x/", "http", "", "0.0.0.0", NUMBER, true, true },
	{ "http://192.0.2.256/", "http", "", "", KM_URL_BAD_HOST, false, false },
	{ "http://1.2.3.4.5/", "http", "", "", KM_URL_BAD_HOST, false, false },
	{ "http://0x100000000/", "http", "", "", KM_URL_BAD_HOST, false, false },
	{ "http://[2001:DB8:0::1]:80/", "http", "", "[2001:db8::1]", 0, true, true },
	{ "http://[::ffff:192.0.2.1]", "http", "", "[::ffff:192.0.2.1]", 0, true, true },
	{ "http://[2001:db8::1", "http", "", "", KM_URL_BAD_HOST, false, false },
	{ "http://1.example", "http", "", "1.example", 0, false, true },
	{ "http://example.com:70000/", "http", "", "", KM_URL_BAD_HOST, false, false },
	{ "http://%65xample.com/", "http", "", "example.com", KM_URL_ESCAPED_HOST, false, true },
	{ "http://example%2ecom", "http", "", "example.com", KM_URL_ESCAPED_HOST, false, true },
	{ "http://ex%2fample.com", "http", "", "", KM_URL_BAD_HOST | KM_URL_ESCAPED_HOST, false,
	  false },
	{ "http://ｅｘａｍｐｌｅ。com/", "http", "", "example.com", KM_URL_FOLDED_HOST, false,
	  true },
	{ "http://exa\xc2\xadmple.com/", "http", "", "example.com", KM_URL_IGNORED_HOST, false,
	  true },
	{ "http://日本語.jp/", "http", "", "xn--wgv71a119e.jp", KM_URL_INTERNATIONAL, false, true },
	{ "http://xn--wgv71a119e.jp/", "http", "", "xn--wgv71a119e.jp", KM_URL_INTERNATIONAL, false,
	  true },
	{ "http://\xd0\xb0pple.com/", "http", "", "xn--pple-43d.com",
	  KM_URL_INTERNATIONAL | KM_URL_MIXED_SCRIPT, false, true },
	{ "http://xn--a/", "http", "", "", KM_URL_BAD_HOST, false, false },
	{ "", "", "", "", 0, false, false },
	{ "http://a b.example/", "http", "", "", KM_URL_BAD_HOST, false, false },
	{ "http://", "http", "", "", KM_URL_BAD_HOST, false, false },
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(urls); i++) {
		km_arena *a = km_arena_new(1 << 16);
		km_sv in = test_exact(urls[i].in, strlen(urls[i].in));
		km_url got;
		bool leads = km_url_read(a, in, NULL, &got);
		test_sv_is(got.scheme, urls[i].scheme, urls[i].in);
		test_sv_is(got.userinfo, urls[i].userinfo, urls[i].in);
		test_sv_is(got.host, urls[i].host, urls[i].in);
		if (got.tricks != urls[i].tricks || leads != urls[i].leads || got.ip != urls[i].ip)
			fail_msg("%s: tricks %x, leads %d, ip %d", urls[i].in, got.tricks, leads,
				 got.ip);
		test_drop(in);
		km_arena_free(a);
	}
}

static void test_parts(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 16);
	km_url base, u;

	assert_true(km_url_read(a, KM_S("https://www.example.com:8443/a/b?c=/d#e?f"), NULL, &base));
	TEST_SV(base.path, "/a/b");
	TEST_SV(base.query, "c=/d");
	TEST_SV(base.fragment, "e?f");
	assert_int_equal(base.port, 8443);
	assert_true(km_url_read(a, KM_S("login?x"), &base, &u));
	TEST_SV(u.host, "www.example.com");
	TEST_SV(u.path, "login");
	TEST_SV(u.query, "x");
	assert_true(km_url_read(a, KM_S("//other.example/"), &base, &u));
	TEST_SV(u.scheme, "https");
	TEST_SV(u.host, "other.example");
	assert_true(km_url_read(a, KM_S("https:rel"), &base, &u));
	TEST_SV(u.host, "www.example.com");
	assert_true(km_url_read(a, KM_S("http:rel.example"), &base, &u));
	TEST_SV(u.host, "rel.example");
	assert_true(km_url_read(a, KM_S("http://xn--wgv71a119e.jp"), NULL, &u));
	TEST_SV(u.shown, "日本語.jp");
	TEST_SV(km_url_decoded(a, KM_S("%e7%8b%9B%2")), "狛%2");
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests_name("content/url", tests, NULL, NULL);
}
