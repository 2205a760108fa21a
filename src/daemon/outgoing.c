#include "daemon/outgoing.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/log.h"
#include "crypt/digest.h"
#include "daemon/subject.h"
#include "engine/json_write.h"
#include "net/stream.h"

enum {
	CHECK_MS = 250,
	ANSWER_MAX = 1 << 20,
	LINE_MAX_BYTES = 4 << 20,
	REPLY_MAX = 400,
	SHORTEST_TEXT = 16
};

/* A message that the guard is asked about. Answers come in the order of the questions, so one that
 * nobody waits for any more keeps its place. */
typedef struct question question;
struct question {
	question *next;
	km_task *task; /* NULL: cancelled, or told that no answer came */
	uint64_t deadline;
	km_buf line;
};

struct km_task_outgoing {
	question *waits; /* NULL once it is answered */
	bool answered;
	km_action action; /* ACCEPT: the guard lets it pass */
	km_sv reply;
};

struct km_outgoing {
	uv_loop_t *loop;
	km_shared *shared;
	km_subjects *subjects;
	km_sv script_header;
	bool or_accept;
	km_stream *guard; /* NULL between two guards */
	km_buf in;
	question *first, **end;
	uv_timer_t timer;
};

/* --- the line --- */

static void drop_first(km_outgoing *o)
{
	question *q = o->first;

	o->first = q->next;
	if (o->first == NULL)
		o->end = &o->first;
	km_buf_finish(&q->line);
	free(q);
}

/* Words of guardline's "decision". */
static const struct {
	const char *word;
	km_action action;
} decisions[] = {
	{ "accept", KM_ACTION_ACCEPT },
	{ "defer", KM_ACTION_TEMPFAIL },
	{ "hold", KM_ACTION_QUARANTINE },
	{ "reject", KM_ACTION_REJECT },
};

static bool read_answer(km_sv line, km_task *t)
{
	struct km_task_outgoing *x = t ? t->outgoing : NULL;
	json_t *j = json_loadb(line.p, line.n, 0, NULL);
	const char *word = json_string_value(json_object_get(j, "decision"));
	json_t *reply = json_object_get(j, "reply");
	size_t i = 0;

	while (word && i < KM_COUNT(decisions) && strcmp(word, decisions[i].word) != 0)
		i++;
	bool known = word && i < KM_COUNT(decisions);
	if (known && x) {
		x->action = decisions[i].action;
		x->reply = km_sv_dup(t->arena, km_sv_sub((km_sv){ json_string_value(reply),
								  json_string_length(reply) },
							 0, REPLY_MAX));
	}
	json_decref(j);
	return known;
}

/* Whoever waits for @q goes on. */
static void settle(question *q, bool answered)
{
	km_task *t = q->task;

	if (t == NULL)
		return;
	q->task = NULL;
	t->outgoing->waits = NULL;
	t->outgoing->answered = answered;
	km_job_resume(t);
}

/* False when the guard does not speak our protocol. */
static bool take_line(km_outgoing *o, km_sv line)
{
	question *q = o->first;

	if (q == NULL || !read_answer(line, q->task))
		return false;
	settle(q, true);
	drop_first(o);
	return true;
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	km_outgoing *o = ctx;

	km_buf_add(&o->in, bytes);
	km_sv rest = km_buf_sv(&o->in);
	for (size_t lf; (lf = km_sv_chr(rest, '\n', 0)) < rest.n; rest = km_sv_from(rest, lf + 1))
		if (!take_line(o, km_sv_sub(rest, 0, lf))) {
			km_error("the guard does not speak our protocol");
			km_stream_close(s);
			return;
		}
	if (o->in.cut) {
		km_stream_close(s);
		return;
	}
	km_buf_keep(&o->in, rest);
}

static void on_close(void *ctx, km_stream *s)
{
	km_outgoing *o = ctx;

	if (o->guard == s)
		o->guard = NULL;
}

static const km_stream_ops guard_ops = { .on_data = on_data, .on_close = on_close };

void km_outgoing_link(km_outgoing *o, int fd)
{
	if (o->guard)
		km_stream_close(o->guard);
	o->in.n = 0;
	o->in.cut = false;
	while (o->first && o->first->task == NULL)
		drop_first(o);
	o->guard = km_stream_adopt(o->loop, fd, &guard_ops, o);
	/* What the last one did not answer: a message counts once, however often it is told. */
	for (question *q = o->first; q && o->guard; q = q->next)
		km_stream_write(o->guard, km_buf_sv(&q->line));
}

static void on_timer(uv_timer_t *timer)
{
	km_outgoing *o = timer->data;
	uint64_t now = uv_now(o->loop);

	if (o->guard == NULL && km_shared_guarding(o->shared))
		(void)km_channel_send(KM_FD_CHANNEL, KM_WORD_GUARD, -1);
	for (question *q = o->first; q && q->deadline <= now; q = q->next)
		settle(q, false);
	while (o->guard == NULL && o->first && o->first->task == NULL)
		drop_first(o);
}

km_status km_outgoing_new(uv_loop_t *loop, km_shared *shared, const km_conf *conf,
			  km_outgoing **out, km_err *err)
{
	km_outgoing *o = calloc(1, sizeof(*o));

	*out = o;
	if (o == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	o->loop = loop;
	o->shared = shared;
	o->end = &o->first;
	o->script_header = km_sv_of(km_conf_str(conf, KM_KEY_GUARD_SCRIPT_HEADER));
	o->or_accept = strcmp(km_conf_str(conf, KM_KEY_GUARD_ON_ERROR), "accept") == 0;
	km_buf_init(&o->in, NULL, ANSWER_MAX);
	(void)uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	(void)uv_timer_start(&o->timer, on_timer, CHECK_MS, CHECK_MS);
	uv_unref((uv_handle_t *)&o->timer);
	return km_subjects_open(conf, &o->subjects, err);
}

void km_outgoing_stop(km_outgoing *o)
{
	if (o && o->guard)
		km_stream_close(o->guard);
}

void km_outgoing_free(km_outgoing *o)
{
	if (o == NULL)
		return;
	while (o->first)
		drop_first(o);
	km_subjects_free(o->subjects);
	km_buf_finish(&o->in);
	free(o);
}

/* --- one message --- */

static km_sv script_of(const km_outgoing *o, const km_task *t, const km_mail *m)
{
	const km_header *h = m && o->script_header.n && t->job.env.user.n == 0 &&
					     km_subjects_believes(o->subjects, &t->job.env.ip)
				     ? km_headers_find(m->headers, o->script_header, 0)
				     : NULL;

	return h ? km_sv_trim(km_header_unfold(t->arena, h->raw)) : (km_sv){ NULL, 0 };
}

/* The same text to many is seen by this, whatever its boundaries and encodings are. A few words are
 * nobody's mark. */
static km_sv text_digest(const km_task *t)
{
	const km_views *v = km_scan_views(t->judged.scan);
	uint8_t digest[KM_HASH_MAX_BYTES];
	char hex[2 * KM_HASH_MAX_BYTES];
	size_t bytes = 0, n = 0;
	km_hash h;

	km_hash_init(&h, KM_HASH_SHA256);
	for (size_t i = 0; v && i < v->n_text; i++) {
		km_hash_add(&h, v->text[i].text);
		bytes += v->text[i].text.n;
	}
	if (km_hash_finish(&h, digest, &n) != KM_OK || bytes < SHORTEST_TEXT)
		return (km_sv){ NULL, 0 };
	km_hex(digest, n, hex);
	return km_sv_dup(t->arena, (km_sv){ hex, 2 * n });
}

static void write_text(km_json_writer *w, const char *key, km_sv v)
{
	if (v.n)
		km_json_sv(w, key, v);
}

/* What it would lack as a mailing: the guard knows who sends mailings. */
static void write_advice(km_json_writer *w, const km_task *t)
{
	km_facts advice;

	km_facts_init(&advice, t->arena);
	km_scan_bulk(t->judged.scan, &advice);
	if (advice.n == 0)
		return;
	km_json_open(w, "advice", '[');
	for (size_t i = 0; i < advice.n; i++)
		km_json_string(w, NULL, km_fact_describe(advice.f[i].id)->id);
	km_json_close(w, ']');
}

static void write_content(km_json_writer *w, const km_task *t, km_mail *m)
{
	const km_verdict *v = km_scan_verdict(t->judged.scan);

	km_json_string(w, "class", km_class_name(v->class));
	km_json_number(w, "score", v->score, 2);
	if (m == NULL)
		return;
	write_text(w, "from", m->from.n ? m->from.a[0].addr : (km_sv){ NULL, 0 });
	write_text(w, "subject", m->subject);
	write_text(w, "body_digest", text_digest(t));
	write_advice(w, t);
}

static void write_submit(km_buf *line, const km_task *t, km_mail *m, km_sv account, km_sv script)
{
	const km_envelope *env = &t->job.env;
	km_json_writer w = { .out = line };
	char ip[64];

	km_json_open(&w, NULL, '{');
	km_json_string(&w, "event", "submit");
	write_text(&w, "account", account);
	if (env->ip.len)
		km_json_string(&w, "ip", km_ip_format(&env->ip, ip));
	if (t->job.port)
		km_json_integer(&w, "port", t->job.port);
	write_text(&w, "helo", env->helo);
	km_json_sv(&w, "mail_from", env->from);
	write_text(&w, "queue_id", env->queue_id);
	write_text(&w, "script", script);
	km_json_integer(&w, "size", (int64_t)(t->job.message.n + t->job.dropped));
	write_content(&w, t, m);
	km_json_open(&w, "rcpts", '[');
	for (size_t i = 0; i < env->n_rcpts; i++)
		km_json_sv(&w, NULL, env->rcpts[i]);
	km_json_close(&w, ']');
	km_json_close(&w, '}');
	km_buf_byte(line, '\n');
}

static void forget(km_task *t)
{
	if (t->outgoing->waits)
		t->outgoing->waits->task = NULL;
}

static km_status ask(km_task *t, km_outgoing *o, km_sv account, km_sv script)
{
	question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return KM_NOMEM;
	km_buf_init(&q->line, NULL, LINE_MAX_BYTES);
	write_submit(&q->line, t, km_scan_mail(t->judged.scan), account, script);
	if (q->line.cut) {
		km_buf_finish(&q->line);
		free(q);
		return KM_NOMEM;
	}
	q->task = t;
	q->deadline = uv_now(o->loop) + KM_OUTGOING_DEADLINE_MS;
	*o->end = q;
	o->end = &q->next;
	t->outgoing->waits = q;
	t->forget = forget;
	if (o->guard)
		km_stream_write(o->guard, km_buf_sv(&q->line));
	return KM_NOTFOUND;
}

static km_status unanswered(km_task *t, const km_outgoing *o, const char *why)
{
	km_error("%s: the guard could not be asked: %s; %s", t->judged.id, why,
		 o->or_accept ? "it goes on unguarded (guard.on_error)" : "451");
	km_shared_count(o->shared, t->shop->role->slot, KM_COUNTER_guard_failures_total, 1);
	if (o->or_accept)
		return KM_OK;
	t->judged.action = KM_ACTION_TEMPFAIL;
	t->judged.reply = KM_S("Your mail can not be taken in now; please try again later");
	return KM_OK;
}

/* What the guard decided, unless the content is refused anyway. */
static void obey(km_task *t)
{
	const struct km_task_outgoing *x = t->outgoing;

	if (x->action == KM_ACTION_ACCEPT || t->judged.action == KM_ACTION_REJECT)
		return;
	t->judged.action = x->action;
	t->judged.reply = x->reply;
}

static km_status begin(km_task *t, km_outgoing *o)
{
	const km_envelope *env = &t->job.env;
	km_sv account = { NULL, 0 }, script = script_of(o, t, km_scan_mail(t->judged.scan));
	const km_sender sender = { .user = env->user,
				   .certificate = t->job.certificate,
				   .script = script,
				   .ip = env->ip };

	if (!km_subjects_find(o->subjects, t->arena, &sender, &account))
		return KM_OK;
	t->outgoing = KM_NEW(t->arena, struct km_task_outgoing);
	km_status st = t->outgoing ? ask(t, o, account, script) : KM_NOMEM;
	return st == KM_NOTFOUND ? st : unanswered(t, o, "no memory");
}

km_status km_outgoing_stage(km_task *t, km_err *err)
{
	km_outgoing *o = t->shop->outgoing;

	(void)err;
	if (!t->job.signs || t->judged.scan == NULL || !km_shared_guarding(o->shared))
		return KM_OK;
	/* What is put off comes again, and is told then. */
	if (t->outgoing == NULL &&
	    (t->judged.action == KM_ACTION_GREYLIST || t->judged.action == KM_ACTION_TEMPFAIL))
		return KM_OK;
	if (t->outgoing == NULL)
		return begin(t, o);
	if (t->outgoing->waits) { /* resumed by another */
		t->forget = forget;
		return KM_NOTFOUND;
	}
	if (!t->outgoing->answered)
		return unanswered(t, o, "no answer");
	obey(t);
	return KM_OK;
}
