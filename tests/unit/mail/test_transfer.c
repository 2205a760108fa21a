#include "mail/transfer.h"
#include "test.h"

static const struct {
	const char *name, *in;
	km_cte cte;
	const char *want;
	km_transfer_info info;
} cases[] = {
	{ "base64", "SGVsbG8=", KM_CTE_BASE64, "Hello", { 0 } },
	{ "base64 lines", "SGVs\r\nbG8h\r\n", KM_CTE_BASE64, "Hello!", { 0 } },
	{ "base64 group over lines", "SG\r\nVs bG\t8h", KM_CTE_BASE64, "Hello!", { 0 } },
	{ "base64 two pads", "QQ==\n", KM_CTE_BASE64, "A", { 0 } },
	{ "base64 no pad", "QQ", KM_CTE_BASE64, "A", { .bad_padding = true } },
	{ "base64 one pad of two", "QQ=", KM_CTE_BASE64, "A", { .bad_padding = true } },
	{ "base64 pad too many", "SGVs=", KM_CTE_BASE64, "Hel", { .bad_padding = true } },
	{ "base64 single digit", "SGVsb", KM_CTE_BASE64, "Hel", { .bad_padding = true } },
	{ "base64 pad inside", "QQ==QUI=", KM_CTE_BASE64, "AAB", { .bad_padding = true } },
	{ "base64 junk", "S!G.V\xffs", KM_CTE_BASE64, "Hel", { .junk = 3 } },
	{ "base64 empty", "", KM_CTE_BASE64, "", { 0 } },
	{ "qp",
	  "a=3Db=e9=\r\nc\r\n",
	  KM_CTE_QP,
	  "a=b\xe9"
	  "c\r\n",
	  { 0 } },
	{ "qp white space at the end", "a \t\r\nb =20 \nc", KM_CTE_QP, "a\r\nb  \nc", { 0 } },
	{ "qp soft break with white space", "a= \t\r\nb", KM_CTE_QP, "ab", { 0 } },
	{ "qp soft break with LF, at the end", "a=\nb=", KM_CTE_QP, "ab", { 0 } },
	{ "qp soft break with CR", "a=\rb", KM_CTE_QP, "ab", { 0 } },
	{ "qp broken", "=zz=4=", KM_CTE_QP, "=zz=4", { .soft_nothing = true } },
	{ "qp equal signs", "==41", KM_CTE_QP, "=A", { .soft_nothing = true } },
	{ "qp digits over lines", "=\n4=\n1", KM_CTE_QP, "41", { 0 } },
	{ "qp empty lines", "\r\n\r\n", KM_CTE_QP, "\r\n\r\n", { 0 } },
	{ "uu", "begin 644 a.txt\n#0V%T\n`\nend\n", KM_CTE_UUENCODE, "Cat", { 0 } },
	{ "uu after text",
	  "see\r\nbegin 644 a\r\n#0V%T\r\nend\r\n",
	  KM_CTE_UUENCODE,
	  "Cat",
	  { 0 } },
	{ "uu bare", "#0V%T\n", KM_CTE_UUENCODE, "Cat", { .no_end = true } },
	{ "uu no end", "begin 644 a\n#0V%T\n", KM_CTE_UUENCODE, "Cat", { .no_end = true } },
	{ "uu odd length", "!00\nend", KM_CTE_UUENCODE, "A", { 0 } },
	{ "uu junk line", "#0V%T\nxyz\nend", KM_CTE_UUENCODE, "Cat", { .junk = 3 } },
	{ "7bit", "a=41\r\n", KM_CTE_7BIT, "a=41\r\n", { 0 } },
	{ "unknown", "a=41", KM_CTE_UNKNOWN, "a=41", { 0 } },
};

static void check_info(const char *name, const km_transfer_info *got, const km_transfer_info *want)
{
	if (got->junk != want->junk || got->bad_padding != want->bad_padding ||
	    got->truncated != want->truncated || got->soft_nothing != want->soft_nothing ||
	    got->no_end != want->no_end)
		fail_msg("%s: junk %zu padding %d cut %d soft %d end %d", name, got->junk,
			 got->bad_padding, got->truncated, got->soft_nothing, got->no_end);
}

static void test_decode(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in)), out;
		km_transfer_info info;

		assert_int_equal(km_transfer_decode(a, cases[i].cte, in, 1000, &out, &info), KM_OK);
		test_sv_is(out, cases[i].want, cases[i].name);
		check_info(cases[i].name, &info, &cases[i].info);
		assert_int_equal(km_transfer_size(cases[i].cte, in), out.n);
		test_drop(in);
		km_arena_free(a);
	}
}

/* Every maximum below the size gives that many bytes of the same text. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = km_sv_of(cases[i].in);
		km_sv want = km_sv_of(cases[i].want);

		for (size_t max = 0; max <= want.n + 2; max++) {
			km_arena *a = km_arena_new(1 << 20);
			km_transfer_info info;
			char *start = malloc(max ? max : 1);
			km_sv out;
			size_t n = max < want.n ? max : want.n;

			assert_int_equal(km_transfer_decode(a, cases[i].cte, in, max, &out, &info),
					 KM_OK);
			assert_true(km_sv_eq(out, km_sv_sub(want, 0, max)));
			assert_int_equal(info.truncated, max < want.n);
			assert_int_equal(km_transfer_start(cases[i].cte, in, start, max), n);
			assert_memory_equal(start, want.p, n);
			free(start);
			km_arena_free(a);
		}
	}
}

static void test_every_byte(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	char in[256 * 3], raw[256];
	km_sv out;

	for (unsigned i = 0; i < 256; i++) {
		(void)snprintf(raw, sizeof(raw), "=%02X", i);
		memcpy(in + i * 3, raw, 3);
	}
	assert_int_equal(km_transfer_decode(a, KM_CTE_QP, (km_sv){ in, sizeof(in) }, 1000, &out,
					    NULL),
			 KM_OK);
	assert_int_equal(out.n, 256);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal((uint8_t)out.p[i], i);
	km_arena_free(a);
}

static const struct {
	const char *in;
	km_cte want;
} ctes[] = {
	{ "base64", KM_CTE_BASE64 },
	{ " Base64 (as RFC 2045)", KM_CTE_BASE64 },
	{ "\"base64\"", KM_CTE_BASE64 },
	{ "(c)\r\n QUOTED-printable;", KM_CTE_QP },
	{ "7BIT", KM_CTE_7BIT },
	{ "8-bit", KM_CTE_8BIT },
	{ "binary", KM_CTE_BINARY },
	{ "x-uuencode", KM_CTE_UUENCODE },
	{ "", KM_CTE_7BIT },
	{ "base 64", KM_CTE_UNKNOWN },
	{ "iso-8859-1", KM_CTE_UNKNOWN },
	{ "???", KM_CTE_UNKNOWN },
	{ "(base64", KM_CTE_UNKNOWN },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(ctes); i++) {
		km_sv in = test_exact(ctes[i].in, strlen(ctes[i].in));
		if (km_cte_parse(in) != ctes[i].want)
			fail_msg("%s: %s", ctes[i].in, km_cte_name(km_cte_parse(in)));
		test_drop(in);
	}
	for (int c = 0; c < KM_CTE_UNKNOWN; c++)
		assert_int_equal(km_cte_parse(km_sv_of(km_cte_name((km_cte)c))), c);
}

static void test_begin(void **state)
{
	(void)state;
	km_sv name;

	assert_true(km_uu_begin(KM_S("begin 644 a b.exe "), &name));
	TEST_SV(name, "a b.exe");
	assert_false(km_uu_begin(KM_S("begin 644"), &name));
	assert_false(km_uu_begin(KM_S("begin at 6"), &name));
	assert_false(km_uu_begin(KM_S("begin 12345 x"), &name));
	assert_false(km_uu_begin(KM_S("begin 644  "), &name));
	assert_false(km_uu_begin(KM_S(" begin 644 x"), &name));
}

/* A line may claim 63 bytes and hold none: the output is bounded by @max, not by the claim. */
static void test_arena(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(70000);
	km_sv in = KM_S("SGVsbG8="), out;

	assert_non_null(km_alloc(a, 69900));
	assert_int_equal(km_transfer_decode(a, KM_CTE_BASE64, in, 4, &out, NULL), KM_OK);
	TEST_SV(out, "Hell");
	while (km_alloc(a, 16))
		;
	assert_int_equal(km_transfer_decode(a, KM_CTE_BASE64, in, 4, &out, NULL), KM_LIMIT);
	assert_int_equal(out.n, 0);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),	   cmocka_unit_test(test_cut),
		cmocka_unit_test(test_every_byte), cmocka_unit_test(test_names),
		cmocka_unit_test(test_begin),	   cmocka_unit_test(test_arena),
	};
	return cmocka_run_group_tests_name("mail/transfer", tests, NULL, NULL);
}
