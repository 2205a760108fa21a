/*
 * Reading a PDF file takes time linear in it, whatever it holds.
 */
#include "content/pdf.h"
#include "linear.h"

static const linear_text patterns[] = {
	{ "%PDF-1.7\n", "stream" },
	{ "%PDF-1.7\n", "stream\nendstream " },
	{ "%PDF-1.7\n", "<</ObjStm/FlateDecode>>stream\n" },
	{ "%PDF-1.7\n", "/URI(http://a.jp/)" },
	{ "%PDF-1.7\n", "/URI(" },
	{ "/URI(", "(" },
	{ "/URI(", "\\" },
	{ "/URI<", "4" },
	{ "", "/" },
	{ "", "/a" LINEAR_HASH "4" },
	{ "/", "x" },
	{ "", "/URI " },
};

static size_t work(void *ctx, km_sv in)
{
	km_arena *a = km_arena_new(16 << 20);
	size_t left = KM_MAX_UNPACKED_BYTES;
	km_pdf pdf;

	(void)ctx;
	steps = 0;
	assert_int_equal(km_pdf_read(a, in, &left, &pdf), KM_OK);
	size_t done = steps;
	km_arena_free(a);
	return done;
}

static void test_linear(void **state)
{
	enum { SMALL = 50000, MOST = 60 };

	(void)state;
	linear_check(patterns, KM_COUNT(patterns), SMALL, MOST, work, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };
	return cmocka_run_group_tests_name("content/pdf_linear", tests, NULL, NULL);
}
