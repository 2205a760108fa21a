#include "mail/encode.h"

#include "mail/encword.h"
#include "test.h"

static const struct {
	const char *name, *in, *want; /* NULL: only the round trip counts */
	size_t column;
} cases[] = {
	{ "plain", "hello world", "hello world", 9 },
	{ "empty", "", "", 9 },
	{ "white space", "  a \t b\n", "a b", 9 },
	{ "looks encoded", "=?UTF-8?B?eA==?=", "=?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=", 9 },
	{ "japanese", "狛犬", "=?UTF-8?B?54ub54qs?=", 9 },
	{ "line feed", "狛\n犬", "=?UTF-8?B?54ubIOeKrA==?=", 9 },
	{ "long", "狛犬が神社の門の両側に座って、口を開けた阿形と口を閉じた吽形が見張っています。",
	  NULL, 15 },
	{ "far right", "狛犬", NULL, 74 },
};

/* No line is longer than RFC 2047 allows, and a reader gets the text back. */
static void test_encode(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_buf b;
		km_sv back, line, rest;
		size_t column = cases[i].column;
		km_buf_init(&b, a, 1 << 16);
		km_header_encode(&b, km_sv_of(cases[i].in), column, "\r\n");
		if (cases[i].want)
			test_sv_is(km_buf_sv(&b), cases[i].want, cases[i].name);
		for (rest = km_buf_sv(&b); km_sv_line(&rest, &line); column = 0)
			assert_true(line.n + column <= 76);
		assert_int_equal(km_encword_decode(a, km_buf_sv(&b), &back, NULL), KM_OK);
		if (cases[i].want == NULL)
			test_sv_is(back, cases[i].in, cases[i].name);
	}
	km_arena_free(a);
}

static void test_fold(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_sv line, rest;
	km_buf text, b;

	km_buf_init(&text, a, 1 << 16);
	km_buf_init(&b, a, 1 << 16);
	for (int i = 0; i < 100; i++)
		km_buf_fmt(&text, "word%d ", i);
	km_header_encode(&b, km_buf_sv(&text), 20, "\n");
	size_t lines = 0;
	for (rest = km_buf_sv(&b); km_sv_line(&rest, &line); lines++) {
		assert_true(line.n <= 76);
		assert_true(lines == 0 || line.p[0] == '\t');
	}
	assert_true(lines > 5);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_fold),
	};
	return cmocka_run_group_tests_name("mail/encode", tests, NULL, NULL);
}
