#include "fact/fact.h"
#include "test.h"
#include "text/utf8.h"

enum { LONGEST_REPLY = 90 };

static const km_fact_id every_fact[] = {
#define KM_FACT(id, ...) KM_FACT_##id,
#include "fact/facts.def"
#undef KM_FACT
};

/* Bits of the placeholders in @text: {seen} 1, {1} 2, {2} 4, {3} 8; anything else fails. */
static unsigned placeholders(const char *id, const char *text)
{
	static const char *const known[] = { "{seen}", "{1}", "{2}", "{3}" };
	unsigned set = 0;

	for (const char *open = strchr(text, '{'); open; open = strchr(open + 1, '{')) {
		unsigned bit = 0;
		for (unsigned i = 0; i < KM_COUNT(known); i++)
			if (strncmp(open, known[i], strlen(known[i])) == 0)
				bit = 1u << i;
		if (bit == 0)
			fail_msg("%s: unknown placeholder in: %s", id, text);
		set |= bit;
	}
	const char *from = strstr(text, "[["), *to = strstr(text, "]]");
	if (!from != !to || from > to || (to && strstr(to, "[[")))
		fail_msg("%s: [[ ]] do not match in: %s", id, text);
	return set;
}

/* Names that the languages write differently: {1} in Japanese is {3} in English. */
static unsigned same_in_both(const km_fact_info *f, unsigned set)
{
	bool named = f->group == KM_GROUP_brand || f->group == KM_GROUP_link;

	return named && set & 8 ? (set & ~8u) | 2 : set;
}

static void check_english(const char *id, const char *text)
{
	size_t n = strlen(text);

	if (n < 10 || text[n - 1] != '.')
		fail_msg("%s: no sentence: %s", id, text);
	for (size_t i = 0; i < n; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			fail_msg("%s: not ASCII: %s", id, text);
}

static void check_japanese(const char *id, const char *text)
{
	if (!km_sv_ends(km_sv_of(text), KM_S("。")) || !km_utf8_valid(km_sv_of(text)))
		fail_msg("%s: no Japanese sentence: %s", id, text);
}

static void test_sentences(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(every_fact); i++) {
		const km_fact_info *f = km_fact_describe(every_fact[i]);
		for (int r = 0; r < KM_READERS; r++) {
			check_japanese(f->id, f->sentence[r][KM_JA]);
			check_english(f->id, f->sentence[r][KM_EN]);
			if (same_in_both(f, placeholders(f->id, f->sentence[r][KM_JA])) !=
			    same_in_both(f, placeholders(f->id, f->sentence[r][KM_EN])))
				fail_msg("%s: the languages show different values", f->id);
		}
		/* Stands in an SMTP reply, which ends at 512 bytes. */
		if (strlen(f->sentence[KM_FOR_SENDER][KM_EN]) > LONGEST_REPLY)
			fail_msg("%s: too long for a reply", f->id);
	}
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(every_fact); i++) {
		/* by_name finds the first of a name, so a second row of that name shows here */
		assert_int_equal(km_fact_by_name(km_sv_of(km_fact_describe(every_fact[i])->id)),
				 every_fact[i]);
		assert_true(km_fact_describe(every_fact[i])->points >= -1 &&
			    km_fact_describe(every_fact[i])->points <= 6);
	}
	for (km_group g = 0; g < KM_GROUP_COUNT; g++)
		assert_int_equal(km_group_by_name(km_sv_of(km_group_name(g))), g);
	assert_int_equal(km_fact_by_name(KM_S("FROM_")), KM_FACT_COUNT);
	assert_int_equal(km_fact_by_name(KM_S("")), KM_FACT_COUNT);
	assert_int_equal(km_group_by_name(KM_S("nothing")), KM_GROUP_COUNT);
}

/* Every limit names a fact that exists. */
static void test_limits(void **state)
{
	(void)state;
#define X(name, value, unit, fact, what)                                                           \
	if (strcmp(#fact, "LIMIT_NONE") != 0)                                                      \
		assert_int_not_equal(km_fact_by_name(KM_S(#fact)), KM_FACT_COUNT);
	KM_LIMITS(X)
#undef X
}

static const struct {
	const char *name, *seen, *want;
} fills[] = {
	{ "plain", "x.pdf", "The attached file \"x.pdf\" is not what it claims to be." },
	{ "empty", "", "The attached file \"-\" is not what it claims to be." },
	{ "control", "a\r\n\tb\x1b[0m",
	  "The attached file \"ab[0m\" is not what it claims to be." },
	{ "c1",
	  "a\xc2\x9b"
	  "b",
	  "The attached file \"ab\" is not what it claims to be." },
	{ "override",
	  "a\xe2\x80\xae"
	  "fdp.exe",
	  "The attached file \"afdp.exe\" is not what it claims to be." },
	{ "long", "a name of more than sixteen bytes ~ and of more than thirty-two",
	  "The attached file \"a name of more than sixteen bytes ~ and of more than thirty-two\" "
	  "is "
	  "not what it claims to be." },
	{ "control in a long one",
	  "0123456789abcdef\x7f"
	  "0123456789\x1b"
	  "abcdefghij\n",
	  "The attached file \"0123456789abcdef0123456789abcdefghij\" is not what it claims to "
	  "be." },
	{ "only control", "\x01", "The attached file \"-\" is not what it claims to be." },
	{ "placeholder", "{1}{seen}",
	  "The attached file \"{1}{seen}\" is not what it claims to be." },
	{ "bad utf-8", "a\xff",
	  "The attached file \"a\xef\xbf\xbd\" is not what it claims to be." },
};

static void test_fill(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_facts fs;

	km_facts_init(&fs, a);
	for (size_t i = 0; i < KM_COUNT(fills); i++) {
		km_sv seen = test_exact(fills[i].seen, strlen(fills[i].seen));
		const km_fact *f = km_fact_add(&fs, KM_FACT_TYPE_MISMATCH, seen, 1, 10, 20);
		test_drop(seen); /* it was copied */
		test_sv_is(km_fact_sentence(a, f, KM_FOR_RECIPIENT, KM_EN), fills[i].want,
			   fills[i].name);
	}
	km_fact *f = km_fact_add(&fs, KM_FACT_LINK_USERINFO, KM_S(""), 0, 0, 0);
	km_fact_arg(&fs, f, 1, KM_S("bank.example"));
	km_fact_arg(&fs, f, 2, KM_S("evil.example"));
	TEST_SV(km_fact_sentence(a, f, KM_FOR_ADMIN, KM_JA),
		"リンクの URL に userinfo がある（bank.example@evil.example）。");
	f = km_fact_add(&fs, KM_FACT_ORIGIN_UNPROVEN, KM_S(""), -1, 0, 0);
	km_fact_arg(&fs, f, 1, KM_S("bank.example"));
	TEST_SV(km_fact_sentence(a, f, KM_FOR_ADMIN, KM_EN),
		"Origin: From says bank.example; nothing is proven.");
	km_fact_arg(&fs, f, 2, KM_S("192.0.2.1"));
	TEST_SV(km_fact_sentence(a, f, KM_FOR_ADMIN, KM_EN),
		"Origin: From says bank.example, the client is 192.0.2.1; nothing is proven.");
	km_arena_free(a);
}

static void test_cut(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_facts fs;
	char bytes[3000];

	km_facts_init(&fs, a);
	memset(bytes, 0xff, sizeof(bytes));
	km_sv v = test_exact(bytes, sizeof(bytes));
	km_fact *f = km_fact_add(&fs, KM_FACT_SUBJECT_EMPTY, v, -1, 0, 0);
	assert_true(f->seen.n > 0 && f->seen.n <= KM_MAX_SEEN_BYTES);
	assert_true(km_utf8_valid(f->seen));
	km_fact_arg(&fs, f, 3, v);
	assert_true(f->arg[2].n > 0 && f->arg[2].n <= KM_MAX_SEEN_BYTES);
	test_drop(v);
	km_arena_free(a);
}

static void test_bounds(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_facts fs;

	km_facts_init(&fs, a);
	assert_false(km_facts_has(&fs, KM_FACT_HTML_ONLY));
	for (int i = 0; i < KM_MAX_FACTS; i++)
		assert_non_null(km_fact_add(&fs, KM_FACT_HTML_ONLY, KM_S("x"), i, 0, 0));
	assert_false(fs.cut);
	assert_null(km_fact_add(&fs, KM_FACT_ZERO_WIDTH, KM_S("x"), 0, 0, 0));
	km_fact_arg(&fs, NULL, 1, KM_S("x")); /* the refused fact */
	assert_true(fs.cut);
	assert_int_equal(fs.n, KM_MAX_FACTS);
	assert_int_equal(fs.f[KM_MAX_FACTS - 1].part, KM_MAX_FACTS - 1);
	assert_true(km_facts_has(&fs, KM_FACT_HTML_ONLY));
	assert_false(km_facts_has(&fs, KM_FACT_ZERO_WIDTH));
	km_arena_free(a);

	a = km_arena_new(64);
	km_facts_init(&fs, a);
	assert_null(km_fact_add(&fs, KM_FACT_HTML_ONLY, KM_S("x"), 0, 0, 0));
	assert_true(fs.cut);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sentences), cmocka_unit_test(test_names),
		cmocka_unit_test(test_limits),	  cmocka_unit_test(test_fill),
		cmocka_unit_test(test_cut),	  cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests_name("fact/fact", tests, NULL, NULL);
}
