#include "daemon/hook.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
	uv_process_t process;
	uv_pipe_t in;
	uv_timer_t timer;
	uv_write_t write;
	char *input;
	km_hook_done *done;
	void *ctx;
	km_err err;
	uint64_t timeout_ms;
	bool killed;
	int open; /* handles not yet closed */
} run;

static void on_closed(uv_handle_t *h)
{
	run *r = h->data;

	if (--r->open > 0)
		return;
	r->done(r->ctx, &r->err);
	free(r->input);
	free(r);
}

static void close_all(run *r)
{
	uv_handle_t *const handles[] = { (uv_handle_t *)&r->process, (uv_handle_t *)&r->in,
					 (uv_handle_t *)&r->timer };

	for (size_t i = 0; i < KM_COUNT(handles); i++)
		if (!uv_is_closing(handles[i]))
			uv_close(handles[i], on_closed);
}

static void on_exit_of(uv_process_t *p, int64_t status, int signal)
{
	run *r = p->data;

	if (r->killed)
		(void)KM_FAIL(&r->err, KM_TEMPFAIL, "killed: it ran longer than %llu ms",
			      (unsigned long long)r->timeout_ms);
	else if (signal)
		(void)KM_FAIL(&r->err, KM_TEMPFAIL, "it died of signal %d", signal);
	else if (status)
		(void)KM_FAIL(&r->err, KM_TEMPFAIL, "it ended with status %lld", (long long)status);
	close_all(r);
}

/* The program leads a group of its own, so that what it started ends with it. */
static void on_time(uv_timer_t *t)
{
	run *r = t->data;

	r->killed = true;
	(void)kill(-r->process.pid, SIGKILL);
}

/* A program that does not read its input may be content all the same. */
static void on_written(uv_write_t *w, int status)
{
	run *r = w->data;

	(void)status;
	if (!uv_is_closing((uv_handle_t *)&r->in))
		uv_close((uv_handle_t *)&r->in, on_closed);
}

static int spawn(uv_loop_t *loop, run *r, const km_hook *h)
{
	char *args[KM_HOOK_ARGS + 1] = { 0 }, *env[KM_HOOK_ENV + 3] = { 0 };
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char locale[] = "LC_ALL=C.UTF-8";
	uv_stdio_container_t stdio[] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
		  .data.stream = (uv_stream_t *)&r->in },
		{ .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
		{ .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
	};

	/* libuv wants strings that may be changed, and changes none. */
	for (size_t i = 0; i < h->n_args && i < KM_HOOK_ARGS; i++)
		memcpy(&args[i], &h->args[i], sizeof(args[i]));
	env[0] = path;
	env[1] = locale;
	for (size_t i = 0; i < h->n_env && i < KM_HOOK_ENV; i++)
		memcpy(&env[i + 2], &h->env[i], sizeof(env[0]));
	const uv_process_options_t o = { .exit_cb = on_exit_of,
					 .file = args[0],
					 .args = args,
					 .env = env,
					 .cwd = "/",
					 .flags = UV_PROCESS_DETACHED,
					 .stdio = stdio,
					 .stdio_count = (int)KM_COUNT(stdio) };
	return uv_spawn(loop, &r->process, &o);
}

static void forget(void *ctx, const km_err *err)
{
	(void)ctx;
	(void)err;
}

km_status km_hook_start(uv_loop_t *loop, const km_hook *h, km_hook_done *done, void *ctx,
			km_err *err)
{
	run *r = calloc(1, sizeof(*r));

	if (r == NULL || (r->input = malloc(h->input.n + 1)) == NULL) {
		free(r);
		return KM_FAIL(err, KM_NOMEM, "no memory");
	}
	if (h->input.n)
		memcpy(r->input, h->input.p, h->input.n);
	r->done = done;
	r->ctx = ctx;
	r->timeout_ms = h->timeout_ms;
	r->process.data = r->in.data = r->timer.data = r->write.data = r;
	r->open = 3;
	(void)uv_pipe_init(loop, &r->in, 0);
	(void)uv_timer_init(loop, &r->timer);
	int rc = spawn(loop, r, h);
	if (rc != 0) {
		r->done = forget;
		close_all(r);
		return KM_FAIL(err, KM_TEMPFAIL, "%s can not be run: %s", h->args[0],
			       uv_strerror(rc));
	}
	const uv_buf_t bytes = uv_buf_init(r->input, (unsigned)h->input.n);
	(void)uv_timer_start(&r->timer, on_time, h->timeout_ms, 0);
	if (uv_write(&r->write, (uv_stream_t *)&r->in, &bytes, 1, on_written) != 0)
		uv_close((uv_handle_t *)&r->in, on_closed);
	return KM_OK;
}
