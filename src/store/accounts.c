#include "store/accounts.h"

#include <stdlib.h>

#include "store/db.h"

static const char *const kinds[KM_ENTRY_KIND_COUNT] = {
#define X(name) [KM_ENTRY_##name] = #name,
	KM_ENTRY_KINDS(X)
#undef X
};

#define ENTRY	   "account, kind, t_ms, until_ms, by, reason, ip, port, queue_id, facts"
#define SUBSCRIBER "account, kind, alternative, created"

/* Names are blobs: any bytes, compared as such. */
static const char *const migrations[] = {
	"CREATE TABLE entry ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL, kind TEXT NOT NULL,"
	" t_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,"
	" ip TEXT NOT NULL, port INTEGER NOT NULL, queue_id TEXT NOT NULL, facts TEXT NOT NULL,"
	" UNIQUE (account, kind, t_ms));"
	"CREATE TABLE subscriber ("
	" account BLOB PRIMARY KEY, kind TEXT NOT NULL, alternative TEXT NOT NULL,"
	" created INTEGER NOT NULL) WITHOUT ROWID;",
	/* Who was told of what is written once, however often it is said; two statements of one
	 * second are both kept. */
	"CREATE TABLE entry_2 ("
	" row INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL, kind TEXT NOT NULL,"
	" t_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL,"
	" ip TEXT NOT NULL, port INTEGER NOT NULL, queue_id TEXT NOT NULL, facts TEXT NOT NULL);"
	"INSERT INTO entry_2 SELECT * FROM entry;"
	"DROP TABLE entry;"
	"ALTER TABLE entry_2 RENAME TO entry;"
	"CREATE INDEX entry_account ON entry (account, row);"
	"CREATE UNIQUE INDEX entry_once ON entry (account, kind, t_ms, reason) WHERE kind <> "
	"'told';"
	"CREATE UNIQUE INDEX entry_told ON entry (account, reason) WHERE kind = 'told';",
	"CREATE TABLE stopped ("
	" row INTEGER PRIMARY KEY, account BLOB NOT NULL, t_ms INTEGER NOT NULL, ip TEXT NOT NULL,"
	" port INTEGER NOT NULL, queue_id TEXT NOT NULL, n_rcpts INTEGER NOT NULL,"
	" action TEXT NOT NULL);"
	"CREATE INDEX stopped_account ON stopped (account, t_ms);"
	"CREATE UNIQUE INDEX stopped_once ON stopped (account, queue_id) WHERE queue_id <> '';",
};

static const km_db_kind file_kind = { "accounts.db", "accounts", migrations, KM_COUNT(migrations) };

struct km_accounts {
	km_db db;
};

const char *km_entry_kind_name(km_entry_kind k)
{
	return k < KM_ENTRY_KIND_COUNT ? kinds[k] : "";
}

km_entry_kind km_entry_kind_by_name(km_sv name)
{
	int k = 0;

	while (k < KM_ENTRY_KIND_COUNT && !km_sv_eq(name, km_sv_of(kinds[k])))
		k++;
	return (km_entry_kind)k;
}

static km_status make(bool writer, const char *dir, km_accounts **out, km_err *err)
{
	km_accounts *a = calloc(1, sizeof(*a));

	*out = NULL;
	if (a == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = writer ? km_db_open(&a->db, &file_kind, dir, err)
			      : km_db_open_reader(&a->db, &file_kind, dir, err);
	if (st == KM_OK)
		*out = a;
	else
		free(a);
	return st;
}

km_status km_accounts_open(const char *dir, km_accounts **out, km_err *err)
{
	return make(true, dir, out, err);
}

km_status km_accounts_open_reader(const char *dir, km_accounts **out, km_err *err)
{
	return make(false, dir, out, err);
}

void km_accounts_close(km_accounts *a)
{
	if (a)
		km_db_close(&a->db);
	free(a);
}

km_status km_accounts_set_aside(const char *dir, char *name, size_t max, km_err *err)
{
	return km_db_set_aside(&file_kind, dir, name, max, err);
}

static void bind_entry(sqlite3_stmt *s, const km_entry *e)
{
	km_db_bind_blob(s, 1, e->account);
	km_db_bind_text(s, 2, km_sv_of(km_entry_kind_name(e->kind)));
	(void)sqlite3_bind_int64(s, 3, e->t_ms);
	(void)sqlite3_bind_int64(s, 4, e->until_ms);
	km_db_bind_text(s, 5, e->by);
	km_db_bind_text(s, 6, e->reason);
	km_db_bind_text(s, 7, e->ip);
	(void)sqlite3_bind_int64(s, 8, e->port);
	km_db_bind_text(s, 9, e->queue_id);
	km_db_bind_text(s, 10, e->facts);
}

static km_status write_entries(km_accounts *a, const km_entry *entries, size_t n, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&a->db,
				     "INSERT OR IGNORE INTO entry (" ENTRY
				     ") VALUES (?,?,?,?,?,?,?,?,?,?)",
				     &s, err);

	for (size_t i = 0; i < n && st == KM_OK; i++) {
		bind_entry(s, &entries[i]);
		st = km_db_step(&a->db, s, err);
	}
	(void)sqlite3_finalize(s);
	return st;
}

static km_status write_subscriber(km_accounts *a, const km_subscriber *u, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st =
		km_db_prepare(&a->db,
			      "INSERT INTO subscriber (" SUBSCRIBER ") VALUES (?1,?2,?3,?4)"
			      " ON CONFLICT (account) DO UPDATE SET"
			      " kind = CASE WHEN ?2 = '' THEN kind ELSE ?2 END,"
			      " alternative = CASE WHEN ?3 = '' THEN alternative ELSE ?3 END,"
			      " created = CASE WHEN ?4 = 0 THEN created ELSE ?4 END",
			      &s, err);

	if (st != KM_OK)
		return st;
	km_db_bind_blob(s, 1, u->account);
	km_db_bind_text(s, 2, u->kind);
	km_db_bind_text(s, 3, u->alternative);
	(void)sqlite3_bind_int64(s, 4, u->created);
	st = km_db_step(&a->db, s, err);
	(void)sqlite3_finalize(s);
	return st;
}

static km_status write_stopped(km_accounts *a, const km_stopped *m, km_err *err)
{
	static const int64_t month_ms = INT64_C(30) * 86400 * 1000;
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(
		&a->db,
		"INSERT OR IGNORE INTO stopped (account, t_ms, ip, port, queue_id, n_rcpts, action)"
		" SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE"
		" (SELECT count(*) FROM stopped WHERE account = ?1 AND t_ms > ?8) < ?9",
		&s, err);

	if (st != KM_OK)
		return st;
	km_db_bind_blob(s, 1, m->account);
	(void)sqlite3_bind_int64(s, 2, m->t_ms);
	km_db_bind_text(s, 3, m->ip);
	(void)sqlite3_bind_int64(s, 4, m->port);
	km_db_bind_text(s, 5, m->queue_id);
	(void)sqlite3_bind_int64(s, 6, m->n_rcpts);
	km_db_bind_text(s, 7, m->action);
	(void)sqlite3_bind_int64(s, 8, m->t_ms - month_ms);
	(void)sqlite3_bind_int64(s, 9, KM_STOPPED_MAX);
	st = km_db_step(&a->db, s, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_accounts_stopped(km_accounts *a, km_sv account, int64_t since_ms,
			      km_stopped_each *each, void *ctx, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&a->db,
				     "SELECT account, t_ms, ip, port, queue_id, n_rcpts, action"
				     " FROM stopped WHERE account = ?1 AND t_ms >= ?2"
				     " ORDER BY t_ms DESC, row DESC",
				     &s, err);
	int rc = SQLITE_DONE;

	if (st != KM_OK)
		return st;
	km_db_bind_blob(s, 1, account);
	(void)sqlite3_bind_int64(s, 2, since_ms);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const km_stopped m = { km_db_blob(s, 0), sqlite3_column_int64(s, 1),
				       km_db_text(s, 2), sqlite3_column_int64(s, 3),
				       km_db_text(s, 4), sqlite3_column_int64(s, 5),
				       km_db_text(s, 6) };
		if (!each(ctx, &m))
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		st = km_db_failed(&a->db, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_accounts_write(km_accounts *a, const km_account_page *pages, size_t n, km_err *err)
{
	km_status st = km_db_run(&a->db, "BEGIN IMMEDIATE", err);

	if (st != KM_OK)
		return st;
	for (size_t i = 0; i < n && st == KM_OK; i++) {
		if (pages[i].n)
			st = write_entries(a, pages[i].entries, pages[i].n, err);
		if (st == KM_OK && pages[i].subscriber)
			st = write_subscriber(a, pages[i].subscriber, err);
		if (st == KM_OK && pages[i].stopped)
			st = write_stopped(a, pages[i].stopped, err);
	}
	return km_db_end(&a->db, st, err);
}

km_status km_accounts_add(km_accounts *a, const km_entry *entries, size_t n, km_err *err)
{
	return km_accounts_write(a, &(km_account_page){ .entries = entries, .n = n }, 1, err);
}

km_status km_accounts_put(km_accounts *a, const km_subscriber *u, km_err *err)
{
	return km_accounts_write(a, &(km_account_page){ .subscriber = u }, 1, err);
}

/* Columns: row, then ENTRY. */
static bool show(sqlite3_stmt *s, km_entry_each *each, void *ctx)
{
	const km_entry e = {
		.account = km_db_blob(s, 1),
		.kind = km_entry_kind_by_name(km_db_text(s, 2)),
		.t_ms = sqlite3_column_int64(s, 3),
		.until_ms = sqlite3_column_int64(s, 4),
		.by = km_db_text(s, 5),
		.reason = km_db_text(s, 6),
		.ip = km_db_text(s, 7),
		.port = sqlite3_column_int64(s, 8),
		.queue_id = km_db_text(s, 9),
		.facts = km_db_text(s, 10),
	};

	return each(ctx, sqlite3_column_int64(s, 0), &e);
}

static km_status show_all(km_accounts *a, sqlite3_stmt *s, km_entry_each *each, void *ctx,
			  km_err *err)
{
	int rc;

	while ((rc = sqlite3_step(s)) == SQLITE_ROW)
		if (!show(s, each, ctx))
			break;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? KM_OK : km_db_failed(&a->db, err);
}

#define WHERE                                                                                      \
	" FROM entry WHERE row > ?1 AND t_ms >= ?2 AND (length(?3) = 0 OR account = ?3) ORDER BY "

km_status km_accounts_find(km_accounts *a, const km_entry_filter *f, km_entry_each *each, void *ctx,
			   km_err *err)
{
	static const char newest[] = "SELECT row, " ENTRY WHERE "row DESC LIMIT ?4";
	static const char oldest[] = "SELECT row, " ENTRY WHERE "row LIMIT ?4";
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&a->db, f->limit ? newest : oldest, &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, f->after_row);
	(void)sqlite3_bind_int64(s, 2, f->since_ms);
	km_db_bind_blob(s, 3, f->account);
	(void)sqlite3_bind_int64(s, 4, f->limit ? (int64_t)f->limit : -1);
	st = show_all(a, s, each, ctx, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_accounts_in_force(km_accounts *a, int64_t now_ms, km_entry_each *each, void *ctx,
			       km_err *err)
{
	static const char sql[] =
		"SELECT row, " ENTRY
		" FROM entry WHERE row IN (SELECT max(row) FROM entry WHERE kind"
		" IN ('throttle','brake','suspension','termination','restore') GROUP BY account)"
		" AND kind <> 'restore' AND (until_ms = 0 OR until_ms > ?1) ORDER BY row";
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&a->db, sql, &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, now_ms);
	st = show_all(a, s, each, ctx, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_accounts_subscribers(km_accounts *a, km_sv account, km_subscriber_each *each,
				  void *ctx, km_err *err)
{
	static const char sql[] =
		"SELECT " SUBSCRIBER " FROM subscriber WHERE length(?1) = 0 OR account = ?1"
		" ORDER BY account";
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&a->db, sql, &s, err);
	size_t n = 0;
	int rc;

	if (st != KM_OK)
		return st;
	km_db_bind_blob(s, 1, account);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		const km_subscriber u = { km_db_blob(s, 0), km_db_text(s, 1), km_db_text(s, 2),
					  sqlite3_column_int64(s, 3) };
		n++;
		if (!each(ctx, &u))
			break;
	}
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		st = km_db_failed(&a->db, err);
	(void)sqlite3_finalize(s);
	return st == KM_OK && account.n && n == 0 ? KM_NOTFOUND : st;
}
