/*
 * Any bytes as policy requests. Properties: a request is taken whole or not at all, and is the same
 * when it comes byte by byte; values are pieces of it without line ends; a reply made of its texts
 * is one line and an empty one.
 */
#include <stdlib.h>

#include "front/policyd/policyd.h"

static km_status by_byte(km_sv in, size_t *used, km_policyd_request *r)
{
	km_status st = KM_NOTFOUND;
	size_t seen = 0;

	for (size_t n = 1; n <= in.n && st == KM_NOTFOUND; n++)
		st = km_policyd_read(km_sv_sub(in, 0, n), &seen, used, r, NULL);
	return st;
}

static void check_reply(km_sv text)
{
	km_buf out;

	km_buf_init(&out, NULL, 4096);
	km_policyd_reply(&out, KM_POLICYD_REJECT, "5.7.1", text);
	km_sv v = km_buf_sv(&out);
	if (out.cut || km_sv_find(v, KM_S("\n\n"), 0) != v.n - 2 ||
	    km_sv_chr(v, '\n', 0) != v.n - 2)
		abort();
	km_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size };
	km_policyd_request r, again;
	size_t seen = 0, used = 0, used_again = 0;

	while (km_policyd_read(rest, &seen, &used, &r, NULL) == KM_OK) {
		if (used < 2 || used > rest.n)
			abort();
		if (size < 4096 && (by_byte(rest, &used_again, &again) != KM_OK ||
				    used_again != used || !km_sv_eq(r.sender, again.sender)))
			abort();
		if (km_sv_chr(r.sender, '\n', 0) < r.sender.n ||
		    km_sv_chr(r.recipient, '\n', 0) < r.recipient.n)
			abort();
		check_reply(r.sender);
		rest = km_sv_from(rest, used);
		seen = 0;
	}
	return 0;
}
