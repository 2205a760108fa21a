#include "cli/asker.h"

#include <stdlib.h>
#include <uv.h>

#include "net/ubloop.h"

struct km_asker {
	uv_loop_t loop;
	struct ub_event_base *base;
	km_resolver *resolver;
	km_dns_asking *waiting; /* NULL once it has its answers */
};

km_status km_asker_open(const km_conf *conf, km_asker **out, km_err *err)
{
	km_asker *a = calloc(1, sizeof(*a));

	if (a == NULL || uv_loop_init(&a->loop) != 0) {
		free(a);
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	}
	a->base = km_ubloop_new(&a->loop);
	km_status st = a->base ? km_answers_resolver(conf, a->base, &a->resolver, err)
			       : KM_FAIL(err, KM_NOMEM, "out of memory");
	if (st != KM_OK) {
		km_asker_close(a);
		return st;
	}
	*out = a;
	return KM_OK;
}

void km_asker_close(km_asker *a)
{
	if (a == NULL)
		return;
	km_resolver_free(a->resolver);
	(void)uv_run(&a->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&a->loop);
	km_ubloop_free(a->base);
	free(a);
}

static void on_answers(km_dns_asking *asking)
{
	km_asker *a = asking->ctx;

	a->waiting = NULL;
}

km_status km_asker_answer(km_asker *a, const km_dns_snapshot *snapshot, km_dns_asking *asking)
{
	const km_answers from = { snapshot, a ? a->resolver : NULL };

	asking->done = on_answers;
	asking->ctx = a;
	km_status st = km_answers_bring(&from, asking);
	if (st != KM_NOTFOUND)
		return st;
	a->waiting = asking;
	while (a->waiting)
		(void)uv_run(&a->loop, UV_RUN_ONCE);
	return KM_OK;
}
