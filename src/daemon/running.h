/*
 * daemon/running.h - the courier's line to the runner (daemon/runwire.h): one program at a time.
 */
#ifndef KM_DAEMON_RUNNING_H
#define KM_DAEMON_RUNNING_H

#include "daemon/role.h"
#include "daemon/runwire.h"

typedef struct km_running km_running;

/* @err: KM_OK when the program ended with status 0; else why not, or that nobody knows. */
typedef void km_running_done(void *ctx, const km_err *err);

/* @done is called once for each km_running_start() that returned KM_OK, from the loop. NULL: no
 * memory. */
km_running *km_running_new(km_role *role, km_running_done *done, void *ctx);
/* Closes the line; the loop has to run until it is closed. */
void km_running_stop(km_running *x);
void km_running_free(km_running *x);

/* A new line, in place of the one before; takes @fd over. */
void km_running_link(km_running *x, int fd);
/* There is a line, and nothing runs. */
bool km_running_ready(const km_running *x);
/* Has a program run; @ask's seq is of no concern. KM_LIMIT when it does not fit into a frame. */
KM_NODISCARD km_status km_running_start(km_running *x, const km_run_ask *ask, km_err *err);

#endif
