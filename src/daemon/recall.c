#include "daemon/recall.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/known.h"

enum { EVENT_MEMORY = 4 * 1024 * 1024 };

struct km_recall {
	km_known *known;
	bool failing;
};

/* --- at start --- */

typedef struct {
	km_guard *guard;
	km_identities *ids;
	km_arena *arena;
	km_time now;
} telling;

static void on_lease(void *ctx, km_sv ip, km_sv account, km_time until)
{
	telling *t = ctx;
	km_event e = { .kind = KM_EVENT_lease, .t = t->now, .account = account, .until = until };
	km_decision d;

	if (ip.n > sizeof(e.ip.b))
		return;
	memcpy(e.ip.b, ip.p, ip.n);
	e.ip.len = (uint8_t)ip.n;
	km_arena_reset(t->arena);
	/* What has no room now had none before. */
	(void)!km_guard_submit(t->guard, t->arena, &e, &d);
}

static void on_identities(void *ctx, km_sv account, const km_sv *identities, size_t n)
{
	telling *t = ctx;

	km_identities_clear(t->ids, account);
	for (size_t i = 0; i < n; i++)
		(void)!km_identities_add(t->ids, account, identities[i]);
}

static km_status read_all(km_recall *r, km_guard *g, km_identities *ids, km_err *err)
{
	telling t = { g, ids, km_arena_new(EVENT_MEMORY), km_clock_now() };
	const km_known_reader reader = { &t, on_lease, on_identities };

	if (t.arena == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_known_read(r->known, t.now, &reader, err);
	km_arena_free(t.arena);
	return st;
}

/* --- from then on --- */

static km_status open_and_read(km_recall *r, const char *dir, km_guard *g, km_identities *ids,
			       km_err *err)
{
	km_status st = km_known_open(dir, &r->known, err);

	return st == KM_OK ? read_all(r, g, ids, err) : st;
}

/* Leases come again; a guard that does not start would stop mail. */
static km_status renew(km_recall *r, const char *dir, const char *why, km_err *err)
{
	char name[64];

	km_known_close(r->known);
	r->known = NULL;
	km_status st = km_known_set_aside(dir, name, sizeof(name), err);
	if (st != KM_OK)
		return st;
	km_error("%s; it is now %s, and a new one is begun: tell leases and identities again", why,
		 name);
	return km_known_open(dir, &r->known, err);
}

km_status km_recall_open(const char *dir, km_guard *g, km_identities *ids, km_recall **out,
			 km_err *err)
{
	km_recall *r = calloc(1, sizeof(*r));
	km_err why = { 0 };

	*out = NULL;
	if (r == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = open_and_read(r, dir, g, ids, &why);
	if (st == KM_SYNTAX)
		st = renew(r, dir, why.msg, err);
	else if (st != KM_OK)
		(void)KM_FAIL(err, st, "%s", why.msg);
	if (st == KM_OK)
		*out = r;
	else
		km_recall_close(r);
	return st;
}

void km_recall_close(km_recall *r)
{
	if (r)
		km_known_close(r->known);
	free(r);
}

void km_recall_keep(km_recall *r, const km_event *e)
{
	km_status st = KM_OK;
	km_err err = { 0 };

	if (e->kind == KM_EVENT_lease && e->ip.len)
		st = km_known_lease(r->known, (km_sv){ (const char *)e->ip.b, e->ip.len },
				    e->account, e->until, e->t, &err);
	else if (e->kind == KM_EVENT_account && e->account.n && e->has_identities)
		st = km_known_identities(r->known, e->account, e->identities, e->n_identities,
					 &err);
	if (st != KM_OK && !r->failing)
		km_error("leases and identities are not kept for the next start: %s", err.msg);
	r->failing = st != KM_OK;
}

km_status km_recall_flush(const char *dir, km_err *err)
{
	return km_known_flush(dir, err);
}
