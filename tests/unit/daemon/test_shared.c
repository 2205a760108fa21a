#include "daemon/shared.h"

#include <unistd.h>

#include "daemon/metrics.h"
#include "test.h"

static void test_blame(void **state)
{
	(void)state;
	km_digest_key key = { 1, 2 }, got;
	km_shared *s;
	int fd;

	assert_int_equal(km_shared_create(&s, &fd, NULL), KM_OK);
	assert_false(km_shared_blame(s, 3, &got)); /* died idle: nobody is to blame */
	for (unsigned deaths = 1; deaths <= 3; deaths++) {
		km_shared_begin(s, 3, key);
		assert_true(km_shared_blame(s, 3, &got));
		assert_true(got.a == 1 && got.b == 2);
		assert_int_equal(km_shared_deaths(s, key), deaths);
	}
	km_shared_begin(s, 4, key);
	km_shared_end(s, 4);
	assert_false(km_shared_blame(s, 4, &got));
	assert_int_equal(km_shared_deaths(s, (km_digest_key){ 2, 1 }), 0);
	(void)close(fd);
}

static void test_many_poisons(void **state)
{
	(void)state;
	km_shared *s;
	int fd;

	assert_int_equal(km_shared_create(&s, &fd, NULL), KM_OK);
	for (uint64_t i = 0; i < KM_POISON_ENTRIES + 10; i++)
		km_shared_remember(s, (km_digest_key){ i, i }, 2);
	assert_int_equal(km_shared_deaths(s, (km_digest_key){ 5, 5 }),
			 0); /* the oldest made room */
	assert_int_equal(km_shared_deaths(s, (km_digest_key){ 1000, 1000 }), 2);
	(void)close(fd);
}

/* What one process counts, another sees. */
static void test_two_maps(void **state)
{
	(void)state;
	km_shared *a, *b;
	km_buf out;
	int fd;

	assert_int_equal(km_shared_create(&a, &fd, NULL), KM_OK);
	assert_int_equal(km_shared_map(fd, &b, NULL), KM_OK);
	km_shared_verdict(a, 1, KM_ACTION_REJECT, KM_CLASS_PHISH, 100);
	km_shared_verdict(a, 2, KM_ACTION_ACCEPT, KM_CLASS_HAM, 1000000000);
	km_shared_count(a, 2, KM_COUNTER_connections_open, 3);
	assert_int_equal(km_shared_total(b, KM_COUNTER_messages_total), 2);
	assert_int_equal(km_shared_actions(b, KM_ACTION_REJECT), 1);
	assert_int_equal(km_shared_classes(b, KM_CLASS_PHISH), 1);
	assert_int_equal(km_shared_total(b, KM_COUNTER_connections_open), 3);
	km_shared_left(b, 1); /* another slot */
	assert_int_equal(km_shared_total(a, KM_COUNTER_connections_open), 3);
	assert_int_equal(km_shared_latency(b, 1), 1);
	assert_int_equal(km_shared_latency(b, KM_LATENCY_BUCKETS - 1), 1);
	km_buf_init(&out, NULL, 1 << 20);
	km_metrics_write(&out, b);
	assert_true(km_sv_find(km_buf_sv(&out), KM_S("\nkomainu_connections_open 3\n"), 0) < out.n);
	assert_true(km_sv_find(km_buf_sv(&out), KM_S("_bucket{le=\"+Inf\"} 2\n"), 0) < out.n);
	km_buf_finish(&out);
	km_shared_left(b, 2);
	assert_int_equal(km_shared_total(a, KM_COUNTER_connections_open), 0);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_many_poisons),
		cmocka_unit_test(test_two_maps),
	};
	return cmocka_run_group_tests_name("daemon/shared", tests, NULL, NULL);
}
