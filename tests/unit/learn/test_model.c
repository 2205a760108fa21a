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
	assert_true(s.probability > 0.9);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learns),	   cmocka_unit_test(test_not_drowned),
		cmocka_unit_test(test_determined), cmocka_unit_test(test_margin),
		cmocka_unit_test(test_empty),	   cmocka_unit_test(test_layer),
	};
	return cmocka_run_group_tests_name("learn/model", tests, NULL, NULL);
}
