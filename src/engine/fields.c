#include "engine/fields.h"

#include "auth/authres.h"
#include "engine/auth.h"

const km_sv km_results_field = KM_SV("Authentication-Results");

km_sv km_scan_results(const km_scan *s, const char *eol)
{
	const km_auth *x = km_scan_auth(s);
	const km_envelope *env = km_scan_envelope(s);
	const km_authres r = { .authserv_id = km_kit_name(km_scan_kit(s), env->mta),
			       .client = x->has_client ? &x->client : NULL,
			       .ip = &env->ip,
			       .spf = x->has_spf ? &x->spf : NULL,
			       .helo = env->helo,
			       .mail_from = env->from,
			       .dkim = x->dkim,
			       .dmarc = x->begun ? &x->dmarc : NULL,
			       .override = x->override,
			       .arc = x->arc,
			       .eol = eol };

	if (env->user.n)
		return (km_sv){ NULL, 0 };
	return km_authres_write(km_scan_reserve(s), &r);
}

void km_scan_forged_results(const km_scan *s, km_forged_results *out)
{
	const km_mail *m = km_scan_mail(s);
	km_sv name = km_kit_name(km_scan_kit(s), km_scan_envelope(s)->mta);
	unsigned seen = 0;

	*out = (km_forged_results){ .all = m == NULL };
	if (m == NULL)
		return;
	const km_headers *hs = m->headers;
	unsigned *index =
		KM_NEW_ARRAY(km_scan_reserve(s), unsigned, km_headers_count(hs, km_results_field));
	out->all = index == NULL || hs->limits || hs->odd & KM_HDR_BARE_CR;
	out->index = index;
	for (size_t i = 0; i < hs->n && index; i++) {
		if (!km_sv_ieq(hs->h[i].name, km_results_field))
			continue;
		seen++;
		if (km_authres_is_ours(hs->h[i].raw, name))
			index[out->n++] = seen;
	}
}
