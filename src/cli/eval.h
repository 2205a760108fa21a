/*
 * cli/eval.h - `komainu eval` in pieces: the run over labelled mail, and the page that shows it.
 */
#ifndef KM_CLI_EVAL_H
#define KM_CLI_EVAL_H

#include "cli/command.h"
#include "learn/metrics.h"

typedef struct {
	km_common_options common;
	const char *online, *split, *test; /* an index each; one of them is given */
	const char *model, *report;
	km_opt_number part, noise, goodwords;
	bool noisy, homoglyph, zero_width, fullwidth;
} km_eval_given;

enum { KM_EVAL_SLICES = 20 };

typedef struct {
	const char *index;
	km_judgement *j; /* of the n judged; by score once km_eval_read() is done */
	size_t n;
	size_t trained; /* before the first was judged */
	double us;	/* to read the features of a message and to score it */
	km_metrics all;
	km_metrics slice[KM_EVAL_SLICES]; /* the judged in turn, in equal parts */
} km_eval;

/* KM_CONFIG when the options do not go together. km_eval_finish() in any case. */
KM_NODISCARD km_status km_eval_run_over(km_cli *cli, const km_eval_given *given, km_eval *out,
					km_err *err);
void km_eval_finish(km_eval *e);

/* A page of HTML that needs nothing else: figures, ROC, calibration, errors over time. */
void km_eval_page(km_buf *b, const km_eval *e, int lang);

#endif
