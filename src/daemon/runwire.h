/*
 * daemon/runwire.h - what courier and runner say to each other (frames of net/frame.h).
 *   RUN seq, hook, entry, event, account, input   courier: run this hook's program
 *   RAN seq, failure                              runner: it has ended; empty: with status 0
 */
#ifndef KM_DAEMON_RUNWIRE_H
#define KM_DAEMON_RUNWIRE_H

#include "base/buf.h"
#include "base/err.h"

enum { KM_RUNWIRE_RUN = 24, KM_RUNWIRE_RAN = 25 };

typedef struct {
	uint64_t seq;
	km_sv hook; /* "ticket", …: which program that is, the runner's configuration says */
	km_sv entry, event, account;
	km_sv input; /* JSON */
} km_run_ask;

void km_runwire_put_ask(km_buf *out, const km_run_ask *a);
KM_NODISCARD bool km_runwire_get_ask(km_sv body, km_run_ask *a);

void km_runwire_put_ran(km_buf *out, uint64_t seq, km_sv failure);
KM_NODISCARD bool km_runwire_get_ran(km_sv body, uint64_t *seq, km_sv *failure);

#endif
