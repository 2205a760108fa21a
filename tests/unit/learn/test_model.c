#include "learn/model.h"

#include <math.h>

#include "test.h"

static uint32_t buckets[KM_VIEW_COUNT][64];

/* Features @from … @from + n - 1 in every view. */
static km_features features(uint32_t from, size_t n)
{
	km_features f = { .latin = 1 };

	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		for (size_t i = 0; i < n; i++)
			buckets[v][i] = from + (uint32_t)i + 1000u * (uint32_t)v;
		f.view[v] = (km_feature_set){ buckets[v], n };
	}
	return f;
}

static double probability(const km_model *m, uint32_t from, size_t n)
{
	km_features f = features(from, n);
	km_score s;

	km_model_score(m, &f, &s);
	assert_true(s.probability > 0 && s.probability < 1 && isfinite(s.logit));
	return s.probability;
}

static void train(km_model *m, uint32_t from, bool spam, int times)
{
	for (int i = 0; i < times; i++) {
		km_features f = features(from, 32);
		km_model_train(m, &f, spam, KM_RATE_CURATED);
	}
}

static void test_learns(void **state)
{
	(void)state;
	km_model *m = km_model_new();

	assert_true(probability(m, 0, 32) == 0.5);
	train(m, 0, true, 1);
	assert_true(probability(m, 0, 32) > 0.6); /* one message counts at once */
	train(m, 100, false, 1);
	assert_true(probability(m, 100, 32) < 0.4);
	for (int i = 0; i < 50; i++) {
		train(m, 0, true, 1);
		train(m, 100, false, 1);
	}
	assert_true(probability(m, 0, 32) > 0.99);
	assert_true(probability(m, 100, 32) < 0.01);
	assert_true(fabs(probability(m, 500, 32) - 0.5) < 0.1); /* never seen */
	assert_int_equal(km_model_trained(m), 102);
	km_model_free(m);
}

/* However many words of ham stand in the text, header and links still say what they say. */
static void test_not_drowned(void **state)
{
	(void)state;
	km_model *m = km_model_new();
	km_score s;

	for (int i = 0; i < 200; i++) {
		train(m, 0, true, 1);
		train(m, 100, false, 1);
	}
	km_features spam = features(0, 32), mixed = spam;
	uint32_t ham[2][32];
	static const km_view text[2] = { KM_VIEW_BODY, KM_VIEW_START };
	for (int t = 0; t < 2; t++) {
		for (uint32_t i = 0; i < 32; i++)
			ham[t][i] = 100 + i + 1000u * text[t];
		mixed.view[text[t]] = (km_feature_set){ ham[t], 32 };
	}
	km_model_score(m, &mixed, &s);
	assert_true(s.view[KM_VIEW_BODY] < -3 && s.view[KM_VIEW_START] < -3);
	assert_true(s.probability > 0.85);
	km_model_free(m);
}

/* The same lessons give the same model, bit for bit. */
static void test_determined(void **state)
{
	(void)state;
	km_model *m[2] = { km_model_new(), km_model_new() };

	for (int i = 0; i < 2; i++) {
		for (uint32_t k = 0; k < 50; k++)
			train(m[i], k * 7 % 90, k % 3 == 0, 1);
	}
	assert_memory_equal(m[0], m[1], km_model_bytes(KM_BUCKET_BITS));
	for (int i = 0; i < 2; i++)
		km_model_free(m[i]);
}

/* What is known well by a wide margin moves no weight. */
static void test_margin(void **state)
{
	(void)state;
	km_model *m = km_model_new();
	km_score s[2];

	train(m, 0, true, 100);
	km_features f = features(0, 32);
	km_model_score(m, &f, &s[0]);
	train(m, 0, true, 20);
	km_model_score(m, &f, &s[1]);
	for (int v = 0; v < KM_VIEW_COUNT; v++)
		assert_true(s[0].view[v] == s[1].view[v]);
	km_model_free(m);
}

static void test_empty(void **state)
{
	(void)state;
	km_model *m = km_model_new();
	km_features none = { 0 };
	km_score s;

	km_model_train(m, &none, true, KM_RATE_NOISY);
	km_model_score(m, &none, &s);
	assert_true(isfinite(s.logit));
	km_model_free(m);
}

/* A small layer over nothing learns like a model of its own, in folded buckets. */
static void test_layer(void **state)
{
	(void)state;
	void *memory = calloc(1, km_model_bytes(14));
	km_model *m = km_model_init(memory, 14, true);
	km_features f = features(0, 32);
	km_score s = { 0 };

	assert_true(km_model_bytes(14) < km_model_bytes(KM_BUCKET_BITS) / 32);
	for (int v = 0; v < KM_VIEW_COUNT; v++)
		for (size_t i = 0; i < f.view[v].n; i++)
			buckets[v][i] = (uint32_t)i * 0x4000u + 0x3fffu;
	for (int i = 0; i < 20; i++)
		km_model_train(m, &f, true, KM_RATE_CURATED);
	km_model_add(m, &f, &s);
	km_score_finish(&s, 1, 0);
	assert_true(s.probability > 0.99);
	free(memory);
}

/* The tail that is half of a text. */
enum { HALF = 3 };

/* Where spam comes after a long honest passage, the end of the text counts. */
static void test_tail(void **state)
{
	(void)state;
	enum { N = 1000 };
	static uint32_t text[N];
	km_model *m = km_model_new();
	km_features ham = { .latin = 1 }, spam = ham, mixed;
	km_score whole, s;

	for (uint32_t i = 0; i < N; i++)
		text[i] = i;
	ham.view[KM_VIEW_BODY] = (km_feature_set){ text, N / 2 };
	spam.view[KM_VIEW_BODY] = (km_feature_set){ text + N / 2, N / 2 };
	for (int i = 0; i < 100; i++) {
		km_model_train(m, &ham, false, KM_RATE_CURATED);
		km_model_train(m, &spam, true, KM_RATE_CURATED);
	}
	mixed = ham;
	mixed.view[KM_VIEW_BODY].n = N;
	km_model_score(m, &mixed, &s);
	assert_true(fabs(s.view[KM_VIEW_BODY]) < 1);
	assert_true(s.tail[KM_VIEW_BODY][HALF] > 3);
	assert_true(s.probability > 0.6);
	/* a shorter one is taken as a whole */
	mixed.view[KM_VIEW_BODY].n = N / 2 + 100;
	km_model_score(m, &mixed, &whole);
	for (int i = 0; i < KM_TAILS; i++)
		assert_true(whole.tail[KM_VIEW_BODY][i] == whole.view[KM_VIEW_BODY]);
	assert_true(whole.probability < s.probability);
	km_model_free(m);
}

/* Good words around a message do not drown what its header says against it. */
static void test_header_is_heard(void **state)
{
	(void)state;
	km_score s = { 0 };

	s.view[KM_VIEW_RAW] = s.view[KM_VIEW_HEADER] = 2;
	s.view[KM_VIEW_BODY] = s.view[KM_VIEW_START] = s.view[KM_VIEW_LINK] = -20;
	for (int i = 0; i < KM_TAILS; i++)
		s.tail[KM_VIEW_BODY][i] = s.tail[KM_VIEW_START][i] = -20;
	km_score_finish(&s, 1, 0);
	double header = s.logit;
	assert_true(header > 0.5);
	s.view[KM_VIEW_BODY] = s.view[KM_VIEW_START] = s.view[KM_VIEW_LINK] = 0;
	for (int i = 0; i < KM_TAILS; i++)
		s.tail[KM_VIEW_BODY][i] = s.tail[KM_VIEW_START][i] = 0;
	km_score_finish(&s, 1, 0);
	assert_true(header > s.logit / 2 && header < s.logit);
	s.view[KM_VIEW_BODY] = s.view[KM_VIEW_START] = s.view[KM_VIEW_LINK] = -20;
	for (int i = 0; i < KM_TAILS; i++)
		s.tail[KM_VIEW_BODY][i] = s.tail[KM_VIEW_START][i] = -20;
	/* and speak for one whose header says nothing */
	s.view[KM_VIEW_RAW] = s.view[KM_VIEW_HEADER] = 0;
	km_score_finish(&s, 1, 0);
	assert_true(s.logit < -1);
	/* few words of spam at the end of them: they are good words no more, and against it */
	s.tail[KM_VIEW_BODY][KM_TAILS - 1] = s.tail[KM_VIEW_START][KM_TAILS - 1] = 6;
	s.view[KM_VIEW_LINK] = 0;
	km_score_finish(&s, 1, 0);
	assert_true(s.logit > 0 && s.logit < 2);
	/* words that say little at the end are good words no more */
	s.tail[KM_VIEW_BODY][KM_TAILS - 1] = s.tail[KM_VIEW_START][KM_TAILS - 1] = -0.1;
	km_score_finish(&s, 1, 0);
	assert_true(s.logit < 0 && s.logit > -1);
}

/* A text that speaks for the message first and against it then counts by its end, but not against
 * a header beyond doubt. */
static void test_contrary(void **state)
{
	(void)state;
	static const struct {
		double header, view, tail;
		bool against;
	} cases[] = {
		{ -3, -4, 5, true },	 { -3, 0.6, 5, true }, /* before: -7, -4 */
		{ -3, 4, 4.1, false },	 /* all of it is against it, and the header knows better */
		{ -3, -4, -0.1, false }, /* the end is for it, too */
		{ -4.5, -4, 5, false },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_score s = { 0 }, without;
		s.view[KM_VIEW_RAW] = s.view[KM_VIEW_HEADER] = cases[i].header;
		s.view[KM_VIEW_BODY] = cases[i].view;
		for (int t = 0; t < KM_TAILS; t++)
			s.tail[KM_VIEW_BODY][t] = cases[i].view;
		km_score_finish(&s, 1, 0);
		without = s;
		s.tail[KM_VIEW_BODY][HALF] = cases[i].tail;
		km_score_finish(&s, 1, 0);
		if ((s.logit > without.logit) != cases[i].against)
			fail_msg("case %zu: %g, then %g", i, without.logit, s.logit);
	}
}

/* Words of ham before a text make it worse than it is without them. */
static void test_seam(void **state)
{
	(void)state;
	km_score s[2] = { { .view = { 0 } } };

	for (int i = 0; i < 2; i++) {
		s[i].view[KM_VIEW_BODY] = i ? -4 : 0.2;
		for (int t = 0; t < KM_TAILS; t++)
			s[i].tail[KM_VIEW_BODY][t] = s[i].view[KM_VIEW_BODY];
		s[i].tail[KM_VIEW_BODY][HALF] = 0.2;
		km_score_finish(&s[i], 1, 0);
	}
	assert_true(s[0].logit > 0 && s[1].logit > 2 * s[0].logit);
}

/* Who only ever hears of spam does not take all for spam. */
static void test_balance(void **state)
{
	(void)state;
	km_model *m = km_model_new();
	double slope = 0, offset = 0;

	train(m, 0, true, 1000);
	km_model_calibration(m, &slope, &offset);
	assert_true(offset < -0.5);
	assert_true(probability(m, 0, 32) > 0.9);
	km_model_free(m);
}

/* A label that may be wrong moves little of what is known well; a sure one moves much. */
static void test_doubt(void **state)
{
	(void)state;
	km_model *m[2] = { km_model_new(), km_model_new() };
	km_score before, after[2];

	for (int i = 0; i < 2; i++) {
		train(m[i], 0, true, 100);
		km_features f = features(0, 32);
		km_model_score(m[i], &f, &before);
		km_model_train(m[i], &f, false, i ? KM_RATE_CURATED : KM_RATE_NOISY);
		km_model_score(m[i], &f, &after[i]);
	}
	double doubted = before.by[KM_BY_HEADER] - after[0].by[KM_BY_HEADER];
	double sure = before.by[KM_BY_HEADER] - after[1].by[KM_BY_HEADER];
	assert_true(doubted > 0 && doubted < sure / 4);
	for (int i = 0; i < 2; i++)
		km_model_free(m[i]);
}

/* Nor does such a label say much of what was never met before. */
static void test_doubt_of_news(void **state)
{
	(void)state;
	enum { KNOWN = 32, NEW = 8 };
	double moved[2][KNOWN + NEW] = { { 0 } };

	for (int i = 0; i < 2; i++) {
		km_model *m = km_model_new();
		train(m, 0, true, 100);
		km_features f = features(0, KNOWN + NEW);
		km_model_train(m, &f, false, i ? KM_RATE_CURATED : KM_RATE_NOISY);
		km_model_weigh(m, KM_VIEW_HEADER, &f.view[KM_VIEW_HEADER], moved[i]);
		km_model_free(m);
	}
	double doubted = -moved[0][KNOWN], sure = -moved[1][KNOWN];
	assert_true(doubted > 0 && doubted < sure / 3);
}

/* Text that hides from programs is worse than what header says, and speaks for nobody. */
static void test_disguised(void **state)
{
	(void)state;
	km_model *m = km_model_new();
	km_score open, hidden;

	for (int i = 0; i < 50; i++) {
		train(m, 0, true, 1);
		train(m, 100, false, 1);
	}
	for (uint32_t from = 0; from <= 100; from += 100) {
		km_features f = features(from, 32);
		km_model_score(m, &f, &open);
		f.disguised = true;
		km_model_score(m, &f, &hidden);
		assert_true(hidden.logit >= open.logit);
	}
	assert_true(hidden.logit > open.logit + 0.5);
	km_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learns),	      cmocka_unit_test(test_not_drowned),
		cmocka_unit_test(test_determined),    cmocka_unit_test(test_margin),
		cmocka_unit_test(test_empty),	      cmocka_unit_test(test_layer),
		cmocka_unit_test(test_tail),	      cmocka_unit_test(test_header_is_heard),
		cmocka_unit_test(test_contrary),      cmocka_unit_test(test_seam),
		cmocka_unit_test(test_balance),	      cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_doubt_of_news), cmocka_unit_test(test_disguised),
	};
	return cmocka_run_group_tests_name("learn/model", tests, NULL, NULL);
}
