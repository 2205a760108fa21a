/*
 * learn/export.h - the journal as one file, for backup and for moving to another machine:
 *
 *	 0  "KMLEARN1"
 *	 8  u64 rows
 *	16  u64 bytes of rows
 *	24  u64 checksum of the 24 bytes before it
 *	32  rows, as in learn/row.h, in order
 * Numbers are little-endian. Rows that are void (store/journal.h) are left out.
 */
#ifndef KM_LEARN_EXPORT_H
#define KM_LEARN_EXPORT_H

#include "learn/row.h"
#include "store/journal.h"

enum { KM_EXPORT_HEADER = 32 };

/* Takes bytes on; false when it can not. */
typedef bool km_export_sink(void *ctx, km_sv bytes);

/* *n tells the rows. KM_IO when @sink refused; KM_SYNTAX for a damaged row, KM_TEMPFAIL when the
 * journal was changed behind it meanwhile. */
KM_NODISCARD km_status km_export_write(km_journal *j, km_export_sink *sink, void *ctx, uint64_t *n,
				       km_err *err);
/*
 * Checks all of @file, so that an import does not stop in the middle, and finds its rows. KM_SYNTAX
 * with @name and what is wrong.
 */
KM_NODISCARD km_status km_export_read(km_sv file, const char *name, km_sv *rows, uint64_t *n,
				      km_err *err);
/*
 * Appends those of @rows (as km_export_read() found them) that are lessons in force: without what
 * was taken back or learned anew later. To be learned beside other lessons; all rows are for where
 * nothing was learned yet. KM_NOMEM.
 */
KM_NODISCARD km_status km_export_in_force(km_sv rows, km_buf *out, km_err *err);

#endif
