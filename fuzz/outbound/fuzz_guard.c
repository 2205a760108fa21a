/*
 * Any lines of events, in any order, with any clock: a line gives an error with a reason or an
 * event within its bounds, and the same line the same event; the guard answers each with a decision
 * that hangs together, and a measure takes effect once.
 */
#include <math.h>
#include <stdlib.h>

#include "outbound/guard.h"

static void require(bool ok)
{
	if (!ok)
		abort();
}

static bool same(km_sv a, km_sv b)
{
	return km_sv_eq(a, b);
}

static void check_event(const km_event *e, const km_event *f)
{
	require(e->kind < KM_EVENT_KIND_COUNT && e->kind == f->kind && e->t == f->t);
	require(same(e->account, f->account) && same(e->queue_id, f->queue_id));
	require(e->n_rcpts == f->n_rcpts && e->n_rcpts <= KM_EVENT_RCPTS_MAX);
	for (size_t i = 0; i < e->n_rcpts; i++)
		require(same(e->rcpts[i], f->rcpts[i]));
	require(e->ip.len == 0 || e->ip.len == 4 || e->ip.len == 16);
	require(e->account_kind < KM_ACCOUNT_KINDS && e->size <= 1ull << 53);
}

static void check_decision(km_guard *g, const km_event *e, const km_decision *d)
{
	require(d->is_submit == (e->kind == KM_EVENT_submit));
	require(d->action <= KM_GUARD_REJECT && d->n_measures <= KM_MEASURES_MAX);
	if (d->is_submit)
		require(d->accepted_rcpts == (d->action == KM_GUARD_ACCEPT ? e->n_rcpts : 0));
	require(d->is_submit || d->reply.n == 0);
	require((d->reply.n == 0) == (!d->is_submit || d->action == KM_GUARD_ACCEPT));
	require(isfinite(d->cost) && d->cost >= 0);
	require(d->flood >= 0 && d->flood <= 1 && d->drift >= 0 && d->drift <= 1);
	for (size_t i = 0; i < d->n_measures; i++) {
		const km_measure *m = &d->measures[i];
		require(m->step > KM_STEP_NONE && m->step < KM_STEPS && m->t == e->t);
		require(m->step == KM_STEP_RESTORE || m->facts->n > 0);
		(void)km_guard_apply(g, m);
		require(!km_guard_apply(g, m));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const km_counters_size sizes = { 64, 64, 256, 32 };
	km_guard_conf conf = km_guard_defaults();
	km_sv rest = { (const char *)data, size }, line;
	km_arena *arena = km_arena_new(8 << 20), *other = km_arena_new(8 << 20);
	km_identities *ids = km_identities_new();
	km_counters *c = NULL;
	km_guard *g = NULL;
	km_event e, f;
	km_decision d;

	if (size && data[0] & 1) {
		conf.reject_foreign = true;
		conf.on_brake = KM_GUARD_DEFER;
	}
	require(arena && other && ids && km_counters_open(NULL, &sizes, &c, NULL) == KM_OK);
	require(km_guard_open(&conf, c, ids, &g, NULL) == KM_OK);
	while (km_sv_line(&rest, &line)) {
		km_err err = { 0 };
		km_arena_reset(arena);
		km_arena_reset(other);
		km_status st = km_event_read(arena, line, &e, &err);
		require(st == km_event_read(other, line, &f, NULL));
		require(st == KM_OK || st == KM_NOTFOUND || err.msg[0]);
		if (st != KM_OK)
			continue;
		check_event(&e, &f);
		if (km_guard_submit(g, arena, &e, &d) == KM_OK)
			check_decision(g, &e, &d);
		require(km_guard_check(g, e.account, &e.ip, e.t) < KM_STEP_RESTORE);
	}
	km_guard_close(g);
	km_counters_close(c);
	km_identities_free(ids);
	km_arena_free(arena);
	km_arena_free(other);
	return 0;
}
