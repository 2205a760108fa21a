/*
 * store/word.h - statistics of one 64-bit word each, moved by compare-and-swap: a rate (GCRA), a
 * sum or a peak that decays, a count of the present hour or day. One word is never half written, so
 * several processes may move it and any of them may be killed at any time.
 * Times are the caller's. A clock that goes back leaves a rate as full as it was, or cut back to
 * full; by more than a window it begins anew, so that mail is not blocked for a clock that was set
 * right. A stored word that makes no sense (damage) reads as empty.
 */
#ifndef KM_STORE_WORD_H
#define KM_STORE_WORD_H

#include "base/clock.h"

typedef _Atomic uint64_t km_word;

/* Microseconds since 1970. */
typedef uint64_t km_usec;
static inline km_usec km_usec_of(km_time t)
{
	return t > 0 ? (km_usec)t * 1000000u : 0;
}

/*
 * A bucket of @capacity that drains in @window seconds (GCRA: the word is the theoretical arrival
 * time). Both may differ from call to call: what is kept is the share of the bucket in use.
 */
typedef struct {
	double capacity;
	uint32_t window; /* seconds */
} km_rate;

/* Takes @cost when there is room for it. False: nothing was taken; *wait_s (may be NULL) tells when
 * there will be room, UINT32_MAX for never (more than the whole bucket). */
bool km_rate_take(km_word *w, const km_rate *r, double cost, km_usec now, uint32_t *wait_s);
/* Takes @cost, and fills the bucket to the brim when there is not that much room. */
void km_rate_force(km_word *w, const km_rate *r, double cost, km_usec now);
/* Share of the bucket in use, 0 to 1. */
double km_rate_level(const km_word *w, const km_rate *r, km_usec now);

/* A sum that halves in @half_life seconds. @x may be negative; the sum never is. Returns it. */
double km_decay_add(km_word *w, uint32_t half_life, double x, km_time now);
double km_decay_get(const km_word *w, uint32_t half_life, km_time now);
/* The greatest value seen, which decays as the sum does. */
double km_decay_max(km_word *w, uint32_t half_life, double x, km_time now);

/* Counts of one period (hour, day): 32 bits of its number, 32 of the count, which stops at its
 * greatest value. */
typedef struct {
	uint32_t period, count;
} km_tally;
/* Adds @n to the count of @period, or begins a new period, when *before tells the one that ended
 * ({0, 0} otherwise; may be NULL). A period that goes back begins anew as well. Returns the count.
 */
uint32_t km_tally_add(km_word *w, uint32_t period, uint32_t n, km_tally *before);
/* The greater of both for this period. */
uint32_t km_tally_max(km_word *w, uint32_t period, uint32_t n);
km_tally km_tally_get(const km_word *w);

#endif
