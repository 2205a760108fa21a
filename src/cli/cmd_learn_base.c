/* `komainu learn base`: makes the base model from labelled mail. */
#include <math.h>
#include <sysexits.h>

#include "base/limits.h"
#include "cli/labels.h"
#include "cli/progress.h"
#include "cli/tables.h"
#include "engine/learn_input.h"
#include "learn/base_make.h"

typedef struct {
	km_common_options common;
	const char *index, *output;
} base_options;

static const km_option options[] = {
	{ .name = "index",
	  .type = KM_OPT_FILE,
	  .at = offsetof(base_options, index),
	  .arg = "INDEX",
	  .help = { "学習するメールの一覧。1 行に「spam|ham "
		    "パス」。パスの最初の部分が出どころの名前",
		    "the mail to learn: lines of \"spam|ham PATH\"; the first part of a path names "
		    "its source" } },
	{ .letter = 'o',
	  .name = "output",
	  .type = KM_OPT_FILE,
	  .at = offsetof(base_options, output),
	  .arg = "FILE",
	  .help = { "モデルを書くファイル", "file to write the model to" } },
};
const km_option_table km_learn_base_options = { options, KM_COUNT(options), sizeof(base_options) };

static km_status add_message(km_base_maker *k, km_arena *a, const km_label *l, size_t *size,
			     km_err *err)
{
	km_learn_input in;
	km_file file;
	km_status st = km_file_open(&file, l->path, KM_MAX_MESSAGE_BYTES, err);

	if (st != KM_OK)
		return st;
	*size = file.bytes.n;
	st = km_learn_input_read(a, file.bytes, &in);
	if (st == KM_OK)
		st = km_base_maker_add(k, a, &in, km_sv_sub(l->name, 0, km_sv_chr(l->name, '/', 0)),
				       l->spam, err);
	else
		st = KM_FAIL(err, st, "%s: no memory for it", l->path);
	km_file_close(&file);
	return st;
}

static km_status add_all(km_cli *cli, km_base_maker *k, const char *index, km_err *err)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_progress bar;
	km_labels labels;
	km_label l;
	km_status st =
		a ? km_labels_open(&labels, index, err) : KM_FAIL(err, KM_NOMEM, "no memory");

	if (st != KM_OK) {
		km_arena_free(a);
		return st;
	}
	km_progress_init(&bar, fileno(cli->err));
	while ((st = km_labels_next(&labels, a, &l, err)) == KM_OK) {
		size_t size = 0;
		st = add_message(k, a, &l, &size, err);
		if (st != KM_OK)
			break;
		km_progress_add(&bar, size);
		km_arena_reset(a);
	}
	km_progress_hide(&bar);
	km_labels_close(&labels);
	km_arena_free(a);
	return st == KM_NOTFOUND && err->st == KM_OK ? KM_OK : st;
}

static double percent(size_t part, size_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : NAN;
}

static void print_source(const km_cli *cli, const km_base_source *s, bool json)
{
	const char *form =
		json ? "{\"source\": \"%s\", \"ham\": %zu, \"spam\": %zu, \"alike\": %zu, "
		       "\"foreign\": %zu, \"trained\": %zu, \"held_ham\": %zu, \"held_spam\": %zu, "
		       "\"fp\": %zu, \"fn\": %zu, \"fp_points\": %zu, \"fn_points\": %zu}\n"
		     : "%-14s %6zu ham %6zu spam, %6zu alike, %5zu foreign; trained on %6zu\n"
		       "               held out: %5zu ham %5zu spam; FP %zu, FN %zu; with points: "
		       "FP %zu, FN %zu";

	(void)fprintf(cli->out, form, s->name, s->ham, s->spam, s->alike, s->foreign, s->trained,
		      s->held_ham, s->held_spam, s->fp, s->fn, s->fp_points, s->fn_points);
	if (!json)
		(void)fprintf(cli->out, " (%.2f %%, %.2f %%)\n", percent(s->fp_points, s->held_ham),
			      percent(s->fn_points, s->held_spam));
}

int km_learn_base_run(km_cli *cli, const void *given)
{
	const base_options *o = given;
	km_base_maker *k = km_base_maker_new();
	const km_base_source *s;
	km_err err = { 0 };
	km_buf out;

	if (o->index == NULL || o->output == NULL) {
		km_base_maker_free(k);
		(void)KM_FAIL(&err, KM_CONFIG,
			      "which mail, and where to? give --index and --output");
		(void)km_cli_fail(cli, &err);
		return EX_USAGE;
	}
	km_buf_init(&out, NULL, KM_BASE_BYTES);
	km_status st = k ? add_all(cli, k, o->index, &err) : KM_FAIL(&err, KM_NOMEM, "no memory");
	if (st == KM_OK)
		st = km_base_maker_finish(k, &out, &err);
	if (st == KM_OK)
		st = km_file_replace(o->output, km_buf_sv(&out), &err);
	for (size_t i = 0; st == KM_OK && (s = km_base_maker_source(k, i)); i++)
		print_source(cli, s, o->common.json);
	km_buf_finish(&out);
	km_base_maker_free(k);
	return st == KM_OK ? km_cli_flush(cli) : km_cli_fail(cli, &err);
}
