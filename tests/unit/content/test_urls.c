/*
 * Tricks with links that were seen in mail to Japan, or that browsers allow (the rows of the
 * vectors that the links are measured with), and what a mail program makes of running text.
 */
#include "content/urls.h"

#include "base/buf.h"

#include "test.h"

/* The links of a message with @body of @type, as "host host", hosts being the final targets. */
static km_sv hosts_of(km_arena *a, const char *type, const char *body, km_links *l)
{
	km_sv raw = km_sv_fmt(a, "Content-Type: text/%s; charset=utf-8\n\n%s\n", type, body);
	km_mail *m;
	km_views v;
	km_buf b;

	assert_int_equal(km_mail_read(a, raw, &m), KM_OK);
	km_views_read(a, m, &v);
	km_links_read(a, m, &v, l);
	km_buf_init(&b, a, 1 << 16);
	for (size_t i = 0; i < l->n; i++)
		km_buf_fmt(&b, "%s%.*s", i ? " " : "",
			   KM_FMT(l->a[i].final->host.n ? l->a[i].final->host
							: l->a[i].url->scheme));
	return km_buf_sv(&b);
}

#define A(href, text) "<a href=\"" href "\">" text "</a>"

static const struct {
	const char *name, *type, *body, *hosts;
} vectors[] = {
	{ "userinfo_fake_path", "plain",
	  "https://ywktoil.co.jp%E2%88%95dgmwjm@kjlgldgkjkjak.asia/dsfsf2122SDFFD?mdyqhqs=heticarl",
	  "kjlgldgkjkjak.asia" },
	{ "userinfo_fake_path", "plain",
	  "https://www.cahqp.jp%E2%88%95zqenqqgq@spmq.asia/?idtokenorniakv=09rwg3", "spmq.asia" },
	{ "userinfo slash as it is", "plain", "https://ywktoil.co.jp∕dgmwjm@spmq.asia/x",
	  "spmq.asia" },
	{ "userinfo_random", "plain",
	  "https://"
	  "kzialuyoqaadaqc6um1rx2o7eczkc211421429278962326528@crab-e13o-yeaf.nqbq3ckp.workers.dev",
	  "crab-e13o-yeaf.nqbq3ckp.workers.dev" },
	{ "triple_slash", "plain", "https:///jetski-0leg-72ec.pqs173sb.workers.dev",
	  "jetski-0leg-72ec.pqs173sb.workers.dev" },
	{ "google_translate", "plain",
	  "https://translate.google.se/translate?hl=&sl=auto&tl=ja&u=bayiwu15.mykohmu.workers.dev/"
	  "0yo",
	  "bayiwu15.mykohmu.workers.dev" },
	{ "google_translate host", "plain",
	  "https://abc-my--shop-com.translate.goog/x?_x_tr_sl=auto&_x_tr_tl=ja",
	  "abc.my-shop.com" },
	{ "idna_compat_tld", "plain",
	  "https://translate.google.com/translate?hl=ja&sl=auto&tl=ja&u="
	  "abc.zyssfj.%F0%9F%84%B2%F0%9F%84%BE%F0%9F%84%BC",
	  "abc.zyssfj.com" },
	{ "cojp_subdomain", "plain", "https://www.smbc-co.jp.bceswviusdhafczvskxl73.rong51.com/",
	  "www.smbc-co.jp.bceswviusdhafczvskxl73.rong51.com" },
	{ "cojp_subdomain", "plain", "https://my.orico.co.jp.yzijie.com/",
	  "my.orico.co.jp.yzijie.com" },
	{ "punycode_brand", "plain", "https://xn--americaexpress-kza8d60c.cc1oi.cn/",
	  "xn--americaexpress-kza8d60c.cc1oi.cn" },
	{ "punycode_tld", "plain", "https://sso.nifty.xn--q9jyb4c/ja-JP/",
	  "sso.nifty.xn--q9jyb4c" },
	{ "ddns", "plain", "http://gdbazpmkhh.duckdns.org/", "gdbazpmkhh.duckdns.org" },
	{ "ip_host", "plain", "https://43.163.230.74/", "43.163.230.74" },
	{ "ip_decimal", "plain", "http://732161610/", "43.163.230.74" },
	{ "ip_hex", "plain", "http://0x2ba3e64a/", "43.163.230.74" },
	{ "ip_octal", "plain", "http://053.0243.0346.0112/", "43.163.230.74" },
	{ "ip_short", "plain", "http://43.10741322/", "43.163.230.74" },
	{ "wildcard_path", "plain", "https://example.cn/caonima=*.co.jp/", "example.cn" },
	{ "display_mismatch", "html",
	  A("https://harry2g.com/ap/signin/", "https://www.Amazon.co.jp/legal"), "harry2g.com" },
	{ "shortener", "plain", "https://s.yam.com/xxxx", "s.yam.com" },
	{ "ja_dots", "plain", "https://example。com/ / example．com / example｡com/x",
	  "example.com" },
	{ "ja_dots with scheme", "plain",
	  "https://example。com/ https://a.example．com http://b.example｡com",
	  "example.com a.example.com b.example.com" },
	{ "soft_hyphen", "plain", "exa\xc2\xadmple.com", "example.com" },
	{ "zero width", "plain", "https://exa\xe2\x80\x8bmple.com/", "example.com" },
	{ "backslash", "html", A("https:\\\\evil.example\\login", "x"), "evil.example" },
	{ "backslash in text", "plain", "https:\\\\evil.example\\login", "evil.example" },
	{ "tab_newline", "html", A("https://ev\til.example/", "x"), "evil.example" },
	{ "base_href", "html", "<base href=\"https://evil.example/\"> " A("login", "x"),
	  "evil.example" },
	{ "service_abuse", "plain",
	  "https://u1.ct.sendgrid.net/ls/click?upn=x https://docs.google.com/forms/d/x "
	  "https://storage.googleapis.com/b/x.html",
	  "u1.ct.sendgrid.net docs.google.com storage.googleapis.com" },
	{ "basic_auth_prefix", "plain", "https://www.amazon.co.jp-signin:xxxx@evil.cn/",
	  "evil.cn" },
	{ "google_amp", "plain", "https://www.google.com/amp/s/evil.example", "evil.example" },

	{ "other wrappers", "plain",
	  "https://www.google.co.jp/url?sa=t&q=https%3A%2F%2Fa.example%2Fx "
	  "https://nam02.safelinks.protection.outlook.com/?url=http%3A%2F%2Fb.example%2F&data=05 "
	  "https://urldefense.proofpoint.com/v2/url?u=https-3A__c.example_x&d=D "
	  "https://urldefense.com/v3/__https://d.example/x__;!!A!B$ "
	  "https://www.bing.com/ck/a?!&p=1&u=a1aHR0cHM6Ly9lLmV4YW1wbGUv&ntb=1 "
	  "https://x1.r.us-east-1.awstrack.me/L0/https:%2F%2Ff.example%2F/1/0100 "
	  "https://cdn.ampproject.org/c/s/g.example/x https://www.google.com/maps",
	  "a.example b.example c.example d.example e.example f.example g.example www.google.com" },
	{ "nested", "plain",
	  "https://www.google.com/url?q=https://translate.google.com/translate%3Fu%3Dhttps://"
	  "www.google.com/amp/s/evil.example/x",
	  "evil.example" },
	{ "deeper than the bound", "plain",
	  "https://href.li/?https://href.li/?https://href.li/?https://href.li/?https://href.li/?"
	  "https://href.li/?https://evil.example/",
	  "href.li" },
	{ "japanese punctuation", "plain",
	  "「https://a.example.jp/x」、（http://b.example.jp）、詳細はhttps://c.example.com/"
	  "をご覧ください。"
	  "http://d.example.com。またはwww.e.example.jpまで",
	  "a.example.jp b.example.jp c.example.com d.example.com www.e.example.jp" },
	{ "japanese host", "plain", "https://日本語.jp/です", "xn--wgv71a119e.jp" },
	{ "english punctuation", "plain",
	  "See http://a.example/x. Or (http://b.example/y), <http://c.example/z>; "
	  "\"http://d.example\".",
	  "a.example b.example c.example d.example" },
	{ "parentheses that belong", "plain", "http://en.wikipedia.org/wiki/A_(b).",
	  "en.wikipedia.org" },
	{ "no scheme", "plain", "go to www.example.com/x, or example.co.jp or shop.example.de.",
	  "www.example.com example.co.jp shop.example.de" },
	{ "no link", "plain",
	  "a.b@example.com foo.c main.py v1.2.3 3.5 e.g. and/or a::b c:d .com x.", "" },
	{ "fullwidth", "plain", "ｈｔｔｐｓ：／／ｅｖｉｌ．ｅｘａｍｐｌｅ／ｌｏｇｉｎ",
	  "evil.example" },
	{ "split by tags", "html", "go to www.<b>evil</b>.exa<i>mple.com</i>/x",
	  "www.evil.example.com" },
	{ "html elements", "html",
	  "<form action=http://a.example/></form><map><area href=http://b.example/></map>"
	  "<meta http-equiv=refresh content='0;url=http://c.example/'><img "
	  "src=http://d.example/i.png>"
	  "<iframe src=http://e.example/></iframe>" A("javascript:x()", "f") A("#top", "g"),
	  "a.example b.example c.example d.example e.example javascript" },
	{ "anchor's text is no second link", "html",
	  "x http://a.example/ " A("http://evil.example/",
				   "http://bank.example/") " http://b.example/",
	  "a.example evil.example b.example" },
	{ "refused host", "html", A("http://a b.example/", "x"), "http" },
};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(vectors); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_links l;
		test_sv_is(hosts_of(a, vectors[i].type, vectors[i].body, &l), vectors[i].hosts,
			   vectors[i].name);
		km_arena_free(a);
	}
}

static void test_details(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_links l;

	(void)hosts_of(a, "html",
		       "<p>http://a.workers.dev/1 http://a.workers.dev/2</p><p hidden>" A(
			       "https://www.google.com/url?q=http://b.example/", "Click") "</p>",
		       &l);
	/* What is hidden comes first: it stands nowhere in the visible text. */
	assert_int_equal(l.n, 3);
	assert_int_equal(l.n_sites, 3);
	assert_ptr_equal(l.a[1].site, l.a[2].site);
	TEST_SV(l.a[1].site->domain, "a.workers.dev");
	assert_int_equal(l.a[1].site->kind, KM_SITE_HOSTING | KM_SITE_STORAGE);
	assert_int_equal(l.a[1].site->uses, 2);
	TEST_SV(l.a[2].text, "http://a.workers.dev/2");
	assert_int_equal(l.a[1].origin, KM_FROM_TEXT);
	assert_int_equal(l.a[0].origin, KM_FROM_ANCHOR);
	assert_true(l.a[0].hidden);
	TEST_SV(l.a[0].text, "Click");
	assert_int_equal(l.a[0].wrap, KM_WRAP_REDIRECT);
	assert_int_equal(l.a[0].depth, 1);
	TEST_SV(l.a[0].site->host, "www.google.com");
	assert_int_equal(l.a[0].site->uses, 0);
	TEST_SV(l.a[0].final_site->host, "b.example");
	assert_true(km_sv_starts(l.a[0].where, KM_S("<a href=")));
	assert_ptr_equal(km_links_site(&l, KM_S("b.example")), l.a[0].final_site);
	assert_null(km_links_site(&l, KM_S("c.example")));

	(void)hosts_of(a, "plain", "http://shop.example/go?to=https%3A%2F%2Fevil.example%2F", &l);
	assert_int_equal(l.a[0].wrap, KM_WRAP_PARAMETER);
	TEST_SV(l.a[0].final->host, "shop.example");
	TEST_SV(l.a[0].maybe->host, "evil.example");

	km_found_link *qr = km_links_add(&l, KM_FROM_QR, 0, KM_S("https://qr.example/"));
	assert_non_null(qr);
	TEST_SV(qr->final_site->host, "qr.example");
	assert_null(km_links_add(&l, KM_FROM_QR, 0, KM_S("just text")));
	km_arena_free(a);
}

static void test_limits(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 24);
	km_buf b;
	km_links l;

	km_buf_init(&b, a, 1 << 20);
	for (int i = 0; i < KM_MAX_LINKS + 10; i++)
		km_buf_fmt(&b, "<a href=http://h%d.example/>x</a> http://h%d.example/\n", i, i);
	km_buf_byte(&b, '\0');
	(void)hosts_of(a, "html", b.p, &l);
	assert_int_equal(l.n, KM_MAX_LINKS);
	assert_int_equal(l.n_sites, KM_MAX_SITES);
	assert_int_equal(l.limits, UINT64_C(1) << KM_LIMIT_LINKS | UINT64_C(1) << KM_LIMIT_SITES);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests_name("content/urls", tests, NULL, NULL);
}
