#include "daemon/job.h"

#include <stdio.h>

#include "base/log.h"
#include "crypt/digest.h"
#include "daemon/outgoing.h"
#include "daemon/signing.h"
#include "daemon/virus.h"
#include "engine/replay.h"
#include "engine/ulid.h"
#include "net/turn.h"

enum {
	ID_RANDOM = 10,
	IDS_AT_ONCE = 100,
	LARGE = 64 * 1024 /* a message that may take a millisecond */
};

static void make_id(char *out)
{
	/* Each call for random bytes asks the kernel whether the process has forked. */
	static uint8_t random[IDS_AT_ONCE][ID_RANDOM];
	static size_t left;

	if (left == 0 && km_random(random, sizeof(random)) != KM_OK) {
		/* Ids could clash; the clock's nanoseconds still tell them apart. */
		uint64_t ns = km_clock_mono_ns();
		memcpy(random[0], &ns, sizeof(ns));
		left = 1;
	} else if (left == 0) {
		left = IDS_AT_ONCE;
	}
	(void)km_ulid(km_clock_unix_ms(), random[--left], out);
}

/* --- judging --- */

/* What @t keeps in memory while it waits. */
static void hold(km_task *t)
{
	t->held = t->job.message.n + km_arena_used(t->arena);
	t->shop->waiting += t->held;
}

static void let_go(km_task *t)
{
	t->shop->waiting -= t->held;
	t->held = 0;
}

static void on_answers(km_dns_asking *a)
{
	let_go(a->ctx);
	km_job_resume(a->ctx);
}

static void forget_answers(km_task *t)
{
	let_go(t);
	km_resolver_forget(&t->asking);
}

/* Too many wait: those that do for longest go on without their answers. */
static void make_room(const km_task *t)
{
	const km_shop *shop = t->shop;

	while (shop->waiting > shop->max_waiting &&
	       km_resolver_expire(shop->answers.resolver, &t->asking))
		km_shared_count(shop->role->shared, shop->role->slot, KM_COUNTER_dns_hurried_total,
				1);
}

static km_status begin_scan(km_task *t, km_err *err)
{
	km_envelope_beyond_relays(t->arena, &t->shop->kit, t->job.message, t->shop->trusted_hops,
				  &t->job.env);
	t->job.env.dnsbl_off = km_dnsbl_health_off(&t->shop->dnsbl, t->job.env.now);
	km_scan *scan = km_scan_new(t->arena, &t->shop->kit, &t->job.env);

	if (scan == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for a scan");
	km_scan_message(scan, t->job.message);
	t->judged.scan = scan;
	t->asking = (km_dns_asking){ .set = km_scan_dns(scan), .done = on_answers, .ctx = t };
	return KM_OK;
}

static void learn_dnsbl(km_task *t)
{
	const km_dnsbl_outcome outcome = km_scan_dnsbl(t->judged.scan);
	uint32_t off = km_dnsbl_health_learn(&t->shop->dnsbl, &outcome, t->job.env.now);

	for (unsigned i = 0; off >> i; i++)
		if (off >> i & 1)
			km_warn("the DNS list %.*s %s: it is not asked for %u minutes",
				KM_FMT(t->shop->kit.dnsbl.list[i].name),
				outcome.refused >> i & 1 ? "refuses to answer" : "does not answer",
				(outcome.refused >> i & 1 ? KM_DNSBL_REFUSED_REST
							  : KM_DNSBL_SILENT_REST) /
					60u);
}

static km_status stage_scan(km_task *t, km_err *err)
{
	km_status st = t->judged.scan ? KM_OK : begin_scan(t, err);
	km_scan_state state;

	if (st != KM_OK)
		return st;
	while ((state = km_scan_step(t->judged.scan, err)) == KM_SCAN_ASK) {
		st = km_answers_bring(&t->shop->answers, &t->asking);
		if (st == KM_NOTFOUND) {
			t->forget = forget_answers;
			hold(t);
			make_room(t);
		}
		if (st != KM_OK)
			return st == KM_NOTFOUND
				       ? st
				       : KM_FAIL(err, st, "DNS answers could not be kept");
	}
	if (state == KM_SCAN_FAILED)
		return err->st != KM_OK ? err->st : KM_FAIL(err, KM_BUG, "scan failed");
	learn_dnsbl(t);
	if (t->shop->kit.replay)
		km_replay_note(t->shop->kit.replay, km_scan_auth(t->judged.scan), &t->job.env);
	t->judged.action = km_scan_verdict(t->judged.scan)->action;
	return KM_OK;
}

km_plan km_job_plan = { km_virus_stage,	   stage_scan,	     km_virus_told_stage,
			km_outgoing_stage, km_signing_stage, NULL };

/* --- a job's life --- */

static km_arena *take_arena(km_shop *shop)
{
	return shop->n_spare ? shop->spare[--shop->n_spare] : km_arena_new(KM_MAX_ARENA_BYTES);
}

static void give_back(km_shop *shop, km_arena *arena)
{
	if (arena == NULL || shop->n_spare == KM_SHOP_SPARES) {
		km_arena_free(arena);
		return;
	}
	km_arena_reset(arena);
	shop->spare[shop->n_spare++] = arena;
}

void km_job_close(km_shop *shop)
{
	while (shop->n_spare)
		km_arena_free(shop->spare[--shop->n_spare]);
}

static km_digest_key key_of(const km_task *t)
{
	km_digest_key key;

	memcpy(&key, t->judged.digest, sizeof(key));
	return key;
}

static void count(const km_task *t)
{
	km_shared *shared = t->shop->role->shared;
	unsigned slot = t->shop->role->slot;

	km_shared_count(shared, slot, KM_COUNTER_message_bytes_total, (int64_t)t->job.message.n);
	if (t->judged.held)
		km_shared_count(shared, slot, KM_COUNTER_held_poison_total, 1);
	if (t->judged.scan)
		km_shared_verdict(shared, slot, t->judged.action,
				  km_scan_verdict(t->judged.scan)->class, t->judged.us);
}

/* What was asked since the last time. */
static void count_dns(km_shop *shop)
{
	static const struct {
		size_t at;
		km_counter counter;
	} rows[] = {
		{ offsetof(km_resolver_counts, asked), KM_COUNTER_dns_questions_total },
		{ offsetof(km_resolver_counts, at_once), KM_COUNTER_dns_cache_hits_total },
		{ offsetof(km_resolver_counts, timeouts), KM_COUNTER_dns_timeouts_total },
		{ offsetof(km_resolver_counts, failures), KM_COUNTER_dns_failures_total },
		{ offsetof(km_resolver_counts, wait_us), KM_COUNTER_dns_wait_microseconds_total },
	};
	const km_resolver *r = shop->answers.resolver;

	if (r == NULL || memcmp(km_resolver_count(r), &shop->counted, sizeof(shop->counted)) == 0)
		return;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		const char *now = (const char *)km_resolver_count(r) + rows[i].at;
		const char *then = (const char *)&shop->counted + rows[i].at;
		uint64_t more = *(const uint64_t *)(const void *)now -
				*(const uint64_t *)(const void *)then;
		km_shared_count(shop->role->shared, shop->role->slot, rows[i].counter,
				(int64_t)more);
	}
	shop->counted = *km_resolver_count(r);
}

static void finish(km_task *t, km_status st, const km_err *err)
{
	km_judged *j = &t->judged;

	j->st = st;
	j->us = (km_clock_mono_ns() - t->begun_ns) / 1000u;
	if (st != KM_OK) {
		j->scan = NULL;
		j->action = KM_ACTION_TEMPFAIL;
		(void)snprintf(j->why, sizeof(j->why), "%s", err->msg);
		km_error("%s: not judged: %s", j->id, j->why);
	}
	count(t);
	count_dns(t->shop);
	t->done(t->ctx, t);
	if (t->ended)
		*t->ended = true;
	give_back(t->shop, t->arena);
}

static void advance(km_task *t)
{
	km_shop *shop = t->shop;
	km_err err = { 0 };
	km_status st = KM_OK;

	km_turn_before(&shop->role->loop, t->job.message.n > LARGE);
	km_shared_begin(shop->role->shared, shop->role->slot, key_of(t));
	t->forget = NULL;
	while (*t->next && (st = (*t->next)(t, &err)) == KM_OK)
		t->next++;
	if (st != KM_NOTFOUND)
		finish(t, st, &err);
	km_shared_end(shop->role->shared, shop->role->slot);
}

/* One after the other: a job that gets ready while another is at work never nests in it. */
static void run_ready(km_shop *shop)
{
	if (shop->running)
		return;
	shop->running = true;
	while (shop->ready) {
		km_task *t = shop->ready;
		shop->ready = t->next_ready;
		t->ready = false;
		advance(t);
	}
	shop->running = false;
}

void km_job_resume(km_task *t)
{
	km_shop *shop = t->shop;

	if (t->ready)
		return;
	t->ready = true;
	t->next_ready = NULL;
	if (shop->ready)
		shop->last_ready->next_ready = t;
	else
		shop->ready = t;
	shop->last_ready = t;
	run_ready(shop);
}

static void take_out(km_shop *shop, const km_task *t)
{
	km_task *before = NULL, *x = shop->ready;

	for (; x && x != t; x = x->next_ready)
		before = x;
	if (before)
		before->next_ready = t->next_ready;
	else
		shop->ready = t->next_ready;
	if (shop->last_ready == t)
		shop->last_ready = before;
}

void km_job_cancel(km_task *t)
{
	if (t->ready)
		take_out(t->shop, t);
	if (t->forget)
		t->forget(t);
	give_back(t->shop, t->arena);
}

/* What can be known before it is parsed. */
static km_status examine(km_task *t, km_err *err)
{
	const km_shop *shop = t->shop;
	km_status st = t->job.spool;

	if (st == KM_OK)
		st = km_sha256(t->job.message, t->judged.digest);
	if (st != KM_OK)
		return KM_FAIL(err, st, "the message could not be kept: %s", km_status_name(st));
	if (km_shared_deaths(shop->role->shared, key_of(t)) >= KM_POISON_DEATHS) {
		t->judged.held = true;
		t->judged.action = KM_ACTION_QUARANTINE;
	}
	return KM_OK;
}

static km_task fresh(km_shop *shop, const km_job *job, km_arena *arena, km_job_done *done,
		     void *ctx)
{
	km_task t = { .shop = shop,
		      .job = *job,
		      .judged = { .action = KM_ACTION_TEMPFAIL },
		      .arena = arena,
		      .done = done,
		      .ctx = ctx,
		      .begun_ns = km_clock_mono_ns() };

	make_id(t.judged.id);
	return t;
}

static void fail_without_memory(km_task t)
{
	km_err err = { 0 };

	finish(&t, KM_FAIL(&err, KM_NOMEM, "no memory"), &err);
}

km_task *km_job_start(km_shop *shop, const km_job *job, km_stage *const *plan, km_job_done *done,
		      void *ctx)
{
	static km_stage *const nothing[] = { NULL };
	km_arena *arena = take_arena(shop);
	km_task *t = arena ? KM_NEW(arena, km_task) : NULL;
	km_err err = { 0 };
	bool ended = false;

	if (t == NULL) {
		fail_without_memory(fresh(shop, job, arena, done, ctx));
		return NULL;
	}
	*t = fresh(shop, job, arena, done, ctx);
	t->ended = &ended;
	km_status st = examine(t, &err);
	if (st != KM_OK) {
		finish(t, st, &err);
		return NULL;
	}
	t->next = t->judged.held ? nothing : plan;
	km_job_resume(t);
	if (ended)
		return NULL;
	t->ended = NULL;
	return t;
}
