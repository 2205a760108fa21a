#include "learn/metrics.h"

#include <math.h>

#include "test.h"

static void is_about(double got, double want, const char *what)
{
	if (fabs(got - want) > 0.0005)
		fail_msg("%s: got %f, want %f", what, got, want);
}

/* Worked out by hand. */
static void test_small(void **state)
{
	(void)state;
	km_judgement j[] = {
		{ 2, 0.9, true },    { -1, 0.2, false }, { 0.5, 0.6, false },
		{ -0.5, 0.4, true }, { 3, 0.95, true },
	};
	km_metrics m;

	km_metrics_read(j, KM_COUNT(j), &m);
	assert_int_equal(m.n, 5);
	assert_int_equal(m.ham, 2);
	assert_int_equal(m.spam, 3);
	is_about(m.auc1, 100.0 / 6, "1-AUC"); /* one pair of six is the wrong way round */
	is_about(m.fp, 50, "FP");
	is_about(m.fn, 100.0 / 3, "FN");
	is_about(m.fn_at_fp01, 100.0 / 3, "FN at FP"); /* one spam lies below the highest ham */
	/* log odds of (1.5/1.5) and (1.5/2.5), their mean, as a share */
	is_about(m.lam, 100 / (1 + exp(-log(1.5 / 2.5) / 2)), "lam");
	/* bins: .9 and .95 (2 spam), .2, .6, .4 (spam) */
	is_about(m.ece, 100 * (0.15 + 0.2 + 0.6 + 0.6) / 5, "ECE");
}

static void test_ties(void **state)
{
	(void)state;
	km_judgement j[] = { { 1, .7, true }, { 1, .7, false }, { 1, .7, true }, { 1, .7, false } };
	km_metrics m;

	km_metrics_read(j, KM_COUNT(j), &m);
	is_about(m.auc1, 50, "1-AUC");
	is_about(m.fn_at_fp01, 100, "FN at FP"); /* no threshold divides equal scores */
}

static void test_one_kind(void **state)
{
	(void)state;
	km_judgement j[] = { { 1, .7, true } };
	km_metrics m;

	km_metrics_read(j, 1, &m);
	assert_true(isnan(m.auc1));
	km_metrics_read(j, 0, &m);
	assert_int_equal(m.n, 0);
}

static void test_false_positives_allowed(void **state)
{
	(void)state;
	static km_judgement j[3000];
	km_metrics m;

	/* 2,000 hams of which two lie above half of the spam: just what 0.1 % allows */
	for (size_t i = 0; i < 3000; i++)
		j[i] = (km_judgement){ i < 1998	  ? -1
				       : i < 2000 ? 5
				       : i < 2500 ? 1
						  : 9,
				       .5, i >= 2000 };
	km_metrics_read(j, 3000, &m);
	is_about(m.fn_at_fp01, 0, "FN at FP");
	j[0].logit = 5; /* after the sort: the lowest is a ham */
	km_metrics_read(j, 3000, &m);
	is_about(m.fn_at_fp01, 50, "FN at FP with one more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_one_kind),
		cmocka_unit_test(test_false_positives_allowed),
	};
	return cmocka_run_group_tests_name("learn/metrics", tests, NULL, NULL);
}
