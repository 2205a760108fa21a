#include "learn/trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "store/journal.h"

enum {
	ARENA = 4 * 1024 * 1024, /* features of two lessons */
	MODEL_MAX = 256 * 1024 * 1024,
	STEPS = 256, /* kept back before they are written */
	DAY_MS = 24 * 60 * 60 * 1000,
	BATCH = 64,
	PATH = 1100
};

typedef struct {
	uint64_t seq;
	km_lesson lesson;
} step;

struct km_trainer {
	km_trainer_options options;
	char dir[1024];
	int lock;
	km_journal *journal;
	km_arena *arena;
	uint64_t base, fingerprint; /* identify base model and features */
	km_layers *live;
	void *own; /* memory of `live`, unless it was given */
	bool in_force;
	/* Being made anew; NULL when there is nothing to do. */
	km_layers *next;
	void *next_area;
	uint64_t cursor; /* last row that is in it */
	/* Of rows whose step is not in the journal yet, in order of seq. */
	step *steps;
	size_t n_steps, cap_steps;
	uint64_t last;	/* row of the journal */
	uint64_t saved; /* row as of which learn.model is */
	uint64_t foreign, scrubbed;
};

static const char *const words[] = {
#define X(id, word) [KM_TAUGHT_##id] = word,
	KM_TAUGHT(X)
#undef X
};

const char *km_taught_word(km_taught_how how)
{
	return words[how];
}

static void path_of(const km_trainer *t, const char *name, char out[PATH])
{
	(void)snprintf(out, PATH, "%s/%s", t->dir, name);
}

/* --- steps: what each row did --- */

static step *find_step(km_trainer *t, uint64_t seq)
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
		step *p = reallocarray(t->steps, cap, sizeof(*p));
		if (p == NULL)
			return KM_FAIL(err, KM_NOMEM, "no memory");
		t->steps = p;
		t->cap_steps = cap;
	}
	t->steps[t->n_steps++] = (step){ seq, *lesson };
	return KM_OK;
}

/* Within a transaction; the caller forgets them once it is on disk. */
static km_status write_steps(km_trainer *t, km_err *err)
{
	km_status st = KM_OK;

	for (size_t i = 0; i < t->n_steps && st == KM_OK; i++)
		st = km_journal_put_step(
			t->journal, t->steps[i].seq, t->base,
			(km_sv){ (const char *)&t->steps[i].lesson, sizeof(km_lesson) }, err);
	return st;
}

static km_status flush_steps(km_trainer *t, km_err *err)
{
	if (t->n_steps == 0 || t->options.read_only)
		return KM_OK;
	km_status st = km_journal_begin(t->journal, err);
	if (st != KM_OK)
		return st;
	st = km_journal_end(t->journal, write_steps(t, err), err);
	if (st == KM_OK)
		t->n_steps = 0;
	return st;
}

static km_status get_step(km_trainer *t, uint64_t seq, km_lesson *out, km_err *err)
{
	const step *s = find_step(t, seq);

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

static km_status apply(km_trainer *t, km_layers *l, const km_row *r, km_err *err)
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
	if (st == KM_OK)
		km_layers_set_seq(l, r->seq);
	return st;
}

/* --- making the layers anew --- */

static void drop_next(km_trainer *t)
{
	km_layers_free(t->next);
	free(t->next_area);
	t->next = NULL;
	t->next_area = NULL;
}

static km_status begin(km_trainer *t, km_err *err)
{
	drop_next(t);
	t->next_area = calloc(1, km_layers_area());
	t->next = t->next_area ? km_layers_new(t->options.base, t->next_area) : NULL;
	t->cursor = 0;
	t->foreign = 0;
	t->n_steps = 0; /* they are made again, too */
	if (t->next)
		return KM_OK;
	drop_next(t);
	return KM_FAIL(err, KM_NOMEM, "no memory for what is learned");
}

/* Loads learn.model into `next`. KM_NOTFOUND without one. */
static km_status load_model(km_trainer *t, km_err *err)
{
	char path[PATH];
	km_file file;

	path_of(t, "learn.model", path);
	km_status st = km_file_open(&file, path, MODEL_MAX, err);
	if (st != KM_OK)
		return st;
	st = km_layers_load(t->next, file.bytes, path, err);
	km_file_close(&file);
	return st;
}

/* A model file of this very journal saves us the rows that are in it. */
static km_status take_model(km_trainer *t, km_err *err)
{
	km_err why = { 0 };
	bool ours = false, stands = false;
	km_status st = load_model(t, &why);

	if (st == KM_NOTFOUND)
		return KM_OK;
	if (st != KM_OK) {
		km_warn("%s; it is made anew from the journal", why.msg);
		return KM_OK;
	}
	uint64_t seq = km_layers_seq(t->next);
	st = km_journal_has_model(t->journal, seq, km_layers_digest(t->next), &ours, err);
	if (st == KM_OK)
		st = km_journal_stands(t->journal, seq, &stands, err);
	if (st != KM_OK)
		return st;
	if (ours && stands) {
		t->cursor = t->saved = seq;
		return KM_OK;
	}
	if (!ours)
		km_warn("learn.model is not of this journal; it is made anew");
	return begin(t, err);
}

/* What was made becomes what is in force. */
static void install(km_trainer *t)
{
	if (t->options.area) {
		km_layers_copy(t->live, t->next);
		drop_next(t);
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

static km_status heal(km_trainer *t, const char *why, km_err *err);

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
			st = apply(t, t->next, &r, err);
		t->cursor = row.seq;
		if (st == KM_OK && t->n_steps >= STEPS)
			st = flush_steps(t, err);
	}
	return st;
}

km_status km_trainer_work(km_trainer *t, size_t rows, km_err *err)
{
	km_err why = { 0 };
	km_status st = bring_up(t, rows, &why);

	if (st == KM_SYNTAX)
		return heal(t, why.msg, err);
	if (st != KM_OK && err)
		*err = why;
	return st;
}

bool km_trainer_ready(const km_trainer *t)
{
	return t->in_force && t->next == NULL;
}

km_layers *km_trainer_layers(const km_trainer *t)
{
	return t->live;
}

/* --- opening --- */

static km_status take_lock(km_trainer *t, km_err *err)
{
	char path[PATH];

	path_of(t, "learn.lock", path);
	t->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (t->lock < 0)
		return KM_FAIL(err, KM_IO, "%s: %s", path, strerror(errno));
	if (flock(t->lock, LOCK_EX | LOCK_NB) == 0)
		return KM_OK;
	return KM_FAIL(err, KM_TEMPFAIL, "%s: another process is learning here", t->dir);
}

static bool file_is_there(const km_trainer *t, const char *name)
{
	char path[PATH];

	path_of(t, name, path);
	return access(path, F_OK) == 0;
}

static km_status open_journal(km_trainer *t, km_err *err)
{
	km_status st = t->options.read_only ? km_journal_open_reader(t->dir, &t->journal, err)
					    : km_journal_open(t->dir, &t->journal, err);

	if (st == KM_OK)
		st = km_journal_last(t->journal, &t->last, err);
	return st;
}

/* A new journal begins with what is known: @model, as it was in learn.model. */
static km_status begin_with_model(km_trainer *t, km_err *err)
{
	km_buf model, row;

	km_buf_init(&model, NULL, MODEL_MAX);
	km_buf_init(&row, NULL, MODEL_MAX + KM_ROW_HEADER);
	km_row r = { .kind = KM_ROW_MODEL,
		     .seq = km_layers_seq(t->next),
		     .t_ms = (int64_t)km_clock_unix_ms(),
		     .fingerprint = t->fingerprint };
	km_status st = km_layers_save(t->next, &model);
	r.body = km_buf_sv(&model);
	if (st == KM_OK)
		st = km_row_write(&row, &r);
	if (st != KM_OK)
		(void)KM_FAIL(err, st, "no memory for what is learned");
	const km_journal_row j = {
		.seq = r.seq, .t_ms = r.t_ms, .kind = (int)r.kind, .bytes = km_buf_sv(&row)
	};
	if (st == KM_OK && (st = km_journal_begin(t->journal, err)) == KM_OK)
		st = km_journal_end(t->journal, km_journal_add(t->journal, &j, err), err);
	if (st == KM_OK)
		t->last = r.seq;
	km_buf_finish(&model);
	km_buf_finish(&row);
	return st;
}

/* There is a new, empty journal; the model file, if it is good, tells what was learned. */
static km_status recover(km_trainer *t, km_err *err)
{
	km_err why = { 0 };
	km_status st = begin(t, err);

	if (st != KM_OK)
		return st;
	st = load_model(t, &why);
	if (st == KM_OK && km_layers_seq(t->next) > 0) {
		km_warn("what was learned up to row %llu stays in force, as learn.model has it",
			(unsigned long long)km_layers_seq(t->next));
		return begin_with_model(t, err);
	}
	if (st != KM_OK && st != KM_NOTFOUND)
		km_error("%s; learning begins anew", why.msg);
	return KM_OK;
}

/* A damaged journal must not stop learning for ever: it is kept aside and a new one begun. */
static km_status renew(km_trainer *t, const char *why, km_err *err)
{
	char name[64];

	km_journal_close(t->journal);
	t->journal = NULL;
	km_status st = km_journal_set_aside(t->dir, name, sizeof(name), err);
	if (st != KM_OK)
		return st;
	km_error("%s; it is now %s, and a new one is begun", why, name);
	st = open_journal(t, err);
	return st == KM_OK ? recover(t, err) : st;
}

/* Of the layers that are in force. */
static km_status write_model(const km_trainer *t, km_err *err)
{
	char path[PATH];
	km_buf model;

	km_buf_init(&model, NULL, MODEL_MAX);
	km_status st = km_layers_save(t->live, &model);
	if (st != KM_OK)
		(void)KM_FAIL(err, st, "no memory to write learn.model");
	path_of(t, "learn.model", path);
	if (st == KM_OK)
		st = km_file_replace(path, km_buf_sv(&model), err);
	km_buf_finish(&model);
	return st;
}

/* The journal turns out to be damaged while it is used. What is in force stays so. */
static km_status heal(km_trainer *t, const char *why, km_err *err)
{
	if (t->options.read_only)
		return KM_FAIL(err, KM_SYNTAX, "%s", why);
	if (t->in_force)
		(void)write_model(t, NULL);
	km_status st = renew(t, why, err);
	if (st == KM_OK)
		st = begin(t, err);
	return st == KM_OK ? KM_NOTFOUND : st;
}

static km_status start(km_trainer *t, km_err *err)
{
	km_status st;

	if (t->options.read_only && !file_is_there(t, "learn.db"))
		return KM_NOTFOUND;
	st = open_journal(t, err);
	if (st == KM_OK && t->last == 0 && !t->options.read_only &&
	    file_is_there(t, "learn.model")) {
		km_error("%s/learn.db was missing or empty, and a new one is begun", t->dir);
		st = recover(t, err);
		return st == KM_OK ? begin(t, err) : st;
	}
	if (st == KM_OK)
		st = begin(t, err);
	return st == KM_OK ? take_model(t, err) : st;
}

static km_status set_up(km_trainer *t, km_err *err)
{
	km_status st = t->options.read_only ? KM_OK : take_lock(t, err);
	km_err why = { 0 };

	t->arena = km_arena_new(ARENA);
	if (t->options.area)
		t->live = km_layers_new(t->options.base, t->options.area);
	if (st == KM_OK && (t->arena == NULL || (t->options.area && t->live == NULL)))
		st = KM_FAIL(err, KM_NOMEM, "no memory");
	if (st != KM_OK)
		return st;
	st = start(t, &why);
	if (st == KM_SYNTAX && !t->options.read_only) {
		km_err damage = why;
		why = (km_err){ 0 };
		st = renew(t, damage.msg, &why);
		if (st == KM_OK)
			st = begin(t, &why);
	}
	if (st != KM_OK && err)
		*err = why;
	return st;
}

km_status km_trainer_open(const km_trainer_options *options, km_trainer **out, km_err *err)
{
	km_trainer *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (t == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	t->options = *options;
	t->lock = -1;
	t->base = km_base_identity(options->base);
	t->fingerprint = km_features_fingerprint();
	(void)snprintf(t->dir, sizeof(t->dir), "%s", options->dir);
	km_status st = set_up(t, err);
	if (st == KM_OK)
		*out = t;
	else
		km_trainer_close(t);
	return st;
}

void km_trainer_close(km_trainer *t)
{
	if (t == NULL)
		return;
	drop_next(t);
	km_layers_free(t->live);
	free(t->own);
	km_journal_close(t->journal);
	km_arena_free(t->arena);
	free(t->steps);
	if (t->lock >= 0)
		(void)close(t->lock);
	free(t);
}

/* --- teaching --- */

/* Unless it has a weight already, as from an import. */
static km_status weigh(km_trainer *t, km_row *r, km_err *err)
{
	uint64_t n = 0;
	km_status st = KM_OK;

	if (r->weight > 0)
		return KM_OK;
	if (r->reporter.n && t->options.full)
		st = km_journal_count(t->journal, r->reporter, r->t_ms - DAY_MS, &n, err);
	uint64_t halvings = t->options.full ? n / t->options.full : 0;
	r->weight = ldexp(1, -(int)(halvings > 60 ? 60 : halvings));
	return st;
}

/* Writes the row of @r, now with all that makes it one. */
static km_status append(km_trainer *t, km_row *r, km_err *err)
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
		st = append(t, r, err);
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
	st = write_steps(t, err);
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
			st = apply(t, t->live, &r[i], err);
	if (st != KM_OK)
		(void)begin(t, NULL);
	return st;
}

static km_status must_be_ready(const km_trainer *t, km_err *err)
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
	km_status st = must_be_ready(t, err);
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
	if (done == KM_SYNTAX && heal(t, why.msg, err) == KM_NOTFOUND)
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
	km_status st = must_be_ready(t, err);

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
	km_status st = must_be_ready(t, err);

	if (st == KM_OK)
		st = km_journal_get_snapshot(t->journal, name, &r.before, err);
	if (st == KM_NOTFOUND)
		return KM_FAIL(err, KM_NOTFOUND, "there is no snapshot \"%.*s\"", KM_FMT(name));
	if (st == KM_OK)
		st = km_journal_begin(t->journal, err);
	if (st != KM_OK)
		return st;
	st = write_steps(t, err);
	if (st == KM_OK)
		st = append(t, &r, err);
	st = km_journal_end(t->journal, st, err);
	if (st != KM_OK) {
		t->last = last;
		return st;
	}
	t->n_steps = 0;
	return begin(t, err);
}

km_status km_trainer_replay(km_trainer *t, km_err *err)
{
	km_status st = must_be_ready(t, err);

	if (st == KM_OK)
		st = flush_steps(t, err);
	return st == KM_OK ? begin(t, err) : st;
}

/* What another journal began with: only where nothing was learned yet. */
static km_status import_model(km_trainer *t, km_sv row, const km_row *r, km_err *err)
{
	const km_journal_row j = {
		.seq = r->seq, .t_ms = r->t_ms, .kind = (int)r->kind, .bytes = row
	};
	km_status st = must_be_ready(t, err);

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
		st = begin(t, err);
	}
	return st == KM_OK ? km_trainer_work(t, SIZE_MAX, err) : st;
}

km_status km_trainer_import(km_trainer *t, km_sv rows, uint64_t counts[KM_TAUGHT_COUNT],
			    km_err *err)
{
	km_row r[BATCH];
	km_taught out[BATCH];
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

/* --- on disk --- */

km_status km_trainer_save(km_trainer *t, km_err *err)
{
	if (!km_trainer_ready(t) || t->options.read_only || km_trainer_unsaved(t) == 0)
		return KM_OK;
	uint64_t seq = km_layers_seq(t->live);
	km_status st = flush_steps(t, err);
	/* First the journal knows of it; a file that then does not come is only not used. */
	if (st == KM_OK)
		st = km_journal_put_model(t->journal, seq, km_layers_digest(t->live), err);
	if (st != KM_OK)
		return st;
	st = write_model(t, err);
	if (st == KM_OK)
		t->saved = seq;
	return st;
}

uint64_t km_trainer_unsaved(const km_trainer *t)
{
	uint64_t seq = t->live ? km_layers_seq(t->live) : 0;

	return seq > t->saved ? seq - t->saved : 0;
}

km_status km_trainer_scrub(km_trainer *t, size_t rows, km_err *err)
{
	km_err why = { 0 };
	km_journal_row row;
	km_row r;
	km_status st = KM_OK;

	for (size_t i = 0; i < rows && st == KM_OK; i++) {
		st = km_journal_next(t->journal, t->scrubbed, &row, err);
		if (st != KM_OK)
			break;
		t->scrubbed = row.seq;
		why = (km_err){ 0 };
		if (km_row_read(row.bytes, &r, &why) != KM_OK || r.seq != row.seq)
			km_error("%s/learn.db: row %llu is damaged; the model that is in force "
				 "still has it",
				 t->dir, (unsigned long long)row.seq);
	}
	if (st == KM_NOTFOUND)
		t->scrubbed = 0;
	return st;
}

km_status km_trainer_look(km_trainer *t, km_trainer_state *out, km_err *err)
{
	*out = (km_trainer_state){ .seq = t->last,
				   .foreign = t->foreign,
				   .ready = km_trainer_ready(t),
				   .digest = t->live ? km_layers_digest(t->live) : 0 };
	km_status st = km_journal_in_force(t->journal, KM_ROW_SPAM, &out->spam, err);
	if (st == KM_OK)
		st = km_journal_in_force(t->journal, KM_ROW_HAM, &out->ham, err);
	return st;
}

km_journal *km_trainer_journal(km_trainer *t)
{
	return t->journal;
}
