#include "content/sender_domain.h"

/* Domains that DNS can be asked about as they stand: at least two labels, ASCII, no literal. */
static bool can_ask(km_sv domain)
{
	for (size_t i = 0; i < domain.n; i++)
		if ((unsigned char)domain.p[i] <= ' ' || (unsigned char)domain.p[i] >= 0x7f ||
		    domain.p[i] == '[' || domain.p[i] == '\\')
			return false;
	return km_sv_chr(domain, '.', 0) < domain.n;
}

/*
 * NXDOMAIN to MX is confirmed by A and AAAA, since some servers deny names for types that they do
 * not know. KM_NOTFOUND while open.
 */
static km_status exists(km_dns_set *dns, km_sv domain, bool *missing)
{
	const km_dns_answer *a = km_dns_need(dns, domain, KM_DNS_A);
	const km_dns_answer *aaaa = km_dns_need(dns, domain, KM_DNS_AAAA);

	if (a == NULL || aaaa == NULL)
		return KM_NOTFOUND;
	*missing = a->rcode == KM_DNS_NXDOMAIN && aaaa->rcode == KM_DNS_NXDOMAIN;
	return KM_OK;
}

km_status km_sender_domain_step(const km_mail *m, km_dns_set *dns, km_facts *fs)
{
	km_sv domain = m->from.n ? m->from.a[0].domain : (km_sv){ NULL, 0 };
	const km_header *h = km_headers_first(m->headers, "From");
	bool missing = false;

	if (h == NULL || !can_ask(domain))
		return KM_OK;
	const km_dns_answer *mx = km_dns_need(dns, domain, KM_DNS_MX);
	if (mx == NULL)
		return KM_NOTFOUND;
	if (mx->rcode == KM_DNS_NXDOMAIN && exists(dns, domain, &missing) == KM_NOTFOUND)
		return KM_NOTFOUND;
	/* RFC 7505 section 3: a single MX that names the root */
	bool null_mx = mx->rcode == KM_DNS_OK && mx->n == 1 && mx->rr[0].data.n == 0;
	if (missing || null_mx) {
		size_t length = (size_t)(h->raw.p + h->raw.n - (m->raw.p + h->offset));
		km_fact *f = km_fact_add(
			fs, missing ? KM_FACT_FROM_DOMAIN_MISSING : KM_FACT_FROM_DOMAIN_NO_MAIL,
			domain, 0, h->offset, length);
		km_fact_arg(fs, f, 1, domain);
	}
	return KM_OK;
}
