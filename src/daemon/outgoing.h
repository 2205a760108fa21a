/*
 * daemon/outgoing.h - the scanner's end of the line to the guard: mail that one of our own sends is
 * told with what its content was judged to be, and what the guard decides becomes of it. The line
 * is that of "guard.sock" (front/guardline/guardline.h), for submits alone.
 */
#ifndef KM_DAEMON_OUTGOING_H
#define KM_DAEMON_OUTGOING_H

#include "daemon/job.h"

typedef struct km_outgoing km_outgoing;

/* How long a message waits for the guard, its restarts included. */
enum { KM_OUTGOING_DEADLINE_MS = 5000 };

KM_NODISCARD km_status km_outgoing_new(uv_loop_t *loop, km_shared *shared, const km_conf *conf,
				       km_outgoing **out, km_err *err);
/* A new guard; takes @fd over. */
void km_outgoing_link(km_outgoing *o, int fd);
/* Closes the line; free once the loop has run out. @o may be NULL for both. */
void km_outgoing_stop(km_outgoing *o);
void km_outgoing_free(km_outgoing *o);

/*
 * A stage of jobs (daemon/job.h): mail of a login, certificate, script or network that is guarded
 * goes on only as the guard decides, unless its content is refused anyway. Where the guard can not
 * be asked, guard.on_error says what becomes of it.
 */
KM_NODISCARD km_status km_outgoing_stage(km_task *t, km_err *err);

#endif
