/*
 * Any bytes as the line between scanner and keeper. Properties: frames consume input; a record that
 * can be read, written again, reads the same.
 */
#include <stdlib.h>

#include "daemon/wire.h"
#include "net/frame.h"

static void check_record(km_sv body)
{
	km_record r, again;
	uint64_t seq, seq2;
	km_frame f;
	km_buf b;

	if (!km_wire_get_record(body, &seq, &r))
		return;
	km_buf_init(&b, NULL, 2 * KM_FRAME_MAX);
	km_wire_put_record(&b, seq, &r, false);
	km_sv rest = km_buf_sv(&b);
	if (km_frame_next(&rest, &f) != KM_OK || !km_wire_get_record(f.body, &seq2, &again) ||
	    seq != seq2 || !km_sv_eq(f.body, body) || !km_sv_eq(r.facts, again.facts))
		abort();
	km_buf_finish(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size };
	km_frame f;

	check_record(rest);
	for (size_t left = size; km_frame_next(&rest, &f) == KM_OK; left = rest.n) {
		uint64_t seq;
		if (rest.n >= left)
			abort();
		check_record(f.body);
		if (km_wire_get_ack(f.body, &seq) && f.body.n != 12)
			abort();
	}
	return 0;
}
