/*
 * Rates: the last bounds, far above what anyone of a kind does, for what the budgets of weight let
 * pass (known recipients). What is over them waits. They are secret towards the sender.
 */
#include "outbound/case.h"

typedef struct {
	const char *name;
	uint32_t window;
	bool recipients;
	double of[KM_ACCOUNT_KINDS];
} row;

static const row rows[6] = {
	{ "messages a minute", 60, false, { 0, 60, 6000, 300, 20 } },
	{ "messages an hour", 3600, false, { 0, 600, 100000, 3000, 100 } },
	{ "messages a day", 86400, false, { 0, 3000, 500000, 20000, 400 } },
	{ "recipients a minute", 60, true, { 0, 500, 12000, 1000, 100 } },
	{ "recipients an hour", 3600, true, { 0, 2000, 200000, 6000, 300 } },
	{ "recipients a day", 86400, true, { 0, 5000, 1000000, 40000, 600 } },
};

/* Of one recipient, one recipient domain an hour; the last must leave room for an office that
 * writes within its own domain. */
static const double of_rcpt[KM_ACCOUNT_KINDS] = { 0, 200, 200, 600, 60 };
static const double of_domain[KM_ACCOUNT_KINDS] = { 0, 800, 100000, 5000, 150 };

static bool met(km_case *c, const char *what, uint32_t wait)
{
	km_fact *f = km_case_fact(c, KM_FACT_OUT_RATE, km_sv_of(what));

	km_case_arg(c, f, 1, wait);
	if (wait > c->d->wait_s)
		c->d->wait_s = wait;
	return false;
}

/* A message to more recipients than a whole bucket still goes out once it is empty. */
static double at_most(double cost, double capacity)
{
	return cost < capacity ? cost : capacity;
}

static bool take_account(km_case *c)
{
	uint32_t wait;

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_rate r = { c->conf->leniency * rows[i].of[c->acc.kind], rows[i].window };
		double cost = rows[i].recipients ? (double)c->e->n_rcpts : 1;
		if (!km_rate_take(&c->acc.w[KM_W_RATES + i], &r, at_most(cost, r.capacity),
				  km_usec_of(c->e->t), &wait))
			return met(c, rows[i].name, wait);
	}
	return true;
}

static bool take_recipients(km_case *c)
{
	const km_rate rcpt = { c->conf->leniency * of_rcpt[c->acc.kind], 3600 };
	const km_rate domain = { c->conf->leniency * of_domain[c->acc.kind], 3600 };
	km_usec now = km_usec_of(c->e->t);
	uint32_t wait;

	for (size_t i = 0; i < c->e->n_rcpts; i++) {
		km_sv to = c->e->rcpts[i];
		if (!km_counters_take(c->c, km_case_key(c, KM_KEY_RATE_RCPT, to), &rcpt, 1, now,
				      &wait))
			return met(c, "one recipient an hour", wait);
		if (!km_counters_take(c->c, km_case_key(c, KM_KEY_RATE_DOMAIN, km_case_domain(to)),
				      &domain, 1, now, &wait))
			return met(c, "one recipient domain an hour", wait);
	}
	return true;
}

static bool take_client(km_case *c)
{
	const struct {
		const char *name;
		char kind;
		double capacity;
		km_sv item;
	} of[] = {
		{ "one client address an hour",
		  KM_KEY_RATE_CLIENT,
		  c->conf->client_hour,
		  { (const char *)c->e->ip.b, c->e->ip.len } },
		{ "one client network an hour", KM_KEY_RATE_BLOCK, c->conf->block_hour,
		  km_case_narrow(&c->e->ip) },
	};
	uint32_t wait;

	for (size_t i = 0; i < KM_COUNT(of) && c->e->ip.len; i++) {
		km_rate r = { c->conf->leniency * of[i].capacity, 3600 };
		if (!km_counters_take(c->c, km_counters_key(c->c, of[i].kind, 0, of[i].item), &r, 1,
				      km_usec_of(c->e->t), &wait))
			return met(c, of[i].name, wait);
	}
	return true;
}

bool km_rates_take(km_case *c)
{
	bool bulk = c->acc.kind == KM_ACCOUNT_BULK;

	return take_account(c) && take_recipients(c) && (bulk || take_client(c));
}
