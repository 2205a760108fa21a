/*
 * Any bytes as policy requests of one connection. Properties: the event of a message has as many
 * recipients as were asked about or as Postfix counts, whichever is more; those with names are of
 * the requests, in order; memory is bounded.
 */
#include <stdlib.h>

#include "front/policyd/message.h"

static void check(const km_policyd_message *m, const km_policyd_request *r)
{
	km_arena *a = km_arena_new(4 << 20);
	km_event e;

	if (a == NULL || km_policyd_message_event(m, a, r, 0, &e) != KM_OK)
		abort();
	if (e.n_rcpts > KM_EVENT_RCPTS_MAX || m->names.n > KM_POLICYD_NAMES_MAX)
		abort();
	for (size_t i = 0; i < e.n_rcpts; i++)
		if (km_sv_chr(e.rcpts[i], '\n', 0) < e.rcpts[i].n)
			abort();
	km_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size };
	km_policyd_message m;
	km_policyd_request r;
	size_t seen = 0, used, asked = 0;

	km_policyd_message_init(&m);
	while (km_policyd_read(rest, &seen, &used, &r, NULL) == KM_OK) {
		if (km_sv_eq(r.protocol_state, KM_S("RCPT"))) {
			asked++;
			km_policyd_message_rcpt(&m, &r);
			if (m.n > asked || (r.recipient.n && m.n == 0))
				abort();
		} else {
			check(&m, &r);
			km_policyd_message_clear(&m);
		}
		rest = km_sv_from(rest, used);
		seen = 0;
	}
	km_policyd_message_finish(&m);
	return 0;
}
