#include "learn/trainer_state.h"

#include <math.h>
#include <stdlib.h>

enum { BATCH = 64 };

/* --- teaching --- */

/* Unless it has a weight already, as from an import. */
static km_status weigh(km_trainer *t, km_row *r, km_err *err)
{
	uint64_t n = 0;
	km_status st = KM_OK;

	if (r->weight > 0)
		return KM_OK;
	if (r->reporter.n && t->options.full)
		st = km_journal_count(t->journal, r->reporter, r->t_ms - KM_TRAINER_DAY_MS, &n,
				      err);
	uint64_t halvings = t->options.full ? n / t->options.full : 0;
	r->weight = ldexp(1, -(int)(halvings > 60 ? 60 : halvings));
	return st;
}

/* Writes the row of @r, now with all that makes it one. */
km_status km_trainer_append(km_trainer *t, km_row *r, km_err *err)
{
	km_buf row;

	km_buf_init(&row, NULL, KM_ROW_MAX_BYTES);
	r->seq = t->last + 1;
	if (r->fingerprint == 0)
		r->fingerprint = t->fingerprint;
	km_status st = km_row_write(&row, r);
	if (st != KM_OK)
		(void)KM_FAIL(err, KM_LIMIT, "a lesson of more than %d bytes", KM_ROW_MAX_BYTES);
	km_journal_row j = { .seq = r->seq,
			     .before = r->before,
			     .t_ms = r->t_ms,
			     .kind = (int)r->kind,
			     .lesson = km_row_teaches(r->kind),
			     .back = r->kind == KM_ROW_ROLLBACK,
			     .reporter = r->reporter,
			     .bytes = km_buf_sv(&row) };
	memcpy(j.digest, r->digest, sizeof(j.digest));
	if (st == KM_OK)
		st = km_journal_add(t->journal, &j, err);
	if (st == KM_OK)
		t->last = r->seq;
	km_buf_finish(&row);
	return st;
}

/* Decides what a report means, and writes its row when it changes anything; r->seq is then set. */
static km_status enter(km_trainer *t, km_row *r, km_taught *out, km_err *err)
{
	km_journal_row known;
	km_status st = km_journal_find(t->journal, r->digest, &known, err);
	bool in_force = st == KM_OK;

	r->seq = r->before = 0;
	*out = (km_taught){ .how = KM_TAUGHT_LEARNED };
	if (st != KM_OK && st != KM_NOTFOUND)
		return st;
	if (in_force && known.kind == (int)r->kind)
		*out = (km_taught){ KM_TAUGHT_REPEAT, known.seq, 0 };
	else if (!in_force && r->kind == KM_ROW_UNDO)
		*out = (km_taught){ KM_TAUGHT_UNKNOWN, 0, 0 };
	else if (in_force)
		out->how = r->kind == KM_ROW_UNDO ? KM_TAUGHT_UNDONE : KM_TAUGHT_MOVED;
	if (out->how == KM_TAUGHT_REPEAT || out->how == KM_TAUGHT_UNKNOWN)
		return KM_OK;
	r->before = in_force ? known.seq : 0;
	st = weigh(t, r, err);
	if (r->kind == KM_ROW_UNDO)
		r->body = (km_sv){ NULL, 0 };
	if (st == KM_OK)
		st = km_trainer_append(t, r, err);
	out->weight = r->weight;
	out->seq = r->kind == KM_ROW_UNDO ? 0 : r->seq;
	return st;
}

static km_status check(km_trainer *t, const km_row *r, km_err *err)
{
	km_features f;

	if (!km_row_teaches(r->kind) && r->kind != KM_ROW_UNDO)
		return KM_FAIL(err, KM_SYNTAX, "no lesson");
	km_arena_reset(t->arena);
	return km_row_teaches(r->kind) ? km_features_unpack(t->arena, r->body, &f, err) : KM_OK;
}

static km_status teach(km_trainer *t, km_row *r, size_t n, km_taught *out, km_err *err)
{
	uint64_t last = t->last;
	km_status st = km_journal_begin(t->journal, err);

	if (st != KM_OK)
		return st;
	st = km_trainer_write_steps(t, err);
	for (size_t i = 0; i < n && st == KM_OK; i++)
		st = enter(t, &r[i], &out[i], err);
	st = km_journal_end(t->journal, st, err);
	if (st != KM_OK) {
		t->last = last;
		return st;
	}
	t->n_steps = 0;
	/* On disk: now in force. Should that fail, it will be when all is made anew. */
	for (size_t i = 0; i < n && st == KM_OK; i++)
		if (r[i].seq)
			st = km_trainer_apply(t, t->live, &r[i], err);
	if (st != KM_OK)
		(void)km_trainer_begin(t, NULL);
	return st;
}

km_status km_trainer_must_be_ready(const km_trainer *t, km_err *err)
{
	if (t->options.read_only)
		return KM_FAIL(err, KM_BUG, "opened for reading only");
	if (!km_trainer_ready(t))
		return KM_FAIL(err, KM_TEMPFAIL, "the model is being made anew; try again later");
	return KM_OK;
}

km_status km_trainer_teach(km_trainer *t, const km_row *reports, size_t n, km_taught *out,
			   km_err *err)
{
	km_status st = km_trainer_must_be_ready(t, err);
	km_row *copy = st == KM_OK ? reallocarray(NULL, n + 1, sizeof(*copy)) : NULL;

	if (st != KM_OK)
		return st;
	if (copy == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	if (n)
		memcpy(copy, reports, n * sizeof(*copy));
	for (size_t i = 0; i < n && st == KM_OK; i++)
		st = check(t, &copy[i], err);
	km_err why = { 0 };
	km_status done = st == KM_OK && n ? teach(t, copy, n, out, &why) : KM_OK;
	free(copy);
	if (done == KM_SYNTAX && km_trainer_heal(t, why.msg, err) == KM_NOTFOUND)
		return KM_FAIL(err, KM_TEMPFAIL, "the journal is being made good; try again later");
	if (done != KM_OK && err)
		*err = why;
	return st == KM_OK ? done : st;
}

/* --- going back --- */

static bool is_name(km_sv name)
{
	for (size_t i = 0; i < name.n; i++)
		if (!km_is_alnum((unsigned char)name.p[i]) && !strchr("-_.:+", name.p[i]))
			return false;
	return name.n > 0 && name.n <= KM_JOURNAL_NAME;
}

km_status km_trainer_snapshot(km_trainer *t, km_sv name, int64_t t_ms, km_err *err)
{
	km_status st = km_trainer_must_be_ready(t, err);

	if (st != KM_OK)
		return st;
	if (!is_name(name))
		return KM_FAIL(err, KM_SYNTAX,
			       "a name is made of 1 to %d letters, digits, and . - _ : +",
			       KM_JOURNAL_NAME);
	return km_journal_put_snapshot(t->journal, name, t_ms, t->last, err);
}

km_status km_trainer_rollback(km_trainer *t, km_sv name, km_sv reporter, int64_t t_ms, km_err *err)
{
	uint64_t last = t->last;
	km_row r = { .kind = KM_ROW_ROLLBACK, .t_ms = t_ms, .reporter = reporter };
	km_status st = km_trainer_must_be_ready(t, err);

	if (st == KM_OK)
		st = km_journal_get_snapshot(t->journal, name, &r.before, err);
	if (st == KM_NOTFOUND)
		return KM_FAIL(err, KM_NOTFOUND, "there is no snapshot \"%.*s\"", KM_FMT(name));
	if (st == KM_OK)
		st = km_journal_begin(t->journal, err);
	if (st != KM_OK)
		return st;
	st = km_trainer_write_steps(t, err);
	if (st == KM_OK)
		st = km_trainer_append(t, &r, err);
	st = km_journal_end(t->journal, st, err);
	if (st != KM_OK) {
		t->last = last;
		return st;
	}
	t->n_steps = 0;
	return km_trainer_begin(t, err);
}

km_status km_trainer_replay(km_trainer *t, km_err *err)
{
	km_status st = km_trainer_must_be_ready(t, err);

	if (st == KM_OK)
		st = km_trainer_flush_steps(t, err);
	return st == KM_OK ? km_trainer_begin(t, err) : st;
}

/* What another journal began with: only where nothing was learned yet. */
static km_status import_model(km_trainer *t, km_sv row, const km_row *r, km_err *err)
{
	const km_journal_row j = {
		.seq = r->seq, .t_ms = r->t_ms, .kind = (int)r->kind, .bytes = row
	};
	km_status st = km_trainer_must_be_ready(t, err);

	if (st == KM_OK && t->last > 0)
		return KM_FAIL(err, KM_CONFIG,
			       "this export begins with a model and can only be imported where "
			       "nothing was learned yet");
	if (st == KM_OK)
		st = km_layers_check(t->options.base, r->body, "the model of this export", err);
	if (st == KM_OK)
		st = km_journal_begin(t->journal, err);
	if (st != KM_OK)
		return st;
	st = km_journal_end(t->journal, km_journal_add(t->journal, &j, err), err);
	if (st == KM_OK) {
		t->last = r->seq;
		st = km_trainer_begin(t, err);
	}
	return st == KM_OK ? km_trainer_work(t, SIZE_MAX, err) : st;
}

km_status km_trainer_import(km_trainer *t, km_sv rows, uint64_t counts[KM_TAUGHT_COUNT],
			    km_err *err)
{
	km_row r[BATCH];
	km_taught out[BATCH] = { 0 };
	km_status st = KM_OK;
	km_sv row;

	while (st == KM_OK) {
		size_t n = 0;
		while (n < BATCH && (st = km_row_next(&rows, &row, err)) == KM_OK &&
		       (st = km_row_read(row, &r[n], err)) == KM_OK) {
			if (r[n].kind == KM_ROW_MODEL &&
			    (st = import_model(t, row, &r[n], err)) != KM_OK)
				return st;
			n += km_row_teaches(r[n].kind) || r[n].kind == KM_ROW_UNDO;
		}
		km_status done = km_trainer_teach(t, r, n, out, st == KM_NOTFOUND ? err : NULL);
		if (done != KM_OK)
			return done;
		for (size_t i = 0; i < n; i++)
			counts[out[i].how]++;
	}
	return st == KM_NOTFOUND ? KM_OK : st;
}
