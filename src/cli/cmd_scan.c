#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/av_ask.h"
#include "cli/judging.h"
#include "cli/ordered.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/sources.h"
#include "cli/tables.h"
#include "engine/json.h"

enum {
	JOBS_MAX = 256,
	ALONE = 32,		  /* messages before threads are worth their start */
	OUTPUT_BYTES = 64 << 20,  /* for one message */
	PENDING_BYTES = 64 << 10, /* output that may wait for the progress bar */
	RECORD_BYTES = 256 << 20
};
/* Room for one worker: arena, stack, and the message as it is mapped. */
#define WORKER_BYTES ((rlim_t)256 << 20)

typedef struct {
	km_common_options common;
	km_judging_options judging;
	km_opt_number jobs;
	const char *dns_record;
	const char *clamd, *icap;
	bool explain;
} scan_options;

static const km_option table[] = {
	{ .letter = 'j',
	  .name = "jobs",
	  .type = KM_OPT_NUMBER,
	  .at = offsetof(scan_options, jobs),
	  .arg = "N",
	  .min = 1,
	  .max = JOBS_MAX,
	  .help = { "同時に判定する数 (省略時は CPU の数)。出力の順序は変わらない",
		    "judge N messages at once (default: one per CPU); the order of the output "
		    "stays" } },
	{ .name = "explain",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(scan_options, explain),
	  .help = { "1 通ごとに、事実・点数・説明をすべて表示する",
		    "show all facts, points and explanations of every message" } },
	{ .name = "dns-record",
	  .type = KM_OPT_FILE,
	  .at = offsetof(scan_options, dns_record),
	  .arg = "FILE",
	  .help = { "使った DNS の答えをこのファイルに書く",
		    "write the DNS answers that were used to this file" } },
	{ .name = "clamd",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(scan_options, clamd),
	  .arg = "ADDRESS",
	  .help = { "この clamd (HOST:PORT か unix:/PATH) にウイルスの検査をさせる",
		    "have this clamd (HOST:PORT or unix:/PATH) look for viruses" } },
	{ .name = "icap",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(scan_options, icap),
	  .arg = "URL",
	  .help = { "この ICAP サービス (icap://HOST[:PORT]/SERVICE) にウイルスの検査をさせる",
		    "have this ICAP service (icap://HOST[:PORT]/SERVICE) look for viruses" } },
	KM_JUDGING_ROWS(scan_options),
};

const km_option_table km_scan_options = { table, KM_COUNT(table), sizeof(scan_options) };

typedef struct {
	km_cli *cli;
	const scan_options *o;
	km_report report;
	km_judging judging;
	struct worker {
		km_arena *arena;
		km_asker *asker;
	} * worker;
	unsigned workers;
	km_sources *sources;
	km_progress progress;
	km_av_target scanner[2]; /* of viruses */
	size_t scanners;
	bool shared; /* the bar and the output are on one terminal */
	uint64_t begun;
	km_buf pending, record;
	km_map recorded;	       /* lines that are in `record` */
	km_buf first_line, first_full; /* until it is known whether there are more messages */
	km_tally tally;
	km_status failed; /* of the first message that could not be judged */
} scan_run;

typedef struct {
	km_source source;
	bool is_first;
	km_err err;
	km_action action;
	km_class class;
	uint64_t bytes;
	km_buf out;    /* what is printed */
	km_buf full;   /* in place of it, when there is only one message */
	km_buf record; /* DNS answers */
} scan_job;

/* --- one message, in any thread --- */

static bool next_job(void *ctx, void *job)
{
	scan_run *r = ctx;
	scan_job *j = job;

	if (!km_sources_next(r->sources, &j->source))
		return false;
	j->is_first = r->begun++ == 0;
	return true;
}

static km_status write_json(const scan_run *r, scan_job *j, const km_scan *s)
{
	uint8_t random[10];
	char id[27];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return KM_FAIL(&j->err, KM_IO, "no random numbers");
	km_status st = km_verdict_json(&j->out, s, j->source.name,
				       km_ulid(km_clock_unix_ms(), random, id), r->report.lang);
	km_buf_byte(&j->out, '\n');
	return st == KM_OK ? st : KM_FAIL(&j->err, st, "the verdict can not be written");
}

/* A message that stays the only one is shown in full. */
static void write_text(const scan_run *r, scan_job *j, const km_scan *s)
{
	if (r->o->explain) {
		if (!j->is_first)
			km_buf_byte(&j->out, '\n');
		km_report_full(&j->out, &r->report, s, j->source.name);
		return;
	}
	km_report_line(&j->out, &r->report, s, j->source.name);
	if (j->is_first)
		km_report_full(&j->full, &r->report, s, j->source.name);
}

/* What virus scanners say of it goes into the envelope of @d. */
static km_status examine(const scan_run *r, scan_job *j, km_drive *d, km_av_answer *a)
{
	unsigned ms = (unsigned)km_conf_int(r->judging.conf, KM_KEY_VIRUS_TIMEOUT);

	for (size_t i = 0; i < r->scanners && d->given.virus.n == 0; i++) {
		km_status st = km_av_ask(&r->scanner[i], j->source.bytes, ms, a, &j->err);
		if (st != KM_OK)
			return st;
		if (a->result == KM_AV_FOUND)
			d->given.virus = km_sv_of(a->name);
		d->given.unexamined |= a->result == KM_AV_TOO_LARGE;
	}
	return KM_OK;
}

static km_status judge(scan_run *r, const struct worker *w, scan_job *j)
{
	bool record = r->o->dns_record != NULL;
	km_scan *s;

	if (j->source.err.st != KM_OK) {
		j->err = j->source.err;
		return j->err.st;
	}
	km_drive drive = r->judging.drive;
	km_av_answer found;
	km_status st = examine(r, j, &drive, &found);
	if (st != KM_OK)
		return st;
	st = km_drive_scan(&drive, w->asker, w->arena, j->source.bytes, record ? &j->record : NULL,
			   &s, &j->err);
	if (st != KM_OK)
		return st;
	j->action = km_scan_verdict(s)->action;
	j->class = km_scan_verdict(s)->class;
	if (r->o->common.json)
		return write_json(r, j, s);
	write_text(r, j, s);
	return KM_OK;
}

static void do_job(void *ctx, unsigned worker, void *job)
{
	scan_run *r = ctx;
	scan_job *j = job;

	km_buf_init(&j->out, NULL, OUTPUT_BYTES);
	km_buf_init(&j->full, NULL, OUTPUT_BYTES);
	km_buf_init(&j->record, NULL, OUTPUT_BYTES);
	j->bytes = j->source.bytes.n;
	if (judge(r, &r->worker[worker], j) != KM_OK && r->o->common.json) {
		j->out.n = 0;
		if (km_error_json(&j->out, j->source.name, j->err.msg) == KM_OK)
			km_buf_byte(&j->out, '\n');
	}
	km_arena_reset(r->worker[worker].arena);
	km_source_close(&j->source);
}

/* --- results, in order, in the main thread --- */

static void write_pending(scan_run *r)
{
	if (r->pending.n == 0)
		return;
	km_progress_hide(&r->progress);
	(void)fwrite(r->pending.p, 1, r->pending.n, r->cli->out);
	(void)fflush(r->cli->out);
	r->pending.n = 0;
}

/* On a terminal that also has the progress bar, output waits for the bar's next turn. */
static void print(scan_run *r, const km_buf *text)
{
	bool wait = r->shared && text->n <= PENDING_BYTES - r->pending.n;

	if (wait)
		km_buf_add(&r->pending, km_buf_sv(text));
	if (!wait || km_progress_due(&r->progress))
		write_pending(r);
	if (wait)
		return;
	if (r->shared)
		km_progress_hide(&r->progress);
	(void)fwrite(text->p, 1, text->n, r->cli->out);
}

/* Keeps the first message's texts; the second one shows that lines are wanted. */
static void print_in_turn(scan_run *r, scan_job *j)
{
	uint64_t before = r->tally.messages + r->tally.errors;

	if (j->is_first && j->full.n) {
		r->first_line = j->out;
		r->first_full = j->full;
		km_buf_init(&j->out, NULL, 0);
		km_buf_init(&j->full, NULL, 0);
		return;
	}
	if (before == 1)
		print(r, &r->first_line);
	print(r, &j->out);
}

/* Answers are the same whoever asked: a line that is there stands for all. */
static void record_answers(scan_run *r, const km_buf *lines)
{
	km_sv rest = km_buf_sv(lines), line;

	while (km_sv_line(&rest, &line)) {
		if (km_map_get(&r->recorded, line) != NULL)
			continue;
		void **seen = km_map_put(&r->recorded, km_sv_dup(r->cli->arena, line));
		if (seen)
			*seen = r;
		km_buf_add(&r->record, line);
		km_buf_byte(&r->record, '\n');
	}
}

static void count(scan_run *r, const scan_job *j)
{
	if (j->err.st != KM_OK) {
		r->tally.errors++;
		if (r->failed == KM_OK)
			r->failed = j->err.st;
		return;
	}
	r->tally.messages++;
	r->tally.actions[j->action]++;
	r->tally.classes[j->class]++;
}

static bool job_done(void *ctx, void *job)
{
	scan_run *r = ctx;
	scan_job *j = job;

	print_in_turn(r, j);
	if (j->err.st != KM_OK && !r->o->common.json) {
		write_pending(r);
		(void)fflush(r->cli->out);
		km_progress_hide(&r->progress);
		km_cli_error(r->cli, "%s", j->err.msg);
	}
	if (r->o->dns_record)
		record_answers(r, &j->record);
	count(r, j);
	km_progress_add(&r->progress, j->bytes);
	km_buf_finish(&j->out);
	km_buf_finish(&j->full);
	km_buf_finish(&j->record);
	km_source_done(&j->source);
	return !ferror(r->cli->out);
}

/* --- the run as a whole --- */

/* As many as are wanted, or CPUs that we may use, but no more than there is address space for. */
static unsigned count_workers(const km_opt_number *wanted)
{
	struct rlimit space;
	cpu_set_t cpus;
	rlim_t n = 1;

	if (wanted->given)
		n = wanted->v;
	else if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		n = (rlim_t)CPU_COUNT(&cpus);
	if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY &&
	    n > space.rlim_cur / WORKER_BYTES)
		n = space.rlim_cur / WORKER_BYTES;
	return n < 1 ? 1 : n > JOBS_MAX ? JOBS_MAX : (unsigned)n;
}

static km_status set_workers(scan_run *r, km_err *err)
{
	r->workers = count_workers(&r->o->jobs);
	r->worker = KM_NEW_ARRAY(r->cli->arena, struct worker, r->workers);
	km_status st = r->worker ? KM_OK : KM_FAIL(err, KM_NOMEM, "out of memory");
	for (unsigned i = 0; i < r->workers && st == KM_OK; i++) {
		r->worker[i].arena = km_arena_new(KM_MAX_ARENA_BYTES);
		st = r->worker[i].arena ? km_judging_asker(&r->judging, &r->worker[i].asker, err)
					: KM_FAIL(err, KM_NOMEM, "out of memory");
	}
	return st;
}

static void finish_run(scan_run *r)
{
	for (unsigned i = 0; r->worker && i < r->workers; i++) {
		km_arena_free(r->worker[i].arena);
		km_asker_close(r->worker[i].asker);
	}
	km_buf_finish(&r->pending);
	km_buf_finish(&r->record);
	km_buf_finish(&r->first_line);
	km_buf_finish(&r->first_full);
	km_sources_free(r->sources);
}

/* Reads all messages; the sum of them at the end. */
static km_status run_all(scan_run *r, char *const *operands, size_t n, km_err *err)
{
	static const km_ordered_ops ops = { sizeof(scan_job), next_job, do_job, job_done };
	uint64_t start = km_clock_mono_ns();
	km_buf sum;

	km_progress_init(&r->progress, fileno(r->cli->err));
	r->shared = r->progress.on && isatty(fileno(r->cli->out));
	if (r->progress.on)
		r->progress.bytes_total = km_sources_bytes(operands, n);
	km_status st = km_ordered_run(&ops, r, r->workers, ALONE, err);
	write_pending(r);
	km_progress_hide(&r->progress);
	if (st != KM_OK || r->o->common.json)
		return st;
	r->tally.seconds = (double)(km_clock_mono_ns() - start) / 1e9;
	if (r->tally.messages + r->tally.errors == 1) {
		(void)fwrite(r->first_full.p, 1, r->first_full.n, r->cli->out);
		return st;
	}
	km_buf_init(&sum, NULL, PENDING_BYTES);
	km_report_tally(&sum, &r->report, &r->tally);
	(void)fwrite(sum.p, 1, sum.n, r->cli->out);
	km_buf_finish(&sum);
	return st;
}

static km_status write_record(const scan_run *r, km_err *err)
{
	if (r->o->dns_record == NULL)
		return KM_OK;
	if (r->record.cut || km_arena_full(r->cli->arena))
		return KM_FAIL(err, KM_LIMIT, "%s: too many DNS answers", r->o->dns_record);
	return km_file_replace(r->o->dns_record, km_buf_sv(&r->record), err);
}

static km_status find_scanners(scan_run *r, km_err *err)
{
	km_status st = KM_OK;

	if (r->o->clamd)
		st = km_av_target_clamd(r->o->clamd, &r->scanner[r->scanners++], err);
	if (st == KM_OK && r->o->icap)
		st = km_av_target_icap(r->o->icap, &r->scanner[r->scanners++], err);
	return st;
}

static km_status scan_all(scan_run *r, km_err *err)
{
	km_cli *cli = r->cli;

	r->report = (km_report){ cli->lang == 0 ? KM_JA : KM_EN, cli->colour };
	km_buf_init(&r->pending, NULL, PENDING_BYTES);
	km_buf_init(&r->record, NULL, RECORD_BYTES);
	km_map_init(&r->recorded, cli->arena, false);
	km_status st = find_scanners(r, err);
	if (st == KM_OK)
		st = set_workers(r, err);
	if (st == KM_OK && (r->sources = km_sources_new(cli->operands, cli->n_operands)) == NULL)
		st = KM_FAIL(err, KM_NOMEM, "out of memory");
	if (st == KM_OK)
		st = run_all(r, cli->operands, cli->n_operands, err);
	if (st == KM_OK)
		st = write_record(r, err);
	if (!r->o->common.json)
		km_judging_hint(&r->judging, cli);
	finish_run(r);
	return st;
}

int km_scan_run(km_cli *cli, const void *options)
{
	const scan_options *o = options;
	scan_run r = { .cli = cli, .o = o };
	km_err err = { KM_OK };

	if (!km_cli_need_input(cli))
		return EX_USAGE;
	int code = km_judging_open(&r.judging, cli, &o->judging);
	if (code == EX_OK) {
		err.st = scan_all(&r, &err);
		code = err.st == KM_OK ? km_cli_flush(cli) : km_cli_fail(cli, &err);
	}
	km_judging_close(&r.judging);
	return code != EX_OK ? code : km_status_sysexit(r.failed);
}
