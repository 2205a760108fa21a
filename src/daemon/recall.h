/*
 * daemon/recall.h - what the guard was told (leases, senders that accounts may use), kept on disk
 * (store/known.h), so that a guard that is started again knows it.
 */
#ifndef KM_DAEMON_RECALL_H
#define KM_DAEMON_RECALL_H

#include "outbound/guard.h"

typedef struct km_recall km_recall;

/* Opens or makes "known.db" in @state_dir and tells @g and @ids all that is in it. A damaged file
 * is set aside, and the log says so. */
KM_NODISCARD km_status km_recall_open(const char *state_dir, km_guard *g, km_identities *ids,
				      km_recall **out, km_err *err);
void km_recall_close(km_recall *r);

/* Keeps what @e tells beyond the guard's life, if anything. Where that fails, the guard knows it
 * all the same, and the log says so once. */
void km_recall_keep(km_recall *r, const km_event *e);
/* Brings it to the disk; from any thread. */
KM_NODISCARD km_status km_recall_flush(const char *state_dir, km_err *err);

#endif
