#include "daemon/learnwire.h"

#include "net/frame.h"

void km_learnwire_put_ask(km_buf *out, const km_learn_ask *a)
{
	size_t begun = km_frame_begin(out, KM_LEARNWIRE_ASK);

	km_frame_put_u64(out, a->id);
	km_frame_put_u64(out, (uint64_t)a->verb);
	km_frame_put(out, a->body);
	km_frame_end(out, begun);
}

bool km_learnwire_get_ask(km_sv body, km_learn_ask *a)
{
	uint64_t verb;

	if (!km_frame_get_u64(&body, &a->id) || !km_frame_get_u64(&body, &verb) ||
	    !km_frame_get(&body, &a->body) || body.n || verb < KM_LEARN_TEACH ||
	    verb >= KM_LEARN_VERBS)
		return false;
	a->verb = (km_learn_verb)verb;
	return true;
}

void km_learnwire_put_answer(km_buf *out, const km_learn_answer *a)
{
	size_t begun = km_frame_begin(out, KM_LEARNWIRE_ANSWER);

	km_frame_put_u64(out, a->id);
	km_frame_put_u64(out, (uint64_t)a->st);
	km_frame_put_u64(out, (uint64_t)a->taught.how);
	km_frame_put_u64(out, a->taught.seq);
	km_frame_put_double(out, a->taught.weight);
	km_frame_put(out, a->text);
	km_frame_end(out, begun);
}

bool km_learnwire_get_answer(km_sv body, km_learn_answer *a)
{
	uint64_t st, how;

	if (!km_frame_get_u64(&body, &a->id) || !km_frame_get_u64(&body, &st) ||
	    !km_frame_get_u64(&body, &how) || !km_frame_get_u64(&body, &a->taught.seq) ||
	    !km_frame_get_double(&body, &a->taught.weight) || !km_frame_get(&body, &a->text) ||
	    body.n || st > KM_BUG || how >= KM_TAUGHT_COUNT)
		return false;
	a->st = (km_status)st;
	a->taught.how = (km_taught_how)how;
	return true;
}
