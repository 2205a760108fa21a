#include "content/brands.h"

#include "test.h"

#define HEAD                                                                                       \
	"brand_id,kind,owner,certainty,name_ja,name_en,aliases,domains,senders,mailboxes,source\n"

static const struct {
	const char *rows, *complaint; /* NULL: none */
} tables[] = {
	{ "a,ec,,B,エー,A,エー;A-shop,a.example,mail.example,,\n", NULL },
	{ "A,ec,,B,n,n,n,a.example,,,\n", "t:2: \"A\" is no brand_id" },
	{ "a,car,,B,n,n,n,a.example,,,\n", "t:2: unknown kind" },
	{ "a,ec,,D,n,n,n,a.example,,,\n", "t:2: certainty" },
	{ "a,ec,,B,,n,n,a.example,,,\n", "t:2: a name is missing" },
	{ "a,ec,,B,n,n,n,example,,,\n", "t:2: \"example\" is no domain" },
	{ "a,ec,,B,n,n,n,a b.example,,,\n", "is no domain" },
	{ "a,ec,,B,n,n,n;Ｎ,a.example,,,\n", "t:2: \"Ｎ\" is there twice" },
	{ "a,ec,,B,n,n,n,a.example,,,\na,ec,,B,m,m,m,b.example,,,\n", "t:3: brand \"a\" is there" },
	{ "a,ec,,B,n,n,n,a.example,,,\nb,ec,,B,n,n,n,b.example,,,\n", "is a name of a" },
	{ "a,ec,,B,n,n,n,a.example,,,\nb,ec,,B,m,m,m,a.example,,,\n", "belongs to a" },
	{ "a,ec,o,B,n,n,n,a.example,,,\nb,ec,o,B,m,m,m,a.example,,,\n", NULL },
	{ "a,ec,,B,n,n,n,a.example,,\n", "t:2: 10 columns" },
};

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(tables); i++) {
		char text[1000];
		km_terms *terms = km_terms_new();
		km_brands *b = NULL;
		km_err err = { KM_OK };

		(void)snprintf(text, sizeof(text), HEAD "%s", tables[i].rows);
		km_sv in = test_exact(text, strlen(text));
		km_status st = km_brands_parse(terms, in, "t", &b, &err);
		if ((st == KM_OK) != (tables[i].complaint == NULL))
			fail_msg("%s: %s", tables[i].rows, err.msg);
		if (tables[i].complaint && strstr(err.msg, tables[i].complaint) == NULL)
			fail_msg("%s: %s", tables[i].rows, err.msg);
		km_brands_free(b);
		km_terms_free(terms);
		test_drop(in);
	}
}

static const struct {
	const char *host;
	bool sender;
	const char *id; /* NULL: nobody's */
} hosts[] = {
	{ "rakuten.co.jp", false, "rakuten" },
	{ "ichiba.faq.rakuten.net", false, "rakuten" },
	{ "rakuten.co.jp.account-check.example", false, NULL },
	{ "notrakuten.co.jp", false, NULL },
	{ "mail-jcn.dnp-cdms.jp", true, "jcb" },
	{ "mail-jcn.dnp-cdms.jp", false, NULL },
	{ "co.jp", false, NULL },
	{ "", true, NULL },
};

static const struct {
	const char *name, *id;
} names[] = {
	{ "rakuten", "rakuten" },	   { "楽天カード", "rakuten_card" },
	{ "ＰａｙＰａｙ", "paypay" },	   { "クロネコヤマト", "yamato" },
	{ "三井住友カード", "smbc_card" }, { "nobody at all", NULL },
};

static void test_builtin(void **state)
{
	(void)state;
	km_terms *terms = km_terms_new();
	km_brands *b;

	assert_int_equal(km_brands_open(terms, NULL, &b, NULL), KM_OK);
	assert_true(km_brands_count(b) > 400);
	for (size_t i = 0; i < KM_COUNT(hosts); i++) {
		const km_brand *got =
			km_brands_of_host(b, km_sv_of(hosts[i].host), hosts[i].sender);
		if ((got == NULL) != (hosts[i].id == NULL) ||
		    (got && strcmp(got->id, hosts[i].id) != 0))
			fail_msg("%s: %s", hosts[i].host, got ? got->id : "nobody");
	}
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		const km_brand *got = km_brands_find(b, km_sv_of(names[i].name));
		if ((got == NULL) != (names[i].id == NULL) ||
		    (got && strcmp(got->id, names[i].id) != 0))
			fail_msg("%s: %s", names[i].name, got ? got->id : "nobody");
	}
	assert_true(km_brands_is_mailbox(b, KM_S("docomo.ne.jp")));
	assert_true(km_brands_is_mailbox(b, KM_S("gmail.com")));
	assert_false(km_brands_is_mailbox(b, KM_S("rakuten.co.jp")));
	assert_true(km_brand_owns(b, km_brands_find(b, KM_S("rakuten_card")),
				  KM_S("info.rakuten.co.jp"), true));
	km_brands_free(b);
	km_terms_free(terms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_builtin),
	};
	return cmocka_run_group_tests_name("content/brands", tests, NULL, NULL);
}
