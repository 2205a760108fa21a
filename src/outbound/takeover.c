/*
 * Signs that an account is in other hands. Each writes its fact with its numbers and multiplies the
 * weight of the message; none decides alone. All of them compare with what the account itself did
 * before; while nothing is known of it they keep still.
 */
#include "outbound/case.h"

#include <math.h>
#include <stdatomic.h>

enum {
	GUESSES = 10, /* failed logins */
	BODY_WINDOW = 6 * 3600,
	BODY_STRANGERS = 10, /* the same content to so many strangers is a mailing */
	BODY_ACCOUNTS = 4,
	MANY_RCPTS = 20,
	STRANGERS_HOUR = 20, /* of one domain */
	LIST_RCPTS = 120,    /* of one message: a class, a club */
	FEW_RCPTS = 5,
	HURRY_FROM = 15,   /* strangers of half an hour, one by one */
	HURRY_DOUBLE = 30, /* so many more weigh double */
	STEADY_FROM = 20,  /* strangers of a day, or half as many again as on any day before */
	STEADY_DOUBLE = 25,
	AWAY_FROM = 10, /* strangers written to from elsewhere, and no friend */
	AWAY_DOUBLE = 6,
	MOST_FACTOR = 25,
	MOST_FACTOR_KNOWN = 3
};

static void look_at_hours(km_case *c)
{
	int64_t hour = c->e->t % 86400 / 3600;

	if (km_account_hour_share(&c->acc, c->e->t) >= 0.02)
		return;
	km_case_weigh(c, 1.3, KM_SIGN_HOURS);
	km_case_arg(c, km_case_fact(c, KM_FACT_OUT_HOURS, KM_S("")), 1, (double)hour);
}

/* How much of the account's mail has been like this before: what is a habit is no sign. */
static double habit(const km_case *c, km_account_word word)
{
	double n = km_decay_get(&c->acc.w[KM_W_MESSAGES], KM_HALF_LONG, c->e->t);

	return km_decay_get(&c->acc.w[word], KM_HALF_LONG, c->e->t) / (n + 5);
}

/* Nobody said what the account may use: an address that it never used is a weak sign. */
static void look_at_new_from(km_case *c, km_sv from)
{
	if (km_case_is_known(c) &&
	    !km_counters_seen(c->c, km_case_key(c, KM_KEY_FROM, from), c->e->t).known) {
		km_case_weigh(c, 1.3, 0);
		(void)km_case_fact(c, KM_FACT_OUT_FROM_NEW, from);
	}
}

static void look_at_identity(km_case *c)
{
	const km_sv used[] = { c->e->from, c->e->mail_from };
	double p = habit(c, KM_W_FOREIGN);
	km_sv like = { 0 };

	for (size_t i = 0; i < KM_COUNT(used); i++) {
		if (used[i].n == 0 || (i && km_sv_ieq(used[0], used[1])))
			continue;
		km_identity_result r = km_identities_check(c->ids, c->acc.name, used[i], &like);
		if (r == KM_IDENTITY_UNKNOWN)
			look_at_new_from(c, used[i]);
		if (r == KM_IDENTITY_UNKNOWN || r == KM_IDENTITY_OWN)
			continue;
		bool alike = r == KM_IDENTITY_LOOKALIKE;
		km_fact *f = km_case_fact(
			c, alike ? KM_FACT_OUT_FROM_LOOKALIKE : KM_FACT_OUT_FROM_FOREIGN, used[i]);
		if (alike)
			km_fact_arg(&c->d->facts, f, 1, like);
		/* A bounce address of a service is a lesser thing than a false From. */
		double most = alike ? 4 : i ? 1.5 : 3;
		km_case_weigh(c, 1 + (most - 1) * pow(1 - (p < 1 ? p : 1), 4),
			      p < 0.3 && most > 2 ? KM_SIGN_FOREIGN : 0);
		c->foreign = true;
		return;
	}
}

static void look_at_script(km_case *c)
{
	if (c->e->script.n == 0 || !km_case_is_known(c) ||
	    km_counters_seen(c->c, km_case_key(c, KM_KEY_SCRIPT, c->e->script), c->e->t).known)
		return;
	km_case_weigh(c, 2, KM_SIGN_SCRIPT);
	(void)km_case_fact(c, KM_FACT_OUT_SCRIPT_NEW, c->e->script);
}

/* Content that was judged uses up the budgets by itself, whoever it goes to. A list whose mail is
 * always judged so is not made worse by it. */
static void look_at_content(km_case *c)
{
	static const struct {
		km_sv class;
		double share, of_bulk;
	} rows[] = {
		{ KM_SV("spam"), 0.12, 0 },
		{ KM_SV("scam"), 0.2, 0.02 },
		{ KM_SV("phish"), 0.2, 0.05 },
		{ KM_SV("malware"), 0.4, 0.2 },
	};
	double p = habit(c, KM_W_JUDGED_BAD), share = 0;
	km_sv class = c->e->class;

	if (class.n == 0 && c->e->score >= 15)
		class = KM_S("spam");
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		if (km_sv_eq(class, rows[i].class))
			share = c->acc.kind == KM_ACCOUNT_BULK ? rows[i].of_bulk : rows[i].share;
	if (share <= 0)
		return;
	(void)km_decay_add(&c->acc.w[KM_W_JUDGED_BAD], KM_HALF_LONG, 1, c->e->t);
	c->share = share * pow(1 - (p < 1 ? p : 1), 2);
	km_case_weigh(c, 1, p < 0.2 ? KM_SIGN_CONTENT : 0);
	km_fact *f = km_case_fact(
		c, km_sv_eq(class, KM_S("malware")) ? KM_FACT_OUT_VIRUS : KM_FACT_OUT_CONTENT,
		class);
	km_fact_arg(&c->d->facts, f, 1, km_sv_fmt(c->arena, "%.1f", c->e->score));
}

static bool is_own_domain(const km_case *c, km_sv domain)
{
	return km_sv_ieq(domain, km_case_domain(c->e->mail_from)) ||
	       km_sv_ieq(domain, km_case_domain(c->e->from));
}

/* Recipients that the account never wrote to; and whether they are of one domain. */
static void look_at_recipients(km_case *c)
{
	const km_rate hour = { STRANGERS_HOUR, 3600 };
	bool one_domain = false;
	km_sv first = { 0 };
	size_t alike = 0;

	for (size_t i = 0; i < c->e->n_rcpts; i++) {
		km_sv rcpt = c->e->rcpts[i], domain = km_case_domain(rcpt);
		km_seen seen = km_counters_seen(c->c, km_case_key(c, KM_KEY_RCPT, rcpt), c->e->t);
		if (seen.known) {
			c->acquainted += seen.today && seen.days == 1;
			continue;
		}
		if (c->strangers++ == 0)
			first = domain;
		alike += km_sv_ieq(domain, first);
		if (c->acc.kind == KM_ACCOUNT_BULK || one_domain ||
		    km_counters_take(c->c, km_case_key(c, KM_KEY_RATE_STRANGERS, domain), &hour, 1,
				     km_usec_of(c->e->t), NULL))
			continue;
		one_domain = true;
		km_case_weigh(c, 1.3, 0);
		(void)km_case_fact(c, KM_FACT_OUT_ONE_DOMAIN, domain);
	}
	/* Names tried out; within an own domain it is a message to all staff. */
	if (one_domain && alike >= MANY_RCPTS && alike * 10 >= c->strangers * 8 &&
	    !is_own_domain(c, first))
		km_case_weigh(c, 2.5, 0);
	if (c->strangers * 2 > c->e->n_rcpts && c->acc.kind != KM_ACCOUNT_BULK) {
		km_fact *f = km_case_fact(c, KM_FACT_OUT_STRANGERS, KM_S(""));
		km_case_arg(c, f, 1, (double)c->strangers);
		km_case_arg(c, f, 2, (double)c->e->n_rcpts);
	}
	double usual = km_decay_get(&c->acc.w[KM_W_PEAK_RCPTS], KM_HALF_PEAK, c->e->t);
	if (!km_case_is_known(c) || c->e->n_rcpts < MANY_RCPTS ||
	    (double)c->e->n_rcpts < 3 * usual || c->strangers * 10 < c->e->n_rcpts * 7)
		return;
	km_case_weigh(c, c->away && c->e->country.n && !km_place_is_own_country(c) ? 1.5 : 1,
		      KM_SIGN_MANY_RCPTS);
	km_fact *f = km_case_fact(c, KM_FACT_OUT_RECIPIENTS_MANY, KM_S(""));
	km_case_arg(c, f, 1, (double)c->e->n_rcpts);
	km_case_arg(c, f, 2, usual);
}

/* The same content again and again to strangers, from one account or from several. */
static void look_at_body(km_case *c)
{
	km_sv body = c->e->body_digest.n ? c->e->body_digest : c->e->subject;

	if (c->strangers == 0 || body.n == 0 || c->acc.kind == KM_ACCOUNT_BULK)
		return;
	uint64_t key = km_case_key_bytes(c, KM_KEY_BODY, body);
	double before = km_counters_distinct(c->c, key, BODY_WINDOW, 1, c->e->t);
	for (size_t i = 0; i < c->e->n_rcpts && i < 4 * BODY_STRANGERS; i++)
		km_counters_distinct_add(c->c, key, km_case_key(c, KM_KEY_RCPT, c->e->rcpts[i]),
					 BODY_WINDOW, 1, c->e->t);
	/* One message to many is no repetition. */
	if (before >= BODY_STRANGERS) {
		km_case_weigh(c, c->e->body_digest.n ? 1.6 : 1.3, KM_SIGN_BODY);
		km_case_arg(c, km_case_fact(c, KM_FACT_OUT_SAME_BODY, KM_S("")), 1,
			    km_counters_distinct(c->c, key, BODY_WINDOW, 1, c->e->t));
	}
	if (c->e->body_digest.n == 0)
		return;
	key = km_counters_key(c->c, KM_KEY_BODY_ACCOUNTS, 0, body);
	km_counters_distinct_add(c->c, key, c->acc.key, BODY_WINDOW, 1, c->e->t);
	double n = km_counters_distinct(c->c, key, BODY_WINDOW, 1, c->e->t);
	if (n >= BODY_ACCOUNTS) {
		km_case_weigh(c, 1.3, 0);
		km_case_arg(c, km_case_fact(c, KM_FACT_OUT_BODY_SHARED, KM_S("")), 1, n);
	}
}

/* Without login nobody may relay for others: neither sender nor recipient is ours. */
static void look_at_relay(km_case *c)
{
	km_sv sender = c->e->mail_from.n ? c->e->mail_from : c->e->from;

	if (c->e->account.n || c->acc.name.n || km_identities_empty(c->ids) || sender.n == 0 ||
	    km_identities_is_ours(c->ids, km_case_domain(sender)))
		return;
	for (size_t i = 0; i < c->e->n_rcpts; i++)
		if (km_identities_is_ours(c->ids, km_case_domain(c->e->rcpts[i])))
			return;
	km_case_weigh(c, 8, KM_SIGN_FOREIGN);
	(void)km_case_fact(c, KM_FACT_OUT_RELAY, sender);
}

void km_takeover_message(km_case *c)
{
	static void (*const looks[])(km_case *) = {
		km_place_network, km_place_country, look_at_hours,	look_at_identity,
		look_at_script,	  look_at_content,  look_at_recipients, km_place_strangers,
		look_at_body,	  look_at_relay,
	};
	double suspicion = km_decay_get(&c->acc.w[KM_W_SUSPICION], KM_HALF_SUSPICION, c->e->t);

	for (size_t i = 0; i < KM_COUNT(looks); i++)
		looks[i](c);
	c->factor *= 1 + (suspicion < 2 ? suspicion : 2);
	/* Of what goes to friends some is always misjudged. */
	if (c->strangers == 0)
		c->share *= 0.3;
	/* A person looked at it and found it right. */
	if (km_account_is_cleared(&c->acc, c->e->t))
		c->factor = sqrt(c->factor);
}

/* One message to many is less than many messages: a mailing list begins so. To very many it is not.
 */
static double of_strangers(double n)
{
	return pow(n < LIST_RCPTS ? n : LIST_RCPTS, 0.68) + (n > LIST_RCPTS ? n - LIST_RCPTS : 0);
}

/* One stranger after the other, more in these minutes than ever in an hour: people write lists, and
 * programs are known to be ones. */
static double hurry(const km_case *c, double before)
{
	double usual = km_decay_get(&c->acc.w[KM_W_PEAK_HOUR], KM_HALF_PEAK, c->e->t);

	if (usual < HURRY_FROM)
		usual = HURRY_FROM;
	return before < usual ? 1 : 1 + (before - usual) / HURRY_DOUBLE;
}

/* The same of a whole day, for what keeps below every hour's limit. */
static double steady(const km_case *c)
{
	km_tally today = km_tally_get(&c->acc.w[KM_W_DAY]);
	double usual = 1.5 * km_decay_get(&c->acc.w[KM_W_PEAK_DAY], KM_HALF_PEAK, c->e->t);
	double n = today.period == (uint32_t)(c->e->t / 86400) ? today.count / 100.0 : 0;

	if (usual < STEADY_FROM)
		usual = STEADY_FROM;
	/* Nobody knows yet how much is much for it. */
	return !km_case_is_known(c) || n < usual ? 1 : 1 + (n - usual) / STEADY_DOUBLE;
}

/* From elsewhere one writes to friends sooner or later; who has the password of somebody else has
 * none. */
static double friendless(double strangers, double friends)
{
	if (strangers < AWAY_FROM || friends > 0.1 * strangers)
		return 1;
	return 1 + (strangers - AWAY_FROM) / AWAY_DOUBLE;
}

/* Whether what came before it makes it weigh more. */
static bool is_paced(const km_case *c)
{
	bool person = c->acc.kind == KM_ACCOUNT_PERSON || c->acc.kind == KM_ACCOUNT_NEW;

	return person && c->e->n_rcpts <= FEW_RCPTS && !km_account_is_cleared(&c->acc, c->e->t);
}

/*
 * Strangers among friends weigh little: somebody who moves house or sends the month's invoices
 * writes to people whom the account knows, and a few whom it does not; a bot writes to strangers
 * alone. Friends written to from home do not speak for mail from elsewhere.
 */
double km_takeover_weight(km_case *c)
{
	km_word *known = &c->acc.w[c->away ? KM_W_KNOWN_AWAY : KM_W_KNOWN];
	km_word *strange = &c->acc.w[c->away ? KM_W_STRANGE_AWAY : KM_W_STRANGE];
	double s = (double)c->strangers, k = (double)(c->e->n_rcpts - c->strangers);
	/* Who travels writes little, so his friends speak for him longer. */
	uint32_t half_life = c->away ? KM_HALF_AWAY : KM_HALF_RECENT;
	double all_s = km_decay_add(strange, half_life, s, c->e->t);
	double all_k = km_decay_add(known, half_life, k, c->e->t);
	double of_known = 0.02 * k + 0.03 * (double)c->acquainted, weight = 0, pace = 1;

	if (c->strangers)
		weight = of_strangers(s) * pow(all_s / (all_s + all_k), 4);
	if (is_paced(c)) {
		pace = c->away ? friendless(all_s - s, all_k) : hurry(c, all_s - s);
		c->steady = c->away ? 1 : steady(c);
	}
	c->cost = weight * c->strict * pace * (c->factor < MOST_FACTOR ? c->factor : MOST_FACTOR) +
		  of_known * (c->factor < MOST_FACTOR_KNOWN ? c->factor : MOST_FACTOR_KNOWN);
	return weight + of_known;
}

void km_takeover_remember(km_case *c)
{
	/* A place from which only strangers are written to never becomes the account's own. */
	if (c->strangers < c->e->n_rcpts || !c->away)
		km_place_remember(c);
	for (size_t i = 0; i < c->e->n_rcpts; i++)
		km_counters_see(c->c, km_case_key(c, KM_KEY_RCPT, c->e->rcpts[i]), c->e->t);
	if (c->e->from.n)
		km_counters_see(c->c, km_case_key(c, KM_KEY_FROM, c->e->from), c->e->t);
	if (c->e->mail_from.n)
		km_counters_see(c->c, km_case_key(c, KM_KEY_FROM, c->e->mail_from), c->e->t);
	if (c->e->script.n)
		km_counters_see(c->c, km_case_key(c, KM_KEY_SCRIPT, c->e->script), c->e->t);
}

void km_takeover_login(km_case *c)
{
	km_word *failed = &c->acc.w[KM_W_FAILED];

	if (!c->e->ok) {
		(void)km_decay_add(failed, 3600, 1, c->e->t);
		return;
	}
	double guesses = km_decay_get(failed, 3600, c->e->t);
	bool away = c->e->ip.len && km_case_is_known(c) && !km_place_is_home(c);
	if (guesses >= GUESSES && away) {
		km_case_arg(c, km_case_fact(c, KM_FACT_OUT_LOGIN_GUESSED, KM_S("")), 1, guesses);
		c->signs |= KM_SIGN_GUESSED;
		(void)km_decay_add(&c->acc.w[KM_W_SUSPICION], KM_HALF_SUSPICION, 1, c->e->t);
		atomic_store(failed, 0);
		km_ladder_propose(c, KM_STEP_NOTICE);
	}
	km_place_country(c);
	km_place_remember(c);
	(void)km_account_signs(&c->acc, c->signs & ~(unsigned)KM_SIGN_COUNTRY, c->e->t);
}

/* 5.1.x: the address is wrong (RFC 3463); without a code it may be anything. */
void km_takeover_bounce(km_case *c)
{
	double weight = km_sv_starts(c->e->status, KM_S("5.1.")) ? 1 : c->e->status.n ? 0 : 0.5;
	uint64_t key = km_case_key(c, KM_KEY_BOUNCED, c->e->rcpt);

	/* A program that writes to one dead address every minute tries out no names. */
	if (weight <= 0 || (c->e->rcpt.n && km_counters_seen(c->c, key, c->e->t).today))
		return;
	if (c->e->rcpt.n)
		km_counters_see_briefly(c->c, key, c->e->t);
	double unknown = km_decay_add(&c->acc.w[KM_W_UNKNOWN], KM_HALF_DAY, weight, c->e->t);
	double all = km_decay_get(&c->acc.w[KM_W_RCPTS], KM_HALF_DAY, c->e->t);
	double share = unknown / (all > unknown ? all : unknown);

	km_rate_force(&c->acc.w[KM_W_FLOOD], &c->budgets.flood, weight, km_usec_of(c->e->t));
	km_rate_force(&c->acc.w[KM_W_DRIFT], &c->budgets.drift, weight, km_usec_of(c->e->t));
	if (unknown < 5 || share < 0.25)
		return;
	km_fact *f = km_case_fact(c, KM_FACT_OUT_BOUNCES, c->e->rcpt);
	km_case_arg(c, f, 1, unknown);
	km_case_arg(c, f, 2, all > unknown ? all : unknown);
	bool attack = unknown >= 8 && share >= 0.35;
	if (attack)
		(void)km_account_signs(&c->acc, KM_SIGN_BOUNCES, c->e->t);
	km_ladder_propose(c, attack ? KM_STEP_BRAKE : KM_STEP_WARNING);
}

void km_takeover_complaint(km_case *c)
{
	if (km_sv_ieq(c->e->type, KM_S("not-spam")))
		return;
	double n = km_decay_add(&c->acc.w[KM_W_COMPLAINTS], KM_HALF_WEEK, 1, c->e->t);
	double sent = km_decay_get(&c->acc.w[KM_W_MESSAGES], KM_HALF_LONG, c->e->t);
	bool bulk = c->acc.kind == KM_ACCOUNT_BULK;

	km_fact *f =
		km_case_fact(c, KM_FACT_OUT_COMPLAINT, c->e->type.n ? c->e->type : KM_S("abuse"));
	km_case_arg(c, f, 1, n);
	if (bulk) {
		if (n >= 5 && n > 0.003 * sent)
			km_ladder_propose(c, KM_STEP_WARNING);
		return;
	}
	(void)km_account_signs(&c->acc, KM_SIGN_COMPLAINT, c->e->t);
	(void)km_decay_add(&c->acc.w[KM_W_SUSPICION], KM_HALF_SUSPICION, 0.3, c->e->t);
	/* Complaints alone may be a quarrel, or a few of very many readers. */
	bool strong = km_account_signs(&c->acc, 0, c->e->t) & KM_SIGNS_STRONG;
	bool many = n > 0.01 * sent;
	km_ladder_propose(c, many && n >= (strong ? 7.5 : 15) ? KM_STEP_BRAKE
			     : n >= 2.5			      ? KM_STEP_WARNING
							      : KM_STEP_NOTICE);
}

/* A machine that talks to many mail servers past the relay is infected until shown otherwise. */
void km_takeover_port25(km_case *c)
{
	static const struct {
		double dests, connections;
		km_step step;
	} rows[] = {
		{ 20, 100, KM_STEP_BRAKE },
		{ 8, 40, KM_STEP_WARNING },
		{ 3, 10, KM_STEP_NOTICE },
	};

	if (c->acc.kind == KM_ACCOUNT_SERVER)
		return;
	uint64_t key = km_case_key_bytes(c, KM_KEY_PORT25, KM_S(""));
	const km_rate hour = { 1000, 3600 };
	double level;
	km_counters_distinct_add(c->c, key, km_case_key(c, KM_KEY_PORT25, c->e->dest), 3600, 1,
				 c->e->t);
	double n = km_counters_distinct(c->c, key, 3600, 1, c->e->t);
	(void)km_rate_take(&c->acc.w[KM_W_PORT25], &hour, 1, km_usec_of(c->e->t), NULL);
	level = 1000 * km_rate_level(&c->acc.w[KM_W_PORT25], &hour, km_usec_of(c->e->t));
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		if (n < rows[i].dests - 0.5 && level < rows[i].connections)
			continue;
		km_fact *f = km_case_fact(c, KM_FACT_OUT_PORT25, km_case_ip(c));
		km_case_arg(c, f, 1, n);
		km_case_arg(c, f, 2, level);
		(void)km_account_signs(&c->acc, KM_SIGN_PORT25, c->e->t);
		km_ladder_propose(c, rows[i].step);
		return;
	}
}
