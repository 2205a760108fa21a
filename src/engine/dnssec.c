#include "engine/dnssec.h"

static bool is_secure(const km_dns_set *dns, km_sv name)
{
	const km_dns_answer *known = km_dns_known(dns, name, KM_DNS_TXT);

	return known && known->secure;
}

/* The key of an aligned signature, or the SPF record of the aligned reverse-path; empty: neither is
 * validated. An SPF record that leads on to others proves no more than its first one. */
static km_sv secure_proof(const km_auth *x, const km_dns_set *dns)
{
	for (size_t i = 0; x->dkim && i < x->dkim->n; i++)
		if (km_auth_is_aligned(x, i) && is_secure(dns, x->dkim->sig[i].key_name))
			return x->dkim->sig[i].key_name;
	if (x->dmarc.spf_aligned && is_secure(dns, x->spf.domain))
		return x->spf.domain;
	return (km_sv){ NULL, 0 };
}

void km_dnssec_facts(const km_auth *x, const km_dns_set *dns, km_arena *a, km_facts *fs)
{
	if (dns->bogus.name.n) {
		km_fact *f =
			km_fact_add(fs, KM_FACT_DNSSEC_BOGUS,
				    km_sv_of(km_dns_type_name(dns->bogus.type)), KM_NO_PART, 0, 0);
		km_fact_arg(fs, f, 1, dns->bogus.name);
	}
	if (x->dmarc.code != KM_DMARC_PASS)
		return;
	km_sv record = km_sv_fmt(a, "_dmarc.%.*s", KM_FMT(x->dmarc.policy_domain));
	km_sv proof = secure_proof(x, dns);
	if (proof.n == 0 || !is_secure(dns, record))
		return;
	km_fact *f = km_fact_add(fs, KM_FACT_DNSSEC_SECURE, proof, KM_NO_PART, 0, 0);
	km_fact_arg(fs, f, 1, x->dmarc.domain);
}
