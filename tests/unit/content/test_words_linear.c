/*
 * What looks for words, brands, links' owners, disguises and ways to answer takes time linear in
 * the size of the message.
 */
#include "content/brand_check.h"
#include "content/contact.h"
#include "content/imitation.h"
#include "content/structure.h"
#include "content/wording.h"
#include "linear.h"

#define H    "From: Amazon <a@b.example>\nTo: taro.1984@example.jp\nMIME-Version: 1.0\n"
#define TEXT H "Content-Type: text/plain; charset=utf-8\n\n"
#define HTML H "Content-Type: text/html; charset=utf-8\n\nかなかなかなかなかなかな"

static const linear_text patterns[] = {
	{ TEXT, "amazon " },
	{ TEXT, "amazon, visa, paypal, " },
	{ TEXT, "your account has been suspended " },
	{ TEXT, "楽天市場から" },
	{ TEXT, "アカウント" },
	{ TEXT, "カード停止" },
	{ TEXT, "a m a z o n " },
	{ TEXT, "> amazon\n" },
	{ TEXT, "> " },
	{ TEXT, "On x wrote:\n" },
	{ TEXT, "1-" },
	{ TEXT, "+1 " },
	{ TEXT, "0312345678 " },
	{ TEXT, "((((" },
	{ TEXT, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb " },
	{ TEXT, "bc1q" },
	{ TEXT, " abcdefghijklm" },
	{ TEXT, "a bcdefghijklmn" },
	{ TEXT, "dear taro.1984 " },
	{ TEXT, "a\xc2\xad" },
	{ TEXT, "\xe3\x81\x82\xc2\xad" },
	{ TEXT, "\xe3\x81\x82\xe2\x80\x8b" },
	{ HTML, "<p style='font-family:x'>" },
	{ HTML, "font-family" },
	{ HTML, "<a href='http://h#.example/taro.1984@example.jp'>x</a>" },
	{ H "List-Unsubscribe: <http://other.example/>\nContent-Type: text/html\n\n",
	  "<a href='http://h#.example/'>amazon</a>" },
	{ H "Subject: ", "a1B2" },
	{ H "Subject: ", "\xc2\xad" },
	{ "From: ", "a, " },
	{ "From: ", "\"a\", " },
	{ "From: ", "amazon " },
	{ "To: taro.1984@example.jp\nSubject: ", "taro.1984@example.j" },
};

static bool no_wallet(km_sv v)
{
	(void)v;
	return false;
}

typedef struct {
	km_terms *terms;
	km_brands *brands;
	km_phrases *phrases;
	km_imitations *imitations;
} tables;

static void look(const tables *t, km_arena *a, km_mail *m)
{
	km_views views;
	km_links links;
	km_areas areas;
	km_facts fs;
	km_wording *wording = KM_NEW(a, km_wording);
	const km_origin origin = { .domain = KM_S("b.example"), .local = KM_S("a") };

	km_views_read(a, m, &views);
	km_links_read(a, m, &views, &links);
	km_facts_init(&fs, a);
	steps = 0;
	const km_structure s = {
		.mail = m, .views = &views, .links = &links, .imitations = t->imitations
	};
	km_structure_facts(a, &s, &fs);
	km_areas_read(a, t->terms, m, &views, NULL, 0, &areas);
	km_wording_read(a, t->phrases, &areas, wording);
	km_wording_facts(a, m, wording, &fs);
	const km_brand_job job = { .brands = t->brands,
				   .terms = t->terms,
				   .mail = m,
				   .areas = &areas,
				   .links = &links,
				   .origin = &origin,
				   .demand = true };
	km_brand_facts(a, &job, &fs);
	const km_contact_job contact = { .mail = m,
					 .areas = &areas,
					 .links = &links,
					 .brands = t->brands,
					 .is_wallet = no_wallet };
	km_contact_facts(a, &contact, &fs);
}

static size_t work(void *ctx, km_sv in)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_mail *m;

	assert_int_equal(km_mail_read(a, in, &m), KM_OK);
	look(ctx, a, m);
	km_arena_free(a);
	return steps;
}

static void test_linear(void **state)
{
	enum { SMALL = 48 << 10, MOST = 100 };
	tables t = { .terms = km_terms_new() };

	(void)state;
	assert_int_equal(km_brands_open(t.terms, NULL, &t.brands, NULL), KM_OK);
	assert_int_equal(km_phrases_parse(t.terms, km_phrases_builtin(), "phrases.csv", &t.phrases,
					  NULL),
			 KM_OK);
	assert_int_equal(km_terms_build(t.terms, NULL), KM_OK);
	t.imitations = km_imitations_new(t.brands);
	linear_check(patterns, KM_COUNT(patterns), SMALL, MOST, work, &t);
	km_imitations_free(t.imitations);
	km_phrases_free(t.phrases);
	km_brands_free(t.brands);
	km_terms_free(t.terms);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };

	return cmocka_run_group_tests_name("content/words_linear", tests, NULL, NULL);
}
