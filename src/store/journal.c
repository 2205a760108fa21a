#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/db.h"

enum { MODELS_KEPT = 4 };

/* `void` and `gone` (the row that took its place) follow from the other columns. */
static const char *const migrations[] = {
	"CREATE TABLE event ("
	" seq INTEGER PRIMARY KEY, t_ms INTEGER NOT NULL, kind INTEGER NOT NULL,"
	" before INTEGER NOT NULL, lesson INTEGER NOT NULL, back INTEGER NOT NULL,"
	" void INTEGER NOT NULL DEFAULT 0, gone INTEGER NOT NULL DEFAULT 0,"
	" digest BLOB NOT NULL, reporter BLOB NOT NULL, bytes BLOB NOT NULL);"
	"CREATE INDEX event_digest ON event (digest);"
	"CREATE INDEX event_reporter ON event (reporter, t_ms);"
	"CREATE INDEX event_before ON event (before) WHERE before > 0;"
	"CREATE INDEX event_back ON event (seq) WHERE back = 1;"
	"CREATE INDEX event_gone ON event (gone) WHERE gone > 0;"
	"CREATE INDEX event_force ON event (kind) WHERE lesson = 1 AND void = 0 AND gone = 0;"
	"CREATE TABLE step ("
	" seq INTEGER NOT NULL, base INTEGER NOT NULL, bytes BLOB NOT NULL,"
	" PRIMARY KEY (seq, base)) WITHOUT ROWID;"
	"CREATE TABLE model (row INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL,"
	" digest INTEGER NOT NULL);"
	"CREATE TABLE snapshot (name TEXT PRIMARY KEY, t_ms INTEGER NOT NULL,"
	" seq INTEGER NOT NULL) WITHOUT ROWID;",
};

static const km_db_kind file_kind = { "learn.db", "lessons", migrations, KM_COUNT(migrations) };

#define ROW                                                                                        \
	"SELECT seq, before, t_ms, kind, lesson, back, digest, reporter, bytes, gone"              \
	" FROM event"

/* The statements of every lesson; made when they are first wanted. */
typedef enum {
	ADD,
	GET,
	NEXT,
	FIND,
	COUNT_BY,
	PUT_STEP,
	GET_STEP,
	GO,
	DROP,
	DROP_STEP,
	RENEW,
	STATEMENTS
} statement;

static const char *const texts[STATEMENTS] = {
	[ADD] = "INSERT INTO event (seq, before, t_ms, kind, lesson, back, digest, reporter, bytes)"
		" VALUES (?,?,?,?,?,?,?,?,?)",
	[GET] = ROW " WHERE seq = ?",
	[NEXT] = ROW " WHERE seq > ? AND void = 0 ORDER BY seq LIMIT 1",
	[FIND] = ROW " WHERE digest = ? AND lesson = 1 AND void = 0 AND gone = 0"
		     " ORDER BY seq DESC LIMIT 1",
	[COUNT_BY] = "SELECT count(*) FROM event WHERE reporter = ? AND t_ms > ? AND lesson = 1"
		     " AND void = 0",
	[PUT_STEP] = "INSERT OR REPLACE INTO step (seq, base, bytes) VALUES (?,?,?)",
	[GET_STEP] = "SELECT bytes FROM step WHERE seq = ? AND base = ?",
	[GO] = "UPDATE event SET gone = ? WHERE seq = ?",
	[DROP] = "DELETE FROM event WHERE seq = ?",
	[DROP_STEP] = "DELETE FROM step WHERE seq = ?",
	[RENEW] = "UPDATE event SET before = 0, bytes = ? WHERE seq = ?",
};

struct km_journal {
	km_db db;
	sqlite3_stmt *made[STATEMENTS];
};

static km_status make(bool writer, const char *dir, km_journal **out, km_err *err)
{
	km_journal *j = calloc(1, sizeof(*j));

	*out = NULL;
	if (j == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = writer ? km_db_open(&j->db, &file_kind, dir, err)
			      : km_db_open_reader(&j->db, &file_kind, dir, err);
	if (st == KM_OK)
		*out = j;
	else
		free(j);
	return st;
}

km_status km_journal_open(const char *dir, km_journal **out, km_err *err)
{
	return make(true, dir, out, err);
}

km_status km_journal_open_reader(const char *dir, km_journal **out, km_err *err)
{
	return make(false, dir, out, err);
}

void km_journal_close(km_journal *j)
{
	if (j == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(j->made[i]);
	km_db_close(&j->db);
	free(j);
}

km_status km_journal_set_aside(const char *dir, char *name, size_t max, km_err *err)
{
	return km_db_set_aside(&file_kind, dir, name, max, err);
}

km_status km_journal_begin(km_journal *j, km_err *err)
{
	return km_db_run(&j->db, "BEGIN IMMEDIATE", err);
}

/* A statement that is still being read would keep the transaction open. */
static void reset_all(km_journal *j)
{
	for (int i = 0; i < STATEMENTS; i++)
		if (j->made[i])
			(void)sqlite3_reset(j->made[i]);
}

km_status km_journal_end(km_journal *j, km_status st, km_err *err)
{
	reset_all(j);
	return km_db_end(&j->db, st, err);
}

static km_status wanted(km_journal *j, statement which, sqlite3_stmt **out, km_err *err)
{
	km_status st = KM_OK;

	if (j->made[which] == NULL)
		st = km_db_prepare(&j->db, texts[which], &j->made[which], err);
	else
		(void)sqlite3_reset(j->made[which]);
	*out = j->made[which];
	return st;
}

/* --- writing --- */

static km_status ask_number(km_journal *j, const char *sql, uint64_t a, uint64_t b, uint64_t *out,
			    km_err *err);

static km_status change(km_journal *j, const char *sql, const km_sv *name, int64_t a, int64_t b,
			km_err *err);

/* Rows over @a up to @b are void, or not. */
static km_status mark_range(km_journal *j, bool is_void, uint64_t a, uint64_t b, km_err *err)
{
	static const char *const sql[] = {
		"UPDATE event SET void = 0 WHERE seq > ? AND seq <= ? AND void = 1",
		"UPDATE event SET void = 1 WHERE seq > ? AND seq <= ? AND void = 0",
	};

	return change(j, sql[is_void], NULL, (int64_t)a, (int64_t)b, err);
}

/* Rows count from the last one back to a roll-back, then from where that went, and so on. */
static km_status mark_void(km_journal *j, uint64_t last, km_err *err)
{
	static const char latest[] = "SELECT max(seq) FROM event WHERE back = 1 AND seq <= ?1";
	static const char target[] = "SELECT before FROM event WHERE seq = ?1";
	uint64_t high = last, low = last, next;
	km_status st = KM_OK;

	while (st == KM_OK && high > 0) {
		st = ask_number(j, latest, high, 0, &low, err);
		uint64_t first = low ? low - 1 : 0;
		if (st == KM_OK)
			st = mark_range(j, false, first, high, err);
		next = 0;
		if (st == KM_OK && low)
			st = ask_number(j, target, low, 0, &next, err);
		if (st == KM_OK && low)
			st = mark_range(j, true, next, first, err);
		high = low && next < low ? next : 0;
	}
	return st;
}

/* What took the place of others does so only while it is not void. */
static km_status mark_gone(km_journal *j, km_err *err)
{
	return km_db_run(&j->db,
			 "UPDATE event SET gone = 0 WHERE gone > 0 AND EXISTS"
			 " (SELECT 1 FROM event e WHERE e.seq = event.gone AND e.void = 1);"
			 "UPDATE event SET gone = e.seq FROM event e WHERE e.before > 0"
			 " AND e.before = event.seq AND e.void = 0 AND e.back = 0"
			 " AND event.gone <> e.seq",
			 err);
}

km_status km_journal_add(km_journal *j, const km_journal_row *r, km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, ADD, &s, err);

	if (st != KM_OK)
		return st;
	const int64_t numbers[] = { (int64_t)r->seq, (int64_t)r->before, r->t_ms,
				    r->kind,	     r->lesson,		 r->back };
	for (size_t i = 0; i < KM_COUNT(numbers); i++)
		(void)sqlite3_bind_int64(s, (int)i + 1, numbers[i]);
	km_db_bind_blob(s, 7, (km_sv){ (const char *)r->digest, sizeof(r->digest) });
	km_db_bind_blob(s, 8, r->reporter);
	km_db_bind_blob(s, 9, r->bytes);
	st = km_db_step(&j->db, s, err);
	if (st != KM_OK || r->before == 0)
		return st;
	if (r->back) {
		st = mark_void(j, r->seq, err);
		return st == KM_OK ? mark_gone(j, err) : st;
	}
	st = wanted(j, GO, &s, err);
	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)r->seq);
	(void)sqlite3_bind_int64(s, 2, (int64_t)r->before);
	return km_db_step(&j->db, s, err);
}

/* --- reading --- */

static km_status take_row(km_journal *j, sqlite3_stmt *s, km_journal_row *out, km_err *err)
{
	int rc = sqlite3_step(s);

	*out = (km_journal_row){ 0 };
	if (rc == SQLITE_DONE)
		return KM_NOTFOUND;
	if (rc != SQLITE_ROW)
		return km_db_failed(&j->db, err);
	out->seq = (uint64_t)sqlite3_column_int64(s, 0);
	out->before = (uint64_t)sqlite3_column_int64(s, 1);
	out->t_ms = sqlite3_column_int64(s, 2);
	out->kind = sqlite3_column_int(s, 3);
	out->lesson = sqlite3_column_int(s, 4) != 0;
	out->back = sqlite3_column_int(s, 5) != 0;
	km_sv digest = km_db_blob(s, 6);
	if (digest.n == sizeof(out->digest))
		memcpy(out->digest, digest.p, digest.n);
	out->reporter = km_db_blob(s, 7);
	out->bytes = km_db_blob(s, 8);
	out->gone = (uint64_t)sqlite3_column_int64(s, 9);
	return KM_OK;
}

static km_status row_by_seq(km_journal *j, statement which, uint64_t seq, km_journal_row *out,
			    km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, which, &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)seq);
	return take_row(j, s, out, err);
}

km_status km_journal_get(km_journal *j, uint64_t seq, km_journal_row *out, km_err *err)
{
	return row_by_seq(j, GET, seq, out, err);
}

km_status km_journal_next(km_journal *j, uint64_t seq, km_journal_row *out, km_err *err)
{
	return row_by_seq(j, NEXT, seq, out, err);
}

km_status km_journal_find(km_journal *j, const uint8_t digest[KM_JOURNAL_DIGEST],
			  km_journal_row *out, km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, FIND, &s, err);

	if (st != KM_OK)
		return st;
	km_db_bind_blob(s, 1, (km_sv){ (const char *)digest, KM_JOURNAL_DIGEST });
	return take_row(j, s, out, err);
}

/* The first column of a statement's one row, 0 for null. */
static km_status number_of(km_journal *j, sqlite3_stmt *s, uint64_t *out, km_err *err)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW)
		*out = (uint64_t)sqlite3_column_int64(s, 0);
	km_status st = rc == SQLITE_ROW ? KM_OK : km_db_failed(&j->db, err);
	(void)sqlite3_reset(s);
	return st;
}

/* The same of a statement with up to two numbers to be bound. */
static km_status ask_number(km_journal *j, const char *sql, uint64_t a, uint64_t b, uint64_t *out,
			    km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&j->db, sql, &s, err);

	*out = 0;
	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)a);
	(void)sqlite3_bind_int64(s, 2, (int64_t)b);
	st = number_of(j, s, out, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_journal_stands(km_journal *j, uint64_t seq, bool *stands, km_err *err)
{
	uint64_t n;
	km_status st = ask_number(j, "SELECT count(*) FROM event WHERE seq = ?1 AND void = 0", seq,
				  0, &n, err);

	*stands = st == KM_OK && n > 0;
	return st;
}

km_status km_journal_last(km_journal *j, uint64_t *seq, km_err *err)
{
	return ask_number(j, "SELECT max(seq) FROM event", 0, 0, seq, err);
}

km_status km_journal_size(km_journal *j, uint64_t last, uint64_t *rows, uint64_t *bytes,
			  km_err *err)
{
	km_status st = ask_number(j, "SELECT count(*) FROM event WHERE void = 0 AND seq <= ?1",
				  last, 0, rows, err);

	return st != KM_OK ? st
			   : ask_number(j,
					"SELECT sum(length(bytes)) FROM event WHERE void = 0"
					" AND seq <= ?1",
					last, 0, bytes, err);
}

km_status km_journal_count(km_journal *j, km_sv reporter, int64_t since_ms, uint64_t *n,
			   km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, COUNT_BY, &s, err);

	*n = 0;
	if (st != KM_OK)
		return st;
	km_db_bind_blob(s, 1, reporter);
	(void)sqlite3_bind_int64(s, 2, since_ms);
	return number_of(j, s, n, err);
}

km_status km_journal_in_force(km_journal *j, int kind, uint64_t *n, km_err *err)
{
	return ask_number(j,
			  "SELECT count(*) FROM event WHERE kind = ?1 AND lesson = 1 AND void = 0"
			  " AND gone = 0",
			  (uint64_t)kind, 0, n, err);
}

/* --- steps and models --- */

km_status km_journal_put_step(km_journal *j, uint64_t seq, uint64_t base, km_sv step, km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, PUT_STEP, &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)seq);
	(void)sqlite3_bind_int64(s, 2, (int64_t)base);
	km_db_bind_blob(s, 3, step);
	return km_db_step(&j->db, s, err);
}

km_status km_journal_get_step(km_journal *j, uint64_t seq, uint64_t base, void *out, size_t size,
			      km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, GET_STEP, &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)seq);
	(void)sqlite3_bind_int64(s, 2, (int64_t)base);
	int rc = sqlite3_step(s);
	km_sv bytes = rc == SQLITE_ROW ? km_db_blob(s, 0) : (km_sv){ NULL, 0 };
	if (bytes.n == size)
		memcpy(out, bytes.p, size);
	st = rc != SQLITE_ROW && rc != SQLITE_DONE ? km_db_failed(&j->db, err)
	     : bytes.n == size			   ? KM_OK
						   : KM_NOTFOUND;
	(void)sqlite3_reset(s);
	return st;
}

/* Runs a statement with up to two numbers and a name before them. */
static km_status change(km_journal *j, const char *sql, const km_sv *name, int64_t a, int64_t b,
			km_err *err)
{
	sqlite3_stmt *s = NULL;
	int at = 1;
	km_status st = km_db_prepare(&j->db, sql, &s, err);

	if (st != KM_OK)
		return st;
	if (name)
		km_db_bind_text(s, at++, *name);
	(void)sqlite3_bind_int64(s, at++, a);
	(void)sqlite3_bind_int64(s, at, b);
	st = km_db_step(&j->db, s, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_journal_put_model(km_journal *j, uint64_t seq, uint64_t digest, km_err *err)
{
	km_status st = km_journal_begin(j, err);

	if (st != KM_OK)
		return st;
	st = change(j, "INSERT INTO model (seq, digest) VALUES (?,?)", NULL, (int64_t)seq,
		    (int64_t)digest, err);
	if (st == KM_OK)
		st = change(j, "DELETE FROM model WHERE row <= (SELECT max(row) FROM model) - ?",
			    NULL, MODELS_KEPT, 0, err);
	return km_journal_end(j, st, err);
}

km_status km_journal_has_model(km_journal *j, uint64_t seq, uint64_t digest, bool *has, km_err *err)
{
	uint64_t n;
	km_status st = ask_number(j, "SELECT count(*) FROM model WHERE seq = ?1 AND digest = ?2",
				  seq, digest, &n, err);

	*has = st == KM_OK && n > 0;
	return st;
}

/* --- making it compact --- */

static km_status run_for(km_journal *j, statement which, uint64_t seq, km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, which, &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)seq);
	return km_db_step(&j->db, s, err);
}

km_status km_journal_drop(km_journal *j, uint64_t seq, km_err *err)
{
	km_status st = run_for(j, DROP, seq, err);

	return st == KM_OK ? run_for(j, DROP_STEP, seq, err) : st;
}

km_status km_journal_renew(km_journal *j, uint64_t seq, km_sv bytes, km_err *err)
{
	sqlite3_stmt *s;
	km_status st = wanted(j, RENEW, &s, err);

	if (st != KM_OK)
		return st;
	km_db_bind_blob(s, 1, bytes);
	(void)sqlite3_bind_int64(s, 2, (int64_t)seq);
	return km_db_step(&j->db, s, err);
}

km_status km_journal_drop_void(km_journal *j, uint64_t seq, size_t max, size_t *n, km_err *err)
{
	static const char first[] = "SELECT min(seq) FROM event WHERE seq > ?1 AND void = 1";
	km_status st = KM_OK;
	uint64_t at;

	for (*n = 0; *n < max && st == KM_OK; ++*n) {
		st = ask_number(j, first, seq, 0, &at, err);
		if (st != KM_OK || at == 0)
			break;
		st = km_journal_drop(j, at, err);
		seq = at;
	}
	return st;
}

km_status km_journal_drop_snapshots(km_journal *j, km_err *err)
{
	return km_db_run(&j->db, "DELETE FROM snapshot", err);
}

km_status km_journal_drop_models(km_journal *j, km_err *err)
{
	return km_db_run(&j->db, "DELETE FROM model", err);
}

km_status km_journal_last_snapshot(km_journal *j, uint64_t *seq, km_err *err)
{
	return ask_number(j, "SELECT max(seq) FROM snapshot", 0, 0, seq, err);
}

km_status km_journal_rows(km_journal *j, uint64_t *n, km_err *err)
{
	return ask_number(j, "SELECT count(*) FROM event", 0, 0, n, err);
}

km_status km_journal_waste(km_journal *j, uint64_t seq, int64_t before_ms, uint64_t *n, km_err *err)
{
	return ask_number(j,
			  "SELECT count(*) FROM event WHERE seq > ?1 AND"
			  " (void = 1 OR (gone > 0 AND t_ms < ?2))",
			  seq, (uint64_t)before_ms, n, err);
}

km_status km_journal_shrink(km_journal *j, unsigned pages, km_err *err)
{
	char sql[64];

	(void)snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%u)", pages);
	return km_db_run(&j->db, sql, err);
}

/* --- snapshots and reporters --- */

km_status km_journal_put_snapshot(km_journal *j, km_sv name, int64_t t_ms, uint64_t seq,
				  km_err *err)
{
	return change(j, "INSERT OR REPLACE INTO snapshot (name, t_ms, seq) VALUES (?,?,?)", &name,
		      t_ms, (int64_t)seq, err);
}

km_status km_journal_get_snapshot(km_journal *j, km_sv name, uint64_t *seq, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&j->db, "SELECT seq FROM snapshot WHERE name = ?", &s, err);

	if (st != KM_OK)
		return st;
	km_db_bind_text(s, 1, name);
	int rc = sqlite3_step(s);
	if (rc == SQLITE_ROW)
		*seq = (uint64_t)sqlite3_column_int64(s, 0);
	else
		st = rc == SQLITE_DONE ? KM_NOTFOUND : km_db_failed(&j->db, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_journal_snapshots(km_journal *j, km_journal_snapshot *each, void *ctx, km_err *err)
{
	sqlite3_stmt *s = NULL;
	int rc;
	km_status st = km_db_prepare(
		&j->db, "SELECT name, t_ms, seq FROM snapshot ORDER BY t_ms, name", &s, err);

	if (st != KM_OK)
		return st;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		each(ctx, km_db_text(s, 0), sqlite3_column_int64(s, 1),
		     (uint64_t)sqlite3_column_int64(s, 2));
	if (rc != SQLITE_DONE)
		st = km_db_failed(&j->db, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_journal_reporters(km_journal *j, size_t max, km_journal_reporter *each, void *ctx,
			       km_err *err)
{
	sqlite3_stmt *s = NULL;
	int rc;
	km_status st = km_db_prepare(
		&j->db,
		"SELECT reporter, count(*) FROM event WHERE lesson = 1 AND void = 0 AND gone = 0"
		" GROUP BY reporter ORDER BY 2 DESC, 1 LIMIT ?",
		&s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)max);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		each(ctx, km_db_blob(s, 0), (uint64_t)sqlite3_column_int64(s, 1));
	if (rc != SQLITE_DONE)
		st = km_db_failed(&j->db, err);
	(void)sqlite3_finalize(s);
	return st;
}
