#include "daemon/hook.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

typedef struct {
	int calls;
	km_err err;
} outcome;

static void on_done(void *ctx, const km_err *err)
{
	outcome *o = ctx;

	o->calls++;
	o->err = *err;
}

/* Runs @args; the status of how it ended. */
static km_status run(const char *const *args, size_t n, const char *env, km_sv input,
		     uint64_t timeout_ms, outcome *o)
{
	uv_loop_t loop;
	km_err err = { 0 };
	const km_hook h = { .args = args,
			    .n_args = n,
			    .env = &env,
			    .n_env = 1,
			    .input = input,
			    .timeout_ms = timeout_ms };

	*o = (outcome){ 0 };
	assert_int_equal(uv_loop_init(&loop), 0);
	km_status st = km_hook_start(&loop, &h, on_done, o, &err);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(o->calls, st == KM_OK);
	if (st != KM_OK)
		o->err = err;
	return st == KM_OK ? o->err.st : st;
}

static void test_input_and_words(void **state)
{
	(void)state;
	char path[] = "/tmp/komainu-test-XXXXXX";
	int fd = mkstemp(path);
	/* Words stay words: what a shell would act on comes through as it is. */
	static const char script[] = "{ cat; printf '|%s|%s|%s' \"$1\" \"$KOMAINU_ACCOUNT\" "
				     "\"$HOME\"; } > \"$0\"";
	const char *args[] = { "/bin/sh", "-c", script, path, "a; $(touch /tmp/x) `id` \"'" };
	outcome o;
	km_file f;

	assert_true(fd >= 0);
	(void)close(fd);
	km_status st = run(args, KM_COUNT(args), "KOMAINU_ACCOUNT=u'; DROP\n1",
			   KM_S("{\"id\": \"K1\"}"), 5000, &o);
	assert_int_equal(st, KM_OK);
	assert_int_equal(km_file_open(&f, path, 4096, NULL), KM_OK);
	TEST_SV(f.bytes, "{\"id\": \"K1\"}|a; $(touch /tmp/x) `id` \"'|u'; DROP\n1|");
	km_file_close(&f);
	(void)unlink(path);
}

static void test_ends(void **state)
{
	(void)state;
	static const struct {
		const char *args[3];
		uint64_t timeout_ms;
		const char *want; /* NULL: content */
	} cases[] = {
		{ { "/bin/sh", "-c", "exit 0" }, 5000, NULL },
		{ { "/bin/sh", "-c", "exit 75" }, 5000, "status 75" },
		{ { "/bin/sh", "-c", "kill -9 $$" }, 5000, "signal 9" },
		{ { "/bin/sh", "-c", "trap '' TERM; sleep 60" }, 100, "longer than 100 ms" },
		{ { "/nonexistent/program", "", "" }, 5000, "can not be run" },
	};
	/* More than a pipe holds, to programs that do not read it. */
	km_sv input = { calloc(1, 1 << 20), 1 << 20 };
	outcome o;

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_status st = run(cases[i].args, 3, "X=1", input, cases[i].timeout_ms, &o);
		assert_int_equal(st, cases[i].want ? KM_TEMPFAIL : KM_OK);
		if (cases[i].want && strstr(o.err.msg, cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].want, o.err.msg);
	}
	test_drop(input);
}

/* What the program started is killed with it. */
static void test_group(void **state)
{
	(void)state;
	char path[] = "/tmp/komainu-test-XXXXXX";
	int fd = mkstemp(path);
	const char *args[] = { "/bin/sh", "-c", "(sleep 1; rm -f \"$0\") & sleep 60", path };
	outcome o;

	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(run(args, KM_COUNT(args), "X=1", KM_S(""), 200, &o), KM_TEMPFAIL);
	(void)usleep(1300000);
	assert_int_equal(access(path, F_OK), 0);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_input_and_words),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_group),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("daemon/hook", tests, NULL, NULL);
}
