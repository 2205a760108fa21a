/*
 * engine/replay.h - DKIM replay: a message that somebody had signed once (by writing to himself at
 * a large provider, say) and now sends to thousands, each with a signature that is right. What
 * gives it away is how many recipients one signature comes to, from hosts that are not its signer's
 * own.
 *
 * Counted in memory that all scanners share; what is kept are keyed hashes. Reading the counts is
 * part of a scan, adding to them is up to who drives it: so the same scan gives the same verdict.
 */
#ifndef KM_ENGINE_REPLAY_H
#define KM_ENGINE_REPLAY_H

#include "engine/auth.h"

enum {
	KM_REPLAY_RECIPIENTS = 40, /* of one signature, from where it begins to be odd */
	KM_REPLAY_NETWORKS = 3,	   /* that one signature comes from: odd beyond doubt */
	KM_REPLAY_LIST = 10,	   /* a mailing list has so many times more */
	KM_REPLAY_DAYS = 3
};

typedef struct km_replay km_replay;

/* Counts in file @path, made when there is none; NULL: in memory of this process. */
KM_NODISCARD km_status km_replay_open(const char *path, km_replay **out, km_err *err);
void km_replay_close(km_replay *r);

/* Of each signature that counts: what is too much for it, as a fact. @x must be settled. */
void km_replay_facts(km_replay *r, const km_auth *x, const km_mail *m, const km_envelope *env,
		     km_facts *fs);
/* Takes in a message that was judged. Neither looks at mail of our own users and networks. */
void km_replay_note(km_replay *r, const km_auth *x, const km_envelope *env);

#endif
