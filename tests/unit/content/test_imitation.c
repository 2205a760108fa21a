#include "content/imitation.h"

#include "test.h"

static const struct {
	const char *url;
	km_imitation how;
	const char *brand;
	bool jp, random;
} cases[] = {
	{ "https://my.orico.co.jp.yzijie.com/", KM_IMITATION_PREFIX, "orico", true, false },
	{ "https://www.smbc-co.jp.rong51.com/", KM_IMITATION_NONE, NULL, true, false },
	{ "https://rakuten-login.evil.example/", KM_IMITATION_NAME, "rakuten", false, false },
	{ "https://rakutenlogin.evil.example/", KM_IMITATION_NAME, "rakuten", false, false },
	{ "https://rakut3n.evil.example/", KM_IMITATION_NAME, "rakuten", false, false },
	{ "https://rakuten-login.weebly.com/", KM_IMITATION_NAME, "rakuten", false, false },
	{ "https://amazonjp.evil.example/", KM_IMITATION_NAME, "amazon", false, false },
	{ "https://amazonian.example/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://www.amazon.co.jp/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://amazon.lnk.to/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://smbc-carb.evil.example/", KM_IMITATION_ALIKE, "smbc_card", false, false },
	{ "https://xn--americaexpress-kza8d60c.cc1oi.cn/", KM_IMITATION_ALIKE, "amex", false,
	  false },
	{ "https://аmаzon.example/", KM_IMITATION_NAME, "amazon", false, false },
	{ "https://rakutén.example/", KM_IMITATION_NAME, "rakuten", false, false },
	{ "https://日本語.example/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://apple.orchard.example/", KM_IMITATION_WORD, "apple", false, false },
	{ "https://apple-orchard.example/", KM_IMITATION_WORD, "apple", false, false },
	{ "https://discoverymagazine.example/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://microsoft...apple.example/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://apple-id.orchard.example/", KM_IMITATION_NAME, "apple", false, false },
	{ "https://family.example/", KM_IMITATION_NONE, NULL, false, false },
	{ "http://192.0.2.1/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://a1b2c3d4.example/", KM_IMITATION_NONE, NULL, false, true },
	{ "https://xkcwqtrz.example/", KM_IMITATION_NONE, NULL, false, true },
	{ "https://co.jp.example/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://a/", KM_IMITATION_NONE, NULL, false, false },
	{ "https://0.1.2.example/", KM_IMITATION_NONE, NULL, false, false },
};

static void test_sites(void **state)
{
	(void)state;
	km_terms *terms = km_terms_new();
	km_brands *brands;

	assert_int_equal(km_brands_open(terms, NULL, &brands, NULL), KM_OK);
	km_imitations *x = km_imitations_new(brands);
	assert_non_null(x);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_links l = { .arena = a };
		const km_brand *brand = NULL;
		km_map_init(&l.by_host, a, false);
		km_found_link *f = km_links_add(&l, KM_FROM_TEXT, 0, km_sv_of(cases[i].url));
		assert_non_null(f);
		km_imitation how = km_imitation_of(x, f->site, &brand);
		const char *id = how == KM_IMITATION_NONE ? "" : brand->id;
		if (how != cases[i].how || strcmp(id, cases[i].brand ? cases[i].brand : "") != 0)
			fail_msg("%s: %d %s", cases[i].url, (int)how, id);
		if (km_imitates_jp(f->site) != cases[i].jp ||
		    km_site_is_random(f->site) != cases[i].random)
			fail_msg("%s: jp or random", cases[i].url);
		km_arena_free(a);
	}
	km_imitations_free(x);
	km_brands_free(brands);
	km_terms_free(terms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sites),
	};
	return cmocka_run_group_tests_name("content/imitation", tests, NULL, NULL);
}
