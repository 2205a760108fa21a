#include "store/records.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* Each step brings the database from version i to i + 1 (PRAGMA user_version). Never edit, only
 * add. */
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

struct km_records {
	sqlite3 *db;
	sqlite3_stmt *insert;
	char path[1100];
};

static km_status failed(km_records *r, km_err *err)
{
	int code = sqlite3_errcode(r->db) & 0xff;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return KM_FAIL(err, KM_SYNTAX,
			       "%s is damaged (%s); `sqlite3 FILE .recover` may read what is left",
			       r->path, sqlite3_errmsg(r->db));
	return KM_FAIL(err, KM_IO, "%s: %s", r->path, sqlite3_errmsg(r->db));
}

static km_status run(km_records *r, const char *sql, km_err *err)
{
	if (sqlite3_exec(r->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return KM_OK;
	return failed(r, err);
}

static int version_of(km_records *r)
{
	sqlite3_stmt *s = NULL;
	int v = -1;

	if (sqlite3_prepare_v2(r->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		v = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	return v;
}

static km_status migrate(km_records *r, km_err *err)
{
	int have = version_of(r), want = (int)KM_COUNT(migrations);
	char sql[64];

	if (have < 0)
		return failed(r, err);
	if (have > want)
		return KM_FAIL(
			err, KM_CONFIG,
			"records.db was written by a newer Komainu (version %d, this one knows %d)",
			have, want);
	for (int i = have; i < want; i++) {
		km_status st = run(r, "BEGIN IMMEDIATE", err);
		if (st == KM_OK)
			st = run(r, migrations[i], err);
		(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", i + 1);
		if (st == KM_OK)
			st = run(r, sql, err);
		if (st == KM_OK)
			st = run(r, "COMMIT", err);
		if (st != KM_OK) {
			(void)sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
			return st;
		}
	}
	return KM_OK;
}

static km_status open_db(const char *dir, int flags, km_records **out, km_err *err)
{
	km_records *r = calloc(1, sizeof(*r));

	*out = r;
	if (r == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	(void)snprintf(r->path, sizeof(r->path), "%s/records.db", dir);
	if (sqlite3_open_v2(r->path, &r->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return r->db ? failed(r, err) : KM_FAIL(err, KM_NOMEM, "no memory");
	(void)sqlite3_busy_timeout(r->db, 2000);
	return KM_OK;
}

km_status km_records_open(const char *dir, km_records **out, km_err *err)
{
	km_records *r;
	km_status st = open_db(dir, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &r, err);

	if (st == KM_OK)
		st = run(r,
			 "PRAGMA auto_vacuum = INCREMENTAL;"
			 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			 "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
			 err);
	if (st == KM_OK)
		st = migrate(r, err);
	if (st == KM_OK &&
	    sqlite3_prepare_v3(r->db,
			       "INSERT OR IGNORE INTO verdict (" NAMES ") VALUES "
			       "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			       -1, SQLITE_PREPARE_PERSISTENT, &r->insert, NULL) != SQLITE_OK)
		st = failed(r, err);
	if (st != KM_OK) {
		km_records_close(r);
		r = NULL;
	}
	*out = r;
	return st;
}

/* SQLite says the same of a file that is not there and of one that may not be read. */
static km_status can_read(const char *dir, km_err *err)
{
	char path[1100];

	(void)snprintf(path, sizeof(path), "%s/records.db", dir);
	if (access(path, R_OK) == 0)
		return KM_OK;
	if (errno == ENOENT)
		return KM_FAIL(
			err, KM_IO,
			"%s: there are no records; is this the daemon's state.dir, and has it "
			"been started?",
			path);
	return KM_FAIL(err, KM_IO, "%s: %s; read it as root or as a member of the daemon's group",
		       path, strerror(errno));
}

km_status km_records_open_reader(const char *dir, km_records **out, km_err *err)
{
	km_records *r = NULL;
	km_status st = can_read(dir, err);

	if (st == KM_OK)
		st = open_db(dir, SQLITE_OPEN_READONLY, &r, err);
	if (st == KM_OK) {
		int version = version_of(r);
		if (version < 0)
			st = failed(r, err);
		else if (version < 1)
			st = KM_FAIL(err, KM_IO, "%s: no records there yet", r->path);
	}
	if (st != KM_OK) {
		km_records_close(r);
		r = NULL;
	}
	*out = r;
	return st;
}

void km_records_close(km_records *r)
{
	if (r == NULL)
		return;
	(void)sqlite3_finalize(r->insert);
	(void)sqlite3_close(r->db);
	free(r);
}

static km_status move(const char *from, const char *to, km_err *err)
{
	if (rename(from, to) == 0 || errno == ENOENT)
		return KM_OK;
	return KM_FAIL(err, KM_IO, "%s: can not be renamed: %s", from, strerror(errno));
}

km_status km_records_set_aside(const char *dir, char *name, size_t max, km_err *err)
{
	static const char *const suffixes[] = { "", "-wal" };
	char from[1200], to[1300];
	km_status st = KM_OK;

	(void)snprintf(name, max, "records.db.broken-%lld", (long long)km_clock_now());
	for (size_t i = 0; i < KM_COUNT(suffixes) && st == KM_OK; i++) {
		(void)snprintf(from, sizeof(from), "%s/records.db%s", dir, suffixes[i]);
		(void)snprintf(to, sizeof(to), "%s/%s%s", dir, name, suffixes[i]);
		st = move(from, to, err);
	}
	/* An index into the log file that has gone; SQLite makes a new one. */
	(void)snprintf(from, sizeof(from), "%s/records.db-shm", dir);
	(void)unlink(from);
	return st;
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
	return run(r,
		   "INSERT OR REPLACE INTO heartbeat VALUES (1, "
		   "CAST(strftime('%s','now') AS INTEGER) * 1000)",
		   err);
}

km_status km_records_put(km_records *r, const km_record *rows, size_t n, km_err *err)
{
	km_status st = run(r, "BEGIN IMMEDIATE", err);

	if (st != KM_OK)
		return st;
	if (n == 0)
		st = write_heartbeat(r, err);
	for (size_t i = 0; i < n && st == KM_OK; i++)
		if (!insert(r, &rows[i]))
			st = failed(r, err);
	if (st == KM_OK)
		st = run(r, "COMMIT", err);
	if (st != KM_OK)
		(void)sqlite3_exec(r->db, "ROLLBACK", NULL, NULL, NULL);
	return st;
}

/* One text for every filter; a condition that is not wanted is true for all rows. */
#define WHERE                                                                                      \
	" FROM verdict WHERE row > ?1 AND (?2 = 0 OR t_ms >= ?2) AND (?3 = 0 OR t_ms <= ?3)"       \
	" AND (?4 = '' OR id = ?4 OR queue_id = ?4) AND (?5 = '' OR action = ?5)"                  \
	" AND (?6 = '' OR instr(lower(mail_from || ' ' || from_addr || ' ' || rcpts), lower(?6)))"

static void read_row(sqlite3_stmt *s, km_record *r)
{
	for (size_t i = 0; i < KM_COUNT(columns); i++) {
		char *p = (char *)r + columns[i].at;
		int at = (int)i + 1;
		if (columns[i].kind == 't') {
			km_sv v = { (const char *)sqlite3_column_text(s, at),
				    (size_t)sqlite3_column_bytes(s, at) };
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
		(void)sqlite3_bind_text(s, 4 + i, texts[i].n ? texts[i].p : "", (int)texts[i].n,
					SQLITE_STATIC);
	(void)sqlite3_bind_int64(s, 7, f->limit ? (int64_t)f->limit : -1);
}

km_status km_records_find(km_records *r, const km_record_filter *f, km_record_each *each, void *ctx,
			  km_err *err)
{
	static const char newest[] = "SELECT row, " NAMES WHERE " ORDER BY row DESC LIMIT ?7";
	static const char oldest[] = "SELECT row, " NAMES WHERE " ORDER BY row LIMIT ?7";
	sqlite3_stmt *s = NULL;
	km_record row;
	int rc;

	if (sqlite3_prepare_v2(r->db, f->limit ? newest : oldest, -1, &s, NULL) != SQLITE_OK)
		return failed(r, err);
	bind_filter(s, f);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		read_row(s, &row);
		if (!each(ctx, sqlite3_column_int64(s, 0), &row))
			break;
	}
	km_status st = rc == SQLITE_ROW || rc == SQLITE_DONE ? KM_OK : failed(r, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_records_expire(km_records *r, int64_t before_ms, size_t max, size_t *deleted,
			    km_err *err)
{
	sqlite3_stmt *s = NULL;

	*deleted = 0;
	if (sqlite3_prepare_v2(r->db,
			       "DELETE FROM verdict WHERE row IN (SELECT row FROM verdict"
			       " WHERE t_ms < ?1 ORDER BY t_ms LIMIT ?2)",
			       -1, &s, NULL) != SQLITE_OK)
		return failed(r, err);
	(void)sqlite3_bind_int64(s, 1, before_ms);
	(void)sqlite3_bind_int64(s, 2, (int64_t)max);
	km_status st = sqlite3_step(s) == SQLITE_DONE ? KM_OK : failed(r, err);
	if (st == KM_OK)
		*deleted = (size_t)sqlite3_changes(r->db);
	(void)sqlite3_finalize(s);
	/* What was freed goes back to the file system, a little at a time. */
	if (*deleted)
		st = run(r, "PRAGMA incremental_vacuum(2000)", err);
	return st;
}
