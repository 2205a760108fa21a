/* What SPF and DMARC found, as facts. */
#include "auth/dmarc.h"
#include "auth/spf.h"

void km_spf_facts(const km_spf_result *r, const km_ip *ip, bool settled, km_facts *fs)
{
	static const km_fact_id ids[] = {
		[KM_SPF_NONE] = KM_FACT_SPF_NONE,
		[KM_SPF_NEUTRAL] = KM_FACT_SPF_NEUTRAL,
		[KM_SPF_PASS] = KM_FACT_SPF_PASS,
		[KM_SPF_FAIL] = KM_FACT_SPF_FAIL,
		[KM_SPF_SOFTFAIL] = KM_FACT_SPF_SOFTFAIL,
		[KM_SPF_TEMPERROR] = KM_FACT_SPF_TEMPERROR,
		[KM_SPF_PERMERROR] = KM_FACT_SPF_PERMERROR,
	};
	char text[64];
	bool error = r->code == KM_SPF_PERMERROR;
	km_sv seen = r->code == KM_SPF_NONE ? r->reason : r->term;
	km_fact *f = km_fact_add(fs, ids[r->code], seen, -1, 0, 0);

	km_fact_arg(fs, f, 1, r->domain);
	km_fact_arg(fs, f, 2, error ? r->reason : km_sv_of(km_ip_format(ip, text)));
	if (f && settled)
		f->weight = 0;
}

static km_fact_id failure(km_dmarc_policy p)
{
	return p == KM_DMARC_REJECT	  ? KM_FACT_DMARC_FAIL_REJECT
	       : p == KM_DMARC_QUARANTINE ? KM_FACT_DMARC_FAIL_QUARANTINE
					  : KM_FACT_DMARC_FAIL_NONE;
}

void km_dmarc_facts(const km_dmarc_result *r, const km_mail *m, km_sv actual, double weight,
		    km_facts *fs)
{
	const km_fact_id ids[] = {
		[KM_DMARC_NONE] = KM_FACT_DMARC_NO_RECORD,
		[KM_DMARC_PASS] = KM_FACT_DMARC_PASS,
		[KM_DMARC_FAIL] = failure(r->policy),
		[KM_DMARC_TEMPERROR] = KM_FACT_DMARC_TEMPERROR,
		[KM_DMARC_PERMERROR] = KM_FACT_DMARC_PERMERROR,
	};
	const km_header *h = km_headers_first(m->headers, "From");
	bool error = r->code == KM_DMARC_PERMERROR;
	size_t length = h ? (size_t)(h->raw.p + h->raw.n - (m->raw.p + h->offset)) : 0;
	km_fact *f = km_fact_add(fs, ids[r->code], error && h ? km_sv_trim(h->raw) : r->domain, 0,
				 h ? h->offset : 0, length);

	km_fact_arg(fs, f, 1, error ? r->reason : r->domain);
	km_fact_arg(fs, f, 2, actual.n ? actual : KM_S("?"));
	if (f && r->code == KM_DMARC_FAIL)
		f->weight = weight;
	/* What can not be proven just now is doubtful where the owner asks for proof. */
	if (r->code != KM_DMARC_TEMPERROR || r->policy == KM_DMARC_POLICY_NONE)
		return;
	f = km_fact_add(fs, KM_FACT_DMARC_TEMPERROR_REJECT, r->domain, 0, h ? h->offset : 0,
			length);
	km_fact_arg(fs, f, 1, r->domain);
	km_fact_arg(fs, f, 2, km_sv_of(km_dmarc_policy_name(r->policy)));
	if (f)
		f->weight = weight * (r->policy == KM_DMARC_REJECT ? 1 : 0.6);
}
