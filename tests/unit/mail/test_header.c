#include "mail/header.h"

#include "test.h"

/* One string of fields, "name|raw|odd bits\n" each, shows a section whole. */
static const struct {
	const char *name, *in;
	size_t body, strict_body;
	const char *fields;
} cases[] = {
	{ "crlf", "A: b\r\nC:d\r\n\r\nbody", 13, 13, "A| b|0\nC|d|0\n" },
	{ "lf", "A: b\nC:d\n\nbody", 10, 10, "A| b|0\nC|d|0\n" },
	{ "cr", "A: b\rC:d\r\rbody", 10, 10, "A| b|8\nC|d|8\n" },
	{ "empty input", "", 0, 0, "" },
	{ "empty section", "\r\nbody", 2, 2, "" },
	{ "no body", "A: b", 4, 4, "A| b|0\n" },
	{ "folded", "A: b\r\n c\r\n\td\r\nE: f\r\n\r\n", 22, 22, "A| b\r\n c\r\n\td|1\nE| f|0\n" },
	{ "blank fold", "A: b\r\n \r\n c\r\n\r\n", 15, 15, "A| b\r\n \r\n c|257\n" },
	{ "space before colon", "A \t: b\n\n", 8, 8, "A| b|32\n" },
	{ "order and duplicates", "B: 1\nA: 2\nB: 3\n\n", 16, 16, "B| 1|0\nA| 2|0\nB| 3|0\n" },
	{ "8 bit", "A: \xe3\x81\x82\n\n", 8, 8, "A| \xe3\x81\x82|2\n" },
	{ "control", "A: \x01\n\n", 6, 6, "A| \x01|1024\n" },
	{ "delete", "A: \x7f\n\n", 6, 6, "A| \x7f|1024\n" },
	{ "bare lf", "A: b\r\nC: d\nE: f\r\n\r\n", 19, 19, "A| b|0\nC| d|16\nE| f|0\n" },
	{ "bare cr in value", "A: b\rc\r\n\r\n", 10, 10, "A| b\rc|8\n" },
	{ "bare cr before fold", "A: b\r c\r\n\r\n", 11, 11, "A| b\r c|8\n" },
	{ "bare cr before field", "A: b\rC: d\r\n\r\n", 13, 13, "A| b|8\nC| d|0\n" },
	{ "several crs before field", "A: b\r\rC: d\r\n\r\n", 14, 14, "A| b|8\nC| d|0\n" },
	{ "cr first on a line", "A: b\n\rC: d\n\n", 6, 6, "A| b|0\n" },
	{ "cr cr lf", "A: b\r\r\nC: d\r\r\n\r\r\nx", 17, 17, "A| b|8\nC| d|8\n" },
	{ "mbox", "From x@y Mon\n>From z\nA: b\n\n", 27, 27, "A| b|0\n" },
	{ "no headers", "Hello: no\nwait\n\n", 10, 10, "Hello| no|0\n" },
	{ "all body", "Hello you\nA: b\n\n", 0, 0, "" },
	{ "fold first", " A: b\n\n", 0, 0, "" },
	{ "lost indentation", "A: b\nlost\nC: d\n\n", 16, 5, "A| b|0\n|lost|128\nC| d|0\n" },
	{ "odd name", "A: b\n\xe4: x\nC: d\n\n", 16, 5, "A| b|0\n\xe4| x|66\nC| d|0\n" },
	{ "colon first", "A: b\n: x\nC: d\n\n", 15, 5, "A| b|0\n|: x|128\nC| d|0\n" },
	{ "text without empty line", "A: b\nDear all,\nhello\n\n", 5, 5, "A| b|0\n" },
	{ "text, then an empty line", "A: b\nDear all,\n\nhello\n", 5, 5, "A| b|0\n" },
	{ "boundary", "A: b\n--x\nC: d\n\n", 5, 5, "A| b|0\n" },
};

static km_sv show(km_arena *a, const km_headers *hs)
{
	km_sv all = KM_S("");

	for (size_t i = 0; i < hs->n; i++)
		all = km_sv_fmt(a, "%.*s%.*s|%.*s|%u\n", KM_FMT(all), KM_FMT(hs->h[i].name),
				KM_FMT(hs->h[i].raw), hs->h[i].odd);
	return all;
}

static void test_table(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_headers hs;

		assert_int_equal(km_headers_read(a, in, 0, in.n, &hs), KM_OK);
		test_sv_is(show(a, &hs), cases[i].fields, cases[i].name);
		if (hs.body != cases[i].body || hs.strict_body != cases[i].strict_body)
			fail_msg("%s: body %zu, strict %zu", cases[i].name, hs.body,
				 hs.strict_body);
		test_drop(in);
	}
	km_arena_free(a);
}

static void test_separator(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		bool none;
	} rows[] = {
		{ "A: b\n\n", false },	   { "A: b\n", true },
		{ "A: b", true },	   { "", true },
		{ "\n", false },	   { "text\n\n", true },
		{ "A: b\n--x\n\n", true },
	};
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_headers hs;
		assert_int_equal(km_headers_read(a, km_sv_of(rows[i].in), 0, 99, &hs), KM_OK);
		assert_int_equal(hs.no_separator, rows[i].none);
	}
	km_arena_free(a);
}

static void test_nul(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_sv in = test_exact("A: b\0c\nD\0: e\nF: g\n\n", 20);
	km_headers hs;

	assert_int_equal(km_headers_read(a, in, 0, in.n, &hs), KM_OK);
	assert_int_equal(hs.n, 3);
	assert_int_equal(hs.h[0].odd, KM_HDR_NUL);
	assert_int_equal(hs.h[0].raw.n, 4);
	assert_int_equal(hs.h[1].odd, KM_HDR_NUL | KM_HDR_NAME_BAD);
	assert_int_equal(hs.odd, KM_HDR_NUL | KM_HDR_NAME_BAD);
	test_drop(in);
	km_arena_free(a);
}

/* Offsets are those of the message, also for a section inside it. */
static void test_inside(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_sv in = KM_S("skipped\nA: b\nB: c\n\nbody\n");
	km_headers hs;

	assert_int_equal(km_headers_read(a, in, 8, 18, &hs), KM_OK);
	assert_int_equal(hs.n, 2);
	assert_int_equal(hs.h[1].offset, 13);
	assert_int_equal(hs.body, 18);
	assert_true(hs.no_separator);
	assert_int_equal(km_headers_read(a, in, 99, 200, &hs), KM_OK);
	assert_int_equal(hs.n, 0);
	km_arena_free(a);
}

static void test_find(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_headers hs;

	assert_int_equal(km_headers_read(a, KM_S("To: 1\nCc: 2\ntO: 3\n\n"), 0, 99, &hs), KM_OK);
	TEST_SV(km_headers_first(&hs, "TO")->raw, " 1");
	TEST_SV(km_headers_find(&hs, KM_S("to"), 1)->raw, " 3");
	assert_null(km_headers_first(&hs, "Bcc"));
	assert_int_equal(km_headers_count(&hs, KM_S("to")), 2);
	km_arena_free(a);
}

static void test_long_line(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	char line[1003];
	km_headers hs;

	memset(line, 'x', sizeof(line));
	memcpy(line, "A:", 2);
	memcpy(line + 999, "\r\n\r\n", 4);
	assert_int_equal(km_headers_read(a, (km_sv){ line, 1003 }, 0, 1003, &hs), KM_OK);
	assert_int_equal(hs.odd, KM_HDR_LONG_LINE);
	memcpy(line + 998, "\r\n\r\n", 4);
	assert_int_equal(km_headers_read(a, (km_sv){ line, 1002 }, 0, 1002, &hs), KM_OK);
	assert_int_equal(hs.odd, 0);
	km_arena_free(a);
}

/* A million fields: only so many are kept, the body is found all the same. */
static void test_limits(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	size_t n = 1000000;
	char *p = malloc(n * 5 + 1);
	km_headers hs;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		memcpy(p + i * 5, "A: b\n", 5);
	p[n * 5] = '\n';
	km_sv in = { p, n * 5 + 1 };
	assert_int_equal(km_headers_read(a, in, 0, in.n, &hs), KM_OK);
	assert_int_equal(hs.n, KM_MAX_HEADER_FIELDS);
	assert_int_equal(hs.body, in.n);
	assert_int_equal(hs.limits, 1u << KM_LIMIT_HEADER_FIELDS);
	memset(p + 2, 'x', n * 5 - 3);
	assert_int_equal(km_headers_read(a, in, 0, in.n, &hs), KM_OK);
	assert_int_equal(hs.n, 1);
	assert_int_equal(hs.h[0].raw.n, KM_MAX_HEADER_BYTES - 2);
	assert_int_equal(hs.body, in.n);
	assert_int_equal(hs.limits, 1u << KM_LIMIT_HEADER_BYTES);
	free(p);
	km_arena_free(a);
}

static void test_unfold(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_sv plain = KM_S("  as it is ");

	TEST_SV(km_header_unfold(a, KM_S(" a\r\n b\n\tc\r\n")), "a b\tc");
	TEST_SV(km_header_unfold(a, KM_S("a\r\r\n b\rc")), "a bc");
	assert_ptr_equal(km_header_unfold(a, plain).p, plain.p + 2);
	TEST_SV(km_header_text(a, KM_S(" =?utf-8?Q?=E3=81=82?=\r\n b")), "\xe3\x81\x82 b");
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),  cmocka_unit_test(test_separator),
		cmocka_unit_test(test_nul),    cmocka_unit_test(test_inside),
		cmocka_unit_test(test_find),   cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_unfold),
	};
	return cmocka_run_group_tests_name("mail/header", tests, NULL, NULL);
}
