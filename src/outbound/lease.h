/*
 * outbound/lease.h - who holds an address: what DHCP, PPPoE or a gateway told in lease events. For
 * mail without login, and for connections past the relay.
 */
#ifndef KM_OUTBOUND_LEASE_H
#define KM_OUTBOUND_LEASE_H

#include "base/clock.h"

typedef struct km_leases km_leases;

enum { KM_LEASES_MAX = 1 << 20, KM_LEASE_NAME_MAX = 255 };

km_leases *km_leases_new(void);
void km_leases_free(km_leases *l);
/* @ip: a key of the address. @until 0: until the next one. False when it is not kept: no memory,
 * the name too long, or KM_LEASES_MAX of them in force. */
bool km_leases_put(km_leases *l, uint64_t ip, km_sv account, km_time until, km_time now);
/* Empty when nobody is known to hold it; lives until the next km_leases_put(). */
km_sv km_leases_get(const km_leases *l, uint64_t ip, km_time now);

#endif
