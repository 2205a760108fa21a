/*
 * daemon/busiest.h - the accounts that are nearest to their limits, for a view of the guard: a
 * table of a fixed size in which the least near makes room. Nothing is judged by it.
 */
#ifndef KM_DAEMON_BUSIEST_H
#define KM_DAEMON_BUSIEST_H

#include "front/guardline/guardline.h"
#include "outbound/guard.h"

typedef struct km_busiest km_busiest;

/* NULL without memory; freed with free(). */
km_busiest *km_busiest_new(void);

/* @level: the part of its limits that the account has used, about 0 to 1. */
void km_busiest_note(km_busiest *b, km_sv name, float level);

/* At most @limit accounts into @rows, stopped ones first, then those nearest to it, as @guard sees
 * them @now. Names live until the next km_busiest_note(). */
size_t km_busiest_rank(const km_busiest *b, km_guard *guard, km_time now, km_guardline_row *rows,
		       size_t limit);

#endif
