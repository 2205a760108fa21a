#include "base/buf.h"
#include "base/limits.h"
#include "test.h"
#include "text/html.h"

enum {
	DISPLAY = KM_HIDE_DISPLAY,
	VISIBILITY = KM_HIDE_VISIBILITY,
	SIZE = KM_HIDE_SIZE,
	COLOUR = KM_HIDE_COLOUR,
	OFFSCREEN = KM_HIDE_OFFSCREEN,
	OPACITY = KM_HIDE_OPACITY,
	MSO = KM_HIDE_MSO,
	ATTRIBUTE = KM_HIDE_ATTRIBUTE
};

static km_arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = km_arena_new(1 << 26);
	return arena == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	km_arena_free(arena);
	return 0;
}

static km_html read_html(const char *html, km_sv *in)
{
	km_html h;

	*in = test_exact(html, strlen(html));
	assert_int_equal(km_html_read(arena, *in, &h), KM_OK);
	return h;
}

static const struct {
	const char *name, *in, *text, *hidden;
	unsigned how;
} texts[] = {
	{ "white space", "a \r\n b<b> c</b>d &nbsp; e\f", "a b cd e", "" },
	{ "blocks", "<p>a<p>b<div>c</div>d<br><br/>e<ul><li>f<li>g</ul>h", "a\nb\nc\nd\ne\nf\ng\nh",
	  "" },
	{ "table", "<table><tr><td>a<td>b</td></tr><tr><th>c</th><td><p>d</table>e",
	  "a\tb\nc\nd\ne", "" },
	{ "pre", "<pre>\n a\n  b</pre>c", "a\n  b\nc", "" },
	{ "not text", "<head><title>t</title><script>s</script><style>y</style></head>x<!-- c -->y",
	  "xy", "" },
	{ "noscript", "<noscript>a</noscript><iframe>b</iframe><noframes>c</noframes>", "a", "" },
	{ "inline pieces", "V<b></b>i<!-- -->a<span style='display:none'>xx</span>gra", "Viagra",
	  "xx", DISPLAY },
	{ "alt", "a<img src=x alt='お得 な'>b", "a お得 な b", "" },
	{ "button", "<input type=submit value='ログイン'>", "ログイン", "" },
	{ "textarea", "<textarea><b></textarea>c", "<b>c", "" },
	{ "Japanese", "<p>日本語の<b>文章</b>です。</p>&#x3042;&yen;", "日本語の文章です。\nあ¥",
	  "" },

	{ "display", "a<div style='DISPLAY : none'>x<p>y</p></div>b", "ab", "x\ny", DISPLAY },
	{ "important", "<p style='display:none!important;display:block'>x</p>", "", "x", DISPLAY },
	{ "later wins", "<p style='display:none;display:block'>x</p>", "x", "" },
	{ "escape and comment", "<p style='d\\69splay:/**/none'>x</p>", "", "x", DISPLAY },
	{ "comment parts a word", "<p style='dis/**/play:none'>x</p>", "x", "" },
	{ "visibility", "<p style='visibility:hidden'>x<b style='visibility:visible'>y</b></p>",
	  "y", "x", VISIBILITY },
	{ "size 0", "<p style='font-size:0'>x<b style='font-size:12px'>y</b></p>", "y", "x", SIZE },
	{ "size 1px", "<p style='font-size:1px'>x</p><p style='font-size:9pt'>y", "y", "x", SIZE },
	{ "size em", "<p style='font-size:0.01em'>x</p><p style='font-size:90%'>y", "y", "x",
	  SIZE },
	{ "size shorthand", "<p style='font:0/0 a'>x</p><p style='font:bold 700 12px/0 serif'>y",
	  "y", "x", SIZE },
	{ "no height", "<p style='max-height:0;overflow:hidden'>x</p><p style='height:0'>y", "y",
	  "x", SIZE },
	{ "white on white", "<font color=#FFFFFE>x</font>y", "y", "x", COLOUR },
	{ "white on black", "<table bgcolor=black><tr><td><font color=white>x", "x", "" },
	{ "near", "<p style='color:rgb(250,250,250)'>x<p style='color:#eee'>y", "y", "x", COLOUR },
	{ "on body", "<body style='background:#000 url(x)' text=black>x", "x", "" },
	{ "black on black", "<body bgcolor=000000>x", "", "x", COLOUR },
	{ "transparent", "<p style='color:rgba(0,0,0,0)'>x", "", "x", COLOUR },
	{ "on an image", "<td background=x.png style='color:#fff'>x", "x", "" },
	{ "link colour", "<div style='color:#fff'><a href=x>y</a>z</div>", "y", "z", COLOUR },
	{ "off screen", "<p style='position:absolute;left:-9999px'>x</p><p style='left:-9999px'>y",
	  "y", "x", OFFSCREEN },
	{ "indent", "<p style='text-indent:-999em'>x</p><p style='text-indent:-2em'>y", "y", "x",
	  OFFSCREEN },
	{ "clip", "<p style='position:absolute;clip:rect(0 0 0 0)'>x</p>y", "y", "x", OFFSCREEN },
	{ "opacity", "<p style='opacity:0'>x</p><p style='opacity:.5'>y", "y", "x", OPACITY },
	{ "mso-hide", "<p style='mso-hide:all'>x</p>y<a href=x style='mso-hide:all'>z</a>", "yz",
	  "x", MSO },
	{ "not for Outlook", "<!--[if !mso]><!--><p style='mso-hide:all'>x</p><!--<![endif]-->",
	  "x", "" },
	{ "instead for Outlook", "<!--[if mso]><v:oval/><![endif]--><p style='mso-hide:all'>x</p>",
	  "x", "" },
	{ "for Outlook alone", "<!--[if mso]><p>x</p><![endif]-->y", "y", "" },
	{ "hidden", "<p hidden>x</p>y<p hidden style='display:block'>z", "y\nz", "x", ATTRIBUTE },
	{ "template", "<template>x</template>y", "y", "x", DISPLAY },
	{ "two reasons", "<p style='opacity:0;font-size:0'>x", "", "x", SIZE | OPACITY },
	{ "blank is not hidden text", "<p style='display:none'> &nbsp;&zwnj;\xE3\x80\x80</p>x", "x",
	  "\xE2\x80\x8C\xE3\x80\x80", 0 },

	{ "class", "<style>.a,.b{display:none}</style><p class='c b'>x</p>y", "y", "x", DISPLAY },
	{ "selectors",
	  "<style><!--\nbody p.a{opacity:0}#i{opacity:0}u{opacity:0}--></style>"
	  "<p class=a>x</p><b class=a>y</b><i id=i>z</i><u>w",
	  "y", "x\nzw", OPACITY },
	{ "media",
	  "<style>@media (max-width:9px){.a{display:none}}@media screen{.b{display:none}}</style>"
	  "<p class=a>x<p class=b>y",
	  "x", "y", DISPLAY },
	{ "unsure rules",
	  "<style>.q .a{display:none}.a:hover{display:none}.a.b{display:none}</style><p class='a "
	  "b'>x",
	  "x", "" },
	{ "inline style wins", "<style>.a{display:none}</style><p class=a style='display:block'>x",
	  "x", "" },
	{ "important rule wins",
	  "<style>.a{display:none !important}</style><p class=a style='display:block'>x", "", "x",
	  DISPLAY },
	{ "sheet colours",
	  "<style>td{background:#333}p{color:white}</style><table><td><p>x</table><p>y", "x", "y",
	  COLOUR },

	{ "style after the text", "<p class=a>x</p>y<style>.a{display:none}</style>", "y", "x",
	  DISPLAY },
	{ "last of late styles",
	  "<p class=a>x</p><style>.a{display:none}</style><style>.a{display:block}</style>", "x",
	  "" },
	{ "style for print", "<style media=print>.a{display:none}</style><p class=a>x", "x", "" },
	{ "style of the head", "<head style='display:none'></head>x", "x", "" },
	{ "style of the page", "<html style='display:none'><body>x", "", "x", DISPLAY },

	{ "formatting outlives", "<div><font color=white></div>x</font>y", "y", "x", COLOUR },
	{ "formatting ends inside", "<font color=white><div>x</font>y</div>z", "y\nz", "x",
	  COLOUR },
	{ "hidden block stays", "<b><div style='display:none'></b>x</div>y", "y", "x", DISPLAY },
	{ "stray end tags", "<div style='display:none'><table><td></div>x</table></div>y", "y", "x",
	  DISPLAY },
	{ "span ends at block", "<span style='opacity:0'><p>x</span>y</p></span>z", "z", "xy",
	  OPACITY },
	{ "end of cell", "<table><td><font color=white>x</td><td>y</table>z", "y\nz", "x", COLOUR },
	{ "after the body", "<body style='opacity:0'>x</body></html>y", "", "xy", OPACITY },
	{ "unknown elements", "<o:p style='opacity:0'><x:y>a</o:p>b", "b", "a", OPACITY },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		km_sv in;
		km_html h = read_html(texts[i].in, &in);
		test_sv_is(h.text, texts[i].text, texts[i].name);
		test_sv_is(h.hidden, texts[i].hidden, texts[i].name);
		if (h.how != texts[i].how)
			fail_msg("%s: how %x", texts[i].name, h.how);
		test_drop(in);
	}
}

static const struct {
	const char *in;
	km_link_kind kind;
	const char *target, *text;
	bool hidden;
} links[] = {
	{ "<a href=' http://x/?a&amp;b&#10;'> go <b>there</b> </a>z", KM_LINK_ANCHOR,
	  "http://x/?a&b", "go there", false },
	{ "<a href=x><img alt='ここ'></a>", KM_LINK_ANCHOR, "x", "ここ", false },
	{ "<p style='display:none'><a href=x>y</a>", KM_LINK_ANCHOR, "x", "y", true },
	{ "<a href=x>y<p>z", KM_LINK_ANCHOR, "x", "y\nz", false },
	{ "<area href=x alt=y>", KM_LINK_ANCHOR, "x", "y", false },
	{ "<form action=x>", KM_LINK_FORM, "x", "", false },
	{ "<button formaction=x>", KM_LINK_FORM, "x", "", false },
	{ "<img src=x alt=y>", KM_LINK_IMAGE, "x", "y", false },
	{ "<td background=x>", KM_LINK_IMAGE, "x", "", false },
	{ "<img srcset='x 2x'>", KM_LINK_IMAGE, "x", "", false },
	{ "<p style='background:url( \"x\" )'>", KM_LINK_IMAGE, "x", "", false },
	{ "<style>p{background:URL(x)}</style>", KM_LINK_IMAGE, "x", "", false },
	{ "<iframe src=x>", KM_LINK_FRAME, "x", "", false },
	{ "<script src=x>", KM_LINK_SCRIPT, "x", "", false },
	{ "<meta http-equiv=Refresh content='0; URL=\"x\"'>", KM_LINK_REFRESH, "x", "", false },
	{ "<meta http-equiv=refresh content='0;x'>", KM_LINK_REFRESH, "x", "", false },
	{ "<base href=x>", KM_LINK_BASE, "x", "", false },
	{ "<link href=x>", KM_LINK_OTHER, "x", "", false },
};

static void test_links(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(links); i++) {
		km_sv in;
		km_html h = read_html(links[i].in, &in);
		assert_int_equal(h.n_links, 1);
		if (h.links[0].kind != links[i].kind || h.links[0].hidden != links[i].hidden)
			fail_msg("%s: kind %d", links[i].in, h.links[0].kind);
		test_sv_is(h.links[0].target, links[i].target, links[i].in);
		test_sv_is(h.links[0].text, links[i].text, links[i].in);
		test_drop(in);
	}
}

static void test_counts(void **state)
{
	(void)state;
	km_sv in;
	km_html h = read_html(
		"<html><head><meta http-equiv=content-type content='text/html; "
		"charset=\"Shift_JIS\"'>"
		"<title>楽天 &amp; カード</title><base href=http://b/><base href=c></head>"
		"<!--[if mso]>x<![endif]--><form><input name=id><input type=PASSWORD>"
		"<input type=hidden><select></select></form><img><img><script></script>"
		"<iframe></iframe><b></b x>",
		&in);

	TEST_SV(h.title, "楽天 & カード");
	TEST_SV(h.charset, "Shift_JIS");
	TEST_SV(h.base, "http://b/");
	assert_int_equal(h.n_forms, 1);
	assert_int_equal(h.n_inputs, 3);
	assert_int_equal(h.n_password_inputs, 1);
	assert_int_equal(h.n_images, 2);
	assert_int_equal(h.n_scripts, 1);
	assert_int_equal(h.n_frames, 1);
	assert_int_equal(h.n_comments, 1);
	assert_true(h.conditional);
	assert_int_equal(h.n_errors, 1);
	assert_int_equal(h.links[1].offset,
			 (size_t)((const char *)memmem(in.p, in.n, "<base href=c>", 13) - in.p));
	test_drop(in);
}

static const struct {
	const char *in, *want;
} charsets[] = {
	{ "<meta charset='Shift_JIS'>", "Shift_JIS" },
	{ "<META http-equiv=Content-Type content=\"text/html; charset=iso-2022-jp\">",
	  "iso-2022-jp" },
	{ "<?xml version=\"1.0\" encoding=\"EUC-JP\"?><html>", "EUC-JP" },
	{ "<!-- <meta charset=x> --><p title='<meta charset=y>'>", "" },
	{ "<meta charset=utf-16le>", "utf-8" },
	{ "<meta charset=none-such><meta charset=euc-jp>", "euc-jp" },
	{ "<meta charset=euc-jp", "" },
	{ "<meta content='text/html; charset=x'>", "" },
	{ "<", "" },
	{ "", "" },
};

static void test_sniff(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(charsets); i++) {
		km_sv in = test_exact(charsets[i].in, strlen(charsets[i].in));
		test_sv_is(km_html_sniff_charset(in), charsets[i].want, charsets[i].in);
		test_drop(in);
	}
}

/* With less memory than it needs the reader gives what fitted. */
static void test_little_memory(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		for (size_t cap = 0; cap < 16384; cap = cap * 2 + 48) {
			km_arena *small = km_arena_new(cap);
			km_sv in = test_exact(texts[i].in, strlen(texts[i].in));
			km_html h;
			km_status st = km_html_read(small, in, &h);
			assert_int_equal(st, km_arena_full(small) ? KM_LIMIT : KM_OK);
			assert_true(h.text.n <= strlen(texts[i].text) ||
				    h.hidden.n < strlen(texts[i].hidden));
			test_drop(in);
			km_arena_free(small);
		}
	}
}

static void test_depth(void **state)
{
	(void)state;
	km_buf b;
	km_html h;

	km_buf_init(&b, arena, 100000);
	for (int i = 0; i < 1000; i++)
		km_buf_add(&b, KM_S("<div>"));
	km_buf_add(&b, KM_S("<p style='display:none'>x</p>"));
	for (int i = 0; i < 1000; i++)
		km_buf_add(&b, KM_S("</div>"));
	km_buf_add(&b, KM_S("<p style='display:none'>y</p>z"));
	assert_int_equal(km_html_read(arena, km_buf_sv(&b), &h), KM_OK);
	assert_int_equal(h.limits, 1u << KM_LIMIT_HTML_DEPTH);
	TEST_SV(h.text, "x\nz"); /* styles deeper than the limit are not known */
	TEST_SV(h.hidden, "y");
}

#define GROUP(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROUP(test_texts),
		GROUP(test_links),
		GROUP(test_counts),
		GROUP(test_depth),
		cmocka_unit_test(test_little_memory),
		cmocka_unit_test(test_sniff),
	};
	return cmocka_run_group_tests_name("text/html", tests, NULL, NULL);
}
