/*
 * Any bytes as lines to the guard. Properties: what is read of a line does not depend on the bytes
 * after it; texts are bounded; a decision about it is one line of JSON, which reads as no event.
 */
#include <stdlib.h>

#include "front/guardline/guardline.h"

static void check_line(const km_buf *out)
{
	if (!out->cut && (out->n < 2 || km_sv_chr(km_buf_sv(out), '\n', 0) != out->n - 1))
		abort();
}

static void check(km_arena *a, const km_guardline *l)
{
	km_decision d = { .is_submit = true, .account = l->event.account };
	km_buf out;

	if (l->reason.n > 3 * KM_GUARDLINE_TEXT_MAX || l->by.n > KM_GUARDLINE_TEXT_MAX ||
	    l->limit > KM_GUARDLINE_TOP_MAX || l->event.n_rcpts > KM_EVENT_RCPTS_MAX)
		abort();
	km_facts_init(&d.facts, a);
	(void)km_fact_add(&d.facts, KM_FACT_OUT_STOPPED, l->event.account, -1, 0, 0);
	km_buf_init(&out, NULL, 1 << 20);
	km_guardline_decision(&out, &l->event, &d, NULL);
	check_line(&out);
	km_guardline answer;
	if (!out.cut && km_guardline_read(a, km_buf_sv(&out), 1, &answer, NULL) == KM_OK)
		abort();
	out.n = 0;
	km_guardline_view(&out, l->account, &(km_account_view){ .known = true });
	check_line(&out);
	km_buf_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv rest = { (const char *)data, size }, line;
	km_arena *a = km_arena_new(16 << 20);
	km_guardline l;
	km_err err = { 0 };

	while (km_sv_line(&rest, &line)) {
		km_arena_reset(a);
		km_status st = km_guardline_read(a, line, 1, &l, &err);
		if (st == KM_OK)
			check(a, &l);
		else if (st != KM_NOTFOUND && err.msg[0] == '\0')
			abort();
	}
	km_arena_free(a);
	return 0;
}
