#include "learn/trainer.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "store/journal.h"
#include "test.h"

static char dir[64];
static km_base *base;
static km_arena *arena;

static int remove_entry(const char *path, const struct stat *sb, int type, struct FTW *ftw)
{
	(void)sb;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/komainu-test-XXXXXX");
	arena = km_arena_new(64 << 20);
	return mkdtemp(dir) && km_base_open(NULL, &base, NULL) == KM_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	km_base_close(base);
	km_arena_free(arena);
	return nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void path_of(const char *name, char out[200])
{
	(void)snprintf(out, 200, "%s/%s", dir, name);
}

/* The @i'th message: its features are a few dozen buckets of their own, and some that all have. */
static km_row lesson(uint32_t i, km_row_kind kind, const char *reporter)
{
	km_features f = { .latin = 1 };
	km_buf body;
	km_row r = { .kind = kind,
		     .t_ms = 1000 + i,
		     .reporter = km_sv_of(reporter),
		     .scope = { KM_SV("example.jp"), KM_SV("taro@example.jp") } };

	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		f.view[v].bucket = KM_NEW_ARRAY(arena, uint32_t, 40);
		f.view[v].n = 40;
		for (uint32_t k = 0; k < 40; k++)
			f.view[v].bucket[k] = (k < 10 ? k : k * 20011 + i * 97) % KM_BUCKETS;
	}
	km_buf_init(&body, arena, KM_FEATURES_MAX_BYTES);
	km_features_pack(&body, &f);
	r.body = km_buf_sv(&body);
	memcpy(r.digest, &i, sizeof(i));
	return r;
}

static km_trainer *open_it(bool read_only)
{
	const km_trainer_options o = {
		.dir = dir, .base = base, .read_only = read_only, .full = 5, .layers = 64
	};
	km_trainer *t;
	km_err err = { 0 };

	if (km_trainer_open(&o, &t, &err) != KM_OK)
		fail_msg("%s", err.msg);
	while (km_trainer_work(t, 3, NULL) == KM_NOTFOUND)
		;
	assert_true(km_trainer_ready(t));
	return t;
}

static km_taught teach(km_trainer *t, uint32_t i, km_row_kind kind, const char *reporter)
{
	const km_row r = lesson(i, kind, reporter);
	km_taught out;
	km_err err = { 0 };

	if (km_trainer_teach(t, &r, 1, &out, &err) != KM_OK)
		fail_msg("lesson %u: %s", i, err.msg);
	return out;
}

static km_trainer_state look(km_trainer *t)
{
	km_trainer_state s;

	assert_int_equal(km_trainer_look(t, &s, NULL), KM_OK);
	return s;
}

static void expect_state(km_trainer *t, uint64_t spam, uint64_t ham)
{
	km_trainer_state s = look(t);

	assert_int_equal(s.spam, spam);
	assert_int_equal(s.ham, ham);
}

static double logit(km_trainer *t, uint32_t i)
{
	const km_row r = lesson(i, KM_ROW_SPAM, "");
	km_opinion o;
	km_features f;

	assert_int_equal(km_features_unpack(arena, r.body, &f, NULL), KM_OK);
	km_layers_score(km_trainer_layers(t), &f, &r.scope, &o);
	return o.all.logit;
}

static void replay(km_trainer *t)
{
	assert_int_equal(km_trainer_replay(t, NULL), KM_OK);
	assert_false(km_trainer_ready(t));
	while (km_trainer_work(t, 2, NULL) == KM_NOTFOUND)
		;
	assert_true(km_trainer_ready(t));
}

static void test_labels(void **state)
{
	(void)state;
	km_trainer *t = open_it(false);
	double before = logit(t, 1);

	assert_int_equal(teach(t, 1, KM_ROW_SPAM, "").how, KM_TAUGHT_LEARNED);
	assert_true(logit(t, 1) > before + 0.5);
	double after = logit(t, 1);
	assert_int_equal(teach(t, 1, KM_ROW_SPAM, "").how, KM_TAUGHT_REPEAT);
	assert_true(logit(t, 1) >= after && logit(t, 1) <= after);
	expect_state(t, 1, 0);
	assert_int_equal(teach(t, 1, KM_ROW_HAM, "taro").how, KM_TAUGHT_MOVED);
	assert_true(logit(t, 1) < before);
	expect_state(t, 0, 1);
	assert_int_equal(teach(t, 1, KM_ROW_UNDO, "taro").how, KM_TAUGHT_UNDONE);
	expect_state(t, 0, 0);
	if (!(logit(t, 1) < before + 0.05 && logit(t, 1) > before - 0.05))
		fail_msg("%f before, %f after", before, logit(t, 1));
	assert_int_equal(teach(t, 1, KM_ROW_UNDO, "taro").how, KM_TAUGHT_UNKNOWN);
	assert_int_equal(teach(t, 2, KM_ROW_UNDO, "taro").how, KM_TAUGHT_UNKNOWN);
	assert_int_equal(teach(t, 1, KM_ROW_HAM, "").how, KM_TAUGHT_LEARNED);
	expect_state(t, 0, 1);
	km_trainer_close(t);
}

/* In one transaction, with the same message several times in it. */
static void test_batch(void **state)
{
	(void)state;
	static const struct {
		uint32_t i;
		km_row_kind kind;
		km_taught_how want;
	} rows[] = {
		{ 1, KM_ROW_SPAM, KM_TAUGHT_LEARNED }, { 1, KM_ROW_SPAM, KM_TAUGHT_REPEAT },
		{ 2, KM_ROW_HAM, KM_TAUGHT_LEARNED },  { 1, KM_ROW_HAM, KM_TAUGHT_MOVED },
		{ 2, KM_ROW_UNDO, KM_TAUGHT_UNDONE },  { 2, KM_ROW_SPAM, KM_TAUGHT_LEARNED },
	};
	km_row in[KM_COUNT(rows)];
	km_taught out[KM_COUNT(rows)];
	km_trainer *t = open_it(false);

	for (size_t i = 0; i < KM_COUNT(rows); i++)
		in[i] = lesson(rows[i].i, rows[i].kind, "");
	assert_int_equal(km_trainer_teach(t, in, KM_COUNT(rows), out, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		assert_int_equal(out[i].how, rows[i].want);
	expect_state(t, 1, 1);
	uint64_t digest = look(t).digest;
	replay(t);
	assert_true(look(t).digest == digest);
	/* one that can not be learned, and none of its batch is */
	in[0] = lesson(7, KM_ROW_SPAM, "");
	in[1] = lesson(8, KM_ROW_SPAM, "");
	in[1].body.n -= 3;
	assert_int_equal(km_trainer_teach(t, in, 2, out, NULL), KM_SYNTAX);
	expect_state(t, 1, 1);
	assert_true(look(t).digest == digest);
	km_trainer_close(t);
}

/* Sixty events of all kinds. */
static void teach_all(km_trainer *t)
{
	for (uint32_t i = 0; i < 60; i++) {
		uint32_t which = i * 7 % 23;
		(void)teach(t, which, (km_row_kind)(i % 5 == 4 ? KM_ROW_UNDO : 1 + i % 2),
			    i % 3 ? "taro" : "");
	}
}

/* The same model from the file, from half of it, from the journal alone, from a replay, and in a
 * process that only reads. */
static void test_same_model(void **state)
{
	(void)state;
	char model[200];
	km_trainer *t = open_it(false);

	teach_all(t);
	assert_int_equal(km_trainer_save(t, NULL), KM_OK);
	assert_int_equal(km_trainer_unsaved(t), 0);
	(void)teach(t, 200, KM_ROW_SPAM, "");
	assert_int_equal(km_trainer_unsaved(t), 1);
	const km_trainer_state want = look(t);
	km_trainer *reader = open_it(true);
	assert_true(look(reader).digest == want.digest);
	km_trainer_close(reader);
	replay(t);
	assert_true(look(t).digest == want.digest);
	km_trainer_close(t);

	path_of("learn.model", model);
	for (int how = 0; how < 3; how++) {
		if (how == 1)
			assert_int_equal(truncate(model, 20000), 0);
		if (how == 2)
			assert_int_equal(unlink(model), 0);
		t = open_it(false);
		assert_true(look(t).digest == want.digest);
		assert_int_equal(look(t).spam, want.spam);
		/* and it goes on as the others would */
		(void)teach(t, 300 + (uint32_t)how, KM_ROW_UNDO, "");
		km_trainer_close(t);
	}
}

static void test_rollback(void **state)
{
	(void)state;
	km_trainer *t = open_it(false);

	teach_all(t);
	assert_int_equal(km_trainer_snapshot(t, KM_S("a"), 1, NULL), KM_OK);
	const km_trainer_state a = look(t);
	double at_a = logit(t, 3);
	for (uint32_t i = 400; i < 420; i++)
		(void)teach(t, i, KM_ROW_SPAM, "");
	assert_int_equal(km_trainer_snapshot(t, KM_S("b"), 2, NULL), KM_OK);
	const km_trainer_state b = look(t);
	double at_b = logit(t, 3);
	static const struct {
		const char *name;
		bool is_a;
	} turns[] = { { "a", true }, { "b", false }, { "a", true }, { "a", true }, { "b", false } };
	for (size_t i = 0; i < KM_COUNT(turns); i++) {
		assert_int_equal(km_trainer_rollback(t, km_sv_of(turns[i].name), KM_S(""), 3, NULL),
				 KM_OK);
		while (km_trainer_work(t, 7, NULL) == KM_NOTFOUND)
			;
		const km_trainer_state now = look(t), *want = turns[i].is_a ? &a : &b;
		double l = logit(t, 3), l_want = turns[i].is_a ? at_a : at_b;
		assert_true(now.spam == want->spam && now.ham == want->ham);
		assert_true(l >= l_want && l <= l_want);
		replay(t);
		assert_true(look(t).digest == now.digest);
		/* a restart goes there too */
		assert_int_equal(km_trainer_save(t, NULL), KM_OK);
		km_trainer_close(t);
		t = open_it(false);
		assert_true(look(t).digest == now.digest);
		assert_int_equal(teach(t, 405, KM_ROW_SPAM, "").how,
				 turns[i].is_a ? KM_TAUGHT_LEARNED : KM_TAUGHT_REPEAT);
	}
	assert_int_equal(km_trainer_rollback(t, KM_S("none"), KM_S(""), 3, NULL), KM_NOTFOUND);
	assert_int_equal(km_trainer_snapshot(t, KM_S("no name"), 1, NULL), KM_SYNTAX);
	assert_int_equal(km_trainer_snapshot(t, KM_S(""), 1, NULL), KM_SYNTAX);
	km_trainer_close(t);
}

static void test_weights(void **state)
{
	(void)state;
	static const double want[] = { 1, 1, 1, 1, 1, .5, .5, .5, .5, .5, .25 };
	km_trainer *t = open_it(false);

	for (uint32_t i = 0; i < KM_COUNT(want); i++) {
		double w = teach(t, i, KM_ROW_SPAM, "eager").weight;
		assert_true(w >= want[i] && w <= want[i]);
	}
	double other = teach(t, 50, KM_ROW_SPAM, "calm").weight;
	double site = teach(t, 51, KM_ROW_SPAM, "").weight;
	assert_true(other >= 1 && site >= 1);
	/* the next day all is forgotten */
	km_row r = lesson(52, KM_ROW_SPAM, "eager");
	km_taught out;
	r.t_ms += 25 * 3600 * 1000;
	assert_int_equal(km_trainer_teach(t, &r, 1, &out, NULL), KM_OK);
	assert_true(out.weight >= 1);
	km_trainer_close(t);
}

/* A process that is killed while it learns, again and again: all that it was told is there. */
static void test_killed(void **state)
{
	(void)state;
	uint32_t told = 0;

	for (int round = 0; round < 8; round++) {
		int pipes[2];
		assert_int_equal(pipe(pipes), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			km_trainer *t = open_it(false);
			for (uint32_t i = told;; i++) {
				(void)teach(t, i, i & 1 ? KM_ROW_HAM : KM_ROW_SPAM, "");
				if (i % 7 == 6 && km_trainer_save(t, NULL) != KM_OK)
					_exit(1);
				if (write(pipes[1], &i, sizeof(i)) != sizeof(i))
					_exit(1);
			}
		}
		(void)close(pipes[1]);
		uint32_t i, last = 0;
		/* the pipe's end comes with its death */
		for (int n = 0; read(pipes[0], &i, sizeof(i)) == sizeof(i); n++) {
			last = i + 1;
			if (n == 3 + round * 4)
				(void)kill(child, SIGKILL);
		}
		(void)close(pipes[0]);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_true(last > told);
		told = last;
		km_trainer *t = open_it(false);
		const km_trainer_state s = look(t);
		/* the lesson that it died of may or may not be there */
		assert_in_range(s.spam + s.ham, told, told + 1);
		for (uint32_t k = 0; k < told; k++)
			assert_int_equal(teach(t, k, k & 1 ? KM_ROW_HAM : KM_ROW_SPAM, "").how,
					 KM_TAUGHT_REPEAT);
		replay(t);
		assert_true(look(t).digest == s.digest);
		km_trainer_close(t);
	}
}

/* A file that may not grow: the lesson is refused, nothing of it is kept, and later it is learned.
 */
static void test_disk_full(void **state)
{
	(void)state;
	km_trainer *t = open_it(false);
	struct rlimit old, small;
	km_err err = { 0 };
	km_taught out;
	uint32_t i = 0;

	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 200 * 1024;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (;; i++) {
		const km_row r = lesson(i, KM_ROW_SPAM, "");
		if (km_trainer_teach(t, &r, 1, &out, &err) != KM_OK)
			break;
		assert_true(i < 2000);
	}
	assert_true(strstr(err.msg, "learn.db") != NULL);
	const km_trainer_state s = look(t);
	double l = logit(t, i);
	assert_int_equal(s.spam, i);
	const km_row r = lesson(i, KM_ROW_SPAM, "");
	assert_int_not_equal(km_trainer_teach(t, &r, 1, &out, NULL), KM_OK);
	assert_true(look(t).digest == s.digest && logit(t, i) >= l && logit(t, i) <= l);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(teach(t, i, KM_ROW_SPAM, "").how, KM_TAUGHT_LEARNED);
	uint64_t digest = look(t).digest;
	replay(t);
	assert_true(look(t).digest == digest);
	km_trainer_close(t);
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	char c;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &c, 1, at), 1);
	c = (char)(c ^ 0x10);
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	(void)close(fd);
}

/* A byte anywhere in the journal: it is opened, and what the model had is still in force. */
static void test_damaged_journal(void **state)
{
	(void)state;
	char path[200], model[200], copy[200], command[700];
	km_trainer *t = open_it(false);
	struct stat sb;

	teach_all(t);
	assert_int_equal(km_trainer_save(t, NULL), KM_OK);
	const km_trainer_state want = look(t);
	double l = logit(t, 3);
	km_trainer_close(t);
	path_of("learn.db", path);
	path_of("learn.model", model);
	path_of("good", copy);
	assert_int_equal(mkdir(copy, 0700), 0);
	(void)snprintf(command, sizeof(command), "cp %s %s %s", path, model, copy);
	assert_int_equal(system(command), 0);
	assert_int_equal(stat(path, &sb), 0);
	(void)snprintf(command, sizeof(command), "rm -f %s/learn.*; cp %s/* %s", dir, copy, dir);
	for (off_t at = 0; at < sb.st_size; at += at < 200 ? 13 : sb.st_size / 61) {
		assert_int_equal(system(command), 0);
		flip(path, at);
		t = open_it(false);
		double now = logit(t, 3);
		if (!(now >= l && now <= l))
			fail_msg("byte %lld of the journal changes the model", (long long)at);
		(void)teach(t, 500, KM_ROW_SPAM, "");
		km_trainer_close(t);
	}
	/* cut off anywhere */
	for (off_t n = 0; n < sb.st_size; n += 4096 * 7 + 100) {
		assert_int_equal(system(command), 0);
		assert_int_equal(truncate(path, n), 0);
		t = open_it(false);
		double now = logit(t, 3);
		if (!(now >= l && now <= l))
			fail_msg("a journal of %lld bytes changes the model", (long long)n);
		(void)teach(t, 500, KM_ROW_SPAM, "");
		km_trainer_close(t);
	}
	/* the model, anywhere: it is made anew */
	assert_int_equal(stat(model, &sb), 0);
	for (off_t at = 0; at < sb.st_size; at += at < 48 ? 5 : sb.st_size / 23) {
		assert_int_equal(system(command), 0);
		flip(model, at);
		t = open_it(false);
		assert_true(look(t).digest == want.digest);
		km_trainer_close(t);
	}
}

/* Damage that comes while the journal is open: the lesson is refused, what is in force stays, and
 * the next one is learned. */
static void test_damaged_while_open(void **state)
{
	(void)state;
	char command[300];
	km_trainer *t = open_it(false);
	km_err err = { 0 };
	km_taught out;

	teach_all(t);
	assert_int_equal(km_trainer_save(t, NULL), KM_OK);
	km_trainer_close(t);
	t = open_it(false); /* which reads little of the file */
	double l = logit(t, 3);
	/* by another process: SQLite's locks end when this one closes the file */
	(void)snprintf(command, sizeof(command),
		       "dd if=/dev/urandom of=%s/learn.db bs=4096 seek=1 count=60 conv=notrunc "
		       "2>/dev/null",
		       dir);
	assert_int_equal(system(command), 0);
	const km_row r = lesson(600, KM_ROW_SPAM, "");
	km_status st = km_trainer_teach(t, &r, 1, &out, &err);
	if (st != KM_TEMPFAIL)
		fail_msg("%d: %s", (int)st, err.msg);
	while (km_trainer_work(t, 3, NULL) == KM_NOTFOUND)
		;
	assert_true(km_trainer_ready(t));
	double now = logit(t, 3);
	assert_true(now >= l && now <= l);
	assert_int_equal(teach(t, 600, KM_ROW_SPAM, "").how, KM_TAUGHT_LEARNED);
	uint64_t digest = look(t).digest;
	replay(t);
	assert_true(look(t).digest == digest);
	km_trainer_close(t);
	t = open_it(false);
	assert_true(look(t).digest == digest);
	km_trainer_close(t);
}

enum { LATER = 3 * 24 * 3600 * 1000 }; /* when no lesson of here is of today any more */

/* Much the same as teach_all(), in one transaction. */
static void churn(km_trainer *t)
{
	enum { N = 64 };
	km_row r[N];
	km_taught out[N];
	km_err err = { 0 };

	for (uint32_t i = 0; i < N; i++)
		r[i] = lesson(i * 7 % 23, (km_row_kind)(i % 5 == 4 ? KM_ROW_UNDO : 1 + i % 2),
			      i % 3 ? "taro" : "");
	if (km_trainer_teach(t, r, N, out, &err) != KM_OK)
		fail_msg("%s", err.msg);
}

static void compact(km_trainer *t, bool all, int64_t now_ms)
{
	km_err err = { 0 };
	km_status st;

	assert_int_equal(km_trainer_compact(t, all, now_ms, NULL), KM_OK);
	assert_false(km_trainer_ready(t));
	while ((st = km_trainer_work(t, 5, &err)) == KM_NOTFOUND)
		;
	if (st != KM_OK)
		fail_msg("%s", err.msg);
	assert_true(km_trainer_ready(t));
}

/* What is in force stays, in fewer rows; the model is what a replay of them makes. */
static void test_compact(void **state)
{
	(void)state;
	km_trainer *t = open_it(false);

	for (int i = 0; i < 20; i++)
		churn(t);
	(void)teach(t, 100, KM_ROW_SPAM, "");
	(void)teach(t, 100, KM_ROW_UNDO, ""); /* the last row is one that goes */
	assert_int_equal(km_trainer_save(t, NULL), KM_OK);
	const km_trainer_state before = look(t);
	compact(t, false, LATER);
	const km_trainer_state s = look(t);
	assert_true(s.spam == before.spam && s.ham == before.ham && s.foreign == 0);
	assert_int_equal(s.rows, s.spam + s.ham + 1);
	assert_true(s.rows < before.rows / 4 && s.seq > before.seq);
	assert_int_equal(teach(t, 3, KM_ROW_UNDO, "").how, KM_TAUGHT_UNDONE);
	assert_int_equal(teach(t, 3, KM_ROW_SPAM, "").how, KM_TAUGHT_LEARNED);
	compact(t, false, LATER);
	uint64_t digest = look(t).digest;
	replay(t);
	assert_true(look(t).digest == digest);
	assert_int_equal(km_trainer_save(t, NULL), KM_OK);
	km_trainer_close(t);
	t = open_it(false);
	assert_true(look(t).digest == digest && look(t).rows == s.rows);
	/* what people taught today is counted to their day */
	uint64_t rows = look(t).rows;
	(void)teach(t, 7, KM_ROW_UNDO, "");
	(void)teach(t, 7, KM_ROW_SPAM, "eager");
	(void)teach(t, 7, KM_ROW_UNDO, "eager");
	compact(t, false, 3600 * 1000);
	assert_int_equal(look(t).rows, rows + 3);
	km_trainer_close(t);
}

/* Going back and forward again still works, unless it is given up. */
static void test_compact_snapshots(void **state)
{
	(void)state;
	km_trainer *t = open_it(false);
	double at[2];

	for (int i = 0; i < 2; i++) {
		churn(t);
		assert_int_equal(km_trainer_snapshot(t, i ? KM_S("b") : KM_S("a"), 1, NULL), KM_OK);
		at[i] = logit(t, 3);
	}
	for (int turn = 0; turn < 5; turn++) {
		churn(t);
		compact(t, false, LATER);
		km_sv name = turn & 1 ? KM_S("b") : KM_S("a");
		assert_int_equal(km_trainer_rollback(t, name, KM_S(""), 3, NULL), KM_OK);
		while (km_trainer_work(t, 7, NULL) == KM_NOTFOUND)
			;
		compact(t, false, LATER);
		double now = logit(t, 3), want = at[turn & 1];
		assert_true(now >= want && now <= want);
	}
	const km_trainer_state before = look(t);
	compact(t, true, LATER);
	assert_true(look(t).spam == before.spam && look(t).ham == before.ham);
	assert_int_equal(look(t).rows, before.spam + before.ham + 1);
	assert_int_equal(km_trainer_rollback(t, KM_S("a"), KM_S(""), 3, NULL), KM_NOTFOUND);
	uint64_t digest = look(t).digest;
	replay(t);
	assert_true(look(t).digest == digest);
	km_trainer_close(t);
}

/* It is time when more is dead than alive, and not again once it is done. */
static void test_compact_due(void **state)
{
	(void)state;
	km_trainer *t = open_it(false);

	while (!km_trainer_compact_due(t, LATER)) {
		assert_true(look(t).rows < 4000);
		churn(t);
	}
	assert_true(look(t).rows > 1000);
	compact(t, false, LATER);
	assert_false(km_trainer_compact_due(t, LATER));
	km_trainer_close(t);
}

/* Killed while it is made compact: every lesson in force is there, and the rows make one model. */
static void test_compact_killed(void **state)
{
	(void)state;
	km_trainer *t = open_it(false);

	while (look(t).rows < 1200)
		churn(t);
	assert_int_equal(km_trainer_save(t, NULL), KM_OK);
	const km_trainer_state want = look(t);
	km_trainer_close(t);
	for (int round = 0; round < 6; round++) {
		int pipes[2];
		char c;
		assert_int_equal(pipe(pipes), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			km_status st = KM_NOTFOUND;
			t = open_it(false);
			if (km_trainer_compact(t, false, LATER, NULL) != KM_OK)
				_exit(1);
			while (st == KM_NOTFOUND && write(pipes[1], "", 1) == 1)
				st = km_trainer_work(t, 5, NULL);
			_exit(st == KM_OK ? 0 : 1);
		}
		(void)close(pipes[1]);
		for (int n = 0; read(pipes[0], &c, 1) == 1; n++)
			if (n == round)
				(void)kill(child, SIGKILL);
		(void)close(pipes[0]);
		assert_int_equal(waitpid(child, NULL, 0), child);
		t = open_it(false);
		const km_trainer_state s = look(t);
		assert_true(s.spam == want.spam && s.ham == want.ham && s.foreign == 0);
		replay(t);
		assert_true(look(t).digest == s.digest);
		km_trainer_close(t);
	}
	t = open_it(false);
	compact(t, false, LATER);
	assert_int_equal(look(t).rows, want.spam + want.ham + 1);
	km_trainer_close(t);
}

static void test_one_writer(void **state)
{
	(void)state;
	const km_trainer_options o = { .dir = dir, .base = base };
	km_trainer *t = open_it(false), *other;

	assert_int_equal(km_trainer_open(&o, &other, NULL), KM_TEMPFAIL);
	km_trainer_close(t);
	assert_int_equal(km_trainer_open(&o, &other, NULL), KM_OK);
	km_trainer_close(other);
}

static void test_nothing_there(void **state)
{
	(void)state;
	const km_trainer_options o = { .dir = dir, .base = base, .read_only = true };
	km_trainer *t;

	assert_int_equal(km_trainer_open(&o, &t, NULL), KM_NOTFOUND);
	assert_null(t);
}

int main(void)
{
	km_log_init("test", (km_log_level)(KM_LOG_ERROR - 1));
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_labels),	  TEST(test_batch),
		TEST(test_same_model),	  TEST(test_rollback),
		TEST(test_weights),	  TEST(test_killed),
		TEST(test_disk_full),	  TEST(test_damaged_journal),
		TEST(test_one_writer),	  TEST(test_damaged_while_open),
		TEST(test_compact),	  TEST(test_compact_snapshots),
		TEST(test_compact_due),	  TEST(test_compact_killed),
		TEST(test_nothing_there),
	};
	return cmocka_run_group_tests_name("learn/trainer", tests, NULL, NULL);
}
