#include "daemon/job.h"

#include "crypt/digest.h"
#include "engine/fields.h"
#include "engine/json.h"
#include "mail/encode.h"
#include "text/utf8.h"

enum { MAX_RCPTS_TEXT = 4096, MAX_FACTS_TEXT = 256 * 1024 };

static km_sv clean(km_arena *a, km_sv v)
{
	size_t bad = 0;

	return km_utf8_sanitise(a, v, &bad);
}

static km_sv join_rcpts(km_arena *a, const km_envelope *env)
{
	km_buf b;

	km_buf_init(&b, a, MAX_RCPTS_TEXT);
	for (size_t i = 0; i < env->n_rcpts && !b.cut; i++) {
		if (i)
			km_buf_byte(&b, ' ');
		km_buf_add(&b, env->rcpts[i]);
	}
	return clean(a, km_buf_sv(&b));
}

static km_sv facts_json(km_arena *a, const km_scan *scan)
{
	km_buf b;

	km_buf_init(&b, a, MAX_FACTS_TEXT);
	if (km_verdict_facts_json(&b, scan) != KM_OK || b.cut)
		return KM_S("[]");
	return km_buf_sv(&b);
}

static void describe(const km_judged *j, km_arena *a, km_record *r)
{
	const km_verdict *v = km_scan_verdict(j->scan);
	km_mail *m = km_scan_mail(j->scan);

	r->class = km_sv_of(km_class_name(v->class));
	r->category = km_sv_of(v->category);
	r->score = v->score;
	r->probability = v->probability;
	r->facts = facts_json(a, j->scan);
	if (m == NULL)
		return;
	r->subject = km_utf8_cut(m->subject, 1000);
	r->message_id = clean(a, m->message_id);
	if (m->from.n)
		r->from = clean(a, m->from.a[0].addr);
}

static void fill(const km_task *t, char *ip, char *hex, km_record *r)
{
	const km_judged *j = &t->judged;
	const km_job *job = &t->job;
	km_arena *a = t->arena;

	*r = (km_record){
		.id = km_sv_of(j->id),
		.t_ms = (int64_t)km_clock_unix_ms(),
		.via = km_sv_of(job->via),
		.queue_id = clean(a, job->env.queue_id),
		.helo = clean(a, job->env.helo),
		.user = clean(a, job->env.user),
		.mail_from = clean(a, job->env.from),
		.rcpts = join_rcpts(a, &job->env),
		.n_rcpts = job->env.n_rcpts + job->rcpts_dropped,
		.size = job->message.n + job->dropped,
		.action = km_sv_of(km_action_name(j->action)),
		.class = KM_S(""),
		.category = KM_S("none"),
		.facts = KM_S("[]"),
		.duration_us = j->us,
	};
	if (job->env.ip.len)
		r->client = km_sv_of(km_ip_format(&job->env.ip, ip));
	km_hex(j->digest, sizeof(j->digest), hex);
	r->digest = (km_sv){ hex, KM_SHA256_HEX };
	if (j->scan)
		describe(j, a, r);
}

km_status km_job_record(const km_task *t, km_recorded *recorded, void *ctx)
{
	char ip[64], hex[KM_SHA256_HEX];
	km_record r;

	if (!km_recorder_healthy(t->shop->recorder))
		return KM_TEMPFAIL;
	fill(t, ip, hex, &r);
	return km_recorder_put(t->shop->recorder, &r, recorded, ctx);
}

bool km_job_must_wait(const km_judged *judged)
{
	return judged->action >= KM_ACTION_QUARANTINE;
}

const km_sv km_job_fields[KM_JOB_FIELDS] = {
	KM_SV("X-Komainu"),   KM_SV("X-Komainu-Facts"), KM_SV("X-Komainu-Why"),
	KM_SV("X-Spam-Flag"), KM_SV("X-Spam-Score"),
};

static const km_answer_kind kinds[KM_ACTIONS] = {
	[KM_ACTION_ACCEPT] = KM_ANSWER_ACCEPT,	   [KM_ACTION_TAG] = KM_ANSWER_ACCEPT,
	[KM_ACTION_JUNK] = KM_ANSWER_ACCEPT,	   [KM_ACTION_GREYLIST] = KM_ANSWER_TEMPFAIL,
	[KM_ACTION_TEMPFAIL] = KM_ANSWER_TEMPFAIL, [KM_ACTION_QUARANTINE] = KM_ANSWER_QUARANTINE,
	[KM_ACTION_REJECT] = KM_ANSWER_REJECT,	   [KM_ACTION_DISCARD] = KM_ANSWER_DISCARD,
};

static km_sv encoded(km_arena *a, km_sv text, size_t column)
{
	km_buf b;

	km_buf_init(&b, a, 8192);
	km_header_encode(&b, text, column, "\n");
	return km_buf_sv(&b);
}

/* "FACT(1.5) OTHER(0.3)", weightiest first; those without points are left to `komainu log`. */
static km_sv facts_field(km_arena *a, const km_verdict *v)
{
	km_buf b;

	km_buf_init(&b, a, 2048);
	for (size_t i = 0; i < v->n_facts; i++) {
		const km_scored *s = &v->facts[i];
		if (s->points < 0.005 && s->points > -0.005)
			continue;
		km_buf_fmt(&b, "%s%s(%.2f)", b.n ? " " : "", km_fact_describe(s->fact->id)->id,
			   s->points);
	}
	for (size_t i = 0; i < v->n_composites; i++)
		km_buf_fmt(&b, "%s%s(%.2f)", b.n ? " " : "", v->composites[i].id,
			   v->composites[i].points);
	return km_buf_sv(&b);
}

static void add_field(km_milter_answer_view *out, km_milter_field *fields, const char *name,
		      km_sv value)
{
	if (value.n == 0)
		return;
	fields[out->n_add++] = (km_milter_field){ km_sv_of(name), value };
}

static void add_fields(const km_task *t, km_arena *a, km_milter_answer_view *out)
{
	const km_judged *j = &t->judged;
	const km_verdict *v = km_scan_verdict(j->scan);
	km_milter_field *f = KM_NEW_ARRAY(a, km_milter_field, j->n_fields + 1 + KM_JOB_FIELDS);

	if (f == NULL)
		return;
	out->add = f;
	for (size_t i = 0; i < j->n_fields; i++)
		f[out->n_add++] = (km_milter_field){ km_sv_dup(a, j->fields[i].name),
						     km_sv_dup(a, j->fields[i].value) };
	add_field(out, f, km_results_field.p, km_sv_dup(a, km_scan_results(j->scan, "\n")));
	km_sv head =
		km_sv_fmt(a, "action=%s class=%s category=%s score=%.2f probability=%.3f id=%s",
			  km_action_name(v->action), km_class_name(v->class), v->category, v->score,
			  v->probability, j->id);
	add_field(out, f, "X-Komainu", encoded(a, head, 11));
	add_field(out, f, "X-Komainu-Facts", encoded(a, facts_field(a, v), 17));
	add_field(out, f, "X-Spam-Score", km_sv_fmt(a, "%.2f", v->score));
	if (v->action < KM_ACTION_TAG)
		return;
	add_field(out, f, "X-Komainu-Why",
		  encoded(a, km_explain(a, v, KM_FOR_RECIPIENT, t->shop->lang), 15));
	add_field(out, f, "X-Spam-Flag", KM_S("YES"));
}

static km_sv reply_text(const km_judged *j, km_arena *a)
{
	if (j->held)
		return km_sv_fmt(a, "held unread: the filter failed on this message (id %s)",
				 j->id);
	if (j->reply.n)
		return km_sv_fmt(a, "%.*s (id %s)", KM_FMT(j->reply), j->id);
	km_sv why = km_explain(a, km_scan_verdict(j->scan), KM_FOR_SENDER, KM_EN);
	return km_sv_fmt(a, "%.*s (id %s)", KM_FMT(why), j->id);
}

void km_job_answer(const km_task *t, km_arena *arena, km_milter_answer_view *out)
{
	*out = (km_milter_answer_view){ .kind = kinds[t->judged.action] };
	if (out->kind != KM_ANSWER_ACCEPT)
		out->text = reply_text(&t->judged, arena);
	if (t->judged.scan)
		add_fields(t, arena, out);
	/* Rather late than without its signature. */
	if (t->judged.n_fields && km_arena_full(arena))
		out->kind = KM_ANSWER_TEMPFAIL;
}

void km_job_failed(const km_shop *shop, km_failure failure, km_milter_answer_view *out)
{
	static const km_milter_field fields[] = {
		[KM_FAILED_JUDGING] = { KM_SV("X-Komainu"),
					KM_SV("action=accept error=not-judged") },
		[KM_FAILED_RECORDING] = { KM_SV("X-Komainu"),
					  KM_SV("action=accept error=not-recorded") },
	};

	*out = (km_milter_answer_view){
		.kind = KM_ANSWER_TEMPFAIL,
		.text = KM_S(
			"The mail filter can not judge this message now; please try again later."),
	};
	if (!shop->accept_on_error)
		return;
	/* Let through, the message says so to whoever filters or reads after us. */
	out->kind = KM_ANSWER_ACCEPT;
	out->add = &fields[failure];
	out->n_add = 1;
}
