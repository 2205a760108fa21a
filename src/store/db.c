#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

km_status km_db_failed(const km_db *d, km_err *err)
{
	int code = sqlite3_errcode(d->db) & 0xff;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		return KM_FAIL(err, KM_SYNTAX,
			       "%s is damaged (%s); `sqlite3 FILE .recover` may read what is left",
			       d->path, sqlite3_errmsg(d->db));
	return KM_FAIL(err, KM_IO, "%s: %s", d->path, sqlite3_errmsg(d->db));
}

km_status km_db_run(km_db *d, const char *sql, km_err *err)
{
	if (sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return KM_OK;
	return km_db_failed(d, err);
}

km_status km_db_prepare(km_db *d, const char *sql, sqlite3_stmt **out, km_err *err)
{
	if (sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) == SQLITE_OK)
		return KM_OK;
	return km_db_failed(d, err);
}

km_status km_db_step(km_db *d, sqlite3_stmt *s, km_err *err)
{
	km_status st = sqlite3_step(s) == SQLITE_DONE ? KM_OK : km_db_failed(d, err);

	(void)sqlite3_reset(s);
	return st;
}

km_status km_db_end(km_db *d, km_status st, km_err *err)
{
	if (st == KM_OK)
		st = km_db_run(d, "COMMIT", err);
	if (st != KM_OK)
		(void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	return st;
}

void km_db_bind_text(sqlite3_stmt *s, int i, km_sv v)
{
	(void)sqlite3_bind_text(s, i, v.n ? v.p : "", (int)v.n, SQLITE_STATIC);
}

void km_db_bind_blob(sqlite3_stmt *s, int i, km_sv v)
{
	(void)sqlite3_bind_blob(s, i, v.n ? v.p : "", (int)v.n, SQLITE_STATIC);
}

km_sv km_db_text(sqlite3_stmt *s, int i)
{
	const char *p = (const char *)sqlite3_column_text(s, i);

	return (km_sv){ p, (size_t)sqlite3_column_bytes(s, i) };
}

km_sv km_db_blob(sqlite3_stmt *s, int i)
{
	const char *p = sqlite3_column_blob(s, i);

	return (km_sv){ p, (size_t)sqlite3_column_bytes(s, i) };
}

static int version_of(km_db *d)
{
	sqlite3_stmt *s = NULL;
	int v = -1;

	if (sqlite3_prepare_v2(d->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		v = sqlite3_column_int(s, 0);
	(void)sqlite3_finalize(s);
	return v;
}

static km_status migrate(km_db *d, km_err *err)
{
	int have = version_of(d), want = (int)d->kind->n;
	char sql[64];

	if (have < 0)
		return km_db_failed(d, err);
	if (have > want)
		return KM_FAIL(err, KM_CONFIG,
			       "%s was written by a newer Komainu (version %d, this one knows %d)",
			       d->kind->file, have, want);
	for (int i = have; i < want; i++) {
		km_status st = km_db_run(d, "BEGIN IMMEDIATE", err);
		if (st == KM_OK)
			st = km_db_run(d, d->kind->migrations[i], err);
		(void)snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", i + 1);
		if (st == KM_OK)
			st = km_db_run(d, sql, err);
		st = km_db_end(d, st, err);
		if (st != KM_OK)
			return st;
	}
	return KM_OK;
}

static km_status open_file(km_db *d, const km_db_kind *kind, const char *dir, int flags,
			   km_err *err)
{
	*d = (km_db){ .kind = kind };
	(void)snprintf(d->path, sizeof(d->path), "%s/%s", dir, kind->file);
	if (sqlite3_open_v2(d->path, &d->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return d->db ? km_db_failed(d, err) : KM_FAIL(err, KM_NOMEM, "no memory");
	(void)sqlite3_busy_timeout(d->db, 2000);
	return KM_OK;
}

km_status km_db_open(km_db *d, const km_db_kind *kind, const char *dir, km_err *err)
{
	km_status st = open_file(d, kind, dir, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);

	if (st == KM_OK)
		st = km_db_run(d,
			       "PRAGMA auto_vacuum = INCREMENTAL;"
			       "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
			       "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;",
			       err);
	if (st == KM_OK)
		st = migrate(d, err);
	if (st != KM_OK)
		km_db_close(d);
	return st;
}

/* SQLite says the same of a file that is not there and of one that may not be read. */
static km_status can_read(const km_db_kind *kind, const char *dir, km_err *err)
{
	char path[1100];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, kind->file);
	if (access(path, R_OK) == 0)
		return KM_OK;
	if (errno == ENOENT)
		return KM_FAIL(err, KM_IO,
			       "%s: there are no %s; is this the daemon's state.dir, and has it "
			       "been started?",
			       path, kind->what);
	return KM_FAIL(err, KM_IO, "%s: %s; read it as root or as a member of the daemon's group",
		       path, strerror(errno));
}

km_status km_db_open_reader(km_db *d, const km_db_kind *kind, const char *dir, km_err *err)
{
	km_status st = can_read(kind, dir, err);

	*d = (km_db){ .kind = kind };
	if (st == KM_OK)
		st = open_file(d, kind, dir, SQLITE_OPEN_READONLY, err);
	if (st == KM_OK) {
		int version = version_of(d);
		if (version < 0)
			st = km_db_failed(d, err);
		else if (version < 1)
			st = KM_FAIL(err, KM_IO, "%s: no %s there yet", d->path, kind->what);
	}
	if (st != KM_OK)
		km_db_close(d);
	return st;
}

void km_db_close(km_db *d)
{
	(void)sqlite3_close(d->db);
	d->db = NULL;
}

static km_status move(const char *from, const char *to, km_err *err)
{
	if (rename(from, to) == 0 || errno == ENOENT)
		return KM_OK;
	return KM_FAIL(err, KM_IO, "%s: can not be renamed: %s", from, strerror(errno));
}

km_status km_db_set_aside(const km_db_kind *kind, const char *dir, char *name, size_t max,
			  km_err *err)
{
	static const char *const suffixes[] = { "", "-wal" };
	char from[1200], to[1300];
	km_status st = KM_OK;

	(void)snprintf(name, max, "%s.broken-%lld", kind->file, (long long)km_clock_now());
	for (size_t i = 0; i < KM_COUNT(suffixes) && st == KM_OK; i++) {
		(void)snprintf(from, sizeof(from), "%s/%s%s", dir, kind->file, suffixes[i]);
		(void)snprintf(to, sizeof(to), "%s/%s%s", dir, name, suffixes[i]);
		st = move(from, to, err);
	}
	/* An index into the log file that has gone; SQLite makes a new one. */
	(void)snprintf(from, sizeof(from), "%s/%s-shm", dir, kind->file);
	(void)unlink(from);
	return st;
}
