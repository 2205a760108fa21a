#include "daemon/runwire.h"

#include "net/frame.h"

void km_runwire_put_ask(km_buf *out, const km_run_ask *a)
{
	const km_sv fields[] = { a->hook, a->entry, a->event, a->account, a->input };
	size_t begun = km_frame_begin(out, KM_RUNWIRE_RUN);

	km_frame_put_u64(out, a->seq);
	for (size_t i = 0; i < KM_COUNT(fields); i++)
		km_frame_put(out, fields[i]);
	km_frame_end(out, begun);
}

bool km_runwire_get_ask(km_sv body, km_run_ask *a)
{
	km_sv *const fields[] = { &a->hook, &a->entry, &a->event, &a->account, &a->input };

	if (!km_frame_get_u64(&body, &a->seq))
		return false;
	for (size_t i = 0; i < KM_COUNT(fields); i++)
		if (!km_frame_get(&body, fields[i]))
			return false;
	return body.n == 0;
}

void km_runwire_put_ran(km_buf *out, uint64_t seq, km_sv failure)
{
	size_t begun = km_frame_begin(out, KM_RUNWIRE_RAN);

	km_frame_put_u64(out, seq);
	km_frame_put(out, failure);
	km_frame_end(out, begun);
}

bool km_runwire_get_ran(km_sv body, uint64_t *seq, km_sv *failure)
{
	return km_frame_get_u64(&body, seq) && km_frame_get(&body, failure) && body.n == 0;
}
