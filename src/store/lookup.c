#include "store/lookup.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "store/db.h"

/* Of SQLite's virtual machine: about 20 ms. A query without an index over a large table is told,
 * not waited for. */
enum { STEPS_MAX = 2000000, STEPS_AT_ONCE = 10000, BUSY_MS = 200 };

struct km_lookup {
	sqlite3 *db;
	sqlite3_stmt *query;
	unsigned turns; /* of STEPS_AT_ONCE, of the query under way */
};

static int on_steps(void *ctx)
{
	km_lookup *l = ctx;

	return ++l->turns > STEPS_MAX / STEPS_AT_ONCE;
}

static km_status check_query(const km_lookup *l, const char *rest, km_err *err)
{
	if (l->query == NULL)
		return KM_FAIL(err, KM_CONFIG, "the query is empty");
	if (km_sv_trim(km_sv_of(rest)).n)
		return KM_FAIL(err, KM_CONFIG, "one statement is expected; after it stands: %s",
			       rest);
	if (!sqlite3_stmt_readonly(l->query) || sqlite3_column_count(l->query) == 0)
		return KM_FAIL(err, KM_CONFIG, "a query that reads is expected (SELECT …)");
	if (sqlite3_bind_parameter_count(l->query) != 1)
		return KM_FAIL(err, KM_CONFIG,
			       "one parameter (?) for the account is expected; there are %d",
			       sqlite3_bind_parameter_count(l->query));
	return KM_OK;
}

static km_status prepare(km_lookup *l, const char *path, const char *query, km_err *err)
{
	const char *rest = "";

	if (sqlite3_open_v2(path, &l->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return KM_FAIL(err, KM_CONFIG, "%s: %s", path,
			       l->db ? sqlite3_errmsg(l->db) : "no memory");
	(void)sqlite3_busy_timeout(l->db, BUSY_MS);
	/* The query is the operator's, what it calls shall still be data alone. */
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (sqlite3_prepare_v3(l->db, query, -1, SQLITE_PREPARE_PERSISTENT, &l->query, &rest) !=
	    SQLITE_OK)
		return KM_FAIL(err, KM_CONFIG, "%s: %s", path, sqlite3_errmsg(l->db));
	sqlite3_progress_handler(l->db, STEPS_AT_ONCE, on_steps, l);
	return check_query(l, rest, err);
}

km_status km_lookup_open(const char *path, const char *query, km_lookup **out, km_err *err)
{
	km_lookup *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (l == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = prepare(l, path, query, err);
	if (st == KM_OK)
		*out = l;
	else
		km_lookup_close(l);
	return st;
}

void km_lookup_close(km_lookup *l)
{
	if (l == NULL)
		return;
	(void)sqlite3_finalize(l->query);
	(void)sqlite3_close(l->db);
	free(l);
}

static void give_row(sqlite3_stmt *s, km_lookup_each *each, void *ctx)
{
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		km_sv v = km_sv_trim(km_db_text(s, i));
		if (v.n)
			each(ctx, v);
	}
}

km_status km_lookup_find(km_lookup *l, km_sv name, km_lookup_each *each, void *ctx, km_err *err)
{
	km_status st = KM_OK;
	int rc, n = 0;

	l->turns = 0;
	km_db_bind_text(l->query, 1, name);
	while ((rc = sqlite3_step(l->query)) == SQLITE_ROW && n < KM_LOOKUP_ROWS) {
		n++;
		give_row(l->query, each, ctx);
	}
	if (rc == SQLITE_ROW)
		st = KM_FAIL(err, KM_LIMIT, "the query gives more than %d rows", KM_LOOKUP_ROWS);
	else if (rc == SQLITE_INTERRUPT)
		st = KM_FAIL(err, KM_LIMIT, "the query takes too long; has the table an index?");
	else if (rc != SQLITE_DONE)
		st = KM_FAIL(err, KM_IO, "%s", sqlite3_errmsg(l->db));
	(void)sqlite3_reset(l->query);
	(void)sqlite3_clear_bindings(l->query);
	return st;
}
