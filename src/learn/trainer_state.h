/*
 * learn/trainer_state.h - what the files of the trainer (learn/trainer.h) share.
 *   trainer.c          opening and closing, files, what others may ask
 *   trainer_rows.c     what rows do to layers; making the layers anew from them
 *   trainer_teach.c    new rows: lessons, snapshots, going back, imports
 *   trainer_compact.c  rows that count no more are dropped
 */
#ifndef KM_LEARN_TRAINER_STATE_H
#define KM_LEARN_TRAINER_STATE_H

#include "learn/trainer.h"
#include "store/journal.h"

enum { KM_TRAINER_PIECE = 256 }; /* rows of the journal that are made compact at once */
enum { KM_TRAINER_DAY_MS = 24 * 60 * 60 * 1000, KM_TRAINER_MODEL_MAX = 256 * 1024 * 1024 };

typedef struct {
	uint64_t seq;
	km_lesson lesson;
} km_trainer_step;

struct km_trainer {
	km_trainer_options options;
	char dir[1024];
	int lock;
	km_journal *journal;
	km_arena *arena;
	uint64_t base, fingerprint; /* identify base model and features */
	km_layers *live;
	void *own; /* memory of `live`, unless it was given */
	bool in_force;
	/* Being made anew; NULL when there is nothing to do. */
	km_layers *next;
	void *next_area;
	uint64_t cursor; /* last row that is in it */
	/* Of rows whose step is not in the journal yet, in order of seq. */
	km_trainer_step *steps;
	size_t n_steps, cap_steps;
	uint64_t last;	/* row of the journal */
	uint64_t saved; /* row as of which learn.model is */
	uint64_t foreign, scrubbed;
	/* The journal is being made compact. */
	struct {
		bool on, changed;
		uint64_t keep;	 /* rows up to this one stay */
		uint64_t cursor; /* last row that was looked at */
		int64_t before_ms;
	} compact;
};

/* --- trainer_rows.c --- */

/* The layers are to be made anew, from the first row on; km_trainer_work() does.
 * On failure what is in force stays so. */
km_status km_trainer_begin(km_trainer *t, km_err *err);
/* Forgets what was made so far of that. */
void km_trainer_drop_next(km_trainer *t);
KM_NODISCARD km_status km_trainer_apply(km_trainer *t, km_layers *l, const km_row *r, km_err *err);
/* Steps that were kept back: written within a transaction of the caller's, who forgets them once it
 * is on disk; or in one of their own. */
KM_NODISCARD km_status km_trainer_write_steps(km_trainer *t, km_err *err);
KM_NODISCARD km_status km_trainer_flush_steps(km_trainer *t, km_err *err);

/* --- trainer.c --- */

/* The journal is damaged: it is set aside, and what is in force stays so. KM_NOTFOUND: there is
 * work to do. */
KM_NODISCARD km_status km_trainer_heal(km_trainer *t, const char *why, km_err *err);

/* --- trainer_teach.c --- */

KM_NODISCARD km_status km_trainer_must_be_ready(const km_trainer *t, km_err *err);
/* Within a transaction: writes the row of @r, now with all that makes it one. */
KM_NODISCARD km_status km_trainer_append(km_trainer *t, km_row *r, km_err *err);

/* --- trainer_compact.c --- */

/* One piece of what km_trainer_compact() began. KM_NOTFOUND while there are more. */
KM_NODISCARD km_status km_trainer_compact_work(km_trainer *t, km_err *err);

#endif
