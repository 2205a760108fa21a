/*
 * tests/support/linear.h - shows that work is linear in the input. It is counted (steps.h), not
 *timed: four times the input may cost no more than about four times the work.
 *
 *	static const linear_text texts[] = { { "Subject: ", "x", "\n\n" }, … };
 *	linear_check(texts, KM_COUNT(texts), 50000, 60, work, NULL);
 */
#ifndef KM_TESTS_LINEAR_H
#define KM_TESTS_LINEAR_H

#include "base/buf.h"
#include "steps.h"
#include "test.h"

/* In a unit '#' is its number; these stand for NUL and for '#' itself. */
#define LINEAR_NUL  "\1"
#define LINEAR_HASH "\2"

/* @unit over and over between @start and @end. NULL is nothing. */
typedef struct {
	const char *start, *unit, *end;
} linear_text;

/* What is measured: returns the steps that @in took. */
typedef size_t linear_work(void *ctx, km_sv in);

/* At least @size bytes of @t in memory of exactly their size (test_drop()). */
static km_sv linear_make(const linear_text *t, size_t size)
{
	km_buf b;

	km_buf_init(&b, NULL, size * 2 + 4096);
	km_buf_add(&b, km_sv_of(t->start ? t->start : ""));
	for (size_t number = 0; b.n < size; number++)
		for (const char *u = t->unit; *u; u++) {
			if (*u == '#')
				km_buf_fmt(&b, "%zu", number);
			else
				km_buf_byte(&b, *u == *LINEAR_NUL    ? '\0'
						: *u == *LINEAR_HASH ? '#'
								     : *u);
		}
	km_buf_add(&b, km_sv_of(t->end ? t->end : ""));
	km_sv made = test_exact(b.p, b.n);
	km_buf_finish(&b);
	return made;
}

static size_t linear_steps(const linear_text *t, size_t size, linear_work *work, void *ctx)
{
	km_sv in = linear_make(t, size);
	size_t done = work(ctx, in);

	test_drop(in);
	return done;
}

/* Each of @texts at @small bytes and at four times that, at most @most steps a byte. */
static void linear_check(const linear_text *texts, size_t n, size_t small, size_t most,
			 linear_work *work, void *ctx)
{
	const size_t large = 4 * small;
	size_t worst = 0;

	for (size_t i = 0; i < n; i++) {
		size_t once = linear_steps(&texts[i], small, work, ctx);
		size_t more = linear_steps(&texts[i], large, work, ctx);
		if (more > 5 * once + 20000 || more / large > most)
			fail_msg("%.60s… %.30s…: %zu steps for %zu bytes, %zu for %zu",
				 texts[i].start ? texts[i].start : "", texts[i].unit, once, small,
				 more, large);
		worst = more > worst ? more : worst;
	}
	assert_true(worst * 10 > large); /* the work was counted */
	print_message("# at most %zu.%zu steps a byte\n", worst / large, worst * 10 / large % 10);
}

#endif
