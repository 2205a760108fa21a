#include "daemon/warden.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

typedef struct {
	char dir[64];
	km_conf *conf;
	km_warden *w;
	km_arena *a;
} fixture;

static void reopen(fixture *f)
{
	km_err err = { 0 };

	km_warden_close(f->w);
	f->w = NULL;
	if (km_warden_open(f->conf, f->dir, NULL, 0, &f->w, &err) != KM_OK)
		fail_msg("%s", err.msg);
}

static int begin(void **state)
{
	static fixture f;

	f = (fixture){ .dir = "/tmp/komainu-warden-XXXXXX", .a = km_arena_new(16 << 20) };
	assert_non_null(mkdtemp(f.dir));
	assert_int_equal(km_conf_parse(KM_S("guard.accounts: 1000\nguard.identities: "
					    "[u9=u9@example.jp]\nguard.reject_foreign: true\n"),
				       "test", &f.conf, NULL),
			 KM_OK);
	reopen(&f);
	*state = &f;
	return 0;
}

static int end(void **state)
{
	static const char *const files[] = { "accounts.db", "accounts.db-wal", "accounts.db-shm",
					     "known.db",    "known.db-wal",    "known.db-shm",
					     "counters",    "counters.lock" };
	fixture *f = *state;
	char path[128];

	km_warden_close(f->w);
	km_conf_free(f->conf);
	km_arena_free(f->a);
	for (size_t i = 0; i < KM_COUNT(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
		(void)unlink(path);
	}
	return rmdir(f->dir);
}

static km_decision line(fixture *f, const char *text, km_status want)
{
	km_guardline l;
	km_err err = { 0 };

	km_arena_reset(f->a);
	assert_int_equal(km_guardline_read(f->a, km_sv_of(text), km_clock_now(), &l, &err), KM_OK);
	km_turn t = { .arena = f->a,
		      .event = l.event,
		      .line = &l,
		      .only_entry = l.kind == KM_GUARDLINE_ENTRY };
	assert_true(km_warden_take(f->w, &t)); /* there is no thread */
	if (t.st != want)
		fail_msg("%s: %s %s", text, km_status_name(t.st), t.err.msg);
	return t.d;
}

/* Mail to strangers from @account until it is stopped; how many went out. */
static int flood(fixture *f, const char *account)
{
	char text[300];
	int n = 0;

	for (; n < 500; n++) {
		(void)snprintf(
			text, sizeof(text),
			"{\"event\": \"submit\", \"account\": \"%s\", \"ip\": \"203.0.113.7\", "
			"\"queue_id\": \"%s-%d\", \"rcpts\": [\"a%d@x.example\", "
			"\"b%d@y.example\", \"c%d@z.example\"]}",
			account, account, n, n, n, n);
		if (line(f, text, KM_OK).action != KM_GUARD_ACCEPT)
			break;
	}
	return n;
}

static km_step in_force(fixture *f, const char *account)
{
	return km_warden_check(f->w, km_sv_of(account), NULL, km_clock_now());
}

typedef struct {
	char kinds[400];
	bool ok;
} listing;

static bool on_entry(void *ctx, int64_t row, const km_entry *e)
{
	listing *l = ctx;
	size_t n = strlen(l->kinds);

	(void)row;
	(void)snprintf(l->kinds + n, sizeof(l->kinds) - n, "%s%s/%.*s", n ? " " : "",
		       km_entry_kind_name(e->kind), KM_FMT(e->by));
	return true;
}

static void entries_are(fixture *f, const char *account, const char *want)
{
	const km_entry_filter filter = { .account = km_sv_of(account) };
	listing l = { 0 };
	km_accounts *a;

	assert_int_equal(km_accounts_open_reader(f->dir, &a, NULL), KM_OK);
	assert_int_equal(km_accounts_find(a, &filter, on_entry, &l, NULL), KM_OK);
	km_accounts_close(a);
	assert_string_equal(l.kinds, want);
}

static bool on_stopped(void *ctx, const km_stopped *m)
{
	listing *l = ctx;
	size_t n = strlen(l->kinds);

	(void)snprintf(l->kinds + n, sizeof(l->kinds) - n, "%.*s/%.*s/%.*s/%lld ",
		       KM_FMT(m->queue_id), KM_FMT(m->action), KM_FMT(m->ip),
		       (long long)m->n_rcpts);
	return true;
}

/* Each message that is stopped is noted once, whoever tells of it how often. */
static void test_stopped(void **state)
{
	fixture *f = *state;
	static const char again[] =
		"{\"event\": \"submit\", \"account\": \"u1\", \"ip\": "
		"\"203.0.113.8\", \"queue_id\": \"%s\", \"rcpts\": [\"a@x.example\"]}";
	char text[300], want[200];
	listing l = { 0 };
	km_accounts *a;
	int n = flood(f, "u1");

	for (int i = 0; i < 2; i++) {
		(void)snprintf(text, sizeof(text), again, "later");
		(void)line(f, text, KM_OK);
	}
	assert_int_equal(km_accounts_open_reader(f->dir, &a, NULL), KM_OK);
	assert_int_equal(km_accounts_stopped(a, KM_S("u1"), 0, on_stopped, &l, NULL), KM_OK);
	assert_int_equal(km_accounts_stopped(a, KM_S("u2"), 0, on_stopped, &l, NULL), KM_OK);
	km_accounts_close(a);
	(void)snprintf(want, sizeof(want), "later/hold/203.0.113.8/1 u1-%d/hold/203.0.113.7/3 ", n);
	assert_string_equal(l.kinds, want);
}

static void test_story(void **state)
{
	fixture *f = *state;

	assert_in_range(flood(f, "u1"), 5, 200);
	assert_int_equal(in_force(f, "u1"), KM_STEP_BRAKE);
	reopen(f); /* the counters are there again */
	assert_int_equal(in_force(f, "u1"), KM_STEP_BRAKE);
	(void)line(f, "{\"event\": \"appeal\", \"account\": \"u1\", \"text\": \"not me\"}", KM_OK);
	(void)line(f,
		   "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"keep\", \"by\": "
		   "\"t\"}",
		   KM_OK);
	assert_int_equal(in_force(f, "u1"), KM_STEP_BRAKE);
	km_decision d =
		line(f,
		     "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"restore\", "
		     "\"by\": \"t\"}",
		     KM_OK);
	assert_true(d.n_measures == 1 && d.measures[0].step == KM_STEP_RESTORE);
	assert_int_equal(in_force(f, "u1"), KM_STEP_NONE);
	entries_are(f, "u1", "brake/komainu appeal/ review/t review/t restore/t");
}

/* Leases and identities that were told outlive the guard: nothing is closed here. */
static void test_told(void **state)
{
	fixture *f = *state;
	static const char flow[] =
		"{\"event\": \"submit\", \"ip\": \"198.51.100.9\", \"queue_id\": "
		"\"%s\", \"rcpts\": [\"a@x.example\"]}";
	static const char as[] = "{\"event\": \"submit\", \"account\": \"told\", \"ip\": "
				 "\"203.0.113.7\", \"from\": \"%s\", \"queue_id\": \"%s\", "
				 "\"rcpts\": [\"a@x.example\"]}";
	char text[300];
	km_account_view v;

	(void)line(f, "{\"event\": \"lease\", \"ip\": \"198.51.100.9\", \"account\": \"holder\"}",
		   KM_OK);
	(void)line(f,
		   "{\"event\": \"lease\", \"ip\": \"198.51.100.8\", \"account\": \"gone\", "
		   "\"until\": \"2020-01-01T00:00:00Z\"}",
		   KM_OK);
	(void)line(f,
		   "{\"event\": \"account\", \"account\": \"told\", \"identities\": "
		   "[\"told@example.jp\", \"@told.example\"]}",
		   KM_OK);
	km_warden *killed = f->w;
	f->w = NULL;
	reopen(f);
	(void)snprintf(text, sizeof(text), flow, "q1");
	(void)line(f, text, KM_OK);
	km_warden_view(f->w, KM_S("holder"), km_clock_now(), &v);
	assert_true(v.known && v.messages_30d > 0);
	(void)snprintf(text, sizeof(text), as, "x@told.example", "q2");
	assert_int_equal(line(f, text, KM_OK).action, KM_GUARD_ACCEPT);
	(void)snprintf(text, sizeof(text), as, "x@elsewhere.example", "q3");
	assert_int_equal(line(f, text, KM_OK).action, KM_GUARD_REJECT);
	(void)line(f, "{\"event\": \"account\", \"account\": \"told\", \"identities\": []}", KM_OK);
	reopen(f);
	(void)snprintf(text, sizeof(text), as, "x@elsewhere.example", "q4");
	assert_int_equal(line(f, text, KM_OK).action, KM_GUARD_ACCEPT);
	km_warden_close(killed);
}

/* A damaged file of what was told costs the leases, and nothing else. */
static void test_damaged_told(void **state)
{
	fixture *f = *state;
	char path[128], command[200];
	int fd;

	km_warden_close(f->w);
	f->w = NULL;
	(void)snprintf(path, sizeof(path), "%s/known.db", f->dir);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0 && write(fd, "no database at all", 18) == 18);
	(void)close(fd);
	reopen(f);
	assert_int_equal(in_force(f, "u1"), KM_STEP_NONE);
	(void)snprintf(command, sizeof(command), "rm -f %s/known.db.broken-*", f->dir);
	assert_int_equal(system(command), 0);
}

typedef struct {
	int line[2]; /* a pipe: the thread has written something */
	char order[200];
} waiting;

static void wake(void *ctx)
{
	const waiting *x = ctx;

	assert_int_equal(write(x->line[1], "w", 1), 1);
}

static void note(km_turn *t)
{
	waiting *x = t->ctx;
	size_t n = strlen(x->order);

	(void)snprintf(x->order + n, sizeof(x->order) - n, "%.*s:%s ", KM_FMT(t->event.queue_id),
		       km_guard_action_name(t->d.action));
}

static km_turn *turn_of(km_arena *a, waiting *x, const char *account, const char *queue_id)
{
	km_turn *t = KM_NEW(a, km_turn);
	km_sv *to = KM_NEW_ARRAY(a, km_sv, 3);
	static int n;

	t->arena = a;
	t->done = note;
	t->ctx = x;
	t->event = (km_event){ .kind = KM_EVENT_submit,
			       .t = km_clock_now(),
			       .account = km_sv_of(account),
			       .ip = { { 203, 0, 113, 7 }, 4 },
			       .rcpts = to,
			       .n_rcpts = 3 };
	t->event.queue_id = *queue_id ? km_sv_of(queue_id) : km_sv_fmt(a, "w%d", n);
	for (int i = 0; i < 3; i++)
		to[i] = km_sv_fmt(a, "s%d.%d@d%d.example", ++n, i, i);
	return t;
}

/* While a measure is being written, others go on, and the same account's mail keeps its order. */
static void test_thread(void **state)
{
	fixture *f = *state;
	const km_sandbox box = { .kind = KM_SANDBOX_GUARD, .dir = f->dir };
	waiting x = { 0 };
	char byte;

	assert_int_equal(pipe(x.line), 0);
	assert_int_equal(km_warden_start(f->w, &box, wake, &x, NULL), KM_OK);
	km_turn *braked = NULL;
	for (int i = 0; i < 300 && braked == NULL; i++) {
		km_turn *t = turn_of(f->a, &x, "busy", "");
		braked = km_warden_take(f->w, t) ? NULL : t;
	}
	assert_non_null(braked);
	assert_int_equal(in_force(f, "busy"), KM_STEP_NONE); /* not before it is written */
	km_turn *second = turn_of(f->a, &x, "busy", "second");
	km_turn *third = turn_of(f->a, &x, "busy", "third");
	assert_false(km_warden_take(f->w, second));
	assert_false(km_warden_take(f->w, third));
	assert_true(km_warden_take(f->w, turn_of(f->a, &x, "other", "other")));
	assert_string_equal(x.order, "");
	while (strstr(x.order, "third") == NULL) {
		assert_int_equal(read(x.line[0], &byte, 1), 1);
		km_warden_settle(f->w);
	}
	char want[200];
	(void)snprintf(want, sizeof(want), "%.*s:hold second:hold third:hold ",
		       KM_FMT(braked->event.queue_id));
	assert_string_equal(x.order, want);
	assert_int_equal(in_force(f, "busy"), KM_STEP_BRAKE);
	entries_are(f, "busy", "brake/komainu");
	/* What is under way at the end is done by the end. */
	x.order[0] = 0;
	for (int i = 0; i < 300; i++)
		if (!km_warden_take(f->w, turn_of(f->a, &x, "last", "")))
			break;
	assert_false(km_warden_take(f->w, turn_of(f->a, &x, "last", "after")));
	km_warden_stop(f->w);
	assert_non_null(strstr(x.order, ":hold after:hold "));
	assert_int_equal(in_force(f, "last"), KM_STEP_BRAKE);
	(void)close(x.line[0]);
	(void)close(x.line[1]);
}

/* The counters are lost: what the files say is in force again. */
static void test_lost_counters(void **state)
{
	fixture *f = *state;
	char path[128];

	(void)flood(f, "u1");
	(void)flood(f, "u2");
	(void)line(f, "{\"event\": \"password_changed\", \"account\": \"u2\"}", KM_OK);
	(void)line(f, "{\"event\": \"review\", \"account\": \"u3\", \"outcome\": \"terminate\"}",
		   KM_OK);
	km_warden_close(f->w);
	f->w = NULL;
	(void)snprintf(path, sizeof(path), "%s/counters", f->dir);
	assert_int_equal(truncate(path, 5000), 0);
	reopen(f);
	assert_int_equal(in_force(f, "u1"), KM_STEP_BRAKE);
	assert_int_equal(in_force(f, "u2"), KM_STEP_NONE);
	assert_int_equal(in_force(f, "u3"), KM_STEP_SUSPENSION);
	km_guardline_row rows[4];
	assert_int_equal(km_warden_top(f->w, km_clock_now(), rows, 4), 2);
	TEST_SV(rows[0].account, "u3");
}

/* A restore was written down, and the guard died before it took effect. */
static void test_half_restore(void **state)
{
	fixture *f = *state;
	const km_entry restore = { .account = KM_SV("u1"),
				   .kind = KM_ENTRY_restore,
				   .t_ms = (int64_t)km_clock_unix_ms() + 5,
				   .by = KM_SV("t"),
				   .reason = KM_SV(""),
				   .ip = KM_SV(""),
				   .queue_id = KM_SV(""),
				   .facts = KM_SV("[]") };
	km_accounts *a;

	(void)flood(f, "u1");
	km_warden_close(f->w);
	f->w = NULL;
	assert_int_equal(km_accounts_open(f->dir, &a, NULL), KM_OK);
	assert_int_equal(km_accounts_add(a, &restore, 1, NULL), KM_OK);
	km_accounts_close(a);
	reopen(f);
	assert_int_equal(in_force(f, "u1"), KM_STEP_NONE);
}

/* Ended by a person: no new password undoes that, only a person does. */
static void test_termination(void **state)
{
	fixture *f = *state;

	(void)line(f,
		   "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"terminate\", "
		   "\"by\": \"t\"}",
		   KM_OK);
	assert_int_equal(in_force(f, "u1"), KM_STEP_SUSPENSION);
	(void)line(f, "{\"event\": \"password_changed\", \"account\": \"u1\"}", KM_OK);
	assert_int_equal(in_force(f, "u1"), KM_STEP_SUSPENSION);
	(void)line(f, "{\"event\": \"review\", \"account\": \"u1\", \"outcome\": \"restore\"}",
		   KM_OK);
	assert_int_equal(in_force(f, "u1"), KM_STEP_NONE);
	entries_are(f, "u1", "review/t termination/t password_changed/ review/ restore/komainu");
}

/* An address without login has a file under its text, and is restored by it. */
static void test_address(void **state)
{
	fixture *f = *state;
	char text[300];

	for (int i = 0; in_force(f, "192.0.2.7") < KM_STEP_BRAKE && i < 500; i++) {
		(void)snprintf(text, sizeof(text),
			       "{\"event\": \"submit\", \"ip\": \"192.0.2.7\", \"queue_id\": "
			       "\"q%d\", \"rcpts\": [\"a%d@x.example\", \"b%d@y.example\"]}",
			       i, i, i);
		(void)line(f, text, KM_OK);
	}
	assert_int_equal(in_force(f, "192.0.2.7"), KM_STEP_BRAKE);
	entries_are(f, "192.0.2.7", "brake/komainu");
	reopen(f);
	(void)line(f,
		   "{\"event\": \"review\", \"account\": \"192.0.2.7\", \"outcome\": \"restore\"}",
		   KM_OK);
	assert_int_equal(in_force(f, "192.0.2.7"), KM_STEP_NONE);
}

/* Without files of accounts nothing is guarded: the role does not come up. */
static void test_unwritable(void **state)
{
	fixture *f = *state;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/accounts.db", f->dir);
	km_warden_close(f->w);
	f->w = NULL;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0); /* no file can be there */
	km_err err = { 0 };
	assert_int_not_equal(km_warden_open(f->conf, f->dir, NULL, 0, &f->w, &err), KM_OK);
	assert_null(f->w);
	assert_int_equal(rmdir(path), 0);
}

static void test_foreign(void **state)
{
	fixture *f = *state;
	km_decision d = line(f,
			     "{\"event\": \"submit\", \"account\": \"u9\", \"from\": "
			     "\"ceo@example.com\", \"rcpts\": [\"a@x.example\"]}",
			     KM_OK);

	assert_int_equal(d.action, KM_GUARD_REJECT);
	d = line(f,
		 "{\"event\": \"submit\", \"account\": \"u9\", \"from\": \"U9@example.jp\", "
		 "\"rcpts\": [\"a@x.example\"]}",
		 KM_OK);
	assert_int_equal(d.action, KM_GUARD_ACCEPT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_story),	 TEST(test_stopped),	 TEST(test_told),
		TEST(test_damaged_told), TEST(test_thread),	 TEST(test_lost_counters),
		TEST(test_half_restore), TEST(test_termination), TEST(test_address),
		TEST(test_unwritable),	 TEST(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
