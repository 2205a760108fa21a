#include "outbound/guard.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "outbound/case.h"
#include "outbound/lease.h"

struct km_guard {
	km_guard_conf conf;
	km_counters *c;
	km_identities *ids;
	km_leases *leases;
};

static const char *const actions[] = { "accept", "defer", "hold", "reject" };
static const char *const steps[KM_STEPS] = { "",      "notice",	    "warning", "throttle",
					     "brake", "suspension", "restore" };

const char *km_guard_action_name(km_guard_action a)
{
	return actions[a];
}

const char *km_step_name(km_step s)
{
	return s < KM_STEPS ? steps[s] : "";
}

km_step km_step_by_name(km_sv name)
{
	for (int i = 1; i < KM_STEPS; i++)
		if (km_sv_eq(name, km_sv_of(steps[i])))
			return (km_step)i;
	return KM_STEP_NONE;
}

km_guard_conf km_guard_defaults(void)
{
	return (km_guard_conf){ .on_brake = KM_GUARD_HOLD,
				.new_days = 14,
				.throttle_s = 6 * 3600,
				.leniency = 1,
				.client_hour = 5000,
				.block_hour = 20000 };
}

km_status km_guard_open(const km_guard_conf *conf, km_counters *c, km_identities *ids,
			km_guard **out, km_err *err)
{
	km_guard *g = calloc(1, sizeof(*g));

	*out = NULL;
	if (g)
		g->leases = km_leases_new();
	if (g == NULL || g->leases == NULL) {
		free(g);
		return KM_FAIL(err, KM_NOMEM, "no memory");
	}
	g->conf = *conf;
	g->c = c;
	g->ids = ids;
	*out = g;
	return KM_OK;
}

void km_guard_close(km_guard *g)
{
	if (g)
		km_leases_free(g->leases);
	free(g);
}

static uint64_t ip_key(const km_guard *g, const km_ip *ip)
{
	return km_counters_key(g->c, KM_KEY_LEASE, 0, (km_sv){ (const char *)ip->b, ip->len });
}

/* Who answers for an event: the account, else who holds the address; empty when nobody does. */
static km_sv holder(const km_guard *g, km_sv account, const km_ip *ip, km_time now)
{
	return account.n || ip == NULL || ip->len == 0
		       ? account
		       : km_leases_get(g->leases, ip_key(g, ip), now);
}

/* An address that nobody answers for has a profile of its own, under its text as a name, too. */
static uint64_t profile_key(const km_guard *g, km_sv name, const km_ip *ip)
{
	km_ip named;

	if (name.n && km_ip_parse(name, &named))
		return ip_key(g, &named);
	if (name.n)
		return km_counters_key(g->c, KM_KEY_ACCOUNT, 0, name);
	return ip ? ip_key(g, ip) : 1;
}

uint64_t km_guard_key(const km_guard *g, km_sv account, const km_ip *ip, km_time now)
{
	return profile_key(g, holder(g, account, ip, now), ip);
}

static bool open_case(km_guard *g, km_case *c)
{
	const km_event *e = c->e;
	km_sv name = holder(g, e->account, &e->ip, e->t);
	uint64_t key = profile_key(g, name, &e->ip);
	km_word *w = km_counters_profile(g->c, key, true, e->t);

	if (w == NULL)
		return false;
	km_account_load(&c->acc, key, km_sv_dup(c->arena, name), w, g->conf.new_days, e->t);
	c->budgets = km_account_budgets(&c->acc, g->conf.leniency, e->t);
	c->d->in_force = c->acc.state.step;
	return true;
}

/* Takes @weight, and the share that the content uses, from one budget. */
static bool take(km_case *c, km_account_word word, const km_rate *r, double weight)
{
	return km_rate_take(&c->acc.w[word], r, weight + c->share * r->capacity,
			    km_usec_of(c->e->t), NULL);
}

static void learn(km_case *c, double weight)
{
	/* What comes from elsewhere makes no habit: nobody warms an account up for a flood. */
	const km_account_sent sent = { .weight = c->away ? 0 : weight,
				       .networks = c->networks,
				       .n_rcpts = c->e->n_rcpts,
				       .foreign = c->foreign };

	km_account_learn(&c->acc, &sent, c->e->t);
	km_takeover_remember(c);
	if (c->e->queue_id.n)
		km_counters_see_briefly(
			c->c, km_counters_key(c->c, KM_KEY_PASSED, c->acc.key, c->e->queue_id),
			c->e->t);
}

static void weigh_message(km_case *c)
{
	km_takeover_message(c);
	double weight = c->again ? 0 : km_takeover_weight(c), cost = c->cost;

	c->d->cost = cost;
	if (c->foreign && c->conf->reject_foreign) {
		c->d->action = KM_GUARD_REJECT;
		(void)km_account_signs(&c->acc, c->signs, c->e->t);
		return;
	}
	if (!take(c, KM_W_FLOOD, &c->budgets.flood, cost)) {
		km_ladder_flood(c, cost);
		return;
	}
	if (!take(c, KM_W_DRIFT, &c->budgets.drift, cost * c->steady)) {
		km_ladder_drift(c, cost * c->steady);
		return;
	}
	(void)km_account_signs(&c->acc, c->signs, c->e->t);
	if (!c->again)
		learn(c, weight);
	km_ladder_tell(c);
}

static bool passed_before(const km_case *c)
{
	const km_event *e = c->e;

	return e->queue_id.n &&
	       km_counters_seen(c->c, km_counters_key(c->c, KM_KEY_PASSED, c->acc.key, e->queue_id),
				e->t)
		       .today;
}

static void on_submit(km_case *c)
{
	km_decision *d = c->d;

	c->again = passed_before(c);
	km_ladder_lapse(c);
	if (c->acc.state.step >= KM_STEP_BRAKE) {
		km_takeover_message(c);
		km_ladder_stopped(c);
	} else if (!c->again && !km_rates_take(c)) {
		d->action = KM_GUARD_DEFER;
	} else {
		weigh_message(c);
	}
	km_ladder_advise(c);
	km_usec now = km_usec_of(c->e->t);
	d->flood = km_rate_level(&c->acc.w[KM_W_FLOOD], &c->budgets.flood, now);
	d->drift = km_rate_level(&c->acc.w[KM_W_DRIFT], &c->budgets.drift, now);
}

static km_status on_account(km_guard *g, km_case *c)
{
	const km_event *e = c->e;
	km_status st = KM_OK;

	km_account_tell(&c->acc, e);
	if (e->has_identities)
		km_identities_clear(g->ids, e->account);
	for (size_t i = 0; i < e->n_identities && st == KM_OK; i++)
		st = km_identities_add(g->ids, e->account, e->identities[i]);
	return st;
}

static km_status on_event(km_guard *g, km_case *c)
{
	switch (c->e->kind) {
	case KM_EVENT_submit:
		on_submit(c);
		break;
	case KM_EVENT_login:
		km_takeover_login(c);
		break;
	case KM_EVENT_bounce:
		km_takeover_bounce(c);
		break;
	case KM_EVENT_smtp25_out:
		km_takeover_port25(c);
		break;
	case KM_EVENT_complaint:
		km_takeover_complaint(c);
		break;
	case KM_EVENT_account:
		return on_account(g, c);
	case KM_EVENT_review:
		if (c->e->restore)
			km_ladder_restore(c, true);
		break;
	case KM_EVENT_password_changed:
		km_ladder_restore(c, false);
		if (c->acc.state.step == KM_STEP_NONE && c->d->n_measures == 0)
			km_account_clear(&c->acc, false, c->e->t);
		break;
	default:
		break;
	}
	return KM_OK;
}

km_sv km_guard_sentence(km_arena *a, const km_fact *f)
{
	km_sv what = km_fact_sentence(a, f, KM_FOR_RECIPIENT, KM_EN);
	km_sv todo = km_fact_sentence(a, f, KM_FOR_SENDER, KM_EN);

	return km_sv_fmt(a, "%.*s %.*s", KM_FMT(what), KM_FMT(todo));
}

/* Of an account that is stopped, that; else of the fact that weighs most. */
static km_sv reply_of(km_arena *a, const km_decision *d)
{
	const km_fact *most = NULL;
	double points = -1;

	if (d->action == KM_GUARD_ACCEPT || !d->is_submit)
		return (km_sv){ 0 };
	for (size_t i = 0; i < d->facts.n; i++) {
		const km_fact *f = &d->facts.f[i];
		double x =
			f->id == KM_FACT_OUT_STOPPED ? HUGE_VAL : km_fact_describe(f->id)->points;
		if (x <= points)
			continue;
		points = x;
		most = f;
	}
	return most ? km_guard_sentence(a, most) : KM_S("Please try later.");
}

km_status km_guard_submit(km_guard *g, km_arena *a, const km_event *e, km_decision *d)
{
	km_case c = { .c = g->c,
		      .ids = g->ids,
		      .conf = &g->conf,
		      .arena = a,
		      .e = e,
		      .d = d,
		      .factor = 1,
		      .steady = 1,
		      .strict = 1 };

	*d = (km_decision){ .is_submit = e->kind == KM_EVENT_submit, .account = e->account };
	km_facts_init(&d->facts, a);
	if (e->kind == KM_EVENT_lease) {
		if (e->ip.len)
			(void)km_leases_put(g->leases, ip_key(g, &e->ip), e->account, e->until,
					    e->t);
		return KM_OK;
	}
	if (e->account.n == 0 && e->ip.len == 0) {
		d->accepted_rcpts = e->n_rcpts;
		return KM_OK;
	}
	if (!open_case(g, &c))
		return KM_LIMIT;
	km_status st = on_event(g, &c);
	if (st != KM_OK || km_arena_full(a))
		return st == KM_OK ? KM_LIMIT : st;
	d->accepted_rcpts = d->action == KM_GUARD_ACCEPT ? e->n_rcpts : 0;
	d->reply = reply_of(a, d);
	return KM_OK;
}

bool km_guard_apply(km_guard *g, const km_measure *m)
{
	km_word *w = km_counters_profile(g->c, m->key, true, m->t);
	uint64_t from = m->from;
	km_account a;

	if (w == NULL || !atomic_compare_exchange_strong(&w[m->word], &from, m->to))
		return false;
	if (m->word != KM_W_STATE)
		return true;
	km_counters_pin(g->c, w, km_state_unpack(m->to).step != KM_STEP_NONE);
	km_account_load(&a, m->key, m->account, w, g->conf.new_days, m->t);
	if (m->clear)
		km_account_clear(&a, m->raise, m->t);
	else if (m->step == KM_STEP_RESTORE)
		atomic_store(&w[KM_W_HELD], 0);
	return true;
}

km_step km_guard_check(km_guard *g, km_sv account, const km_ip *ip, km_time now)
{
	km_sv name = holder(g, account, ip, now);
	const km_word *w = km_counters_profile(g->c, profile_key(g, name, ip), false, now);

	if (w == NULL)
		return KM_STEP_NONE;
	km_state s = km_state_unpack(atomic_load(&w[KM_W_STATE]));
	return km_state_is_over(&s, g->conf.throttle_s, now) ? KM_STEP_NONE : s.step;
}

void km_guard_reinstate(km_guard *g, km_sv account, km_step step, km_time since)
{
	km_word *w = km_counters_profile(g->c, profile_key(g, account, NULL), true, since);

	if (w == NULL)
		return;
	km_state s = km_state_unpack(atomic_load(&w[KM_W_STATE]));
	s.step = step;
	s.since = since < 0 ? 0 : (uint32_t)since;
	s.generation++;
	atomic_store(&w[KM_W_STATE], km_state_pack(s));
	km_counters_pin(g->c, w, step != KM_STEP_NONE);
}

void km_guard_view(km_guard *g, km_sv account, km_time now, km_account_view *out)
{
	const struct {
		km_account_word word;
		uint32_t half_life;
		double *to;
	} rows[] = {
		{ KM_W_MESSAGES, KM_HALF_LONG, &out->messages_30d },
		{ KM_W_RCPTS, KM_HALF_DAY, &out->recipients_1d },
		{ KM_W_UNKNOWN, KM_HALF_DAY, &out->unknown_1d },
		{ KM_W_JUDGED_BAD, KM_HALF_LONG, &out->judged_bad_30d },
		{ KM_W_COMPLAINTS, KM_HALF_WEEK, &out->complaints_7d },
		{ KM_W_SUSPICION, KM_HALF_SUSPICION, &out->suspicion },
		{ KM_W_PEAK_HOUR, KM_HALF_PEAK, &out->peak_hour },
		{ KM_W_PEAK_DAY, KM_HALF_PEAK, &out->peak_day },
		{ KM_W_PEAK_RCPTS, KM_HALF_PEAK, &out->peak_recipients },
		{ KM_W_PEAK_NETS, KM_HALF_PEAK, &out->peak_networks },
		{ KM_W_HELD, KM_HALF_WEEK, &out->held_7d },
	};
	uint64_t key = profile_key(g, account, NULL);
	km_word *w = km_counters_profile(g->c, key, false, now);
	km_account a;

	*out = (km_account_view){ .known = w != NULL };
	if (w == NULL)
		return;
	km_account_load(&a, key, account, w, g->conf.new_days, now);
	km_budgets b = km_account_budgets(&a, g->conf.leniency, now);
	uint64_t born = atomic_load(&w[KM_W_BORN]);
	out->kind = a.kind;
	out->step = a.state.step;
	out->since = a.state.since;
	out->created = (km_time)(born >> 32);
	out->first_seen = (km_time)(uint32_t)born;
	out->days_active = (unsigned)(a.days + 0.5);
	out->flood_budget = b.flood.capacity;
	out->drift_budget = b.drift.capacity;
	out->flood = km_rate_level(&w[KM_W_FLOOD], &b.flood, km_usec_of(now));
	out->drift = km_rate_level(&w[KM_W_DRIFT], &b.drift, km_usec_of(now));
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		*rows[i].to = km_decay_get(&w[rows[i].word], rows[i].half_life, now);
	for (unsigned h = 0; h < 24; h++)
		out->hours[h] = (uint8_t)(atomic_load(&w[KM_W_HOURS + h / 8]) >> h % 8 * 8);
}
