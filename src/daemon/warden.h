/*
 * daemon/warden.h - the guard (outbound/guard.h) with its state on disk: counters, what accounts
 * may send as, and the file of each account, in which a measure stands before it takes effect. All
 * that the guard role does but for its sockets.
 */
#ifndef KM_DAEMON_WARDEN_H
#define KM_DAEMON_WARDEN_H

#include "conf/conf.h"
#include "daemon/shared.h"
#include "front/guardline/guardline.h"
#include "outbound/identity_sql.h"

typedef struct km_warden km_warden;

/*
 * Opens or makes "counters" and "accounts.db" in @state_dir and puts in force again what stands in
 * the file but not in the counters. @shared (may be NULL) counts for @slot.
 */
KM_NODISCARD km_status km_warden_open(const km_conf *conf, const char *state_dir, km_shared *shared,
				      unsigned slot, km_warden **out, km_err *err);
void km_warden_close(km_warden *w);

/* What guard.identities names, into @ids; the first fault is told, the rest is read all the same.
 */
KM_NODISCARD km_status km_warden_identities(const km_conf *conf, km_identities *ids, km_err *err);

/* The database that guard.identities_db names; NULL without one. KM_CONFIG with what is wrong. */
KM_NODISCARD km_status km_warden_database(const km_conf *conf, km_identity_sql **out, km_err *err);

/*
 * Judges one event. When it returns KM_OK its measures are on disk and in force, and so is @also
 * (may be NULL), which is written with them. Else nothing is: d->action is "try again later".
 */
KM_NODISCARD km_status km_warden_submit(km_warden *w, km_arena *a, const km_event *e,
					const km_guardline *also, km_decision *d, km_err *err);
/* Writes what is for the file of the account alone. */
KM_NODISCARD km_status km_warden_keep(km_warden *w, const km_guardline *line, km_err *err);

/* As km_guard_check(). */
km_step km_warden_check(km_warden *w, km_sv account, const km_ip *ip, km_time now);
/* What becomes of mail of an account that is stopped, and the sentence that says so. */
km_guard_action km_warden_on_brake(const km_warden *w);
km_sv km_warden_stopped(const km_warden *w);
void km_warden_view(km_warden *w, km_sv account, km_time now, km_account_view *out);
/* The accounts that are stopped, and those of the last time that are nearest to it: at most @limit.
 * Names live until the next call of any of these. */
size_t km_warden_top(km_warden *w, km_time now, km_guardline_row *rows, size_t limit);

/* Brings the counters to the disk. */
KM_NODISCARD km_status km_warden_flush(km_warden *w, km_time now, km_err *err);

#endif
