/*
 * Reading a PDF file takes time linear in it, whatever it holds. The work is counted (steps.h):
 * four times the input may cost no more than about four times the work.
 */
#include "base/buf.h"
#include "content/pdf.h"
#include "steps.h"
#include "test.h"

static const struct {
	const char *start, *unit;
} patterns[] = {
	{ "%PDF-1.7\n", "stream" },
	{ "%PDF-1.7\n", "stream\nendstream " },
	{ "%PDF-1.7\n", "<</ObjStm/FlateDecode>>stream\n" },
	{ "%PDF-1.7\n", "/URI(http://a.jp/)" },
	{ "%PDF-1.7\n", "/URI(" },
	{ "/URI(", "(" },
	{ "/URI(", "\\" },
	{ "/URI<", "4" },
	{ "", "/" },
	{ "", "/a#4" },
	{ "/", "x" },
	{ "", "/URI " },
};

static size_t work(size_t i, size_t size)
{
	km_arena *a = km_arena_new(16 << 20);
	size_t left = KM_MAX_UNPACKED_BYTES;
	km_pdf pdf;
	km_buf b;

	km_buf_init(&b, NULL, size * 2 + 4096);
	km_buf_add(&b, km_sv_of(patterns[i].start));
	while (b.n < size)
		km_buf_add(&b, km_sv_of(patterns[i].unit));
	km_sv in = test_exact(b.p, b.n);
	km_buf_finish(&b);
	steps = 0;
	assert_int_equal(km_pdf_read(a, in, &left, &pdf), KM_OK);
	size_t done = steps;
	test_drop(in);
	km_arena_free(a);
	return done;
}

static void test_linear(void **state)
{
	(void)state;
	enum { SMALL = 50000 };
	bool counted = false;

	for (size_t i = 0; i < KM_COUNT(patterns); i++) {
		size_t once = work(i, SMALL), more = work(i, 4 * SMALL);
		if (more > 5 * once + 20000)
			fail_msg("pattern %zu: %zu steps, then %zu", i, once, more);
		counted |= more > 4 * SMALL / 10;
	}
	assert_true(counted);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };
	return cmocka_run_group_tests_name("content/pdf_linear", tests, NULL, NULL);
}
