#include "front/http/rspamd.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "text/utf8.h"

static const char *const words[KM_ACTIONS] = {
	[KM_ACTION_ACCEPT] = "no action",     [KM_ACTION_TAG] = "add header",
	[KM_ACTION_JUNK] = "add header",      [KM_ACTION_GREYLIST] = "greylist",
	[KM_ACTION_TEMPFAIL] = "soft reject", [KM_ACTION_QUARANTINE] = "quarantine",
	[KM_ACTION_REJECT] = "reject",	      [KM_ACTION_DISCARD] = "discard",
};

const char *km_rspamd_action(km_action a)
{
	return words[a];
}

static json_t *text(km_sv v)
{
	return json_stringn_nocheck(v.n ? v.p : "", v.n);
}

static json_t *points(double x)
{
	/* JSON has no infinity: a pack that never rejects. */
	return json_real(isfinite(x) ? round(x * 100.0) / 100.0 : 1e6);
}

static json_t *symbol(const km_scan *s, const km_scored *f)
{
	const char *id = km_fact_describe(f->fact->id)->id;
	km_mail *m = km_scan_mail(s);
	km_sv sentence =
		m ? km_fact_sentence(m->arena, f->fact, KM_FOR_ADMIN, KM_EN) : (km_sv){ NULL, 0 };
	json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:[]}", "name", id, "score", points(f->points),
			      "metric_score", points(f->uncapped), "description", text(sentence),
			      "options");

	if (o && f->fact->seen.n)
		(void)json_array_append_new(json_object_get(o, "options"), text(f->fact->seen));
	return o;
}

static json_t *symbols(const km_scan *s, const km_verdict *v)
{
	json_t *o = json_object();

	/* A fact that was seen several times is one symbol there: its first, heaviest sight. */
	for (size_t i = 0; i < v->n_facts; i++) {
		const char *id = km_fact_describe(v->facts[i].fact->id)->id;
		if (json_object_get(o, id) == NULL)
			(void)json_object_set_new_nocheck(o, id, symbol(s, &v->facts[i]));
	}
	for (size_t i = 0; i < v->n_composites; i++)
		(void)json_object_set_new_nocheck(
			o, v->composites[i].id,
			json_pack("{s:s, s:o, s:o, s:s, s:[]}", "name", v->composites[i].id,
				  "score", points(v->composites[i].points), "metric_score",
				  points(v->composites[i].points), "description", "", "options"));
	return o;
}

/* What an Rspamd client puts into the message by itself. */
static json_t *milter(const km_verdict *v)
{
	char score[32];

	(void)snprintf(score, sizeof(score), "%.2f", v->score);
	json_t *add = json_pack("{s:{s:s, s:i}}", "X-Spam-Score", "value", score, "order", 1);
	if (add && v->action >= KM_ACTION_TAG)
		(void)json_object_set_new(add, "X-Spam-Flag",
					  json_pack("{s:s, s:i}", "value", "YES", "order", 1));
	return json_pack("{s:o, s:{s:i, s:i}}", "add_headers", add, "remove_headers", "X-Spam-Flag",
			 0, "X-Spam-Score", 0);
}

static json_t *message_id(const km_scan *s)
{
	km_mail *m = km_scan_mail(s);
	km_sv id = m ? m->message_id : (km_sv){ NULL, 0 };
	size_t bad = 0;

	if (id.n > 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
		id = km_sv_sub(id, 1, id.n - 2);
	return m && id.n ? text(km_utf8_sanitise(m->arena, id, &bad)) : json_string("undef");
}

static int append(const char *bytes, size_t n, void *ctx)
{
	km_buf_add(ctx, (km_sv){ bytes, n });
	return 0;
}

km_status km_rspamd_json(km_buf *out, const km_scan *s, const char *id, double required,
			 double seconds)
{
	const km_verdict *v = km_scan_verdict(s);
	km_mail *m = km_scan_mail(s);
	json_t *o =
		json_pack("{s:b, s:o, s:o, s:s, s:o, s:{}, s:o, s:f, s:o, s:[], s:[], s:s, s:s}",
			  "is_skipped", 0, "score", points(v->score), "required_score",
			  points(required), "action", words[v->action], "symbols", symbols(s, v),
			  "messages", "message-id", message_id(s), "time_real", seconds, "milter",
			  milter(v), "urls", "emails", "id", id, "class", km_class_name(v->class));
	km_status st = KM_OK;

	if (o && v->action == KM_ACTION_REJECT && m) {
		km_sv why = km_explain(m->arena, v, KM_FOR_SENDER, KM_EN);
		(void)json_object_set_new(json_object_get(o, "messages"), "smtp_message",
					  text(why));
	}
	if (o == NULL || json_dump_callback(o, append, out, JSON_COMPACT) != 0 || out->cut)
		st = KM_NOMEM;
	json_decref(o);
	return st;
}

km_status km_rspamd_failed_json(km_buf *out, bool accept, const char *id, const char *why,
				double required)
{
	km_action action = accept ? KM_ACTION_ACCEPT : KM_ACTION_TEMPFAIL;
	json_t *o =
		json_pack("{s:b, s:f, s:o, s:s, s:{}, s:{s:s}, s:s, s:{}, s:[], s:[], s:s, s:s}",
			  "is_skipped", accept, "score", 0.0, "required_score", points(required),
			  "action", words[action], "symbols", "messages", "smtp_message", why,
			  "message-id", "undef", "milter", "urls", "emails", "id", id, "error",
			  why);
	km_status st = KM_OK;

	if (o == NULL || json_dump_callback(o, append, out, JSON_COMPACT) != 0 || out->cut)
		st = KM_NOMEM;
	json_decref(o);
	return st;
}
