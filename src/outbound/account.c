#include "outbound/account.h"

#include <math.h>
#include <stdatomic.h>

enum {
	SIGNS_LAST = 12 * 3600,
	CLEARED_LASTS = 45 * 86400,
	FEW_MESSAGES = 40, /* too few to know an account's hours */
	HUNDREDTHS = 100   /* tallies count these of a weight */
};

_Static_assert((int)KM_W_END <= (int)KM_PROFILE_WORDS, "a profile has too few words");

/* What an account of a kind may do before it has a history (prior), and, with one, on top of half
 * as much again as its own greatest hour and day (base). */
static const struct {
	double flood_prior, drift_prior, flood_base, drift_base, strict;
} kinds[KM_ACCOUNT_KINDS] = {
	[KM_ACCOUNT_PERSON] = { 40, 200, 30, 70, 28 },
	[KM_ACCOUNT_BULK] = { 50000, 200000, 2000, 5000, 200 },
	[KM_ACCOUNT_SERVER] = { 150, 1500, 40, 120, 40 },
	[KM_ACCOUNT_NEW] = { 25, 50, 25, 50, 25 },
};

static const double times_peak = 1.5, times_cleared = 4;
static const double days_to_know = 3; /* after so many, prior and history weigh the same */

km_state km_state_unpack(uint64_t word)
{
	return (km_state){
		.step = (km_step)(word & 7) < KM_STEPS ? (km_step)(word & 7) : KM_STEP_NONE,
		.kind = (word >> 3 & 7) < KM_ACCOUNT_KINDS ? (km_account_kind)(word >> 3 & 7)
							   : KM_ACCOUNT_UNKNOWN,
		.generation = (uint8_t)(word >> 8),
		.cleared = word >> 16 & 1,
		.since = (uint32_t)(word >> 32),
	};
}

uint64_t km_state_pack(km_state s)
{
	return (uint64_t)s.step | (uint64_t)s.kind << 3 | (uint64_t)s.generation << 8 |
	       (uint64_t)s.cleared << 16 | (uint64_t)s.since << 32;
}

bool km_state_is_over(const km_state *s, uint32_t throttle_s, km_time now)
{
	km_time since = (km_time)s->since;

	return s->step == KM_STEP_THROTTLE &&
	       (now >= since + throttle_s || now < since - throttle_s);
}

static uint32_t seconds(km_time t)
{
	return t < 0 ? 0 : t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static uint64_t get(const km_word *w)
{
	return atomic_load_explicit(w, memory_order_relaxed);
}

void km_account_load(km_account *a, uint64_t key, km_sv name, km_word *w, uint32_t new_days,
		     km_time now)
{
	uint64_t born = get(&w[KM_W_BORN]);

	*a = (km_account){ .name = name, .key = key, .w = w };
	/* A first day that has not come yet was a wrong clock's. */
	if ((uint32_t)born == 0 || (uint32_t)born > seconds(now) + 86400u)
		(void)atomic_compare_exchange_strong(&w[KM_W_BORN], &born,
						     born >> 32 << 32 | seconds(now));
	a->state = km_state_unpack(get(&w[KM_W_STATE]));
	a->days = km_decay_get(&w[KM_W_ACTIVE], KM_HALF_LONG, now);
	a->kind = a->state.kind == KM_ACCOUNT_UNKNOWN ? KM_ACCOUNT_PERSON : a->state.kind;
	if (a->kind == KM_ACCOUNT_NEW) {
		uint32_t created = (uint32_t)(born >> 32), first = (uint32_t)get(&w[KM_W_BORN]);
		uint32_t since = created > first ? created : first;
		if (now > (km_time)since + (km_time)new_days * 86400 &&
		    a->state.step == KM_STEP_NONE)
			a->kind = KM_ACCOUNT_PERSON;
	}
}

void km_account_tell(km_account *a, const km_event *e)
{
	uint64_t old = get(&a->w[KM_W_STATE]), born = get(&a->w[KM_W_BORN]);
	km_state s;

	if (e->account_kind != KM_ACCOUNT_UNKNOWN) {
		do {
			s = km_state_unpack(old);
			s.kind = e->account_kind;
		} while (!atomic_compare_exchange_weak(&a->w[KM_W_STATE], &old, km_state_pack(s)));
		a->state = s;
	}
	if (e->created)
		(void)atomic_compare_exchange_strong(&a->w[KM_W_BORN], &born,
						     (uint64_t)seconds(e->created) << 32 |
							     (uint32_t)born);
}

/* From the prior to what history says, as the days go by. */
static double blend(double prior, double learned, double days)
{
	double w = days / (days + days_to_know);

	return exp(log(prior) * (1 - w) + log(learned) * w);
}

/* Who is registered for mailings may send the first one before anything is known of them. */
static double budget(km_account_kind kind, double prior, double learned, double days)
{
	if (kind == KM_ACCOUNT_BULK)
		return learned > prior ? learned : prior;
	return blend(prior, learned, days);
}

km_budgets km_account_budgets(const km_account *a, double leniency, km_time now)
{
	double hour = km_decay_get(&a->w[KM_W_PEAK_HOUR], KM_HALF_PEAK, now);
	double day = km_decay_get(&a->w[KM_W_PEAK_DAY], KM_HALF_PEAK, now);
	double days = a->kind == KM_ACCOUNT_NEW ? 0 : a->days, times = times_peak;

	/* What a person found right is the habit, however short the history. */
	if (km_account_is_cleared(a, now)) {
		days = 1000;
		times = times_cleared;
	}
	return (km_budgets){
		.flood = { leniency * budget(a->kind, kinds[a->kind].flood_prior,
					     kinds[a->kind].flood_base + times * hour, days),
			   3600 },
		.drift = { leniency * budget(a->kind, kinds[a->kind].drift_prior,
					     kinds[a->kind].drift_base + times * day, days),
			   86400 },
		.strict = leniency * kinds[a->kind].strict,
	};
}

km_top km_top_unpack(uint64_t word)
{
	return (km_top){ .day = (uint32_t)(word >> 48),
			 .hour_tenths = (uint32_t)(word >> 24) & 0xFFFFFF,
			 .rcpts = (uint32_t)(word >> 8) & 0xFFFF,
			 .networks = (uint32_t)word & 0xFF };
}

static uint32_t greater(uint32_t a, uint32_t b, uint32_t most)
{
	uint32_t x = a > b ? a : b;

	return x < most ? x : most;
}

/* Raises the day's greatest values; returns those of the day that ended with this one's first. */
static km_top raise_top(km_word *w, km_top now)
{
	uint64_t old = get(w), to;
	km_top had, t;

	do {
		had = km_top_unpack(old);
		t = had.day == now.day ? had : (km_top){ .day = now.day };
		to = (uint64_t)now.day << 48 |
		     (uint64_t)greater(t.hour_tenths, now.hour_tenths, 0xFFFFFF) << 24 |
		     greater(t.rcpts, now.rcpts, 0xFFFF) << 8 |
		     greater(t.networks, now.networks, 0xFF);
	} while (!atomic_compare_exchange_weak(w, &old, to));
	if (had.day == now.day)
		had = (km_top){ 0 };
	return had;
}

/* A day has ended: what was greatest on it becomes part of the habit, unless the account was
 * stopped on it. What grows fast is not at once a habit. */
static void end_day(km_account *a, km_tally day, km_top top, km_time now)
{
	const struct {
		km_account_word peak;
		double x;
		double room; /* it grows to twice what it was and this at most */
	} rows[] = {
		{ KM_W_PEAK_HOUR, top.hour_tenths / 10.0, 15 },
		{ KM_W_PEAK_DAY, (double)day.count / HUNDREDTHS, 15 },
		{ KM_W_PEAK_RCPTS, top.rcpts, 100 },
		{ KM_W_PEAK_NETS, top.networks, 2 },
	};

	(void)km_decay_add(&a->w[KM_W_ACTIVE], KM_HALF_LONG, 1, now);
	if (a->state.since / 86400 == day.period)
		return;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		double most =
			2 * km_decay_get(&a->w[rows[i].peak], KM_HALF_PEAK, now) + rows[i].room;
		/* The first days tell what an account is. */
		bool capped = a->kind != KM_ACCOUNT_BULK && a->days > 1.5 && rows[i].x > most;
		(void)km_decay_max(&a->w[rows[i].peak], KM_HALF_PEAK, capped ? most : rows[i].x,
				   now);
	}
}

static void count_hour_of_day(km_account *a, km_time now)
{
	unsigned hour = (unsigned)((now % 86400 + 86400) % 86400 / 3600), shift = hour % 8 * 8;
	km_word *w = &a->w[KM_W_HOURS + hour / 8];
	uint64_t old = get(w);

	if ((old >> shift & 0xFF) < 0xFF) {
		(void)atomic_fetch_add(w, (uint64_t)1 << shift);
		return;
	}
	/* All are halved, so that a habit that was given up fades. */
	for (int i = 0; i < 3; i++) {
		old = get(&a->w[KM_W_HOURS + i]);
		atomic_store(&a->w[KM_W_HOURS + i], old >> 1 & 0x7F7F7F7F7F7F7F7Fu);
	}
}

double km_account_hour_share(const km_account *a, km_time now)
{
	unsigned hour = (unsigned)((now % 86400 + 86400) % 86400 / 3600), sum = 0, beside = 0;

	for (unsigned h = 0; h < 24; h++) {
		unsigned n = (unsigned)(get(&a->w[KM_W_HOURS + h / 8]) >> h % 8 * 8) & 0xFF;
		sum += n;
		if (h == hour || h == (hour + 1) % 24 || h == (hour + 23) % 24)
			beside += n;
	}
	return sum < FEW_MESSAGES ? 1 : (double)beside / sum;
}

void km_account_learn(km_account *a, const km_account_sent *s, km_time now)
{
	double capped = s->weight < 1e6 ? s->weight : 1e6;
	uint32_t hundredths = (uint32_t)(capped * HUNDREDTHS), day = seconds(now) / 86400;
	km_tally ended;

	(void)km_tally_add(&a->w[KM_W_DAY], day, hundredths, &ended);
	uint32_t hour = km_tally_add(&a->w[KM_W_HOUR], seconds(now) / 3600, hundredths, NULL);
	const km_top now_top = { .day = day & 0xFFFF,
				 .hour_tenths = hour / (HUNDREDTHS / 10),
				 .rcpts = s->n_rcpts < 0xFFFF ? (uint32_t)s->n_rcpts : 0xFFFF,
				 .networks = s->networks < 255 ? (uint32_t)s->networks : 255 };
	km_top top = raise_top(&a->w[KM_W_TOP], now_top);
	if (ended.period)
		end_day(a, ended, top, now);
	(void)km_decay_add(&a->w[KM_W_MESSAGES], KM_HALF_LONG, 1, now);
	(void)km_decay_add(&a->w[KM_W_RCPTS], KM_HALF_DAY, (double)s->n_rcpts, now);
	if (s->foreign)
		(void)km_decay_add(&a->w[KM_W_FOREIGN], KM_HALF_LONG, 1, now);
	count_hour_of_day(a, now);
}

unsigned km_account_signs(const km_account *a, unsigned more, km_time now)
{
	uint64_t old = get(&a->w[KM_W_SIGNS]), to;
	unsigned bits;

	do {
		uint32_t t = (uint32_t)(old >> 32);
		bits = now < (km_time)t + SIGNS_LAST && now > (km_time)t - SIGNS_LAST
			       ? (uint32_t)old
			       : 0;
		if (more == 0)
			return bits;
		to = (uint64_t)seconds(now) << 32 | (bits | more);
	} while (!atomic_compare_exchange_weak(&a->w[KM_W_SIGNS], &old, to));
	return bits | more;
}

bool km_account_is_cleared(const km_account *a, km_time now)
{
	return a->state.cleared && now < (km_time)a->state.since + CLEARED_LASTS;
}

void km_account_clear(km_account *a, bool raise, km_time now)
{
	static const km_account_word words[] = {
		KM_W_SIGNS,	   KM_W_FLOOD,	   KM_W_DRIFT,	    KM_W_UNKNOWN, KM_W_STRANGE,
		KM_W_STRANGE_AWAY, KM_W_SUSPICION, KM_W_COMPLAINTS, KM_W_FAILED,
	};
	double held = km_decay_get(&a->w[KM_W_HELD], KM_HALF_WEEK, now);
	double hour = km_top_unpack(get(&a->w[KM_W_TOP])).hour_tenths / 10.0;
	double day = (double)km_tally_get(&a->w[KM_W_DAY]).count / HUNDREDTHS;

	for (size_t i = 0; i < KM_COUNT(words); i++)
		atomic_store(&a->w[words[i]], 0);
	if (raise) {
		(void)km_decay_max(&a->w[KM_W_PEAK_HOUR], KM_HALF_PEAK, hour + held, now);
		(void)km_decay_max(&a->w[KM_W_PEAK_DAY], KM_HALF_PEAK, day + held, now);
	}
	atomic_store(&a->w[KM_W_HELD], 0);
}
