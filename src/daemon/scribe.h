/*
 * daemon/scribe.h - writes the files of accounts ("accounts.db"), once it is started in a thread of
 * its own: the disk takes milliseconds for what must not be lost, and the mail of others does not
 * wait for it. All pages that have come meanwhile are written at the cost of one.
 */
#ifndef KM_DAEMON_SCRIBE_H
#define KM_DAEMON_SCRIBE_H

#include "daemon/sandbox.h"
#include "store/accounts.h"

typedef struct km_scribe km_scribe;

/* The caller's, until it comes back. */
typedef struct km_sheet km_sheet;
struct km_sheet {
	km_sheet *next;
	km_account_page what;
	km_status st; /* KM_OK: on disk; else nothing of it is, and the reason */
	km_err err;
};

/* Opens or makes the file in @state_dir; a damaged one is set aside, and the log says so. */
KM_NODISCARD km_status km_scribe_open(const char *state_dir, km_scribe **out, km_err *err);
/* From now on in a thread, which enters @box; it calls @wake when pages are to be taken back. To be
 * called before the role confines itself. */
KM_NODISCARD km_status km_scribe_start(km_scribe *s, const km_sandbox *box, void (*wake)(void *ctx),
				       void *ctx, km_err *err);
/* Ends the thread, with all that it was given written; @wake is not called any more. */
void km_scribe_stop(km_scribe *s);
void km_scribe_close(km_scribe *s);

/* For reading; only while there is no thread. */
km_accounts *km_scribe_accounts(km_scribe *s);

/* True: without a thread, it is done already. */
bool km_scribe_write(km_scribe *s, km_sheet *page);
/* Those that are done, in order; NULL: none. */
km_sheet *km_scribe_done(km_scribe *s);

#endif
