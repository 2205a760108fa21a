#include "base/block.h"
#include "test.h"

static const struct {
	const char *name, *in, *line[4];
} lines[] = {
	{ "crlf", "a\r\nb\r\n", { "a", "b" } },
	{ "lf", "a\n\nb", { "a", "", "b" } },
	{ "bare cr", "a\rb\r", { "a", "b" } },
	{ "mixed", "a\r\r\nb", { "a", "", "b" } },
	{ "empty", "", { NULL } },
};

static void test_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(lines); i++) {
		km_sv whole = test_exact(lines[i].in, strlen(lines[i].in)), rest = whole, line;
		size_t n = 0;
		while (km_sv_line(&rest, &line)) {
			assert_non_null(lines[i].line[n]);
			test_sv_is(line, lines[i].line[n++], lines[i].name);
		}
		assert_null(lines[i].line[n]);
		test_drop(whole);
	}
}

static void test_find(void **state)
{
	(void)state;
	km_sv v = KM_S("Hello hello");

	assert_int_equal(km_sv_find(v, KM_S("hello"), 0), 6);
	assert_int_equal(km_sv_ifind(v, KM_S("HELLO"), 1), 6);
	assert_int_equal(km_sv_find(v, KM_S("nothere"), 0), v.n);
	assert_int_equal(km_sv_find(v, KM_S("longer than the text"), 0), v.n);
	assert_int_equal(km_sv_chr(v, 'o', 5), 10);
	assert_int_equal(km_sv_rchr(v, 'H'), 0);
	assert_int_equal(km_sv_chr(v, 'z', 99), v.n);
}

static void test_split(void **state)
{
	(void)state;
	km_sv rest = KM_S("a,,b"), piece;

	assert_true(km_sv_split(&rest, ',', &piece));
	TEST_SV(piece, "a");
	assert_true(km_sv_split(&rest, ',', &piece));
	TEST_SV(piece, "");
	assert_true(km_sv_split(&rest, ',', &piece));
	TEST_SV(piece, "b");
	assert_false(km_sv_split(&rest, ',', &piece));
}

static void test_number(void **state)
{
	(void)state;
	uint64_t x;

	assert_true(km_sv_u64(KM_S("18446744073709551615"), &x));
	assert_true(x == UINT64_MAX);
	assert_false(km_sv_u64(KM_S("18446744073709551616"), &x));
	assert_false(km_sv_u64(KM_S(""), &x));
	assert_false(km_sv_u64(KM_S("1x"), &x));
	assert_false(km_sv_u64(KM_S("-1"), &x));
}

static void test_compare(void **state)
{
	(void)state;
	assert_true(km_sv_ieq(KM_S("SubJect"), KM_S("subject")));
	assert_false(km_sv_ieq(KM_S("a["), KM_S("a{")));
	assert_true(km_sv_cmp(KM_S("a"), KM_S("ab")) < 0);
	assert_true(km_sv_ihash(KM_S("ABC")) == km_sv_ihash(KM_S("abc")));
	for (size_t n = 0; n < 40; n++) {
		static const char row[] = "abcdefghijklmnopqrstuvwxyz0123456789()-\x80";
		char text[sizeof(row)];
		memcpy(text, row, sizeof(row));
		text[n] = " \t\r\n"[n % 4];
		km_sv v = test_exact(text, 40);
		assert_int_equal(km_sv_wsp(v, n / 2), n);
		assert_int_equal(km_sv_wsp(v, n + 1), 40);
		test_drop(v);
	}
	TEST_SV(km_sv_trim(KM_S(" \r\n x y\t ")), "x y");
	assert_int_equal(km_sv_sub(KM_S("abc"), 5, 2).n, 0);
}

/* Bytes of a fixed row, few of them different, so that texts are found and letters fold. */
static km_sv drawn(uint32_t *seed, size_t n, char *out)
{
	static const char letters[] = "aA[{zZ`@\0\x80\xc1\xe1";

	for (size_t i = 0; i < n; i++) {
		*seed = *seed * 1664525 + 1013904223;
		out[i] = letters[(*seed >> 24) % (sizeof(letters) - 1)];
	}
	return (km_sv){ out, n };
}

/* What is done by eight or sixteen bytes at a time is what would be done byte by byte. */
static void test_by_bytes(void **state)
{
	(void)state;
	uint32_t seed = 1;
	char text[200], other[200];

	for (size_t n = 0; n < sizeof(text); n++) {
		km_sv v = test_exact(drawn(&seed, n, text).p, n);
		memcpy(other, text, n);
		for (size_t i = 0; i < n; i++) { /* its letters in the other case */
			unsigned char c = (unsigned char)text[i];
			other[i] = km_is_alpha(c) ? (char)(c ^ 0x20) : (char)c;
		}
		km_sv same = test_exact(other, n);
		uint64_t hash = KM_HASH_BEGIN;
		for (size_t i = 0; i < n; i++)
			hash = km_hash_byte(hash, (char)km_lower((unsigned char)text[i]));
		assert_true(km_sv_ihash(v) == km_hash_end(hash) &&
			    km_sv_ihash(same) == km_sv_ihash(v));
		assert_true(km_sv_ieq(v, same));
		assert_true(km_sv_quick_hash(v) == km_sv_quick_hash((km_sv){ text, n }));
		assert_true(km_sv_quick_ihash(v) == km_sv_quick_ihash(same));
		for (size_t i = 0; i < n; i++) {
			other[i] ^= 0x20;
			assert_true(km_sv_ieq(v, (km_sv){ other, n }) ==
				    (km_sv_icmp(v, (km_sv){ other, n }) == 0));
			other[i] ^= 0x20 ^ 1;
			assert_false(km_sv_ieq(v, (km_sv){ other, n }));
			assert_true(km_sv_quick_hash((km_sv){ other, n }) !=
				    km_sv_quick_hash(same));
			other[i] ^= 1;
		}
		test_drop(same);
		test_drop(v);
	}
}

static void test_block(void **state)
{
	(void)state;
	uint8_t bytes[KM_BLOCK];

	for (uint32_t bits = 0; bits < 1u << KM_BLOCK; bits += 7) {
		for (size_t i = 0; i < KM_BLOCK; i++)
			bytes[i] = bits >> i & 1 ? 0xff : 0;
		km_block mask = km_block_load(bytes);
		assert_int_equal(km_block_bits(mask), bits);
		assert_int_equal(km_block_first(mask),
				 bits ? (size_t)__builtin_ctz(bits) : (size_t)KM_BLOCK);
	}
}

/* Offset of @needle in @v by comparing at each place. */
static size_t find_slowly(km_sv v, km_sv needle, size_t from, bool fold)
{
	for (size_t i = from; i + needle.n <= v.n; i++) {
		km_sv here = km_sv_sub(v, i, needle.n);
		if (fold ? km_sv_icmp(here, needle) == 0 : km_sv_cmp(here, needle) == 0)
			return i;
	}
	return v.n;
}

static void test_find_any(void **state)
{
	(void)state;
	uint32_t seed = 2;
	char text[160], needle[4];

	for (size_t n = 0; n < sizeof(text); n++) {
		km_sv v = test_exact(drawn(&seed, n, text).p, n);
		for (size_t m = 0; m <= sizeof(needle); m++) {
			km_sv w = drawn(&seed, m, needle);
			for (size_t from = 0; from <= n + 1; from += 7) {
				assert_int_equal(km_sv_find(v, w, from),
						 find_slowly(v, w, from, false));
				assert_int_equal(km_sv_ifind(v, w, from),
						 find_slowly(v, w, from, true));
			}
		}
		test_drop(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),	 cmocka_unit_test(test_find),
		cmocka_unit_test(test_split),	 cmocka_unit_test(test_number),
		cmocka_unit_test(test_compare),	 cmocka_unit_test(test_by_bytes),
		cmocka_unit_test(test_find_any), cmocka_unit_test(test_block),
	};
	return cmocka_run_group_tests_name("base/sv", tests, NULL, NULL);
}
