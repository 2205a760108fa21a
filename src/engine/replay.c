#include "engine/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/domain.h"
#include "base/log.h"
#include "store/counters.h"

enum { DAY = 86400 };

struct km_replay {
	km_counters *counters;
};

km_status km_replay_open(const char *path, km_replay **out, km_err *err)
{
	/* A signature takes a cell only when it comes again: 6 MB, most of it untouched. */
	static const km_counters_size size = {
		.profiles = 64, .rates = 64, .seen = 1 << 20, .distinct = 1 << 14
	};
	km_replay *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_counters_open(path, &size, &r->counters, err);
	if (st != KM_OK) {
		free(r);
		return st;
	}
	if (km_counters_said(r->counters)[0])
		km_warn("%s", km_counters_said(r->counters));
	*out = r;
	return KM_OK;
}

void km_replay_close(km_replay *r)
{
	if (r == NULL)
		return;
	km_counters_close(r->counters);
	free(r);
}

static uint64_t key_of(const km_counters *c, char kind, const km_dkim_sig *s)
{
	return km_counters_key(c, kind, km_counters_key(c, 'd', 0, s->domain), s->signature);
}

/* The address' /24, or /48. */
static uint64_t network_of(const km_counters *c, const km_ip *ip)
{
	return km_counters_key(c, 'n', 0, (km_sv){ (const char *)ip->b, ip->len == 4 ? 3 : 6 });
}

/* Sent by a host of the signer itself, or by one that he lets send in his name. */
static bool is_own(const km_auth *x, const km_dkim_sig *s)
{
	bool spf = x->spf.code == KM_SPF_PASS && (km_auth_is_below(x->spf.domain, s->domain) ||
						  km_auth_is_below(s->domain, x->spf.domain));

	return spf ||
	       (x->client.rdns == KM_RDNS_PASS && km_auth_is_below(x->client.name, s->domain));
}

/* By a mailing list that is proven to be what it says: it sends the same to each who reads it. */
static bool is_by_list(const km_auth *x, const km_mail *m)
{
	const km_header *h = km_headers_first(m->headers, "List-Id");

	if (h == NULL || x->spf.code != KM_SPF_PASS || x->spf.domain.n == 0)
		return false;
	for (size_t at = 0; at + x->spf.domain.n <= h->raw.n; at++)
		if (km_sv_ieq(km_sv_sub(h->raw, at, x->spf.domain.n), x->spf.domain))
			return true;
	return false;
}

static void add_fact(const km_dkim_sig *s, const km_mail *m, double rcpts, double networks,
		     double weight, km_facts *fs)
{
	const km_header *h = &m->headers->h[s->field];
	char text[32];
	km_fact *f = km_fact_add(fs, KM_FACT_DKIM_REPLAY, s->identity, 0, h->offset,
				 (size_t)(h->raw.p + h->raw.n - (m->raw.p + h->offset)));

	if (f == NULL)
		return;
	f->weight = weight;
	km_fact_arg(fs, f, 1, s->domain);
	int n = snprintf(text, sizeof(text), "%.0f", rcpts);
	km_fact_arg(fs, f, 2, (km_sv){ text, (size_t)n });
	n = snprintf(text, sizeof(text), "%.0f", networks);
	km_fact_arg(fs, f, 3, (km_sv){ text, (size_t)n });
}

void km_replay_facts(km_replay *r, const km_auth *x, const km_mail *m, const km_envelope *env,
		     km_facts *fs)
{
	km_counters *c = r->counters;
	double odd =
		is_by_list(x, m) ? KM_REPLAY_RECIPIENTS * KM_REPLAY_LIST : KM_REPLAY_RECIPIENTS;

	if (!x->has_client || x->vouched)
		return;
	for (size_t i = 0; x->dkim && i < x->dkim->n; i++) {
		const km_dkim_sig *s = &x->dkim->sig[i];
		if (!km_dkim_counts(s) || is_own(x, s))
			continue;
		double rcpts = km_counters_distinct(c, key_of(c, 'r', s), DAY, KM_REPLAY_DAYS - 1,
						    env->now);
		if (rcpts < odd)
			continue;
		double networks = km_counters_distinct(c, key_of(c, 'w', s), DAY,
						       KM_REPLAY_DAYS - 1, env->now);
		bool sure = rcpts >= 4 * odd || networks >= KM_REPLAY_NETWORKS;
		add_fact(s, m, rcpts, networks, sure ? 1 : 0.5, fs);
		return;
	}
}

static void note(km_counters *c, const km_dkim_sig *s, const km_envelope *env)
{
	uint64_t once = key_of(c, 's', s);
	uint64_t rcpts = key_of(c, 'r', s);

	/* Most signatures come once, be it to many at a time. */
	if (!km_counters_seen(c, once, env->now).known) {
		km_counters_see(c, once, env->now);
		return;
	}
	for (size_t i = 0; i < env->n_rcpts; i++)
		km_counters_distinct_add(c, rcpts, km_counters_key(c, 't', 0, env->rcpts[i]), DAY,
					 KM_REPLAY_DAYS - 1, env->now);
	km_counters_distinct_add(c, key_of(c, 'w', s), network_of(c, &env->ip), DAY,
				 KM_REPLAY_DAYS - 1, env->now);
}

void km_replay_note(km_replay *r, const km_auth *x, const km_envelope *env)
{
	if (!x->has_client)
		return;
	for (size_t i = 0; x->dkim && i < x->dkim->n; i++)
		if (km_dkim_counts(&x->dkim->sig[i]))
			note(r->counters, &x->dkim->sig[i], env);
}
