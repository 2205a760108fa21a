#include "base/limits.h"
#include "test.h"
#include "text/charset_table.h"
#include "text/utf8.h"

#define BAD "\xEF\xBF\xBD"
#define E   "\x1B"

/* Bytes that may hold NUL: sizes are of the literal. */
#define B(lit) lit, sizeof(lit) - 1

static const struct {
	const char *name, *label, *in;
	size_t n;
	const char *out, *used;
	size_t bad;
	bool mismatch, unknown;
} cases[] = {
	/* ASCII and UTF-8 */
	{ "no label, ascii", "", B("hello"), "hello", "us-ascii", 0, false, false },
	{ "utf-8", "UTF-8", B("日本"), "日本", "utf-8", 0, false, false },
	{ "utf-8 label on ascii", "utf-8", B("x"), "x", "utf-8", 0, false, false },
	{ "bom", "utf-8", B("\xEF\xBB\xBF日本"), "日本", "utf-8", 0, false, false },
	{ "bom, no label", "", B("\xEF\xBB\xBF日本"), "日本", "utf-8", 0, false, false },
	{ "bom against latin-1", "iso-8859-1", B("\xEF\xBB\xBF日本"), "日本", "utf-8", 0, true,
	  false },
	{ "cut utf-8", "utf-8", B("日本\xE8\xAA"), "日本" BAD, "utf-8", 1, false, false },
	{ "utf-8 as ascii", "us-ascii", B("日本"), "日本", "utf-8", 0, true, false },
	{ "utf-8 as latin-1", "iso-8859-1", B("caf\xC3\xA9"), "caf\xC3\xA9", "utf-8", 0, true,
	  false },
	{ "utf-8 as shift_jis", "shift_jis", B("日本語のメール"), "日本語のメール", "utf-8", 0,
	  true, false },
	{ "utf-8 as iso-2022-jp", "iso-2022-jp", B("日本語"), "日本語", "utf-8", 0, true, false },
	{ "utf-8 as gb2312", "gb2312", B("日本語のメール"), "日本語のメール", "utf-8", 0, true,
	  false },
	{ "unknown label", "x-no-such-thing", B("日本"), "日本", "utf-8", 0, false, true },
	{ "unknown label, ascii", "x-no-such-thing", B("a"), "a", "us-ascii", 0, false, true },
	{ "blank label", " \"\" ", B("a"), "a", "us-ascii", 0, false, false },

	/* ISO-2022-JP: the lines of text_engineering */
	{ "row 13", "iso-2022-jp", B(E "$B\x2D\x21\x2D\x6A" E "(B"), "①㈱", "iso-2022-jp", 0, false,
	  false },
	{ "row 91", "iso-2022-jp", B(E "$B\x7C\x62" E "(B"), "髙", "iso-2022-jp", 0, false, false },
	{ "kana by ESC ( I", "iso-2022-jp", B(E "(I6^" E "(B!"), "ｶﾞ!", "iso-2022-jp", 0, false,
	  false },
	{ "kana by SO SI", "cp50222",
	  B("\x0E"
	    "6^"
	    "\x0F!"),
	  "ｶﾞ!", "iso-2022-jp", 0, false, false },
	{ "kana by eight bits", "iso-2022-jp", B(E "$B$\"" E "(B\xB6\xDE"), "あｶﾞ", "iso-2022-jp",
	  0, false, false },
	{ "wave dash", "iso-2022-jp", B(E "$B!A" E "(B"), "～", "iso-2022-jp", 0, false, false },
	{ "backslash and tilde", "iso-2022-jp", B(E "(J\\~" E "(B"), "\\~", "iso-2022-jp", 0, false,
	  false },
	{ "adjacent escapes", "iso-2022-jp", B(E "$B$\"" E "(B" E "$B$$" E "(B"), "あい",
	  "iso-2022-jp", 0, false, false },
	{ "old JIS", "iso-2022-jp", B(E "$@$\"" E "(J"), "あ", "iso-2022-jp", 0, false, false },
	{ "three-byte designation", "iso-2022-jp", B(E "$(B$\"" E "(B" E "$(@$$"), "あい",
	  "iso-2022-jp", 0, false, false },
	{ "revised JIS", "iso-2022-jp", B(E "&@" E "$B$\"" E "(B"), "あ", "iso-2022-jp", 0, false,
	  false },
	{ "JIS X 0212", "iso-2022-jp-1", B(E "$(D\x30\x21" E "(B"), "丂", "iso-2022-jp", 0, false,
	  false },
	{ "JIS X 0213 plane 1", "iso-2022-jp-3", B(E "$(O$w" E "(B"), "か゚", "iso-2022-jp", 0, false,
	  false },
	{ "JIS X 0213 plane 2", "iso-2022-jp-3", B(E "$(P!!" E "(B"), "\xF0\xA0\x82\x89",
	  "iso-2022-jp", 0, false, false },
	{ "JIS X 0213:2004", "iso-2022-jp-2004", B(E "$(Q$\"" E "(B"), "あ", "iso-2022-jp", 0,
	  false, false },
	{ "user character", "iso-2022-jp-ms", B(E "$(?!!" E "(B"), "\xEE\x80\x80", "iso-2022-jp", 0,
	  false, false },
	{ "GB and KS", "iso-2022-jp-2", B(E "$A0!" E "$(C0!" E "(B"), "啊가", "iso-2022-jp", 0,
	  false, false },
	{ "left open at line end", "iso-2022-jp", B(E "$B$\"\r\nab"), "あ\r\nab", "iso-2022-jp", 0,
	  false, false },
	{ "shifted at line end", "iso-2022-jp",
	  B("\x0E"
	    "6\nab"),
	  "ｶ\nab", "iso-2022-jp", 0, false, false },
	{ "space in two-byte mode", "iso-2022-jp", B(E "$B$\" $$" E "(B"), "あ い", "iso-2022-jp",
	  0, false, false },
	{ "odd byte", "iso-2022-jp", B(E "$B$\"$" E "(B."), "あ" BAD ".", "iso-2022-jp", 1, false,
	  false },
	{ "unassigned", "iso-2022-jp", B(E "$B/!$\"" E "(B"), BAD "あ", "iso-2022-jp", 1, false,
	  false },
	{ "escape cut at the end", "iso-2022-jp", B(E "$B$\"" E "("), "あ" BAD, "iso-2022-jp", 1,
	  false, false },
	{ "escape cut by a line", "iso-2022-jp", B(E "$\r\nab"), BAD "\r\nab", "iso-2022-jp", 1,
	  false, false },
	{ "unknown escape", "iso-2022-jp", B(E "[0mab"), BAD "[0mab", "iso-2022-jp", 1, false,
	  false },
	{ "shift_jis inside", "iso-2022-jp", B(E "$B$\"" E "(B\x82\xA2"), "あい", "iso-2022-jp", 0,
	  false, false },
	{ "kana beyond the set", "iso-2022-jp", B(E "(I\x60"), BAD, "iso-2022-jp", 1, false,
	  false },
	{ "iso-2022-jp as utf-8", "utf-8", B(E "$B$\"$$" E "(B"), "あい", "iso-2022-jp", 0, true,
	  false },
	{ "iso-2022-jp as ascii", "us-ascii", B(E "$B$\"$$" E "(B"), "あい", "iso-2022-jp", 0, true,
	  false },
	{ "iso-2022-jp, no label", "", B(E "$B$\"$$" E "(B"), "あい", "iso-2022-jp", 0, false,
	  false },
	{ "iso-2022-jp as euc-jp", "euc-jp", B(E "$B$\"$$" E "(B"), "あい", "iso-2022-jp", 0, true,
	  false },
	{ "escape that makes no sense", "utf-8", B(E "$Bhello/world"), E "$Bhello/world", "utf-8",
	  0, false, false },
	{ "terminal colours", "", B(E "[1m" E "(Bx"), E "[1m" E "(Bx", "us-ascii", 0, false,
	  false },
	{ "shift_jis as iso-2022-jp", "iso-2022-jp", B("\x82\xA0\x82\xA2\x82\xA4"), "あいう",
	  "shift_jis", 0, true, false },

	/* Shift_JIS */
	{ "shift_jis", "Shift_JIS", B("\x93\xFA\x96{\x8C\xEA"), "日本語", "shift_jis", 0, false,
	  false },
	{ "wave dash", "shift_jis", B("\x81\x60"), "～", "shift_jis", 0, false, false },
	{ "5C 7E", "shift_jis", B("\\~"), "\\~", "shift_jis", 0, false, false },
	{ "row 13", "shift_jis", B("\x87\x40\x87\x8A"), "①㈱", "shift_jis", 0, false, false },
	{ "IBM extension", "x-sjis", B("\xFB\xFC"), "髙", "shift_jis", 0, false, false },
	{ "NEC-selected", "ms_kanji", B("\xEE\xE0"), "髙", "shift_jis", 0, false, false },
	{ "docomo sun", "shift_jis", B("\x82\xA0\xF8\x9F"), "あ\xEE\x98\xBE", "shift_jis", 0, false,
	  false },
	{ "halfwidth kana", "shift_jis", B("\x83\x65\x83\x58\xB6\xDE"), "テスｶﾞ", "shift_jis", 0,
	  false, false },
	{ "second byte 5C", "shift_jis", B("\x95\x5C"), "表", "shift_jis", 0, false, false },
	{ "lead then quote", "shift_jis", B("\x82\xA0\x81\"x"), "あ" BAD "\"x", "shift_jis", 1,
	  false, false },
	{ "cut", "shift_jis", B("\x82\xA0\x82"), "あ" BAD, "shift_jis", 1, false, false },
	{ "bytes without meaning", "shift_jis", B("\x82\xA0\x80\xA0\xFD"), "あ" BAD BAD BAD,
	  "shift_jis", 3, false, false },
	{ "euc-jp as shift_jis", "shift_jis", B("\xA4\xB3\xA4\xEC\xA4\xCF\xA4\xC6\xA4\xB9\xA4\xC8"),
	  "これはてすと", "euc-jp", 0, true, false },
	{ "shift_jis, no label", "", B("\x82\xB1\x82\xEA\x82\xCD\x83\x65\x83\x58\x83\x67"),
	  "これはテスト", "shift_jis", 0, false, false },
	{ "shift_jis as latin-1", "iso-8859-1",
	  B("\x82\xB1\x82\xEA\x82\xCD\x83\x65\x83\x58\x83\x67"), "これはテスト", "shift_jis", 0,
	  true, false },
	{ "shift_jis as euc-jp", "euc-jp", B("\x82\xB1\x82\xEA\x82\xCD"), "これは", "shift_jis", 0,
	  true, false },
	{ "shift_jis as utf-8", "utf-8", B("\x82\xB1\x82\xEA\x82\xCD"), "これは", "shift_jis", 0,
	  true, false },

	/* EUC-JP */
	{ "euc-jp", "EUC-JP", B("\xC6\xFC\xCB\xDC"), "日本", "euc-jp", 0, false, false },
	{ "row 13", "euc-jp", B("\xAD\xA1\xAD\xEA"), "①㈱", "euc-jp", 0, false, false },
	{ "row 91", "x-euc-jp", B("\xFC\xE2"), "髙", "euc-jp", 0, false, false },
	{ "kana", "euc-jp", B("\x8E\xB6\x8E\xDE"), "ｶﾞ", "euc-jp", 0, false, false },
	{ "JIS X 0212", "euc-jp", B("\x8F\xB0\xA1"), "丂", "euc-jp", 0, false, false },
	{ "wave dash", "euc-jp", B("\xA1\xC1"), "～", "euc-jp", 0, false, false },
	{ "broken by ascii", "euc-jp", B("\xA4\xA2\xA4<b>"), "あ" BAD "<b>", "euc-jp", 1, false,
	  false },
	{ "broken 8F", "euc-jp", B("\xA4\xA2\x8F\xB0<"), "あ" BAD "<", "euc-jp", 1, false, false },
	{ "euc-jp, no label", "", B("\xA4\xB3\xA4\xEC\xA4\xCF"), "これは", "euc-jp", 0, false,
	  false },

	/* Western */
	{ "latin-1", "iso-8859-1", B("caf\xE9"), "caf\xC3\xA9", "iso-8859-1", 0, false, false },
	{ "latin-1 with quotes", "iso-8859-1",
	  B("\x93"
	    "a\x94"),
	  "“a”", "iso-8859-1", 0, false, false },
	{ "latin-1 as ascii", "us-ascii", B("caf\xE9 ol\xE9"), "caf\xC3\xA9 ol\xC3\xA9",
	  "windows-1252", 0, true, false },
	{ "latin-1 as utf-8", "utf-8", B("caf\xE9 au lait"), "caf\xC3\xA9 au lait", "windows-1252",
	  0, true, false },
	{ "euro", "windows-1252", B("\x80\x81"), "€\xC2\x81", "windows-1252", 0, false, false },
	{ "x-user-defined", "x-user-defined", B("a\x80\xFF"), "a\xEF\x9E\x80\xEF\x9F\xBF",
	  "x-user-defined", 0, false, false },

	/* By ICU */
	{ "koi8-r", "koi8-r", B("\xF0\xD2\xC9\xD7\xC5\xD4"), "Привет", "koi8-r", 0, false, false },
	{ "koi8-r, no label", "", B("\xF0\xD2\xC9\xD7\xC5\xD4 \xCD\xC9\xD2"), "Привет мир",
	  "koi8-r", 0, false, false },
	{ "windows-1251, no label", "", B("\xCF\xF0\xE8\xE2\xE5\xF2 \xEC\xE8\xF0"), "Привет мир",
	  "windows-1251", 0, false, false },
	{ "gb2312", "gb2312", B("\xC4\xE3\xBA\xC3"), "你好", "gb2312", 0, false, false },
	{ "gbk under the name gb2312", "gb2312", B("\xE9\x46\x81\x40"), "镕丂", "gb2312", 0, false,
	  false },
	{ "big5", "big5", B("\xA7\x41\xA6\x6E"), "你好", "big5", 0, false, false },
	{ "euc-kr", "ks_c_5601-1987", B("\xBE\xC8\xB3\xE7"), "안녕", "euc-kr", 0, false, false },
	{ "euc-kr, no label", "", B("\xBE\xC8\xB3\xE7\xC7\xCF\xBC\xBC\xBF\xE4"), "안녕하세요",
	  "euc-kr", 0, false, false },
	{ "gb, no label", "", B("\xC7\xEB\xC4\xFA\xB5\xC7\xC2\xBC\xA3\xAC\xD0\xBB\xD0\xBB\xA1\xA3"),
	  "请您登录，谢谢。", "gb18030", 0, false, false },
	{ "big5, no label", "", B("\xB1\x7A\xA6\x6E\xA1\x41\xBD\xD0\xB5\x6E\xA4\x4A"),
	  "您好，請登入", "big5", 0, false, false },
	{ "utf-7", "unicode-1-1-utf-7", B("+MEIwRA-."), "あい.", "utf-7", 0, false, false },
	{ "utf-7, no label", "", B("a +MEIwRDBG- b"), "a あいう b", "utf-7", 0, false, false },
	{ "telephone", "", B("+81312345678 a+b+c"), "+81312345678 a+b+c", "us-ascii", 0, false,
	  false },
	{ "utf-16 by bom", "", B("\xFE\xFF\x30\x42"), "あ", "utf-16be", 0, false, false },
	{ "utf-16 little", "utf-16", B("\xFF\xFE\x42\x30"), "あ", "utf-16", 0, false, false },
	{ "utf-16 without bom", "utf-16", B("a\0b\0"), "ab", "utf-16le", 0, false, false },
	{ "utf-16be", "utf-16be", B("\x30\x42\xD8\x40\xDC\x0B"), "あ\xF0\xA0\x80\x8B", "utf-16be",
	  0, false, false },
	{ "lone surrogate", "utf-16be", B("\xD8\x40\x30\x42"), BAD "あ", "utf-16be", 1, false,
	  false },
	{ "utf-16 that is ascii", "utf-16", B("plain"), "plain", "us-ascii", 0, true, false },
	{ "utf-32", "utf-32le", B("\x42\x30\0\0"), "あ", "utf-32le", 0, false, false },
	{ "hz", "hz-gb-2312", B("~{VPND~}"), "中文", "hz-gb-2312", 0, false, false },
	{ "iso-2022-kr", "iso-2022-kr", B(E "$)C\x0E>H3g\x0F"), "안녕", "iso-2022-kr", 0, false,
	  false },
	{ "iso-2022-kr, no label", "", B(E "$)C\x0E>H3g\x0F"), "안녕", "iso-2022-kr", 0, false,
	  false },
	{ "ebcdic", "ibm037", B("\xC1\x81"), "Aa", "ibm037", 0, false, false },
	{ "unassigned in icu", "iso-8859-7", B("\xC1\xD2"), "Α" BAD, "iso-8859-7", 1, false,
	  false },
	{ "nothing fits", "", B("\x80\xFF\x80\xFF"), BAD BAD BAD BAD, "shift_jis", 4, false,
	  false },
	{ "empty", "iso-2022-jp", B(""), "", "iso-2022-jp", 0, false, false },
};

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in = test_exact(cases[i].in, cases[i].n);
		km_decoded d;
		char what[96];

		snprintf(what, sizeof(what), "%s (%s)", cases[i].name, cases[i].label);
		assert_int_equal(km_charset_decode(a, km_sv_of(cases[i].label), in, &d), KM_OK);
		test_sv_is(d.utf8, cases[i].out, what);
		test_sv_is(km_sv_of(km_charset_name(d.used)), cases[i].used, what);
		if (d.bad != cases[i].bad || d.mismatch != cases[i].mismatch ||
		    d.unknown_label != cases[i].unknown || d.truncated)
			fail_msg("%s: bad %zu mismatch %d unknown %d truncated %d", what, d.bad,
				 d.mismatch, d.unknown_label, d.truncated);
		test_drop(in);
		km_arena_free(a);
	}
}

static const struct {
	const char *label, *name;
} labels[] = {
	{ "csISO2022JP", "iso-2022-jp" },
	{ "CP50220", "iso-2022-jp" },
	{ "cp50221", "iso-2022-jp" },
	{ "iso-2022-jp-ms", "iso-2022-jp" },
	{ "ISO_2022_JP", "iso-2022-jp" },
	{ " \"iso-2022-jp\" ", "iso-2022-jp" },
	{ "x-sjis", "shift_jis" },
	{ "shift-jis", "shift_jis" },
	{ "SJIS", "shift_jis" },
	{ "ms_kanji", "shift_jis" },
	{ "Windows-31J", "shift_jis" },
	{ "cp932", "shift_jis" },
	{ "x-euc-jp", "euc-jp" },
	{ "cseucpkdfmtjapanese", "euc-jp" },
	{ "CP51932", "euc-jp" },
	{ "eucJP-ms", "euc-jp" },
	{ "ks_c_5601-1987", "euc-kr" },
	{ "korean", "euc-kr" },
	{ "gb2312", "gb2312" },
	{ "GBK", "gbk" },
	{ "ansi_x3.4-1968", "us-ascii" },
	{ "8bit", "us-ascii" },
	{ "x-unknown", "us-ascii" },
	{ "default", "us-ascii" },
	{ "utf8", "utf-8" },
	{ "UTF-8*ja", "utf-8" },
	{ "unicode-1-1-utf-7", "utf-7" },
	{ "latin1", "iso-8859-1" },
	{ "iso_8859-1:1987", "iso-8859-1" },
	{ "iso-8859-11", "windows-874" },
	{ "iso-8859-9", "windows-1254" },
	{ "unicodefffe", "utf-16be" },
	{ "visual", "iso-8859-8" },
	{ "x-x-big5", "big5" },
	{ "x-mac-ukrainian", "x-mac-cyrillic" },
	{ "no-such-charset", NULL },
	{ "", NULL },
	{ "\"\"", NULL },
	{ "utf-8-and-then-a-very-long-label-that-nobody-would-ever-send-to-anybody", NULL },
};

static void test_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(labels); i++) {
		km_sv label = test_exact(labels[i].label, strlen(labels[i].label));
		const km_charset *cs = km_charset_find(label);

		if (labels[i].name == NULL)
			assert_null(cs);
		else if (cs == NULL)
			fail_msg("%s is not known", labels[i].label);
		else
			test_sv_is(km_sv_of(km_charset_name(cs)), labels[i].name, labels[i].label);
		test_drop(label);
	}
	assert_true(km_charset_is_japanese(km_charset_find(KM_S("sjis"))));
	assert_false(km_charset_is_japanese(km_charset_find(KM_S("gbk"))));
}

/* The table is in order, every charset is found by its own name, and ICU has what is left to it. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < km_charset_n_aliases; i++)
		assert_true(strcmp(km_charset_aliases[i].label, km_charset_aliases[i + 1].label) <
			    0);
	for (size_t i = 0; i < km_charset_n_aliases; i++)
		assert_ptr_equal(km_charset_find(km_sv_of(km_charset_aliases[i].label)),
				 &km_charset_rows[km_charset_aliases[i].id]);
	for (size_t i = 0; i < KM_CS_COUNT; i++) {
		const km_charset *cs = &km_charset_rows[i];
		assert_ptr_equal(km_charset_find(km_sv_of(cs->name)), cs);
		assert_int_equal(cs->icu != NULL, cs->kind >= KM_DECODE_DOUBLE);
	}
}

static void test_detect(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t n;
		const char *name;
	} t[] = {
		{ B("ascii"), "us-ascii" },
		{ B("\xEF\xBB\xBFx"), "utf-8" },
		{ B(E "$B$\"" E "(B"), "iso-2022-jp" },
		{ B("日本語"), "utf-8" },
		{ B("\x83\x81\x81[\x83\x8B"), "shift_jis" },
		{ B("\xA5\xE1\xA1\xBC\xA5\xEB"), "euc-jp" },
		{ B("\xC2\xB7\xB5\xE9\xB2\xF1\xB5\xC4\xA4\xCE\xB7\xEF"), "euc-jp" },
		{ B("\x89\xEF\x8B\x63\x82\xCC\x8C\x8F"), "shift_jis" },
		/* nothing but kanji, which could be Korean or Russian */
		{ B("\xC6\xFC\xCB\xDC"), "euc-jp" },		   /* 日本 */
		{ B("\xB2\xF1\xB5\xC4"), "euc-jp" },		   /* 会議 */
		{ B("\xC0\xC1\xB5\xE1\xBD\xF1"), "euc-jp" },	   /* 請求書 */
		{ B("\x87\x40\x87\x8A"), "shift_jis" },		   /* ①㈱ */
		{ B("\xC8\xB8\xC0\xC7"), "euc-kr" },		   /* 회의 */
		{ B("\xF0\xD2\xC9\xD7\xC5\xD4"), "koi8-r" },	   /* Привет */
		{ B("\xCF\xF0\xE8\xE2\xE5\xF2"), "windows-1251" }, /* Привет */
		{ B("Notifica\xE7\xE3o: Cart\xF5"
		    "es de Cr\xE9"
		    "dito"),
		  "windows-1252" },
		{ B("mulher \xE9 assunto"), "windows-1252" },
		{ B("\xB7Merchant\xA0\xA0\xA0\xB7"
		    "Free\x85"),
		  "windows-1252" },
		{ B("ceci est tr\xE8s fran\xE7"
		    "ais"),
		  "windows-1252" },
	};

	for (size_t i = 0; i < KM_COUNT(t); i++) {
		km_sv in = test_exact(t[i].in, t[i].n);
		const km_charset *cs = km_charset_detect(in);
		assert_non_null(cs);
		test_sv_is(km_sv_of(km_charset_name(cs)), t[i].name, t[i].name);
		test_drop(in);
	}
	assert_null(km_charset_detect(KM_S("\x80\xFF\x80\xFF")));
}

/* Input past the bound is cut between characters, copied or not. */
static void test_bound(void **state)
{
	(void)state;
	static const struct {
		const char *label, *unit;
		size_t width; /* of the unit in UTF-8 */
	} t[] = { { "utf-8", "あ", 3 },
		  { "shift_jis", "\x82\xA0", 3 },
		  { "us-ascii", "a", 1 },
		  { "iso-8859-1",
		    "\xE9"
		    "a",
		    3 },
		  { "koi8-r", "\xC9", 2 },
		  { "utf-8", "あ\xFF", 6 } };

	for (size_t i = 0; i < KM_COUNT(t); i++) {
		size_t unit = strlen(t[i].unit), n = (KM_MAX_TEXT_BYTES / t[i].width + 3) * unit;
		char *text = malloc(n);
		km_arena *a = km_arena_new((size_t)32 << 20);
		km_decoded d;

		for (size_t k = 0; k < n; k++)
			text[k] = t[i].unit[k % unit];
		assert_int_equal(km_charset_decode(a, km_sv_of(t[i].label), (km_sv){ text, n }, &d),
				 KM_OK);
		assert_true(d.truncated);
		assert_true(d.utf8.n <= KM_MAX_TEXT_BYTES && d.utf8.n > KM_MAX_TEXT_BYTES - 16);
		assert_true(km_utf8_valid(d.utf8));
		km_arena_free(a);
		free(text);
	}
}

static void test_arena_full(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1024);
	char text[4000];
	km_decoded d;

	memset(text, 0xB6, sizeof(text));
	assert_int_equal(km_charset_decode(a, KM_S("koi8-r"), (km_sv){ text, sizeof(text) }, &d),
			 KM_LIMIT);
	assert_true(km_utf8_valid(d.utf8));
	assert_non_null(d.used);
	km_arena_free(a);
}

/* One long run of base64 that could begin anew at every plus sign must not be read from each of
 * them (a square of this length would outlast the test). */
static void test_utf7_linear(void **state)
{
	(void)state;
	static const char unit[] = "+MEIwQjB"; /* from any plus sign on, all kana */
	size_t n = (size_t)1 << 22;
	char *text = malloc(n);

	for (size_t i = 0; i < n; i++)
		text[i] = unit[i % 8];
	text[n - 1] = '!';
	test_sv_is(km_sv_of(km_charset_name(km_charset_detect((km_sv){ text, n }))), "us-ascii",
		   "plus");
	free(text);
}

/* What needs no change is not copied. */
static void test_no_copy(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 16);
	static const struct {
		const char *label, *in;
	} t[] = { { "iso-2022-jp", "plain" },
		  { "utf-8", "日本" },
		  { "", "日本" },
		  { "koi8-r", "plain" } };

	for (size_t i = 0; i < KM_COUNT(t); i++) {
		km_decoded d;
		km_sv in = km_sv_of(t[i].in);
		assert_int_equal(km_charset_decode(a, km_sv_of(t[i].label), in, &d), KM_OK);
		assert_ptr_equal(d.utf8.p, in.p);
	}
	assert_int_equal(km_arena_used(a), 0);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),	cmocka_unit_test(test_labels),
		cmocka_unit_test(test_table),	cmocka_unit_test(test_detect),
		cmocka_unit_test(test_bound),	cmocka_unit_test(test_arena_full),
		cmocka_unit_test(test_no_copy), cmocka_unit_test(test_utf7_linear),
	};
	return cmocka_run_group_tests_name("text/charset", tests, NULL, NULL);
}
