/*
 * daemon/warden.h - the guard (outbound/guard.h) with its state on disk: counters, what accounts
 * may send as, and the file of each account, in which a measure stands before it takes effect. All
 * that the guard role does but for its sockets.
 */
#ifndef KM_DAEMON_WARDEN_H
#define KM_DAEMON_WARDEN_H

#include "conf/conf.h"
#include "daemon/scribe.h"
#include "daemon/shared.h"
#include "front/guardline/guardline.h"
#include "outbound/guard.h"

typedef struct km_warden km_warden;

enum { KM_TURN_ENTRIES = KM_MEASURES_MAX + 2 };

/*
 * One event, or one entry for the file of an account, from the question to the answer. The
 * caller's, with @arena and all that it points to, until it is done; all of it lives in @arena.
 */
typedef struct km_turn km_turn;
struct km_turn {
	km_arena *arena;
	km_event event;
	const km_guardline *line; /* what is written with it; NULL: nothing */
	bool only_entry; /* @line is for the file alone; of the event, t and account count */
	void (*done)(km_turn *t);
	void *ctx; /* of @done */
	km_status st;
	km_err err;
	km_decision d; /* when @st is not KM_OK: "try again later" */
	/* inside */
	km_turn *next;
	uint64_t key;
	bool waits; /* for another of the same account */
	km_sheet page;
	km_entry entries[KM_TURN_ENTRIES];
	km_subscriber subscriber;
	km_stopped stopped;
};

/*
 * Opens or makes "counters" and "accounts.db" in @state_dir and puts in force again what stands in
 * the file but not in the counters. @shared (may be NULL) counts for @slot.
 */
KM_NODISCARD km_status km_warden_open(const km_conf *conf, const char *state_dir, km_shared *shared,
				      unsigned slot, km_warden **out, km_err *err);
void km_warden_close(km_warden *w);

/*
 * Judges one event. When it is done with KM_OK its measures are on disk and in force, and so is
 * what was said. True: it is done already, as most are. False: @t->done is called when it is, from
 * km_warden_settle(): there is something to be written, or to be waited for, since events of one
 * account keep their order.
 */
bool km_warden_take(km_warden *w, km_turn *t);

/* Files are written in a thread from now on, which calls @wake; to be called before the role
 * confines itself. Without it, every turn is done at once. */
KM_NODISCARD km_status km_warden_start(km_warden *w, const km_sandbox *box, void (*wake)(void *ctx),
				       void *ctx, km_err *err);
/* Goes on with the turns whose pages are written: in the thread that calls km_warden_take(). */
void km_warden_settle(km_warden *w);
/* Ends the thread and all turns. */
void km_warden_stop(km_warden *w);

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
