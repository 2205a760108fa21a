/*
 * engine/dnsbl_health.h - which DNS lists are worth asking now: one that refuses to answer is not
 * asked for an hour, one that was silent in several messages in a row not for ten minutes. State of
 * a process, kept outside the scan: it is given to it as bits (km_envelope.dnsbl_off), and learns
 * from its outcome. Thread rule: one object, one thread.
 */
#ifndef KM_ENGINE_DNSBL_HEALTH_H
#define KM_ENGINE_DNSBL_HEALTH_H

#include "base/clock.h"
#include "engine/dnsbl.h"

enum {
	KM_DNSBL_FAILURES = 5,	      /* messages in a row */
	KM_DNSBL_SILENT_REST = 600,   /* seconds */
	KM_DNSBL_REFUSED_REST = 3600, /* seconds */
};

typedef struct {
	unsigned failures[KM_DNSBL_MAX];
	km_time until[KM_DNSBL_MAX]; /* not asked before; 0: asked */
} km_dnsbl_health;

/* Lists not to be asked at @now, by bit. */
uint32_t km_dnsbl_health_off(const km_dnsbl_health *h, km_time now);
/* Takes in how the lists did. Returns those that are off from now on, by bit. */
uint32_t km_dnsbl_health_learn(km_dnsbl_health *h, const km_dnsbl_outcome *o, km_time now);

#endif
