/*
 * store/key.h - names as 64-bit keys (SipHash-1-3, Aumasson and Bernstein 2012): who does not know
 * the seed can not choose names that collide.
 */
#ifndef KM_STORE_KEY_H
#define KM_STORE_KEY_H

#include "base/sv.h"

typedef struct {
	uint64_t k[2];
} km_seed;

uint64_t km_key_hash(const km_seed *seed, km_sv v);
/* Of @item in the name space @kind of @owner. */
uint64_t km_key_of(const km_seed *seed, char kind, uint64_t owner, km_sv item);
/* Another key made of two; not for what others choose. */
uint64_t km_key_mix(uint64_t a, uint64_t b);

#endif
