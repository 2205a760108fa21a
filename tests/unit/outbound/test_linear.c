/*
 * Reading an event, judging it, and reading files of identities takes time linear in the input,
 * whatever it holds.
 */
#include "linear.h"
#include "outbound/guard.h"

#define HEAD "{\"t\": \"2026-03-02T00:00:00Z\", \"event\": "

static const linear_text events[] = {
	{ HEAD "\"submit\", \"account\": \"u\", \"rcpts\": [\"r@x\"", ",\"r#@d.example\"", "]}" },
	{ HEAD "\"submit\", \"account\": \"u\", \"rcpts\": [\"r@x\"", ",\"r#@d#.example\"", "]}" },
	{ HEAD "\"submit\", \"account\": \"u\", \"rcpts\": [\"r@x\"", ",\"@\"", "]}" },
	{ HEAD "\"submit\", \"account\": \"u\", \"subject\": \"", "x", "\"}" },
	{ HEAD "\"submit\", \"account\": \"u\", \"subject\": \"", "\\u4ef6", "\"}" },
	{ HEAD "\"submit\", \"account\": \"", "\xff", "\"}" },
	{ HEAD "\"submit\", \"from\": \"", "@", "\"}" },
	{ HEAD "\"submit\"", ",\"x#\": [1]", "}" },
	{ HEAD "\"submit\"", ",\"ip\": \"192.0.2.1\"", "}" },
	{ HEAD "\"submit\", \"x\": ", "[", "" },
	{ "", " ", "" },
	{ HEAD "\"account\", \"account\": \"u\", \"created\": \"", "2", "\"}" },
};

static const linear_text csv_files[] = {
	{ "account,identity\n", "u#,a#@d#.example\n", "" },
	{ "", "u#,a@x,b@x,c@x,@y\n", "" },
	{ "", LINEAR_HASH "comment\n", "" },
	{ "u,", " ", "a@b\n" },
};

static const linear_text map_files[] = {
	{ "", "a#@d.example u#\n", "" },
	{ "", "a#@d.example u# v# w#\n\t x#\n", "" },
	{ "", "\n", "" },
	{ "a@b ", " ,", "u\n" },
};

/* Reads and judges, the second time as well, when its recipients are known. */
static void play(km_identities *ids, km_sv line)
{
	const km_guard_conf conf = km_guard_defaults();
	const km_counters_size size = km_counters_size_for(1000);
	km_arena *a = km_arena_new(64 << 20);
	km_counters *c;
	km_guard *g;
	km_event e;
	km_decision d;

	assert_int_equal(km_counters_open(NULL, &size, &c, NULL), KM_OK);
	assert_int_equal(km_guard_open(&conf, c, ids, &g, NULL), KM_OK);
	for (int i = 0; i < 2; i++) {
		km_arena_reset(a);
		if (km_event_read(a, line, &e, NULL) == KM_OK)
			assert_int_equal(km_guard_submit(g, a, &e, &d), KM_OK);
	}
	km_guard_close(g);
	km_counters_close(c);
	km_arena_free(a);
}

static size_t event_work(void *ctx, km_sv in)
{
	km_identities *ids = km_identities_new();

	(void)ctx;
	assert_non_null(ids);
	steps = 0;
	play(ids, in);
	size_t done = steps;
	km_identities_free(ids);
	return done;
}

typedef km_status file_reader(km_identities *ids, km_sv file, const char *name, km_err *err);

static file_reader *const csv_reader = km_identities_read_csv;
static file_reader *const map_reader = km_identities_read_map;

/* @ctx is a file_reader's address. */
static size_t file_work(void *ctx, km_sv in)
{
	km_identities *ids = km_identities_new();

	assert_non_null(ids);
	steps = 0;
	(void)!(*(file_reader *const *)ctx)(ids, in, "x", NULL);
	size_t done = steps;
	km_identities_free(ids);
	return done;
}

static void test_linear(void **state)
{
	enum { SMALL = 100000, MOST = 100 };

	(void)state;
	linear_check(events, KM_COUNT(events), SMALL, MOST, event_work, NULL);
	linear_check(csv_files, KM_COUNT(csv_files), SMALL, MOST, file_work, (void *)&csv_reader);
	linear_check(map_files, KM_COUNT(map_files), SMALL, MOST, file_work, (void *)&map_reader);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };
	return cmocka_run_group_tests_name("outbound/linear", tests, NULL, NULL);
}
