/* Everything said about a hop was in the field; addresses survive being written and read. */
#include <stdlib.h>

#include "mail/received.h"

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void check_hop(km_sv v, const km_hop *h)
{
	const km_sv views[] = { h->helo, h->rdns, h->by, h->with, h->id, h->for_addr };
	char text[64];
	km_ip again;

	for (size_t i = 0; i < KM_COUNT(views); i++)
		check(views[i].n <= v.n);
	if (h->ip.len == 0)
		return;
	check(km_ip_parse(km_sv_of(km_ip_format(&h->ip, text)), &again));
	check(again.len == h->ip.len && memcmp(again.b, h->ip.b, 16) == 0);
	check(!km_ip_is_loopback(&again) || km_ip_is_private(&again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv v = { (const char *)data, size };
	km_headers hs;
	km_received r;

	/* one input is both a single field and a section with several */
	km_header h = { .name = KM_SV("Received"), .raw = v };
	km_headers one = { .h = &h, .n = 1 };
	check(km_received_read(a, &one, &r) == KM_OK && r.n == 1);
	check_hop(v, &r.hop[0]);
	check(km_headers_read(a, v, 0, size, &hs) == KM_OK);
	check(km_received_read(a, &hs, &r) == KM_OK);
	for (size_t i = 0; i < r.n; i++)
		check_hop(v, &r.hop[i]);
	for (size_t trusted = 0; trusted < 3; trusted++) {
		size_t edge = km_received_edge(&r, trusted);
		check(edge <= r.n && (edge == r.n || r.hop[edge].ip.len != 0));
	}
	km_arena_free(a);
	return 0;
}
