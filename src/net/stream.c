#include "net/stream.h"

#include <stdlib.h>
#include <unistd.h>

#include "net/turn.h"

enum {
	READ_BLOCK = 65536,
	TURN_MAX = 65536 /* bytes that are worth to be copied */
};

struct km_stream {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	uv_timer_t timer;
	const km_stream_ops *ops;
	void *ctx;
	km_buf out; /* gathered in this turn */
	km_due due; /* at its end it goes out */
	km_due_kind kind;
	size_t queued; /* bytes given to uv_write that are not out yet */
	int open;      /* handles that still have to be closed */
	bool reading, closing, shut, lingering;
	uv_shutdown_t shutdown;
};

typedef struct {
	uv_write_t req;
	size_t n;
	char bytes[];
} pending;

static void closed(uv_handle_t *h)
{
	km_stream *s = h->data;

	if (--s->open > 0)
		return;
	if (s->ops->on_close)
		s->ops->on_close(s->ctx, s);
	km_turn_drop(&s->due);
	km_buf_finish(&s->out);
	free(s);
}

/* The part of @bytes that the kernel takes at once; what is left must be queued. */
static km_sv write_now(km_stream *s, km_sv bytes)
{
	if (s->queued || bytes.n == 0)
		return bytes;
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes.p, (unsigned)bytes.n);
	int n = uv_try_write(&s->stream, &buf, 1);
	return n > 0 ? km_sv_from(bytes, (size_t)n) : bytes;
}

/* What is gathered goes out now; with all else that is due, for its order counts (net/turn.h). */
static void flush(km_stream *s)
{
	if (s->out.n)
		km_turn_end(s->stream.loop);
}

void km_stream_close(km_stream *s)
{
	if (s->closing)
		return;
	flush(s);
	if (s->closing)
		return;
	s->closing = true;
	uv_close(&s->handle, closed);
	uv_close((uv_handle_t *)&s->timer, closed);
}

bool km_stream_closing(const km_stream *s)
{
	return s->closing;
}

/* All streams of a loop read into one block: what is read is used before the next read. */
static void alloc_block(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	static _Thread_local char block[READ_BLOCK];

	(void)h;
	(void)hint;
	*buf = uv_buf_init(block, READ_BLOCK);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	km_stream *s = stream->data;

	if (n == UV_EOF && s->ops->on_end && !s->closing && !s->lingering) {
		km_stream_pause(s);
		s->ops->on_end(s->ctx, s);
	} else if (n < 0)
		km_stream_close(s);
	else if (n > 0 && !s->closing && !s->lingering)
		s->ops->on_data(s->ctx, s, (km_sv){ buf->base, (size_t)n });
}

static void on_timer(uv_timer_t *t)
{
	km_stream *s = t->data;

	if (s->lingering)
		km_stream_close(s);
	else if (!s->closing && s->ops->on_deadline)
		s->ops->on_deadline(s->ctx, s);
}

static void finish_shut(km_stream *s)
{
	if (s->shut && !s->lingering && s->queued == 0)
		km_stream_close(s);
}

static void written(uv_write_t *req, int status)
{
	pending *p = (pending *)req;
	km_stream *s = req->handle->data;

	s->queued -= p->n;
	free(p);
	if (status < 0)
		km_stream_close(s);
	else
		finish_shut(s);
}

/* Sends @bytes, or queues them (copied). */
static void put(km_stream *s, km_sv bytes)
{
	bytes = write_now(s, bytes);
	if (bytes.n == 0)
		return;
	pending *p =
		s->queued + bytes.n > KM_STREAM_MAX_QUEUE ? NULL : malloc(sizeof(*p) + bytes.n);
	if (p == NULL) {
		km_stream_close(s);
		return;
	}
	memcpy(p->bytes, bytes.p, bytes.n);
	p->n = bytes.n;
	s->queued += p->n;
	uv_buf_t buf = uv_buf_init(p->bytes, (unsigned)p->n);
	if (uv_write(&p->req, &s->stream, &buf, 1, written) != 0) {
		s->queued -= p->n;
		free(p);
		km_stream_close(s);
	}
}

/* Memory is not kept: there may be thousands of streams, and few have something to say. */
static void put_gathered(void *ctx)
{
	km_stream *s = ctx;
	km_buf out = s->out;

	km_buf_init(&s->out, NULL, TURN_MAX);
	put(s, km_buf_sv(&out));
	km_buf_finish(&out);
}

static km_stream *stream_new(uv_loop_t *loop, bool tcp, km_due_kind kind, const km_stream_ops *ops,
			     void *ctx)
{
	km_stream *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->ops = ops;
	s->ctx = ctx;
	s->open = 2;
	s->due.run = put_gathered;
	s->due.ctx = s;
	s->kind = kind;
	km_buf_init(&s->out, NULL, TURN_MAX);
	if (tcp)
		(void)uv_tcp_init(loop, &s->tcp);
	else
		(void)uv_pipe_init(loop, &s->pipe, 0);
	(void)uv_timer_init(loop, &s->timer);
	s->handle.data = s;
	s->timer.data = s;
	return s;
}

/* A stream that failed before its owner knew of it goes without on_close. */
static km_stream *discard(km_stream *s)
{
	static const km_stream_ops none = { 0 };

	s->ops = &none;
	km_stream_close(s);
	return NULL;
}

km_stream *km_stream_accept(uv_stream_t *listener, const km_stream_ops *ops, void *ctx)
{
	bool tcp = listener->type == UV_TCP;
	km_stream *s = stream_new(listener->loop, tcp, KM_DUE_CLIENTS, ops, ctx);

	if (s == NULL)
		return NULL;
	if (uv_accept(listener, &s->stream) != 0)
		return discard(s);
	if (tcp)
		(void)uv_tcp_nodelay(&s->tcp, 1);
	km_stream_resume(s);
	return s;
}

bool km_stream_client(const km_stream *s, struct sockaddr_storage *out)
{
	int n = sizeof(*out);

	memset(out, 0, sizeof(*out));
	out->ss_family = AF_UNIX;
	return s->handle.type != UV_TCP ||
	       uv_tcp_getpeername(&s->tcp, (struct sockaddr *)out, &n) == 0;
}

km_stream *km_stream_adopt(uv_loop_t *loop, int fd, const km_stream_ops *ops, void *ctx)
{
	km_stream *s = stream_new(loop, false, KM_DUE_OURS, ops, ctx);

	if (s == NULL || uv_pipe_open(&s->pipe, fd) != 0) {
		(void)close(fd);
		return s ? discard(s) : NULL;
	}
	km_stream_resume(s);
	return s;
}

void km_stream_write(km_stream *s, km_sv bytes)
{
	if (s->closing || s->shut || bytes.n == 0)
		return;
	if (bytes.n <= TURN_MAX - s->out.n && km_buf_reserve(&s->out, bytes.n)) {
		km_buf_add(&s->out, bytes);
		km_turn_add(s->stream.loop, s->kind, &s->due);
	} else {
		km_turn_end(s->stream.loop);
		if (!s->closing)
			put(s, bytes);
	}
}

void km_stream_deadline(km_stream *s, uint64_t ms)
{
	if (s->closing)
		return;
	if (ms)
		(void)uv_timer_start(&s->timer, on_timer, ms, 0);
	else
		(void)uv_timer_stop(&s->timer);
}

void km_stream_pause(km_stream *s)
{
	if (s->reading && !s->closing)
		(void)uv_read_stop(&s->stream);
	s->reading = false;
}

void km_stream_resume(km_stream *s)
{
	if (!s->reading && !s->closing && uv_read_start(&s->stream, alloc_block, on_read) == 0)
		s->reading = true;
}

void km_stream_shut(km_stream *s)
{
	flush(s);
	s->shut = true;
	finish_shut(s);
}

void km_stream_linger(km_stream *s, uint64_t ms)
{
	if (s->closing)
		return;
	flush(s);
	if (s->closing)
		return;
	km_stream_deadline(s, ms);
	s->shut = s->lingering = true;
	if (uv_shutdown(&s->shutdown, &s->stream, NULL) != 0)
		km_stream_close(s);
	else
		km_stream_resume(s);
}
