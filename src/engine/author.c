#include "engine/author.h"

#include "content/host.h"

/* Whether SPF or DKIM passed for @domain or one of its organization: DMARC's alignment, which is
 * not looked at where no policy is published. */
static bool is_proven(const km_auth *x, km_sv domain)
{
	if (x->spf.code == KM_SPF_PASS && km_host_related(x->spf.domain, domain))
		return true;
	for (size_t i = 0; x->dkim && i < x->dkim->n && i < KM_MAX_SIGNATURES; i++)
		if (km_dkim_counts(&x->dkim->sig[i]) &&
		    km_host_related(x->dkim->sig[i].domain, domain))
			return true;
	return false;
}

/* Whether an answer that did not come could have proven it. */
static bool is_unknown(const km_auth *x)
{
	if (!x->has_spf || x->spf.code == KM_SPF_TEMPERROR || x->dmarc.code == KM_DMARC_TEMPERROR)
		return true;
	for (size_t i = 0; x->dkim && i < x->dkim->n && i < KM_MAX_SIGNATURES; i++)
		if (x->dkim->sig[i].code == KM_DKIM_TEMPERROR)
			return true;
	return false;
}

km_origin km_author_of(const km_mail *m, const km_auth *x)
{
	km_origin o = { .state = KM_ORIGIN_OPEN };

	if (m->n_from == 1 && m->from.n == 1 && !m->from.ambiguous) {
		o.domain = m->from.a[0].domain;
		o.local = m->from.a[0].local;
	}
	if (o.domain.n == 0)
		return o;
	if (x->dmarc.code == KM_DMARC_PASS || is_proven(x, o.domain))
		o.state = KM_ORIGIN_PROVEN;
	else if (x->dmarc.code == KM_DMARC_FAIL && x->override == NULL)
		o.state = KM_ORIGIN_REFUTED;
	else if (is_unknown(x))
		o.state = KM_ORIGIN_UNKNOWN;
	return o;
}
