/*
 * Properties: a record's terms, written with single spaces, read the same; every text expands
 * within its bound. An evaluation in which all names have what the input's lines say ends within
 * its limits, and its result is the same when it is run again.
 */
#include <stdlib.h>

#include "auth/spf_parts.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINES = 64, MAX_QUESTIONS = 2 * (KM_SPF_MAX_LOOKUPS + 2) * (KM_SPF_MAX_NAMES + 2) };

static void check(bool ok)
{
	if (!ok)
		abort();
}

static bool same_term(const km_spf_term *a, const km_spf_term *b)
{
	return a->kind == b->kind && a->qualifier == b->qualifier && km_sv_eq(a->text, b->text) &&
	       km_sv_eq(a->domain, b->domain) && a->cidr4 == b->cidr4 && a->cidr6 == b->cidr6 &&
	       memcmp(&a->net, &b->net, sizeof(a->net)) == 0;
}

static void check_terms(km_sv record)
{
	static km_spf_text out;
	const km_spf_values v = { .local = KM_S("a-b.c"),
				  .sender = KM_S("s.example"),
				  .domain = KM_S("d.example"),
				  .helo = KM_S("h.example"),
				  .receiver = KM_S("r"),
				  .client = KM_S("unknown"),
				  .ip = { { 32, 1 }, 16 } };
	km_sv rest, again, redirect, exp, wrong;
	km_spf_term t, u;
	km_buf b;

	if (!km_spf_is_record(record, &rest))
		return;
	km_status st = km_spf_terms_check(rest, &redirect, &exp, &wrong);
	km_buf_init(&b, NULL, record.n + 1);
	for (km_sv r = rest; km_spf_term_next(&r, &t) == KM_OK;) {
		km_buf_byte(&b, ' ');
		km_buf_add(&b, t.text);
		if (t.domain.n)
			km_spf_expand(&v, t.domain, &out);
		check(out.n <= sizeof(out.p) && km_spf_name(&out).n <= 253);
	}
	again = km_buf_sv(&b);
	for (km_sv r = rest; st == KM_OK && km_spf_term_next(&r, &t) == KM_OK;)
		check(km_spf_term_next(&again, &u) == KM_OK && same_term(&t, &u));
	check(st != KM_OK || km_spf_term_next(&again, &u) == KM_NOTFOUND);
	km_buf_finish(&b);
}

/* Which of the lines answer a question: by its name's hash, so that names differ. */
static void give(km_dns_set *dns, const km_dns_question *q, const km_sv *line, size_t n)
{
	static const char ip[16] = { 32, 1, 13, (char)184 };
	size_t h = (size_t)km_sv_hash(q->name);
	km_dns_rr rr[12];
	km_dns_answer a = { .name = q->name, .type = q->type, .rr = rr };

	a.n = h / 8 % KM_COUNT(rr);
	for (size_t i = 0; i < a.n; i++)
		rr[i].data = q->type == KM_DNS_A      ? (km_sv){ ip, 4 }
			     : q->type == KM_DNS_AAAA ? (km_sv){ ip, 16 }
						      : line[(h / 128 + i) % n];
	if (q->type == KM_DNS_TXT && a.n > 1)
		a.n = 1;
	a.rcode = h % 8 < 6 ? KM_DNS_OK : (km_dns_rcode)(h % 16 / 3);
	if (a.rcode != KM_DNS_OK)
		a.n = 0;
	(void)!km_dns_give(dns, &a);
}

static void evaluate(const km_sv *line, size_t n, km_spf_result *out)
{
	km_arena *a = km_arena_new(8 << 20);
	km_spf_request q = { .from = line[0],
			     .helo = line[n - 1],
			     .ip = { { 32, 1, 13, 184 }, 4 } };
	const km_dns_question *open;
	km_dns_set dns;
	size_t rounds = 0;

	q.ip.len = n % 2 ? 4 : 16;
	km_dns_set_init(&dns, a);
	km_spf *s = km_spf_new(a, &q);
	while (km_spf_step(s, &dns, out) == KM_NOTFOUND) {
		check(km_dns_open(&dns, &open) > 0 && ++rounds < MAX_QUESTIONS);
		while (km_dns_open(&dns, &open) > 0)
			give(&dns, open, line, n);
	}
	check(dns.asked <= MAX_QUESTIONS && out->lookups <= KM_SPF_MAX_LOOKUPS);
	check(out->voids <= KM_SPF_MAX_VOIDS + KM_SPF_MAX_NAMES);
	check(out->voids <= KM_SPF_MAX_VOIDS || out->code == KM_SPF_PERMERROR);
	check(out->explanation.n == 0 || out->code == KM_SPF_FAIL);
	check(out->code != KM_SPF_PASS || out->term.n > 0);
	check(!km_arena_full(a));
	out->explanation = out->where = out->record = out->term = (km_sv){ NULL, 0 };
	out->domain.n = 0; /* all these were in the arena */
	km_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size }, line[MAX_LINES];
	km_spf_result r[2];
	size_t n = 0;

	while (n < MAX_LINES && km_sv_split(&rest, '\n', &line[n]))
		check_terms(line[n++]);
	if (n == 0)
		return 0;
	evaluate(line, n, &r[0]);
	evaluate(line, n, &r[1]);
	check(r[0].code == r[1].code && r[0].lookups == r[1].lookups && r[0].voids == r[1].voids);
	return 0;
}
