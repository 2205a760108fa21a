#include "engine/auth.h"

#include "auth/domain.h"
#include "auth/vouch.h"
#include "engine/dnssec.h"
#include "engine/origin.h"

static void begin(km_auth *x, km_arena *a, const km_mail *m, const km_envelope *env,
		  const km_kit *kit)
{
	const km_spf_request q = { .ip = env->ip,
				   .helo = env->helo,
				   .from = env->from,
				   .receiver = km_kit_name(kit, env->mta),
				   .now = env->now };
	km_sv author, why;

	x->begun = true;
	/* A private address has no name that others could confirm. */
	x->has_client = env->ip.len && !km_ip_is_private(&env->ip) && !km_auth_is_ours(kit, env);
	x->client_request = (km_client_request){
		.ip = env->ip,
		.hostname = km_sv_ieq(env->hostname, KM_S("unknown")) ? (km_sv){ NULL, 0 }
								      : env->hostname,
		.helo = env->helo,
		.our_name = km_kit_name(kit, env->mta),
		.rcpts = env->rcpts,
		.n_rcpts = env->n_rcpts,
	};
	x->has_spf = env->ip.len && env->has_from;
	x->spf_check = x->has_spf ? km_spf_new(a, &q) : NULL;
	x->dkim_check = km_dkim_new(a, m, env->now);
	x->arc_check = x->dkim_check ? km_arc_new(a, x->dkim_check) : NULL;
	(void)!km_dmarc_author(a, m, &author, &why);
	if (x->dkim_check) /* without it a failure would be no finding */
		x->dmarc_check = km_dmarc_new(a, author, why, kit->dmarc);
	if (x->has_spf && x->spf_check == NULL)
		x->spf.code = KM_SPF_TEMPERROR;
	if (x->dmarc_check == NULL)
		x->dmarc.code = KM_DMARC_TEMPERROR;
}

static km_status step_dmarc(km_auth *x, km_dns_set *dns)
{
	km_dmarc_id dkim[KM_MAX_SIGNATURES];
	km_dmarc_input in = { .spf = { .domain = x->spf.domain,
				       .pass = x->spf.code == KM_SPF_PASS,
				       .unknown = x->spf.code == KM_SPF_TEMPERROR },
			      .dkim = dkim };

	for (size_t i = 0; x->dkim && i < x->dkim->n && i < KM_COUNT(dkim); i++) {
		const km_dkim_sig *s = &x->dkim->sig[i];
		dkim[in.n_dkim++] = (km_dmarc_id){ .domain = s->domain,
						   .pass = km_dkim_counts(s),
						   .unknown = s->code == KM_DKIM_TEMPERROR };
	}
	return km_dmarc_step(x->dmarc_check, dns, &in, &x->dmarc);
}

/* The domain that is proven to have had its hands on the message; else the client, in @text. */
static km_sv who_sent(const km_auth *x, const km_envelope *env, char text[64])
{
	const km_dkim_sig *signer = NULL;

	for (size_t i = 0; x->dkim && i < x->dkim->n; i++) {
		const km_dkim_sig *s = &x->dkim->sig[i];
		if (km_auth_is_aligned(x, i))
			return s->domain;
		if (signer == NULL && km_dkim_counts(s))
			signer = s;
	}
	if (signer && !x->dmarc.spf_aligned)
		return signer->domain;
	if (x->spf.code == KM_SPF_PASS)
		return x->spf.domain;
	return km_sv_of(km_ip_format(&env->ip, text));
}

/*
 * A list takes the author's signature along, whose header still verifies, changes the body, and
 * sends in its own proven name.
 */
static bool is_by_list(const km_auth *x, const km_mail *m, km_sv actual)
{
	bool proven = actual.n &&
		      (x->spf.code == KM_SPF_PASS || (x->dkim && x->dkim->code == KM_DKIM_PASS));

	if (!proven || km_headers_first(m->headers, "List-Id") == NULL)
		return false;
	for (size_t i = 0; x->dkim && i < x->dkim->n; i++) {
		const km_dkim_sig *s = &x->dkim->sig[i];
		if (s->signature_ok && !s->body_ok && km_auth_is_below(x->dmarc.domain, s->domain))
			return true;
	}
	return false;
}

bool km_auth_is_ours(const km_kit *kit, const km_envelope *env)
{
	return env->user.n || (env->ip.len && km_trust_has_ip(&kit->networks, &env->ip));
}

/* By its network, its verified name, or the proven domain of the reverse-path. */
static km_sv trusted_forwarder(const km_auth *x, km_arena *a, const km_envelope *env,
			       const km_kit *kit)
{
	char text[64];

	if (env->ip.len && km_trust_has_ip(&kit->forwarders, &env->ip))
		return km_sv_dup(a, km_sv_of(km_ip_format(&env->ip, text)));
	if (env->ip.len && km_trust_has_name(&kit->forwarders, env->hostname))
		return env->hostname;
	if (x->spf.code == KM_SPF_PASS && km_trust_has_name(&kit->forwarders, x->spf.domain))
		return x->spf.domain;
	return (km_sv){ NULL, 0 };
}

static bool is_trusted_sealer(const void *ctx, km_sv domain)
{
	return km_trust_has_name(ctx, domain);
}

static km_sv trusted_sealer(const km_auth *x, const km_kit *kit)
{
	const km_arc_set *set =
		x->arc && x->dmarc.domain.n
			? km_arc_voucher(x->arc, x->dmarc.domain, is_trusted_sealer, &kit->sealers)
			: NULL;

	return set ? set->sealer : (km_sv){ NULL, 0 };
}

static const char *find_override(km_auth *x, km_arena *a, const km_mail *m, const km_envelope *env,
				 const km_kit *kit, km_sv actual)
{
	if (km_auth_is_ours(kit, env))
		return env->user.n ? "authenticated" : "local_network";
	x->voucher = trusted_forwarder(x, a, env, kit);
	if (x->voucher.n)
		return "trusted_forwarder";
	x->voucher = trusted_sealer(x, kit);
	if (x->voucher.n)
		return "trusted_sealer";
	return is_by_list(x, m, actual) ? "mailing_list" : NULL;
}

static void add_facts(km_auth *x, km_arena *a, const km_mail *m, const km_envelope *env,
		      const km_kit *kit, km_facts *fs)
{
	char text[64];
	km_sv actual = who_sent(x, env, text);
	const char *override = find_override(x, a, m, env, kit, actual);
	bool ours = km_auth_is_ours(kit, env), settled = ours || x->voucher.n;

	x->vouched = x->voucher.n > 0;
	if (x->dmarc.code == KM_DMARC_FAIL)
		x->override = override;
	else
		x->voucher = (km_sv){ NULL, 0 };
	if (x->has_client)
		km_client_facts(&x->client_request, &x->client, fs);
	if (x->has_spf)
		km_spf_facts(&x->spf, &env->ip, settled || x->dmarc.code == KM_DMARC_PASS, fs);
	if (x->dkim)
		km_dkim_facts(x->dkim, m, fs);
	if (x->arc)
		km_arc_facts(x->arc, fs);
	km_dmarc_facts(&x->dmarc, m, actual, settled ? 0 : override ? 0.5 : 1, fs);
	km_origin_fact(x, env, ours, actual, fs);
}

km_status km_auth_step(km_auth *x, km_arena *a, const km_mail *m, const km_envelope *env,
		       const km_kit *kit, km_dns_set *dns, km_facts *fs)
{
	km_status client = KM_OK, spf = KM_OK, dkim = KM_OK, arc = KM_OK;

	if (!x->begun)
		begin(x, a, m, env, kit);
	if (x->dmarc_check)
		(void)km_dmarc_discover(x->dmarc_check, dns);
	if (x->has_client)
		client = km_client_step(a, &x->client_request, dns, &x->client);
	if (x->spf_check)
		spf = km_spf_step(x->spf_check, dns, &x->spf);
	if (x->dkim_check)
		dkim = km_dkim_step(x->dkim_check, dns, &x->dkim);
	if (x->arc_check)
		arc = km_arc_step(x->arc_check, dns, &x->arc);
	if (client == KM_NOTFOUND || spf == KM_NOTFOUND || dkim == KM_NOTFOUND ||
	    arc == KM_NOTFOUND)
		return KM_NOTFOUND;
	if (x->dmarc_check && step_dmarc(x, dns) == KM_NOTFOUND)
		return KM_NOTFOUND;
	add_facts(x, a, m, env, kit, fs);
	x->policy_dnssec = km_dnssec_policy(&x->dmarc, dns, a);
	km_dnssec_facts(x, dns, fs);
	return KM_OK;
}
