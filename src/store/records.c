#include "store/records.h"

#include <stdlib.h>

#include "store/db.h"

/* Columns in the order of the statements below. */
typedef struct {
	size_t at;
	char kind; /* t text, i integer, d double */
} column;

#define TEXT(member)                                                                               \
	{                                                                                          \
		offsetof(km_record, member), 't'                                                   \
	}
#define INTEGER(member)                                                                            \
	{                                                                                          \
		offsetof(km_record, member), 'i'                                                   \
	}
#define DOUBLE(member)                                                                             \
	{                                                                                          \
		offsetof(km_record, member), 'd'                                                   \
	}

static const column columns[] = {
	TEXT(id),     INTEGER(t_ms),	    TEXT(via),	      TEXT(queue_id), TEXT(client),
	TEXT(helo),   TEXT(user),	    TEXT(mail_from),  TEXT(rcpts),    INTEGER(n_rcpts),
	TEXT(from),   TEXT(subject),	    TEXT(message_id), TEXT(digest),   INTEGER(size),
	TEXT(action), TEXT(class),	    TEXT(category),   DOUBLE(score),  DOUBLE(probability),
	TEXT(facts),  INTEGER(duration_us),
};

#define NAMES                                                                                      \
	"id, t_ms, via, queue_id, client, helo, user, mail_from, rcpts, n_rcpts, from_addr, "      \
	"subject, message_id, digest, size, action, class, category, score, probability, facts, "  \
	"duration_us"

static const char *const migrations[] = {
	"CREATE TABLE verdict ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, t_ms INTEGER NOT NULL,"
	" via TEXT NOT NULL, queue_id TEXT NOT NULL, client TEXT NOT NULL, helo TEXT NOT NULL,"
	" user TEXT NOT NULL, mail_from TEXT NOT NULL, rcpts TEXT NOT NULL,"
	" n_rcpts INTEGER NOT NULL, from_addr TEXT NOT NULL, subject TEXT NOT NULL,"
	" message_id TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL,"
	" action TEXT NOT NULL, class TEXT NOT NULL, category TEXT NOT NULL,"
	" score REAL NOT NULL, probability REAL NOT NULL, facts TEXT NOT NULL,"
	" duration_us INTEGER NOT NULL);"
	"CREATE INDEX verdict_t ON verdict (t_ms);"
	"CREATE INDEX verdict_queue ON verdict (queue_id);"
	"CREATE TABLE heartbeat (one INTEGER PRIMARY KEY CHECK (one = 1), t_ms INTEGER NOT NULL);",
};

static const km_db_kind kind = { "records.db", "records", migrations, KM_COUNT(migrations) };

struct km_records {
	km_db db;
	sqlite3_stmt *insert;
};

km_status km_records_open(const char *dir, km_records **out, km_err *err)
{
	km_records *r = *out = calloc(1, sizeof(*r));

	if (r == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_db_open(&r->db, &kind, dir, err);
	if (st == KM_OK)
		st = km_db_prepare(&r->db,
				   "INSERT OR IGNORE INTO verdict (" NAMES ") VALUES "
				   "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
				   &r->insert, err);
	if (st != KM_OK) {
		km_records_close(r);
		*out = NULL;
	}
	return st;
}

km_status km_records_open_reader(const char *dir, km_records **out, km_err *err)
{
	km_records *r = *out = calloc(1, sizeof(*r));

	if (r == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_db_open_reader(&r->db, &kind, dir, err);
	if (st != KM_OK) {
		km_records_close(r);
		*out = NULL;
	}
	return st;
}

void km_records_close(km_records *r)
{
	if (r == NULL)
		return;
	(void)sqlite3_finalize(r->insert);
	km_db_close(&r->db);
	free(r);
}

km_status km_records_set_aside(const char *dir, char *name, size_t max, km_err *err)
{
	return km_db_set_aside(&kind, dir, name, max, err);
}

static int bind_column(sqlite3_stmt *s, int i, const column *c, const km_record *r)
{
	const char *p = (const char *)r + c->at;
	const km_sv *v = (const km_sv *)(const void *)p;
	int64_t integer;
	double real;

	switch (c->kind) {
	case 't':
		return sqlite3_bind_text(s, i, v->n ? v->p : "", (int)v->n, SQLITE_STATIC);
	case 'i':
		memcpy(&integer, p, sizeof(integer));
		return sqlite3_bind_int64(s, i, integer);
	default:
		memcpy(&real, p, sizeof(real));
		return sqlite3_bind_double(s, i, real);
	}
}

static bool insert(km_records *r, const km_record *row)
{
	for (size_t i = 0; i < KM_COUNT(columns); i++)
		if (bind_column(r->insert, (int)i + 1, &columns[i], row) != SQLITE_OK)
			return false;
	bool ok = sqlite3_step(r->insert) == SQLITE_DONE;
	(void)sqlite3_reset(r->insert);
	return ok;
}

/* Proves that the disk takes writes when there is nothing to write. */
static km_status write_heartbeat(km_records *r, km_err *err)
{
	return km_db_run(&r->db,
			 "INSERT OR REPLACE INTO heartbeat VALUES (1, "
			 "CAST(strftime('%s','now') AS INTEGER) * 1000)",
			 err);
}

km_status km_records_put(km_records *r, const km_record *rows, size_t n, km_err *err)
{
	km_status st = km_db_run(&r->db, "BEGIN IMMEDIATE", err);

	if (st != KM_OK)
		return st;
	if (n == 0)
		st = write_heartbeat(r, err);
	for (size_t i = 0; i < n && st == KM_OK; i++)
		if (!insert(r, &rows[i]))
			st = km_db_failed(&r->db, err);
	return km_db_end(&r->db, st, err);
}

/* One text for every filter; a condition that is not wanted is true for all rows. */
#define WHERE                                                                                      \
	" FROM verdict WHERE row > ?1 AND (?2 = 0 OR t_ms >= ?2) AND (?3 = 0 OR t_ms <= ?3)"       \
	" AND (?4 = '' OR id = ?4 OR queue_id = ?4) AND (?5 = '' OR action = ?5)"                  \
	" AND (?6 = '' OR instr(lower(mail_from || ' ' || from_addr || ' ' || rcpts), lower(?6)))" \
	" AND (?8 = '' OR user = ?8)"

static void read_row(sqlite3_stmt *s, km_record *r)
{
	for (size_t i = 0; i < KM_COUNT(columns); i++) {
		char *p = (char *)r + columns[i].at;
		int at = (int)i + 1;
		if (columns[i].kind == 't') {
			km_sv v = km_db_text(s, at);
			memcpy(p, &v, sizeof(v));
		} else if (columns[i].kind == 'i') {
			int64_t x = sqlite3_column_int64(s, at);
			memcpy(p, &x, sizeof(x));
		} else {
			double x = sqlite3_column_double(s, at);
			memcpy(p, &x, sizeof(x));
		}
	}
}

static void bind_filter(sqlite3_stmt *s, const km_record_filter *f)
{
	const km_sv texts[] = { f->id, f->action, f->address };

	(void)sqlite3_bind_int64(s, 1, f->after_row);
	(void)sqlite3_bind_int64(s, 2, f->since_ms);
	(void)sqlite3_bind_int64(s, 3, f->until_ms);
	for (int i = 0; i < 3; i++)
		km_db_bind_text(s, 4 + i, texts[i]);
	(void)sqlite3_bind_int64(s, 7, f->limit ? (int64_t)f->limit : -1);
	km_db_bind_text(s, 8, f->user);
}

km_status km_records_find(km_records *r, const km_record_filter *f, km_record_each *each, void *ctx,
			  km_err *err)
{
	static const char newest[] = "SELECT row, " NAMES WHERE " ORDER BY row DESC LIMIT ?7";
	static const char oldest[] = "SELECT row, " NAMES WHERE " ORDER BY row LIMIT ?7";
	sqlite3_stmt *s = NULL;
	km_record row;
	int rc;

	if (sqlite3_prepare_v2(r->db.db, f->limit ? newest : oldest, -1, &s, NULL) != SQLITE_OK)
		return km_db_failed(&r->db, err);
	bind_filter(s, f);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		read_row(s, &row);
		if (!each(ctx, sqlite3_column_int64(s, 0), &row))
			break;
	}
	km_status st = rc == SQLITE_ROW || rc == SQLITE_DONE ? KM_OK : km_db_failed(&r->db, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_records_expire(km_records *r, int64_t before_ms, size_t max, size_t *deleted,
			    km_err *err)
{
	sqlite3_stmt *s = NULL;

	*deleted = 0;
	if (sqlite3_prepare_v2(r->db.db,
			       "DELETE FROM verdict WHERE row IN (SELECT row FROM verdict"
			       " WHERE t_ms < ?1 ORDER BY t_ms LIMIT ?2)",
			       -1, &s, NULL) != SQLITE_OK)
		return km_db_failed(&r->db, err);
	(void)sqlite3_bind_int64(s, 1, before_ms);
	(void)sqlite3_bind_int64(s, 2, (int64_t)max);
	km_status st = sqlite3_step(s) == SQLITE_DONE ? KM_OK : km_db_failed(&r->db, err);
	if (st == KM_OK)
		*deleted = (size_t)sqlite3_changes(r->db.db);
	(void)sqlite3_finalize(s);
	/* What was freed goes back to the file system, a little at a time. */
	if (*deleted)
		st = km_db_run(&r->db, "PRAGMA incremental_vacuum(2000)", err);
	return st;
}
