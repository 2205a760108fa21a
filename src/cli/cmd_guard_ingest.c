/* `komainu guard ingest`: events from a file, or as they come, to the daemon's guard. */
#include <stdlib.h>
#include <sysexits.h>

#include "cli/progress.h"
#include "cli/settings.h"
#include "cli/tables.h"
#include "conf/conf.h"
#include "daemon/guard_ask.h"
#include "outbound/event.h"

typedef struct {
	km_common_options common;
	const char *config, *state_dir;
} ingest_options;

/* clang-format off */
static const km_option rows[] = {
	{ .letter = 'c', .name = "config", .type = KM_OPT_FILE, .at = offsetof(ingest_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル。省略時は組み込みの既定値",
		    "configuration file (default: the built-in defaults)" } },
	{ .name = "state-dir", .type = KM_OPT_FILE, .at = offsetof(ingest_options, state_dir),
	  .arg = "DIR",
	  .help = { "記録を置くフォルダー。state.dir より優先する",
		    "folder of the records, in place of state.dir" } },
};
/* clang-format on */
const km_option_table km_guard_ingest_options = { rows, KM_COUNT(rows), sizeof(ingest_options) };

typedef struct {
	km_cli *cli;
	const char *name;
	bool json;
	km_guard_line line;
	km_progress progress;
	size_t number, events, bad;
} ingest;

/* What was refused is told with its line; the rest goes on. */
static void take_answer(ingest *g, km_sv answer)
{
	json_t *o = json_loadb(answer.p, answer.n, 0, NULL);
	const char *error = json_string_value(json_object_get(o, "error"));

	if (g->json) {
		(void)fprintf(g->cli->out, "%.*s\n", KM_FMT(answer));
		(void)fflush(g->cli->out);
	}
	if (error || !json_is_object(o)) {
		g->bad++;
		km_progress_hide(&g->progress);
		km_cli_error(g->cli, "%s:%zu: %s", g->name, g->number,
			     error ? error : "the guard answers something else");
	} else {
		g->events++;
	}
	json_decref(o);
}

static km_status one(ingest *g, km_sv line, km_err *err)
{
	km_sv answer;

	g->number++;
	if (km_sv_trim(line).n == 0)
		return KM_OK;
	km_status st = km_guard_line_ask(&g->line, line, &answer, err);
	if (st == KM_OK)
		take_answer(g, answer);
	km_progress_add(&g->progress, line.n);
	return st;
}

/* Line by line, so that events can come as they happen. */
static km_status all(ingest *g, FILE *in, km_err *err)
{
	km_status st = KM_OK;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	while (st == KM_OK && (n = getline(&text, &cap, in)) > 0) {
		if (n > KM_EVENT_LINE_MAX) {
			g->number++;
			g->bad++;
			km_cli_error(g->cli, "%s:%zu: the line is longer than %d bytes", g->name,
				     g->number, KM_EVENT_LINE_MAX);
			continue;
		}
		if (text[n - 1] != '\n') { /* the last one: its NUL has room for the line end */
			text[n++] = '\n';
		}
		st = one(g, (km_sv){ text, (size_t)n }, err);
	}
	if (st == KM_OK && ferror(in))
		st = KM_FAIL(err, KM_IO, "%s: can not be read", g->name);
	free(text);
	return st;
}

static km_status run(ingest *g, const char *state_dir, km_err *err)
{
	bool is_file = strcmp(g->name, "-") != 0;
	FILE *in = is_file ? fopen(g->name, "re") : stdin;

	if (in == NULL)
		return KM_FAIL(err, KM_NOTFOUND, "%s: %m", g->name);
	km_status st = km_guard_line_open(&g->line, state_dir, err);
	if (st == KM_OK) {
		km_progress_init(&g->progress, fileno(g->cli->err));
		st = all(g, in, err);
		km_progress_hide(&g->progress);
		km_guard_line_close(&g->line);
	}
	if (is_file)
		(void)fclose(in);
	return st;
}

int km_guard_ingest_run(km_cli *cli, const void *given)
{
	const ingest_options *o = given;
	ingest g = { .cli = cli, .json = o->common.json };
	km_conf *conf = NULL;
	km_err err = { 0 };

	if (!km_cli_need_input(cli))
		return EX_USAGE;
	g.name = cli->operands[0];
	km_status st = km_conf_load(km_settings_path(o->config), &conf, &err);
	if (st == KM_OK)
		st = run(&g, o->state_dir ? o->state_dir : km_conf_str(conf, KM_KEY_STATE_DIR),
			 &err);
	km_conf_free(conf);
	if (st != KM_OK)
		return km_cli_fail(cli, &err);
	if (!g.json)
		(void)fprintf(cli->out,
			      km_say(cli, "%zu 件を伝えました。読めない行 %zu\n",
				     "%zu events told, %zu lines refused\n"),
			      g.events, g.bad);
	int rc = km_cli_flush(cli);
	return rc == EX_OK && g.bad ? EX_DATAERR : rc;
}
