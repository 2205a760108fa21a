/*
 * Any bytes as frames between scanner and signer. Property: what can be read, written again, is the
 * same bytes.
 */
#include <stdlib.h>

#include "daemon/signwire.h"
#include "net/frame.h"

static void again(const km_frame *f, km_buf *out)
{
	km_sign_ask ask;
	km_sign_key key;
	km_sv signature, rest = f->body;
	uint64_t seq;
	bool bad = false;

	if (f->type == KM_SIGNWIRE_SIGN && km_signwire_get_ask(f->body, &ask)) {
		km_signwire_put_ask(out, &ask);
	} else if (f->type == KM_SIGNWIRE_SIGNED &&
		   km_signwire_get_signed(f->body, &seq, &signature)) {
		km_signwire_put_signed(out, seq, signature);
	} else if (f->type == KM_SIGNWIRE_KEYS) {
		size_t begun = km_signwire_begin_keys(out);
		while (km_signwire_get_key(&rest, &key, &bad))
			km_signwire_put_key(out, &key);
		km_frame_end(out, begun);
		if (bad)
			out->n = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size }, before = rest;
	km_frame f;
	km_buf out;

	km_buf_init(&out, NULL, 1 << 20);
	for (; km_frame_next(&rest, &f) == KM_OK; before = rest) {
		out.n = 0;
		again(&f, &out);
		if (out.n && !km_sv_eq(km_buf_sv(&out), km_sv_sub(before, 0, before.n - rest.n)))
			abort();
	}
	km_buf_finish(&out);
	return 0;
}
