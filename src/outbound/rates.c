/*
 * Rates: the last bounds, far above what anyone of a kind does, for what the budgets of weight let
 * pass (known recipients). What is over them waits. They are secret towards the sender.
 */
#include "base/map.h"
#include "outbound/case.h"

typedef struct {
	const char *name;
	uint32_t window;
	bool recipients;
	double of[KM_ACCOUNT_KINDS];
} row;

static const row rows[6] = {
	{ "messages a minute", 60, false, { 0, 300, 6000, 1000, 60 } },
	{ "messages an hour", 3600, false, { 0, 2000, 100000, 6000, 300 } },
	{ "messages a day", 86400, false, { 0, 6000, 500000, 40000, 1000 } },
	{ "recipients a minute", 60, true, { 0, 1000, 12000, 2000, 200 } },
	{ "recipients an hour", 3600, true, { 0, 4000, 200000, 12000, 600 } },
	{ "recipients a day", 86400, true, { 0, 10000, 1000000, 80000, 1500 } },
};

/* Of one recipient, one recipient domain an hour. A program that reports what is broken writes to
 * one, an office within its own domain. */
static const double of_rcpt[KM_ACCOUNT_KINDS] = { 0, 600, 600, 3000, 150 };
static const double of_domain[KM_ACCOUNT_KINDS] = { 0, 2000, 100000, 10000, 300 };

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

/* All six or none: a message that waits for one must not use up the others each time it tries. */
static bool take_account(km_case *c)
{
	km_usec now = km_usec_of(c->e->t);
	uint32_t wait;

	for (size_t turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < KM_COUNT(rows); i++) {
			km_rate r = { c->conf->leniency * rows[i].of[c->acc.kind], rows[i].window };
			double cost = rows[i].recipients ? (double)c->e->n_rcpts : 1;
			km_word copy = c->acc.w[KM_W_RATES + i];
			if (!km_rate_take(turn ? &c->acc.w[KM_W_RATES + i] : &copy, &r,
					  at_most(cost, r.capacity), now, &wait))
				return met(c, rows[i].name, wait);
		}
	return true;
}

/* How many recipients of this message each domain has, in the order of their first ones. */
typedef struct {
	km_sv domain;
	size_t n;
} domain_count;

static size_t count_domains(km_case *c, domain_count **out)
{
	domain_count *d = KM_NEW_ARRAY(c->arena, domain_count, c->e->n_rcpts);
	size_t n = 0;
	km_map at;

	km_map_init(&at, c->arena, true);
	*out = d;
	for (size_t i = 0; d && i < c->e->n_rcpts; i++) {
		if (c->e->rcpts[i].n == 0) /* of whom only the number is known */
			continue;
		km_sv domain = km_case_domain(c->e->rcpts[i]);
		domain_count **place = (domain_count **)(void *)km_map_put(&at, domain);
		if (place == NULL)
			return n;
		if (*place == NULL) {
			*place = &d[n++];
			**place = (domain_count){ domain, 0 };
		}
		(*place)->n++;
	}
	return n;
}

static bool take_recipients(km_case *c)
{
	const km_rate rcpt = { c->conf->leniency * of_rcpt[c->acc.kind], 3600 };
	const km_rate domain = { c->conf->leniency * of_domain[c->acc.kind], 3600 };
	km_usec now = km_usec_of(c->e->t);
	domain_count *d;
	uint32_t wait;

	for (size_t i = 0, n = count_domains(c, &d); i < n; i++)
		if (!km_counters_take(c->c, km_case_key(c, KM_KEY_RATE_DOMAIN, d[i].domain),
				      &domain, at_most((double)d[i].n, domain.capacity), now,
				      &wait))
			return met(c, "one recipient domain an hour", wait);
	for (size_t i = 0; i < c->e->n_rcpts; i++)
		if (c->e->rcpts[i].n &&
		    !km_counters_take(c->c, km_case_key(c, KM_KEY_RATE_RCPT, c->e->rcpts[i]), &rcpt,
				      1, now, &wait))
			return met(c, "one recipient an hour", wait);
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
