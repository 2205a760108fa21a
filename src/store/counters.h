/*
 * store/counters.h - what several processes count together: profiles of accounts, rates of anything
 * else (GCRA), what was seen before, and how many different ones (HyperLogLog). A file that all of
 * them map, or memory of one process; lock-free, every change is one 64-bit word (store/word.h).
 *
 * Keys are 64-bit hashes keyed with a secret of the file, so nobody chooses what collides; they are
 * kept whole (16 bits of them for what was seen), and nothing of names or addresses is in the file.
 * Every table is of fixed size: what was not used for longest makes room.
 *
 * All of it survives the death of its processes at any time. km_counters_flush() brings it to the
 * disk; after a power cut counters are behind by no more than since the last flush. A file that is
 * damaged or of another layout is replaced, and km_counters_said() says so.
 *
 * Each operation is one step on one key with the time as an argument, so that a server-side script
 * (Redis: a hash for a profile, PFADD, a string for a rate) can stand behind the same functions.
 */
#ifndef KM_STORE_COUNTERS_H
#define KM_STORE_COUNTERS_H

#include "store/word.h"

typedef struct km_counters km_counters;

/* Entries of each table. Bytes: a profile 316, a rate 16, a set entry 4, a distinct count 80. */
typedef struct {
	uint32_t profiles, rates, seen, distinct;
} km_counters_size;

enum { KM_PROFILE_WORDS = 38 };

/* Room for @accounts accounts and what they do; 1,000,000 take 505 MB. */
km_counters_size km_counters_size_for(uint32_t accounts);

/*
 * Maps the file @path, made when it is absent (mode 0600), with the tables that it has: @size is
 * for a new one. @path NULL: memory of this process with the same secret every time, so that a
 * replay gives the same results. KM_IO with the reason.
 */
KM_NODISCARD km_status km_counters_open(const char *path, const km_counters_size *size,
					km_counters **out, km_err *err);
void km_counters_close(km_counters *c);
/* What was wrong with the file, which was replaced by an empty one; "" when nothing was. */
const char *km_counters_said(const km_counters *c);
km_counters_size km_counters_sizes(const km_counters *c);
/* All changes so far are on disk when it returns KM_OK. */
KM_NODISCARD km_status km_counters_flush(km_counters *c, km_time now, km_err *err);
/* When the file was last flushed; 0 for never. */
km_time km_counters_flushed(const km_counters *c);

/* A key for @item of a @kind (a letter) that belongs to @owner (a key, or 0). Never 0. */
uint64_t km_counters_key(const km_counters *c, char kind, uint64_t owner, km_sv item);

/*
 * The words of a profile, made (all zero) when it is new and @make; NULL when it is not there. They
 * stay valid until km_counters_close(), but may become another key's once this one was not used for
 * longest: get them anew for every event. The one not pinned and not used for longest is given up
 * when there is no room; NULL when all are pinned.
 */
km_word *km_counters_profile(km_counters *c, uint64_t key, bool make, km_time now);
/* A pinned profile is not given up. */
void km_counters_pin(km_counters *c, const km_word *profile, bool pinned);

/* Takes @cost from the rate of @key; see km_rate_take(). */
bool km_counters_take(km_counters *c, uint64_t key, const km_rate *r, double cost, km_usec now,
		      uint32_t *wait_s);

typedef struct {
	bool known;    /* it was seen before */
	bool today;    /* the last time was today (days of UTC) */
	unsigned days; /* on how many days, 1 to 15 */
} km_seen;
/* Whether @key was seen before; wrongly so for 1 of 4,000 that were not. */
km_seen km_counters_seen(const km_counters *c, uint64_t key, km_time now);
void km_counters_see(km_counters *c, uint64_t key, km_time now);
/* As km_counters_see(), of what is worth nothing after this day (queue ids): it makes room first.
 */
void km_counters_see_briefly(km_counters *c, uint64_t key, km_time now);

/*
 * Sets of which it is only known how many different items they have, within some 13 %; small
 * numbers are nearly exact. A key has one for each window of @window_s seconds, and counts what was
 * in this and the @back windows before it; @back is the same for both calls.
 */
void km_counters_distinct_add(km_counters *c, uint64_t key, uint64_t item, uint32_t window_s,
			      unsigned back, km_time now);
double km_counters_distinct(km_counters *c, uint64_t key, uint32_t window_s, unsigned back,
			    km_time now);

#endif
