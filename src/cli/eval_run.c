#include "cli/eval.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"
#include "cli/labels.h"
#include "cli/progress.h"
#include "engine/learn_input.h"
#include "learn/attack.h"
#include "learn/base.h"

enum { HAM_WORDS = 4096, LONGEST_WORD = 24 };

/* Words of the latest ham, from which a spammer who has seen some would take them. */
typedef struct {
	char (*word)[LONGEST_WORD + 1];
	size_t n; /* ever put in */
} ham_words;

typedef struct {
	km_cli *cli;
	const km_eval_given *given;
	km_eval *out;
	km_arena *arena; /* of one message */
	km_model *model;
	km_base *base; /* with --test: the model to be measured */
	ham_words ham;
	size_t training; /* messages that are only trained on */
	uint64_t ns;
	uint32_t dice; /* the same labels are turned round in every run */
} evaluation;

static uint32_t throw_dice(evaluation *e)
{
	e->dice = e->dice * 1664525u + 1013904223u;
	return e->dice >> 8;
}

static bool is_attacked(const km_eval_given *g)
{
	return g->goodwords.v || g->homoglyph || g->zero_width || g->fullwidth;
}

/* The message with its views; KM_NOMEM only, for what did not fit is part of the message. */
static km_status read_message(evaluation *e, km_sv bytes, km_mail **m, km_views *views, km_err *err)
{
	if (km_mail_read(e->arena, bytes, m) == KM_NOMEM)
		return KM_FAIL(err, KM_NOMEM, "no memory for the message");
	km_views_read(e->arena, *m, views);
	return KM_OK;
}

static km_status read_features(evaluation *e, km_mail *m, const km_views *views, km_features *out,
			       km_err *err)
{
	km_learn_input in;
	km_status st = km_learn_input_of(e->arena, m, views, &in);

	if (st == KM_OK)
		st = km_features_read(e->arena, &in, out);
	return st == KM_OK ? KM_OK : KM_FAIL(err, st, "the message has too many features");
}

static void keep_ham_words(evaluation *e, const km_views *views)
{
	for (size_t i = 0; i < views->n_text; i++) {
		km_sv rest = views->text[i].key, word;
		while (km_sv_split(&rest, ' ', &word)) {
			if (word.n < 3 || word.n > LONGEST_WORD)
				continue;
			char *slot = e->ham.word[e->ham.n++ % HAM_WORDS];
			memcpy(slot, word.p, word.n);
			slot[word.n] = '\0';
		}
	}
}

/* A passage of ham as long as asked for, from anywhere in what is kept. */
static km_sv ham_passage(evaluation *e)
{
	size_t known = e->ham.n < HAM_WORDS ? e->ham.n : HAM_WORDS;
	size_t want = e->given->goodwords.v < known ? (size_t)e->given->goodwords.v : known;
	size_t at = throw_dice(e);
	km_buf b;

	km_buf_init(&b, e->arena, (size_t)HAM_WORDS * (LONGEST_WORD + 1));
	for (size_t i = 0; i < want; i++)
		km_buf_fmt(&b, "%s ", e->ham.word[(at + i) % known]);
	return km_buf_sv(&b);
}

/* The features of @m as a spammer would send it who knows the tricks that were asked for. */
static km_status attack(evaluation *e, km_mail **m, km_views *views, km_err *err)
{
	const km_eval_given *g = e->given;
	const km_attack k = { .letters = (g->homoglyph ? KM_ATTACK_HOMOGLYPH : 0u) |
					 (g->zero_width ? KM_ATTACK_ZERO_WIDTH : 0u) |
					 (g->fullwidth ? KM_ATTACK_FULLWIDTH : 0u),
			      .words = ham_passage(e) };
	km_sv bytes;

	if (km_attack_rewrite(e->arena, *m, &k, &bytes) != KM_OK)
		return KM_FAIL(err, KM_LIMIT, "the message is too large to be rewritten");
	return read_message(e, bytes, m, views, err);
}

/* By what was learned on the way, or by a stored model. */
static void score(const evaluation *e, const km_features *f, km_score *out)
{
	km_base_opinion o;

	if (e->base == NULL) {
		km_model_score(e->model, f, out);
		return;
	}
	*out = (km_score){ 0 };
	km_base_read(e->base, f, &o);
	km_base_add(&o, f, out);
	km_score_finish(out, 1, km_base_offset(o.grounds));
}

static km_status judge(evaluation *e, km_mail *m, const km_views *views, bool spam, km_err *err)
{
	km_features f;
	km_score s;
	uint64_t begun = km_clock_mono_ns();
	km_status st = read_features(e, m, views, &f, err);

	if (st != KM_OK)
		return st;
	score(e, &f, &s);
	e->ns += km_clock_mono_ns() - begun;
	e->out->j[e->out->n++] = (km_judgement){ s.logit, s.probability, spam };
	return KM_OK;
}

static km_status train(evaluation *e, km_mail *m, const km_views *views, bool spam, km_err *err)
{
	bool label = throw_dice(e) % 100 < e->given->noise.v ? !spam : spam;
	km_features f;
	km_status st = read_features(e, m, views, &f, err);

	if (st != KM_OK)
		return st;
	km_model_train(e->model, &f, label, e->given->noisy ? KM_RATE_NOISY : KM_RATE_CURATED);
	return KM_OK;
}

/* Message @i of the index. Spam is judged as the attack left it, but learned as it was: the model
 * never sees the trick. */
static km_status one(evaluation *e, size_t i, km_sv bytes, bool spam, km_err *err)
{
	km_mail *m;
	km_views views;

	km_arena_reset(e->arena);
	km_status st = read_message(e, bytes, &m, &views, err);
	if (st == KM_OK && i >= e->training) {
		km_mail *judged = m;
		km_views seen = views;
		if (spam && is_attacked(e->given))
			st = attack(e, &judged, &seen, err);
		if (st == KM_OK)
			st = judge(e, judged, &seen, spam, err);
	}
	if (st == KM_OK && !spam && e->given->goodwords.v)
		keep_ham_words(e, &views);
	if (st == KM_OK && (i < e->training || e->given->online))
		st = train(e, m, &views, spam, err);
	return st;
}

/* Judges or learns the message of one line; says which line it was when that fails. */
static km_status one_line(evaluation *e, const km_labels *labels, size_t i, const km_label *l,
			  size_t *size, km_err *err)
{
	km_err why = { 0 };
	km_file file;
	km_status st = km_file_open(&file, l->path, KM_MAX_MESSAGE_BYTES, &why);

	if (st != KM_OK)
		return KM_FAIL(err, st, "%s:%zu: %s", labels->path, labels->line, why.msg);
	st = one(e, i, file.bytes, l->spam, &why);
	*size = file.bytes.n;
	km_file_close(&file);
	return st == KM_OK ? KM_OK
			   : KM_FAIL(err, st, "%s:%zu: %s", labels->path, labels->line, why.msg);
}

static km_status stream(evaluation *e, km_labels *labels, km_err *err)
{
	km_progress bar;
	km_status st;
	km_label l;

	km_progress_init(&bar, fileno(e->cli->err));
	for (size_t i = 0; (st = km_labels_next(labels, e->cli->arena, &l, err)) == KM_OK; i++) {
		size_t size = 0;
		st = one_line(e, labels, i, &l, &size, err);
		if (st != KM_OK)
			break;
		km_progress_add(&bar, size);
	}
	km_progress_hide(&bar);
	return st == KM_NOTFOUND && err->st == KM_OK ? KM_OK : st;
}

/* What the judgements amount to, in parts of the stream and as a whole. */
static km_status measure(evaluation *e, km_err *err)
{
	km_eval *o = e->out;

	for (size_t i = 0; i < KM_EVAL_SLICES; i++) {
		size_t from = o->n * i / KM_EVAL_SLICES, to = o->n * (i + 1) / KM_EVAL_SLICES;
		km_metrics_read(o->j + from, to - from, &o->slice[i]);
	}
	km_metrics_read(o->j, o->n, &o->all);
	o->us = o->n ? (double)e->ns / 1000.0 / (double)o->n : 0;
	o->trained = e->training;
	if (e->given->test == NULL && (o->all.ham == 0 || o->all.spam == 0))
		return KM_FAIL(err, KM_SYNTAX, "%s: there must be both ham and spam in it",
			       o->index);
	return KM_OK;
}

static km_status begin(evaluation *e, const km_labels *labels, km_err *err)
{
	const km_opt_number *part = &e->given->part;
	size_t messages = km_labels_count(labels);

	if (messages == 0)
		return KM_FAIL(err, KM_SYNTAX, "%s: there is no message in it", labels->path);
	if (e->given->split)
		e->training = messages * (part->given ? part->v : 50) / 100;
	if (e->given->test && km_base_open(e->given->model, &e->base, err) != KM_OK)
		return err->st;
	e->out->j = calloc(messages, sizeof(*e->out->j));
	e->ham.word = calloc(HAM_WORDS, sizeof(*e->ham.word));
	e->model = km_model_new();
	e->arena = km_arena_new(KM_MAX_ARENA_BYTES);
	if (e->out->j == NULL || e->ham.word == NULL || e->model == NULL || e->arena == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	return KM_OK;
}

km_status km_eval_run_over(km_cli *cli, const km_eval_given *given, km_eval *out, km_err *err)
{
	evaluation e = { .cli = cli, .given = given, .out = out, .dice = 20260302 };
	const char *index = given->online  ? given->online
			    : given->split ? given->split
					   : given->test;
	km_labels labels;
	km_status st = km_labels_open(&labels, index, err);

	if (st != KM_OK)
		return st;
	out->index = index;
	st = begin(&e, &labels, err);
	if (st == KM_OK)
		st = stream(&e, &labels, err);
	if (st == KM_OK)
		st = measure(&e, err);
	km_labels_close(&labels);
	km_arena_free(e.arena);
	km_model_free(e.model);
	km_base_close(e.base);
	free(e.ham.word);
	return st;
}

void km_eval_finish(km_eval *e)
{
	free(e->j);
	e->j = NULL;
}
