#include "engine/origin.h"

#include <stdio.h>

#include "auth/domain.h"

/* The signature that proves the author's domain, or NULL. Without a record to say how far the
 * organization reaches, only the domain itself or one above it proves anything. */
static const km_dkim_sig *proof(const km_auth *x)
{
	bool judged = x->dmarc.code == KM_DMARC_PASS;

	for (size_t i = 0; x->dkim && i < x->dkim->n; i++) {
		const km_dkim_sig *s = &x->dkim->sig[i];
		if (judged ? km_auth_is_aligned(x, i)
			   : km_dkim_counts(s) && km_auth_is_below(x->dmarc.domain, s->domain))
			return s;
	}
	return NULL;
}

static bool machine_proves(const km_auth *x)
{
	if (x->dmarc.code == KM_DMARC_PASS)
		return x->dmarc.spf_aligned;
	return x->spf.code == KM_SPF_PASS && km_auth_is_below(x->dmarc.domain, x->spf.domain);
}

static bool is_proven_domain(const km_auth *x)
{
	bool signer = false;

	for (size_t i = 0; x->dkim && i < x->dkim->n; i++)
		signer |= km_dkim_counts(&x->dkim->sig[i]);
	return signer || x->spf.code == KM_SPF_PASS;
}

static bool is_own_domain(const km_auth *x, const km_envelope *env)
{
	km_sv org = x->dmarc.policy_domain.n ? x->dmarc.organization : (km_sv){ NULL, 0 };

	for (size_t i = 0; i < env->n_rcpts; i++) {
		km_sv domain = km_auth_domain_part(env->rcpts[i]);
		if (domain.n && (km_auth_is_below(x->dmarc.domain, domain) ||
				 (org.n && km_auth_is_below(domain, org))))
			return true;
	}
	return false;
}

/* The fact, and its second argument. */
static km_fact_id choose(const km_auth *x, const km_envelope *env, km_sv client, km_sv actual,
			 km_sv *second)
{
	const km_dkim_sig *sig = proof(x);
	bool unproven_now = x->dmarc.code == KM_DMARC_TEMPERROR;
	bool spf_broke = x->spf.code >= KM_SPF_FAIL && x->spf.code <= KM_SPF_SOFTFAIL;

	*second = client;
	if (sig && x->has_spf && spf_broke)
		return KM_FACT_ORIGIN_FORWARDED;
	if (sig) {
		*second = sig->domain;
		return KM_FACT_ORIGIN_PROVEN;
	}
	if (machine_proves(x))
		return KM_FACT_ORIGIN_MACHINE;
	if (unproven_now)
		return KM_FACT_ORIGIN_NOT_NOW;
	bool other = is_proven_domain(x);
	*second = other ? actual : client;
	if (x->voucher.n)
		return KM_FACT_ORIGIN_VOUCHED;
	if (x->override && strcmp(x->override, "mailing_list") == 0)
		return KM_FACT_ORIGIN_LIST;
	if (env->ip.len && is_own_domain(x, env))
		return KM_FACT_ORIGIN_OWN_DOMAIN;
	return other ? KM_FACT_ORIGIN_OTHER : KM_FACT_ORIGIN_UNPROVEN;
}

static void add(km_facts *fs, km_fact_id id, km_sv first, km_sv second, km_sv third)
{
	km_fact *f = km_fact_add(fs, id, (km_sv){ NULL, 0 }, -1, 0, 0);

	km_fact_arg(fs, f, 1, first);
	km_fact_arg(fs, f, 2, second);
	km_fact_arg(fs, f, 3, third);
}

void km_origin_fact(const km_auth *x, const km_envelope *env, bool ours, km_sv actual, km_facts *fs)
{
	char text[64], named[400];
	km_sv ip = env->ip.len ? km_sv_of(km_ip_format(&env->ip, text)) : (km_sv){ NULL, 0 };
	km_sv client = ip, second;

	if (ip.n && env->hostname.n && !km_sv_ieq(env->hostname, KM_S("unknown"))) {
		(void)snprintf(named, sizeof(named), "%.*s, %s",
			       KM_FMT(km_sv_sub(env->hostname, 0, 255)), text);
		client = km_sv_of(named);
	}

	if (env->user.n)
		add(fs, KM_FACT_ORIGIN_OUR_USER, env->user, ip, ip);
	else if (ours)
		add(fs, KM_FACT_ORIGIN_OUR_NETWORK, ip, ip, ip);
	else if (x->dmarc.domain.n == 0)
		add(fs, KM_FACT_ORIGIN_UNCERTAIN, actual.n ? actual : client, ip, ip);
	else {
		km_fact_id id = choose(x, env, client, actual, &second);
		add(fs, id, x->dmarc.domain, second, x->voucher);
	}
}
