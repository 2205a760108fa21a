#include "front/http/rspamd.h"

#include <math.h>
#include <stdio.h>

#include "engine/fields.h"
#include "engine/json_write.h"

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

static void points(km_json_writer *w, const char *key, double x)
{
	/* JSON has no infinity: a pack that never rejects. */
	km_json_number(w, key, isfinite(x) ? x : 1e6, 2);
}

static void empty(km_json_writer *w, const char *key, const char brackets[2])
{
	km_json_open(w, key, brackets[0]);
	km_json_close(w, brackets[1]);
}

static void symbol(km_json_writer *w, const km_scan *s, const km_scored *f)
{
	const char *id = km_fact_describe(f->fact->id)->id;
	km_mail *m = km_scan_mail(s);

	km_json_open(w, id, '{');
	km_json_string(w, "name", id);
	points(w, "score", f->points);
	points(w, "metric_score", f->uncapped);
	km_json_sv(w, "description",
		   m ? km_fact_sentence(m->arena, f->fact, KM_FOR_ADMIN, KM_EN) : KM_S(""));
	km_json_open(w, "options", '[');
	if (f->fact->seen.n)
		km_json_sv(w, NULL, f->fact->seen);
	km_json_close(w, ']');
	km_json_close(w, '}');
}

static void symbols(km_json_writer *w, const km_scan *s, const km_verdict *v)
{
	bool told[KM_FACT_COUNT] = { false };

	km_json_open(w, "symbols", '{');
	/* A fact that was seen several times is one symbol there: its first, heaviest sight. */
	for (size_t i = 0; i < v->n_facts; i++) {
		bool *known = &told[v->facts[i].fact->id];
		if (!*known)
			symbol(w, s, &v->facts[i]);
		*known = true;
	}
	for (size_t i = 0; i < v->n_composites; i++) {
		const km_composite_hit *c = &v->composites[i];
		km_json_open(w, c->id, '{');
		km_json_string(w, "name", c->id);
		points(w, "score", c->points);
		points(w, "metric_score", c->points);
		km_json_string(w, "description", "");
		empty(w, "options", "[]");
		km_json_close(w, '}');
	}
	km_json_close(w, '}');
}

/* @order: place in the header; 0 is the top. */
static void field(km_json_writer *w, const char *name, km_sv value, int order)
{
	if (value.n == 0)
		return;
	km_json_open(w, name, '{');
	km_json_sv(w, "value", value);
	km_json_integer(w, "order", order);
	km_json_close(w, '}');
}

/* A number says which field of the name goes, 0 all of them; several numbers are a list. */
static void remove_results(km_json_writer *w, const km_scan *s)
{
	km_forged_results forged;

	km_scan_forged_results(s, &forged);
	if (forged.all)
		km_json_integer(w, km_results_field.p, 0);
	else if (forged.n == 1)
		km_json_integer(w, km_results_field.p, forged.index[0]);
	if (forged.all || forged.n < 2)
		return;
	km_json_open(w, km_results_field.p, '[');
	for (size_t i = 0; i < forged.n; i++)
		km_json_integer(w, NULL, forged.index[i]);
	km_json_close(w, ']');
}

/* What an Rspamd client puts into the message by itself. */
static void milter(km_json_writer *w, const km_scan *s, const km_verdict *v)
{
	char score[32];

	(void)snprintf(score, sizeof(score), "%.2f", v->score);
	km_json_open(w, "milter", '{');
	km_json_open(w, "add_headers", '{');
	field(w, "X-Spam-Score", km_sv_of(score), 1);
	if (v->action >= KM_ACTION_TAG)
		field(w, "X-Spam-Flag", KM_S("YES"), 1);
	field(w, km_results_field.p, km_scan_results(s, "\n"), 0);
	km_json_close(w, '}');
	km_json_open(w, "remove_headers", '{');
	km_json_integer(w, "X-Spam-Flag", 0);
	km_json_integer(w, "X-Spam-Score", 0);
	remove_results(w, s);
	km_json_close(w, '}');
	km_json_close(w, '}');
}

static km_sv message_id(const km_mail *m)
{
	km_sv id = m ? m->message_id : (km_sv){ NULL, 0 };

	if (id.n > 2 && id.p[0] == '<' && id.p[id.n - 1] == '>')
		id = km_sv_sub(id, 1, id.n - 2);
	return id.n ? id : KM_S("undef");
}

km_status km_rspamd_json(km_buf *out, const km_scan *s, const char *id, double required,
			 double seconds)
{
	const km_verdict *v = km_scan_verdict(s);
	km_mail *m = km_scan_mail(s);
	km_json_writer w = { .out = out, .compact = true };

	km_json_open(&w, NULL, '{');
	km_json_bool(&w, "is_skipped", false);
	points(&w, "score", v->score);
	points(&w, "required_score", required);
	km_json_string(&w, "action", words[v->action]);
	symbols(&w, s, v);
	km_json_open(&w, "messages", '{');
	if (v->action == KM_ACTION_REJECT && m)
		km_json_sv(&w, "smtp_message", km_explain(m->arena, v, KM_FOR_SENDER, KM_EN));
	km_json_close(&w, '}');
	km_json_sv(&w, "message-id", message_id(m));
	km_json_number(&w, "time_real", seconds, 6);
	milter(&w, s, v);
	empty(&w, "urls", "[]");
	empty(&w, "emails", "[]");
	km_json_string(&w, "id", id);
	km_json_string(&w, "class", km_class_name(v->class));
	km_json_close(&w, '}');
	return out->cut ? KM_NOMEM : KM_OK;
}

/* Several of our actions are one of theirs, which is written where the first of them stands. */
static void count_actions(km_json_writer *w, const km_rspamd_counts *c)
{
	km_json_open(w, "actions", '{');
	for (int a = 0; a < KM_ACTIONS; a++) {
		int64_t sum = 0;
		bool first = true;
		for (int b = 0; b < KM_ACTIONS; b++) {
			bool same = strcmp(words[a], words[b]) == 0;
			sum += same ? c->actions[b] : 0;
			first &= !(same && b < a);
		}
		if (first)
			km_json_integer(w, words[a], sum);
	}
	km_json_close(w, '}');
}

km_status km_rspamd_stat_json(km_buf *out, const km_rspamd_counts *c)
{
	km_json_writer w = { .out = out, .compact = true };
	int64_t scanned = 0;

	for (int a = 0; a < KM_ACTIONS; a++)
		scanned += c->actions[a];
	km_json_open(&w, NULL, '{');
	km_json_integer(&w, "scanned", scanned);
	km_json_integer(&w, "learned", c->learned);
	count_actions(&w, c);
	km_json_integer(&w, "spam_count", scanned - c->ham);
	km_json_integer(&w, "ham_count", c->ham);
	km_json_integer(&w, "total_learns", c->learned);
	empty(&w, "statfiles", "[]");
	empty(&w, "fuzzy_hashes", "{}");
	km_json_close(&w, '}');
	return out->cut ? KM_NOMEM : KM_OK;
}

km_status km_rspamd_failed_json(km_buf *out, bool accept, const char *id, const char *why,
				double required)
{
	km_action action = accept ? KM_ACTION_ACCEPT : KM_ACTION_TEMPFAIL;
	km_json_writer w = { .out = out, .compact = true };

	km_json_open(&w, NULL, '{');
	km_json_bool(&w, "is_skipped", accept);
	points(&w, "score", 0);
	points(&w, "required_score", required);
	km_json_string(&w, "action", words[action]);
	empty(&w, "symbols", "{}");
	km_json_open(&w, "messages", '{');
	km_json_string(&w, "smtp_message", why);
	km_json_close(&w, '}');
	km_json_string(&w, "message-id", "undef");
	empty(&w, "milter", "{}");
	empty(&w, "urls", "[]");
	empty(&w, "emails", "[]");
	km_json_string(&w, "id", id);
	km_json_string(&w, "error", why);
	km_json_close(&w, '}');
	return out->cut ? KM_NOMEM : KM_OK;
}
