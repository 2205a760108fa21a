/*
 * learn/trainer.h - what is learned in production: the journal (store/journal.h) of all that was
 * taught, and the layers (learn/layers.h) that follow from it. A lesson is on disk before it is in
 * force, and both before km_trainer_teach() returns. In the folder DIR:
 *	learn.db	the journal
 *	learn.model	the layers as of some row, so that a start need not begin with the first one
 *	learn.lock	held by the one process that writes the two
 * The same rows over the same base model make the same layers, byte for byte. When the model file
 *is missing or damaged, it is made anew from the journal; when the journal is, it is set aside and
 *a new one begun with the model. Thread rule: one object, one thread.
 */
#ifndef KM_LEARN_TRAINER_H
#define KM_LEARN_TRAINER_H

#include "learn/row.h"

/* Lessons of one reporter a day that count in full for others; the next so many count half as much,
 * and so on. */
enum { KM_TRAINER_FULL_LESSONS = 50 };

typedef struct {
	const char *dir;
	const km_base *base; /* or NULL */
	/* Zeroed memory of km_layers_area() bytes where the layers shall be; NULL: memory of its
	 * own
	 */
	void *area;
	bool read_only;	 /* takes no lock, writes nothing, teaches nothing */
	uint64_t full;	 /* lessons a day, as above; 0: all count in full */
	uint64_t layers; /* domains and users with layers of their own; KM_SMALL_LAYERS at most */
} km_trainer_options;

typedef struct km_trainer km_trainer;

/*
 * KM_TEMPFAIL: another process has the lock. KM_NOTFOUND (read_only): nothing was ever learned
 * here. KM_IO, KM_CONFIG. What was found damaged is logged, set aside or left out. The layers are
 * not in force before km_trainer_work() has said so.
 */
KM_NODISCARD km_status km_trainer_open(const km_trainer_options *options, km_trainer **out,
				       km_err *err);
/* Writes nothing: see km_trainer_save(). */
void km_trainer_close(km_trainer *t);

/*
 * Brings the layers up to the journal, @rows rows at most. KM_NOTFOUND while there are more to do;
 * KM_OK when all that is in the journal is in force.
 */
KM_NODISCARD km_status km_trainer_work(km_trainer *t, size_t rows, km_err *err);
/* Nothing is left to be done by it. */
bool km_trainer_ready(const km_trainer *t);
/* Valid until the next work; for reading. */
km_layers *km_trainer_layers(const km_trainer *t);

/* X(id, word): what became of a report. */
#define KM_TAUGHT(X)                                                                               \
	X(LEARNED, "learned")                                                                      \
	X(REPEAT, "repeat") /* was known already */                                                \
	X(MOVED, "moved")   /* from spam to ham, or the other way round */                         \
	X(UNDONE, "undone")                                                                        \
	X(UNKNOWN, "unknown") /* to be undone, but not in force */

typedef enum {
#define X(id, word) KM_TAUGHT_##id,
	KM_TAUGHT(X)
#undef X
} km_taught_how;

typedef struct {
	km_taught_how how;
	uint64_t seq; /* of the row that is in force; 0: none */
	double weight;
} km_taught;

const char *km_taught_word(km_taught_how how);

/*
 * Of each report counts kind (spam, ham, undo), t_ms, digest, reporter, scope and body; of one with
 * a weight that too. All are on disk and in force when it returns KM_OK, else none is.
 * KM_TEMPFAIL while it is not ready.
 */
KM_NODISCARD km_status km_trainer_teach(km_trainer *t, const km_row *reports, size_t n,
					km_taught *out, km_err *err);

/* Gives the last row a name. KM_SYNTAX for what can be no name. */
KM_NODISCARD km_status km_trainer_snapshot(km_trainer *t, km_sv name, int64_t t_ms, km_err *err);
/* Everything after the row of that name counts no more; km_trainer_work() then goes back. */
KM_NODISCARD km_status km_trainer_rollback(km_trainer *t, km_sv name, km_sv reporter, int64_t t_ms,
					   km_err *err);
/* km_trainer_work() then makes the layers anew from the first row on. KM_TEMPFAIL as above. */
KM_NODISCARD km_status km_trainer_replay(km_trainer *t, km_err *err);

/*
 * The journal loses what counts no more: what was rolled back, and lessons that were taken back or
 * learned anew more than a day before @now_ms (what people taught in a day is counted). What a
 * snapshot may need stays; with @all it does not, nor do the snapshots. km_trainer_work() then does
 * it, piece by piece, each of which leaves a whole journal, and makes the layers anew from what
 * stays. KM_TEMPFAIL as above.
 */
KM_NODISCARD km_status km_trainer_compact(km_trainer *t, bool all, int64_t now_ms, km_err *err);
/* The same as a person asks for it: @what is nothing, or "all". KM_SYNTAX for anything else. */
KM_NODISCARD km_status km_trainer_compact_asked(km_trainer *t, km_sv what, int64_t now_ms,
						km_err *err);
/* Is there more to be dropped than is in force? */
bool km_trainer_compact_due(km_trainer *t, int64_t now_ms);

/*
 * Teaches the rows of an export (learn/export.h), those of lessons it knows already excepted. What
 * comes before a damaged row is kept. *counts[how] goes up by what became of them.
 */
enum { KM_TAUGHT_COUNT = KM_TAUGHT_UNKNOWN + 1 };
KM_NODISCARD km_status km_trainer_import(km_trainer *t, km_sv rows,
					 uint64_t counts[KM_TAUGHT_COUNT], km_err *err);

/* Writes learn.model, unless it is as new as the layers. */
KM_NODISCARD km_status km_trainer_save(km_trainer *t, km_err *err);
/* Rows taught since it was written. */
uint64_t km_trainer_unsaved(const km_trainer *t);

/* Looks at @rows rows more for damage, and names it in the log; begins again at the end. */
KM_NODISCARD km_status km_trainer_scrub(km_trainer *t, size_t rows, km_err *err);

typedef struct {
	uint64_t spam, ham; /* lessons in force */
	uint64_t seq;	    /* last row */
	uint64_t rows;	    /* in the journal */
	uint64_t foreign;   /* lessons left out: of features that are no more, or damaged */
	uint64_t digest;    /* of the layers */
	uint64_t layers, layers_most;
	bool ready;
} km_trainer_state;

KM_NODISCARD km_status km_trainer_look(km_trainer *t, km_trainer_state *out, km_err *err);
struct km_journal *km_trainer_journal(km_trainer *t);

#endif
