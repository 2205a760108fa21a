#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "base/limits.h"
#include "test.h"
#include "text/utf8.h"
#include "text/view_text.h"

static const struct {
	const char *name, *in, *key;
} cases[] = {
	/* what is dropped */
	{ "ascii", "Hello,  World\r\n\tagain ", "hello, world again" },
	{ "controls",
	  "a\x01"
	  "b\x7F\xC2\x85"
	  "c",
	  "abc" },
	{ "soft hyphen and joiners", "pay\xC2\xADpal \xE2\x80\x8Bx\xE2\x81\xA0y\xEF\xBB\xBF",
	  "paypal xy" },
	{ "bidi",
	  "a\xE2\x80\xAE"
	  "fdp.exe\xE2\x80\xAC",
	  "afdp.exe" },
	{ "fillers",
	  "a\xE3\x85\xA4\xEF\xBE\xA0\xE2\xA0\x80"
	  "b",
	  "ab" },
	{ "variation selectors", "葛\xF3\xA0\x84\x80\xE2\x98\x80\xEF\xB8\x8F", "葛☀" },
	{ "tags", "x\xF3\xA0\x81\x81y", "xy" },
	{ "between kana", "ア\xE2\x80\x8Bマ\xC2\xADゾン", "アマゾン" },

	/* waves and dashes */
	{ "waves", "1〜2～3∼4〰5", "1〜2〜3〜4〜5" },
	{ "tilde stays", "~user", "~user" },
	{ "long marks", "サ－ビス サ―ビス サ—ビス サ‐ビス サ−ビス サ─ビス サｰビス サ-ビス",
	  "サービスサービスサービスサービスサービスサービスサービスサービス" },
	{ "long mark at the end", "サポートセンタ-", "サポートセンター" },
	{ "hyphens elsewhere", "03‐1234−5678", "03-1234-5678" },
	{ "hyphen between words", "カード - 番号", "カード - 番号" },
	{ "hyphen before a letter", "カ-ab", "カ-ab" },
	{ "rulers", "──カ──", "──カ──" },

	/* NFKC */
	{ "circled", "①㈱㍿", "1(株)株式会社" },
	{ "halfwidth kana", "ｶﾞｷﾞﾊﾟｰ", "ガギパー" },
	{ "radical", "⼀", "一" },
	{ "styled letters", "𝐀𝓑🄰🅐🅰", "abaaa" },
	{ "fullwidth", "Ａｍａｚｏｎ．ｃｏ．ｊｐ／＠", "amazon.co.jp/@" },
	{ "voiced marks", "か゛は゜カ゛", "がぱガ" },
	{ "mark without base", "あ゛", "あ゙" },
	{ "decomposed", "ハ\xE3\x82\x9Aスワート\xE3\x82\x99", "パスワード" },
	{ "yen", "￥100", "¥100" },
	{ "ellipsis", "a…b", "a...b" },
	{ "fraction", "½", "1/2" },
	{ "keycap", "1️⃣", "1" },
	{ "digits", "٣४๙", "349" },

	/* case */
	{ "case", "AÉÀŽ П Σ", "aéàž п σ" },
	{ "composes after folding", "J\xCC\x8C", "\xC7\xB0" },
	{ "sharp s", "Straße", "strasse" },

	/* kanji in katakana */
	{ "power", "力ード クレジット力ード", "カードクレジットカード" },
	{ "mouth", "今すぐ口グイン", "今すぐログイン" },
	{ "divination", "アカウン卜を", "アカウントを" },
	{ "U+4E5C", "アク乜ス", "アクセス" },
	{ "one", "デ一タ", "データ" },
	{ "evening", "マス夕、夕イプ", "マスタ、タイプ" },
	{ "craft", "工ラー", "エラー" },
	{ "two", "ニ二ュース", "ニニュース" },
	{ "chain", "ア卜卜卜卜", "アトトトト" },
	{ "chain backwards", "卜卜卜卜ア", "トトトトア" },
	{ "hiragana", "へルプ べスト サイトべース クりック", "ヘルプベストサイトベースクリック" },

	/* what must stay */
	{ "reputation", "口コミサイト", "口コミサイト" },
	{ "entrance", "入口コーナー", "入口コーナー" },
	{ "population", "人口ピラミッド", "人口ピラミッド" },
	{ "brand power", "ブランド力を", "ブランド力を" },
	{ "brand power up", "ブランド力アップ", "ブランド力アップ" },
	{ "list", "アイテム一覧", "アイテム一覧" },
	{ "two metres", "二メートル", "二メートル" },
	{ "months", "二ヶ月 八カ国 三ヵ所 ヶ丘", "二ヶ月八カ国三ヵ所ヶ丘" },
	{ "sweets", "八ッ橋", "八ッ橋" },
	{ "supper", "メニュー夕食", "メニュー夕食" },
	{ "particle", "サイトへアクセス こちらへメール", "サイトへアクセスこちらへメール" },
	{ "tabelog", "食べログ", "食べログ" },
	{ "look-alike katakana", "シツソン", "シツソン" },
	{ "kanji alone", "力と口と二", "力と口と二" },

	/* Latin, Cyrillic, Greek */
	{ "amazon", "Аmazon", "amazon" },
	{ "paypal", "РауРаl", "paypal" },
	{ "apple", "аррӏе", "apple" },
	{ "capitals", "ВАNК", "bank" },
	{ "greek", "Gοοgle", "google" },
	{ "small capitals", "ᴘᴀʏᴘᴀʟ", "paypal" },
	{ "weak look-alike", "amazoп", "amazon" },
	{ "russian", "Привет, оса и сор", "привет, оса и сор" },
	{ "greek text", "η ζωή", "η ζωή" },
	{ "letter with a version", "α版", "α版" },
	{ "look-alike with a mark", "а\xCC\x8Amazon", "а\xCC\x8Amazon" },

	/* Chinese forms */
	{ "simplified", "银行からの请求", "銀行からの請求" },
	{ "simplified katakana", "会员サービス", "会員サービス" },
	{ "chinese text stays", "中国银行", "中国银行" },
	{ "rakuten", "楽夭カード 乐天カード", "楽天カード楽天カード" },
	{ "sun", "曰本 ２曰 曰く", "日本 2日曰く" },

	/* hosts, spaces */
	{ "host", "amazon。co。jp です。ok", "amazon.co.jp です。ok" },
	{ "slash", "a∕b", "a/b" },
	{ "spaces between", "お 客 様　各位", "お客様各位" },
	{ "lines", "重要な\r\nお知らせ", "重要なお知らせ" },
	{ "spaces with Latin", "楽天 Card 番号", "楽天 card 番号" },
	{ "korean keeps its spaces", "안녕 하세요", "안녕 하세요" },
	{ "empty", "", "" },
	{ "blank", " \r\n　", "" },
};

static km_sv key(km_arena *a, km_sv v, km_view_stats *st)
{
	km_sv out;

	assert_int_equal(km_view_key(a, v, &out, st), KM_OK);
	assert_true(km_utf8_valid(out));
	return out;
}

static void test_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_sv once = key(a, in, NULL);

		test_sv_is(once, cases[i].key, cases[i].name);
		test_sv_is(key(a, once, NULL), cases[i].key, cases[i].name);
		test_drop(in);
		km_arena_free(a);
	}
}

static const struct {
	const char *in, *display;
} displays[] = {
	{ "plain", "plain" },
	{ "日本語\r\n\t", "日本語\r\n\t" },
	{ "a\xE2\x80\xAE"
	  "fdp.exe",
	  "afdp.exe" },
	{ "\xE2\x80\x8B"
	  "a\x07"
	  "b\xC2\xAD",
	  "ab" },
	{ "Ａ①カ", "Ａ①カ" },
	{ "\xEF\xBB\xBF", "" },
	{ "", "" },
};

static void test_display(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(displays); i++) {
		km_arena *a = km_arena_new(1 << 16);
		km_sv in = test_exact(displays[i].in, strlen(displays[i].in)), out;

		assert_int_equal(km_view_display(a, in, &out, NULL), KM_OK);
		test_sv_is(out, displays[i].display, displays[i].in);
		if (in.n == out.n)
			assert_ptr_equal(in.p, out.p);
		test_drop(in);
		km_arena_free(a);
	}
}

static void test_stats(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 16);
	km_view_stats st;

	(void)key(a,
		  KM_S("a\xC2\xAD\xE2\x80\xAE\x01"
		       "Ａ①𝐁🅲 力ード"),
		  &st);
	assert_int_equal(st.chars, 12);
	assert_int_equal(st.ignorable, 1);
	assert_int_equal(st.bidi, 1);
	assert_int_equal(st.control, 1);
	assert_int_equal(st.compat, 3);
	assert_int_equal(st.styled, 2);
	assert_int_equal(st.confusable, 1);
	assert_int_equal(st.kana, 3);
	assert_int_equal(st.latin, 4);

	(void)key(a, KM_S("お 客 様  の\n银行 银行 请"), &st);
	assert_int_equal(st.spaced, 6);
	assert_int_equal(st.zh_only, 2);
	assert_int_equal(st.confusable, 3);
	assert_int_equal(st.han, 7);

	(void)key(a, KM_S("Привет αβγ 안녕"), &st);
	assert_int_equal(st.cyrillic, 6);
	assert_int_equal(st.greek, 3);
	assert_int_equal(st.hangul, 2);

	km_sv out;
	assert_int_equal(km_view_display(a, KM_S("日\xE2\x80\x8B\xE2\x80\xAB\x02"), &out, &st),
			 KM_OK);
	assert_int_equal(st.chars, 4);
	assert_int_equal(st.ignorable, 1);
	assert_int_equal(st.bidi, 1);
	assert_int_equal(st.control, 1);
	km_arena_free(a);
}

/* What the tables call fast must be what ICU leaves alone and does not join; the default-ignorable
 * code points must be dropped; and what NFKC turns into kana must count as kana. */
static void test_classes(void **state)
{
	(void)state;
	UErrorCode e = U_ZERO_ERROR;
	const UNormalizer2 *cf = unorm2_getNFKCCasefoldInstance(&e);

	assert_true(U_SUCCESS(e));
	for (UChar32 c = 0x80; c < 0x110000; c++) {
		uint8_t is = km_view_class_of((uint32_t)c);
		unsigned cls = is & KM_VF_CLASS;

		if (cls == KM_VC_DROP || cls == KM_VC_BIDI) {
			assert_true(c == 0x2800 ||
				    u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT));
			continue;
		}
		if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
			fail_msg("U+%04X is ignorable", (unsigned)c);
		if (is & KM_VF_SLOW || (c >= 0xD800 && c <= 0xDFFF) || cls == KM_VC_SPACE ||
		    cls == KM_VC_CONTROL || cls == KM_VC_FULLWIDTH || cls == KM_VC_WAVE ||
		    cls == KM_VC_HYPHEN)
			continue;
		if (unorm2_getCombiningClass(cf, c) || !unorm2_hasBoundaryBefore(cf, c))
			fail_msg("U+%04X is not fast", (unsigned)c);
		UChar u[2];
		int32_t n = 0;
		U16_APPEND_UNSAFE(u, n, c);
		if (!unorm2_isNormalized(cf, u, n, &e))
			fail_msg("U+%04X changes", (unsigned)c);
	}
}

/* Look-alikes: into something that folds no further; capitals wherever there are small letters. */
static void test_folds(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < km_view_n_folds; i++) {
		const km_view_fold *f = &km_view_folds[i];
		int32_t upper = u_toupper(f->from);

		assert_ptr_equal(km_view_find_fold(f->from), f);
		assert_true(f->from != f->to);
		assert_false(km_view_class_of(f->to) & KM_VF_FOLD && f->rule != KM_VR_DASH);
		if (f->rule != KM_VR_LATIN && f->rule != KM_VR_LATIN_MIXED)
			continue;
		const km_view_fold *big = km_view_find_fold((uint32_t)upper);
		if (big == NULL || (f->rule == KM_VR_LATIN && big->rule != KM_VR_LATIN))
			fail_msg("U+%04X has no capital", f->from);
	}
	assert_true(km_view_n_folds > 200);
}

/* Long chains of look-alikes, in both directions, cost a constant number of steps each. */
static void test_linear(void **state)
{
	(void)state;
	static const char *const unit[] = { "卜",   "力", "夕",	 "ア力", "ア二一",
					    "へア", "口", "-ア", "曰" };

	for (size_t i = 0; i < KM_COUNT(unit); i++) {
		km_view_stats st = { 0 };
		km_text t = {
			.n = 60000, .last = true, .has_kana = 1, .has_foreign = 1, .st = &st
		};
		km_sv u = km_sv_of(unit[i]);

		t.v = malloc(t.n * sizeof(*t.v));
		for (size_t k = 0, at = 0; k < t.n; k++, at %= u.n)
			t.v[k] = km_item_of((uint32_t)km_utf8_next(u, &at));
		t.v[t.n - 1] = km_item_of(0x30A2);
		assert_true(km_text_fold_chars(&t) <= t.n * (KM_VIEW_KEEP_MAX + 2));
		free(t.v);
	}
}

/* Text of several stretches gives what its pieces give, @between them. */
static void test_stretches(void **state)
{
	(void)state;
	static const struct {
		const char *unit, *between;
		size_t confusable;
	} texts[] = {
		{ "Аccount 力ード for 安全 な ｶﾞ in use, ", " ", 2 },
		{ "力ードの確認、安全 な商品。\n", "", 1 },
		{ "あ", "", 0 },		       /* no place to part it */
		{ "\xEF\xB7\xBA", "", 0 },	       /* eighteen characters */
		{ "\xE3\x81\x8B\xE3\x82\x99", "", 0 }, /* KA with its mark, also where it is cut */
	};
	const size_t bytes = 200000;

	for (size_t c = 0; c < KM_COUNT(texts); c++) {
		km_sv unit = km_sv_of(texts[c].unit), between = km_sv_of(texts[c].between);
		size_t times = bytes / unit.n;
		char *text = malloc(unit.n * times);
		km_arena *a = km_arena_new(8 << 20);
		km_view_stats st;

		for (size_t i = 0; i < times; i++)
			memcpy(text + i * unit.n, unit.p, unit.n);
		km_sv one = key(a, unit, NULL), all = key(a, (km_sv){ text, unit.n * times }, &st);
		size_t step = one.n + between.n;
		assert_int_equal(all.n, step * times - between.n);
		for (size_t i = 0; i < times; i++)
			assert_memory_equal(all.p + i * step, one.p, one.n);
		assert_int_equal(st.confusable, texts[c].confusable * times);
		km_arena_free(a);
		free(text);
	}
}

/* Strings drawn from what the rules are about, and from all rules: the key of a key is itself. */
static void test_idempotent(void **state)
{
	(void)state;
	static const uint32_t others[] = {
		' ',	'\n',	0x3000, 0xA0,	'-',	0x2010,	 0x2212,  0x2015, 0x2500, 0x3042,
		0x304B, 0x30AB, 0x30A2, 0x30FC, 0xFF76, 0xFF9E,	 0xFF9F,  0x3099, 0x309A, 0x309B,
		0x309C, 0x65E5, 0x6F22, 0x3001, 0x3002, 'a',	 'Z',	  '5',	  0x0301, 0x0308,
		0x0345, 0x200B, 0xAD,	0x202E, 0x2164, 0x1D400, 0x1F170, 0xB4,	  0x1FB3, 0x0130,
		0xDF,	0x0436, 0x0416, 0x03A9, 0x0391, 0xAC00,	 0x1100,  0x1161, 0x11A8, 0x3300,
		0xFDFA, 0x0663, 0xFF0D, 0xFF5E, 0xFF21, 0x30F6,	 0x30E3,  0x30C3, 0x30B3, 0x30DF,
		0x697D, 0x20E3, 0x2044, 0xBD,	0x01C4, 0x1E9E,	 0x0587,  0x1C80,
	};
	km_arena *a = km_arena_new(1 << 20);
	uint64_t seed = 1;

	for (size_t round = 0; round < 200000; round++) {
		km_buf b;
		size_t n = 1 + round % 11;

		km_buf_init(&b, a, 256);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			size_t r = seed >> 33;
			km_utf8_add(
				&b,
				(int32_t)(r & 1 ? others[(r >> 1) % KM_COUNT(others)]
						: km_view_folds[(r >> 1) % km_view_n_folds].from));
		}
		km_sv once = key(a, km_buf_sv(&b), NULL), twice = key(a, once, NULL);
		if (!km_sv_eq(once, twice))
			fail_msg("%.*s: %.*s: %.*s", KM_FMT(km_buf_sv(&b)), KM_FMT(once),
				 KM_FMT(twice));
		km_arena_reset(a);
	}
	km_arena_free(a);
}

/* More marks than anybody writes, an expansion, and too small an arena: bounded, valid. */
static void test_bounds(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	char marks[4001] = "a";

	for (size_t i = 1; i < sizeof(marks); i += 2)
		memcpy(marks + i, i % 3 ? "\xCC\x81" : "\xCC\xA3", 2);
	km_sv once = key(a, (km_sv){ marks, sizeof(marks) }, NULL);
	assert_true(once.n <= 1 + 2 * 31);
	km_sv twice = key(a, once, NULL);
	assert_true(km_sv_eq(once, twice));
	once = key(a, KM_S("\xEF\xB7\xBA\xEF\xB7\xBA"), NULL);
	twice = key(a, once, NULL);
	assert_true(km_sv_eq(once, twice));
	km_arena_free(a);

	km_sv out;
	a = km_arena_new(64);
	assert_int_equal(km_view_key(a, (km_sv){ marks, sizeof(marks) }, &out, NULL), KM_LIMIT);
	assert_true(km_utf8_valid(out));
	memset(marks, 'x', sizeof(marks));
	assert_int_equal(km_view_key(a, (km_sv){ marks, sizeof(marks) }, &out, NULL), KM_LIMIT);
	marks[5] = '\1';
	assert_int_equal(km_view_display(a, (km_sv){ marks, sizeof(marks) }, &out, NULL), KM_LIMIT);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),	   cmocka_unit_test(test_display),
		cmocka_unit_test(test_stats),	   cmocka_unit_test(test_classes),
		cmocka_unit_test(test_folds),	   cmocka_unit_test(test_linear),
		cmocka_unit_test(test_stretches),  cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_idempotent),
	};
	return cmocka_run_group_tests_name("text/view", tests, NULL, NULL);
}
