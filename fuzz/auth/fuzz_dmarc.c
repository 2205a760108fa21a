/*
 * Properties: a record, written out from what was read, reads the same. With the input's lines as
 * the records of a domain's ancestors, a walk keeps to its number of queries, ends within bounds,
 * and nothing passes that no identifier has earned.
 */
#include <stdlib.h>

#include "auth/dmarc.h"
#include "auth/domain.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINES = 32 };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void add_tag(km_buf *b, const char *name, km_sv value)
{
	km_buf_fmt(b, ";%s=", name);
	km_buf_add(b, value);
}

static km_sv policy(km_dmarc_policy p, bool there)
{
	return there ? km_sv_of(km_dmarc_policy_name(p)) : KM_S("?");
}

/* What makes a record unusable is written as a value that nobody knows. */
static void print(km_buf *b, const km_dmarc_record *r)
{
	km_buf_add(b, KM_S("v=DMARC1"));
	if (!r->unusable || r->p != KM_DMARC_POLICY_NONE)
		add_tag(b, "p", policy(r->p, true));
	if (r->has_sp || r->unusable)
		add_tag(b, "sp", policy(r->sp, r->has_sp));
	if (r->has_np || r->unusable)
		add_tag(b, "np", policy(r->np, r->has_np));
	km_buf_fmt(b, ";psd=%c;adkim=%c;aspf=%c;t=%c", "uyn"[r->psd], "rs"[r->strict_dkim],
		   "rs"[r->strict_spf], "ny"[r->testing]);
	add_tag(b, "rua", r->rua);
	add_tag(b, "ruf", r->ruf);
	add_tag(b, "fo", KM_S(""));
	for (unsigned i = 0; i < 4; i++)
		if (r->fo >> i & 1)
			km_buf_fmt(b, "%s%c", b->p[b->n - 1] == '=' ? "" : ":", "01ds"[i]);
}

static void check_record(km_sv txt)
{
	km_dmarc_record r, again;
	km_buf b;

	if (km_dmarc_record_read(txt, &r) != KM_OK)
		return;
	km_buf_init(&b, NULL, txt.n + 256);
	print(&b, &r);
	check(!b.cut && km_dmarc_record_read(km_buf_sv(&b), &again) == KM_OK);
	check(again.p == r.p && again.sp == r.sp && again.np == r.np && again.psd == r.psd);
	check(again.strict_dkim == r.strict_dkim && again.strict_spf == r.strict_spf);
	check(again.testing == r.testing && again.reports == r.reports);
	check(again.has_np == r.has_np && again.has_sp == r.has_sp);
	check(again.unusable == r.unusable);
	check(again.fo == r.fo && km_sv_eq(again.rua, r.rua) && km_sv_eq(again.ruf, r.ruf));
	km_buf_finish(&b);
}

static void give(km_dns_set *dns, const km_dns_question *q, const km_sv *line, size_t n)
{
	size_t h = (size_t)km_sv_hash(q->name) % (n + 2);
	km_dns_rr rr = { .data = h < n ? line[h] : (km_sv){ NULL, 0 } };
	km_dns_answer a = { .name = q->name,
			    .type = q->type,
			    .rcode = h < n ? KM_DNS_OK : KM_DNS_NXDOMAIN,
			    .rr = &rr,
			    .n = h < n };

	if (h < n && rr.data.n && rr.data.p[0] == '!') {
		a.rcode = KM_DNS_TIMEOUT;
		a.n = 0;
	}
	(void)!km_dns_give(dns, &a);
}

static void check_walk(const km_sv *line, size_t n, km_dmarc_method method)
{
	km_arena *a = km_arena_new(8 << 20);
	km_sv author = km_auth_domain(a, line[0], 1);
	km_dmarc_id dkim[3];
	km_dmarc_input in = { .dkim = dkim };
	const km_dns_question *open;
	km_dmarc_result r;
	km_dns_set dns;
	size_t queries = KM_DMARC_MAX_QUERIES + 3;

	for (size_t i = 1; i < n && in.n_dkim < 3; i++, queries += KM_DMARC_MAX_QUERIES)
		dkim[in.n_dkim++] =
			(km_dmarc_id){ km_auth_domain(a, line[i], 1), line[i].p[0] != '-' };
	km_dns_set_init(&dns, a);
	km_dmarc *d = km_dmarc_new(a, author, KM_S("no author"), method);
	while (km_dmarc_step(d, &dns, &in, &r) == KM_NOTFOUND) {
		check(km_dns_open(&dns, &open) > 0);
		while (km_dns_open(&dns, &open) > 0)
			give(&dns, open, line, n);
	}
	check(dns.asked <= queries);
	check((author.n == 0) == (r.code == KM_DMARC_PERMERROR));
	check(!r.spf_aligned && (r.code != KM_DMARC_PASS || r.dkim_aligned));
	for (size_t i = 0; i < in.n_dkim; i++)
		if (r.dkim_aligned >> i & 1)
			check(dkim[i].pass && (km_sv_eq(dkim[i].domain, author) ||
					       km_auth_is_below(dkim[i].domain, r.organization)));
	check(r.organization.n == 0 || km_auth_is_below(author, r.organization));
	check(r.policy <= r.published);
	km_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size }, line[MAX_LINES];
	size_t n = 0;

	while (n < MAX_LINES && km_sv_split(&rest, '\n', &line[n]))
		if (line[n].n)
			check_record(line[n++]);
	if (n) {
		check_walk(line, n, KM_DMARC_WALK);
		check_walk(line, n, KM_DMARC_PSL);
	}
	return 0;
}
