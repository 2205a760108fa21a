/*
 * The runner: runs the programs that the configuration names (hooks.*) when the courier says so,
 * and those only. It opens no file, connects nowhere and has no secret; what confines it is light,
 * since programs inherit it. So the courier, which talks to the world, need not be able to run
 * anything.
 */
#include <stdlib.h>

#include "base/log.h"
#include "daemon/hook.h"
#include "daemon/role.h"
#include "daemon/runwire.h"
#include "daemon/sandbox.h"
#include "daemon/telling.h"
#include "net/frame.h"
#include "net/stream.h"

enum { IN_MAX = KM_FRAME_MAX + 256 * 1024, ANSWER_MAX = 4096, WORDS_MAX = 64 * 1024 };

typedef struct {
	km_role *role;
	km_stream *line; /* to the courier; NULL: none */
	unsigned lines;	 /* that there have been */
	km_buf in;
	size_t running;
	bool quitting;
} runner;

/* A program that runs for the courier. */
typedef struct {
	runner *r;
	uint64_t seq;
	unsigned line; /* on which it was asked for */
} run;

static void end_if_done(const runner *r)
{
	if (r->quitting && r->running == 0)
		km_role_end(r->role);
}

static void answer(const runner *r, uint64_t seq, const km_err *err)
{
	km_buf out;

	if (r->line == NULL)
		return;
	km_buf_init(&out, NULL, ANSWER_MAX);
	km_runwire_put_ran(&out, seq, km_sv_of(err->st == KM_OK ? "" : err->msg));
	km_stream_write(r->line, km_buf_sv(&out));
	km_buf_finish(&out);
}

static void on_done(void *ctx, const km_err *err)
{
	run *x = ctx;
	runner *r = x->r;

	if (x->line == r->lines)
		answer(r, x->seq, err);
	free(x);
	r->running--;
	end_if_done(r);
}

static km_status start(runner *r, km_arena *a, const km_run_ask *ask, km_err *err)
{
	const km_telling_hook *row = km_telling_hook_by_name(ask->hook);
	const char *env[] = {
		km_sv_cstr(a, km_sv_fmt(a, "KOMAINU_ENTRY=%.*s", KM_FMT(ask->entry))),
		km_sv_cstr(a, km_sv_fmt(a, "KOMAINU_EVENT=%.*s", KM_FMT(ask->event))),
		km_sv_cstr(a, km_sv_fmt(a, "KOMAINU_ACCOUNT=%.*s", KM_FMT(ask->account))),
	};
	km_hook h = { .env = env,
		      .n_env = KM_COUNT(env),
		      .input = ask->input,
		      .timeout_ms = (uint64_t)km_conf_int(r->role->conf, KM_KEY_HOOKS_TIMEOUT) };

	h.n_args = row ? km_conf_list(r->role->conf, row->key, &h.args) : 0;
	if (h.n_args == 0)
		return KM_FAIL(err, KM_NOTFOUND, "the hook is not set any more");
	run *x = malloc(sizeof(*x));
	if (x == NULL || km_arena_full(a)) {
		free(x);
		return KM_FAIL(err, KM_NOMEM, "no memory");
	}
	*x = (run){ r, ask->seq, r->lines };
	km_status st = km_hook_start(&r->role->loop, &h, on_done, x, err);
	if (st == KM_OK)
		r->running++;
	else
		free(x);
	return st;
}

static void on_ask(runner *r, const km_run_ask *ask)
{
	km_arena *a = km_arena_new(WORDS_MAX);
	km_err err = { 0 };
	km_status st = a ? start(r, a, ask, &err) : KM_FAIL(&err, KM_NOMEM, "no memory");

	if (st != KM_OK)
		answer(r, ask->seq, &err);
	km_arena_free(a);
}

static void on_data(void *ctx, km_stream *stream, km_sv bytes)
{
	runner *r = ctx;
	km_status st;
	km_run_ask ask;
	km_frame f;

	km_buf_add(&r->in, bytes);
	km_sv rest = km_buf_sv(&r->in);
	while ((st = km_frame_next(&rest, &f)) == KM_OK) {
		if (f.type != KM_RUNWIRE_RUN || !km_runwire_get_ask(f.body, &ask)) {
			st = KM_SYNTAX;
			break;
		}
		on_ask(r, &ask);
	}
	if (st != KM_NOTFOUND || r->in.cut) {
		km_error("the courier does not speak our protocol; its line is closed");
		km_stream_close(stream);
		return;
	}
	km_buf_keep(&r->in, rest);
}

static void on_close(void *ctx, km_stream *stream)
{
	runner *r = ctx;

	if (stream == r->line)
		r->line = NULL;
}

static const km_stream_ops line_ops = { .on_data = on_data, .on_close = on_close };

/* There is one courier: a new line means that the one before is gone. */
static void runner_link(km_role *role, km_channel_word what, int fd)
{
	runner *r = role->self;

	(void)what;
	if (r->line)
		km_stream_close(r->line);
	r->in.n = 0;
	r->in.cut = false;
	r->lines++;
	r->line = km_stream_adopt(&role->loop, fd, &line_ops, r);
}

static void runner_drain(km_role *role, bool quit)
{
	runner *r = role->self;

	r->quitting = quit;
	end_if_done(r);
}

static km_status runner_start(km_role *role, km_err *err)
{
	runner *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	r->role = role;
	role->self = r;
	km_buf_init(&r->in, NULL, IN_MAX);
	return km_sandbox_enter(&(km_sandbox){ .kind = KM_SANDBOX_RUNNER }, err);
}

static void runner_stop(km_role *role)
{
	const runner *r = role->self;

	if (r->line)
		km_stream_close(r->line);
}

static void runner_finish(km_role *role)
{
	runner *r = role->self;

	if (r == NULL)
		return;
	km_buf_finish(&r->in);
	free(r);
}

const km_role_ops km_runner_role = {
	.name = "runner",
	.start = runner_start,
	.link = runner_link,
	.drain = runner_drain,
	.stop = runner_stop,
	.finish = runner_finish,
};
