#include <math.h>

#include "policy/policy.h"
#include "test.h"

#define TOLD "recipient: {ja: あ, en: a}, admin: {ja: あ, en: a}, sender: {ja: あ, en: a}"

/* Points that are easy to add up; HTML_ONLY is of group mime, DATE_* of structure. */
static const char pack_text[] =
	"version: t1\n"
	"thresholds: {tag: 6, reject: 15}\n"
	"probability: {even: 6, slope: 0.5}\n"
	"caps: {structure: 4, list: 1}\n"
	"points: {HTML_ONLY: 1, DATE_MISSING: 3, DATE_PAST: 2, DATE_FUTURE: 1, LIST_MAIL: -2,\n"
	"  LINK_FORM: 6, LINK_SCRIPT: 9, LINK_IP_HOST: 0.1, META_REFRESH: 0.2, DATE_UNREADABLE: "
	"0}\n"
	"composites:\n"
	"- {id: BOTH, all: [HTML_ONLY, DATE_PAST], points: 0.5, " TOLD "}\n"
	"- {id: ONE, any: [NUL_BYTES, MIXED_EOL], not: [HTML_ONLY], points: 10, " TOLD "}\n"
	"- {id: TWO, at_least: {n: 2, of: [DATE_PAST, DATE_FUTURE, DATE_MISSING]}, points: -0.25, "
	"" TOLD "}\n"
	"- {id: LINKED, any: [link]}\n"
	"- {id: NESTED, all: [LINKED, BOTH], points: 1, " TOLD "}\n"
	"classes:\n"
	"- {class: malware, category: malware, when: {all: [PROGRAM_ATTACHED]}, advice: app}\n"
	"- {class: phish, category: phish_bank, when: {any: [LINKED]}, min_score: 6}\n"
	"- {class: bulk, when: {any: [list]}, min_score: 1}\n"
	"- {class: spam, min_score: 6}\n"
	"overrides:\n"
	"  strict.example: {thresholds: {tag: 1, quarantine: 2, reject: 5}}\n"
	"  b@strict.example: {thresholds: {reject: off}}\n"
	"  off.example: {off: true}\n"
	"  On@off.example: {off: false}\n"
	"  mild.example: {points: {LINK_FORM: 0, BOTH: 3}, thresholds: {tag: off, reject: off}}\n";

#define E(name) KM_FACT_##name + 1 /* 0 ends a row */

static const struct {
	const char *name;
	int facts[6];
	const char *rcpt[4];
	double score;
	km_action action;
	km_class class;
	const char *why;
} cases[] = {
	{ "nothing", { 0 }, { 0 }, 0, KM_ACTION_ACCEPT, KM_CLASS_HAM, "score 0 is below tag 6" },
	{ "one",
	  { E(HTML_ONLY) },
	  { 0 },
	  1,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 1 is below tag 6" },
	{ "seen twice, counts once",
	  { E(HTML_ONLY), E(HTML_ONLY) },
	  { 0 },
	  1,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 1 is below tag 6" },
	{ "decimals",
	  { E(LINK_IP_HOST), E(META_REFRESH) },
	  { 0 },
	  0.3,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 0.3 is below tag 6" },
	{ "just the threshold",
	  { E(LINK_FORM) },
	  { 0 },
	  6,
	  KM_ACTION_TAG,
	  KM_CLASS_PHISH,
	  "score 6 is at or over tag 6" },
	{ "over the last",
	  { E(LINK_FORM), E(LINK_SCRIPT) },
	  { "x@example.jp" },
	  15,
	  KM_ACTION_REJECT,
	  KM_CLASS_PHISH,
	  "score 15 is at or over reject 15" },
	{ "cap of a group",
	  { E(DATE_MISSING), E(DATE_PAST) },
	  { 0 },
	  3.75,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 3.75 is below tag 6" },
	{ "cap against",
	  { E(LIST_MAIL) },
	  { 0 },
	  -1,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score -1 is below tag 6" },
	{ "all",
	  { E(HTML_ONLY), E(DATE_PAST) },
	  { 0 },
	  3.5,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 3.5 is below tag 6" },
	{ "any",
	  { E(DATE_UNREADABLE), E(MIXED_EOL) },
	  { 0 },
	  10.2,
	  KM_ACTION_TAG,
	  KM_CLASS_SPAM,
	  "score 10.2 is at or over tag 6" },
	{ "not",
	  { E(HTML_ONLY), E(MIXED_EOL) },
	  { 0 },
	  1.2,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 1.2 is below tag 6" },
	{ "at least, a composite in a composite",
	  { E(HTML_ONLY), E(DATE_PAST), E(DATE_FUTURE), E(LINK_FORM) },
	  { 0 },
	  11.25,
	  KM_ACTION_TAG,
	  KM_CLASS_PHISH,
	  "score 11.25 is at or over tag 6" },
	{ "class without score",
	  { E(PROGRAM_ATTACHED) },
	  { 0 },
	  4,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_MALWARE,
	  "score 4 is below tag 6" },
	{ "a group that speaks for the message is not there",
	  { E(LIST_MAIL), E(HTML_ONLY), E(DATE_MISSING) },
	  { 0 },
	  3,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 3 is below tag 6" },
	{ "domain",
	  { E(DATE_PAST) },
	  { "A@STRICT.example" },
	  2,
	  KM_ACTION_QUARANTINE,
	  KM_CLASS_HAM,
	  "score 2 is at or over quarantine 2, as set for strict.example" },
	{ "address builds on its domain",
	  { E(LINK_FORM) },
	  { "b@strict.example" },
	  6,
	  KM_ACTION_QUARANTINE,
	  KM_CLASS_PHISH,
	  "score 6 is at or over quarantine 2, as set for b@strict.example" },
	{ "no subdomain",
	  { E(DATE_PAST) },
	  { "a@x.strict.example" },
	  2,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 2 is below tag 6" },
	{ "off",
	  { E(LINK_FORM), E(LINK_SCRIPT) },
	  { "a@off.example" },
	  15,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_PHISH,
	  "filtering is off for off.example" },
	{ "on again",
	  { E(LINK_FORM), E(LINK_SCRIPT) },
	  { "on@OFF.example" },
	  15,
	  KM_ACTION_REJECT,
	  KM_CLASS_PHISH,
	  "score 15 is at or over reject 15, as set for On@off.example" },
	{ "own points",
	  { E(LINK_FORM), E(HTML_ONLY), E(DATE_PAST) },
	  { "x@mild.example" },
	  6,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_SPAM,
	  "no threshold is set, as set for mild.example" },
	{ "the mildest of several",
	  { E(LINK_FORM) },
	  { "a@strict.example", "z@example.jp", "b@strict.example" },
	  6,
	  KM_ACTION_TAG,
	  KM_CLASS_PHISH,
	  "score 6 is at or over tag 6" },
	{ "the mildest comes first",
	  { E(LINK_SCRIPT) },
	  { "a@off.example", "a@strict.example", "a@strict.example" },
	  9,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_PHISH,
	  "filtering is off for off.example" },
	{ "same action, lower score",
	  { E(LINK_FORM), E(HTML_ONLY), E(DATE_MISSING) },
	  { "a@off.example", "a@mild.example" },
	  4,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "no threshold is set, as set for mild.example" },
	{ "odd recipients",
	  { E(HTML_ONLY) },
	  { "", "@", "strict.example" },
	  1,
	  KM_ACTION_ACCEPT,
	  KM_CLASS_HAM,
	  "score 1 is below tag 6" },
};

static km_pack *load(const char *text)
{
	km_err err = { 0 };
	km_pack *p;

	if (km_pack_parse(km_sv_of(text), "p.yaml", &p, &err) != KM_OK)
		fail_msg("%s", err.msg);
	return p;
}

static void run_case(km_arena *a, const km_pack *p, size_t i)
{
	km_sv rcpt[4];
	km_facts fs;
	km_verdict v;
	size_t n = 0;

	km_facts_init(&fs, a);
	for (const int *f = cases[i].facts; *f; f++)
		km_fact_add(&fs, (km_fact_id)(*f - 1), KM_S("x"), 0, 0, 0);
	for (; n < 4 && cases[i].rcpt[n]; n++)
		rcpt[n] = test_exact(cases[i].rcpt[n], strlen(cases[i].rcpt[n]));
	assert_int_equal(km_judge(a, p, &fs, rcpt, n, &v), KM_OK);
	while (n)
		test_drop(rcpt[--n]);
	if (fabs(v.score - cases[i].score) > 1e-9)
		fail_msg("%s: score %.10g, want %.10g", cases[i].name, v.score, cases[i].score);
	if (v.action != cases[i].action || v.class != cases[i].class)
		fail_msg("%s: %s %s", cases[i].name, km_action_name(v.action),
			 km_class_name(v.class));
	test_sv_is(km_sv_of(v.why_action[KM_EN]), cases[i].why, cases[i].name);
	assert_true(fabs(v.probability - 1 / (1 + exp(-(v.score - 6) / 2))) < 1e-9);
	assert_int_equal(v.n_facts, fs.n);
	for (size_t k = 1; k < v.n_facts; k++)
		assert_true(fabs(v.facts[k - 1].points) >= fabs(v.facts[k].points));
}

static void test_cases(void **state)
{
	km_arena *a = km_arena_new(4 << 20);
	km_pack *p = load(pack_text);

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena_reset(a);
		run_case(a, p, i);
	}
	km_pack_free(p);
	km_arena_free(a);
}

static void test_details(void **state)
{
	km_arena *a = km_arena_new(4 << 20);
	km_pack *p = load(pack_text);
	km_facts fs;
	km_verdict v;

	(void)state;
	km_facts_init(&fs, a);
	km_fact_add(&fs, KM_FACT_DATE_PAST, KM_S("weak"), 0, 0, 0)->weight = 0.5;
	km_fact_add(&fs, KM_FACT_DATE_PAST, KM_S("strong"), 0, 0, 0)->weight = 1.5;
	km_fact_add(&fs, KM_FACT_HTML_ONLY, KM_S(""), 0, 0, 0);
	km_fact_add(&fs, KM_FACT_DATE_MISSING, KM_S(""), 0, 0, 0);
	km_fact_add(&fs, KM_FACT_PROGRAM_ATTACHED, KM_S("a.exe"), 1, 0, 0);
	assert_int_equal(km_judge(a, p, &fs, NULL, 0, &v), KM_OK);
	/* 4 program, 3 + 3 dates capped at 4, 1 html, +0.5 BOTH, -0.25 TWO */
	assert_true(fabs(v.score - 9.25) < 1e-9);
	assert_int_equal(v.facts[0].fact->id, KM_FACT_PROGRAM_ATTACHED);
	TEST_SV(v.facts[1].fact->seen, "strong");
	assert_true(fabs(v.facts[1].points - 2) < 1e-9);
	assert_true(fabs(v.facts[1].uncapped - 3) < 1e-9);
	TEST_SV(v.facts[4].fact->seen, "weak");
	assert_true(fabs(v.facts[4].points) < 1e-9);
	assert_int_equal(v.n_composites, 2);
	assert_string_equal(v.composites[0].id, "BOTH");
	assert_string_equal(v.composites[1].id, "TWO");
	assert_true(fabs(v.composites[1].points + 0.25) < 1e-9);
	assert_int_equal(v.class, KM_CLASS_MALWARE);
	assert_string_equal(v.category, "malware");
	assert_string_equal(v.advice, "app");
	assert_null(v.brand);
	km_pack_free(p);
	km_arena_free(a);
}

static void test_full(void **state)
{
	km_arena *a = km_arena_new(1 << 20), *small = km_arena_new(2000);
	km_pack *p = load(pack_text);
	km_facts fs;
	km_verdict v;

	(void)state;
	km_facts_init(&fs, a);
	for (int i = 0; i < KM_MAX_FACTS; i++)
		km_fact_add(&fs, KM_FACT_HTML_ONLY, KM_S("x"), 0, 0, 0);
	assert_int_equal(km_judge(small, p, &fs, NULL, 0, &v), KM_NOMEM);
	assert_int_equal(km_judge(a, p, &fs, NULL, 0, &v), KM_OK);
	km_pack_free(p);
	km_arena_free(a);
	km_arena_free(small);
}

/* No one kind of oddity that honest programs show, and no two, may tag a message by itself. */
static void test_builtin(void **state)
{
	static const km_fact_id common[] = {
		KM_FACT_HTML_ONLY,
		KM_FACT_SUBJECT_EMPTY,
		KM_FACT_HEADER_8BIT,
		KM_FACT_MIXED_EOL,
		KM_FACT_HEADER_LONG_LINE,
		KM_FACT_ZERO_WIDTH,
		KM_FACT_HIDDEN_TEXT,
		KM_FACT_LINK_TEXT_MISMATCH,
		KM_FACT_LIST_MAIL,
		KM_FACT_REPLY_TO_OTHER_DOMAIN,
		KM_FACT_ENVELOPE_FROM_DIFFERS,
		KM_FACT_UNDISCLOSED_RECIPIENTS,
		KM_FACT_MIME_REPAIRED,
		KM_FACT_ARCHIVE_ATTACHED,
		KM_FACT_BASE64_TEXT_NEEDLESS,
		KM_FACT_DATE_PAST,
	};
	km_arena *a = km_arena_new(4 << 20);
	km_facts fs;
	km_pack *p;
	km_verdict v;

	(void)state;
	assert_int_equal(km_pack_load(NULL, &p, NULL), KM_OK);
	km_facts_init(&fs, a);
	for (size_t i = 0; i < KM_COUNT(common); i++)
		km_fact_add(&fs, common[i], KM_S("x"), 0, 0, 0);
	assert_int_equal(km_judge(a, p, &fs, NULL, 0, &v), KM_OK);
	if (v.action != KM_ACTION_ACCEPT || v.class != KM_CLASS_HAM)
		fail_msg("%s", v.why_action[KM_EN]);
	/* What others have found out for certain speaks for itself. */
	static const km_fact_id certain[] = { KM_FACT_LISTED_URL, KM_FACT_LISTED_FILE,
					      KM_FACT_VIRUS_FOUND };
	for (km_fact_id id = 0; id < KM_FACT_COUNT; id++) {
		bool alone = false;
		for (size_t i = 0; i < KM_COUNT(certain); i++)
			alone |= certain[i] == id;
		km_facts_init(&fs, a);
		km_fact_add(&fs, id, KM_S("x"), 0, 0, 0);
		assert_int_equal(km_judge(a, p, &fs, NULL, 0, &v), KM_OK);
		assert_int_equal(v.action != KM_ACTION_ACCEPT, alone);
	}
	km_pack_free(p);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_builtin),
	};
	return cmocka_run_group_tests_name("policy/judge", tests, NULL, NULL);
}
