/*
 * Reading an event, judging it, and reading files of identities takes time linear in the input,
 * whatever it holds. The work is counted (steps.h): four times the input may cost no more than
 * about four times the work.
 */
#include "base/buf.h"
#include "outbound/guard.h"
#include "steps.h"
#include "test.h"

#define HEAD "{\"t\": \"2026-03-02T00:00:00Z\", \"event\": "

typedef enum { EVENT, CSV, MAP } what;

/* @unit over and over between @start and @end; '#' is its number. */
static const struct {
	what what;
	const char *start, *unit, *end;
} patterns[] = {
	{ EVENT, HEAD "\"submit\", \"account\": \"u\", \"rcpts\": [\"r@x\"", ",\"r#@d.example\"",
	  "]}" },
	{ EVENT, HEAD "\"submit\", \"account\": \"u\", \"rcpts\": [\"r@x\"", ",\"r#@d#.example\"",
	  "]}" },
	{ EVENT, HEAD "\"submit\", \"account\": \"u\", \"rcpts\": [\"r@x\"", ",\"@\"", "]}" },
	{ EVENT, HEAD "\"submit\", \"account\": \"u\", \"subject\": \"", "x", "\"}" },
	{ EVENT, HEAD "\"submit\", \"account\": \"u\", \"subject\": \"", "\\u4ef6", "\"}" },
	{ EVENT, HEAD "\"submit\", \"account\": \"", "\xff", "\"}" },
	{ EVENT, HEAD "\"submit\", \"from\": \"", "@", "\"}" },
	{ EVENT, HEAD "\"submit\"", ",\"x#\": [1]", "}" },
	{ EVENT, HEAD "\"submit\"", ",\"ip\": \"192.0.2.1\"", "}" },
	{ EVENT, HEAD "\"submit\", \"x\": ", "[", "" },
	{ EVENT, "", " ", "" },
	{ EVENT, HEAD "\"account\", \"account\": \"u\", \"created\": \"", "2", "\"}" },
	{ CSV, "account,identity\n", "u#,a#@d#.example\n", "" },
	{ CSV, "", "u#,a@x,b@x,c@x,@y\n", "" },
	{ CSV, "", "#comment\n", "" },
	{ CSV, "u,", " ", "a@b\n" },
	{ MAP, "", "a#@d.example u#\n", "" },
	{ MAP, "", "a#@d.example u# v# w#\n\t x#\n", "" },
	{ MAP, "", "\n", "" },
	{ MAP, "a@b ", " ,", "u\n" },
};

static km_sv build(size_t i, size_t size)
{
	km_buf b;

	km_buf_init(&b, NULL, size * 2 + 4096);
	km_buf_fmt(&b, "%s", patterns[i].start);
	for (size_t number = 0; b.n < size; number++)
		for (const char *u = patterns[i].unit; *u; u++) {
			if (*u == '#')
				km_buf_fmt(&b, "%zu", number);
			else
				km_buf_byte(&b, *u);
		}
	km_buf_fmt(&b, "%s", patterns[i].end);
	km_sv v = test_exact(b.p, b.n);
	km_buf_finish(&b);
	return v;
}

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

static size_t work(size_t i, size_t size)
{
	km_identities *ids = km_identities_new();
	km_sv in = build(i, size);

	assert_non_null(ids);
	steps = 0;
	if (patterns[i].what == EVENT)
		play(ids, in);
	else if (patterns[i].what == CSV)
		(void)!km_identities_read_csv(ids, in, "x", NULL);
	else
		(void)!km_identities_read_map(ids, in, "x", NULL);
	size_t done = steps;
	test_drop(in);
	km_identities_free(ids);
	return done;
}

static void test_linear(void **state)
{
	(void)state;
	enum { SMALL = 100000 };
	size_t worst = 0;

	for (size_t i = 0; i < KM_COUNT(patterns); i++) {
		size_t once = work(i, SMALL), more = work(i, 4 * SMALL);
		if (more > 5 * once + 20000)
			fail_msg("pattern %zu: %zu steps, then %zu", i, once, more);
		worst = more / (4 * SMALL / 10) > worst ? more / (4 * SMALL / 10) : worst;
	}
	assert_true(worst > 1); /* the work was counted */
	print_message("# at most %zu.%zu steps a byte\n", worst / 10, worst % 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };
	return cmocka_run_group_tests_name("outbound/linear", tests, NULL, NULL);
}
