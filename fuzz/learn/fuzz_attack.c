/*
 * Any bytes as a message, rewritten as a spammer would. Property: what comes out is a message with
 * the same senders and recipients, for a spam must still arrive.
 */
#include <stdlib.h>

#include "learn/attack.h"

static void check_addresses(const km_addr_list *a, const km_addr_list *b)
{
	if (a->n != b->n)
		abort();
	for (size_t i = 0; i < a->n; i++)
		if (!km_sv_eq(a->a[i].addr, b->a[i].addr))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(64u << 20);
	km_mail *m, *again;
	km_sv out;

	if (a == NULL || size == 0)
		goto done;
	const km_attack k = { .letters = data[0] & 7u,
			      .words = data[0] & 8 ? KM_S("dear friend of ours") : KM_S("") };
	if (km_mail_read(a, (km_sv){ (const char *)data + 1, size - 1 }, &m) != KM_OK ||
	    km_attack_rewrite(a, m, &k, &out) != KM_OK)
		goto done;
	if (km_mail_read(a, out, &again) != KM_OK)
		goto done; /* it grew past a limit */
	check_addresses(&m->from, &again->from);
	check_addresses(&m->to, &again->to);
done:
	km_arena_free(a);
	return 0;
}
