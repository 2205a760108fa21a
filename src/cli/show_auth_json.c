#include "cli/jsonout.h"
#include "cli/show_auth.h"

static void push(json_t *list, json_t *item)
{
	(void)json_array_append_new(list, item);
}

static json_t *dnssec(km_dnssec p)
{
	return km_json_cstr(km_dnssec_name(p));
}

static json_t *dnssec_of_text(const km_show_auth *s, km_sv name)
{
	return dnssec(km_dns_proof(km_dns_known(s->dns, name, KM_DNS_TXT)));
}

/* Of its record, where a step fetched one. */
static json_t *dnssec_of_step(const km_show_auth *s, const km_spf_trace *t)
{
	return t->outcome == KM_SPF_STEP_RECORD ? dnssec_of_text(s, t->domain) : json_null();
}

static json_t *spf_steps(const km_show_auth *s, const km_spf_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n_trace; i++) {
		const km_spf_trace *t = &r->trace[i];
		push(list,
		     json_pack("{s:s, s:i, s:o, s:o, s:o, s:i, s:i, s:o}", "outcome",
			       km_show_spf_outcome(t->outcome), "depth", (int)t->depth, "domain",
			       km_json_text(t->domain), "text", km_json_text(t->text), "name",
			       km_json_filled(t->name), "lookups", (int)t->lookups, "voids",
			       (int)t->voids, "dnssec", dnssec_of_step(s, t)));
	}
	return list;
}

static json_t *spf(const km_show_auth *s)
{
	const km_spf_result *r = &s->spf;

	if (!s->auth->has_spf)
		return json_pack("{s:s}", "result", "none");
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:i, s:o, s:o}", "result",
			 km_spf_code_name(r->code), "identity", r->helo ? "helo" : "mailfrom",
			 "domain", km_json_text(r->domain), "record", km_json_filled(r->record),
			 "decided_in", km_json_filled(r->where), "mechanism",
			 km_json_filled(r->term), "reason", km_json_filled(r->reason),
			 "explanation", km_json_filled(r->explanation), "lookups", (int)r->lookups,
			 "voids", (int)r->voids, "dnssec", dnssec(r->dnssec), "steps",
			 spf_steps(s, r));
}

static json_t *time_of(km_time t)
{
	char text[32];

	return t ? json_string(km_time_format(t, text)) : json_null();
}

static json_t *key(const km_dkim_sig *g)
{
	if (g->key_name.n == 0)
		return json_null();
	return json_pack("{s:o, s:s, s:o, s:o, s:i, s:b, s:b}", "name", km_json_text(g->key_name),
			 "answer", km_dns_rcode_name(g->key_rcode), "dnssec", dnssec(g->key_dnssec),
			 "record", km_json_filled(g->key_record), "bits", (int)g->key_bits,
			 "testing", g->testing, "strict", g->strict);
}

static json_t *signature(const km_show_auth *s, size_t i)
{
	const km_dkim_sig *g = &s->auth->dkim->sig[i];

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:I, "
			 "s:b, s:o, s:i, s:o}",
			 "result", km_dkim_code_name(g->code), "domain", km_json_filled(g->domain),
			 "selector", km_json_filled(g->selector), "identity",
			 km_json_filled(g->identity), "algorithm", km_json_filled(g->algorithm),
			 "canonicalisation", g->canonical, "signed", km_json_text(g->h), "time",
			 time_of(g->time), "expires", time_of(g->expires), "body_hash_claimed",
			 km_json_filled(km_show_base64(s->arena, g->bh)), "body_hash",
			 km_json_filled(km_show_base64(s->arena, g->body_hash)), "body_right",
			 g->body_ok, "signature_right", g->signature_ok, "unsigned_tail",
			 (json_int_t)g->unsigned_tail, "aligned", km_auth_is_aligned(s->auth, i),
			 "key", key(g), "field", (int)g->field, "reason",
			 km_json_filled(g->reason));
}

static json_t *dkim(const km_show_auth *s)
{
	json_t *list = json_array();

	for (size_t i = 0; s->auth->dkim && i < s->auth->dkim->n; i++)
		push(list, signature(s, i));
	return list;
}

static json_t *walk(const km_show_auth *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->n_levels; i++) {
		const km_dmarc_level *l = &s->level[i];
		push(list,
		     json_pack("{s:o, s:s, s:o, s:o, s:b, s:b}", "name", km_json_text(l->name),
			       "answer", km_dns_rcode_name(l->rcode), "dnssec",
			       dnssec_of_text(s,
					      km_sv_fmt(s->arena, "_dmarc.%.*s", KM_FMT(l->name))),
			       "record", km_json_filled(l->record), "several", l->several,
			       "in_force", l->in_force));
	}
	return list;
}

static json_t *dmarc(const km_show_auth *s)
{
	const km_dmarc_result *r = &s->auth->dmarc;
	bool found = r->policy_domain.n > 0;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o}",
			 "result", km_dmarc_code_name(r->code), "domain", km_json_filled(r->domain),
			 "organization", km_json_filled(r->organization), "policy_domain",
			 km_json_filled(r->policy_domain), "record", km_json_filled(r->record),
			 "published",
			 km_json_cstr(found ? km_dmarc_policy_name(r->published) : NULL), "policy",
			 km_json_cstr(found ? km_dmarc_policy_name(r->policy) : NULL),
			 "domain_missing", r->missing, "spf_aligned", r->spf_aligned, "override",
			 km_json_cstr(s->auth->override), "vouched_by",
			 km_json_filled(s->auth->voucher), "reason", km_json_filled(r->reason),
			 "walk", walk(s));
}

static json_t *arc(const km_show_auth *s)
{
	const km_arc_result *r = s->auth->arc;
	json_t *list = json_array();

	for (size_t i = 0; r && i < r->n; i++)
		push(list, json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "instance", (int)i + 1,
				     "sealer", km_json_text(r->set[i].sealer), "selector",
				     km_json_text(r->set[i].selector), "signer",
				     km_json_text(r->set[i].signer), "dnssec",
				     dnssec(r->set[i].dnssec), "results",
				     km_json_text(km_header_unfold(s->arena, r->set[i].results))));
	return json_pack("{s:s, s:o, s:i, s:o}", "result",
			 km_arc_code_name(r ? r->code : KM_ARC_NONE), "reason",
			 km_json_filled(r ? r->reason : (km_sv){ NULL, 0 }), "broken_at",
			 r ? (int)r->at : 0, "sets", list);
}

static json_t *client(const km_show_auth *s)
{
	const km_client_result *r = &s->auth->client;

	if (!s->auth->has_client)
		return json_null();
	return json_pack("{s:s, s:o, s:o}", "result", km_rdns_name(r->rdns), "name",
			 km_json_filled(r->name), "dnssec", dnssec(r->dnssec));
}

json_t *km_show_auth_json(const km_show_auth *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "iprev", client(s), "spf", spf(s),
			 "dkim", dkim(s), "dmarc", dmarc(s), "arc", arc(s),
			 "authentication_results", km_json_filled(s->results));
}
