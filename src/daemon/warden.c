#include "daemon/warden.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "daemon/busiest.h"
#include "daemon/guard_conf.h"
#include "daemon/recall.h"
#include "text/utf8.h"

enum {
	NAMES_MAX = 64 * 1024 * 1024, /* bytes of names at start */
	RESTORES = 1000,	      /* newest entries that are looked through at start */
	ENTRIES_LOOKED = 200,
	TEXT_MAX = 512,
	FACTS_MAX = 64 * 1024
};

struct km_warden {
	km_guard_conf conf;
	const char *state_dir;
	km_counters *counters;
	km_identities *ids;
	km_identity_sql *sql; /* NULL: none */
	bool sql_failed;
	km_guard *guard;
	km_scribe *scribe;
	km_turn *first, **end; /* under way, in order */
	km_recall *recall;
	km_shared *shared;
	unsigned slot;
	int64_t last_ms;
	char stopped[TEXT_MAX];
	km_busiest *busiest;
};

/* --- who may send as whom --- */

/* Told once, until it can be asked again. */
static void refresh_identities(km_warden *w, const km_event *e)
{
	km_err err = { 0 };

	if (w->sql == NULL || e->kind != KM_EVENT_submit)
		return;
	bool failed = km_identity_sql_refresh(w->sql, w->ids, e->account, e->t, &err) != KM_OK;
	if (failed && !w->sql_failed)
		km_error("guard.identities_db can not be asked, what was known stays: %s", err.msg);
	w->sql_failed = failed;
}

/* --- the file of the account --- */

/* When an entry was made: no two of them at the same time, since the same one twice is written
 * once. */
static int64_t stamp(km_warden *w, km_time t)
{
	int64_t now = (int64_t)km_clock_unix_ms();
	bool live = t >= now / 1000 - 1 && t <= now / 1000 + 1;

	w->last_ms = now > w->last_ms ? now : w->last_ms + 1;
	return live ? w->last_ms : t * 1000 + w->last_ms % 1000;
}

static km_sv clean(km_arena *a, km_sv v)
{
	size_t bad = 0;

	return km_utf8_sanitise(a, v, &bad);
}

/* Whose file it is: without login, the address's. @text of 48 bytes. */
static km_sv name_of(km_sv account, const km_ip *ip, char *text)
{
	return account.n || ip->len == 0 ? account : km_sv_of(km_ip_format(ip, text));
}

static km_sv facts_text(km_arena *a, const km_facts *facts)
{
	km_buf b;

	km_buf_init(&b, a, FACTS_MAX);
	km_guardline_facts(&b, facts);
	return b.cut ? KM_S("[]") : km_buf_sv(&b);
}

static km_entry_kind entry_of(km_step step)
{
	return km_entry_kind_by_name(km_sv_of(km_step_name(step)));
}

/* --- at start --- */

typedef struct {
	km_warden *w;
	km_map names; /* whose measure is in force */
	km_arena *arena;
	km_time now;
	size_t reinstated;
} starting;

static km_step step_of(km_entry_kind k)
{
	return k == KM_ENTRY_termination ? KM_STEP_SUSPENSION
					 : km_step_by_name(km_sv_of(km_entry_kind_name(k)));
}

static bool on_in_force(void *ctx, int64_t row, const km_entry *e)
{
	starting *s = ctx;
	km_step step = step_of(e->kind);
	void **place = km_map_put(&s->names, km_sv_dup(s->arena, e->account));

	(void)row;
	if (place)
		*place = s;
	km_busiest_note(s->w->busiest, e->account, 1);
	if (km_guard_check(s->w->guard, e->account, NULL, s->now) == step)
		return true;
	km_guard_reinstate(s->w->guard, e->account, step, e->t_ms / 1000);
	s->reinstated++;
	return true;
}

/* A restore that was written down but did not take effect any more. */
static bool on_restored(void *ctx, int64_t row, const km_entry *e)
{
	starting *s = ctx;
	const km_event review = {
		.kind = KM_EVENT_review, .t = s->now, .account = e->account, .restore = true
	};
	km_decision d;

	(void)row;
	if (e->kind != KM_ENTRY_restore || km_map_get(&s->names, e->account) ||
	    km_guard_check(s->w->guard, e->account, NULL, s->now) == KM_STEP_NONE)
		return true;
	km_arena *a = km_arena_new(1024 * 1024);
	if (a && km_guard_submit(s->w->guard, a, &review, &d) == KM_OK)
		for (size_t i = 0; i < d.n_measures; i++)
			s->reinstated += km_guard_apply(s->w->guard, &d.measures[i]);
	km_arena_free(a);
	return true;
}

static km_status reinstate(km_warden *w, km_err *err)
{
	const km_entry_filter newest = { .limit = RESTORES };
	starting s = { .w = w, .arena = km_arena_new(NAMES_MAX), .now = km_clock_now() };

	if (s.arena == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_map_init(&s.names, s.arena, false);
	km_accounts *accounts = km_scribe_accounts(w->scribe);
	km_status st = km_accounts_in_force(accounts, s.now * 1000, on_in_force, &s, err);
	if (st == KM_OK)
		st = km_accounts_find(accounts, &newest, on_restored, &s, err);
	if (s.reinstated)
		km_warn("%zu measures that stand in the files of accounts were not in the "
			"counters; they are in force again",
			s.reinstated);
	km_arena_free(s.arena);
	return st;
}

/* The sentence for the sender whose account is stopped. */
static void make_stopped(km_warden *w)
{
	const km_fact f = { .id = KM_FACT_OUT_STOPPED, .weight = 1 };
	km_arena *a = km_arena_new(64 * 1024);

	if (a)
		(void)snprintf(w->stopped, sizeof(w->stopped), "%.*s",
			       KM_FMT(km_guard_sentence(a, &f)));
	km_arena_free(a);
}

static km_status open_state(km_warden *w, const km_conf *conf, km_err *err)
{
	const km_counters_size size =
		km_counters_size_for((uint32_t)km_conf_int(conf, KM_KEY_GUARD_ACCOUNTS));
	char path[1100];

	(void)snprintf(path, sizeof(path), "%s/counters", w->state_dir);
	w->ids = km_identities_new();
	w->busiest = km_busiest_new();
	if (w->ids == NULL || w->busiest == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_counters_open(path, &size, &w->counters, err);
	if (st != KM_OK)
		return st;
	if (km_counters_said(w->counters)[0])
		km_error("%s", km_counters_said(w->counters));
	km_err why = { 0 };
	if (km_guard_conf_identities(conf, w->ids, &why) != KM_OK)
		km_error("%s; what could be read counts", why.msg);
	why = (km_err){ 0 };
	if (km_guard_conf_database(conf, &w->sql, &why) != KM_OK)
		km_error("%s; it is not asked", why.msg);
	st = km_guard_open(&w->conf, w->counters, w->ids, &w->guard, err);
	if (st == KM_OK)
		st = km_recall_open(w->state_dir, w->guard, w->ids, &w->recall, err);
	if (st == KM_OK)
		st = km_scribe_open(w->state_dir, &w->scribe, err);
	return st == KM_OK ? reinstate(w, err) : st;
}

km_status km_warden_open(const km_conf *conf, const char *state_dir, km_shared *shared,
			 unsigned slot, km_warden **out, km_err *err)
{
	km_warden *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	w->conf = km_guard_conf_read(conf);
	w->state_dir = state_dir;
	w->shared = shared;
	w->slot = slot;
	w->end = &w->first;
	make_stopped(w);
	km_status st = open_state(w, conf, err);
	if (st == KM_OK)
		*out = w;
	else
		km_warden_close(w);
	return st;
}

void km_warden_close(km_warden *w)
{
	if (w == NULL)
		return;
	km_warden_stop(w);
	km_guard_close(w->guard);
	km_recall_close(w->recall);
	km_scribe_close(w->scribe);
	km_identity_sql_close(w->sql);
	km_identities_free(w->ids);
	km_counters_close(w->counters);
	free(w->busiest);
	free(w);
}

/* --- one event --- */

static km_entry entry_for(km_warden *w, km_arena *a, const km_event *e, km_entry_kind kind)
{
	char *ip = km_alloc(a, 48), *name = km_alloc(a, 48);
	km_entry x = { .kind = kind,
		       .t_ms = stamp(w, e->t),
		       .by = KM_S("komainu"),
		       .port = e->port,
		       .queue_id = clean(a, e->queue_id),
		       .facts = KM_S("[]") };

	if (ip && name) {
		x.account = name_of(e->account, &e->ip, name);
		x.ip = e->ip.len ? km_sv_of(km_ip_format(&e->ip, ip)) : KM_S("");
	}
	return x;
}

/* What somebody who is accused needs to know of each message. */
static void note_stopped(km_turn *t)
{
	const km_event *e = &t->event;
	char *ip = km_alloc(t->arena, 48), *name = km_alloc(t->arena, 48);

	if (!t->d.is_submit || t->d.action == KM_GUARD_ACCEPT || ip == NULL || name == NULL)
		return;
	t->stopped = (km_stopped){
		.account = name_of(e->account, &e->ip, name),
		.t_ms = e->t * 1000,
		.ip = e->ip.len ? km_sv_of(km_ip_format(&e->ip, ip)) : KM_S(""),
		.port = e->port,
		.queue_id = clean(t->arena, e->queue_id),
		.n_rcpts = (int64_t)e->n_rcpts,
		.action = km_sv_of(km_guard_action_name(t->d.action)),
	};
	if (t->stopped.account.n)
		t->page.what.stopped = &t->stopped;
}

/* What is written of an event: what was said, and the measures that it leads to. */
static size_t list_entries(km_warden *w, km_turn *t)
{
	km_arena *a = t->arena;
	const km_event *e = &t->event;
	const km_guardline *also = t->line;
	km_entry *out = t->entries;
	size_t n = 0;

	if (also && also->entry < KM_ENTRY_KIND_COUNT && e->account.n) {
		out[n] = entry_for(w, a, e, also->entry);
		out[n].by = clean(a, also->by);
		out[n++].reason = clean(a, also->reason);
	}
	for (size_t i = 0; i < t->d.n_measures; i++) {
		const km_measure *m = &t->d.measures[i];
		out[n] = entry_for(w, a, e, entry_of(m->step));
		if (m->account.n)
			out[n].account = m->account;
		out[n].until_ms = m->until * 1000;
		out[n].facts = facts_text(a, m->facts);
		if (also && also->by.n)
			out[n].by = clean(a, also->by);
		n++;
	}
	if (e->kind == KM_EVENT_review && e->terminate) {
		out[n] = entry_for(w, a, e, KM_ENTRY_termination);
		if (also && also->by.n)
			out[n].by = clean(a, also->by);
		n++;
	}
	return n;
}

static void count(const km_warden *w, const km_decision *d)
{
	if (w->shared == NULL)
		return;
	if (d->is_submit)
		km_shared_decided(w->shared, w->slot, d->action);
	for (size_t i = 0; i < d->n_measures; i++)
		km_shared_measured(w->shared, w->slot, d->measures[i].step);
}

static void note_busy(km_warden *w, const km_event *e, const km_decision *d)
{
	double level = d->flood > d->drift ? d->flood : d->drift;
	char text[48];

	if (d->is_submit && level >= 0.05)
		km_busiest_note(w->busiest, name_of(e->account, &e->ip, text), (float)level);
}

typedef struct {
	bool terminated, settled;
} last_step;

static bool on_last(void *ctx, int64_t row, const km_entry *e)
{
	last_step *l = ctx;

	(void)row;
	l->settled = e->kind >= KM_ENTRY_throttle && e->kind <= KM_ENTRY_restore;
	l->terminated = e->kind == KM_ENTRY_termination;
	return !l->settled;
}

/* Ended by a person, which no new password undoes. */
static bool is_terminated(const km_warden *w, km_sv account)
{
	const km_entry_filter f = { .account = account, .limit = ENTRIES_LOOKED };
	last_step l = { .terminated = true };
	km_accounts *a;

	if (account.n == 0 || km_accounts_open_reader(w->state_dir, &a, NULL) != KM_OK)
		return true;
	l.terminated = km_accounts_find(a, &f, on_last, &l, NULL) != KM_OK || l.terminated;
	km_accounts_close(a);
	return l.terminated;
}

static km_status judge(km_warden *w, km_turn *t)
{
	const km_event *e = &t->event;

	if (e->kind == KM_EVENT_password_changed && is_terminated(w, e->account)) {
		t->d = (km_decision){ .account = e->account };
		return KM_OK;
	}
	refresh_identities(w, e);
	km_status st = km_guard_submit(w->guard, t->arena, e, &t->d);
	return st == KM_OK ? st
			   : KM_FAIL(&t->err, st, "the event can not be judged: %s",
				     km_status_name(st));
}

static void fail(km_warden *w, km_turn *t)
{
	km_decision *d = &t->d;

	if (t->only_entry)
		return;
	d->is_submit = t->event.kind == KM_EVENT_submit;
	d->action = KM_GUARD_DEFER;
	d->accepted_rcpts = d->n_measures = 0;
	d->account = t->event.account;
	d->reply = KM_S("Please try again later.");
	if (w->shared)
		km_shared_count(w->shared, w->slot, KM_COUNTER_guard_failures_total, 1);
	count(w, d);
}

/* What it leads to is written: now it takes effect. */
static void conclude(km_warden *w, km_turn *t)
{
	const km_event *e = &t->event;

	if (t->st == KM_OK && t->page.st != KM_OK)
		t->st = KM_FAIL(&t->err, t->page.st, "%s", t->page.err.msg);
	if (t->st != KM_OK) {
		fail(w, t);
		return;
	}
	if (t->only_entry)
		return;
	for (size_t i = 0; i < t->d.n_measures; i++)
		(void)km_guard_apply(w->guard, &t->d.measures[i]);
	if (e->kind == KM_EVENT_review && e->terminate)
		km_guard_reinstate(w->guard, e->account, KM_STEP_SUSPENSION, e->t);
	km_recall_keep(w->recall, e);
	note_busy(w, e, &t->d);
	count(w, &t->d);
}

static void fill_page(km_warden *w, km_turn *t)
{
	const km_event *e = &t->event;

	t->page.what.entries = t->entries;
	if (t->only_entry) {
		t->entries[0] = (km_entry){ .account = e->account,
					    .kind = t->line->entry,
					    .t_ms = stamp(w, e->t),
					    .by = t->line->by,
					    .reason = t->line->reason,
					    .facts = KM_S("[]") };
		t->page.what.n = 1;
		return;
	}
	t->page.what.n = list_entries(w, t);
	note_stopped(t);
	if (e->kind != KM_EVENT_account || e->account.n == 0)
		return;
	t->subscriber =
		(km_subscriber){ e->account, km_sv_of(km_account_kind_name(e->account_kind)),
				 e->alternative, e->created };
	t->page.what.subscriber = &t->subscriber;
}

/* False: it is being written. */
static bool run(km_warden *w, km_turn *t)
{
	t->waits = false;
	t->page = (km_sheet){ 0 };
	t->err = (km_err){ 0 };
	t->st = t->only_entry ? KM_OK : judge(w, t);
	if (t->st == KM_OK)
		fill_page(w, t);
	if (t->st == KM_OK && km_arena_full(t->arena))
		t->st = KM_FAIL(&t->err, KM_LIMIT, "the event is too large");
	if (t->st == KM_OK && (t->page.what.n || t->page.what.subscriber || t->page.what.stopped) &&
	    !km_scribe_write(w->scribe, &t->page))
		return false;
	conclude(w, t);
	return true;
}

/* Not what is merely noted: of a flood that is stopped many are written at once. */
static bool is_under_way(const km_warden *w, uint64_t key)
{
	for (const km_turn *t = w->first; t; t = t->next)
		if (t->key == key && (t->waits || t->page.what.n || t->page.what.subscriber))
			return true;
	return false;
}

bool km_warden_take(km_warden *w, km_turn *t)
{
	t->next = NULL;
	t->key = km_guard_key(w->guard, t->event.account, &t->event.ip, t->event.t);
	t->waits = is_under_way(w, t->key);
	if (!t->waits && run(w, t))
		return true;
	*w->end = t;
	w->end = &t->next;
	return false;
}

static void leave(km_warden *w, km_turn *t)
{
	for (km_turn **at = &w->first; *at; at = &(*at)->next)
		if (*at == t) {
			*at = t->next;
			if (t->next == NULL)
				w->end = at;
			break;
		}
	t->done(t);
}

/* Those of the same account that waited, up to one that is to be written itself. */
static void go_on(km_warden *w, uint64_t key)
{
	for (km_turn *t = w->first, *next; t; t = next) {
		next = t->next;
		if (t->key != key || !t->waits)
			continue;
		if (!run(w, t))
			break;
		leave(w, t);
	}
}

void km_warden_settle(km_warden *w)
{
	for (km_sheet *p = km_scribe_done(w->scribe), *next; p; p = next) {
		next = p->next;
		km_turn *t = (km_turn *)((char *)p - offsetof(km_turn, page));
		uint64_t key = t->key;
		conclude(w, t);
		leave(w, t);
		go_on(w, key);
	}
}

km_status km_warden_start(km_warden *w, const km_sandbox *box, void (*wake)(void *ctx), void *ctx,
			  km_err *err)
{
	return km_scribe_start(w->scribe, box, wake, ctx, err);
}

void km_warden_stop(km_warden *w)
{
	if (w->scribe == NULL)
		return;
	km_scribe_stop(w->scribe);
	km_warden_settle(w);
}

/* --- questions --- */

km_step km_warden_check(km_warden *w, km_sv account, const km_ip *ip, km_time now)
{
	return km_guard_check(w->guard, account, ip, now);
}

km_guard_action km_warden_on_brake(const km_warden *w)
{
	return w->conf.on_brake;
}

km_sv km_warden_stopped(const km_warden *w)
{
	return km_sv_of(w->stopped);
}

void km_warden_view(km_warden *w, km_sv account, km_time now, km_account_view *out)
{
	km_guard_view(w->guard, account, now, out);
}

size_t km_warden_top(km_warden *w, km_time now, km_guardline_row *rows, size_t limit)
{
	return km_busiest_rank(w->busiest, w->guard, now, rows, limit);
}

km_status km_warden_flush(km_warden *w, km_time now, km_err *err)
{
	km_status st = km_counters_flush(w->counters, now, err);

	return st == KM_OK ? km_recall_flush(w->state_dir, err) : st;
}
