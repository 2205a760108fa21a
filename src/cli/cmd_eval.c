/* `komainu eval`: how well the classifier does on labelled mail. */
#include <math.h>
#include <sysexits.h>

#include "base/file.h"
#include "cli/eval.h"
#include "cli/tables.h"

enum { PAGE_MAX = 1024 * 1024 };

#define AT(field) offsetof(km_eval_given, field)

static const km_option options[] = {
	{ .name = "online",
	  .type = KM_OPT_FILE,
	  .at = AT(online),
	  .arg = "INDEX",
	  .help = { "INDEX の順に、判定してから学習する。1 行に「spam|ham パス」",
		    "classify, then train, in the order of INDEX: lines of \"spam|ham PATH\"" } },
	{ .name = "split",
	  .type = KM_OPT_FILE,
	  .at = AT(split),
	  .arg = "INDEX",
	  .help = { "INDEX の前半で学習し、残りを判定する",
		    "train on the first half of INDEX, classify the rest" } },
	{ .name = "test",
	  .type = KM_OPT_FILE,
	  .at = AT(test),
	  .arg = "INDEX",
	  .help = { "INDEX を、できあがったモデルで判定する。何も学習しない。INDEX だけでも同じ",
		    "classify INDEX with a stored model, learn nothing; "
		    "INDEX alone does the same" } },
	{ .name = "model",
	  .type = KM_OPT_FILE,
	  .at = AT(model),
	  .arg = "FILE",
	  .help = { "--test で、付属のものの代わりに使うモデル",
		    "with --test or INDEX alone: the model, instead of the one that comes "
		    "with Komainu" } },
	{ .name = "part",
	  .type = KM_OPT_NUMBER,
	  .at = AT(part),
	  .arg = "PERCENT",
	  .min = 1,
	  .max = 99,
	  .help = { "--split で、前半の代わりに初めの PERCENT % で学習する",
		    "with --split: train on the first PERCENT % instead of half" } },
	{ .name = "noise",
	  .type = KM_OPT_NUMBER,
	  .at = AT(noise),
	  .arg = "PERCENT",
	  .min = 0,
	  .max = 50,
	  .help = { "学習するラベルの PERCENT % を逆にする",
		    "train with PERCENT % of the labels turned round" } },
	{ .name = "noisy",
	  .type = KM_OPT_FLAG,
	  .at = AT(noisy),
	  .help = { "誤ったラベルが混じるときの学習率を使う",
		    "use the learning rate for labels that may be wrong" } },
	{ .name = "goodwords",
	  .type = KM_OPT_NUMBER,
	  .at = AT(goodwords),
	  .arg = "N",
	  .min = 0,
	  .max = 4096,
	  .help = { "判定する迷惑メールの前に、ふつうのメールの N 語を置く",
		    "put N words of ham before the spam that is classified" } },
	{ .name = "homoglyph",
	  .type = KM_OPT_FLAG,
	  .at = AT(homoglyph),
	  .help = { "判定する迷惑メールの文字を、よく似た別の文字にする",
		    "turn letters of the spam that is classified into look-alikes" } },
	{ .name = "zero-width",
	  .type = KM_OPT_FLAG,
	  .at = AT(zero_width),
	  .help = { "判定する迷惑メールの文字の間に、幅のない空白を入れる",
		    "put zero-width spaces between letters of the spam that is classified" } },
	{ .name = "fullwidth",
	  .type = KM_OPT_FLAG,
	  .at = AT(fullwidth),
	  .help = { "判定する迷惑メールの英数字を全角にする",
		    "turn letters of the spam that is classified into full-width ones" } },
	{ .name = "report",
	  .type = KM_OPT_FILE,
	  .at = AT(report),
	  .arg = "FILE.html",
	  .help = { "図を入れた HTML のページを書く", "write a page of HTML with diagrams" } },
};
const km_option_table km_eval_options = { options, KM_COUNT(options), sizeof(km_eval_given) };

static void json_number(FILE *out, const char *name, double v, int digits)
{
	if (isnan(v))
		(void)fprintf(out, "\"%s\": null, ", name);
	else
		(void)fprintf(out, "\"%s\": %.*f, ", name, digits, v);
}

static void print_json(FILE *out, const km_eval *e)
{
	const km_metrics *m = &e->all;

	(void)fprintf(out, "{\"n\": %zu, \"ham\": %zu, \"spam\": %zu, ", m->n, m->ham, m->spam);
	json_number(out, "auc1", m->auc1, 4);
	json_number(out, "lam", m->lam, 4);
	json_number(out, "fp", m->fp, 4);
	json_number(out, "fn", m->fn, 4);
	json_number(out, "fn_at_fp01", m->fn_at_fp01, 4);
	json_number(out, "ece", m->ece, 4);
	(void)fprintf(out, "\"drift\": [");
	for (int i = 0; i < KM_EVAL_SLICES; i++) {
		(void)fprintf(out, "%s{", i ? ", " : "");
		json_number(out, "fp", e->slice[i].fp, 4);
		json_number(out, "fn", e->slice[i].fn, 4);
		(void)fprintf(out, "\"n\": %zu}", e->slice[i].n);
	}
	(void)fprintf(out, "], \"us_per_message\": %.1f}\n", e->us);
}

static void print_share(FILE *out, const char *name, double v, int digits)
{
	if (isnan(v))
		(void)fprintf(out, "%-15s -\n", name);
	else
		(void)fprintf(out, "%-15s %.*f %%\n", name, digits, v);
}

/* One kind of error in each twentieth of the messages, in order. */
static void print_drift(FILE *out, const km_eval *e, bool fp)
{
	(void)fprintf(out, "%-15s", fp ? "FP over time" : "FN over time");
	for (int i = 0; i < KM_EVAL_SLICES; i++) {
		double v = fp ? e->slice[i].fp : e->slice[i].fn;
		if (isnan(v))
			(void)fprintf(out, " -");
		else
			(void)fprintf(out, " %.1f", v);
	}
	(void)fprintf(out, " %%\n");
}

static void print_text(FILE *out, const km_eval *e)
{
	const km_metrics *m = &e->all;
	char name[32];

	(void)fprintf(out, "%-15s %zu (%zu ham, %zu spam)\n", "messages", m->n, m->ham, m->spam);
	print_share(out, "1-AUC", m->auc1, 4);
	print_share(out, "lam", m->lam, 3);
	for (int t = 0; t < KM_THRESHOLDS; t++) {
		(void)snprintf(name, sizeof(name), "FP at p > %g", km_thresholds[t]);
		print_share(out, name, m->fp_at[t], 3);
		(void)snprintf(name, sizeof(name), "FN at p > %g", km_thresholds[t]);
		print_share(out, name, m->fn_at[t], 3);
	}
	print_share(out, "FN at FP .1", m->fn_at_fp01, 3);
	print_share(out, "ECE", m->ece, 3);
	print_drift(out, e, true);
	print_drift(out, e, false);
	(void)fprintf(out, "%-15s %.1f us a message\n", "classifying", e->us);
}

static km_status write_page(const km_cli *cli, const km_eval_given *given, const km_eval *e,
			    km_err *err)
{
	km_buf b;

	km_buf_init(&b, cli->arena, PAGE_MAX);
	km_eval_page(&b, e, cli->lang);
	if (b.cut)
		return KM_FAIL(err, KM_NOMEM, "no memory for the page");
	return km_file_replace(given->report, km_buf_sv(&b), err);
}

/* Does what was asked for go together? */
static const char *misuse(const km_eval_given *g)
{
	if (!g->online + !g->split + !g->test != 2)
		return "which messages? give one of --online, --split, --test and INDEX";
	if (g->model && !g->test)
		return "--model goes with --test or INDEX alone";
	if (g->part.given && !g->split)
		return "--part goes with --split";
	return NULL;
}

int km_eval_run(km_cli *cli, const void *options_given)
{
	km_eval_given asked = *(const km_eval_given *)options_given;
	const km_eval_given *given = &asked;
	km_eval e = { 0 };
	km_err err = { 0 };
	/* INDEX alone is --test INDEX; with another one it is one too many */
	bool twice = cli->n_operands && asked.test;

	if (cli->n_operands)
		asked.test = cli->operands[0];
	const char *wrong = twice ? "one INDEX at a time" : misuse(given);

	if (wrong) {
		km_cli_error(cli, "%s", wrong);
		return EX_USAGE;
	}
	km_status st = km_eval_run_over(cli, given, &e, &err);
	if (st == KM_OK && given->report)
		st = write_page(cli, given, &e, &err);
	if (st == KM_OK)
		(given->common.json ? print_json : print_text)(cli->out, &e);
	km_eval_finish(&e);
	return st == KM_OK ? km_cli_flush(cli) : km_cli_fail(cli, &err);
}
