#include "policy/policy.h"
#include "test.h"
#include "text/utf8.h"

static km_facts facts;
static km_verdict verdict;

/* Judges @ids (ended by KM_FACT_COUNT) with the built-in pack. */
static void judge(km_arena *a, const km_pack *p, const km_fact_id *ids)
{
	km_facts_init(&facts, a);
	for (; *ids != KM_FACT_COUNT; ids++) {
		km_fact *f = km_fact_add(&facts, *ids, KM_S("見た\r\n"), 0, 0, 0);
		km_fact_arg(&facts, f, 1, KM_S("one.example"));
		km_fact_arg(&facts, f, 2, KM_S("two.example"));
	}
	assert_int_equal(km_judge(a, p, &facts, NULL, 0, &verdict), KM_OK);
}

static const struct {
	const char *name;
	km_fact_id ids[4];
	const char *want[KM_READERS][KM_LANGS];
} cases[] = {
	{ "nothing",
	  { KM_FACT_COUNT },
	  { { "このメールはふつうのメールと思われます。そのまま届けました。",
	      "This looks like an ordinary message. It was delivered unchanged." },
	    { "動作 accept、スコア 0、分類 ham（none）、確率 0.015（スコア 0 は tag の 6 未満）。",
	      "Action accept, score 0, class ham (none), probability 0.015 (score 0 is below tag "
	      "6)." },
	    { "受け取りました。", "Message accepted." } } },
	{ "without points",
	  { KM_FACT_LIST_MAIL, KM_FACT_COUNT },
	  { { "このメールはふつうのメールと思われます。そのまま届けました。",
	      "This looks like an ordinary message. It was delivered unchanged." },
	    { "動作 accept、スコア 0、分類 ham（none）、確率 0.015（スコア 0 は tag の 6 未満）。",
	      "Action accept, score 0, class ham (none), probability 0.015 (score 0 is below tag "
	      "6)." },
	    { "受け取りました。", "Message accepted." } } },
	{ "a point against it",
	  { KM_FACT_SUBJECT_EMPTY, KM_FACT_COUNT },
	  { { "このメールはふつうのメールと思われます。そのまま届けました。次の点は迷惑メールにもよ"
	      "くありますが、これだけでにせものとは言えません。\n- 件名がありません。",
	      "This looks like an ordinary message. It was delivered unchanged. What follows is "
	      "often seen in junk mail, too; by itself it proves nothing.\n- The message has no "
	      "subject." },
	    { "動作 accept、スコア 0.2、分類 ham（none）、確率 0.017（スコア 0.2 は tag の 6 "
	      "未満）。\n- SUBJECT_EMPTY +0.2: Subject がないか空である。",
	      "Action accept, score 0.2, class ham (none), probability 0.017 (score 0.2 is below "
	      "tag 6).\n- SUBJECT_EMPTY +0.2: The Subject field is missing or empty." },
	    { "受け取りました。", "Message accepted." } } },
	{ "composite and cap",
	  { KM_FACT_PROGRAM_ATTACHED, KM_FACT_DOUBLE_EXTENSION, KM_FACT_FILENAME_BIDI,
	    KM_FACT_COUNT },
	  { { "このメールは危険なファイルを運ぶメールと思われます。注意のしるしを付けて届けました。"
	      "\n"
	      "- 添付ファイルは、別のものに見せかけたプログラムです。決して開かないでください。\n"
	      "- 添付ファイル「見た」はプログラムです。開くとコンピューターを乗っ取られるおそれがあ"
	      "ります。\n"
	      "- 添付ファイル「見た」は、書類に見せかけたプログラムです。開かないでください。\n"
	      "- "
	      "添付ファイルの名前が、本当の種類を隠すように細工されています。開かないでください。",
	      "This looks like a carrier of harmful files. It was delivered with a warning mark.\n"
	      "- The attached file is a program made to look like something else. Never open it.\n"
	      "- The attached file \"見た\" is a program. Opening it may hand over your computer "
	      "to "
	      "others.\n"
	      "- The attached file \"見た\" is a program that pretends to be a document. Do not "
	      "open it.\n"
	      "- The name of the attached file is forged to hide what it is. Do not open it." },
	    { "動作 tag、スコア 14、分類 malware（malware）、確率 0.996（スコア 14 は tag の 6 "
	      "以上）。\n"
	      "- PROGRAM_IN_DISGUISE +5: 添付されたプログラムの名前か種類が偽られている。\n"
	      "- PROGRAM_ATTACHED +3.6 (+4): プログラムが添付されている（見た、one.example）。\n"
	      "- DOUBLE_EXTENSION +2.7 (+3): 添付の拡張子が二重である（見た）。\n"
	      "- FILENAME_BIDI +2.7 (+3): 添付のファイル名に双方向制御文字がある（見た）。",
	      "Action tag, score 14, class malware (malware), probability 0.996 (score 14 is at or "
	      "over tag 6).\n"
	      "- PROGRAM_IN_DISGUISE +5: The name or type of an attached program is forged.\n"
	      "- PROGRAM_ATTACHED +3.6 (+4): A program is attached (見た, one.example).\n"
	      "- DOUBLE_EXTENSION +2.7 (+3): An attachment has a double extension (見た).\n"
	      "- FILENAME_BIDI +2.7 (+3): The file name of an attachment has bidirectional "
	      "controls "
	      "(見た)." },
	    { "受け取りましたが、危険なファイルを運ぶメールと思われます。\n"
	      "プログラムをメールで送らないでください。",
	      "Message accepted, but it looks like a carrier of harmful files.\n"
	      "Do not send programs by mail." } } },
};

static void test_cases(void **state)
{
	km_arena *a = km_arena_new(4 << 20);
	km_pack *p;

	(void)state;
	assert_int_equal(km_pack_load(NULL, &p, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		judge(a, p, cases[i].ids);
		for (int r = 0; r < KM_READERS; r++)
			for (int l = 0; l < KM_LANGS; l++)
				test_sv_is(km_explain(a, &verdict, (km_reader)r, (km_lang)l),
					   cases[i].want[r][l], cases[i].name);
	}
	km_pack_free(p);
	km_arena_free(a);
}

static size_t count_lines(km_sv text)
{
	size_t n = 0;
	km_sv line;

	while (km_sv_line(&text, &line))
		n++;
	return n;
}

/* Whatever was decided, each reader gets a text of the promised form. */
static void check_form(km_arena *a)
{
	for (int r = 0; r < KM_READERS; r++)
		for (int l = 0; l < KM_LANGS; l++) {
			km_sv text = km_explain(a, &verdict, (km_reader)r, (km_lang)l);
			assert_true(text.n > 0 && text.p[text.n - 1] != '\n');
			assert_true(km_utf8_valid(text));
			assert_true(count_lines(text) <= (r == KM_FOR_SENDER ? 2 : 10));
			assert_int_equal(km_sv_find(text, KM_S("%"), 0), text.n);
		}
}

static void test_every_verdict(void **state)
{
	km_arena *a = km_arena_new(8 << 20);
	km_pack *p;

	(void)state;
	assert_int_equal(km_pack_load(NULL, &p, NULL), KM_OK);
	km_facts_init(&facts, a);
	for (km_fact_id id = 0; id < KM_FACT_COUNT; id++)
		km_fact_add(&facts, id, KM_S("x"), 0, 0, 0);
	assert_int_equal(km_judge(a, p, &facts, NULL, 0, &verdict), KM_OK);
	for (int action = 0; action < KM_ACTIONS; action++)
		for (int class = 0; class < KM_CLASSES; class ++) {
			verdict.action = (km_action)action;
			verdict.class = (km_class) class;
			check_form(a);
		}
	/* Ham that is not let through must not be called ordinary. */
	verdict.class = KM_CLASS_HAM;
	km_sv text = km_explain(a, &verdict, KM_FOR_RECIPIENT, KM_EN);
	assert_int_equal(km_sv_find(text, KM_S("ordinary message"), 0), text.n);
	km_pack_free(p);
	km_arena_free(a);
}

/* Half a text is none. */
static void test_full(void **state)
{
	static const km_fact_id ids[] = { KM_FACT_FROM_MULTIPLE, KM_FACT_DATE_MISSING,
					  KM_FACT_HTML_ONLY, KM_FACT_COUNT };
	km_arena *a = km_arena_new(4 << 20);
	size_t empty = 0, whole = 0;
	km_pack *p;

	(void)state;
	assert_int_equal(km_pack_load(NULL, &p, NULL), KM_OK);
	judge(a, p, ids);
	km_sv want = km_explain(a, &verdict, KM_FOR_ADMIN, KM_JA);
	for (size_t cap = 0; cap < 8000; cap += 50) {
		km_arena *small = km_arena_new(cap);
		km_sv text = km_explain(small, &verdict, KM_FOR_ADMIN, KM_JA);
		assert_true(text.n == 0 || km_sv_eq(text, want));
		empty += text.n == 0;
		whole += text.n > 0;
		km_arena_free(small);
	}
	assert_true(empty > 5 && whole > 5);
	km_pack_free(p);
	km_arena_free(a);
}

/* What speaks for the message is shown to people here, not to the sender as a fault. */
static void test_in_favour(void **state)
{
	static const char text[] = "version: t\nthresholds: {tag: -5}\nclasses: []\n"
				   "probability: {even: 6, slope: 1}\npoints: {HTML_ONLY: -3}\n";
	static const km_fact_id ids[] = { KM_FACT_HTML_ONLY, KM_FACT_DATE_PAST, KM_FACT_COUNT };
	km_arena *a = km_arena_new(4 << 20);
	km_pack *p;

	(void)state;
	assert_int_equal(km_pack_parse(km_sv_of(text), "t", &p, NULL), KM_OK);
	judge(a, p, ids);
	km_sv admin = km_explain(a, &verdict, KM_FOR_ADMIN, KM_EN);
	assert_true(km_sv_find(admin, KM_S("HTML_ONLY -3"), 0) < admin.n);
	TEST_SV(km_explain(a, &verdict, KM_FOR_SENDER, KM_EN),
		"Message accepted, but it looks like a message with something odd about it.\n"
		"Set the clock of the sending machine.");
	km_pack_free(p);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_every_verdict),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_in_favour),
	};
	return cmocka_run_group_tests_name("policy/explain", tests, NULL, NULL);
}
