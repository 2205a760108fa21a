/* `komainu guard simulate`: what the guard of outgoing mail makes of a file of events. */
#include <sysexits.h>

#include "base/file.h"
#include "cli/progress.h"
#include "cli/tables.h"
#include "front/guardline/guardline.h"

enum {
	LINE_MEMORY = 64 * 1024 * 1024, /* bytes for one event and what is found */
	OUT_MAX = 64 * 1024 * 1024,
	COMPLAINTS = 20, /* lines that can not be read, told one by one */
	ACCOUNTS =
		200000, /* room in the counters; with more, those idle for longest are forgotten */
};

static const size_t file_max = (size_t)1 << 40;

typedef struct {
	km_common_options common;
} guard_options;

const km_option_table km_guard_simulate_options = { .size = sizeof(guard_options) };

typedef struct {
	km_cli *cli;
	bool json;
	km_arena *arena; /* of one event */
	km_counters *counters;
	km_identities *ids;
	km_guard *guard;
	const char *name;
	km_progress progress;
	size_t line, bad, events, submits;
	size_t decided[4], measures[KM_STEPS];
} simulation;

static void write_out(simulation *s, const km_buf *b)
{
	(void)fwrite(b->p, 1, b->n, s->cli->out);
}

static void print_decision(simulation *s, const km_event *e, const km_decision *d)
{
	km_buf b;

	km_buf_init(&b, s->arena, OUT_MAX);
	km_decision shown = *d;
	shown.reply = (km_sv){ NULL, 0 }; /* there is nobody to reply to */
	km_guardline_decision(&b, e, &shown, NULL);
	write_out(s, &b);
}

static void print_measure(simulation *s, const km_event *e, const km_measure *m)
{
	km_lang lang = s->cli->lang == 0 ? KM_JA : KM_EN;
	km_buf b;

	km_buf_init(&b, s->arena, OUT_MAX);
	km_guardline_measure(&b, s->arena, e, m, lang);
	write_out(s, &b);
}

/* For people: the measures alone, with what led to them. */
static void tell_measure(simulation *s, const km_event *e, const km_measure *m)
{
	km_lang lang = s->cli->lang == 0 ? KM_JA : KM_EN;
	char when[32], ip[48];
	km_buf b;

	km_buf_init(&b, s->arena, OUT_MAX);
	km_json_writer name = { .out = &b };
	km_json_sv(&name, NULL, m->account.n ? m->account : km_sv_of(km_ip_format(&m->ip, ip)));
	(void)fprintf(s->cli->out, "%s  %-10s  %.*s\n", km_time_format(e->t, when),
		      km_step_name(m->step), KM_FMT(km_buf_sv(&b)));
	for (size_t i = 0; i < m->facts->n; i++)
		(void)fprintf(s->cli->out, "    %s\n",
			      km_sv_cstr(s->arena, km_fact_sentence(s->arena, &m->facts->f[i],
								    KM_FOR_ADMIN, lang))
				      ?: "");
}

static void report(simulation *s, const km_event *e, const km_decision *d)
{
	for (size_t i = 0; i < d->n_measures; i++) {
		const km_measure *m = &d->measures[i];
		s->measures[m->step]++;
		if (s->json)
			print_measure(s, e, m);
		else
			tell_measure(s, e, m);
		(void)km_guard_apply(s->guard, m);
	}
	if (!d->is_submit)
		return;
	s->submits++;
	s->decided[d->action]++;
	if (s->json)
		print_decision(s, e, d);
}

static void complain(simulation *s, const km_err *err)
{
	if (s->bad++ >= COMPLAINTS)
		return;
	km_progress_hide(&s->progress);
	km_cli_error(s->cli, "%s:%zu: %s", s->name, s->line, err->msg);
}

static void one(simulation *s, km_sv line)
{
	km_err err = { 0 };
	km_event e;
	km_decision d;

	km_arena_reset(s->arena);
	km_status st = km_event_read(s->arena, line, &e, &err);
	if (st == KM_NOTFOUND)
		return;
	if (st == KM_OK) {
		s->events++;
		st = km_guard_submit(s->guard, s->arena, &e, &d);
		if (st != KM_OK)
			(void)KM_FAIL(&err, st, "the event can not be judged: %s",
				      km_status_name(st));
	}
	if (st == KM_OK)
		report(s, &e, &d);
	else
		complain(s, &err);
}

static void summary(const simulation *s)
{
	FILE *out = s->cli->out;

	(void)fprintf(out,
		      km_say(s->cli, "イベント %zu 件、送信 %zu 通:", "%zu events, %zu messages:"),
		      s->events, s->submits);
	for (size_t i = 0; i < KM_COUNT(s->decided); i++)
		(void)fprintf(out, " %s %zu", km_guard_action_name((km_guard_action)i),
			      s->decided[i]);
	(void)fputs(km_say(s->cli, "\n措置:", "\nmeasures:"), out);
	for (size_t i = KM_STEP_NOTICE; i < KM_STEPS; i++)
		(void)fprintf(out, " %s %zu", km_step_name((km_step)i), s->measures[i]);
	(void)fputc('\n', out);
}

static km_status begin(simulation *s, km_err *err)
{
	const km_guard_conf conf = km_guard_defaults();
	const km_counters_size size = km_counters_size_for(ACCOUNTS);

	s->arena = km_arena_new(LINE_MEMORY);
	s->ids = km_identities_new();
	if (s->arena == NULL || s->ids == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_counters_open(NULL, &size, &s->counters, err);
	return st == KM_OK ? km_guard_open(&conf, s->counters, s->ids, &s->guard, err) : st;
}

static void end(simulation *s)
{
	km_guard_close(s->guard);
	km_counters_close(s->counters);
	km_identities_free(s->ids);
	km_arena_free(s->arena);
}

static void all(simulation *s, km_sv rest)
{
	km_sv line;

	km_progress_init(&s->progress, fileno(s->cli->err));
	s->progress.bytes_total = rest.n;
	while (km_sv_line(&rest, &line)) {
		s->line++;
		one(s, line);
		km_progress_add(&s->progress, line.n + 1);
	}
	km_progress_hide(&s->progress);
	if (s->bad > COMPLAINTS)
		km_cli_error(s->cli,
			     km_say(s->cli, "%s: ほかに %zu 行が読めません",
				    "%s: %zu more lines can not be read"),
			     s->name, s->bad - COMPLAINTS);
	if (!s->json)
		summary(s);
}

int km_guard_simulate_run(km_cli *cli, const void *given)
{
	const guard_options *o = given;
	simulation s = { .cli = cli, .json = o->common.json };
	km_file file = { .bytes = KM_SV("") };
	km_err err = { 0 };

	if (!km_cli_need_input(cli))
		return EX_USAGE;
	s.name = cli->operands[0];
	km_status st = km_file_open(&file, s.name, file_max, &err);
	if (st == KM_OK)
		st = begin(&s, &err);
	if (st == KM_OK)
		all(&s, file.bytes);
	km_file_close(&file);
	end(&s);
	if (st != KM_OK)
		return km_cli_fail(cli, &err);
	int rc = km_cli_flush(cli);
	return rc == EX_OK && s.bad ? EX_DATAERR : rc;
}
