#include "mail/encword.h"

#include "test.h"

enum { MALFORMED = 1, SPLIT = 2, MIXED = 4, MISMATCH = 8, RAW = 16, BAD = 32 };

#define A   "\xe3\x81\x82"    /* あ */
#define AI  A "\xe3\x81\x84"  /* あい */
#define AIU AI "\xe3\x81\x86" /* あいう */

static const struct {
	const char *name, *in, *out;
	size_t words;
	int flags;
} cases[] = {
	{ "plain", "Hello world", "Hello world", 0, 0 },
	{ "fold", "Hello\r\n world", "Hello world", 0, 0 },
	{ "tab fold", "Hello\n\tworld", "Hello world", 0, 0 },
	/* RFC 2047 section 8 */
	{ "rfc a", "=?ISO-8859-1?Q?a?=", "a", 1, 0 },
	{ "rfc a b", "=?ISO-8859-1?Q?a?= b", "a b", 1, 0 },
	{ "rfc adjacent", "=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab", 2, 0 },
	{ "rfc folded", "=?ISO-8859-1?Q?a?=\r\n  =?ISO-8859-1?Q?b?=", "ab", 2, 0 },
	{ "rfc underscore", "=?ISO-8859-1?Q?a_b?=", "a b", 1, 0 },
	{ "rfc space", "=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?_b?=", "a b", 2, 0 },
	{ "rfc comment", "(=?ISO-8859-1?Q?a?=)", "(a)", 1, 0 },
	{ "latin", "=?iso-8859-1?Q?Andr=E9?=", "Andr\xc3\xa9", 1, 0 },
	{ "language", "=?utf-8*ja-JP?B?44GC?=", A, 1, 0 },
	{ "lower case", "=?utf-8?b?44GC?= =?UTF-8?q?=e3=81=84?=", AI, 2, 0 },
	{ "empty word",
	  "=?utf-8?Q?"
	  "?=x",
	  "x", 1, MALFORMED },
	/* split inside characters */
	{ "utf-8 split, B", "=?UTF-8?B?44GC44E=?= =?UTF-8?B?hA==?=", AI, 2, SPLIT },
	{ "utf-8 split, Q", "=?UTF-8?Q?=E3=81?= =?UTF-8?Q?=82?=", A, 2, SPLIT },
	{ "utf-8 split, B and Q", "=?UTF-8?B?4w==?=\n =?utf-8?Q?=81=82?=", A, 2, SPLIT },
	{ "jis whole", "=?ISO-2022-JP?B?GyRCJCIbKEI=?= =?iso-2022-jp?B?GyRCJCQbKEI=?=", AI, 2, 0 },
	{ "jis split in character", "=?ISO-2022-JP?B?GyRCJCIk?= =?ISO-2022-JP?B?JBsoQg==?=", AI, 2,
	  SPLIT },
	{ "jis no return to ascii", "=?ISO-2022-JP?B?GyRCJCI=?= =?ISO-2022-JP?B?GyRCJCQbKEI=?=", AI,
	  2, 0 },
	{ "sjis split", "=?Shift_JIS?B?gqCC?= =?Shift_JIS?B?og==?=", AI, 2, SPLIT },
	{ "euc split", "=?EUC-JP?B?pKKk?= =?EUC-JP?B?pA==?=", AI, 2, SPLIT },
	/* broken syntax */
	{ "spaces inside, Q", "=?utf-8?Q?a b c?=", "a b c", 1, MALFORMED },
	{ "spaces inside, B", "=?utf-8?B?44GC 44GE?=", AI, 1, MALFORMED },
	{ "folded inside", "=?utf-8?B?44GC\r\n 44GE?=", AI, 1, MALFORMED },
	{ "no end", "=?utf-8?B?44GC", A, 1, MALFORMED },
	{ "half an end", "=?utf-8?B?44GC?", A, 1, MALFORMED },
	{ "no end, then text", "=?utf-8?B?44GC and so on", A " and so on", 1, MALFORMED },
	{ "no end, then a word", "=?utf-8?B?44GC =?utf-8?B?44GE?=", AI, 2, MALFORMED },
	{ "no space between", "=?UTF-8?Q?=E3=81=82?==?UTF-8?Q?=E3=81=84?=", AI, 2, MALFORMED },
	{ "no space around", "a=?UTF-8?Q?=E3=81=82?=b", "a" A "b", 1, MALFORMED },
	{ "quoted", "\"=?utf-8?B?44GC?=\"", "\"" A "\"", 1, MALFORMED },
	{ "padding in the middle", "=?utf-8?B?44GCYQ==44GE?=", A "a\xe3\x81\x84", 1, MALFORMED },
	{ "padding missing", "=?utf-8?B?44GCYQ?=", A "a", 1, MALFORMED },
	{ "raw question mark", "=?utf-8?Q?So?=20it=20is?=", "So? it is", 1, 0 },
	{ "hex after the end", "=?utf-8?Q?So?= 20 =?utf-8?Q?x?=", "So 20 x", 2, 0 },
	{ "stray equals", "=?utf-8?Q?a=b=?=", "a=b=", 1, MALFORMED },
	{ "no charset",
	  "=?"
	  "?B?44GC?=",
	  A, 1, 0 },
	{ "controls inside", "=?utf-8?Q?a=0D=0Ab=00c?=", "a  b c", 1, 0 },
	/* not words */
	{ "unknown encoding", "=?utf-8?X?44GC?=", "=?utf-8?X?44GC?=", 0, 0 },
	{ "no encoding", "=?utf-8?44GC?=", "=?utf-8?44GC?=", 0, 0 },
	{ "space in charset", "=?utf 8?B?44GC?=", "=?utf 8?B?44GC?=", 0, 0 },
	{ "only marks", "=?=?=?=?", "=?=?=?=?", 0, 0 },
	/* charsets */
	{ "mixed", "=?utf-8?B?44GC?= =?ISO-2022-JP?B?GyRCJCQbKEI=?=", AI, 2, MIXED },
	{ "aliases are one", "=?x-sjis?B?gqA=?= =?Shift_JIS?B?gqI=?=", AI, 2, 0 },
	{ "raw utf-8", AIU, AIU, 0, RAW },
	{ "raw jis", "\x1b$B$\"$$$&\x1b(B", AIU, 0, RAW },
	{ "raw jis that looks like a word", "\x1b$B=?=?=?B?=?\x1b(B",
	  "\xe6\x88\x8e\xe6\x88\x8e\xe6\x88\x8e\xe5\xa4\x9a\xe6\x88\x8e", 0, RAW },
	{ "raw next to a word", "\xe3\x81\x82 =?utf-8?B?44GE?=", A " \xe3\x81\x84", 1, RAW },
};

static void check_flags(const char *name, const km_encword_info *info, size_t words, int flags)
{
	int got = info->malformed * MALFORMED + info->split_char * SPLIT +
		  info->mixed_charsets * MIXED + info->mismatch * MISMATCH + info->raw_8bit * RAW +
		  (info->bad != 0) * BAD;

	if (info->words != words || got != flags)
		fail_msg("%s: %zu words, flags %d", name, info->words, got);
}

static void test_table(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in)), out;
		km_encword_info info;

		assert_int_equal(km_encword_decode(a, in, &out, &info), KM_OK);
		test_sv_is(out, cases[i].out, cases[i].name);
		check_flags(cases[i].name, &info, cases[i].words, cases[i].flags);
		test_drop(in);
	}
	km_arena_free(a);
}

static void test_charset(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_encword_info info;
	km_sv out;

	assert_int_equal(km_encword_decode(a, KM_S("x"), &out, &info), KM_OK);
	assert_null(info.charset);
	assert_int_equal(km_encword_decode(a, KM_S("=?iso-2022-jp?B?GyRCJCIbKEI=?="), &out, &info),
			 KM_OK);
	assert_string_equal(km_charset_name(info.charset), "iso-2022-jp");
	km_arena_free(a);
}

static void test_limit(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 22);
	static const char w[] = "=?utf-8?Q?a?= ";
	size_t n = KM_MAX_ENCODED_WORDS + 1;
	char *p = malloc(n * 14);
	km_encword_info info;
	km_sv out;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		memcpy(p + i * 14, w, 14);
	assert_int_equal(km_encword_decode(a, (km_sv){ p, n * 14 }, &out, &info), KM_OK);
	assert_int_equal(info.words, KM_MAX_ENCODED_WORDS);
	assert_int_equal(info.limits, 1u << KM_LIMIT_ENCODED_WORDS);
	assert_true(km_sv_ends(out, KM_S("aa =?utf-8?Q?a?=")));
	free(p);
	km_arena_free(a);
}

static void test_length(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t n;
	} rows[] = {
		{ "=?utf-8?Q?a,b?= c", 15 },
		{ "=?utf-8?Q?a b?=", 0 },
		{ "=?utf-8?Q?ab", 0 },
		{ "x=?utf-8?Q?ab?=", 0 },
		{ "", 0 },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++)
		assert_int_equal(km_encword_length(km_sv_of(rows[i].in)), rows[i].n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_charset),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_length),
	};
	return cmocka_run_group_tests_name("mail/encword", tests, NULL, NULL);
}
