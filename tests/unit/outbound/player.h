/*
 * tests/unit/outbound/player.h - plays events to a guard in made-up time, and remembers what came
 * of them. Every measure is applied as soon as it is proposed, unless told otherwise.
 */
#ifndef KM_TESTS_OUTBOUND_PLAYER_H
#define KM_TESTS_OUTBOUND_PLAYER_H

#include <unistd.h>

#include "outbound/guard.h"
#include "test.h"

enum { T0 = 1772409600, HOUR = 3600, DAY = 86400 }; /* 2026-03-02T00:00:00Z */

typedef struct {
	km_counters *counters;
	km_identities *ids;
	km_guard *guard;
	km_arena *arena; /* of one event */
	km_time now;
	km_decision d; /* of the last event */
	unsigned accepted, deferred, held, rejected;
	unsigned measures[KM_STEPS];
	bool keep; /* measures are not applied */
} player;

static inline void player_open_at(player *p, const char *path, const km_guard_conf *conf)
{
	const km_counters_size size = km_counters_size_for(2000);

	*p = (player){ .now = T0, .arena = km_arena_new(64 << 20), .ids = km_identities_new() };
	assert_non_null(p->arena);
	assert_int_equal(km_counters_open(path, &size, &p->counters, NULL), KM_OK);
	assert_int_equal(km_guard_open(conf, p->counters, p->ids, &p->guard, NULL), KM_OK);
}

static inline void player_open(player *p)
{
	const km_guard_conf conf = km_guard_defaults();

	player_open_at(p, NULL, &conf);
}

static inline void player_close(player *p)
{
	km_guard_close(p->guard);
	km_counters_close(p->counters);
	km_identities_free(p->ids);
	km_arena_free(p->arena);
}

/* Begins to count anew. */
static inline void player_reset(player *p)
{
	p->accepted = p->deferred = p->held = p->rejected = 0;
	memset(p->measures, 0, sizeof(p->measures));
}

static inline void player_event(player *p, const km_event *e)
{
	unsigned *const counts[] = { &p->accepted, &p->deferred, &p->held, &p->rejected };

	km_arena_reset(p->arena);
	assert_int_equal(km_guard_submit(p->guard, p->arena, e, &p->d), KM_OK);
	assert_int_equal(p->d.is_submit, e->kind == KM_EVENT_submit);
	assert_int_equal(p->d.accepted_rcpts, p->d.action == KM_GUARD_ACCEPT ? e->n_rcpts : 0);
	assert_true(p->d.flood >= 0 && p->d.flood <= 1 && p->d.drift >= 0 && p->d.drift <= 1);
	if (p->d.is_submit)
		++*counts[p->d.action];
	for (size_t i = 0; i < p->d.n_measures && !p->keep; i++) {
		assert_true(km_guard_apply(p->guard, &p->d.measures[i]));
		p->measures[p->d.measures[i].step]++;
	}
}

/* What a test does not name is as an account at home sends it. */
typedef struct {
	const char *account, *ip, *country, *from, *class, *script, *queue_id, *body;
	uint32_t asn;
	unsigned first, n; /* recipients r<first> … */
	const char *domain;
} mail;

static inline km_sv or_empty(const char *s)
{
	return s ? km_sv_of(s) : (km_sv){ 0 };
}

static inline void player_send(player *p, const mail *m)
{
	static char texts[50000][32];
	static km_sv rcpts[50000];
	static unsigned serial;
	char queue_id[24];
	km_event e = { .kind = KM_EVENT_submit,
		       .t = p->now,
		       .account = or_empty(m->account),
		       .country = or_empty(m->country),
		       .asn = m->asn,
		       .from = or_empty(m->from),
		       .mail_from = or_empty(m->from),
		       .has_mail_from = m->from,
		       .class = or_empty(m->class),
		       .script = or_empty(m->script),
		       .body_digest = or_empty(m->body),
		       .rcpts = rcpts,
		       .n_rcpts = m->n };

	assert_true(m->n <= KM_COUNT(rcpts));
	assert_true(m->ip == NULL || km_ip_parse(km_sv_of(m->ip), &e.ip));
	for (unsigned i = 0; i < m->n; i++) {
		int n = snprintf(texts[i], sizeof(texts[i]), "r%u@%s%u.example", m->first + i,
				 m->domain ? m->domain : "d", m->domain ? 0 : (m->first + i) % 40);
		rcpts[i] = (km_sv){ texts[i], (size_t)n };
	}
	(void)snprintf(queue_id, sizeof(queue_id), "%d.%u", getpid(), serial++);
	e.queue_id = km_sv_of(m->queue_id ? m->queue_id : queue_id);
	player_event(p, &e);
}

static inline void player_tell(player *p, km_event_kind kind, const char *account)
{
	const km_event e = { .kind = kind, .t = p->now, .account = or_empty(account) };

	player_event(p, &e);
}

/* @days of a quiet account: five messages a day from home to the recipients r0 to r<friends - 1> in
 * turn. */
static inline void player_live(player *p, const char *account, unsigned days, unsigned friends)
{
	km_time midnight = p->now;

	for (unsigned d = 0; d < days; d++)
		for (unsigned i = 0; i < 5; i++) {
			unsigned each = (friends + 4) / 5, from = i * each;
			p->now = midnight + d * DAY + 8 * HOUR + i * 2 * HOUR;
			if (from >= friends)
				continue;
			player_send(p,
				    &(mail){ .account = account,
					     .ip = "192.0.2.7",
					     .country = "JP",
					     .asn = 2497,
					     .first = from,
					     .n = from + each < friends ? each : friends - from });
		}
	p->now = midnight + days * DAY + 9 * HOUR;
	player_reset(p);
}

static inline bool player_says(const player *p, km_fact_id id)
{
	for (size_t i = 0; i < p->d.facts.n; i++)
		if (p->d.facts.f[i].id == id)
			return true;
	return false;
}

static inline km_step player_step(player *p, const char *account)
{
	return km_guard_check(p->guard, or_empty(account), NULL, p->now);
}

#endif
