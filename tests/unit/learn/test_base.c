#include "learn/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "learn/builtin.h"
#include "test.h"

static float weight[KM_BUCKETS];
static uint32_t raw_count[KM_BUCKETS], fielded_count[KM_BUCKETS];

static km_buf write_model(void)
{
	km_buf b;

	km_buf_init(&b, NULL, KM_BASE_BYTES);
	assert_int_equal(km_base_write(&b, weight, raw_count, fielded_count, 7, 9), KM_OK);
	assert_int_equal(b.n, KM_BASE_BYTES);
	return b;
}

/* When this fails after a change of the features: make the model again with data/make-base-model.
 */
static void test_builtin(void **state)
{
	(void)state;
	km_base *b;
	km_err err = { 0 };
	uint64_t spam, ham;

	if (km_base_open(NULL, &b, &err) != KM_OK)
		fail_msg("%s", err.msg);
	km_base_trained(b, &spam, &ham);
	assert_true(spam > 1000 && ham > 1000);
	km_base_close(b);
}

static void test_damaged(void **state)
{
	(void)state;
	static const size_t at[] = { 0, 8, 12, 17, 24, 33, 48, 64, 1 << 20, KM_BASE_BYTES - 1 };
	km_sv good = km_base_builtin();
	char *bytes = malloc(good.n + 1);
	km_err err = { 0 };

	assert_non_null(bytes);
	memcpy(bytes, good.p, good.n);
	for (size_t i = 0; i < KM_COUNT(at); i++) {
		bytes[at[i]] ^= 0x10;
		err = (km_err){ 0 };
		assert_int_not_equal(km_base_check((km_sv){ bytes, good.n }, "x.model", &err),
				     KM_OK);
		assert_true(strstr(err.msg, "x.model") != NULL);
		bytes[at[i]] ^= 0x10;
	}
	bytes[good.n] = 0;
	for (size_t n = 0; n < good.n; n = n * 3 + 1) {
		km_sv part = test_exact(bytes, n);
		assert_int_equal(km_base_check(part, "x", NULL), KM_SYNTAX);
		test_drop(part);
	}
	assert_int_equal(km_base_check((km_sv){ bytes, good.n + 1 }, "x", NULL), KM_SYNTAX);
	assert_int_equal(km_base_check(good, "x", NULL), KM_OK);
	free(bytes);
}

static void test_written(void **state)
{
	(void)state;
	char path[] = "/tmp/km-base-XXXXXX";
	uint32_t buckets[2] = { 5, 70000 };
	km_features f = {
		.view = { [KM_VIEW_BODY] = { buckets, 2 }, [KM_VIEW_RAW] = { buckets, 2 } },
		.latin = 1
	};
	km_score s = { 0 };
	km_base_opinion o;
	km_base *b;

	weight[5] = 2;
	weight[70000] = -0.5f;
	raw_count[5] = 3;
	raw_count[6] = 1000;
	fielded_count[70000] = 1u << 30;
	km_buf out = write_model();
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, out.p, out.n) == (ssize_t)out.n);
	(void)close(fd);
	assert_int_equal(km_base_open(path, &b, NULL), KM_OK);
	(void)unlink(path);
	assert_true(fabs(km_base_weight(b, KM_VIEW_BODY, 5) - 2) < 1e-6);
	assert_true(fabs(km_base_weight(b, KM_VIEW_LINK, 70000) + 0.5) < 0.02);
	assert_true(km_base_weight(b, KM_VIEW_RAW, 5) == 0); /* it knows words alone */
	assert_true(km_base_familiar(b, KM_VIEW_RAW, 5) == 0);
	assert_true(km_base_familiar(b, KM_VIEW_RAW, 6) == 512);
	assert_true(km_base_familiar(b, KM_VIEW_RAW, 7) == 0);
	assert_true(km_base_familiar(b, KM_VIEW_HEADER, 70000) == 16384);
	km_base_read(b, &f, &o);
	km_base_add(&o, &f, &s);
	assert_true(s.view[KM_VIEW_RAW] == 0 && s.view[KM_VIEW_HEADER] == 0);
	assert_true(fabs(s.view[KM_VIEW_BODY] - 1.5 * km_base_share(&f, KM_VIEW_BODY)) < 0.01);
	f.latin = 0.4; /* mostly Japanese */
	s = (km_score){ 0 };
	km_base_read(b, &f, &o);
	km_base_add(&o, &f, &s);
	assert_true(s.view[KM_VIEW_BODY] == 0);
	km_base_close(b);
	km_buf_finish(&out);
}

static void test_absent(void **state)
{
	(void)state;
	km_base *b;
	km_err err = { 0 };

	assert_int_equal(km_base_open("/nowhere/base.model", &b, &err), KM_NOTFOUND);
	assert_null(b);
	assert_true(strstr(err.msg, "/nowhere/base.model") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_absent),
	};
	return cmocka_run_group_tests_name("learn/base", tests, NULL, NULL);
}
