#include "learn/trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "learn/trainer_state.h"

enum {
	ARENA = 4 * 1024 * 1024, /* features of two lessons */
	PATH = 1100
};

static const char *const words[] = {
#define X(id, word) [KM_TAUGHT_##id] = (word),
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

bool km_trainer_ready(const km_trainer *t)
{
	return t->in_force && t->next == NULL && !t->compact.on;
}

km_layers *km_trainer_layers(const km_trainer *t)
{
	return t->live;
}

/* Loads learn.model into `next`. KM_NOTFOUND without one. */
static km_status load_model(km_trainer *t, km_err *err)
{
	char path[PATH];
	km_file file;

	path_of(t, "learn.model", path);
	km_status st = km_file_open(&file, path, KM_TRAINER_MODEL_MAX, err);
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
	/* with fewer or more of them other ones were given up */
	if (km_layers_limit(t->next) != t->options.layers)
		return km_trainer_begin(t, err);
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
	return km_trainer_begin(t, err);
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

	km_buf_init(&model, NULL, KM_TRAINER_MODEL_MAX);
	km_buf_init(&row, NULL, KM_TRAINER_MODEL_MAX + KM_ROW_HEADER);
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
	km_status st = km_trainer_begin(t, err);

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

	km_buf_init(&model, NULL, KM_TRAINER_MODEL_MAX);
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
km_status km_trainer_heal(km_trainer *t, const char *why, km_err *err)
{
	if (t->options.read_only)
		return KM_FAIL(err, KM_SYNTAX, "%s", why);
	t->compact.on = false;
	if (t->in_force)
		(void)write_model(t, NULL);
	km_status st = renew(t, why, err);
	if (st == KM_OK)
		st = km_trainer_begin(t, err);
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
		return st == KM_OK ? km_trainer_begin(t, err) : st;
	}
	if (st == KM_OK)
		st = km_trainer_begin(t, err);
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
			st = km_trainer_begin(t, &why);
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
	if (t->options.layers > KM_SMALL_LAYERS)
		t->options.layers = KM_SMALL_LAYERS;
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
	km_trainer_drop_next(t);
	km_layers_free(t->live);
	free(t->own);
	km_journal_close(t->journal);
	km_arena_free(t->arena);
	free(t->steps);
	if (t->lock >= 0)
		(void)close(t->lock);
	free(t);
}

/* --- on disk --- */

km_status km_trainer_save(km_trainer *t, km_err *err)
{
	if (!km_trainer_ready(t) || t->options.read_only || km_trainer_unsaved(t) == 0)
		return KM_OK;
	uint64_t seq = km_layers_seq(t->live);
	km_status st = km_trainer_flush_steps(t, err);
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
				   .layers = t->live ? km_layers_used(t->live) : 0,
				   .layers_most = t->options.layers,
				   .digest = t->live ? km_layers_digest(t->live) : 0 };
	km_status st = km_journal_in_force(t->journal, KM_ROW_SPAM, &out->spam, err);
	if (st == KM_OK)
		st = km_journal_rows(t->journal, &out->rows, err);
	if (st == KM_OK)
		st = km_journal_in_force(t->journal, KM_ROW_HAM, &out->ham, err);
	return st;
}

km_journal *km_trainer_journal(km_trainer *t)
{
	return t->journal;
}
