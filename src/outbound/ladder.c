/*
 * The ladder of measures: notice, warning, throttle, brake, suspension. A measure is proposed as a
 * move of one word from what it was to what it shall be; whoever writes it down applies it, so of
 * several processes one does, once. Ending an account is done by people only.
 */
#include "outbound/case.h"

#include <stdatomic.h>

enum {
	NOTICE_EVERY = 7 * 86400,
	WARNING_EVERY = 86400,
	HELD_SUSPENDS = 30 /* weight that goes on coming after the brake */
};

/* Never 0, which stands for "never". */
static uint32_t seconds(km_time t)
{
	return t < 1 ? 1 : t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static km_measure *add(km_case *c, km_step step, unsigned word, uint64_t from, uint64_t to)
{
	km_decision *d = c->d;

	if (d->n_measures == KM_MEASURES_MAX)
		return NULL;
	km_measure *m = &d->measures[d->n_measures++];
	*m = (km_measure){ .step = step,
			   .t = c->e->t,
			   .account = c->acc.name,
			   .ip = c->e->ip,
			   .facts = &d->facts,
			   .key = c->acc.key,
			   .word = word,
			   .from = from,
			   .to = to };
	return m;
}

/* A time that lies ahead was a wrong clock's, and counts as long ago as it is away. */
static bool is_near(uint32_t then, uint32_t now, uint32_t window)
{
	return then && (now > then ? now - then : then - now) < window;
}

/* Notices once a week and not after a warning, warnings once a day, nothing while a sterner measure
 * is in force. */
static void tell(km_case *c, km_step step)
{
	uint64_t told = atomic_load(&c->acc.w[KM_W_TOLD]);
	uint32_t now = seconds(c->e->t), notice = (uint32_t)(told >> 32), warning = (uint32_t)told;
	bool is_notice = step == KM_STEP_NOTICE;
	uint32_t every = is_notice ? NOTICE_EVERY : WARNING_EVERY;

	if (c->acc.state.step != KM_STEP_NONE || is_near(warning, now, every) ||
	    (is_notice && is_near(notice, now, every)))
		return;
	(void)add(c, step, KM_W_TOLD, told,
		  is_notice ? (uint64_t)now << 32 | warning : (uint64_t)notice << 32 | now);
}

static km_measure *move(km_case *c, km_step named, km_step to)
{
	km_state next = c->acc.state;
	uint64_t from = km_state_pack(c->acc.state);

	next.step = to;
	next.since = seconds(c->e->t);
	next.generation++;
	km_measure *m = add(c, named, KM_W_STATE, from, km_state_pack(next));
	if (m)
		c->acc.state = next;
	return m;
}

void km_ladder_propose(km_case *c, km_step step)
{
	if (step <= KM_STEP_WARNING) {
		tell(c, step);
		return;
	}
	if (step <= c->acc.state.step)
		return;
	km_measure *m = move(c, step, step);
	if (m && step == KM_STEP_THROTTLE)
		m->until = c->e->t + c->conf->throttle_s;
}

void km_ladder_restore(km_case *c, bool raise)
{
	if (c->acc.state.step == KM_STEP_NONE)
		return;
	km_measure *m = move(c, KM_STEP_RESTORE, KM_STEP_NONE);
	if (m) {
		m->clear = true;
		m->raise = raise;
		c->acc.state.cleared = raise;
		m->to = km_state_pack(c->acc.state);
	}
}

void km_ladder_lapse(km_case *c)
{
	if (km_state_is_over(&c->acc.state, c->conf->throttle_s, c->e->t))
		(void)move(c, KM_STEP_RESTORE, KM_STEP_NONE);
}

/* A message that was refused before is no new attempt. */
static bool is_new_attempt(km_case *c)
{
	if (c->e->queue_id.n == 0)
		return true;
	uint64_t key = km_counters_key(c->c, KM_KEY_REFUSED, c->acc.key, c->e->queue_id);
	if (km_counters_seen(c->c, key, c->e->t).today)
		return false;
	km_counters_see_briefly(c->c, key, c->e->t);
	return true;
}

static double hold(km_case *c, double weight)
{
	c->d->action = c->conf->on_brake;
	if (!is_new_attempt(c))
		weight = 0;
	return km_decay_add(&c->acc.w[KM_W_HELD], KM_HALF_WEEK, weight, c->e->t);
}

static void say(km_case *c, km_fact_id id, double weight, const km_rate *r, const km_word *w)
{
	km_fact *f = km_case_fact(c, id, KM_S(""));

	km_case_arg(c, f, 1, weight);
	km_case_arg(c, f, 2, r->capacity);
	km_case_arg(c, f, 3, 100 * km_rate_level(w, r, km_usec_of(c->e->t)));
}

void km_ladder_flood(km_case *c, double weight)
{
	say(c, KM_FACT_OUT_FLOOD, weight, &c->budgets.flood, &c->acc.w[KM_W_FLOOD]);
	(void)hold(c, weight);
	(void)km_account_signs(&c->acc, c->signs | KM_SIGN_FLOOD, c->e->t);
	km_ladder_propose(c, KM_STEP_BRAKE);
}

/* More in a day than the account ever did. With a sign of another's hand it is stopped; without one
 * the rest of its mail waits, and only when it keeps coming is it stopped. */
void km_ladder_drift(km_case *c, double weight)
{
	unsigned signs = km_account_signs(&c->acc, c->signs, c->e->t);

	say(c, KM_FACT_OUT_DRIFT, weight, &c->budgets.drift, &c->acc.w[KM_W_DRIFT]);
	double held = hold(c, weight);
	if (signs & (KM_SIGNS_STRONG | KM_SIGN_NETWORK | KM_SIGN_SCRIPT | KM_SIGN_MANY_RCPTS) ||
	    held > c->budgets.drift.capacity / 2) {
		km_ladder_propose(c, KM_STEP_BRAKE);
		return;
	}
	c->d->action = KM_GUARD_DEFER;
	km_ladder_propose(c, KM_STEP_THROTTLE);
}

/*
 * Suspension says that the account is in other hands, so it takes two signs, and one of them that
 * only other hands leave: what was never registered as a newsletter is held, whatever it is like.
 */
void km_ladder_stopped(km_case *c)
{
	double held = hold(c, (double)c->strangers);
	unsigned signs = km_account_signs(&c->acc, c->signs, c->e->t) & KM_SIGNS_STRONG;
	bool sure = (signs & KM_SIGNS_OTHER_HANDS) && __builtin_popcount(signs) >= 2;

	(void)km_case_fact(c, KM_FACT_OUT_STOPPED, km_sv_of(km_step_name(c->acc.state.step)));
	if (c->away && held >= HELD_SUSPENDS && sure && c->strangers)
		km_ladder_propose(c, KM_STEP_SUSPENSION);
}

void km_ladder_tell(km_case *c)
{
	double drift = km_rate_level(&c->acc.w[KM_W_DRIFT], &c->budgets.drift, km_usec_of(c->e->t));

	if (drift < 0.75)
		return;
	unsigned signs = km_account_signs(&c->acc, 0, c->e->t) & KM_SIGNS_STRONG;
	if (signs == 0 && drift < 0.9)
		return;
	say(c, KM_FACT_OUT_DRIFT, 0, &c->budgets.drift, &c->acc.w[KM_W_DRIFT]);
	km_ladder_propose(c, signs ? KM_STEP_WARNING : KM_STEP_NOTICE);
}

void km_ladder_advise(km_case *c)
{
	enum { MANY = 50 };
	bool mailing = c->acc.kind == KM_ACCOUNT_BULK || c->e->n_rcpts >= MANY ||
		       c->signs & (KM_SIGN_BODY | KM_SIGN_MANY_RCPTS);
	size_t n = 0;

	for (size_t i = 0; mailing && i < c->e->n_advice && i < KM_EVENT_ADVICE_MAX; i++) {
		km_fact_id id = km_fact_by_name(c->e->advice[i]);
		if (id != KM_FACT_COUNT && km_sv_starts(c->e->advice[i], KM_S("BULK_")))
			n += km_case_fact(c, id, KM_S("")) != NULL;
	}
	if (n && c->d->action == KM_GUARD_ACCEPT)
		km_ladder_propose(c, KM_STEP_NOTICE);
}
