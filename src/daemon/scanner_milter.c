/*
 * Milter connections of a scanner: streams of net/ on one side, sessions of front/milter on the
 * other.
 */
#include <stdlib.h>

#include "base/log.h"
#include "daemon/peers.h"

enum {
	MAX_RCPTS = 10000,
	MAX_STRINGS = 8 * 1024 * 1024,
	MAX_LATER = 64 * 1024 /* input read ahead while a message is in hand */
};

typedef struct {
	km_peer peer;
	km_milter *session;
	bool in_hand;		      /* a message is judged, or its record awaited */
	km_task *task;		      /* while it is judged */
	km_milter_answer_view answer; /* waiting for its record */
	km_arena *answer_arena;
	km_buf later; /* input that came while a message was in hand */
	bool half_packet;
} conn;

static void feed(conn *c, km_sv in);

static void send_answer(conn *c, const km_milter_answer_view *answer)
{
	km_milter_answer(c->session, answer, &c->peer.all->out);
	km_peer_flush(&c->peer);
}

/* Komainu could not do its work. */
static void fail(conn *c, km_failure failure)
{
	km_scanner *s = c->peer.all->scanner;

	km_job_failed(&s->shop, failure, &c->answer);
	if (c->answer.kind == KM_ANSWER_TEMPFAIL)
		km_scanner_count(s, KM_COUNTER_tempfail_total, 1);
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
	km_stream_resume(c->peer.stream);
	if (!km_stream_closing(c->peer.stream))
		feed(c, km_buf_sv(&later));
	km_buf_finish(&later);
}

/* The record is on disk, or could not be put there in time. */
static void on_recorded(void *ctx, km_status st)
{
	conn *c = ctx;

	if (km_stream_closing(c->peer.stream))
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
		.signs = true,
		.port = m->client_port,
		.certificate = m->certificate,
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
		km_stream_close(c->peer.stream);
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
	c->task = km_job_start(&c->peer.all->scanner->shop, &job, km_job_plan, on_judged, c);
	if (c->in_hand)
		km_stream_deadline(c->peer.stream, 0);
}

static void keep_for_later(conn *c, km_sv in)
{
	km_buf_add(&c->later, in);
	if (c->later.cut)
		km_stream_close(c->peer.stream);
	else if (c->later.n > MAX_LATER)
		km_stream_pause(c->peer.stream);
}

static void bad(conn *c, const km_err *err)
{
	km_warn("milter connection closed: %s", err->msg);
	km_peer_drop(&c->peer);
}

static void set_deadline(conn *c)
{
	const km_scanner *s = c->peer.all->scanner;
	bool half = km_milter_partial(c->session);

	/* Half a packet keeps its first deadline, however slowly its bytes trickle in. */
	if (half && !c->half_packet)
		km_stream_deadline(c->peer.stream, s->packet_ms);
	else if (!half)
		km_stream_deadline(c->peer.stream, s->idle_ms);
	c->half_packet = half;
}

static void feed(conn *c, km_sv in)
{
	km_milter_event e;
	km_err err = { 0 };

	while ((e = km_milter_feed(c->session, &in, &c->peer.all->out, &err)) ==
	       KM_MILTER_MESSAGE) {
		km_peer_flush(&c->peer);
		judge(c);
		if (c->in_hand) {
			keep_for_later(c, in);
			return;
		}
	}
	km_peer_flush(&c->peer);
	if (e == KM_MILTER_BAD)
		bad(c, &err);
	else if (e == KM_MILTER_CLOSE)
		km_stream_shut(c->peer.stream);
	else if (c->peer.all->scanner->quitting && !km_milter_busy(c->session))
		km_stream_shut(c->peer.stream);
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

static void conn_free(km_peer *p)
{
	conn *c = (conn *)p;

	if (c->task)
		km_job_cancel(c->task);
	else if (c->in_hand) /* its record is awaited */
		km_recorder_forget(p->all->scanner->shop.recorder, c);
	km_milter_free(c->session);
	km_buf_finish(&c->later);
	km_arena_free(c->answer_arena);
	free(c);
}

static km_peer *conn_new(km_peers *all)
{
	const km_shop *shop = &all->scanner->shop;
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
	km_buf_init(&c->later, NULL, SIZE_MAX / 2);
	c->session = km_milter_new(&limits);
	if (c->session == NULL) {
		free(c);
		return NULL;
	}
	return &c->peer;
}

static bool conn_busy(const km_peer *p)
{
	return km_milter_busy(((const conn *)p)->session);
}

static const km_peers_ops ops = {
	.name = "milter",
	.make = conn_new,
	.free = conn_free,
	.busy = conn_busy,
	.stream = { .on_data = on_data },
};

static km_status milter_start(km_scanner *s, int fd, km_err *err)
{
	return km_peers_scan(s, &ops, fd, &s->milter, err);
}

static void milter_drain(km_scanner *s, bool quit)
{
	km_peers_drain(s->milter, quit);
}

static size_t milter_open(const km_scanner *s)
{
	return s->milter->n;
}

static void milter_stop(km_scanner *s)
{
	km_peers_stop(s->milter);
}

static void milter_finish(km_scanner *s)
{
	km_peers_finish(s->milter);
}

const km_front km_front_milter = { milter_start, milter_drain, milter_open, milter_stop,
				   milter_finish };
