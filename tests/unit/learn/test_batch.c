#include "learn/batch.h"

#include "test.h"

static uint64_t next(uint64_t *seed)
{
	return *seed = km_hash_mix(*seed, 7);
}

/* What each kind of processor is given, on one that may run it. */
static const km_batch *kinds(size_t i)
{
	return i ? km_batch_best() : &km_batch_plain;
}

static void test_grams(void **state)
{
	(void)state;
	static const size_t sizes[] = { 0, 1, 2, 3, 4, 5, 63, 64, 65, 1021, 1022, 1023, 1024 };
	uint32_t out[4][KM_BATCH_GRAMS / 4];
	char bytes[KM_BATCH_BYTES];
	uint64_t seed = 1;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)next(&seed);
	for (size_t k = 0; k < KM_COUNT(sizes) * 2; k++) {
		size_t n = sizes[k / 2];
		km_sv in = test_exact(bytes, sizeof(bytes));
		kinds(k % 2)->grams(in.p, n, out);
		for (size_t i = 0; i < n; i++) {
			uint64_t gram = 0;
			memcpy(&gram, in.p + i, KM_GRAM);
			assert_int_equal(out[i % 4][i / 4],
					 km_bucket_of(km_hash_mix(0x4752, gram)));
		}
		test_drop(in);
	}
}

static void test_words(void **state)
{
	(void)state;
	uint64_t so_far[KM_BATCH_WORDS], tail[KM_BATCH_WORDS], hash[KM_BATCH_WORDS],
		feature[KM_BATCH_WORDS], seed = 2;
	uint32_t bucket[KM_BATCH_WORDS];

	for (size_t k = 0; k < 2 * (KM_BATCH_WORDS + 1); k++) {
		size_t n = k / 2;
		for (size_t i = 0; i < n; i++) {
			so_far[i] = next(&seed);
			tail[i] = next(&seed);
		}
		kinds(k % 2)->hashes(n, so_far, tail, hash);
		kinds(k % 2)->words(n, n * 77, hash, feature, bucket);
		for (size_t i = 0; i < n; i++) {
			uint64_t h = so_far[i];
			for (unsigned b = 0; b < 64; b += 8)
				h = km_hash_byte(h, (char)(tail[i] >> b & 0xff));
			assert_true(hash[i] == km_hash_end(h));
			assert_true(feature[i] == km_hash_mix(n * 77, hash[i]));
			assert_int_equal(bucket[i], km_bucket_of(feature[i]));
		}
	}
}

static void test_pairs(void **state)
{
	(void)state;
	uint64_t feature[KM_PAIRS + KM_BATCH_WORDS], seed = 3;
	uint32_t out[KM_PAIRS][KM_BATCH_WORDS];

	for (size_t i = 0; i < KM_COUNT(feature); i++)
		feature[i] = next(&seed);
	for (size_t k = 0; k < 2 * (KM_BATCH_WORDS + 1); k++) {
		size_t n = k / 2;
		kinds(k % 2)->pairs(n, feature, out);
		for (size_t d = 1; d <= KM_PAIRS; d++)
			for (size_t i = 0; i < n; i++) {
				uint64_t before = feature[KM_PAIRS + i - d],
					 own = feature[KM_PAIRS + i];
				assert_int_equal(out[d - 1][i],
						 km_bucket_of(km_hash_mix(before, own + d)));
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grams),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_pairs),
	};
	return cmocka_run_group_tests_name("learn/batch", tests, NULL, NULL);
}
