#include "store/counters.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/key.h"
#include "test.h"

enum { T0 = 1772409600, DAY = 86400 };

static char dir[64], path[96];
static const km_counters_size small = { 256, 256, 1024, 64 };

static int remove_entry(const char *name, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(name);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/komainu-test-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/counters", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static km_counters *opened(const char *where, const km_counters_size *size)
{
	km_counters *c = NULL;
	km_err err = { 0 };

	if (km_counters_open(where, size, &c, &err) != KM_OK)
		fail_msg("%s", err.msg);
	return c;
}

/* SipHash-1-3 of the bytes 00 01 02 … under the key 00 01 … 0f, as its authors' program gives it.
 */
static void test_hash(void **state)
{
	(void)state;
	static const km_seed seed = { { 0x0706050403020100u, 0x0f0e0d0c0b0a0908u } };
	static const struct {
		size_t n;
		uint64_t want;
	} cases[] = { { 0, 0xabac0158050fc4dcu }, { 1, 0xc9f49bf37d57ca93u } };
	char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv v = test_exact(bytes, cases[i].n);
		if (km_key_hash(&seed, v) != cases[i].want)
			fail_msg("%zu bytes: %016llx", cases[i].n,
				 (unsigned long long)km_key_hash(&seed, v));
		test_drop(v);
	}
}

static void test_keys(void **state)
{
	(void)state;
	km_counters *m = opened(NULL, &small), *f = opened(path, &small);

	assert_int_equal(km_counters_key(m, 'a', 0, KM_S("x")),
			 km_counters_key(m, 'a', 0, KM_S("x")));
	assert_int_not_equal(km_counters_key(m, 'a', 0, KM_S("x")),
			     km_counters_key(m, 'b', 0, KM_S("x")));
	assert_int_not_equal(km_counters_key(m, 'a', 1, KM_S("x")),
			     km_counters_key(m, 'a', 2, KM_S("x")));
	/* a file has a secret of its own */
	assert_int_not_equal(km_counters_key(m, 'a', 0, KM_S("x")),
			     km_counters_key(f, 'a', 0, KM_S("x")));
	km_counters_close(m);
	km_counters_close(f);
}

static void test_profiles(void **state)
{
	(void)state;
	km_counters *c = opened(NULL, &small);
	km_word *w[1000];

	assert_null(km_counters_profile(c, 42, false, T0));
	w[0] = km_counters_profile(c, 42, true, T0);
	assert_non_null(w[0]);
	w[0][3] = 7;
	km_counters_pin(c, w[0], true);
	/* far more than there is room for: the pinned one stays, the newest are there */
	for (uint64_t i = 1; i < 1000; i++) {
		w[i] = km_counters_profile(c, km_key_mix(i, 9), true, T0 + (km_time)i * 60);
		assert_non_null(w[i]);
		assert_int_equal(w[i][5], 0);
		w[i][5] = i;
	}
	assert_ptr_equal(km_counters_profile(c, 42, false, T0), w[0]);
	assert_int_equal(w[0][3], 7);
	for (uint64_t i = 990; i < 1000; i++) {
		km_word *again = km_counters_profile(c, km_key_mix(i, 9), false, T0 + 60000);
		assert_ptr_equal(again, w[i]);
		assert_int_equal(again[5], i);
	}
	assert_null(km_counters_profile(c, km_key_mix(1, 9), false, T0 + 60000));
	km_counters_close(c);
}

static void test_all_pinned(void **state)
{
	(void)state;
	km_counters *c = opened(NULL, &(km_counters_size){ 64, 4, 16, 8 });
	km_word *w;
	unsigned n = 0;

	for (uint64_t i = 1; i < 200; i++)
		if ((w = km_counters_profile(c, km_key_mix(i, 1), true, T0)) != NULL) {
			km_counters_pin(c, w, true);
			n++;
		}
	assert_int_equal(n, 64);
	km_counters_close(c);
}

static void test_rates(void **state)
{
	(void)state;
	km_counters *c = opened(NULL, &small);
	const km_rate r = { 5, 60 };
	unsigned passed = 0;

	for (int i = 0; i < 50; i++)
		passed += km_counters_take(c, 77, &r, 1, km_usec_of(T0), NULL);
	assert_int_equal(passed, 5);
	assert_true(km_counters_take(c, 78, &r, 1, km_usec_of(T0), NULL));
	/* cells whose bucket has drained are used again, so 77 keeps its own for as long as it says
	 * anything */
	for (uint64_t i = 0; i < 30; i++)
		(void)km_counters_take(c, km_key_mix(i, 3), &r, 1, km_usec_of(T0) - 59000000, NULL);
	assert_false(km_counters_take(c, 77, &r, 1, km_usec_of(T0), NULL));
	assert_true(km_counters_take(c, 77, &r, 1, km_usec_of(T0 + 61), NULL));
	km_counters_close(c);
}

static void test_seen(void **state)
{
	(void)state;
	km_counters *c = opened(NULL, &(km_counters_size){ 64, 64, 1 << 16, 64 });
	unsigned wrong = 0;

	assert_false(km_counters_seen(c, 5, T0).known);
	for (int day = 0; day < 20; day++) {
		km_counters_see(c, 5, T0 + day * DAY);
		km_counters_see(c, 5, T0 + day * DAY + 60);
		km_seen s = km_counters_seen(c, 5, T0 + day * DAY + 90);
		assert_true(s.known && s.today);
		assert_int_equal(s.days, day < 15 ? day + 1 : 15);
	}
	assert_false(km_counters_seen(c, 5, T0 + 20 * DAY).today);
	for (uint64_t i = 0; i < 40000; i++)
		km_counters_see(c, km_key_mix(i, 1), T0 + 21 * DAY);
	for (uint64_t i = 0; i < 40000; i++)
		wrong += km_counters_seen(c, km_key_mix(i, 2), T0 + 21 * DAY).known;
	assert_true(wrong < 20);
	assert_true(km_counters_seen(c, km_key_mix(39999, 1), T0).known);
	km_counters_close(c);
}

static void test_distinct(void **state)
{
	(void)state;
	static const struct {
		unsigned n;
		double slack;
	} cases[] = { { 1, .2 },   { 3, .5 },	  { 8, 2 },	   { 20, 5 },
		      { 100, 35 }, { 1000, 400 }, { 50000, 20000 } };
	km_counters *c = opened(NULL, &small);

	for (size_t k = 0; k < KM_COUNT(cases); k++) {
		for (uint64_t i = 0; i < cases[k].n; i++)
			for (int twice = 0; twice < 2; twice++)
				km_counters_distinct_add(c, 100 + k, km_key_mix(i, k), 3600, 1, T0);
		double got = km_counters_distinct(c, 100 + k, 3600, 1, T0);
		if (fabs(got - cases[k].n) > cases[k].slack)
			fail_msg("%u: counted %f", cases[k].n, got);
	}
	/* windows pass: in the next hour the last one still counts, in the one after it does not */
	assert_true(km_counters_distinct(c, 103, 3600, 1, T0 + 3600) > 10);
	assert_true(km_counters_distinct(c, 103, 3600, 1, T0 + 7200) < 1);
	assert_true(km_counters_distinct(c, 999, 3600, 1, T0) < 1);
	/* Where it is crowded, those go that count for the shortest time. */
	km_counters_distinct_add(c, 5, 1, DAY, 2, T0);
	for (uint64_t i = 0; i < 500; i++)
		km_counters_distinct_add(c, 1000 + i, 1, DAY, 0, T0 + DAY);
	assert_true(km_counters_distinct(c, 5, DAY, 2, T0 + DAY) > .5);
	km_counters_close(c);
}

static void test_survives(void **state)
{
	(void)state;
	km_counters *c = opened(path, &small);
	uint64_t key = km_counters_key(c, 'a', 0, KM_S("u1"));
	struct stat sb;

	km_counters_profile(c, key, true, T0)[2] = 99;
	km_counters_see(c, key, T0);
	assert_int_equal(km_counters_flush(c, T0, NULL), KM_OK);
	km_counters_close(c);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0777, 0600);
	/* another size is wished for, but what is there is kept */
	c = opened(path, &(km_counters_size){ 512, 512, 512, 512 });
	TEST_SV(km_sv_of(km_counters_said(c)), "");
	assert_int_equal(km_counters_sizes(c).profiles, small.profiles);
	assert_int_equal(km_counters_key(c, 'a', 0, KM_S("u1")), key);
	assert_int_equal(km_counters_profile(c, key, false, T0)[2], 99);
	assert_true(km_counters_seen(c, key, T0).known);
	assert_int_equal(km_counters_flushed(c), T0);
	km_counters_close(c);
}

static void damage(off_t at, const char *bytes, size_t n)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	(void)close(fd);
}

static void test_damage(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		off_t at, cut; /* cut: new length, 0 for none */
		const char *said;
	} cases[] = {
		{ "magic", 0, 0, "no file of counters" }, { "layout", 8, 0, "another version" },
		{ "sizes", 17, 0, "damaged header" },	  { "secret", 33, 0, "damaged header" },
		{ "fence", -8, 0, "is damaged" },	  { "cut short", 0, 100, "too short" },
		{ "cut", 0, 8192, "wrong size" },
	};
	struct stat sb;

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_counters *c = opened(path, &small);
		(void)km_counters_profile(c, 7, true, T0);
		km_counters_close(c);
		assert_int_equal(stat(path, &sb), 0);
		if (cases[i].cut)
			assert_int_equal(truncate(path, cases[i].cut), 0);
		else
			damage(cases[i].at < 0 ? sb.st_size + cases[i].at : cases[i].at, "\xA5", 1);
		c = opened(path, &small);
		if (strstr(km_counters_said(c), cases[i].said) == NULL)
			fail_msg("%s: \"%s\"", cases[i].name, km_counters_said(c));
		assert_null(km_counters_profile(c, 7, false, T0));
		km_counters_close(c);
		c = opened(path, &small);
		TEST_SV(km_sv_of(km_counters_said(c)), "");
		km_counters_close(c);
	}
}

static void test_errors(void **state)
{
	(void)state;
	km_counters *c;
	km_err err = { 0 };

	assert_int_equal(km_counters_open("/nonexistent-folder/c", &small, &c, &err), KM_IO);
	assert_null(c);
	assert_non_null(strstr(err.msg, "/nonexistent-folder/c"));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(km_counters_open(path, &small, &c, NULL), KM_IO);
	assert_int_equal(rmdir(path), 0);
}

enum { WORKERS = 4, TURNS = 20000 };

/* What a worker does: counts in words that all share, until it is told how often or is killed. */
static void work(unsigned me, unsigned turns)
{
	km_counters *c = opened(path, &small);
	const km_rate r = { 1e9, 3600 };

	for (unsigned i = 0; turns == 0 || i < turns; i++) {
		km_word *w = km_counters_profile(c, 42, true, T0);
		(void)km_tally_add(&w[0], 1, 1, NULL);
		(void)km_decay_add(&w[1], DAY, 1, T0);
		(void)km_counters_take(c, 43, &r, 1, km_usec_of(T0), NULL);
		km_counters_distinct_add(c, 44, km_key_mix(me * TURNS + i, 0), 3600, 0, T0);
		km_counters_see(c, km_key_mix(i, me), T0);
		(void)km_counters_profile(c, km_key_mix(i, me), true, T0 + i);
		km_counters_pin(c, w, true);
	}
	km_counters_close(c);
	_exit(0);
}

static void test_processes(void **state)
{
	(void)state;
	pid_t pid[WORKERS];
	int status;

	for (unsigned i = 0; i < WORKERS; i++)
		if ((pid[i] = fork()) == 0)
			work(i, TURNS);
	for (unsigned i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	km_counters *c = opened(path, &small);
	km_word *w = km_counters_profile(c, 42, false, T0);
	assert_non_null(w);
	/* not one is lost */
	assert_int_equal(km_tally_get(&w[0]).count, WORKERS * TURNS);
	assert_int_equal((int)km_decay_get(&w[1], DAY, T0), WORKERS * TURNS);
	double n = km_counters_distinct(c, 44, 3600, 0, T0);
	assert_true(n > WORKERS * TURNS * .6 && n < WORKERS * TURNS * 1.4);
	km_counters_close(c);
}

static void test_killed(void **state)
{
	(void)state;
	uint32_t last = 0;

	for (int turn = 0; turn < 30; turn++) {
		pid_t pid = fork();
		if (pid == 0)
			work(1, 0);
		(void)usleep(2000 + 700 * (unsigned)turn);
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		km_counters *c = opened(path, &small);
		TEST_SV(km_sv_of(km_counters_said(c)), "");
		km_word *w = km_counters_profile(c, 42, true, T0);
		uint32_t count = km_tally_get(&w[0]).count;
		double sum = km_decay_get(&w[1], DAY, T0);
		/* what was counted stays, and at most the step under way is half done */
		assert_true(count >= last);
		assert_true(count < 16000000 ? fabs(sum - count) <= turn + 1 : true);
		last = count;
		km_counters_close(c);
	}
	assert_true(last > 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_hash),   CASE(test_keys),   CASE(test_profiles),  CASE(test_all_pinned),
		CASE(test_rates),  CASE(test_seen),   CASE(test_distinct),  CASE(test_survives),
		CASE(test_damage), CASE(test_errors), CASE(test_processes), CASE(test_killed),
	};
	return cmocka_run_group_tests_name("store/counters", tests, NULL, NULL);
}
