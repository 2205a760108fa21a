/* Every double byte of the Japanese charsets, against the C library's iconv where that knows it. */
#include <iconv.h>

#include "test.h"
#include "text/jis.h"
#include "text/utf8.h"

typedef void decode_fn(km_buf *out, km_sv in, size_t *bad);

/* Where iconv follows JIS and we, like all mail programs, CP932 (text_engineering: wave dash). */
static const struct {
	int32_t jis, cp932;
} apart[] = {
	{ 0x301C, 0xFF5E }, { 0x2016, 0x2225 }, { 0x2212, 0xFF0D },
	{ 0x2014, 0x2015 }, { 0x00A2, 0xFFE0 }, { 0x00A3, 0xFFE1 },
	{ 0x00AC, 0xFFE2 }, { 0x005C, 0xFF3C }, { 0x00A6, 0xFFE4 },
};

/* @in in iconv's charset as code points; 0 when iconv knows no such character. */
static size_t ask_iconv(iconv_t cd, const char *in, size_t n, int32_t *cp)
{
	char *from = (char *)(uintptr_t)in, *to = (char *)cp;
	size_t left = 4 * sizeof(*cp);

	iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &from, &n, &to, &left) != 0 || n || iconv(cd, NULL, NULL, &to, &left) != 0)
		return 0;
	return 4 - left / sizeof(*cp);
}

static bool same(int32_t got, int32_t want)
{
	for (size_t i = 0; i < KM_COUNT(apart); i++)
		if (want == apart[i].jis && got == apart[i].cp932)
			return true;
	return got == want;
}

/* One sequence through both. Returns whether iconv knew it. */
static bool compare(decode_fn *decode, iconv_t cd, const char *in, size_t n)
{
	int32_t want[4], got;
	size_t bad = 0, at = 0, m = ask_iconv(cd, in, n, want);
	km_sv v = test_exact(in, n);
	km_buf out;

	km_buf_init(&out, NULL, 64);
	decode(&out, v, &bad);
	km_sv text = km_buf_sv(&out);
	assert_true(km_utf8_valid(text));
	for (size_t i = 0; i < m; i++) {
		got = at < text.n ? km_utf8_next(text, &at) : 0;
		if (bad || !same(got, want[i]))
			fail_msg("%02x %02x %02x: got U+%04X, want U+%04X",
				 (unsigned char)in[n - 2], (unsigned char)in[n - 1],
				 (unsigned char)in[0], (unsigned)got, (unsigned)want[i]);
	}
	assert_true(m == 0 || at == text.n);
	km_buf_finish(&out);
	test_drop(v);
	return m > 0;
}

static const struct {
	const char *name, *iconv, *before;
	decode_fn *decode;
	unsigned char low, high; /* of both bytes */
	unsigned least;		 /* characters that iconv knows */
} sets[] = {
	{ "Shift_JIS", "CP932", "", km_sjis_decode, 0x40, 0xFC, 9600 },
	{ "EUC-JP", "EUC-JP", "", km_eucjp_decode, 0xA1, 0xFE, 6879 },
	{ "EUC-JP, JIS X 0212", "EUC-JP", "\x8F", km_eucjp_decode, 0xA1, 0xFE, 6067 },
	{ "ISO-2022-JP", "ISO-2022-JP", "\x1B$B", km_jis_decode, 0x21, 0x7E, 6879 },
	{ "JIS X 0212", "ISO-2022-JP-2", "\x1B$(D", km_jis_decode, 0x21, 0x7E, 6067 },
	{ "GB 2312", "ISO-2022-JP-2", "\x1B$A", km_jis_decode, 0x21, 0x7E, 7400 },
	{ "KS X 1001", "ISO-2022-JP-2", "\x1B$(C", km_jis_decode, 0x21, 0x7E, 8200 },
	{ "JIS X 0213, plane 1", "ISO-2022-JP-3", "\x1B$(O", km_jis_decode, 0x21, 0x7E, 8700 },
	{ "JIS X 0213, plane 2", "ISO-2022-JP-3", "\x1B$(P", km_jis_decode, 0x21, 0x7E, 2400 },
};

static void test_against_iconv(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(sets); i++) {
		iconv_t cd = iconv_open("UTF-32LE", sets[i].iconv);
		size_t n = strlen(sets[i].before);
		unsigned known = 0;
		char in[8];

		if (cd == (iconv_t)-1)
			fail_msg("iconv has no %s", sets[i].iconv);
		memcpy(in, sets[i].before, n);
		for (unsigned b1 = sets[i].low; b1 <= sets[i].high; b1++) {
			for (unsigned b2 = sets[i].low; b2 <= sets[i].high; b2++) {
				in[n] = (char)b1;
				in[n + 1] = (char)b2;
				if (sets[i].decode != km_sjis_decode ||
				    km_sjis_lead((unsigned char)b1))
					known += compare(sets[i].decode, cd, in, n + 2);
			}
		}
		if (known < sets[i].least)
			fail_msg("%s: only %u characters", sets[i].name, known);
		iconv_close(cd);
	}
}

/* The same character by every way that leads to it. */
static void test_same_character(void **state)
{
	(void)state;
	static const struct {
		decode_fn *decode;
		const char *in;
	} ways[][4] = {
		{ { km_sjis_decode, "\x93\xFA" },
		  { km_eucjp_decode, "\xC6\xFC" },
		  { km_jis_decode, "\x1B$BF|" },
		  { km_jis_decode, "\x1B$(QF|" } },
		{ { km_sjis_decode, "\x87\x40" },
		  { km_eucjp_decode, "\xAD\xA1" },
		  { km_jis_decode, "\x1B$B-!" },
		  { km_jis_decode, "\x1B$@-!" } },
		{ { km_sjis_decode, "\xB1" },
		  { km_eucjp_decode, "\x8E\xB1" },
		  { km_jis_decode, "\x1B(I1" },
		  { km_jis_decode, "\x0E"
				   "1" } },
	};

	for (size_t i = 0; i < KM_COUNT(ways); i++) {
		char first[16];
		for (size_t k = 0; k < 4; k++) {
			km_buf out;
			size_t bad = 0;
			km_buf_init(&out, NULL, 64);
			ways[i][k].decode(&out, km_sv_of(ways[i][k].in), &bad);
			assert_int_equal(bad, 0);
			assert_int_equal(out.n, 3);
			if (k)
				assert_memory_equal(out.p, first, 3);
			memcpy(first, out.p, 3);
			km_buf_finish(&out);
		}
	}
}

/* A full buffer: whole characters only, and an end. */
static void test_full(void **state)
{
	(void)state;
	static decode_fn *const all[] = { km_sjis_decode, km_eucjp_decode, km_jis_decode };
	char text[600];

	for (size_t i = 0; i < KM_COUNT(all); i++) {
		for (size_t max = 0; max < 80; max++) {
			km_buf out;
			size_t bad = 0;
			for (size_t k = 0; k < sizeof(text); k++)
				text[k] = (char)(k % 7 ? 0xA4 + k % 3 : 'a');
			km_sv v = test_exact(text, sizeof(text));
			km_buf_init(&out, NULL, max);
			all[i](&out, v, &bad);
			assert_true(out.n <= max && out.cut);
			assert_true(km_utf8_valid(km_buf_sv(&out)));
			km_buf_finish(&out);
			test_drop(v);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_iconv),
		cmocka_unit_test(test_same_character),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests_name("text/jis", tests, NULL, NULL);
}
