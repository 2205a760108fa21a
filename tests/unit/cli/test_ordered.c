#include "cli/ordered.h"

#include <sched.h>

#include "test.h"

typedef struct {
	uint64_t number, result;
	unsigned worker;
} job;

typedef struct {
	uint64_t given, most, used, stop_at;
	unsigned workers;
	uint64_t threads_seen; /* bit for each worker */
} work;

static bool next(void *ctx, void *j)
{
	work *w = ctx;

	if (w->given == w->most)
		return false;
	assert_int_equal(((job *)j)->result, 0);
	((job *)j)->number = w->given++;
	return true;
}

static void do_one(void *ctx, unsigned worker, void *j)
{
	job *o = j;

	(void)ctx;
	o->worker = worker;
	for (uint64_t i = 0; i < (o->number * 7919) % 40; i++) /* finish out of order */
		(void)sched_yield();
	o->result = o->number * o->number + 1;
}

static bool done(void *ctx, void *j)
{
	const job *o = j;
	work *w = ctx;

	assert_int_equal(o->number, w->used);
	assert_int_equal(o->result, o->number * o->number + 1);
	assert_true(o->worker < w->workers);
	w->threads_seen |= 1u << o->worker;
	w->used++;
	return w->used != w->stop_at;
}

static const km_ordered_ops ops = { sizeof(job), next, do_one, done };

static void keeps_order(void **state)
{
	static const struct {
		unsigned workers;
		uint64_t jobs;
		size_t alone;
	} cases[] = { { 1, 0, 0 }, { 1, 100, 0 },  { 4, 0, 0 },	    { 4, 3, 0 },
		      { 4, 5, 5 }, { 3, 2000, 0 }, { 4, 2000, 32 }, { 4, 10, 32 } };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		work w = { .most = cases[i].jobs, .workers = cases[i].workers };
		assert_int_equal(km_ordered_run(&ops, &w, cases[i].workers, cases[i].alone, NULL),
				 KM_OK);
		assert_int_equal(w.used, cases[i].jobs);
		if (cases[i].jobs <= cases[i].alone)
			assert_true(w.threads_seen <= 1);
	}
}

static void stops_when_told(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 4; workers++) {
		work w = { .most = 100000, .workers = workers, .stop_at = 50 };
		assert_int_equal(km_ordered_run(&ops, &w, workers, 0, NULL), KM_OK);
		assert_int_equal(w.used, w.given); /* what was begun is given back */
		assert_true(w.used >= 50 && w.used < 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order),
		cmocka_unit_test(stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
