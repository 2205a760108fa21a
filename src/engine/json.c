#include "engine/json.h"

#include <math.h>

#include "engine/auth.h"
#include "engine/fields.h"
#include "engine/json_write.h"
#include "policy/category.h"

/* A fact as it is told; its record has its own form. */
static void add_fact(km_json_writer *w, km_arena *a, const km_scored *s, km_lang lang)
{
	const km_fact *f = s->fact;
	const km_fact_info *info = km_fact_describe(f->id);

	km_json_open(w, NULL, '{');
	km_json_string(w, "id", info->id);
	km_json_string(w, "group", km_group_name(info->group));
	km_json_number(w, "points", s->points, 2);
	km_json_sv(w, "seen", f->seen);
	if (f->inside.n)
		km_json_sv(w, "inside", f->inside);
	if (f->part < 0)
		km_json_null(w, "part");
	else
		km_json_integer(w, "part", f->part);
	km_json_integer(w, "offset", (int64_t)f->offset);
	km_json_integer(w, "length", (int64_t)f->length);
	km_json_sv(w, "text", km_fact_sentence(a, f, KM_FOR_ADMIN, lang));
	km_json_close(w, '}');
}

static void add_findings(km_json_writer *w, km_arena *a, const km_verdict *v, km_lang lang)
{
	km_json_open(w, "facts", '[');
	for (size_t i = 0; i < v->n_facts; i++)
		add_fact(w, a, &v->facts[i], lang);
	km_json_close(w, ']');
	km_json_open(w, "composites", '[');
	for (size_t i = 0; i < v->n_composites; i++) {
		const km_composite_hit *c = &v->composites[i];
		km_json_open(w, NULL, '{');
		km_json_string(w, "id", c->id);
		km_json_number(w, "points", c->points, 2);
		km_json_string(w, "text", c->sentence[KM_FOR_ADMIN][lang]);
		km_json_close(w, '}');
	}
	km_json_close(w, ']');
}

static void add_explanation(km_json_writer *w, km_arena *a, const km_verdict *v, km_lang lang)
{
	km_json_open(w, "explanation", '{');
	km_json_sv(w, "recipient", km_explain(a, v, KM_FOR_RECIPIENT, lang));
	km_json_sv(w, "admin", km_explain(a, v, KM_FOR_ADMIN, lang));
	km_json_sv(w, "sender", km_explain(a, v, KM_FOR_SENDER, lang));
	km_json_close(w, '}');
}

static void add_timings(km_json_writer *w, const km_timings *t)
{
	const struct {
		const char *stage;
		double us;
	} rows[] = {
		{ "read", t->read },   { "auth", t->auth },   { "content", t->content },
		{ "learn", t->learn }, { "judge", t->judge },
	};

	km_json_open(w, "timings_us", '{');
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		km_json_integer(w, rows[i].stage, llround(rows[i].us));
	km_json_close(w, '}');
}

/* A member that is left out when there is nothing in it. */
static void add_some(km_json_writer *w, const char *name, km_sv v)
{
	if (v.n)
		km_json_sv(w, name, v);
}

/* How far the answers behind a result are proven: left out when nothing was asked. */
static void add_dnssec(km_json_writer *w, km_dnssec proof)
{
	if (proof != KM_DNSSEC_UNKNOWN)
		km_json_string(w, "dnssec", km_dnssec_name(proof));
}

static void add_dkim(km_json_writer *w, const km_auth *x)
{
	km_json_open(w, "dkim", '[');
	for (size_t i = 0; x->dkim && i < x->dkim->n; i++) {
		const km_dkim_sig *s = &x->dkim->sig[i];
		km_json_open(w, NULL, '{');
		km_json_string(w, "result", km_dkim_code_name(s->code));
		km_json_sv(w, "domain", s->domain);
		km_json_sv(w, "selector", s->selector);
		km_json_bool(w, "aligned", km_auth_is_aligned(x, i));
		add_some(w, "reason", s->reason);
		add_dnssec(w, s->key_dnssec);
		km_json_close(w, '}');
	}
	km_json_close(w, ']');
}

static void add_dmarc(km_json_writer *w, const km_auth *x)
{
	const km_dmarc_result *r = &x->dmarc;

	km_json_open(w, "dmarc", '{');
	km_json_string(w, "result", km_dmarc_code_name(r->code));
	if (r->domain.n)
		km_json_sv(w, "domain", r->domain);
	else
		km_json_null(w, "domain");
	if (r->policy_domain.n) {
		km_json_sv(w, "policy_domain", r->policy_domain);
		km_json_string(w, "policy", km_dmarc_policy_name(r->policy));
		km_json_sv(w, "record", r->record);
	}
	add_some(w, "reason", r->reason);
	if (x->override)
		km_json_string(w, "override", x->override);
	add_some(w, "vouched_by", x->voucher);
	add_dnssec(w, x->policy_dnssec);
	km_json_close(w, '}');
}

/* @r NULL: there was no memory for it. */
static void add_arc(km_json_writer *w, const km_arc_result *r)
{
	km_json_open(w, "arc", '{');
	km_json_string(w, "result", km_arc_code_name(r ? r->code : KM_ARC_NONE));
	if (r && r->n) {
		km_json_sv(w, "sealer", r->set[r->n - 1].sealer);
		add_dnssec(w, r->set[r->n - 1].dnssec);
	}
	if (r)
		add_some(w, "reason", r->reason);
	km_json_close(w, '}');
}

static void add_auth(km_json_writer *w, const km_auth *x)
{
	km_json_open(w, "auth", '{');
	km_json_open(w, "spf", '{');
	km_json_string(w, "result", km_spf_code_name(x->spf.code));
	add_some(w, "domain", x->spf.domain);
	if (x->has_spf)
		km_json_string(w, "identity", x->spf.helo ? "helo" : "mailfrom");
	add_some(w, "mechanism", x->spf.term);
	add_some(w, "reason", x->spf.reason);
	add_dnssec(w, x->spf.dnssec);
	km_json_close(w, '}');
	if (x->has_client) {
		km_json_open(w, "iprev", '{');
		km_json_string(w, "result", km_rdns_name(x->client.rdns));
		add_some(w, "name", x->client.name);
		add_dnssec(w, x->client.dnssec);
		km_json_close(w, '}');
	}
	add_dkim(w, x);
	add_dmarc(w, x);
	add_arc(w, x->arc);
	km_json_close(w, '}');
}

/* For whoever passes the message on: {"add": [{name, value}], "remove": [{name, index}]}. */
static void add_fields(km_json_writer *w, const km_scan *s)
{
	km_sv results = km_scan_results(s, "\n");
	km_forged_results forged;

	km_scan_forged_results(s, &forged);
	km_json_open(w, "headers", '{');
	km_json_open(w, "add", '[');
	if (results.n) {
		km_json_open(w, NULL, '{');
		km_json_sv(w, "name", km_results_field);
		km_json_sv(w, "value", results);
		km_json_close(w, '}');
	}
	km_json_close(w, ']');
	km_json_open(w, "remove", '[');
	for (size_t i = 0; i < (forged.all ? 1 : forged.n); i++) {
		km_json_open(w, NULL, '{');
		km_json_sv(w, "name", km_results_field);
		km_json_integer(w, "index", forged.all ? 0 : forged.index[i]);
		km_json_close(w, '}');
	}
	km_json_close(w, ']');
	km_json_close(w, '}');
}

static void add_learned(km_json_writer *w, const km_learned *l)
{
	if (!l->done)
		return;
	km_json_open(w, "learn", '{');
	km_json_number(w, "probability", l->opinion.all.probability, 4);
	km_json_close(w, '}');
}

km_status km_verdict_json(km_buf *out, const km_scan *s, const char *file, const char *id,
			  km_lang lang)
{
	const km_verdict *v = km_scan_verdict(s);
	km_arena *a = km_scan_reserve(s);
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '{');
	if (file)
		km_json_string(&w, "file", file);
	km_json_string(&w, "id", id);
	km_json_string(&w, "class", km_class_name(v->class));
	km_json_string(&w, "category", v->category);
	km_json_string(&w, "category_name", km_category_name(v->category, lang));
	km_json_string(&w, "brand", v->brand);
	km_json_string(&w, "action", km_action_name(v->action));
	km_json_number(&w, "score", v->score, 2);
	km_json_number(&w, "probability", v->probability, 4);
	add_auth(&w, km_scan_auth(s));
	add_learned(&w, km_scan_learned(s));
	add_findings(&w, a, v, lang);
	add_explanation(&w, a, v, lang);
	km_json_string(&w, "advice", v->advice);
	if (file == NULL)
		add_fields(&w, s);
	add_timings(&w, km_scan_timings(s));
	km_json_close(&w, '}');
	return out->cut ? KM_LIMIT : KM_OK;
}

km_status km_verdict_facts_json(km_buf *out, const km_scan *s)
{
	const km_verdict *v = km_scan_verdict(s);
	km_json_writer w = { .out = out, .compact = true };

	km_json_open(&w, NULL, '[');
	for (size_t i = 0; i < v->n_facts; i++) {
		const km_fact *f = v->facts[i].fact;
		km_json_open(&w, NULL, '{');
		km_json_string(&w, "id", km_fact_describe(f->id)->id);
		km_json_number(&w, "points", v->facts[i].points, 2);
		km_json_sv(&w, "seen", f->seen);
		km_json_open(&w, "args", '[');
		size_t n = KM_COUNT(f->arg);
		while (n && f->arg[n - 1].n == 0)
			n--;
		for (size_t k = 0; k < n; k++)
			km_json_sv(&w, NULL, f->arg[k]);
		km_json_close(&w, ']');
		km_json_close(&w, '}');
	}
	km_json_close(&w, ']');
	return out->cut ? KM_LIMIT : KM_OK;
}

km_status km_error_json(km_buf *out, const char *file, const char *error)
{
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '{');
	if (file)
		km_json_string(&w, "file", file);
	km_json_string(&w, "error", error);
	km_json_close(&w, '}');
	return out->cut ? KM_LIMIT : KM_OK;
}
