/* `komainu learn spam|ham|undo`: messages that somebody calls so. */
#include <stdlib.h>
#include <sysexits.h>

#include "cli/jsonout.h"
#include "cli/lessons.h"
#include "cli/progress.h"
#include "cli/sources.h"
#include "cli/tables.h"

typedef struct {
	km_lessons_options lessons;
	const char *user;
	km_opt_list rcpts;
} learn_options;

static const km_option options[] = {
	{ .letter = 'u',
	  .name = "user",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(learn_options, user),
	  .arg = "LOGIN",
	  .help = { "そう言った利用者。省略時は管理者 (間違えないものとして扱う)",
		    "the user who says so; by default the site itself, which is taken to be "
		    "right" } },
	{ .name = "rcpt",
	  .type = KM_OPT_LIST,
	  .at = offsetof(learn_options, rcpts),
	  .arg = "ADDRESS",
	  .help = { "メールの宛先 (省略時は --user がアドレスならそれ)",
		    "whose mail it is (default: --user, if that is an address)" } },
	KM_LESSONS_ROWS,
};
const km_option_table km_learn_options = { options, KM_COUNT(options), sizeof(learn_options) };

static const struct {
	const char *command;
	km_row_kind kind;
} kinds[] = {
	{ "learn spam", KM_ROW_SPAM },
	{ "learn ham", KM_ROW_HAM },
	{ "learn undo", KM_ROW_UNDO },
};

static const char *const said[KM_TAUGHT_COUNT][2] = {
	[KM_TAUGHT_LEARNED] = { "学習しました", "learned" },
	[KM_TAUGHT_REPEAT] = { "学習済みです", "known already" },
	[KM_TAUGHT_MOVED] = { "学習し直しました", "learned anew, the other way round" },
	[KM_TAUGHT_UNDONE] = { "取り消しました", "taken back" },
	[KM_TAUGHT_UNKNOWN] = { "学習していません", "not known: nothing to take back" },
};

typedef struct {
	km_cli *cli;
	km_lessons *lessons;
	km_lessons_label label;
	bool json;
	km_progress bar;
	uint64_t counts[KM_TAUGHT_COUNT];
	km_status failed; /* the first time */
} learn_run;

static km_row_kind kind_of(const km_cli *cli)
{
	size_t i = 0;

	while (i + 1 < KM_COUNT(kinds) && strcmp(kinds[i].command, cli->command->name) != 0)
		i++;
	return kinds[i].kind;
}

static void tell_json(const learn_run *r, const km_source *m, km_taught_how how, const km_err *err)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "file", km_json_cstr(m->name));
	if (err->st == KM_OK) {
		(void)json_object_set_new(j, "label", json_string(km_row_kind_name(r->label.kind)));
		(void)json_object_set_new(j, "result", json_string(km_taught_word(how)));
		(void)json_object_set_new(j, "repeat",
					  json_boolean(how == KM_TAUGHT_REPEAT ||
						       how == KM_TAUGHT_UNKNOWN));
	} else {
		(void)json_object_set_new(j, "error", km_json_cstr(err->msg));
	}
	(void)km_json_print(r->cli, j);
}

static void tell(learn_run *r, const km_source *m, const km_lesson_given *g)
{
	if (g->err.st == KM_OK)
		r->counts[g->how]++;
	else if (r->failed == KM_OK)
		r->failed = g->err.st;
	if (r->json) {
		tell_json(r, m, g->how, &g->err);
	} else if (g->err.st != KM_OK) {
		km_progress_hide(&r->bar);
		if (m->err.st == KM_OK)
			km_cli_error(r->cli, "%s: %s", m->name, g->err.msg);
		else
			km_cli_error(r->cli, "%s", g->err.msg);
	}
	km_progress_add(&r->bar, m->bytes.n);
}

/* What stops one message stops all. */
static bool goes_on(const learn_run *r)
{
	return r->failed != KM_TEMPFAIL && r->failed != KM_IO && r->failed != KM_CONFIG;
}

/* The next few messages; false at the end. */
static bool learn_some(learn_run *r, km_sources *sources)
{
	km_source m[KM_LESSONS_AT_ONCE];
	km_lesson_given given[KM_LESSONS_AT_ONCE];
	size_t n = 0;

	while (n < KM_LESSONS_AT_ONCE && km_sources_next(sources, &m[n])) {
		given[n] = (km_lesson_given){ .message = m[n].bytes, .err = m[n].err };
		n++;
	}
	km_lessons_teach(r->lessons, &r->label, given, n);
	for (size_t i = 0; i < n; i++) {
		tell(r, &m[i], &given[i]);
		km_source_close(&m[i]);
		km_source_done(&m[i]);
	}
	return n > 0;
}

static void tell_sum(const learn_run *r)
{
	const km_cli *cli = r->cli;

	for (int how = 0; how < KM_TAUGHT_COUNT; how++)
		if (r->counts[how])
			(void)fprintf(cli->out, km_say(cli, "%llu 通: %s\n", "%llu: %s\n"),
				      (unsigned long long)r->counts[how], said[how][cli->lang]);
}

static void learn_all(learn_run *r, km_sources *sources)
{
	km_progress_init(&r->bar, fileno(r->cli->err));
	if (r->bar.on)
		r->bar.bytes_total = km_sources_bytes(r->cli->operands, r->cli->n_operands);
	while (goes_on(r) && learn_some(r, sources))
		;
	km_progress_hide(&r->bar);
	if (!r->json)
		tell_sum(r);
}

int km_learn_run(km_cli *cli, const void *given)
{
	const learn_options *o = given;
	learn_run r = { .cli = cli,
			.label = { kind_of(cli), o->user, o->rcpts },
			.json = o->lessons.common.json };
	int exit;

	if (!km_cli_need_input(cli))
		return EX_USAGE;
	r.lessons = km_lessons_open(cli, &o->lessons, &exit);
	if (r.lessons == NULL)
		return exit;
	km_sources *sources = km_sources_new(cli->operands, cli->n_operands);
	if (sources)
		learn_all(&r, sources);
	km_sources_free(sources);
	km_lessons_close(r.lessons);
	exit = sources ? km_cli_flush(cli) : EX_OSERR;
	return exit != EX_OK ? exit : km_status_sysexit(r.failed);
}
