#include "test.h"
#include "text/html_token.h"

/* Tokens in one line: T text, S start, E end, C comment, D doctype. */
static void spell(km_buf *b, const km_html_token *k)
{
	static const char letter[] = { '?', 'T', 'S', 'E', 'C', 'D' };
	static km_html_token_type last;

	if (k->type != KM_HTML_TEXT || b->n == 0 || last != KM_HTML_TEXT)
		km_buf_fmt(b, "%s%c:", b->n ? "|" : "", letter[k->type]);
	last = k->type;
	km_buf_add(b, k->name);
	km_buf_add(b, k->text);
	for (size_t i = 0; i < k->n_attrs; i++)
		km_buf_fmt(b, " %.*s=[%.*s]", KM_FMT(k->attr[i].name), KM_FMT(k->attr[i].value));
	if (k->self_closing)
		km_buf_byte(b, '/');
}

static const struct {
	const char *name, *in, *want;
	km_html_mode mode;
	const char *last;
} cases[] = {
	{ "attributes", "<A HREF=x&amp;y title='q\r\nr' CHECKED href=z>",
	  "S:a href=[x&y] title=[q\nr] checked=[]" },
	{ "old style reference in a query", "<a href='?a&copy=1&lt;2'>", "S:a href=[?a&copy=1<2]" },
	{ "text", "1 < 2 &amp; 3\r\n&nosuch; &#12354;", "T:1 < 2 & 3\n&nosuch; あ" },
	{ "bogus", "</ x><?php?></>", "C: x|C:?php?" },
	{ "comment", "<!--a--b--!><!-->x", "C:a--b|C:|T:x" },
	{ "title", "a<b></TITLE >c", "T:a<b>|E:title|T:c", KM_HTML_RCDATA, "title" },
	{ "script", "<!--<script></script>--></script>x", "T:<!--<script></script>-->|E:script|T:x",
	  KM_HTML_SCRIPT, "script" },
	{ "unfinished tag", "x<a href='", "T:x" },
	{ "wide", "<ｂ>日本", "T:<ｂ>日本" },
	{ "empty", "", "" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_html_tokenizer t;
		km_html_token k;
		km_buf b;
		km_buf_init(&b, a, 1000);
		km_html_token_init(&t, a, in);
		t.mode = cases[i].mode;
		t.last_start = km_sv_of(cases[i].last);
		while (km_html_token_next(&t, &k))
			spell(&b, &k);
		test_sv_is(km_buf_sv(&b), cases[i].want, cases[i].name);
		test_drop(in);
		km_arena_free(a);
	}
}

static void test_attribute_limit(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_html_tokenizer t;
	km_html_token k;
	km_buf b;

	km_buf_init(&b, a, 100000);
	km_buf_add(&b, KM_S("<p"));
	for (int i = 0; i < 300; i++)
		km_buf_fmt(&b, " a%d", i);
	km_buf_add(&b, KM_S(">"));
	km_html_token_init(&t, a, km_buf_sv(&b));
	assert_true(km_html_token_next(&t, &k));
	assert_int_equal(k.n_attrs, KM_MAX_HTML_ATTRIBUTES);
	TEST_SV(k.attr[255].name, "a255");
	assert_int_equal(t.limits, 1u << KM_LIMIT_HTML_ATTRIBUTES);
	assert_false(km_html_token_next(&t, &k));
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_attribute_limit),
	};
	return cmocka_run_group_tests_name("text/html_token", tests, NULL, NULL);
}
