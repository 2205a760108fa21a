#include "learn/trainer_state.h"

#include "base/clock.h"

enum {
	PAGES = 8 * KM_TRAINER_PIECE, /* given back after each */
	FEW = 1000		      /* rows that are not worth the trouble */
};

static km_status drop(km_trainer *t, uint64_t seq, km_err *err)
{
	t->compact.changed = true;
	return km_journal_drop(t->journal, seq, err);
}

/* Row @seq superseded one that is to be dropped. *whole: it is as it should be. */
static km_status let_go(km_trainer *t, uint64_t seq, bool *whole, km_err *err)
{
	km_journal_row heir;
	km_row r;
	km_status st = km_journal_get(t->journal, seq, &heir, err);

	*whole = st == KM_NOTFOUND;
	if (st != KM_OK)
		return *whole ? KM_OK : st;
	*whole = km_row_read(heir.bytes, &r, NULL) == KM_OK;
	if (!*whole)
		return KM_OK;
	if (!heir.lesson)
		return drop(t, heir.seq, err);
	km_buf bytes;
	km_buf_init(&bytes, NULL, KM_ROW_MAX_BYTES);
	r.before = 0;
	st = km_row_write(&bytes, &r);
	st = st == KM_OK ? km_journal_renew(t->journal, seq, km_buf_sv(&bytes), err)
			 : KM_FAIL(err, st, "no memory");
	km_buf_finish(&bytes);
	return st;
}

/* A row that is not void: does it count? Rows come in order, so what it superseded was decided. */
static km_status look_at(km_trainer *t, const km_journal_row *row, km_err *err)
{
	uint64_t seq = row->seq;
	bool whole = true;

	if (row->kind == KM_ROW_COMPACT || (row->back && row->before >= t->compact.keep))
		return drop(t, seq, err);
	if (row->gone == 0 || row->before || row->t_ms >= t->compact.before_ms)
		return KM_OK;
	km_status st = let_go(t, row->gone, &whole, err);
	return st == KM_OK && whole ? drop(t, seq, err) : st;
}

static km_status piece(km_trainer *t, km_err *err)
{
	km_journal_row row;
	size_t n = 0;
	/* first what is void: the roll-backs say that it is */
	km_status st = km_journal_drop_void(t->journal, t->compact.keep, KM_TRAINER_PIECE, &n, err);

	t->compact.changed |= n > 0;
	if (st != KM_OK || n == KM_TRAINER_PIECE)
		return st == KM_OK ? KM_NOTFOUND : st;
	while (n++ < KM_TRAINER_PIECE && st == KM_OK) {
		st = km_journal_next(t->journal, t->compact.cursor, &row, err);
		if (st == KM_NOTFOUND)
			return KM_OK;
		if (st == KM_OK) {
			t->compact.cursor = row.seq;
			st = look_at(t, &row, err);
		}
	}
	return st == KM_OK ? KM_NOTFOUND : st;
}

/* Keeps numbers rising, and says when it was. */
static km_status mark(km_trainer *t, km_err *err)
{
	km_row r = { .kind = KM_ROW_COMPACT, .t_ms = (int64_t)km_clock_unix_ms(), .weight = 1 };

	return km_trainer_append(t, &r, err);
}

/* One piece in its transaction; *more: there are others. */
static km_status commit_piece(km_trainer *t, bool *more, km_err *err)
{
	uint64_t last = t->last;
	km_status st = km_journal_begin(t->journal, err);

	if (st != KM_OK)
		return st;
	st = piece(t, err);
	*more = st == KM_NOTFOUND;
	if (st == KM_OK && t->compact.changed)
		st = mark(t, err);
	/* no model file has just these rows */
	if (st == KM_OK || *more)
		st = km_journal_drop_models(t->journal, err);
	st = km_journal_end(t->journal, st, err);
	if (st != KM_OK)
		t->last = last;
	return st;
}

km_status km_trainer_compact_work(km_trainer *t, km_err *err)
{
	bool more = false;
	km_status st = commit_piece(t, &more, err);

	if (st == KM_OK && t->compact.changed)
		(void)km_journal_shrink(t->journal, PAGES, NULL);
	if (st == KM_OK && more)
		return KM_NOTFOUND;
	t->compact.on = false;
	t->saved = 0;
	if (st == KM_OK)
		return km_trainer_begin(t, err);
	(void)km_trainer_begin(t, NULL); /* from what is in the journal now */
	return st;
}

km_status km_trainer_compact(km_trainer *t, bool all, int64_t now_ms, km_err *err)
{
	uint64_t keep = 0;
	km_status st = km_trainer_must_be_ready(t, err);

	if (st == KM_OK)
		st = all ? km_journal_drop_snapshots(t->journal, err)
			 : km_journal_last_snapshot(t->journal, &keep, err);
	if (st != KM_OK)
		return st;
	t->compact.on = true;
	t->compact.changed = false;
	t->compact.keep = t->compact.cursor = keep;
	t->compact.before_ms = now_ms - KM_TRAINER_DAY_MS;
	return KM_OK;
}

km_status km_trainer_compact_asked(km_trainer *t, km_sv what, int64_t now_ms, km_err *err)
{
	bool all = km_sv_eq(what, KM_S("all"));

	if (what.n && !all)
		return KM_FAIL(err, KM_SYNTAX, "\"%.*s\": all, or nothing", KM_FMT(what));
	return km_trainer_compact(t, all, now_ms, err);
}

bool km_trainer_compact_due(km_trainer *t, int64_t now_ms)
{
	uint64_t keep, waste, rows;

	return km_trainer_ready(t) && !t->options.read_only &&
	       km_journal_last_snapshot(t->journal, &keep, NULL) == KM_OK &&
	       km_journal_waste(t->journal, keep, now_ms - KM_TRAINER_DAY_MS, &waste, NULL) ==
		       KM_OK &&
	       km_journal_rows(t->journal, &rows, NULL) == KM_OK && waste > FEW && waste > rows / 2;
}
