/*
 * store/journal.h - the learning journal: what was taught, in order; nothing in it is changed, only
 * superseded, until it is made compact. The rows themselves are made and read by learn/row.h; here
 * they are bytes with some columns to find them by. One writer; SQLite ("learn.db"), like
 * store/records.h.
 *
 * A row is void when a roll-back went behind it, gone when a later row took its place. Steps are
 * what a row did to a model: they can be made anew from the rows at any time.
 */
#ifndef KM_STORE_JOURNAL_H
#define KM_STORE_JOURNAL_H

#include "base/err.h"

enum { KM_JOURNAL_DIGEST = 32, KM_JOURNAL_NAME = 64 };

typedef struct {
	uint64_t seq;	 /* greater than those of all rows before */
	uint64_t before; /* the row that this one supersedes, or goes back to; 0: none */
	int64_t t_ms;	 /* milliseconds since 1970 */
	int kind;
	bool lesson;   /* teaches something, until it is gone */
	bool back;     /* makes void what came after `before` */
	uint64_t gone; /* the row that took its place; 0: none. Not looked at by km_journal_add() */
	uint8_t digest[KM_JOURNAL_DIGEST];
	km_sv reporter;
	km_sv bytes; /* checksummed by whoever made them */
} km_journal_row;

typedef struct km_journal km_journal;

/* For the one writer. KM_IO, KM_SYNTAX (damaged), KM_CONFIG (of a newer version), as below. */
KM_NODISCARD km_status km_journal_open(const char *dir, km_journal **out, km_err *err);
/* Read-only, also while the writer writes. */
KM_NODISCARD km_status km_journal_open_reader(const char *dir, km_journal **out, km_err *err);
void km_journal_close(km_journal *j);
/* As km_records_set_aside(). */
KM_NODISCARD km_status km_journal_set_aside(const char *dir, char *name, size_t max, km_err *err);

/* All that is written between the two is on disk when the second returns KM_OK, else nothing. */
KM_NODISCARD km_status km_journal_begin(km_journal *j, km_err *err);
KM_NODISCARD km_status km_journal_end(km_journal *j, km_status st, km_err *err);

/* Appends @row; what it supersedes or goes back behind is then gone or void. */
KM_NODISCARD km_status km_journal_add(km_journal *j, const km_journal_row *row, km_err *err);

/* Views of *out live until the next call. KM_NOTFOUND when there is none. */
KM_NODISCARD km_status km_journal_get(km_journal *j, uint64_t seq, km_journal_row *out,
				      km_err *err);
/* The first row after @seq that is not void. */
KM_NODISCARD km_status km_journal_next(km_journal *j, uint64_t seq, km_journal_row *out,
				       km_err *err);
/* The lesson of a message with this digest that is in force. */
KM_NODISCARD km_status km_journal_find(km_journal *j, const uint8_t digest[KM_JOURNAL_DIGEST],
				       km_journal_row *out, km_err *err);
/* Whether row @seq is there and not void. */
KM_NODISCARD km_status km_journal_stands(km_journal *j, uint64_t seq, bool *stands, km_err *err);
/* The greatest seq; 0 for an empty journal. */
KM_NODISCARD km_status km_journal_last(km_journal *j, uint64_t *seq, km_err *err);
/* Rows up to @last that are not void, and their bytes. */
KM_NODISCARD km_status km_journal_size(km_journal *j, uint64_t last, uint64_t *rows,
				       uint64_t *bytes, km_err *err);
/* Lessons by @reporter since @since_ms that are not void. */
KM_NODISCARD km_status km_journal_count(km_journal *j, km_sv reporter, int64_t since_ms,
					uint64_t *n, km_err *err);
/* Lessons of @kind in force. */
KM_NODISCARD km_status km_journal_in_force(km_journal *j, int kind, uint64_t *n, km_err *err);

/*
 * For making it compact, within a transaction. A row that is dropped is gone for good, with its
 * step; one that is renewed supersedes nothing any more and has other bytes.
 */
KM_NODISCARD km_status km_journal_drop(km_journal *j, uint64_t seq, km_err *err);
KM_NODISCARD km_status km_journal_renew(km_journal *j, uint64_t seq, km_sv bytes, km_err *err);
/* Drops @max void rows after @seq at most; *n tells how many. */
KM_NODISCARD km_status km_journal_drop_void(km_journal *j, uint64_t seq, size_t max, size_t *n,
					    km_err *err);
KM_NODISCARD km_status km_journal_drop_snapshots(km_journal *j, km_err *err);
/* No model file belongs here any more. */
KM_NODISCARD km_status km_journal_drop_models(km_journal *j, km_err *err);
/* The row that the latest snapshot by number names; 0 without any. */
KM_NODISCARD km_status km_journal_last_snapshot(km_journal *j, uint64_t *seq, km_err *err);
/* All rows; rows after @seq that are void, or lessons older than @before_ms that are gone. */
KM_NODISCARD km_status km_journal_rows(km_journal *j, uint64_t *n, km_err *err);
KM_NODISCARD km_status km_journal_waste(km_journal *j, uint64_t seq, int64_t before_ms, uint64_t *n,
					km_err *err);
/* Gives room of dropped rows back to the file system, up to @pages pages; not in a transaction. */
km_status km_journal_shrink(km_journal *j, unsigned pages, km_err *err);

/* @base tells the model that the step was made over. The step replaces an earlier one. */
KM_NODISCARD km_status km_journal_put_step(km_journal *j, uint64_t seq, uint64_t base, km_sv step,
					   km_err *err);
/* Copies the step to @out; KM_NOTFOUND without one of that size. */
KM_NODISCARD km_status km_journal_get_step(km_journal *j, uint64_t seq, uint64_t base, void *out,
					   size_t size, km_err *err);

/* What models were written out: the digest of the last few tells that a file belongs here. */
KM_NODISCARD km_status km_journal_put_model(km_journal *j, uint64_t seq, uint64_t digest,
					    km_err *err);
KM_NODISCARD km_status km_journal_has_model(km_journal *j, uint64_t seq, uint64_t digest, bool *has,
					    km_err *err);

/* Names for rows to go back to; a name that is there already is moved. */
KM_NODISCARD km_status km_journal_put_snapshot(km_journal *j, km_sv name, int64_t t_ms,
					       uint64_t seq, km_err *err);
KM_NODISCARD km_status km_journal_get_snapshot(km_journal *j, km_sv name, uint64_t *seq,
					       km_err *err);
/* Called for each, oldest first; views live during the call. */
typedef void km_journal_snapshot(void *ctx, km_sv name, int64_t t_ms, uint64_t seq);
KM_NODISCARD km_status km_journal_snapshots(km_journal *j, km_journal_snapshot *each, void *ctx,
					    km_err *err);
/* Called with each reporter and his lessons in force, the most first, at most @max. */
typedef void km_journal_reporter(void *ctx, km_sv reporter, uint64_t lessons);
KM_NODISCARD km_status km_journal_reporters(km_journal *j, size_t max, km_journal_reporter *each,
					    void *ctx, km_err *err);

#endif
