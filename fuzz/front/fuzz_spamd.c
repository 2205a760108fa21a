/*
 * Any bytes as a connection to spamd, fed in pieces whose size the input chooses, then its end.
 * Properties: however it is cut, the same comes of it; a message has an answer of one protocol
 * line, and given back, it has lost nothing but fields of ours and gained nothing but those of the
 * verdict.
 */
#include <stdlib.h>

#include "front/spamd/session.h"

static const km_sv ours[] = { KM_SV("X-Komainu") };
static const km_spamd_limits limits = { 4096, 4096, 8, ours, 1 };

typedef struct {
	km_spamd_event event;
	size_t bytes, rcpts;
} outcome;

static outcome run(km_sv in, size_t piece, km_buf *out)
{
	static const km_spamd_symbol symbols[] = { { KM_SV("FACT"), 1.5 } };
	static const km_spamd_field add[] = { { KM_SV("X-Komainu"), KM_SV("a\n b") } };
	static const km_spamd_verdict verdict = {
		.spam = true,
		.score = 7,
		.required = 6,
		.reject = 15,
		.action = "add header",
		.symbols = symbols,
		.n_symbols = 1,
		.report = KM_SV("why"),
		.reply = KM_SV("no"),
		.add = add,
		.n_add = 1,
	};
	km_spamd *s = km_spamd_new(&limits);
	outcome o = { 0 };

	for (size_t at = 0; at < in.n && o.event == KM_SPAMD_MORE; at += piece)
		o.event = km_spamd_feed(s, km_sv_sub(in, at, piece), out);
	if (o.event == KM_SPAMD_MORE)
		o.event = km_spamd_end(s, out);
	if (o.event == KM_SPAMD_MORE)
		abort();
	if (o.event == KM_SPAMD_MESSAGE) {
		const km_spamd_message_view *v = km_spamd_message(s);
		o.bytes = v->message.n + v->dropped;
		o.rcpts = v->envelope->n_rcpts + v->envelope->rcpts_dropped;
		if (out->n || v->envelope->n_rcpts > limits.max_rcpts)
			abort();
		if (v->lesson)
			km_spamd_answer_lesson(s, in.n & 1, out);
		else
			km_spamd_answer(s, &verdict, out);
	}
	km_spamd_free(s);
	return o;
}

static void check_answer(km_sv in, km_sv out)
{
	km_sv body = km_sv_from(out, km_sv_find(out, KM_S("\r\n\r\n"), 0) + 4);

	if (!km_sv_starts(out, KM_S("SPAMD/1.1 0 EX_OK\r\n")) &&
	    !km_sv_starts(out, KM_S("RSPAMD/1.3 0 EX_OK\r\n")))
		abort();
	if (!km_sv_starts(in, KM_S("PROCESS ")))
		return;
	/* Its own field is there once, and what was given back is no longer than what came. */
	size_t at = km_sv_ifind(body, KM_S("X-Komainu: a"), 0);
	if (at == body.n || body.n > in.n + sizeof("X-Komainu: a\r\n b\r\n"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_buf a, b;

	if (size < 1)
		return 0;
	const km_sv in = { (const char *)data + 1, size - 1 };
	km_buf_init(&a, NULL, 1 << 20);
	km_buf_init(&b, NULL, 1 << 20);
	outcome whole = run(in, size, &a);
	outcome cut = run(in, (size_t)data[0] + 1, &b);
	if (whole.event != cut.event || whole.bytes != cut.bytes || whole.rcpts != cut.rcpts ||
	    !km_sv_eq(km_buf_sv(&a), km_buf_sv(&b)))
		abort();
	if (whole.event == KM_SPAMD_MESSAGE)
		check_answer(in, km_buf_sv(&a));
	km_buf_finish(&a);
	km_buf_finish(&b);
	return 0;
}
