/*
 * Property: what is written of an answer reads back to the same answer, for every name that the
 * text mentions.
 */
#include <stdlib.h>

#include "dns/snapshot.h"

static void check_same(const km_dns_answer *a, const km_dns_answer *b)
{
	if (a->rcode != b->rcode || a->n != b->n)
		abort();
	for (size_t i = 0; i < a->n; i++)
		if (a->rr[i].preference != b->rr[i].preference ||
		    !km_sv_eq(a->rr[i].data, b->rr[i].data))
			abort();
}

static void check_replay(const km_dns_snapshot *s, km_sv name, km_dns_type type)
{
	km_dns_answer first, again;
	km_dns_snapshot *copy;
	km_buf b;

	km_dns_snapshot_answer(s, name, type, &first);
	km_buf_init(&b, NULL, 1 << 22);
	km_dns_snapshot_write(&b, &first);
	if (b.cut || km_dns_snapshot_parse(km_buf_sv(&b), "again", &copy, NULL) != KM_OK)
		abort();
	km_dns_snapshot_answer(copy, name, type, &again);
	check_same(&first, &again);
	km_dns_snapshot_free(copy);
	km_buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const km_dns_type types[] = { KM_DNS_A,	 KM_DNS_AAAA, KM_DNS_MX,  KM_DNS_TXT,
					     KM_DNS_PTR, KM_DNS_SOA,  KM_DNS_TLSA };
	km_sv text = { (const char *)data, size }, rest = text, line;
	km_dns_snapshot *s;

	if (km_dns_snapshot_parse(text, "fuzz", &s, NULL) != KM_OK)
		return 0;
	for (int lines = 0; lines < 20 && km_sv_line(&rest, &line); lines++) {
		km_sv name = km_sv_sub(line, 0, km_sv_chr(line, ' ', 0));
		for (size_t i = 0; i < KM_COUNT(types); i++)
			check_replay(s, name, types[i]);
	}
	km_dns_snapshot_free(s);
	return 0;
}
