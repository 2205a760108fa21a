/*
 * Milter connections of a scanner: streams of net/ on one side, sessions of front/milter on the
 * other.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/scanner.h"

enum {
	BACKLOG = 4096,
	MAX_RCPTS = 10000,
	MAX_STRINGS = 8 * 1024 * 1024,
	MAX_LATER = 64 * 1024 /* input read ahead while a message is in hand */
};

typedef struct conn conn;
struct conn {
	conn *next, *prev;
	struct milter *front;
	km_stream *stream;
	km_milter *session;
	bool in_hand;		      /* a message is judged, or its record awaited */
	km_task *task;		      /* while it is judged */
	km_milter_answer_view answer; /* waiting for its record */
	km_arena *answer_arena;
	km_buf later; /* input that came while a message was in hand */
	bool half_packet;
};

typedef struct milter {
	km_scanner *scanner;
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} listener;
	conn *conns;
	size_t n;
	km_buf out; /* replies of one turn; shared, since each is sent at once */
} milter;

static void feed(conn *c, km_sv in);

static void flush(conn *c)
{
	km_buf *out = &c->front->out;

	if (out->cut) { /* no memory for replies: the MTA must not take silence for consent */
		km_stream_close(c->stream);
	} else if (out->n) {
		km_stream_write(c->stream, km_buf_sv(out));
	}
	out->n = 0;
	out->cut = false;
}

static void send_answer(conn *c, const km_milter_answer_view *answer)
{
	km_milter_answer(c->session, answer, &c->front->out);
	flush(c);
}

/* Komainu could not do its work. */
static void fail(conn *c, km_failure failure)
{
	km_shop *shop = &c->front->scanner->shop;

	km_job_failed(shop, failure, &c->answer);
	if (c->answer.kind == KM_ANSWER_TEMPFAIL)
		km_scanner_count(c->front->scanner, KM_COUNTER_tempfail_total, 1);
	send_answer(c, &c->answer);
}

/* The message in hand has its answer: now for what came meanwhile. */
static void go_on(conn *c)
{
	km_buf later = c->later;

	c->in_hand = false;
	km_arena_free(c->answer_arena);
	c->answer_arena = NULL;
	km_buf_init(&c->later, NULL, SIZE_MAX / 2);
	km_stream_resume(c->stream);
	if (!km_stream_closing(c->stream))
		feed(c, km_buf_sv(&later));
	km_buf_finish(&later);
}

/* The record is on disk, or could not be put there in time. */
static void on_recorded(void *ctx, km_status st)
{
	conn *c = ctx;

	if (km_stream_closing(c->stream))
		return;
	if (st != KM_OK)
		fail(c, KM_FAILED_RECORDING);
	else
		send_answer(c, &c->answer);
	go_on(c);
}

static void fill_job(const km_milter_message_view *m, km_job *job)
{
	*job = (km_job){
		.via = "milter",
		.message = m->message,
		.rcpts_dropped = m->rcpts_dropped,
		.dropped = m->dropped,
		.spool = m->spool,
		.env = {
			.helo = m->helo,
			.hostname = m->client_host,
			.has_from = true,
			.from = m->mail_from,
			.rcpts = m->rcpts,
			.n_rcpts = m->n_rcpts,
			.user = m->user,
			.queue_id = m->queue_id,
			.mta = m->mta,
			.now = km_clock_now(),
		},
	};
	if (!km_ip_parse(m->client_addr, &job->env.ip))
		job->env.ip.len = 0;
}

/* Keeps the answer until its record is on disk. */
static void keep_answer(conn *c, const km_task *t)
{
	c->answer_arena = km_arena_new(256 * 1024);
	if (c->answer_arena == NULL) /* no answer is a temporary failure to the MTA */
		km_stream_close(c->stream);
	else
		km_job_answer(t, c->answer_arena, &c->answer);
}

static void on_judged(void *ctx, km_task *t)
{
	conn *c = ctx;
	bool meanwhile = c->task != NULL; /* other messages had their turn */
	bool wait = km_job_must_wait(&t->judged);

	c->task = NULL;
	if (t->judged.st != KM_OK) {
		fail(c, KM_FAILED_JUDGING);
	} else if (km_job_record(t, wait ? on_recorded : NULL, c) != KM_OK) {
		fail(c, KM_FAILED_RECORDING);
	} else if (wait) {
		keep_answer(c, t);
		return;
	} else {
		km_job_answer(t, t->arena, &c->answer);
		send_answer(c, &c->answer);
	}
	if (meanwhile)
		go_on(c);
	else
		c->in_hand = false;
}

static void judge(conn *c)
{
	km_job job;

	fill_job(km_milter_message(c->session), &job);
	c->in_hand = true;
	c->task = km_job_start(&c->front->scanner->shop, &job, km_job_plan, on_judged, c);
	if (c->in_hand)
		km_stream_deadline(c->stream, 0);
}

static void keep_for_later(conn *c, km_sv in)
{
	km_buf_add(&c->later, in);
	if (c->later.cut)
		km_stream_close(c->stream);
	else if (c->later.n > MAX_LATER)
		km_stream_pause(c->stream);
}

static void bad(conn *c, const km_err *err)
{
	km_scanner *s = c->front->scanner;

	km_warn("milter connection closed: %s", err->msg);
	km_scanner_count(s, KM_COUNTER_connections_dropped_total, 1);
	km_stream_close(c->stream);
}

static void set_deadline(conn *c)
{
	const km_scanner *s = c->front->scanner;
	bool half = km_milter_partial(c->session);

	/* Half a packet keeps its first deadline, however slowly its bytes trickle in. */
	if (half && !c->half_packet)
		km_stream_deadline(c->stream, s->packet_ms);
	else if (!half)
		km_stream_deadline(c->stream, s->idle_ms);
	c->half_packet = half;
}

static void feed(conn *c, km_sv in)
{
	km_milter_event e;
	km_err err = { 0 };

	while ((e = km_milter_feed(c->session, &in, &c->front->out, &err)) == KM_MILTER_MESSAGE) {
		flush(c);
		judge(c);
		if (c->in_hand) {
			keep_for_later(c, in);
			return;
		}
	}
	flush(c);
	if (e == KM_MILTER_BAD)
		bad(c, &err);
	else if (e == KM_MILTER_CLOSE)
		km_stream_shut(c->stream);
	else if (c->front->scanner->quitting && !km_milter_busy(c->session))
		km_stream_shut(c->stream);
	else
		set_deadline(c);
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	conn *c = ctx;

	(void)s;
	if (c->in_hand)
		keep_for_later(c, bytes);
	else
		feed(c, bytes);
}

static void on_deadline(void *ctx, km_stream *s)
{
	conn *c = ctx;

	km_scanner_count(c->front->scanner, KM_COUNTER_connections_dropped_total, 1);
	km_stream_close(s);
}

static void on_close(void *ctx, km_stream *stream)
{
	conn *c = ctx;
	km_scanner *s = c->front->scanner;

	(void)stream;
	if (c->task)
		km_job_cancel(c->task);
	else if (c->in_hand)
		km_recorder_forget(s->shop.recorder, c);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->front->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->front->n--;
	km_milter_free(c->session);
	km_buf_finish(&c->later);
	km_arena_free(c->answer_arena);
	free(c);
	km_scanner_count(s, KM_COUNTER_connections_open, -1);
	km_scanner_connection_gone(s);
}

static const km_stream_ops conn_ops = { on_data, on_deadline, on_close };

static conn *conn_new(milter *m)
{
	const km_shop *shop = &m->scanner->shop;
	const km_milter_limits limits = { .max_message = shop->max_message,
					  .max_rcpts = MAX_RCPTS,
					  .max_strings = MAX_STRINGS,
					  .ours = km_job_fields,
					  .n_ours = KM_JOB_FIELDS,
					  .authserv_id = km_sv_of(shop->kit.authserv_id),
					  .host = km_sv_of(shop->kit.host) };
	conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->front = m;
	km_buf_init(&c->later, NULL, SIZE_MAX / 2);
	c->session = km_milter_new(&limits);
	if (c->session == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

static void on_connection(uv_stream_t *listener, int status)
{
	milter *m = listener->data;
	km_scanner *s = m->scanner;

	if (status != 0)
		return;
	conn *c = conn_new(m);
	if (c)
		c->stream = km_stream_accept(listener, &conn_ops, c);
	if (c == NULL || c->stream == NULL) { /* what was not taken would block the listener */
		km_error("no memory for a connection: this scanner begins afresh");
		if (c)
			km_milter_free(c->session);
		free(c);
		km_role_end(s->role);
		return;
	}
	c->next = m->conns;
	if (m->conns)
		m->conns->prev = c;
	m->conns = c;
	m->n++;
	km_scanner_count(s, KM_COUNTER_connections_total, 1);
	km_scanner_count(s, KM_COUNTER_connections_open, 1);
	km_stream_deadline(c->stream, s->packet_ms);
	if (km_scanner_overfull(s)) {
		km_scanner_count(s, KM_COUNTER_connections_dropped_total, 1);
		km_stream_close(c->stream);
	}
}

static km_status milter_start(km_scanner *s, int fd, km_err *err)
{
	milter *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	m->scanner = s;
	s->milter = m;
	km_buf_init(&m->out, NULL, KM_STREAM_MAX_QUEUE);
	bool tcp = uv_guess_handle(fd) == UV_TCP;
	int rc = tcp ? uv_tcp_init(&s->role->loop, &m->listener.tcp)
		     : uv_pipe_init(&s->role->loop, &m->listener.pipe, 0);
	if (rc == 0)
		rc = tcp ? uv_tcp_open(&m->listener.tcp, fd) : uv_pipe_open(&m->listener.pipe, fd);
	m->listener.stream.data = m;
	if (rc == 0)
		rc = uv_listen(&m->listener.stream, BACKLOG, on_connection);
	return rc == 0 ? KM_OK : KM_FAIL(err, KM_IO, "milter: %s", uv_strerror(rc));
}

static void milter_drain(km_scanner *s, bool quit)
{
	milter *m = s->milter;

	if (!uv_is_closing((uv_handle_t *)&m->listener.stream))
		uv_close((uv_handle_t *)&m->listener.stream, NULL);
	for (conn *c = m->conns; quit && c; c = c->next)
		if (!km_milter_busy(c->session))
			km_stream_shut(c->stream);
}

static size_t milter_open(const km_scanner *s)
{
	return ((const milter *)s->milter)->n;
}

static void milter_stop(km_scanner *s)
{
	milter *m = s->milter;

	milter_drain(s, false);
	for (conn *c = m->conns; c; c = c->next)
		km_stream_close(c->stream);
}

static void milter_finish(km_scanner *s)
{
	milter *m = s->milter;

	if (m == NULL)
		return;
	km_buf_finish(&m->out);
	free(m);
}

const km_front km_front_milter = { milter_start, milter_drain, milter_open, milter_stop,
				   milter_finish };
