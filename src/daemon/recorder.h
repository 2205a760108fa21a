/*
 * daemon/recorder.h - the scanner's end of the line to the keeper: records go out, and whoever
 * asked hears when they are on disk. Records that were sent but not acknowledged are sent again to
 * the next keeper, so its death loses none (a record that comes twice has the same id and is
 * written once).
 */
#ifndef KM_DAEMON_RECORDER_H
#define KM_DAEMON_RECORDER_H

#include <uv.h>

#include "daemon/shared.h"
#include "store/records.h"

typedef struct km_recorder km_recorder;

/* @st: KM_OK when on disk, KM_TEMPFAIL when that was not so within KM_RECORD_DEADLINE_MS. */
typedef void km_recorded(void *ctx, km_status st);

enum { KM_RECORD_DEADLINE_MS = 5000 };

km_recorder *km_recorder_new(uv_loop_t *loop, km_shared *shared);
/* Closes the line to the keeper; free once the loop has run out. @r may be NULL for both. */
void km_recorder_stop(km_recorder *r);
void km_recorder_free(km_recorder *r);
/* A new keeper; takes @fd over. */
void km_recorder_link(km_recorder *r, int fd);
/* False while records can not be written: mail must then not be accepted. */
bool km_recorder_healthy(const km_recorder *r);

/* @done may be NULL. KM_TEMPFAIL (and no call of @done) when too much is waiting already. */
KM_NODISCARD km_status km_recorder_put(km_recorder *r, const km_record *record, km_recorded *done,
				       void *ctx);
/* @ctx went away: it will not be called. */
void km_recorder_forget(km_recorder *r, const void *ctx);
/* Records not yet on disk. */
size_t km_recorder_pending(const km_recorder *r);

#endif
