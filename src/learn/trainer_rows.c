#include "learn/trainer_state.h"

#include <stdlib.h>

#include "base/log.h"

enum { STEPS = 256 }; /* kept back before they are written */

/* --- steps: what each row did --- */

static km_trainer_step *find_step(km_trainer *t, uint64_t seq)
{
	size_t low = 0, high = t->n_steps;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (t->steps[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->n_steps && t->steps[low].seq == seq ? &t->steps[low] : NULL;
}

static km_status keep_step(km_trainer *t, uint64_t seq, const km_lesson *lesson, km_err *err)
{
	if (t->n_steps == t->cap_steps) {
		size_t cap = t->cap_steps ? t->cap_steps * 2 : STEPS;
		km_trainer_step *p = reallocarray(t->steps, cap, sizeof(*p));
		if (p == NULL)
			return KM_FAIL(err, KM_NOMEM, "no memory");
		t->steps = p;
		t->cap_steps = cap;
	}
	t->steps[t->n_steps++] = (km_trainer_step){ seq, *lesson };
	return KM_OK;
}

/* Within a transaction; the caller forgets them once it is on disk. */
km_status km_trainer_write_steps(km_trainer *t, km_err *err)
{
	km_status st = KM_OK;

	for (size_t i = 0; i < t->n_steps && st == KM_OK; i++)
		st = km_journal_put_step(
			t->journal, t->steps[i].seq, t->base,
			(km_sv){ (const char *)&t->steps[i].lesson, sizeof(km_lesson) }, err);
	return st;
}

km_status km_trainer_flush_steps(km_trainer *t, km_err *err)
{
	if (t->n_steps == 0 || t->options.read_only)
		return KM_OK;
	km_status st = km_journal_begin(t->journal, err);
	if (st != KM_OK)
		return st;
	st = km_journal_end(t->journal, km_trainer_write_steps(t, err), err);
	if (st == KM_OK)
		t->n_steps = 0;
	return st;
}

static km_status get_step(km_trainer *t, uint64_t seq, km_lesson *out, km_err *err)
{
	const km_trainer_step *s = find_step(t, seq);

	if (s == NULL)
		return km_journal_get_step(t->journal, seq, t->base, out, sizeof(*out), err);
	*out = s->lesson;
	return KM_OK;
}

/* --- applying rows --- */

static void leave_out(km_trainer *t, uint64_t seq, const char *why)
{
	t->foreign++;
	km_error("learn.db: row %llu: %s; it is left out", (unsigned long long)seq, why);
}

/* The features of a row, when they are of the kind that we know. */
static bool read_features(km_trainer *t, const km_row *r, km_features *f)
{
	km_err err = { 0 };

	if (r->fingerprint != t->fingerprint) {
		t->foreign++;
		return false;
	}
	if (km_features_unpack(t->arena, r->body, f, &err) == KM_OK)
		return true;
	leave_out(t, r->seq, err.msg);
	return false;
}

/* Takes the lesson of row @seq back. */
static km_status unlearn(km_trainer *t, km_layers *l, uint64_t seq, km_err *err)
{
	km_err why = { 0 };
	km_journal_row row;
	km_lesson lesson;
	km_features f;
	km_row r;
	km_status st = km_journal_get(t->journal, seq, &row, err);

	if (st == KM_NOTFOUND || (st == KM_OK && km_row_read(row.bytes, &r, &why) != KM_OK)) {
		leave_out(t, seq, why.st == KM_OK ? "not there" : why.msg);
		return KM_OK;
	}
	if (st == KM_OK)
		st = get_step(t, seq, &lesson, err);
	if (st == KM_NOTFOUND) /* it was left out */
		return KM_OK;
	if (st == KM_OK && read_features(t, &r, &f))
		km_layers_unlearn(l, &f, &r.scope, &lesson);
	return st;
}

static km_status learn(km_trainer *t, km_layers *l, const km_row *r, km_err *err)
{
	/* People click in haste; the site's own lessons are right. In his own mailbox everybody is.
	 */
	const km_rates rates = { (r->reporter.n ? KM_RATE_NOISY : KM_RATE_CURATED) * r->weight,
				 KM_RATE_CURATED };
	km_lesson lesson;
	km_features f;

	if (!read_features(t, r, &f))
		return KM_OK;
	km_layers_learn(l, &f, &r->scope, r->kind == KM_ROW_SPAM, &rates, &lesson);
	return keep_step(t, r->seq, &lesson, err);
}

km_status km_trainer_apply(km_trainer *t, km_layers *l, const km_row *r, km_err *err)
{
	km_err why = { 0 };
	km_status st = KM_OK;

	km_arena_reset(t->arena);
	if (r->before && r->kind != KM_ROW_ROLLBACK)
		st = unlearn(t, l, r->before, err);
	if (st == KM_OK && km_row_teaches(r->kind))
		st = learn(t, l, r, err);
	if (r->kind == KM_ROW_MODEL &&
	    km_layers_load(l, r->body, "what was learned before this journal", &why) != KM_OK)
		leave_out(t, r->seq, why.msg);
	if (r->kind == KM_ROW_MODEL)
		km_layers_set_limit(l, t->options.layers);
	if (st == KM_OK)
		km_layers_set_seq(l, r->seq);
	return st;
}

/* --- making the layers anew --- */

void km_trainer_drop_next(km_trainer *t)
{
	km_layers_free(t->next);
	free(t->next_area);
	t->next = NULL;
	t->next_area = NULL;
}

km_status km_trainer_begin(km_trainer *t, km_err *err)
{
	km_trainer_drop_next(t);
	t->next_area = calloc(1, km_layers_area());
	t->next = t->next_area ? km_layers_new(t->options.base, t->next_area) : NULL;
	t->cursor = 0;
	t->foreign = 0;
	t->n_steps = 0; /* they are made again, too */
	if (t->next) {
		km_layers_set_limit(t->next, t->options.layers);
		return KM_OK;
	}
	km_trainer_drop_next(t);
	return KM_FAIL(err, KM_NOMEM, "no memory for what is learned");
}

/* What was made becomes what is in force. */
static void install(km_trainer *t)
{
	if (t->options.area) {
		km_layers_copy(t->live, t->next);
		km_trainer_drop_next(t);
	} else {
		km_layers_free(t->live);
		free(t->own);
		t->live = t->next;
		t->own = t->next_area;
		t->next = NULL;
		t->next_area = NULL;
	}
	t->in_force = true;
	if (t->foreign)
		km_warn("learn.db: %llu lessons do not count: they are damaged, or were learned by "
			"another version of Komainu",
			(unsigned long long)t->foreign);
}

static km_status bring_up(km_trainer *t, size_t rows, km_err *err)
{
	km_err why = { 0 };
	km_journal_row row;
	km_row r;
	km_status st = KM_OK;

	for (size_t i = 0; t->next && st == KM_OK; i++) {
		if (i == rows)
			return KM_NOTFOUND;
		st = km_journal_next(t->journal, t->cursor, &row, err);
		if (st == KM_NOTFOUND) {
			install(t);
			return KM_OK;
		}
		if (st != KM_OK)
			break;
		why = (km_err){ 0 };
		if (km_row_read(row.bytes, &r, &why) != KM_OK)
			leave_out(t, row.seq, why.msg);
		else
			st = km_trainer_apply(t, t->next, &r, err);
		t->cursor = row.seq;
		if (st == KM_OK && t->n_steps >= STEPS)
			st = km_trainer_flush_steps(t, err);
	}
	return st;
}

km_status km_trainer_work(km_trainer *t, size_t rows, km_err *err)
{
	km_err why = { 0 };
	km_status st = KM_OK;

	for (size_t done = 0; t->compact.on && done < rows; done += KM_TRAINER_PIECE) {
		st = km_trainer_compact_work(t, &why);
		if (st != KM_OK && st != KM_NOTFOUND)
			break;
	}
	if (st == KM_OK)
		st = bring_up(t, rows, &why);
	if (st == KM_NOTFOUND)
		return st;

	if (st == KM_SYNTAX)
		return km_trainer_heal(t, why.msg, err);
	if (st != KM_OK && err)
		*err = why;
	return st;
}
