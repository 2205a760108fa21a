/*
 * Connections of spamc, Exim and other clients of spamd: streams of net/ on one side, sessions of
 * front/spamd on the other. One connection, one message.
 */
#include <stdlib.h>

#include "daemon/learner.h"
#include "daemon/peers.h"
#include "engine/fields.h"
#include "front/http/rspamd.h"
#include "front/spamd/session.h"

enum {
	MAX_RCPTS = 10000,
	/* What is given back must fit into what a stream may queue, with the fields added. */
	MAX_RETURNED = KM_STREAM_MAX_QUEUE - 1024 * 1024,
	MAX_LEVEL = 50,
	LINGER_MS = 2000,
	OWN_FIELDS = 2 /* SpamAssassin's, besides those of km_job_fields */
};

typedef struct {
	km_peer peer;
	km_spamd *session;
	bool begun;    /* something has come */
	km_task *task; /* while the message is judged */
	bool recording;
	km_buf answer; /* waiting for its record */
} conn;

static void finish(conn *c)
{
	km_peer_flush(&c->peer);
	km_stream_shut(c->peer.stream);
}

static const km_pack *pack_of(const conn *c)
{
	return c->peer.all->scanner->shop.role->pack;
}

/* An answer without a verdict, as policy.default_on_error wants it. */
static void fail(conn *c, km_failure failure)
{
	km_scanner *s = c->peer.all->scanner;
	km_milter_answer_view a;

	km_job_failed(&s->shop, failure, &a);
	if (a.kind == KM_ANSWER_TEMPFAIL) {
		km_scanner_count(s, KM_COUNTER_tempfail_total, 1);
		km_spamd_refuse(c->session, KM_SPAMD_TEMPFAIL,
				"the mail filter can not judge this message now; try again later",
				&c->peer.all->out);
		return;
	}
	const km_spamd_field mark = { a.add->name, a.add->value };
	const km_spamd_verdict v = {
		.required = km_pack_threshold(pack_of(c), KM_ACTION_TAG),
		.reject = km_pack_threshold(pack_of(c), KM_ACTION_REJECT),
		.action = km_rspamd_action(KM_ACTION_ACCEPT),
		.report = mark.value,
		.add = &mark,
		.n_add = 1,
	};
	km_spamd_answer(c->session, &v, &c->peer.all->out);
}

/* Each fact once, as it is first in order of weight. */
static void list_symbols(km_arena *a, const km_verdict *v, km_spamd_verdict *out)
{
	bool told[KM_FACT_COUNT] = { false };
	km_spamd_symbol *s = KM_NEW_ARRAY(a, km_spamd_symbol, v->n_facts + v->n_composites);
	size_t n = 0;

	if (s == NULL)
		return;
	for (size_t i = 0; i < v->n_facts; i++) {
		km_fact_id id = v->facts[i].fact->id;
		if (!told[id])
			s[n++] = (km_spamd_symbol){ km_sv_of(km_fact_describe(id)->id),
						    v->facts[i].points };
		told[id] = true;
	}
	for (size_t i = 0; i < v->n_composites; i++)
		s[n++] =
			(km_spamd_symbol){ km_sv_of(v->composites[i].id), v->composites[i].points };
	out->symbols = s;
	out->n_symbols = n;
}

/* The fields that a milter would add, and those by which SpamAssassin's users file their mail. */
static void list_fields(km_arena *a, const km_milter_answer_view *answer, km_spamd_verdict *out)
{
	static const char stars[MAX_LEVEL + 1] =
		"**************************************************";
	km_spamd_field *f = KM_NEW_ARRAY(a, km_spamd_field, answer->n_add + OWN_FIELDS);
	double level = out->score < MAX_LEVEL ? out->score : MAX_LEVEL;
	size_t n = 0;

	if (f == NULL)
		return;
	for (size_t i = 0; i < answer->n_add; i++)
		if (!km_sv_ieq(answer->add[i].name, km_results_field)) /* is the MTA's */
			f[n++] = (km_spamd_field){ answer->add[i].name, answer->add[i].value };
	f[n++] = (km_spamd_field){ KM_S("X-Spam-Status"),
				   km_sv_fmt(a, "%s, score=%.1f required=%.1f",
					     out->spam ? "Yes" : "No", out->score, out->required) };
	if (level >= 1)
		f[n++] = (km_spamd_field){ KM_S("X-Spam-Level"), { stars, (size_t)level } };
	out->add = f;
	out->n_add = n;
}

static void put_verdict(conn *c, const km_task *t)
{
	const km_verdict *v = km_scan_verdict(t->judged.scan);
	km_arena *a = t->arena;
	km_milter_answer_view answer;
	km_spamd_verdict out = {
		.spam = v->action >= KM_ACTION_TAG,
		.score = v->score,
		.required = km_pack_threshold(pack_of(c), KM_ACTION_TAG),
		.reject = km_pack_threshold(pack_of(c), KM_ACTION_REJECT),
		.action = km_rspamd_action(v->action),
	};

	km_job_answer(t, a, &answer);
	km_sv why = km_explain(a, v, KM_FOR_ADMIN, KM_EN);
	out.report = km_sv_fmt(a, "%.*s\n(id %s)", KM_FMT(why), t->judged.id);
	out.reply = answer.text;
	list_symbols(a, v, &out);
	list_fields(a, &answer, &out);
	km_spamd_answer(c->session, &out, &c->peer.all->out);
}

/* The record is on disk, or could not be put there in time. */
static void on_recorded(void *ctx, km_status st)
{
	conn *c = ctx;

	c->recording = false;
	if (km_stream_closing(c->peer.stream))
		return;
	if (st != KM_OK)
		fail(c, KM_FAILED_RECORDING);
	else
		km_buf_add(&c->peer.all->out, km_buf_sv(&c->answer));
	finish(c);
}

static void on_judged(void *ctx, km_task *t)
{
	conn *c = ctx;
	km_buf *out = &c->peer.all->out;

	c->task = NULL;
	bool unjudged = t->judged.st != KM_OK;
	c->recording = !unjudged && !t->judged.held && km_job_must_wait(&t->judged);
	if (!unjudged && km_job_record(t, c->recording ? on_recorded : NULL, c) != KM_OK) {
		c->recording = false;
		fail(c, KM_FAILED_RECORDING);
	} else if (unjudged || t->judged.held) {
		/* There is no way to say "hold it": a poison message is not taken. */
		fail(c, KM_FAILED_JUDGING);
	} else {
		put_verdict(c, t);
	}
	if (!c->recording) {
		finish(c);
		return;
	}
	km_buf_add(&c->answer, km_buf_sv(out));
	c->answer.cut = c->answer.cut || out->cut;
	out->n = 0;
	out->cut = false;
	if (c->answer.cut)
		km_stream_close(c->peer.stream);
}

/* What the request does not say, the message's own header tells. */
static void read_envelope(conn *c, const km_spamd_message_view *m, km_job *job)
{
	const km_shop *shop = &c->peer.all->scanner->shop;

	job->env.now = km_clock_now();
	km_http_request_envelope(m->envelope, &job->env);
	if (m->stored && job->spool == KM_OK)
		job->spool = km_envelope_from_stored(m->envelope->arena, m->message,
						     shop->trusted_hops, false, &job->env);
}

/* --- what a message teaches (TELL) --- */

/* Nothing was learned: @why, in a line of ASCII. */
static void not_learned(conn *c, km_spamd_code code, const char *why)
{
	km_scanner_count(c->peer.all->scanner, KM_COUNTER_lessons_refused_total, 1);
	km_spamd_refuse(c->session, code, why, &c->peer.all->out);
	finish(c);
}

static void on_taught(void *ctx, km_task *t)
{
	conn *c = ctx;
	km_taught_how how = t->job.learning->answer.taught.how;
	km_sv why;
	km_status st = km_learning_end(t, &why);

	c->task = NULL;
	if (st != KM_OK) {
		km_spamd_code code =
			st == KM_SYNTAX || st == KM_LIMIT ? KM_SPAMD_DATAERR : KM_SPAMD_TEMPFAIL;
		const char *text = km_sv_cstr(t->arena, why);
		not_learned(c, code, text ? text : "not learned");
		return;
	}
	km_scanner_count(c->peer.all->scanner, KM_COUNTER_lessons_total, 1);
	km_spamd_answer_lesson(c->session, how != KM_TAUGHT_REPEAT && how != KM_TAUGHT_UNKNOWN,
			       &c->peer.all->out);
	finish(c);
}

static void teach(conn *c, const km_spamd_message_view *m, km_job *job)
{
	static const km_row_kind kinds[] = {
		[KM_SPAMD_LEARN_SPAM] = KM_ROW_SPAM,
		[KM_SPAMD_LEARN_HAM] = KM_ROW_HAM,
		[KM_SPAMD_FORGET] = KM_ROW_UNDO,
	};
	km_scanner *s = c->peer.all->scanner;
	struct sockaddr_storage client;

	if (!km_stream_client(c->peer.stream, &client) ||
	    !km_scanner_may_teach(s, (const struct sockaddr *)&client)) {
		not_learned(c, KM_SPAMD_NOPERM, "not from here: see learn.networks");
		return;
	}
	job->learning = KM_NEW(m->envelope->arena, km_learning);
	if (job->learning == NULL) {
		not_learned(c, KM_SPAMD_TEMPFAIL, "no memory; try again later");
		return;
	}
	if (!km_learning_begin(job->learning, kinds[m->lesson], &job->env)) {
		not_learned(c, KM_SPAMD_DATAERR, "a name of user or recipient is too long");
		return;
	}
	c->task = km_job_start(&s->shop, job, km_learner_plan, on_taught, c);
}

/* --- what is to be judged, or learned --- */

static void serve(conn *c)
{
	const km_spamd_message_view *m = km_spamd_message(c->session);
	km_job job = {
		.via = "spamd",
		.message = m->message,
		.rcpts_dropped = m->envelope->rcpts_dropped,
		.dropped = m->dropped,
		.spool = m->spool,
	};

	read_envelope(c, m, &job);
	/* The client may have closed its side already: that is no reason to stop. */
	km_stream_pause(c->peer.stream);
	km_stream_deadline(c->peer.stream, 0);
	if (m->lesson)
		teach(c, m, &job);
	else
		c->task =
			km_job_start(&c->peer.all->scanner->shop, &job, km_job_plan, on_judged, c);
}

static void take(conn *c, km_spamd_event e)
{
	if (e == KM_SPAMD_MORE)
		return;
	if (e == KM_SPAMD_BAD)
		km_scanner_count(c->peer.all->scanner, KM_COUNTER_connections_dropped_total, 1);
	if (e == KM_SPAMD_MESSAGE) {
		serve(c);
		return;
	}
	/* Refused early, the client may still be sending. */
	km_peer_flush(&c->peer);
	km_stream_linger(c->peer.stream, LINGER_MS);
}

static void on_data(void *ctx, km_stream *stream, km_sv bytes)
{
	conn *c = ctx;

	(void)stream;
	c->begun = true;
	take(c, km_spamd_feed(c->session, bytes, &c->peer.all->out));
}

static void on_end(void *ctx, km_stream *stream)
{
	conn *c = ctx;

	(void)stream;
	take(c, km_spamd_end(c->session, &c->peer.all->out));
}

static void conn_free(km_peer *p)
{
	conn *c = (conn *)p;

	if (c->task)
		km_job_cancel(c->task);
	if (c->recording)
		km_recorder_forget(p->all->scanner->shop.recorder, c);
	km_spamd_free(c->session);
	km_buf_finish(&c->answer);
	free(c);
}

static km_peer *conn_new(km_peers *all)
{
	static km_sv ours[KM_JOB_FIELDS + OWN_FIELDS] = {
		[KM_JOB_FIELDS] = KM_SV("X-Spam-Status"),
		[KM_JOB_FIELDS + 1] = KM_SV("X-Spam-Level"),
	};
	const km_spamd_limits limits = { all->scanner->shop.max_message, MAX_RETURNED, MAX_RCPTS,
					 ours, KM_COUNT(ours) };
	conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	memcpy(ours, km_job_fields, sizeof(km_job_fields));
	km_buf_init(&c->answer, NULL, KM_STREAM_MAX_QUEUE);
	c->session = km_spamd_new(&limits);
	if (c->session == NULL) {
		free(c);
		return NULL;
	}
	return &c->peer;
}

static bool conn_busy(const km_peer *p)
{
	return ((const conn *)p)->begun;
}

static const km_peers_ops ops = {
	.name = "spamd",
	.make = conn_new,
	.free = conn_free,
	.busy = conn_busy,
	.stream = { .on_data = on_data, .on_end = on_end },
};

static km_status spamd_start(km_scanner *s, int fd, km_err *err)
{
	return km_peers_scan(s, &ops, fd, &s->spamd, err);
}

static void spamd_drain(km_scanner *s, bool quit)
{
	km_peers_drain(s->spamd, quit);
}

static size_t spamd_open(const km_scanner *s)
{
	return s->spamd->n;
}

static void spamd_stop(km_scanner *s)
{
	km_peers_stop(s->spamd);
}

static void spamd_finish(km_scanner *s)
{
	km_peers_finish(s->spamd);
}

const km_front km_front_spamd = { spamd_start, spamd_drain, spamd_open, spamd_stop, spamd_finish };
