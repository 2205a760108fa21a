#include "daemon/running.h"

#include <stdlib.h>

#include "base/log.h"
#include "net/frame.h"
#include "net/stream.h"

enum { ANSWER_MAX = 64 * 1024 };

struct km_running {
	km_role *role;
	km_running_done *done;
	void *ctx;
	km_stream *line; /* NULL: none */
	km_buf in;
	uint64_t seq;
	bool busy;
};

km_running *km_running_new(km_role *role, km_running_done *done, void *ctx)
{
	km_running *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->role = role;
	x->done = done;
	x->ctx = ctx;
	km_buf_init(&x->in, NULL, ANSWER_MAX);
	return x;
}

void km_running_stop(km_running *x)
{
	if (x && x->line)
		km_stream_close(x->line);
}

void km_running_free(km_running *x)
{
	if (x == NULL)
		return;
	km_buf_finish(&x->in);
	free(x);
}

static void end(km_running *x, const km_err *err)
{
	if (!x->busy)
		return;
	x->busy = false;
	x->done(x->ctx, err);
}

static void lost(km_running *x)
{
	km_err err = { 0 };

	(void)KM_FAIL(&err, KM_TEMPFAIL, "the runner ended before the program did");
	end(x, &err);
}

static bool on_frame(km_running *x, const km_frame *f)
{
	km_err err = { 0 };
	km_sv failure;
	uint64_t seq;

	if (f->type != KM_RUNWIRE_RAN || !km_runwire_get_ran(f->body, &seq, &failure))
		return false;
	if (failure.n)
		(void)KM_FAIL(&err, KM_TEMPFAIL, "%.*s", KM_FMT(failure));
	if (seq == x->seq)
		end(x, &err);
	return true;
}

static void on_data(void *ctx, km_stream *stream, km_sv bytes)
{
	km_running *x = ctx;
	km_status st;
	km_frame f;

	if (stream != x->line)
		return;
	km_buf_add(&x->in, bytes);
	km_sv rest = km_buf_sv(&x->in);
	while ((st = km_frame_next(&rest, &f)) == KM_OK)
		if (!on_frame(x, &f)) {
			st = KM_SYNTAX;
			break;
		}
	if (st != KM_NOTFOUND || x->in.cut) {
		km_error("the runner does not speak our protocol; its line is closed");
		km_stream_close(stream);
		return;
	}
	km_buf_keep(&x->in, rest);
}

static void on_close(void *ctx, km_stream *stream)
{
	km_running *x = ctx;

	if (stream != x->line)
		return;
	x->line = NULL;
	lost(x);
	/* One that runs no more gets its line when it is started again. */
	(void)km_channel_send(KM_FD_CHANNEL, KM_WORD_RUNNER, -1);
}

static const km_stream_ops line_ops = { .on_data = on_data, .on_close = on_close };

void km_running_link(km_running *x, int fd)
{
	km_stream *before = x->line;

	x->in.n = 0;
	x->in.cut = false;
	x->line = km_stream_adopt(&x->role->loop, fd, &line_ops, x);
	if (before) {
		km_stream_close(before);
		lost(x);
	}
}

bool km_running_ready(const km_running *x)
{
	return x->line && !km_stream_closing(x->line) && !x->busy;
}

km_status km_running_start(km_running *x, const km_run_ask *ask, km_err *err)
{
	km_run_ask mine = *ask;
	km_buf out;

	if (!km_running_ready(x))
		return KM_FAIL(err, KM_TEMPFAIL, "there is no runner now");
	mine.seq = ++x->seq;
	km_buf_init(&out, NULL, KM_FRAME_MAX);
	km_runwire_put_ask(&out, &mine);
	km_status st =
		out.cut ? KM_FAIL(err, KM_LIMIT, "the entry is too large for a program") : KM_OK;
	if (st == KM_OK) {
		x->busy = true;
		km_stream_write(x->line, km_buf_sv(&out));
	}
	km_buf_finish(&out);
	return st;
}
