#include "mail/param.h"

#include "test.h"

/* Parameters are shown as "name=value;" with marks: * extended, w encoded-word, ! bad. */
static const struct {
	const char *name, *in, *value, *params;
	bool malformed;
} cases[] = {
	{ "plain", " text/plain; charset=us-ascii", "text/plain", "charset=us-ascii;", false },
	{ "case", "Text/HTML; CharSet=UTF-8", "text/html", "charset=UTF-8;", false },
	{ "quoted", "a/b; name=\"x; y\"", "a/b", "name=x; y;", false },
	{ "quoted pair", "a/b; title=\"x\\\"y\\\\z\\q\"", "a/b", "title=x\"y\\zq;", false },
	{ "windows path", "a/b; filename=\"C:\\tmp\\x.txt\"", "a/b", "filename=C:\\tmp\\x.txt;",
	  false },
	{ "comments", "text(c)/(d)plain (e); (f) charset (g) = (h) utf-8 (i)", "text/plain",
	  "charset=utf-8;", false },
	{ "spaces", "text / plain ; charset = utf-8 ;", "text/plain", "charset=utf-8;", false },
	{ "folded", "a/b;\r\n\tname=\"x\r\n y\"", "a/b", "name=x y;", false },
	{ "no value", "", "", "", false },
	{ "trailing semicolons", "a/b;;;", "a/b", "", false },
	/* forgiven */
	{ "semicolon missing", "text/plain charset=utf-8", "text/plain", "charset=utf-8;", true },
	{ "semicolon missing between", "a/b; x=1 y=2", "a/b", "x=1;y=2;", true },
	{ "semicolon missing after quotes", "a/b; x=\"1\" y=2", "a/b", "x=1;y=2;", true },
	{ "value missing", "charset=utf-8", "", "charset=utf-8;", true },
	{ "value quoted", "\"attachment\"; filename=x", "attachment", "filename=x;", true },
	{ "text after value", "text/plain and more; x=1", "text/plain", "x=1;", true },
	{ "unquoted file name", "a/b; name=my file (1).pdf; x=1", "a/b",
	  "name=my file (1).pdf!;x=1;", false },
	{ "unquoted specials", "a/b; boundary=----=_Part:1", "a/b", "boundary=----=_Part:1!;",
	  false },
	{ "no equals", "attachment; filename", "attachment", "filename=!;", true },
	{ "nothing after equals", "a/b; x=; y=1", "a/b", "x=!;y=1;", true },
	{ "no name", "a/b; =x; y=1", "a/b", "x=!;y=1;", true },
	{ "quote not closed", "a/b; name=\"x.exe; y=1", "a/b", "name=x.exe!;y=1;", false },
	{ "text after quote", "a/b; name=\"a.txt\".exe", "a/b", "name=a.txt.exe!;", false },
	{ "comment not closed", "a/b; x=1 (y; z=2", "a/b", "x=1;(y=!;z=2;", true },
	{ "duplicates", "a/b; x=1; X=2; x=1", "a/b", "x=1;x=2;x=1;", false },
	/* charsets */
	{ "encoded-word", "a/b; name=\"=?UTF-8?B?44GC?=.pdf\"", "a/b", "name=\xe3\x81\x82.pdfw;",
	  false },
	{ "encoded-word without quotes", "a/b; name==?UTF-8?B?44GC?=", "a/b",
	  "name=\xe3\x81\x82w!;", false },
	{ "encoded-words folded", "a/b; name=\"=?UTF-8?B?44E=?=\r\n =?UTF-8?B?gg==?=\"", "a/b",
	  "name=\xe3\x81\x82w;", false },
	{ "raw utf-8", "a/b; name=\"\xe3\x81\x82\"", "a/b", "name=\xe3\x81\x82;", false },
	{ "boundary stays", "a/b; boundary=\"=?utf-8?Q?x?=\"", "a/b", "boundary==?utf-8?Q?x?=;",
	  false },
	/* RFC 2231 */
	{ "rfc section 3", "a/b; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu/pub\"",
	  "a/b", "access-type=URL;url=ftp://cs.utk.edu/pub;", false },
	{ "rfc section 4", "a/b; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "a/b",
	  "title=This is ***fun***:*;", false },
	{ "rfc section 4.1",
	  "a/b; title*0*=us-ascii'en'This%20is%20even%20more%20; "
	  "title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
	  "a/b", "title=This is even more ***fun*** isn't it!:*;", false },
	{ "any order", "a/b; n*1*=%82; n*0*=utf-8''%E3%81", "a/b", "n=\xe3\x81\x82:*;", false },
	{ "cut in percent", "a/b; n*0*=utf-8''%E3%8; n*1*=1%; n*2*=82", "a/b", "n=\xe3\x81\x82:*;",
	  false },
	{ "percent twice", "a/b; n*0*=utf-8''%2541; n*1*=%25; n*2=41", "a/b", "n=%41%41:*;",
	  false },
	{ "jis cut in escape", "a/b; n*0*=iso-2022-jp''%1B%24; n*1*=B%24%22%1B; n*2*=%28B", "a/b",
	  "n=\xe3\x81\x82:*;", false },
	{ "ten and more",
	  "a/b; n*10=k; n*9=j; n*8=i; n*7=h; n*6=g; n*5=f; n*4=e; n*3=d; n*2=c; n*1=b; n*0=a",
	  "a/b", "n=abcdefghijk;", false },
	{ "gap", "a/b; n*0=a; n*2=c", "a/b", "n=ac!;", false },
	{ "same section twice", "a/b; n*0=a; n*0=b; n*1=c", "a/b", "n=ac;n=b;", false },
	{ "no charset", "a/b; n*=%E3%81%82", "a/b", "n=\xe3\x81\x82:*!;", false },
	{ "bad escapes", "a/b; n*=utf-8''100%;x=%zz", "a/b", "n=100%:*!;x=%zz;", false },
	{ "bad section", "a/b; n*x=1", "a/b", "n*x=1!;", false },
	{ "both forms", "a/b; filename=x.txt; filename*=utf-8''y.txt", "a/b",
	  "filename=x.txt;filename=y.txt:*;", false },
};

static km_sv show(km_arena *a, const km_params *ps)
{
	km_sv all = KM_S("");

	for (size_t i = 0; i < ps->n; i++) {
		const km_param *p = &ps->p[i];
		all = km_sv_fmt(a, "%.*s%.*s=%.*s%s%s%s;", KM_FMT(all), KM_FMT(p->name),
				KM_FMT(p->value), p->extended ? ":*" : "", p->encword ? "w" : "",
				p->bad ? "!" : "");
	}
	return all;
}

static void test_table(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_params ps;

		assert_int_equal(km_params_parse(a, in, &ps), KM_OK);
		test_sv_is(ps.value, cases[i].value, cases[i].name);
		test_sv_is(show(a, &ps), cases[i].params, cases[i].name);
		if (ps.malformed != cases[i].malformed)
			fail_msg("%s: malformed %d", cases[i].name, ps.malformed);
		test_drop(in);
	}
	km_arena_free(a);
}

static void test_get(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_params ps;

	assert_int_equal(
		km_params_parse(a, KM_S("a/b; n=1; n*=utf-8''2; x=3; x=3; charset=y"), &ps), KM_OK);
	TEST_SV(km_params_get(&ps, KM_S("N")), "2");
	TEST_SV(km_params_get(&ps, KM_S("x")), "3");
	TEST_SV(km_params_get(&ps, KM_S("none")), "");
	assert_true(km_params_conflict(&ps, KM_S("n")));
	assert_false(km_params_conflict(&ps, KM_S("x")));
	TEST_SV(ps.p[1].raw, "utf-8''2");
	km_arena_free(a);
}

static void test_limit(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	char text[KM_MAX_PARAMETERS * 4 + 8];
	km_params ps;

	for (size_t i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, ";x=1", 4);
	assert_int_equal(km_params_parse(a, (km_sv){ text, sizeof(text) }, &ps), KM_OK);
	assert_int_equal(ps.n, KM_MAX_PARAMETERS);
	assert_int_equal(ps.limits, 1u << KM_LIMIT_PARAMETERS);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests_name("mail/param", tests, NULL, NULL);
}
