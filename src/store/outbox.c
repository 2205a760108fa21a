#include "store/outbox.h"

#include <stdlib.h>

#include "store/db.h"

static const char *const names[KM_CHANNEL_COUNT] = {
#define X(name) [KM_CHANNEL_##name] = #name,
	KM_CHANNELS(X)
#undef X
};

/* state: 0 waits until t_ms, 1 done at t_ms, 2 done and told, 3 given up. */
static const char *const migrations[] = {
	"CREATE TABLE mark (id INTEGER PRIMARY KEY CHECK (id = 1), entry INTEGER NOT NULL);"
	"INSERT INTO mark VALUES (1, 0);"
	"CREATE TABLE delivery ("
	" entry INTEGER NOT NULL, channel INTEGER NOT NULL, target TEXT NOT NULL,"
	" state INTEGER NOT NULL, attempts INTEGER NOT NULL, t_ms INTEGER NOT NULL,"
	" why TEXT NOT NULL, PRIMARY KEY (entry, channel, target)) WITHOUT ROWID;"
	"CREATE INDEX delivery_due ON delivery (state, channel, t_ms);",
};

static const km_db_kind file_kind = { "outbox.db", "deliveries", migrations, KM_COUNT(migrations) };

struct km_outbox {
	km_db db;
};

const char *km_channel_name(km_channel c)
{
	return names[c];
}

km_status km_outbox_open(const char *dir, km_outbox **out, km_err *err)
{
	km_outbox *o = calloc(1, sizeof(*o));

	*out = NULL;
	if (o == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_db_open(&o->db, &file_kind, dir, err);
	if (st == KM_OK)
		*out = o;
	else
		free(o);
	return st;
}

void km_outbox_close(km_outbox *o)
{
	if (o)
		km_db_close(&o->db);
	free(o);
}

km_status km_outbox_set_aside(const char *dir, char *name, size_t max, km_err *err)
{
	return km_db_set_aside(&file_kind, dir, name, max, err);
}

km_status km_outbox_mark(km_outbox *o, int64_t *entry, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&o->db, "SELECT entry FROM mark", &s, err);

	*entry = 0;
	if (st == KM_OK && sqlite3_step(s) == SQLITE_ROW)
		*entry = sqlite3_column_int64(s, 0);
	else if (st == KM_OK)
		st = km_db_failed(&o->db, err);
	(void)sqlite3_finalize(s);
	return st;
}

/* Runs @sql with the key of @d as its first three values, then @x (where it is used) and @text. */
static km_status run(km_outbox *o, const char *sql, const km_delivery *d, int64_t x, km_sv text,
		     km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&o->db, sql, &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, d->entry);
	(void)sqlite3_bind_int64(s, 2, (int64_t)d->channel);
	km_db_bind_text(s, 3, d->target);
	(void)sqlite3_bind_int64(s, 4, x);
	km_db_bind_text(s, 5, text);
	st = km_db_step(&o->db, s, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_outbox_plan(km_outbox *o, int64_t entry, const km_delivery *d, size_t n,
			 int64_t now_ms, km_err *err)
{
	const km_delivery marked = { .entry = entry };
	km_status st = km_db_run(&o->db, "BEGIN IMMEDIATE", err);

	if (st != KM_OK)
		return st;
	for (size_t i = 0; i < n && st == KM_OK; i++)
		st = run(o, "INSERT OR IGNORE INTO delivery VALUES (?1, ?2, ?3, 0, 0, ?4, ?5)",
			 &d[i], now_ms, KM_S(""), err);
	if (st == KM_OK)
		st = run(o, "UPDATE mark SET entry = max(entry, ?1)", &marked, 0, KM_S(""), err);
	return km_db_end(&o->db, st, err);
}

/* The first row of @s, whose columns are entry, channel, target, attempts. */
static km_status first(km_outbox *o, sqlite3_stmt *s, km_arena *a, km_delivery *out, km_err *err)
{
	int rc = sqlite3_step(s);

	if (rc == SQLITE_DONE)
		return KM_NOTFOUND;
	if (rc != SQLITE_ROW)
		return km_db_failed(&o->db, err);
	*out = (km_delivery){ .entry = sqlite3_column_int64(s, 0),
			      .channel = (km_channel)sqlite3_column_int(s, 1),
			      .target = km_sv_dup(a, km_db_text(s, 2)),
			      .attempts = (unsigned)sqlite3_column_int(s, 3) };
	return KM_OK;
}

km_status km_outbox_due(km_outbox *o, km_channel channel, int64_t now_ms, km_arena *a,
			km_delivery *out, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&o->db,
				     "SELECT entry, channel, target, attempts FROM delivery"
				     " WHERE state = 0 AND channel = ?1 AND t_ms <= ?2"
				     " ORDER BY t_ms, entry LIMIT 1",
				     &s, err);

	if (st != KM_OK)
		return st;
	(void)sqlite3_bind_int64(s, 1, (int64_t)channel);
	(void)sqlite3_bind_int64(s, 2, now_ms);
	st = first(o, s, a, out, err);
	(void)sqlite3_finalize(s);
	return st;
}

#define THIS " WHERE entry = ?1 AND channel = ?2 AND target = ?3"

km_status km_outbox_done(km_outbox *o, const km_delivery *d, int64_t now_ms, km_err *err)
{
	return run(
		o,
		"UPDATE delivery SET state = 1, attempts = attempts + 1, t_ms = ?4, why = ?5" THIS,
		d, now_ms, KM_S(""), err);
}

km_status km_outbox_put_off(km_outbox *o, const km_delivery *d, int64_t next_ms, bool all,
			    km_sv why, km_err *err)
{
	if (next_ms == 0)
		return run(o,
			   "UPDATE delivery SET state = 3, attempts = attempts + 1, why = ?5" THIS,
			   d, 0, why, err);
	km_status st = km_db_run(&o->db, "BEGIN IMMEDIATE", err);
	if (st != KM_OK)
		return st;
	st = run(o, "UPDATE delivery SET attempts = attempts + 1, t_ms = ?4, why = ?5" THIS, d,
		 next_ms, why, err);
	if (st == KM_OK && all)
		st = run(o,
			 "UPDATE delivery SET t_ms = ?4 WHERE state = 0 AND channel = ?2"
			 " AND (channel = 0 OR target = ?3) AND t_ms < ?4",
			 d, next_ms, KM_S(""), err);
	return km_db_end(&o->db, st, err);
}

km_status km_outbox_untold(km_outbox *o, km_arena *a, km_delivery *out, km_err *err)
{
	sqlite3_stmt *s = NULL;
	km_status st = km_db_prepare(&o->db,
				     "SELECT entry, channel, target, attempts FROM delivery"
				     " WHERE state = 1 ORDER BY t_ms LIMIT 1",
				     &s, err);

	if (st == KM_OK)
		st = first(o, s, a, out, err);
	(void)sqlite3_finalize(s);
	return st;
}

km_status km_outbox_told(km_outbox *o, const km_delivery *d, km_err *err)
{
	return run(o, "UPDATE delivery SET state = 2" THIS, d, 0, KM_S(""), err);
}

km_status km_outbox_expire(km_outbox *o, int64_t before_ms, km_err *err)
{
	return run(o, "DELETE FROM delivery WHERE state IN (2, 3) AND t_ms < ?4",
		   &(km_delivery){ 0 }, before_ms, KM_S(""), err);
}
