#include "content/throwaway.h"

#include "test.h"

static const struct {
	const char *url;
	bool throwaway;
} cases[] = {
	{ "https://jxws02.cn/", true },
	{ "http://gdbazpmkhh.duckdns.org/", true },
	{ "http://nkkifewuqq.duckdns.org/", true },
	{ "https://www.smbc-co.jp.bceswviusdhafczvskxl.example.com/", true },
	{ "https://xkcwqtrz.com/", true },
	{ "https://example.com/", false },
	{ "https://www.komainu.example/", false },
	{ "https://myhome.duckdns.org/", false },
	{ "https://www.rakuten.co.jp/", false },
	{ "https://tokyo-marathon.tokyo/", false },
	{ "https://flowers.shop/", false },
	{ "https://d111111abcdef8.cloudfront.net/x.png", false }, /* a hoster's choice */
	{ "https://u1234567.ct.sendgrid.net/ls/click", false },
	{ "https://www.kernel.org/", false },
	{ "http://192.0.2.1/", false },
	{ "https://日本語.tokyo/", false },
	{ "https://cfd/", false },
	{ "https://a.cfd/", false },
};

static void test_sites(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_links l = { .arena = a };
		km_map_init(&l.by_host, a, false);
		const km_found_link *f =
			km_links_add(&l, KM_FROM_TEXT, KM_NO_PART, km_sv_of(cases[i].url));
		assert_non_null(f);
		if (km_site_is_throwaway(f->final_site) != cases[i].throwaway)
			fail_msg("%s", cases[i].url);
		km_arena_free(a);
	}
}

/* Words are less surprising than what nobody would say, however it is written. */
static void test_surprise(void **state)
{
	(void)state;
	assert_true(km_label_surprise(KM_S("mountain")) < km_label_surprise(KM_S("mtnqxvjk")));
	assert_true(km_label_surprise(KM_S("MOUNTAIN")) == km_label_surprise(KM_S("mountain")));
	assert_true(km_label_surprise(KM_S("")) == 0);
	assert_true(km_label_surprise(KM_S("12-34")) == 0);
}

static void test_words(void **state)
{
	static const struct {
		const char *word;
		bool drawn;
	} words[] = {
		{ "togZfqX", true },	  { "xqzkwvjhtq", true },

		{ "JohnDoe", false },	  { "MxxUpCK", true },	   { "TimothyLutts", false },
		{ "taro.yamada", false }, { "newsletter", false }, { "", false },
		{ "x", false },
	};
	static const struct {
		const char *domain;
		bool throwaway, cheap;
	} domains[] = {
		{ "xkcwqtrz.com", true, false },
		{ "mail.xkcwqtrz.com", true, false },
		{ "jxws02.cn", true, true },
		{ "example.com", false, false },
		{ "komainu.click", false, true },
		{ "com", false, false },
		{ "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(words); i++)
		if (km_word_is_drawn(km_sv_of(words[i].word)) != words[i].drawn)
			fail_msg("%s", words[i].word);
	for (size_t i = 0; i < KM_COUNT(domains); i++) {
		km_sv domain = km_sv_of(domains[i].domain);
		if (km_domain_is_throwaway(domain) != domains[i].throwaway ||
		    km_host_is_cheap(domain) != domains[i].cheap)
			fail_msg("%s", domains[i].domain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sites),
		cmocka_unit_test(test_surprise),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests_name("content/throwaway", tests, NULL, NULL);
}
