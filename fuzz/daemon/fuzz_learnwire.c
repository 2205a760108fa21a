/*
 * Any bytes as the line for learning. Property: a question or answer that can be read, written
 * again, is the same.
 */
#include <stdlib.h>

#include "daemon/learnwire.h"
#include "net/frame.h"

static void must_be(const km_buf *b, uint16_t type, km_sv body)
{
	km_sv rest = km_buf_sv(b);
	km_frame f;

	if (km_frame_next(&rest, &f) != KM_OK || f.type != type || !km_sv_eq(f.body, body) ||
	    rest.n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv body = { (const char *)data, size };
	km_learn_answer answer;
	km_learn_ask ask;
	km_buf b;

	km_buf_init(&b, NULL, 2 * KM_FRAME_MAX);
	if (km_learnwire_get_ask(body, &ask)) {
		km_learnwire_put_ask(&b, &ask);
		must_be(&b, KM_LEARNWIRE_ASK, body);
	}
	b.n = 0;
	if (km_learnwire_get_answer(body, &answer)) {
		km_learnwire_put_answer(&b, &answer);
		must_be(&b, KM_LEARNWIRE_ANSWER, body);
	}
	km_buf_finish(&b);
	return 0;
}
