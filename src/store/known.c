#include "store/known.h"

#include <stdlib.h>

#include "base/arena.h"
#include "store/db.h"

enum {
	IDENTITIES_MAX = 1000, /* of an account */
	TIDY_EVERY = 256,      /* leases told until some that are over are forgotten, */
	TIDY_MANY = 1024,      /* these at most */
	GROUP_MEMORY = 16 * 1024 * 1024
};

static const char *const migrations[] = {
	"CREATE TABLE lease (ip BLOB PRIMARY KEY, account BLOB NOT NULL, until INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE INDEX lease_until ON lease (until) WHERE until > 0;"
	"CREATE TABLE identity (account BLOB NOT NULL, address BLOB NOT NULL,"
	" PRIMARY KEY (account, address)) WITHOUT ROWID;",
};

static const km_db_kind file_kind = { "known.db", "leases", migrations, KM_COUNT(migrations) };

typedef enum { LEASE, TIDY, FORGET, IDENTITY, STATEMENTS } statement;

#define TIDY_SQL                                                                                   \
	"DELETE FROM lease WHERE ip IN"                                                            \
	" (SELECT ip FROM lease WHERE until > 0 AND until < ?1 LIMIT ?2)"

static const char *const texts[STATEMENTS] = {
	[LEASE] = "INSERT OR REPLACE INTO lease (ip, account, until) VALUES (?1, ?2, ?3)",
	[TIDY] = TIDY_SQL,
	[FORGET] = "DELETE FROM identity WHERE account = ?1",
	[IDENTITY] = "INSERT OR IGNORE INTO identity (account, address) VALUES (?1, ?2)",
};

struct km_known {
	km_db db;
	sqlite3_stmt *s[STATEMENTS];
	unsigned told;
};

km_status km_known_open(const char *dir, km_known **out, km_err *err)
{
	km_known *k = calloc(1, sizeof(*k));

	*out = NULL;
	if (k == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_db_open(&k->db, &file_kind, dir, err);
	/* The writer never waits for the disk: km_known_flush() does, in another thread. */
	if (st == KM_OK)
		st = km_db_run(&k->db, "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0",
			       err);
	for (size_t i = 0; i < STATEMENTS && st == KM_OK; i++)
		st = km_db_prepare(&k->db, texts[i], &k->s[i], err);
	if (st == KM_OK)
		*out = k;
	else
		km_known_close(k);
	return st;
}

void km_known_close(km_known *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		(void)sqlite3_finalize(k->s[i]);
	km_db_close(&k->db);
	free(k);
}

km_status km_known_set_aside(const char *dir, char *name, size_t max, km_err *err)
{
	return km_db_set_aside(&file_kind, dir, name, max, err);
}

static km_status tidy(km_known *k, km_time now, int64_t most, km_err *err)
{
	(void)sqlite3_bind_int64(k->s[TIDY], 1, now);
	(void)sqlite3_bind_int64(k->s[TIDY], 2, most);
	return km_db_step(&k->db, k->s[TIDY], err);
}

km_status km_known_lease(km_known *k, km_sv ip, km_sv account, km_time until, km_time now,
			 km_err *err)
{
	km_status st = KM_OK;

	if (++k->told % TIDY_EVERY == 0)
		st = tidy(k, now, TIDY_MANY, err);
	if (st != KM_OK)
		return st;
	km_db_bind_blob(k->s[LEASE], 1, ip);
	km_db_bind_blob(k->s[LEASE], 2, account);
	(void)sqlite3_bind_int64(k->s[LEASE], 3, until);
	return km_db_step(&k->db, k->s[LEASE], err);
}

/* An account that may use nothing has one row without an address. */
static km_status add_identities(km_known *k, km_sv account, const km_sv *v, size_t n, km_err *err)
{
	const km_sv none = { 0 };
	km_status st = KM_OK;

	for (size_t i = 0; i < (n ? n : 1) && st == KM_OK; i++) {
		km_db_bind_blob(k->s[IDENTITY], 1, account);
		km_db_bind_blob(k->s[IDENTITY], 2, n ? v[i] : none);
		st = km_db_step(&k->db, k->s[IDENTITY], err);
	}
	return st;
}

km_status km_known_identities(km_known *k, km_sv account, const km_sv *v, size_t n, km_err *err)
{
	km_status st = km_db_run(&k->db, "BEGIN IMMEDIATE", err);

	if (st != KM_OK)
		return st;
	km_db_bind_blob(k->s[FORGET], 1, account);
	st = km_db_step(&k->db, k->s[FORGET], err);
	if (st == KM_OK)
		st = add_identities(k, account, v, n < IDENTITIES_MAX ? n : IDENTITIES_MAX, err);
	return km_db_end(&k->db, st, err);
}

static km_status read_leases(km_known *k, const km_known_reader *r, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&k->db, "SELECT ip, account, until FROM lease", &s, err);
	int rc = SQLITE_DONE;

	while (st == KM_OK && (rc = sqlite3_step(s)) == SQLITE_ROW)
		r->lease(r->ctx, km_db_blob(s, 0), km_db_blob(s, 1), sqlite3_column_int64(s, 2));
	if (st == KM_OK && rc != SQLITE_DONE)
		st = km_db_failed(&k->db, err);
	(void)sqlite3_finalize(s);
	return st;
}

/* The addresses of one account, which the next one's first row ends. */
typedef struct {
	km_sv account, v[IDENTITIES_MAX];
	size_t n;
	km_arena *arena;
} group;

static void end_group(group *g, const km_known_reader *r)
{
	if (g->account.n)
		r->identities(r->ctx, g->account, g->v, g->n);
	km_arena_reset(g->arena);
	g->account = (km_sv){ 0 };
	g->n = 0;
}

static km_status read_identities(km_known *k, group *g, const km_known_reader *r, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(
		&k->db, "SELECT account, address FROM identity ORDER BY account", &s, err);
	int rc = SQLITE_DONE;

	while (st == KM_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
		km_sv account = km_db_blob(s, 0), address = km_db_blob(s, 1);
		if (!km_sv_eq(account, g->account)) {
			end_group(g, r);
			g->account = km_sv_dup(g->arena, account);
		}
		if (address.n && g->n < IDENTITIES_MAX)
			g->v[g->n++] = km_sv_dup(g->arena, address);
	}
	if (st == KM_OK && rc != SQLITE_DONE)
		st = km_db_failed(&k->db, err);
	if (st == KM_OK)
		end_group(g, r);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_known_read(km_known *k, km_time now, const km_known_reader *r, km_err *err)
{
	group *g = calloc(1, sizeof(*g));

	if (g)
		g->arena = km_arena_new(GROUP_MEMORY);
	if (g == NULL || g->arena == NULL) {
		free(g);
		return KM_FAIL(err, KM_NOMEM, "no memory");
	}
	km_status st = tidy(k, now, -1, err);
	if (st == KM_OK)
		st = read_leases(k, r, err);
	if (st == KM_OK)
		st = read_identities(k, g, r, err);
	km_arena_free(g->arena);
	free(g);
	return st;
}

km_status km_known_flush(const char *dir, km_err *err)
{
	km_db db;
	km_status st = km_db_open(&db, &file_kind, dir, err);

	if (st != KM_OK)
		return st;
	st = km_db_run(&db, "PRAGMA wal_checkpoint(PASSIVE)", err);
	km_db_close(&db);
	return st;
}
