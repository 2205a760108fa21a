/*
 * Property: whatever the message says, its answer to a question that it names itself can be written
 * down and reads back to the same.
 */
#include <stdlib.h>

#include "dns/snapshot.h"
#include "dns/wire.h"

static void check(km_arena *arena, km_sv message, km_sv name, km_dns_type type)
{
	km_dns_answer a = { .name = name, .type = type }, again;
	km_dns_snapshot *copy;
	km_buf b;

	km_wire_answer(arena, message, &a);
	if ((a.rcode == KM_DNS_OK) != (a.n > 0) || a.n > KM_MAX_DNS_RECORDS)
		abort();
	km_buf_init(&b, NULL, 1 << 24);
	km_dns_snapshot_write(&b, &a);
	if (b.cut || km_dns_snapshot_parse(km_buf_sv(&b), "again", &copy, NULL) != KM_OK)
		abort();
	km_dns_snapshot_answer(copy, name, type, &again);
	if (again.rcode != a.rcode || again.n != a.n)
		abort();
	for (size_t i = 0; i < a.n; i++)
		if (again.rr[i].preference != a.rr[i].preference ||
		    !km_sv_eq(again.rr[i].data, a.rr[i].data))
			abort();
	km_dns_snapshot_free(copy);
	km_buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const km_dns_type types[] = { KM_DNS_A,	 KM_DNS_AAAA, KM_DNS_MX,    KM_DNS_TXT,
					     KM_DNS_PTR, KM_DNS_SOA,  KM_DNS_CNAME, KM_DNS_TLSA };
	km_sv message = { (const char *)data, size };
	km_arena *arena = km_arena_new(1 << 23);
	km_buf name;
	size_t at = 12;

	km_buf_init(&name, arena, KM_DNS_NAME_TEXT);
	if (km_wire_name(message, &at, &name) && name.n)
		for (size_t i = 0; i < KM_COUNT(types); i++)
			check(arena, message, km_buf_sv(&name), types[i]);
	km_arena_free(arena);
	return 0;
}
