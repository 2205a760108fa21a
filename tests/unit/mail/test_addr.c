#include "mail/addr.h"

#include "test.h"

enum { AMBIGUOUS = 1, MALFORMED = 2, GROUPS = 4 };

#define A "\xe3\x81\x82" /* あ */

/* Mailboxes are shown as "name|local|domain;", with marks: ! not valid, r route, o other reading,
 * and "group/" before the name. */
static const struct {
	const char *name, *in, *out;
	int flags;
} cases[] = {
	{ "bare", "a@b.example", "|a|b.example;", 0 },
	{ "angle", " Foo Bar <a@b.example>\r\n", "Foo Bar|a|b.example;", 0 },
	{ "quoted name", "\"Foo, \\\"Bar\\\"\" <a@b>", "Foo, \"Bar\"|a|b;", 0 },
	{ "dots in name", "J. R. Foo <a@b>", "J. R. Foo|a|b;", 0 },
	{ "list", "a@b, c@d,\r\n e@f", "|a|b;|c|d;|e|f;", 0 },
	{ "empty elements", "a@b,, c@d,", "|a|b;|c|d;", 0 },
	{ "nothing", "", "", 0 },
	{ "quotes of nothing", "cab@\"\"\"\"@\x01\"\"", "|cab|!;||\x01!o;", 3 },
	{ "domain case", "Aa@Bb.Example", "|Aa|bb.example;", 0 },
	{ "literal", "a@[127.0.0.1]", "|a|[127.0.0.1];", 0 },
	{ "literal v6", "<a@[IPv6:::1]>", "|a|[ipv6:::1];", 0 },
	{ "quoted local", "\"a b\"@c", "|a b|c;", 0 },
	{ "empty quoted local", "\"\"@c", "||c;", 0 },
	{ "quoted pair in local", "\"a\\\"b\"@c", "|a\"b|c;", 0 },
	/* RFC 5322 appendix A */
	{ "comment as name", "a@b (Foo)", "Foo|a|b;", 0 },
	{ "comments", "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
	  "Pete|pete|silly.test;", 0 },
	{ "folded group",
	  "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
	  "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end)",
	  "A Group/Chris Jones|c|public.example;A Group/|joe|example.org;"
	  "A Group/John|jdoe|one.test;",
	  GROUPS },
	{ "empty group", "Undisclosed recipients:;", "", GROUPS },
	{ "groups and others", "x: a@b; c@d", "x/|a|b;|c|d;", GROUPS },
	{ "obsolete spaces", "John <jdoe@test   . example>", "John|jdoe|test.example;", 0 },
	{ "obsolete comment", "jdoe@machine(comment).  example", "comment|jdoe|machine.example;",
	  0 },
	{ "obsolete route", "<@route.a,@route.b:c@d>", "|c|dr;", AMBIGUOUS },
	{ "obsolete nulls", "Mary <mary@x.test>,, , jdoe@y.test", "Mary|mary|x.test;|jdoe|y.test;",
	  0 },
	/* encoded-words and charsets */
	{ "encoded name", "=?utf-8?B?44GC?= <a@b>", A "|a|b;", 0 },
	{ "encoded name in two words", "=?utf-8?B?44E=?=\r\n =?utf-8?B?gg==?= <a@b>", A "|a|b;",
	  0 },
	{ "encoded name in quotes", "\"=?utf-8?B?44GC?=\" <a@b>", A "|a|b;", 0 },
	{ "comma in encoded name", "=?utf-8?Q?Foo,_Bar?= <a@b>", "Foo, Bar|a|b;", 0 },
	{ "encoded comment", "a@b (=?utf-8?B?44GC?=)", A "|a|b;", 0 },
	{ "no space after word", "=?utf-8?B?44GC?=<a@b>", A "|a|b;", 0 },
	{ "raw utf-8", A " <a@b>", A "|a|b;", 0 },
	{ "raw jis with specials", "\x1b$B<@%\"%(\x1b(B <a@b>",
	  "\xe7\x96\xbe\xe3\x82\xa2\xe3\x82\xa8|a|b;", 0 },
	{ "raw big5 ends with a quote's byte before it",
	  "\"\xa9\x5f\xbc\xaf\xa9\xe7\xbd\xe6\xa9\x5f\xbc\xaf\xa9\xe7\xbd\xe6\" <a@b>",
	  "\xe5\xa5\x87\xe6\x91\xa9\xe6\x8b\x8d\xe8\xb3\xa3"
	  "\xe5\xa5\x87\xe6\x91\xa9\xe6\x8b\x8d\xe8\xb3\xa3|a|b;",
	  0 },
	{ "raw shift_jis with specials", "\x83\x5c\x83\x40\x82\xa0\x82\xa2 <a@b>",
	  "\xe3\x82\xbd\xe3\x82\xa1\xe3\x81\x82\xe3\x81\x84|a|b;", 0 },
	{ "eai", A "@" A ".example", "|" A "|" A ".example;", 0 },
	{ "a-label", "a@xn--l8j.example", "|a|xn--l8j.example;", 0 },
	{ "8 bit that is no utf-8", "a\xff@b", "|a\xef\xbf\xbd|b!;", MALFORMED },
	/* who is meant? */
	{ "two angles", "<a@x>, <b@y>", "|a|x;|b|y;", 0 },
	{ "address as quoted name", "\"a@x\" <b@y>", "a@x|b|y;", 0 },
	{ "address as name", "a@x <b@y>", "a@x|b|y;a@x|a|xo;", AMBIGUOUS | MALFORMED },
	{ "same address as name", "B@y <b@y>", "B@y|b|y;", MALFORMED },
	{ "two angles in one", "<a@x> <b@y>", "|a|x;|b|yo;", AMBIGUOUS | MALFORMED },
	{ "text after", "<a@x> foo", "|a|x;", AMBIGUOUS | MALFORMED },
	{ "comment after", "<a@x> (foo)", "foo|a|x;", 0 },
	{ "address in comment", "(a@x) b@y", "a@x|b|y;", 0 },
	{ "several at signs", "a@b@c", "|a|b;|b|co;", AMBIGUOUS | MALFORMED },
	{ "several at signs in angle", "<a@b@c>", "|a|b;|b|co;", AMBIGUOUS | MALFORMED },
	{ "at sign in local", "\"a@b\"@c", "|a@b|c;", AMBIGUOUS },
	{ "angle in local", "<\"a>b\"@c>", "|a>b|c;", AMBIGUOUS },
	{ "no comma", "a@x b@y", "|a|x;|b|yo;", AMBIGUOUS | MALFORMED },
	{ "comma in angle", "<a@x, b@y>", "|a|x;|b|y;", AMBIGUOUS | MALFORMED },
	{ "route to another", "<@a@x:b@y>", "|b|yr;", AMBIGUOUS },
	{ "words in angle", "<foo a@x>", "|a|x;", AMBIGUOUS | MALFORMED },
	{ "quote not closed", "\"foo <a@x>", "foo|a|x;", AMBIGUOUS | MALFORMED },
	{ "comment not closed", "(foo <a@x>", "foo|a|x;", AMBIGUOUS | MALFORMED },
	{ "comment not opened", "foo) <a@x>", "foo)|a|x;", AMBIGUOUS | MALFORMED },
	{ "encoded whole", "=?utf-8?Q?Foo_=3Ca=40x=2Ejp=3E?=", "Foo <a@x.jp>|a|x.jp!;",
	  AMBIGUOUS | MALFORMED },
	{ "quoted whole", "\"a@x.jp\"", "a@x.jp|a|x.jp!;", AMBIGUOUS | MALFORMED },
	{ "encoded local", "<=?utf-8?Q?a=40x?=@y>", "|=?utf-8?Q?a=40x?=|y!;",
	  AMBIGUOUS | MALFORMED },
	{ "encoded address as name", "=?utf-8?Q?a=40x=2Ejp?= <b@y>", "a@x.jp|b|y;", 0 },
	{ "whole address encoded as local", "=?utf-8?Q?a=40x=2Ejp?=@y.jp",
	  "|=?utf-8?Q?a=40x=2Ejp?=|y.jp!;|a|x.jp!o;", AMBIGUOUS | MALFORMED },
	{ "whole address quoted as local", "\"a@x.jp\"@y.jp", "|a@x.jp|y.jp;|a|x.jp!o;",
	  AMBIGUOUS | MALFORMED },
	{ "address only in comment", "Foo,(<a@x.jp>)", "|Foo|!;<a@x.jp>|a|x.jp!;",
	  AMBIGUOUS | MALFORMED },
	{ "bare cr", "a@x\rb@y", "|a|x;|b|yo;", AMBIGUOUS | MALFORMED },
	/* errors */
	{ "no domain", "root", "|root|!;", MALFORMED },
	{ "no domain in angle", "Foo <root>", "Foo|root|!;", MALFORMED },
	{ "empty domain", "a@", "|a|!;", MALFORMED },
	{ "empty local", "<@b>", "||b!;", MALFORMED },
	{ "empty angle", "Foo <>", "Foo||!;", MALFORMED },
	{ "name only", "Foo Bar", "Foo Bar||!;", MALFORMED },
	{ "trailing dot", "a@b.example.", "|a|b.example!;", MALFORMED },
	{ "double dot", "a..b.@docomo.example", "|a..b.|docomo.example!;", MALFORMED },
	{ "underscore", "a@b_c.example", "|a|b_c.example;", 0 },
	{ "bad domain", "a@b!c", "|a|b!c!;", MALFORMED },
	{ "angle not closed", "Foo <a@b", "Foo|a|b;", MALFORMED },
	{ "comma in name", "Foo, Bar <a@b>", "Foo, Bar|a|b;", 0 },
	{ "commas without domain", "root, admin, a@b", "|root|!;|admin|!;|a|b;", MALFORMED },
	{ "semicolons", "a@b; c@d", "|a|b;|c|d;", MALFORMED },
	{ "group not closed", "x: a@b", "x/|a|b;", MALFORMED | GROUPS },
	{ "quotes around all", "\"Foo <a@b.jp>\"", "Foo <a@b.jp>|a|b.jp!;", AMBIGUOUS | MALFORMED },
	{ "words before", "Foo a@b", "Foo|a|b;", MALFORMED },
	{ "brackets in name", "[ML] Foo <a@b>", "[ML] Foo|a|b;", 0 },
};

static km_sv show(km_arena *a, const km_addr_list *list)
{
	km_sv all = KM_S("");

	for (size_t i = 0; i < list->n; i++) {
		const km_addr *x = &list->a[i];
		all = km_sv_fmt(a, "%.*s%.*s%s%.*s|%.*s|%.*s%s%s%s;", KM_FMT(all), KM_FMT(x->group),
				x->group.n ? "/" : "", KM_FMT(x->name), KM_FMT(x->local),
				KM_FMT(x->domain), x->valid ? "" : "!", x->route ? "r" : "",
				x->other ? "o" : "");
	}
	return all;
}

static void check_addr(const char *name, const km_addr *x)
{
	if (x->domain.n == 0) {
		if (!km_sv_eq(x->addr, x->local))
			fail_msg("%s: addr is not local", name);
		return;
	}
	km_sv at = km_sv_sub(x->addr, x->local.n, 1);
	if (!km_sv_eq(at, KM_S("@")) || !km_sv_starts(x->addr, x->local) ||
	    !km_sv_ends(x->addr, x->domain) || x->addr.n != x->local.n + 1 + x->domain.n)
		fail_msg("%s: addr is not local@domain", name);
}

static void test_table(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_addr_list list;

		assert_int_equal(km_addr_parse(a, in, &list), KM_OK);
		int flags = list.ambiguous * AMBIGUOUS + list.malformed * MALFORMED +
			    list.groups * GROUPS;
		test_sv_is(show(a, &list), cases[i].out, cases[i].name);
		if (flags != cases[i].flags)
			fail_msg("%s: flags %d", cases[i].name, flags);
		for (size_t k = 0; k < list.n; k++)
			check_addr(cases[i].name, &list.a[k]);
		test_drop(in);
	}
	km_arena_free(a);
}

static void test_offset(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_addr_list list;

	assert_int_equal(km_addr_parse(a, KM_S(" Foo <a@b>, c@d"), &list), KM_OK);
	assert_int_equal(list.a[0].offset, 6);
	assert_int_equal(list.a[1].offset, 12);
	km_arena_free(a);
}

static void test_nul(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_sv in = test_exact("a@b\0.c", 6);
	km_addr_list list;

	assert_int_equal(km_addr_parse(a, in, &list), KM_OK);
	assert_true(list.ambiguous);
	assert_int_equal(list.bad_chars, 1);
	test_drop(in);
	km_arena_free(a);
}

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const char *unit;
		size_t n;
	} rows[] = {
		{ "a@b,", KM_MAX_ADDRESSES },
		{ "a,", KM_MAX_ADDRESSES },
		{ "a@", KM_MAX_ADDRESSES },
		{ "(", 0 },
		{ "\"", 1 },
		{ "@[", KM_MAX_ADDRESSES },
		{ "<", 1 },
		{ "a:", 0 },
		{ "a@b ", KM_MAX_ADDRESSES },
		{ "\\\"", 1 },
		{ "(a) ", 0 },
		{ "=?a?q?", 1 },
		{ "\x1b$B", 1 },
	};
	char *p = malloc(KM_MAX_HEADER_BYTES);

	assert_non_null(p);
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		size_t len = strlen(rows[i].unit), n = 0;
		km_addr_list list;

		for (; n + len <= KM_MAX_HEADER_BYTES; n += len)
			memcpy(p + n, rows[i].unit, len);
		assert_int_equal(km_addr_parse(a, (km_sv){ p, n }, &list), KM_OK);
		if (list.n != rows[i].n)
			fail_msg("%s…: %zu addresses", rows[i].unit, list.n);
		km_arena_free(a);
	}
	free(p);
}

static void test_path(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		km_status st;
		const char *addr;
	} rows[] = {
		{ "<a@b>", KM_OK, "a@b" },	   { "a@b", KM_OK, "a@b" },
		{ "", KM_NOTFOUND, "" },	   { " <> ", KM_NOTFOUND, "" },
		{ "<@r:a@b>", KM_OK, "a@b" },	   { "<PostMaster>", KM_OK, "PostMaster" },
		{ "<root>", KM_SYNTAX, "root" },   { "<a@b> <c@d>", KM_SYNTAX, "a@b" },
		{ "Foo <a@b>", KM_SYNTAX, "a@b" }, { "<a..b@c>", KM_SYNTAX, "a..b@c" },
		{ "<\"a b\"@c>", KM_OK, "a b@c" },
	};
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_sv in = test_exact(rows[i].in, strlen(rows[i].in));
		km_addr x;

		if (km_addr_path(a, in, &x) != rows[i].st)
			fail_msg("%s: wrong status", rows[i].in);
		test_sv_is(x.addr, rows[i].addr, rows[i].in);
		test_drop(in);
	}
	km_arena_free(a);
}

static void test_find(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "write to a.b@c.example.", "a.b@c.example" },
		{ "a@b", "" },
		{ "@x.jp", "" },
		{ "x @ y a@b.jp", "a@b.jp" },
		{ "<a@b.jp>", "a@b.jp" },
		{ "", "" },
		{ A "a@b.jp" A, "a@b.jp" },
		{ "a@.jp b@c-.jp", "b@c-.jp" },
		{ "@@@", "" },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_sv in = test_exact(rows[i].in, strlen(rows[i].in));
		test_sv_is(km_addr_find(in), rows[i].out, rows[i].in);
		test_drop(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_offset),
		cmocka_unit_test(test_nul),   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_path),  cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests_name("mail/addr", tests, NULL, NULL);
}
