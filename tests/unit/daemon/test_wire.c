#include "daemon/wire.h"

#include "net/frame.h"
#include "test.h"

static void test_record(void **state)
{
	(void)state;
	const km_record in = {
		.id = KM_SV("01ABC"),
		.t_ms = -5,
		.subject = KM_SV("件名"),
		.n_rcpts = 3,
		.score = 17.25,
		.probability = .5,
		.facts = KM_SV("[]"),
		.duration_us = 80,
	};
	km_record out;
	km_frame f;
	uint64_t seq;
	km_buf b;

	km_buf_init(&b, NULL, 1 << 16);
	km_wire_put_record(&b, 42, &in, false);
	km_sv rest = km_buf_sv(&b);
	assert_int_equal(km_frame_next(&rest, &f), KM_OK);
	assert_int_equal(f.type, KM_WIRE_RECORD);
	assert_true(km_wire_get_record(f.body, &seq, &out));
	assert_int_equal(seq, 42);
	TEST_SV(out.id, "01ABC");
	TEST_SV(out.subject, "件名");
	assert_int_equal(out.t_ms, -5);
	assert_true(out.score == 17.25 && out.probability == .5);
	assert_int_equal(out.duration_us, 80);
	/* no shorter or longer body is taken */
	for (size_t n = 0; n < f.body.n; n++) {
		km_sv part = test_exact(f.body.p, n);
		assert_false(km_wire_get_record(part, &seq, &out));
		test_drop(part);
	}
	km_buf_byte(&b, 0);
	assert_false(km_wire_get_record((km_sv){ f.body.p, f.body.n + 1 }, &seq, &out));
	km_buf_finish(&b);
}

static void test_ack(void **state)
{
	(void)state;
	km_frame f;
	uint64_t seq;
	km_buf b;

	km_buf_init(&b, NULL, 1 << 10);
	km_wire_put_ack(&b, 7);
	km_sv rest = km_buf_sv(&b);
	assert_int_equal(km_frame_next(&rest, &f), KM_OK);
	assert_true(km_wire_get_ack(f.body, &seq));
	assert_int_equal(seq, 7);
	assert_false(km_wire_get_ack(km_sv_sub(f.body, 0, 3), &seq));
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_ack),
	};
	return cmocka_run_group_tests_name("daemon/wire", tests, NULL, NULL);
}
