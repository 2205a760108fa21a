/*
 * The first line is the key record, the rest a message. What passes is verified and acceptable, and
 * says whose it is; results written out are harmless, and known for ours again.
 */
#include <stdlib.h>

#include "auth/authres.h"
#include "auth/dkim_sign.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void answer(km_dns_set *dns, km_sv record)
{
	const km_dns_question *q;

	while (km_dns_open(dns, &q) > 0) {
		km_dns_rr rr = { .data = record };
		km_dns_answer a = {
			.name = q->name, .type = q->type, .rcode = KM_DNS_OK, .rr = &rr, .n = 1
		};
		check(km_dns_give(dns, &a) == KM_OK);
	}
}

static void check_result(const km_dkim_result *r, const km_mail *m)
{
	for (size_t i = 0; i < r->n; i++) {
		const km_dkim_sig *s = &r->sig[i];
		check((s->code == KM_DKIM_PASS) == (s->why == KM_DKIM_WHY_NONE));
		check(s->code != KM_DKIM_PASS || (s->verified && s->domain.n && s->selector.n));
		check(!s->verified || (s->body_ok && s->signature_ok));
		check(s->field < m->headers->n);
		check(i < KM_MAX_SIGNATURES || s->code == KM_DKIM_POLICY);
	}
}

/* Written results are printable ASCII and folds; and a field that claims our name is found. */
static void check_written(km_arena *a, const km_authres *r)
{
	km_sv text = km_authres_write(a, r);

	check(text.n > 0);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		check((c >= ' ' && c < 0x7f) || c == '\t' || c == '\r' || c == '\n');
		check(c != '\n' || (i + 1 < text.n && text.p[i + 1] == '\t'));
	}
	check(km_authres_is_ours(text, r->authserv_id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv in = { (const char *)data, size }, record;
	const km_dkim_result *dkim;
	const km_arc_result *arc;
	km_dns_set dns;
	km_mail *m;

	if (!km_sv_line(&in, &record))
		return 0;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	check(km_mail_read(a, in, &m) == KM_OK);
	km_dns_set_init(&dns, a);
	km_dkim *k = km_dkim_new(a, m, 1800000000);
	km_arc *c = km_arc_new(a, k);
	while (km_dkim_step(k, &dns, &dkim) == KM_NOTFOUND)
		answer(&dns, record);
	while (km_arc_step(c, &dns, &arc) == KM_NOTFOUND)
		answer(&dns, record);
	check_result(dkim, m);
	check(arc->n <= KM_MAX_ARC_SETS && arc->at <= KM_MAX_ARC_SETS);
	check(arc->code != KM_ARC_PASS || (arc->n > 0 && !arc->closed));
	km_spf_result spf = { .code = KM_SPF_NONE };
	check_written(a, &(km_authres){ .authserv_id = KM_S("mx.example.jp"),
					.spf = &spf,
					.mail_from = record,
					.dkim = dkim,
					.arc = arc });
	km_facts fs;
	km_facts_init(&fs, a);
	km_dkim_facts(dkim, m, &fs);
	km_arc_facts(arc, &fs);
	km_dkim_sign_params p = { .domain = KM_S("example.jp"), .selector = KM_S("s1") };
	km_dkim_sign *sign = km_dkim_sign_new(a, m, &p, NULL);
	check(sign == NULL || km_dkim_sign_digest(sign).n == KM_SHA256_BYTES);
	km_arena_free(a);
	return 0;
}
