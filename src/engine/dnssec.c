#include "engine/dnssec.h"

/* The key of an aligned signature, or the SPF records of the aligned reverse-path and all that they
 * lead to; empty: neither is validated. */
static km_sv secure_proof(const km_auth *x)
{
	for (size_t i = 0; x->dkim && i < x->dkim->n; i++)
		if (km_auth_is_aligned(x, i) && x->dkim->sig[i].key_dnssec == KM_DNSSEC_SECURE)
			return x->dkim->sig[i].key_name;
	if (x->dmarc.spf_aligned && x->spf.dnssec == KM_DNSSEC_SECURE)
		return x->spf.domain;
	return (km_sv){ NULL, 0 };
}

km_dnssec km_dnssec_policy(const km_dmarc_result *r, const km_dns_set *dns, km_arena *a)
{
	km_sv domain = r->policy_domain.n ? r->policy_domain : r->domain;

	if (domain.n == 0)
		return KM_DNSSEC_UNKNOWN;
	km_sv name = km_sv_fmt(a, "_dmarc.%.*s", KM_FMT(domain));
	return km_dns_proof(km_dns_known(dns, name, KM_DNS_TXT));
}

void km_dnssec_facts(const km_auth *x, const km_dns_set *dns, km_facts *fs)
{
	if (dns->bogus.name.n) {
		km_fact *f =
			km_fact_add(fs, KM_FACT_DNSSEC_BOGUS,
				    km_sv_of(km_dns_type_name(dns->bogus.type)), KM_NO_PART, 0, 0);
		km_fact_arg(fs, f, 1, dns->bogus.name);
	}
	if (x->dmarc.code != KM_DMARC_PASS)
		return;
	km_sv proof = secure_proof(x);
	if (proof.n == 0 || x->policy_dnssec != KM_DNSSEC_SECURE)
		return;
	km_fact *f = km_fact_add(fs, KM_FACT_DNSSEC_SECURE, proof, KM_NO_PART, 0, 0);
	km_fact_arg(fs, f, 1, x->dmarc.domain);
}
