/*
 * Whatever the bytes: the properties of tests/support/mail_check.h hold, and reading twice gives
 * the same, with the body's parts and without them.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../../tests/support/mail_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES), *b = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv raw = { (const char *)data, size };
	km_mail *m, *again;

	if (km_mail_read(a, raw, &m) != KM_OK || km_mail_read(b, raw, &again) != KM_OK)
		abort();
	if (m->n_parts != again->n_parts || m->ambiguities != again->ambiguities ||
	    m->limits != again->limits)
		abort();
	const char *bad = mail_check(m);
	if (bad != NULL) {
		(void)fprintf(stderr, "does not hold: %s\n", bad);
		abort();
	}
	km_arena_reset(b);
	if (km_mail_read_header(b, raw, &again) != KM_OK || again->n_parts != 1 ||
	    again->headers->n != m->headers->n || again->headers->body != m->headers->body ||
	    again->from.n != m->from.n || again->from.ambiguous != m->from.ambiguous ||
	    !km_sv_eq(again->subject, m->subject))
		abort();
	km_arena_free(a);
	km_arena_free(b);
	return 0;
}
