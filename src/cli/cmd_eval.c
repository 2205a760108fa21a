/* `komainu eval`: how well the classifier does on a stream of labelled mail. */
#include <math.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/progress.h"
#include "cli/tables.h"
#include "content/views.h"
#include "learn/metrics.h"
#include "learn/model.h"

enum { INDEX_MAX = 256 * 1024 * 1024 };

typedef struct {
	km_common_options common;
	const char *online;
	km_opt_number noise;
	bool noisy;
} eval_options;

static const km_option options[] = {
	{ .name = "online",
	  .type = KM_OPT_FILE,
	  .at = offsetof(eval_options, online),
	  .arg = "INDEX",
	  .help = { "INDEX の順に、判定してから学習する。1 行に「spam|ham パス」",
		    "classify, then train, in the order of INDEX: lines of \"spam|ham PATH\"" } },
	{ .name = "noise",
	  .type = KM_OPT_NUMBER,
	  .at = offsetof(eval_options, noise),
	  .arg = "PERCENT",
	  .min = 0,
	  .max = 50,
	  .help = { "学習するラベルの PERCENT % を逆にする",
		    "train with PERCENT % of the labels turned round" } },
	{ .name = "noisy",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(eval_options, noisy),
	  .help = { "誤ったラベルが混じるときの学習率を使う",
		    "use the learning rate for labels that may be wrong" } },
};
const km_option_table km_eval_options = { options, KM_COUNT(options), sizeof(eval_options) };

typedef struct {
	km_cli *cli;
	const eval_options *o;
	km_arena *arena; /* of one message */
	km_model *model;
	km_judgement *j;
	size_t n, cap;
	uint64_t classify_ns;
	uint32_t dice; /* the same labels are turned round in every run */
} evaluation;

static bool turned_round(evaluation *e)
{
	e->dice = e->dice * 1664525u + 1013904223u;
	return (e->dice >> 8) % 100 < e->o->noise.v;
}

/* The features of a message, read as the engine reads it. */
static km_status read_features(evaluation *e, km_sv message, km_features *out, km_err *err)
{
	km_views views;
	km_mail *m;

	if (km_mail_read(e->arena, message, &m) == KM_NOMEM)
		return KM_FAIL(err, KM_NOMEM, "no memory for a message");
	km_views_read(e->arena, m, &views);
	uint64_t begun = km_clock_mono_ns();
	km_sv *text = KM_NEW_ARRAY(e->arena, km_sv, views.n_text);
	if (text == NULL)
		return KM_FAIL(err, KM_LIMIT, "a message has too much text");
	for (size_t i = 0; i < views.n_text; i++)
		text[i] = views.text[i].key;
	const km_learn_input in = { m, views.subject.key, views.from_name.key, text, views.n_text };
	km_status st = km_features_read(e->arena, &in, out);
	e->classify_ns += km_clock_mono_ns() - begun;
	return st == KM_OK ? KM_OK : KM_FAIL(err, st, "a message has too many features");
}

static km_status one(evaluation *e, km_sv message, bool spam, km_err *err)
{
	km_features f;
	km_score s;

	km_arena_reset(e->arena);
	km_status st = read_features(e, message, &f, err);
	if (st != KM_OK)
		return st;
	uint64_t begun = km_clock_mono_ns();
	km_model_score(e->model, &f, &s);
	e->classify_ns += km_clock_mono_ns() - begun;
	e->j[e->n++] = (km_judgement){ s.logit, s.probability, spam };
	bool label = turned_round(e) ? !spam : spam;
	km_model_train(e->model, &f, label, e->o->noisy ? KM_RATE_NOISY : KM_RATE_CURATED);
	return KM_OK;
}

/* "spam path": the path is relative to the index's folder unless it begins with a slash. */
static km_status read_line(const char *index, size_t number, km_sv line, bool *spam, km_arena *a,
			   char **path, km_err *err)
{
	size_t space = km_sv_chr(line, ' ', 0);
	km_sv label = km_sv_sub(line, 0, space), name = km_sv_trim(km_sv_from(line, space));
	km_sv folder = km_sv_of(index);

	*spam = km_sv_ieq(label, KM_S("spam"));
	if ((!*spam && !km_sv_ieq(label, KM_S("ham"))) || name.n == 0)
		return KM_FAIL(err, KM_SYNTAX, "%s:%zu: expected \"spam PATH\" or \"ham PATH\"",
			       index, number);
	size_t slash = km_sv_rchr(folder, '/');
	folder = name.p[0] != '/' && slash < folder.n ? km_sv_sub(folder, 0, slash + 1) : KM_S("");
	*path = km_sv_cstr(a, km_sv_fmt(a, "%.*s%.*s", KM_FMT(folder), KM_FMT(name)));
	return *path ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory");
}

static size_t count_lines(km_sv text)
{
	size_t n = 0;
	km_sv line;

	while (km_sv_line(&text, &line))
		n += km_sv_trim(line).n > 0;
	return n;
}

static km_status stream(evaluation *e, km_sv index, km_err *err)
{
	km_progress bar;
	km_status st = KM_OK;
	km_file file;
	km_sv line;
	char *path = NULL;
	bool spam;

	km_progress_init(&bar, fileno(e->cli->err));
	for (size_t number = 1; st == KM_OK && km_sv_line(&index, &line); number++) {
		line = km_sv_trim(line);
		if (line.n == 0)
			continue;
		st = read_line(e->o->online, number, line, &spam, e->cli->arena, &path, err);
		if (st == KM_OK)
			st = km_file_open(&file, path, KM_MAX_MESSAGE_BYTES, err);
		if (st != KM_OK)
			break;
		st = one(e, file.bytes, spam, err);
		km_progress_add(&bar, file.bytes.n);
		km_file_close(&file);
	}
	km_progress_hide(&bar);
	return st;
}

static void print(const evaluation *e, const km_metrics *m)
{
	double us = e->n ? (double)e->classify_ns / 1000.0 / (double)e->n : 0;
	FILE *out = e->cli->out;

	if (e->o->common.json) {
		(void)fprintf(
			out,
			"{\"n\": %zu, \"ham\": %zu, \"spam\": %zu, \"auc1\": %.4f, \"lam\": %.4f, "
			"\"fp\": %.4f, \"fn\": %.4f, \"fn_at_fp01\": %.4f, \"ece\": %.4f, "
			"\"us_per_message\": %.1f}\n",
			m->n, m->ham, m->spam, m->auc1, m->lam, m->fp, m->fn, m->fn_at_fp01, m->ece,
			us);
		return;
	}
	(void)fprintf(out,
		      "messages      %zu (%zu ham, %zu spam)\n"
		      "1-AUC         %.4f %%\n"
		      "lam           %.3f %%\n"
		      "FP, FN        %.3f %%, %.3f %%\n"
		      "FN at FP .1   %.3f %%\n"
		      "ECE           %.3f %%\n"
		      "classifying   %.1f us a message\n",
		      m->n, m->ham, m->spam, m->auc1, m->lam, m->fp, m->fn, m->fn_at_fp01, m->ece,
		      us);
}

static km_status evaluate(evaluation *e, km_sv index, km_err *err)
{
	km_metrics m;

	e->cap = count_lines(index);
	e->j = calloc(e->cap + 1, sizeof(*e->j));
	e->model = km_model_new();
	e->arena = km_arena_new(KM_MAX_ARENA_BYTES);
	if (e->j == NULL || e->model == NULL || e->arena == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = stream(e, index, err);
	if (st != KM_OK)
		return st;
	km_metrics_read(e->j, e->n, &m);
	if (m.ham == 0 || m.spam == 0)
		return KM_FAIL(err, KM_SYNTAX, "%s: there must be both ham and spam in it",
			       e->o->online);
	print(e, &m);
	return KM_OK;
}

int km_eval_run(km_cli *cli, const void *given)
{
	evaluation e = { .cli = cli, .o = given, .dice = 20260302 };
	km_file index = { .bytes = KM_SV("") };
	km_err err = { 0 };
	km_status st;

	if (e.o->online == NULL)
		st = KM_FAIL(&err, KM_CONFIG, "which messages? give --online INDEX");
	else
		st = km_file_open(&index, e.o->online, INDEX_MAX, &err);
	if (st == KM_OK)
		st = evaluate(&e, index.bytes, &err);
	km_file_close(&index);
	km_arena_free(e.arena);
	km_model_free(e.model);
	free(e.j);
	if (st == KM_OK)
		return km_cli_flush(cli);
	int rc = km_cli_fail(cli, &err);
	return e.o->online == NULL ? EX_USAGE : rc;
}
