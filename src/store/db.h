/*
 * store/db.h - an SQLite file as the stores here use it: WAL, synchronous=FULL, one writer, a
 * version that grows by migrations. Internal to store/.
 */
#ifndef KM_STORE_DB_H
#define KM_STORE_DB_H

#include <sqlite3.h>

#include "base/err.h"

typedef struct {
	const char *file; /* "records.db" */
	const char *what; /* "records": for messages */
	/* Each brings the file from version i to i + 1 (PRAGMA user_version). Never edit, only add.
	 */
	const char *const *migrations;
	size_t n;
} km_db_kind;

typedef struct {
	sqlite3 *db;
	const km_db_kind *kind;
	char path[1100];
} km_db;

/* For the one writer; made when it is absent, brought to the newest version. On failure nothing is
 * left open. KM_IO, KM_SYNTAX for a damaged file, KM_CONFIG for one of a newer version. */
KM_NODISCARD km_status km_db_open(km_db *d, const km_db_kind *kind, const char *dir, km_err *err);
/* Read-only, also while the writer writes. */
KM_NODISCARD km_status km_db_open_reader(km_db *d, const km_db_kind *kind, const char *dir,
					 km_err *err);
void km_db_close(km_db *d);

/* Why SQLite refused. */
km_status km_db_failed(const km_db *d, km_err *err);
KM_NODISCARD km_status km_db_run(km_db *d, const char *sql, km_err *err);
KM_NODISCARD km_status km_db_prepare(km_db *d, const char *sql, sqlite3_stmt **out, km_err *err);
/* Steps a statement that gives no rows, and resets it. */
KM_NODISCARD km_status km_db_step(km_db *d, sqlite3_stmt *s, km_err *err);
/* Ends the transaction: COMMIT when @st is KM_OK, else ROLLBACK. Returns what became of it. */
KM_NODISCARD km_status km_db_end(km_db *d, km_status st, km_err *err);

/* Text and bytes that live until the statement is stepped; a column of either as a view. */
void km_db_bind_text(sqlite3_stmt *s, int i, km_sv v);
void km_db_bind_blob(sqlite3_stmt *s, int i, km_sv v);
km_sv km_db_text(sqlite3_stmt *s, int i);
km_sv km_db_blob(sqlite3_stmt *s, int i);

/*
 * Moves a damaged file that nobody writes any more out of the way, to FILE.broken-TIME in the same
 * folder. Nothing is deleted. @name (of at least 64 bytes) tells the new name.
 */
KM_NODISCARD km_status km_db_set_aside(const km_db_kind *kind, const char *dir, char *name,
				       size_t max, km_err *err);

#endif
