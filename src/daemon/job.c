#include "daemon/job.h"

#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "crypt/digest.h"
#include "engine/fields.h"
#include "engine/json.h"
#include "mail/encode.h"
#include "text/utf8.h"

enum { MAX_RCPTS_TEXT = 4096, MAX_FACTS_TEXT = 256 * 1024 };

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void make_id(char *out)
{
	uint8_t random[10];

	/* Without randomness ids could clash; the clock's nanoseconds still tell them apart. */
	if (km_random(random, sizeof(random)) != KM_OK) {
		uint64_t ns = km_clock_mono_ns();
		memset(random, 0, sizeof(random));
		memcpy(random, &ns, sizeof(ns));
	}
	(void)km_ulid(now_ms(), random, out);
}

/* Answers all open questions; without a snapshot nobody can be asked yet, which is a timeout. */
static km_status answer_all(km_shop *shop, km_scan *scan)
{
	const km_dns_question *q;
	size_t n = km_scan_questions(scan, &q);

	while (n > 0) {
		km_dns_answer a = { .name = q[0].name, .type = q[0].type, .rcode = KM_DNS_TIMEOUT };
		if (shop->dns)
			km_dns_snapshot_answer(shop->dns, q[0].name, q[0].type, &a);
		km_status st = km_scan_answer(scan, &a);
		if (st != KM_OK)
			return st;
		n = km_scan_questions(scan, &q);
	}
	return KM_OK;
}

static km_status drive(km_shop *shop, const km_job *job, km_judged *out, km_err *err)
{
	km_scan *scan = km_scan_new(shop->arena, &shop->kit, &job->env);
	km_scan_state state;

	if (scan == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for a scan");
	km_scan_message(scan, job->message);
	while ((state = km_scan_step(scan, err)) == KM_SCAN_ASK) {
		km_status st = answer_all(shop, scan);
		if (st != KM_OK)
			return KM_FAIL(err, st, "DNS answers could not be kept");
	}
	if (state == KM_SCAN_FAILED)
		return err->st != KM_OK ? err->st : KM_FAIL(err, KM_BUG, "scan failed");
	out->scan = scan;
	out->action = km_scan_verdict(scan)->action;
	return KM_OK;
}

static void judge(km_shop *shop, const km_job *job, km_judged *out)
{
	km_shared *shared = shop->role->shared;
	km_digest_key key;
	km_err err = { 0 };

	out->st = job->spool;
	if (out->st == KM_OK)
		out->st = km_sha256(job->message, out->digest);
	if (out->st != KM_OK) {
		(void)snprintf(out->why, sizeof(out->why), "the message could not be kept: %s",
			       km_status_name(out->st));
		return;
	}
	memcpy(&key, out->digest, sizeof(key));
	if (km_shared_deaths(shared, key) >= KM_POISON_DEATHS) {
		out->held = true;
		out->action = KM_ACTION_QUARANTINE;
		km_shared_count(shared, shop->role->slot, KM_COUNTER_held_poison_total, 1);
		return;
	}
	km_shared_begin(shared, shop->role->slot, key);
	out->st = drive(shop, job, out, &err);
	if (out->st != KM_OK)
		(void)snprintf(out->why, sizeof(out->why), "%s", err.msg);
}

static void count(km_shop *shop, const km_job *job, const km_judged *out)
{
	km_shared *shared = shop->role->shared;
	unsigned slot = shop->role->slot;

	km_shared_count(shared, slot, KM_COUNTER_message_bytes_total, (int64_t)job->message.n);
	if (out->scan)
		km_shared_verdict(shared, slot, out->action, km_scan_verdict(out->scan)->class,
				  out->us);
}

void km_job_judge(km_shop *shop, const km_job *job, km_judged *out)
{
	uint64_t begun = km_clock_mono_ns();

	*out = (km_judged){ .action = KM_ACTION_TEMPFAIL };
	make_id(out->id);
	km_arena_reset(shop->arena);
	judge(shop, job, out);
	out->us = (km_clock_mono_ns() - begun) / 1000u;
	count(shop, job, out);
	if (out->st != KM_OK)
		km_error("%s: not judged: %s", out->id, out->why);
}

void km_job_done(km_shop *shop)
{
	km_shared_end(shop->role->shared, shop->role->slot);
}

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

static void fill(km_shop *shop, const km_job *job, const km_judged *j, char *ip, char *hex,
		 km_record *r)
{
	km_arena *a = shop->arena;

	*r = (km_record){
		.id = km_sv_of(j->id),
		.t_ms = (int64_t)now_ms(),
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

km_status km_job_record(km_shop *shop, const km_job *job, const km_judged *judged,
			km_recorded *done, void *ctx)
{
	char ip[64], hex[KM_SHA256_HEX];
	km_record r;

	if (!km_recorder_healthy(shop->recorder))
		return KM_TEMPFAIL;
	fill(shop, job, judged, ip, hex, &r);
	return km_recorder_put(shop->recorder, &r, done, ctx);
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

static void add_fields(const km_shop *shop, const km_judged *j, km_arena *a,
		       km_milter_answer_view *out)
{
	const km_verdict *v = km_scan_verdict(j->scan);
	km_milter_field *f = KM_NEW_ARRAY(a, km_milter_field, 1 + KM_JOB_FIELDS);

	if (f == NULL)
		return;
	out->add = f;
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
		  encoded(a, km_explain(a, v, KM_FOR_RECIPIENT, shop->lang), 15));
	add_field(out, f, "X-Spam-Flag", KM_S("YES"));
}

static km_sv reply_text(const km_judged *j, km_arena *a)
{
	if (j->held)
		return km_sv_fmt(a, "held unread: the filter failed on this message (id %s)",
				 j->id);
	km_sv why = km_explain(a, km_scan_verdict(j->scan), KM_FOR_SENDER, KM_EN);
	return km_sv_fmt(a, "%.*s (id %s)", KM_FMT(why), j->id);
}

void km_job_answer(const km_shop *shop, const km_judged *judged, km_arena *arena,
		   km_milter_answer_view *out)
{
	*out = (km_milter_answer_view){ .kind = kinds[judged->action] };
	if (out->kind != KM_ANSWER_ACCEPT)
		out->text = reply_text(judged, arena);
	if (judged->scan)
		add_fields(shop, judged, arena, out);
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
