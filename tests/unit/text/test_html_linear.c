/*
 * The HTML reader takes time linear in its input. Its sources are compiled anew so that every basic
 * block calls __sanitizer_cov_trace_pc(), and the searches of the C library are wrapped, so the
 * work is counted and not timed: four times the input may cost no more than about four times the
 * work.
 */
#include "steps.h"
#include "test.h"
#include "text/html.h"

#define HUNDRED(s) TEN(TEN(s))
#define TEN(s)	   s s s s s s s s s s

/* A start, its repeats, and what is repeated up to the size wanted; "#" is a number that grows. */
static const struct {
	const char *start;
	size_t n_start;
	const char *unit;
} patterns[] = {
	{ "", 0, "<p>a</p>" }, /* the measure of the others */
	/* text */
	{ "", 0, "a " },
	{ "", 0, "日本語" },
	{ "", 0, "\r" },
	{ "", 0, "<" },
	{ "", 0, "&" },
	{ "", 0, "&a" },
	{ "", 0, "&aaaaaaaa" },
	{ "", 0, "&#" },
	{ "", 0, "&#x1" },
	{ "", 0, "&nbsp;" },
	{ "&", 1, "a" },
	{ "&#", 1, "1" },
	/* comments and the like */
	{ "", 0, "<!--" },
	{ "", 0, "<!---" },
	{ "<!--", 1, "-" },
	{ "<!--", 1, "<!--" },
	{ "<!--", 1, "--!" },
	{ "", 0, "<!-->" },
	{ "", 0, "<!" },
	{ "", 0, "<?" },
	{ "", 0, "</" },
	{ "", 0, "</ " },
	{ "", 0, "<![CDATA[" },
	{ "<svg>", 1, "<![CDATA[]]>" },
	{ "<svg>", 1, "<![CDATA[]" },
	{ "<svg><![CDATA[", 1, "]" },
	{ "", 0, "<!DOCTYPE a PUBLIC '" },
	{ "", 0, "<!DOCTYPE a PUBLIC ''''" },
	{ "", 0, "<!DOCTYPE a PUBLIC ''>" },
	/* tags */
	{ "", 0, "<a" },
	{ "", 0, "<div>" },
	{ "", 0, "</div>" },
	{ "", 0, "<b>" },
	{ "", 0, "<b><i>" },
	{ "", 0, "<p><b>" },
	{ "", 0, "<div><b></div>" },
	{ "", 0, "<b><div></b>" },
	{ "", 0, "<table><td>" },
	{ "", 0, "<tr><td>" },
	{ "", 0, "<li><ul>" },
	{ "", 0, "<x#>" },
	{ "", 0, "<a href=x>" },
	{ "", 0, "<a href=x>y</a>" },
	{ "<div>", 600, "</div>" },
	{ "<div>", 250, "</b><b></div><div>" },
	{ "<x:a>", 500, "</y>" },
	{ "<div><b>", 250, "</div><div>" },
	{ "<b><div>", 250, "</b><b>" },
	{ "<b>", 500, "</b><b>" },
	{ "<b>", 400, "<div></div>" },
	{ "<div>", 200, "<b><b><b></div><div>" },
	{ "", 0, HUNDRED("<b><b>") HUNDRED("<p><p>") HUNDRED("</b></b>") HUNDRED("</p></p>") },
	{ "", 0, HUNDRED("<b><b>") HUNDRED("<ul><ul>") HUNDRED("</b></b>") HUNDRED("</ul></ul>") },
	/* attributes */
	{ "<a", 1, " b" },
	{ "<a", 1, " b#" },
	{ "<a", 1, " b#='&amp;'" },
	{ "<a b='", 1, "&amp;" },
	{ "<a b='", 1, "\r" },
	{ "<a ", 1, "=" },
	{ "<a ", 1, "/" },
	{ "<a", 1, "A" },
	{ "<p ", 1, "b='" },
	{ "<img srcset='", 1, "x," },
	{ "<img srcset='", 1, "," },
	{ "<img srcset='", 1, "x 1x," },
	{ "<meta http-equiv=refresh content='", 1, "0;" },
	{ "<meta http-equiv=content-type content='", 1, "charset " },
	{ "<meta http-equiv=content-type content='", 1, "charset" },
	/* content that is read otherwise */
	{ "<textarea>", 1, "</textarea" },
	{ "<textarea>", 1, "</" },
	{ "<textarea>", 1, "&a" },
	{ "<title>", 1, "</title" },
	{ "<script>", 1, "<!--<script>" },
	{ "<script>", 1, "<!--</script" },
	{ "<script><!--", 1, "<script " },
	{ "<script><!--", 1, "-" },
	{ "", 0, "<script></script>" },
	{ "", 0, "<textarea>" },
	{ "", 0, "<title>x</title>" },
	{ "<pre>", 1, "\n" },
	{ "<pre>", 1, " a" },
	/* style */
	{ "", 0, "<style></style>" },
	{ "", 0, "x<style>.a#{color:red}</style>" },
	{ "", 0, "<style>/*</style>" },
	{ "<style>", 1, ".a#{display:none}" },
	{ "<style>", 1, "a{" },
	{ "<style>", 1, "a{b:(}" },
	{ "<style>", 1, "a{b:c}" },
	{ "<style>", 1, "@media{" },
	{ "<style>", 1, "@x{" },
	{ "<style>", 1, "@x;" },
	{ "<style>", 1, "}" },
	{ "<style>", 1, "a," },
	{ "<style>", 1, "html " },
	{ "<style>", 1, "/*" },
	{ "<style>", 1, "\\" },
	{ "<style>", 1, "\\41 " },
	{ "<style>", 1, "url(" },
	{ "<style>", 1, "url('x')" },
	{ "<style>", 1, "'" },
	{ "<style>a{", 1, "color:red;" },
	{ "<style>", 1, "p.a#,p.b#,#c#{opacity:0}" },
	{ "<style>.a{opacity:0}</style><p class='", 1, "a " },
	{ "<style>.a{opacity:0}</style>", 1, "<p class=a>" },
	{ "<p style='", 1, "display:none;" },
	{ "<p style='", 1, "font:0 " },
	{ "<p style='font:", 1, "100 " },
	{ "<p style='background:", 1, "red " },
	{ "<p style='background:", 1, "url(x) " },
	{ "<p style='background:", 1, "(" },
	{ "<p style='color:", 1, "!" },
	{ "<p style='color:rgb(", 1, "1 " },
	{ "<p style='clip:rect(", 1, " " },
	{ "<p style='", 1, "a:" },
	{ "<p style='", 1, "url(" },
	{ "<p style='", 1, "/*" },
	{ "<p style='", 1, "*/" },
	{ "", 0, "<p style='color:red'>x" },
};

static km_sv build(size_t i, size_t size)
{
	char *p = malloc(size + 16384), *end = p;
	size_t number = 0;

	assert_non_null(p);
	for (size_t k = 0; k < patterns[i].n_start; k++)
		end = stpcpy(end, patterns[i].start);
	while ((size_t)(end - p) < size) {
		for (const char *u = patterns[i].unit; *u; u++) {
			if (*u == '#')
				end += snprintf(end, 24, "%zx", number++);
			else
				*end++ = *u;
		}
	}
	km_sv v = test_exact(p, (size_t)(end - p));
	free(p);
	return v;
}

static size_t work(size_t i, size_t size)
{
	km_arena *a = km_arena_new(1 << 26);
	km_sv in = build(i, size);
	km_html h;

	steps = 0;
	assert_int_equal(km_html_read(a, in, &h), KM_OK);
	test_drop(in);
	km_arena_free(a);
	return steps;
}

static void test_linear(void **state)
{
	/* No input may cost more than this many times an ordinary one of its size. */
	enum { SMALL = 32 << 10, LARGE = 128 << 10, MOST = 3 };
	size_t ordinary = work(0, LARGE), worst = 0;

	(void)state;
	assert_true(ordinary > LARGE); /* the work was counted */
	for (size_t i = 0; i < KM_COUNT(patterns); i++) {
		size_t small = work(i, SMALL), large = work(i, LARGE);
		if (large > 5 * small + ordinary / 10)
			fail_msg("%s… %.40s…: %zu steps for %d KB, %zu for %d KB",
				 patterns[i].start, patterns[i].unit, small, SMALL >> 10, large,
				 LARGE >> 10);
		if (large > MOST * ordinary)
			fail_msg("%s… %.40s…: %zu steps, an ordinary one %zu", patterns[i].start,
				 patterns[i].unit, large, ordinary);
		worst = large > worst ? large : worst;
	}
	print_message("# an ordinary one takes %.1f steps a byte, the worst %.1f\n",
		      (double)ordinary / LARGE, (double)worst / LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };

	return cmocka_run_group_tests_name("text/html_linear", tests, NULL, NULL);
}
