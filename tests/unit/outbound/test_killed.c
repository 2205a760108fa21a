/*
 * Processes that decide under load and are killed at any moment: a measure is written down before
 * it takes effect, so what is in force is in the records, and what is in the records is in force
 * again after the start; no counter is behind what was decided, and no file is damaged. Twelve
 * kills; or as many as the environment variable KOMAINU_KILLS says.
 */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "outbound/case.h"
#include "player.h"
#include "store/accounts.h"

enum { WORKERS = 2, STEADY = 64 };

/* What the workers say that they did; survives them. */
typedef struct {
	_Atomic km_time now;
	_Atomic uint64_t decisions, written, applied;
	_Atomic km_time flushed;
	_Atomic uint32_t messages[STEADY]; /* of each steady account, decided so far */
	_Atomic uint32_t serial;	   /* of accounts that go wrong */
} shared;

static char dir[64], path[96];
static shared *said;

static km_word *profile(player *p, const char *name)
{
	uint64_t key = km_counters_key(p->counters, KM_KEY_ACCOUNT, 0, km_sv_of(name));

	return km_counters_profile(p->counters, key, true, p->now);
}

/* Tallies of this test: one word of the profile that nothing else moves, for it has no kind. */
static void count(player *p, unsigned i)
{
	char name[16];

	(void)snprintf(name, sizeof(name), "s%u", i);
	player_send(p, &(mail){ .account = name, .ip = "192.0.2.7", .first = i, .n = 1 });
	if (p->d.action == KM_GUARD_ACCEPT)
		(void)atomic_fetch_add(&said->messages[i], 1);
}

static void apply(player *p, km_accounts *records)
{
	for (size_t i = 0; i < p->d.n_measures; i++) {
		const km_measure *m = &p->d.measures[i];
		const km_entry e = { .account = m->account,
				     .kind = km_entry_kind_by_name(km_sv_of(km_step_name(m->step))),
				     .t_ms = m->t * 1000,
				     .by = KM_S("komainu") };
		assert_int_equal(km_accounts_add(records, &e, 1, NULL), KM_OK);
		(void)atomic_fetch_add(&said->written, 1);
		(void)km_guard_apply(p->guard, m);
		(void)atomic_fetch_add(&said->applied, 1);
	}
}

/* Decides until it is killed: honest mail, and one account after the other that floods. */
static void work(void)
{
	const km_guard_conf conf = km_guard_defaults();
	km_accounts *records;
	player p;
	char name[16];

	player_open_at(&p, path, &conf);
	p.now = atomic_load(&said->now);
	assert_int_equal(km_accounts_open(dir, &records, NULL), KM_OK);
	p.keep = true;
	for (;;) {
		(void)snprintf(name, sizeof(name), "w%u", atomic_fetch_add(&said->serial, 1));
		for (unsigned i = 0; i < 80; i++) {
			player_send(&p, &(mail){ .account = name,
						 .ip = "203.0.113.9",
						 .first = 1000 + i,
						 .n = 1 });
			apply(&p, records);
			count(&p, i % STEADY);
			(void)atomic_fetch_add(&said->decisions, 2);
		}
		if (km_counters_flush(p.counters, p.now, NULL) == KM_OK)
			atomic_store(&said->flushed, p.now);
	}
}

typedef struct {
	player *p;
	unsigned in_force, put_back;
} check;

/* As the daemon does it at its start. */
static bool put_back(void *ctx, int64_t row, const km_entry *e)
{
	check *c = ctx;
	char name[16];

	(void)row;
	(void)snprintf(name, sizeof(name), "%.*s", KM_FMT(e->account));
	c->in_force++;
	if (player_step(c->p, name) < KM_STEP_THROTTLE) {
		c->put_back++;
		km_guard_reinstate(c->p->guard, e->account,
				   km_step_by_name(km_sv_of(km_entry_kind_name(e->kind))),
				   e->t_ms / 1000);
	}
	assert_true(player_step(c->p, name) >= KM_STEP_THROTTLE);
	return true;
}

static bool count_row(void *ctx, int64_t row, const km_entry *e)
{
	(void)row;
	(void)e;
	++*(unsigned *)ctx;
	return true;
}

static unsigned recorded(km_accounts *records, const char *name)
{
	unsigned n = 0;

	assert_int_equal(km_accounts_find(records, &(km_entry_filter){ .account = km_sv_of(name) },
					  count_row, &n, NULL),
			 KM_OK);
	return n;
}

static void look(check *c)
{
	const km_guard_conf conf = km_guard_defaults();
	km_accounts *records;
	player p;
	char name[16];

	player_open_at(&p, path, &conf);
	p.now = atomic_load(&said->now);
	TEST_SV(km_sv_of(km_counters_said(p.counters)), "");
	assert_int_equal(km_accounts_open(dir, &records, NULL), KM_OK);
	c->p = &p;
	c->in_force = 0;
	/* nothing takes effect that is not written */
	for (unsigned i = 0, n = atomic_load(&said->serial); i < n; i++) {
		(void)snprintf(name, sizeof(name), "w%u", i);
		if (player_step(&p, name) >= KM_STEP_THROTTLE)
			assert_true(recorded(records, name) > 0);
	}
	assert_int_equal(km_accounts_in_force(records, p.now * 1000, put_back, c, NULL), KM_OK);
	assert_true(c->in_force + WORKERS >= atomic_load(&said->written));
	/* no decision is forgotten; one that was made but not yet told may be in it */
	for (unsigned i = 0; i < STEADY; i++) {
		(void)snprintf(name, sizeof(name), "s%u", i);
		double n = km_decay_get(&profile(&p, name)[KM_W_MESSAGES], KM_HALF_LONG, p.now);
		/* a month's half-life: 500 turns of a minute fade by a hundredth */
		assert_true(n * 1.03 + 0.5 >= (double)atomic_load(&said->messages[i]));
	}
	assert_true(km_counters_flushed(p.counters) >= atomic_load(&said->flushed));
	km_accounts_close(records);
	player_close(&p);
}

static void test_killed(void **state)
{
	(void)state;
	const char *want = getenv("KOMAINU_KILLS");
	unsigned kills = want ? (unsigned)strtoul(want, NULL, 10) : 12;
	check c = { 0 };

	for (unsigned k = 0; k < kills; k++) {
		pid_t pid[WORKERS];
		atomic_store(&said->now, T0 + (km_time)k * 60);
		for (int i = 0; i < WORKERS; i++)
			if ((pid[i] = fork()) == 0)
				work();
		/* between no decision at all and some hundreds */
		(void)usleep(3000 + 7919 * k % 60000);
		for (int i = 0; i < WORKERS; i++) {
			(void)kill(pid[i], SIGKILL);
			assert_int_equal(waitpid(pid[i], NULL, 0), pid[i]);
		}
		look(&c);
	}
	assert_true(atomic_load(&said->decisions) > 0);
	print_message("# %u kills, %llu decisions, %u measures in force, %u of them put back\n",
		      kills * WORKERS, (unsigned long long)atomic_load(&said->decisions),
		      c.in_force, c.put_back);
}

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
	/* made with room for all that will be stopped: those are never forgotten, others are for
	 * them */
	const km_counters_size size = km_counters_size_for(30000);
	km_counters *c;
	if (km_counters_open(path, &size, &c, NULL) != KM_OK)
		return -1;
	km_counters_close(c);
	said = mmap(NULL, sizeof(*said), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return said == MAP_FAILED ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
	};
	return cmocka_run_group_tests_name("outbound/killed", tests, NULL, NULL);
}
