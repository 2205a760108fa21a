#include "store/word.h"

#include <math.h>
#include <stdatomic.h>

/* Sums are of messages and recipients; nothing honest comes near this. */
#define MOST 1e9F

static uint64_t load(const km_word *w)
{
	return atomic_load_explicit(w, memory_order_relaxed);
}

static bool swap(km_word *w, uint64_t *old, uint64_t to)
{
	return atomic_compare_exchange_weak_explicit(w, old, to, memory_order_relaxed,
						     memory_order_relaxed);
}

static km_usec window_of(const km_rate *r)
{
	return (km_usec)r->window * 1000000u;
}

/* The arrival time as far as it can be true. One that no clock could have left that was wrong by
 * less than a window says nothing: mail is not blocked for a clock that was set right. */
static km_usec arrival(uint64_t tat, km_usec window, km_usec now)
{
	if (tat < now || tat - now > 2 * window)
		return now;
	return tat > now + window ? now + window : tat;
}

static km_usec time_of(const km_rate *r, double cost)
{
	double share = r->capacity > 0 ? cost / r->capacity : 2;

	if (!(share > 0))
		return 0;
	return (km_usec)((share < 2 ? share : 2) * (double)window_of(r));
}

bool km_rate_take(km_word *w, const km_rate *r, double cost, km_usec now, uint32_t *wait_s)
{
	km_usec window = window_of(r), add = time_of(r, cost);
	uint64_t old = load(w);

	for (;;) {
		km_usec was = arrival(old, window, now), tat = was + add;
		if (tat > now + window) {
			/* A time that can not be true must not wait for the clock to reach it. */
			if (old > was && !swap(w, &old, was))
				continue;
			if (wait_s)
				*wait_s = add > window
						  ? UINT32_MAX
						  : (uint32_t)((tat - now - window) / 1000000u) + 1;
			return false;
		}
		if (swap(w, &old, tat))
			return true;
	}
}

void km_rate_force(km_word *w, const km_rate *r, double cost, km_usec now)
{
	km_usec window = window_of(r), add = time_of(r, cost);
	uint64_t old = load(w);

	while (!swap(w, &old, arrival(arrival(old, window, now) + add, window, now)))
		;
}

double km_rate_level(const km_word *w, const km_rate *r, km_usec now)
{
	km_usec window = window_of(r);

	return window ? (double)(arrival(load(w), window, now) - now) / (double)window : 0;
}

typedef struct {
	float value;
	uint32_t t;
} decayed;

static uint32_t seconds(km_time t)
{
	return t < 0 ? 0 : t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

static decayed unpack(uint64_t word)
{
	decayed d = { .t = (uint32_t)word };
	uint32_t bits = (uint32_t)(word >> 32);

	memcpy(&d.value, &bits, sizeof(bits));
	if (!(d.value >= 0 && d.value <= MOST))
		d.value = 0;
	return d;
}

static uint64_t pack(decayed d)
{
	uint32_t bits;

	memcpy(&bits, &d.value, sizeof(bits));
	return (uint64_t)bits << 32 | d.t;
}

/*
 * The value at @now. A clock that went back a little does not decay it, and the later time stays;
 * one that lies more than a half-life in the future was wrong and is given up.
 */
static decayed at(uint64_t word, uint32_t half_life, uint32_t now)
{
	decayed d = unpack(word);

	if (now > d.t) {
		if (d.value > 0)
			d.value *= exp2f(-(float)(now - d.t) / (float)half_life);
		d.t = now;
	} else if (d.t - now > half_life) {
		d.t = now;
	}
	return d;
}

double km_decay_get(const km_word *w, uint32_t half_life, km_time now)
{
	return (double)at(load(w), half_life, seconds(now)).value;
}

double km_decay_add(km_word *w, uint32_t half_life, double x, km_time now)
{
	uint64_t old = load(w);
	decayed d;

	do {
		d = at(old, half_life, seconds(now));
		d.value += (float)x;
		if (!(d.value > 0))
			d.value = 0;
		if (d.value > MOST)
			d.value = MOST;
	} while (!swap(w, &old, pack(d)));
	return (double)d.value;
}

double km_decay_max(km_word *w, uint32_t half_life, double x, km_time now)
{
	uint64_t old = load(w);
	decayed d;

	do {
		d = at(old, half_life, seconds(now));
		if (x > (double)d.value)
			d.value = x < (double)MOST ? (float)x : MOST;
	} while (!swap(w, &old, pack(d)));
	return (double)d.value;
}

km_tally km_tally_get(const km_word *w)
{
	uint64_t word = load(w);

	return (km_tally){ (uint32_t)(word >> 32), (uint32_t)word };
}

uint32_t km_tally_add(km_word *w, uint32_t period, uint32_t n, km_tally *before)
{
	uint64_t old = load(w);
	uint32_t count;
	bool ended;

	do {
		uint32_t had = (uint32_t)old;
		ended = old >> 32 != period;
		count = ended ? n : had > UINT32_MAX - n ? UINT32_MAX : had + n;
	} while (!swap(w, &old, (uint64_t)period << 32 | count));
	if (before)
		*before = ended ? (km_tally){ (uint32_t)(old >> 32), (uint32_t)old }
				: (km_tally){ 0, 0 };
	return count;
}

uint32_t km_tally_max(km_word *w, uint32_t period, uint32_t n)
{
	uint64_t old = load(w);
	uint32_t count;

	do {
		uint32_t had = old >> 32 == period ? (uint32_t)old : 0;
		count = had > n ? had : n;
	} while (!swap(w, &old, (uint64_t)period << 32 | count));
	return count;
}
