#include "auth/tag.h"

#include "test.h"

static const struct {
	const char *name, *in;
	size_t n; /* bytes of in, or 0 for all */
	km_status want;
	const char *tag, *value, *span;
} cases[] = {
	{ "plain", "v=1; a=b", 0, KM_OK, "a", "b", "b" },
	{ "folded", " b =\r\n\tAB CD ;", 0, KM_OK, "b", "AB CD", "\r\n\tAB CD " },
	{ "empty value", "p=", 0, KM_OK, "p", "", "" },
	{ "final semicolon", "p=x;\r\n ", 0, KM_OK, "p", "x", "x" },
	{ "equals in value", "b=AB==;", 0, KM_OK, "b", "AB==", "AB==" },
	{ "8-bit value", "i=\xe3\x81\x82@a", 0, KM_OK, "i", "\xe3\x81\x82@a", "\xe3\x81\x82@a" },
	{ "letter case", "A=1; a=2", 0, KM_OK, "a", "2", "2" },
	{ "nothing", " \r\n ", 0, KM_OK, NULL, NULL, NULL },
	{ "no equals", "v;", 0, KM_SYNTAX, NULL, NULL, NULL },
	{ "no name", "=1", 0, KM_SYNTAX, NULL, NULL, NULL },
	{ "digit first", "1a=1", 0, KM_SYNTAX, NULL, NULL, NULL },
	{ "odd name", "a-b=1", 0, KM_SYNTAX, NULL, NULL, NULL },
	{ "two semicolons", "a=1;;b=2", 0, KM_SYNTAX, NULL, NULL, NULL },
	{ "semicolon alone", ";", 0, KM_SYNTAX, NULL, NULL, NULL },
	{ "twice", "a=1; b=2; a=1", 0, KM_SYNTAX, NULL, NULL, NULL },
	{ "NUL", "a=1\0; b=2", 9, KM_SYNTAX, NULL, NULL, NULL },
	{ "NUL in name", "a\0=1", 4, KM_SYNTAX, NULL, NULL, NULL },
	{ "control", "a=\x01", 0, KM_SYNTAX, NULL, NULL, NULL },
};

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		size_t n = cases[i].n ? cases[i].n : strlen(cases[i].in);
		km_sv copy = test_exact(cases[i].in, n);
		km_err err = { 0 };
		km_tags ts;

		km_status st = km_tags_read(copy, &ts, &err);
		if (st != cases[i].want)
			fail_msg("%s: status %s", cases[i].name, km_status_name(st));
		assert_true((st == KM_OK) == (err.msg[0] == '\0'));
		if (cases[i].tag) {
			const km_tag *t = km_tags_find(&ts, km_sv_of(cases[i].tag));
			assert_non_null(t);
			assert_true(km_sv_eq(t->value, km_sv_of(cases[i].value)));
			assert_true(km_sv_eq(t->span, km_sv_of(cases[i].span)));
		} else if (st == KM_OK) {
			assert_int_equal(ts.n, 0);
		}
		test_drop(copy);
	}
}

static void test_many(void **state)
{
	(void)state;
	char list[1024];
	km_tags ts;
	int n = 0;

	for (int i = 0; i <= KM_MAX_TAGS; i++)
		n += snprintf(list + n, sizeof(list) - (size_t)n, "t%d=1;", i);
	assert_int_equal(km_tags_read((km_sv){ list, (size_t)n }, &ts, NULL), KM_LIMIT);
	list[--n - (int)strlen("t64=1")] = '\0';
	assert_int_equal(km_tags_read(km_sv_of(list), &ts, NULL), KM_OK);
	assert_int_equal(ts.n, KM_MAX_TAGS);
}

static void test_lists(void **state)
{
	(void)state;
	assert_true(km_tag_has(KM_S("a : email :b"), KM_S("EMAIL")));
	assert_false(km_tag_has(KM_S("emails"), KM_S("email")));
	assert_true(km_tag_is_name(KM_S("s1._domainkey.example.jp"), 1));
	assert_true(km_tag_is_name(KM_S("s1"), 0));
	assert_false(km_tag_is_name(KM_S("localhost"), 1));
	assert_false(km_tag_is_name(KM_S("a..b"), 0));
	assert_false(km_tag_is_name(KM_S("a.b."), 0));
	assert_false(km_tag_is_name(KM_S(""), 0));
	assert_false(km_tag_is_name(KM_S("a b"), 0));
	assert_false(km_tag_is_name((km_sv){ "a\0b", 3 }, 0));

	km_arena *a = km_arena_new(4096);
	assert_true(km_sv_eq(km_tag_squeeze(a, KM_S(" a b\r\n\tc ")), KM_S("abc")));
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_lists),
	};
	return cmocka_run_group_tests_name("auth/tag", tests, NULL, NULL);
}
