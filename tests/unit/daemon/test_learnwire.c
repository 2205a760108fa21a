#include "daemon/learnwire.h"

#include "net/frame.h"
#include "test.h"

static km_sv body_of(const km_buf *b, uint16_t type)
{
	km_sv rest = km_buf_sv(b);
	km_frame f;

	assert_int_equal(km_frame_next(&rest, &f), KM_OK);
	assert_int_equal(f.type, type);
	return f.body;
}

static void test_ask(void **state)
{
	(void)state;
	km_learn_ask a = { 7, KM_LEARN_ROLLBACK, KM_SV("name") }, b;
	km_buf out;

	km_buf_init(&out, NULL, 1024);
	km_learnwire_put_ask(&out, &a);
	km_sv body = body_of(&out, KM_LEARNWIRE_ASK);
	for (size_t n = 0; n < body.n; n++) {
		km_sv part = test_exact(body.p, n);
		assert_false(km_learnwire_get_ask(part, &b));
		test_drop(part);
	}
	assert_true(km_learnwire_get_ask(body, &b));
	assert_int_equal(b.id, 7);
	assert_int_equal(b.verb, KM_LEARN_ROLLBACK);
	TEST_SV(b.body, "name");
	out.n = 0;
	a.verb = KM_LEARN_VERBS;
	km_learnwire_put_ask(&out, &a);
	assert_false(km_learnwire_get_ask(body_of(&out, KM_LEARNWIRE_ASK), &b));
	km_buf_finish(&out);
}

static void test_answer(void **state)
{
	(void)state;
	km_learn_answer a = { 9, KM_LIMIT, { KM_TAUGHT_MOVED, 12, 0.5 }, KM_SV("why not") }, b;
	km_buf out;

	km_buf_init(&out, NULL, 1024);
	km_learnwire_put_answer(&out, &a);
	km_sv body = body_of(&out, KM_LEARNWIRE_ANSWER);
	for (size_t n = 0; n < body.n; n++) {
		km_sv part = test_exact(body.p, n);
		assert_false(km_learnwire_get_answer(part, &b));
		test_drop(part);
	}
	assert_true(km_learnwire_get_answer(body, &b));
	assert_int_equal(b.id, 9);
	assert_int_equal(b.st, KM_LIMIT);
	assert_int_equal(b.taught.how, KM_TAUGHT_MOVED);
	assert_int_equal(b.taught.seq, 12);
	assert_true(b.taught.weight >= 0.5 && b.taught.weight <= 0.5);
	TEST_SV(b.text, "why not");
	out.n = 0;
	a.taught.how = (km_taught_how)KM_TAUGHT_COUNT;
	km_learnwire_put_answer(&out, &a);
	assert_false(km_learnwire_get_answer(body_of(&out, KM_LEARNWIRE_ANSWER), &b));
	km_buf_finish(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ask),
					    cmocka_unit_test(test_answer) };

	return cmocka_run_group_tests_name("daemon/learnwire", tests, NULL, NULL);
}
