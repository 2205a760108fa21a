/*
 * daemon/flusher.h - brings the counters to the disk from time to time, in a thread of its own: the
 * disk may take its time, and mail does not wait for it.
 */
#ifndef KM_DAEMON_FLUSHER_H
#define KM_DAEMON_FLUSHER_H

#include "daemon/sandbox.h"
#include "daemon/warden.h"

typedef struct km_flusher km_flusher;

/* Every @seconds. To be called before the role confines itself: the thread enters @box of its own.
 * @warden and @box->dir must outlive it. */
KM_NODISCARD km_status km_flusher_start(km_warden *warden, const km_sandbox *box, unsigned seconds,
					km_flusher **out, km_err *err);
/* Waits for what is under way. @f may be NULL. */
void km_flusher_stop(km_flusher *f);

#endif
