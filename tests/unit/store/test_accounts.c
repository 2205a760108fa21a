#include "store/accounts.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_dir.h"
#include "test.h"

static km_entry entry(const char *account, km_entry_kind kind, int64_t t_ms, int64_t until_ms)
{
	return (km_entry){ .account = km_sv_of(account),
			   .kind = kind,
			   .t_ms = t_ms,
			   .until_ms = until_ms,
			   .by = KM_S("komainu"),
			   .reason = KM_S("理由"),
			   .ip = KM_S("203.0.113.7"),
			   .port = 50211,
			   .queue_id = KM_S("4QX"),
			   .facts = KM_S("[]") };
}

/* "account:kind " for each entry found. */
static bool collect(void *ctx, int64_t row, const km_entry *e)
{
	char *text = ctx;
	size_t n = strlen(text);

	assert_true(row > 0);
	TEST_SV(e->reason, "理由");
	assert_int_equal(e->port, 50211);
	(void)snprintf(text + n, 400 - n, "%.*s:%s ", KM_FMT(e->account),
		       km_entry_kind_name(e->kind));
	return true;
}

static void test_entries(void **state)
{
	(void)state;
	const km_entry rows[] = {
		entry("u1", KM_ENTRY_notice, 1000, 0),
		entry("u1", KM_ENTRY_brake, 2000, 0),
		entry("u2", KM_ENTRY_throttle, 3000, 9000),
		entry("u3", KM_ENTRY_brake, 3000, 0),
		entry("u3", KM_ENTRY_suspension, 4000, 0),
		entry("u1", KM_ENTRY_appeal, 5000, 0),
		entry("u1", KM_ENTRY_restore, 6000, 0),
		entry("x' OR '1'='1", KM_ENTRY_brake, 6500, 0),
	};
	static const struct {
		km_entry_filter filter;
		const char *want;
	} cases[] = {
		{ { .account = KM_SV("u1") }, "u1:notice u1:brake u1:appeal u1:restore " },
		{ { .account = KM_SV("u1"), .limit = 2 }, "u1:restore u1:appeal " },
		{ { .account = KM_SV("u3"), .since_ms = 3500 }, "u3:suspension " },
		{ { .after_row = 7 }, "x' OR '1'='1:brake " },
		{ { .account = KM_SV("U1") }, "" },
	};
	km_accounts *w, *r;
	char text[400];

	assert_int_equal(km_accounts_open(dir, &w, NULL), KM_OK);
	assert_int_equal(km_accounts_add(w, rows, KM_COUNT(rows), NULL), KM_OK);
	/* the same once more changes nothing */
	assert_int_equal(km_accounts_add(w, rows, KM_COUNT(rows), NULL), KM_OK);
	assert_int_equal(km_accounts_open_reader(dir, &r, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		text[0] = '\0';
		assert_int_equal(km_accounts_find(r, &cases[i].filter, collect, text, NULL), KM_OK);
		assert_string_equal(text, cases[i].want);
	}
	text[0] = '\0';
	assert_int_equal(km_accounts_in_force(r, 8000, collect, text, NULL), KM_OK);
	assert_string_equal(text, "u2:throttle u3:suspension x' OR '1'='1:brake ");
	text[0] = '\0';
	assert_int_equal(km_accounts_in_force(r, 9000, collect, text, NULL), KM_OK);
	assert_string_equal(text, "u3:suspension x' OR '1'='1:brake ");
	km_accounts_close(r);
	km_accounts_close(w);
}

static bool count(void *ctx, int64_t row, const km_entry *e)
{
	(void)row;
	(void)e;
	++*(size_t *)ctx;
	return true;
}

static bool collect_subscriber(void *ctx, const km_subscriber *s)
{
	char *text = ctx;
	size_t n = strlen(text);

	(void)snprintf(text + n, 400 - n, "%.*s:%.*s:%.*s:%lld ", KM_FMT(s->account),
		       KM_FMT(s->kind), KM_FMT(s->alternative), (long long)s->created);
	return true;
}

static void test_subscribers(void **state)
{
	(void)state;
	const km_subscriber rows[] = {
		{ KM_S("u2"), KM_S("bulk"), KM_S(""), 7 },
		{ KM_S("u1"), KM_S("person"), KM_S("me@example.com"), 5 },
		{ KM_S("u2"), KM_S(""), KM_S("b@example.com"), 0 },
	};
	km_accounts *a;
	char text[400] = "";

	assert_int_equal(km_accounts_open(dir, &a, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		assert_int_equal(km_accounts_put(a, &rows[i], NULL), KM_OK);
	assert_int_equal(km_accounts_subscribers(a, KM_S(""), collect_subscriber, text, NULL),
			 KM_OK);
	assert_string_equal(text, "u1:person:me@example.com:5 u2:bulk:b@example.com:7 ");
	assert_int_equal(km_accounts_subscribers(a, KM_S("u3"), collect_subscriber, text, NULL),
			 KM_NOTFOUND);
	km_accounts_close(a);
}

static bool count_stopped(void *ctx, const km_stopped *m)
{
	assert_true(km_sv_eq(m->account, KM_S("bot")) && m->n_rcpts == 2);
	++*(int *)ctx;
	return true;
}

/* A bot that goes on for days fills no disk; one that comes again a month later is noted again. */
static void test_stopped(void **state)
{
	(void)state;
	const int64_t month = INT64_C(31) * 86400 * 1000;
	km_account_page pages[KM_STOPPED_MAX + 50];
	km_stopped m[KM_COUNT(pages)];
	km_accounts *a;
	int n = 0;

	assert_int_equal(km_accounts_open(dir, &a, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(m); i++) {
		m[i] = (km_stopped){ .account = KM_S("bot"),
				     .t_ms = 1000 + (int64_t)i,
				     .n_rcpts = 2,
				     .action = KM_S("hold") };
		pages[i] = (km_account_page){ .stopped = &m[i] };
	}
	assert_int_equal(km_accounts_write(a, pages, KM_COUNT(pages), NULL), KM_OK);
	assert_int_equal(km_accounts_stopped(a, KM_S("bot"), 0, count_stopped, &n, NULL), KM_OK);
	assert_int_equal(n, KM_STOPPED_MAX);
	m[0].t_ms += month;
	assert_int_equal(km_accounts_write(a, pages, 1, NULL), KM_OK);
	n = 0;
	assert_int_equal(km_accounts_stopped(a, KM_S("bot"), month, count_stopped, &n, NULL),
			 KM_OK);
	assert_int_equal(n, 1);
	km_accounts_close(a);
}

/* Two people may be told in one second; the same one of the same measure only once. */
static void test_told(void **state)
{
	(void)state;
	static const struct {
		const char *reason;
		int64_t t_ms;
	} told[] = {
		{ "mail a@example.jp 7", 1000 },
		{ "mail b@example.jp 7", 1000 },
		{ "mail a@example.jp 7", 2000 },
		{ "mail a@example.jp 8", 2000 },
	};
	km_accounts *a;
	size_t n = 0;

	assert_int_equal(km_accounts_open(dir, &a, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(told); i++) {
		km_entry e = entry("u1", KM_ENTRY_told, told[i].t_ms, 0);
		e.reason = km_sv_of(told[i].reason);
		assert_int_equal(km_accounts_add(a, &e, 1, NULL), KM_OK);
	}
	assert_int_equal(km_accounts_find(a, &(km_entry_filter){ 0 }, count, &n, NULL), KM_OK);
	assert_int_equal(n, 3);
	km_accounts_close(a);
}

/* What was acknowledged before a kill is there. */
static void test_killed(void **state)
{
	(void)state;
	km_accounts *a;
	char text[400] = "";
	int line[2], n = 0, status;

	assert_int_equal(pipe(line), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (km_accounts_open(dir, &a, NULL) != KM_OK)
			_exit(1);
		for (int i = 1;; i++) {
			km_entry e = entry("u1", KM_ENTRY_brake, i, 0);
			if (km_accounts_add(a, &e, 1, NULL) != KM_OK ||
			    write(line[1], &i, sizeof(i)) != (ssize_t)sizeof(i))
				_exit(1);
		}
	}
	while (n < 5)
		assert_int_equal(read(line[0], &n, sizeof(n)), sizeof(n));
	(void)kill(pid, SIGKILL);
	(void)close(line[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	int last;
	while (read(line[0], &last, sizeof(last)) == (ssize_t)sizeof(last))
		n = last;
	(void)close(line[0]);
	assert_int_equal(km_accounts_open_reader(dir, &a, NULL), KM_OK);
	assert_int_equal(km_accounts_find(a, &(km_entry_filter){ .since_ms = n }, collect, text,
					  NULL),
			 KM_OK);
	assert_int_equal(strncmp(text, "u1:brake ", 9), 0);
	km_accounts_close(a);
}

static void test_names(void **state)
{
	(void)state;
	for (int k = 0; k < KM_ENTRY_KIND_COUNT; k++)
		assert_int_equal(
			km_entry_kind_by_name(km_sv_of(km_entry_kind_name((km_entry_kind)k))), k);
	assert_int_equal(km_entry_kind_by_name(KM_S("nothing")), KM_ENTRY_KIND_COUNT);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_entries), CASE(test_subscribers), CASE(test_told),
		CASE(test_stopped), CASE(test_killed),	    CASE(test_names),
	};
	return cmocka_run_group_tests_name("store/accounts", tests, NULL, NULL);
}
