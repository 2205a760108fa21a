/*
 * Any bytes as the headers of a scan request, one "name:value" a line. Properties: recipients are
 * pieces of the values, in order, without commas outside quotes; all are counted, kept or dropped;
 * and sending each as a Rcpt header of its own gives the same list.
 */
#include <stdlib.h>

#include "front/http/request.h"

enum { MAX = 64 };

static void feed(km_http_request *r, km_sv in)
{
	while (in.n) {
		size_t lf = km_sv_chr(in, '\n', 0);
		km_sv line = km_sv_sub(in, 0, lf);
		size_t colon = km_sv_chr(line, ':', 0);
		km_http_request_header(r, km_sv_sub(line, 0, colon), km_sv_from(line, colon + 1));
		in = km_sv_from(in, lf + 1);
	}
}

static void check_again(km_arena *a, const km_http_request *r)
{
	km_http_request again;

	km_http_request_init(&again, a, MAX);
	for (size_t i = 0; i < r->n_rcpts; i++)
		km_http_request_header(&again, KM_S("Rcpt"), r->rcpts[i]);
	/* Brackets may stand in brackets: each pass takes one pair off. */
	if (again.n_rcpts > r->n_rcpts || again.rcpts_dropped)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const km_sv in = { (const char *)data, size };
	km_arena *a = km_arena_new(1 << 20);
	km_envelope env = { 0 };
	km_http_request r;
	const char *last = in.p;

	km_http_request_init(&r, a, MAX);
	feed(&r, in);
	km_http_request_envelope(&r, &env);
	if (r.n_rcpts > MAX || (r.rcpts_dropped && r.n_rcpts < MAX))
		abort();
	for (size_t i = 0; i < r.n_rcpts; i++) {
		const km_sv v = r.rcpts[i];
		if (v.n == 0 || v.p < last || v.p + v.n > in.p + in.n)
			abort();
		last = v.p + v.n;
	}
	if (env.ip.len != 0 && env.ip.len != 4 && env.ip.len != 16)
		abort();
	check_again(a, &r);
	km_arena_free(a);
	return 0;
}
