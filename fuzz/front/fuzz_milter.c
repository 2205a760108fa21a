/*
 * Any bytes as a milter connection, fed in pieces whose sizes the input chooses. Properties: the
 * session ends each feed by taking all input, by a message or by a verdict on the peer; replies are
 * whole packets; cutting the input differently gives the same messages and the same replies.
 */
#include <stdlib.h>

#include "front/milter/proto.h"
#include "front/milter/session.h"

typedef struct {
	size_t messages, bytes, rcpts;
	bool bad;
} outcome;

static outcome run(const uint8_t *data, size_t size, size_t piece, km_buf *out)
{
	static const km_milter_limits limits = { 4096, 8, 65536 };
	const km_milter_answer_view answer = { .kind = KM_ANSWER_ACCEPT };
	km_milter *s = km_milter_new(&limits);
	outcome o = { 0 };
	bool over = s == NULL;

	for (size_t at = 0; at < size && !over; at += piece) {
		km_sv in = km_sv_sub((km_sv){ (const char *)data, size }, at, piece);
		km_milter_event e;
		while ((e = km_milter_feed(s, &in, out, NULL)) == KM_MILTER_MESSAGE) {
			const km_milter_message_view *m = km_milter_message(s);
			o.messages++;
			o.bytes += m->message.n + m->dropped;
			o.rcpts += m->n_rcpts + m->rcpts_dropped;
			km_milter_answer(s, &answer, out);
		}
		if (e == KM_MILTER_MORE && in.n)
			abort();
		over = e == KM_MILTER_BAD || e == KM_MILTER_CLOSE;
		o.bad = e == KM_MILTER_BAD;
	}
	km_milter_free(s);
	return o;
}

static void check_packets(const km_buf *out)
{
	km_sv rest = km_buf_sv(out);
	km_milter_packet p;

	while (km_milter_packet_next(&rest, &p) == KM_OK)
		;
	if (rest.n && !out->cut)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_buf a, b;

	if (size < 1)
		return 0;
	km_buf_init(&a, NULL, 1 << 22);
	km_buf_init(&b, NULL, 1 << 22);
	outcome whole = run(data + 1, size - 1, size, &a);
	outcome cut = run(data + 1, size - 1, (size_t)data[0] + 1, &b);
	check_packets(&a);
	check_packets(&b);
	if (whole.messages != cut.messages || whole.bytes != cut.bytes ||
	    whole.rcpts != cut.rcpts || whole.bad != cut.bad ||
	    !km_sv_eq(km_buf_sv(&a), km_buf_sv(&b)))
		abort();
	km_buf_finish(&a);
	km_buf_finish(&b);
	return 0;
}
