/* `komainu log`: what was judged, from the keeper's records. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/tables.h"
#include "conf/conf.h"
#include "fact/fact.h"
#include "store/records.h"

enum { POLL_US = 300000, DEFAULT_LIMIT = 20 };

typedef struct {
	km_common_options common;
	const char *config, *state_dir;
	const char *address, *id, *action, *since, *until;
	km_opt_number limit;
	bool follow, facts;
} log_options;

static const km_option options[] = {
	{ .letter = 'a',
	  .name = "address",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(log_options, address),
	  .arg = "TEXT",
	  .help = { "差出人か宛先に TEXT を含むもの", "sender or a recipient contains TEXT" } },
	{ .letter = 'i',
	  .name = "id",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(log_options, id),
	  .arg = "ID",
	  .help = { "この判定 ID またはキュー ID のもの", "this verdict id or queue id" } },
	{ .name = "action",
	  .type = KM_OPT_CHOICE,
	  .at = offsetof(log_options, action),
	  .arg = "ACTION",
	  .choices = "accept|tag|junk|quarantine|greylist|reject|tempfail|discard",
	  .help = { "この扱いになったもの", "with this action" } },
	{ .name = "since",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(log_options, since),
	  .arg = "TIME",
	  .help = { "この時刻以降 (2026-03-02T09:14:05+09:00) または 30m、6h、2d 前から",
		    "from this time on (2026-03-02T09:14:05+09:00), or 30m, 6h, 2d ago" } },
	{ .name = "until",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(log_options, until),
	  .arg = "TIME",
	  .help = { "この時刻まで", "up to this time" } },
	{ .letter = 'n',
	  .name = "limit",
	  .type = KM_OPT_NUMBER,
	  .at = offsetof(log_options, limit),
	  .arg = "N",
	  .min = 1,
	  .max = 1000000000,
	  .help = { "新しいものから N 件 (省略時 20)", "the newest N (default 20)" } },
	{ .letter = 'f',
	  .name = "follow",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(log_options, follow),
	  .help = { "新しい判定を待って表示し続ける", "go on with new ones as they come" } },
	{ .name = "facts",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(log_options, facts),
	  .help = { "判定の理由も表示する", "show the facts too" } },
	{ .letter = 'c',
	  .name = "config",
	  .type = KM_OPT_FILE,
	  .at = offsetof(log_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル (state.dir を知るため)",
		    "configuration file, for its state.dir" } },
	{ .name = "state-dir",
	  .type = KM_OPT_FILE,
	  .at = offsetof(log_options, state_dir),
	  .arg = "DIR",
	  .help = { "記録のあるフォルダー", "folder of the records" } },
};
const km_option_table km_log_options = { options, KM_COUNT(options), sizeof(log_options) };

typedef struct {
	km_cli *cli;
	const log_options *o;
	int64_t row; /* last one shown */
	bool failed;
} viewer;

static json_t *text(km_sv v)
{
	json_t *t = json_stringn(v.n ? v.p : "", v.n);

	return t ? t : json_string("");
}

static void print_json(viewer *v, const km_record *r)
{
	char when[32];
	json_t *facts = json_loadb(r->facts.p, r->facts.n, 0, NULL);
	json_t *o = json_pack(
		"{s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, "
		"s:o, s:I, s:o, s:o,"
		" s:o, s:f, s:f, s:o, s:I}",
		"id", text(r->id), "time", km_time_format(r->t_ms / 1000, when), "via",
		text(r->via), "queue_id", text(r->queue_id), "client", text(r->client), "helo",
		text(r->helo), "user", text(r->user), "mail_from", text(r->mail_from), "rcpts",
		text(r->rcpts), "n_rcpts", (json_int_t)r->n_rcpts, "from", text(r->from), "subject",
		text(r->subject), "message_id", text(r->message_id), "digest", text(r->digest),
		"size", (json_int_t)r->size, "action", text(r->action), "class", text(r->class),
		"category", text(r->category), "score", r->score, "probability", r->probability,
		"facts", facts ? facts : json_array(), "duration_us", (json_int_t)r->duration_us);

	if (o == NULL || json_dumpf(o, v->cli->out, JSON_COMPACT | JSON_REAL_PRECISION(7)) != 0)
		v->failed = true;
	json_decref(o);
	(void)fputc('\n', v->cli->out);
}

/* Bytes from a message must not steer the terminal: neither C0 nor C1 (in UTF-8) control
 * characters. */
static void print_safe(FILE *out, km_sv v)
{
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		bool c1 = c == 0xc2 && i + 1 < v.n && (unsigned char)v.p[i + 1] < 0xa0;
		(void)fputc(c < 0x20 || c == 0x7f || c1 ? '?' : c, out);
		i += c1;
	}
}

/* The same, at least @width wide. */
static void print_word(FILE *out, km_sv v, size_t width)
{
	print_safe(out, v);
	for (size_t n = v.n; n < width; n++)
		(void)fputc(' ', out);
}

static km_style style_of(km_sv action)
{
	static const struct {
		km_sv action;
		km_style style;
	} styles[] = {
		{ KM_SV("accept"), KM_STYLE_GOOD },   { KM_SV("tag"), KM_STYLE_WARN },
		{ KM_SV("junk"), KM_STYLE_WARN },     { KM_SV("greylist"), KM_STYLE_WARN },
		{ KM_SV("tempfail"), KM_STYLE_WARN }, { KM_SV("quarantine"), KM_STYLE_BAD },
		{ KM_SV("reject"), KM_STYLE_BAD },    { KM_SV("discard"), KM_STYLE_BAD },
	};

	for (size_t i = 0; i < KM_COUNT(styles); i++)
		if (km_sv_eq(styles[i].action, action))
			return styles[i].style;
	return KM_STYLE_PLAIN;
}

static void print_facts(viewer *v, const km_record *r)
{
	json_t *list = json_loadb(r->facts.p, r->facts.n, 0, NULL), *f;
	size_t i;

	json_array_foreach(list, i, f)
	{
		const char *id = json_string_value(json_object_get(f, "id"));
		const char *seen = json_string_value(json_object_get(f, "seen"));
		(void)fprintf(v->cli->out, "    %6.2f  ",
			      json_number_value(json_object_get(f, "points")));
		print_safe(v->cli->out, km_sv_of(id ? id : "?"));
		(void)fputs("  ", v->cli->out);
		print_safe(v->cli->out, km_sv_of(seen));
		(void)fputc('\n', v->cli->out);
	}
	json_decref(list);
}

static void print_line(viewer *v, const km_record *r)
{
	FILE *out = v->cli->out;
	char when[40];
	struct tm tm;
	time_t t = (time_t)(r->t_ms / 1000);

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		when[0] = '\0';
	(void)fprintf(out, "%s ", when);
	print_word(out, r->id, 0);
	(void)fprintf(out, " %s", km_style_code(v->cli->colour, style_of(r->action)));
	print_word(out, r->action, 10);
	(void)fprintf(out, "%s %6.2f ", km_style_code(v->cli->colour, KM_STYLE_PLAIN), r->score);
	print_word(out, r->class, 8);
	print_safe(out, r->client.n ? r->client : KM_S("-"));
	(void)fputs(" <", out);
	print_safe(out, r->mail_from);
	(void)fputs("> -> ", out);
	print_safe(out, r->rcpts.n ? r->rcpts : KM_S("-"));
	(void)fputs("  ", out);
	print_safe(out, r->subject);
	(void)fputc('\n', out);
	if (v->o->facts)
		print_facts(v, r);
}

static void show(viewer *v, int64_t row, const km_record *r)
{
	if (v->o->common.json)
		print_json(v, r);
	else
		print_line(v, r);
	if (row > v->row)
		v->row = row;
}

static bool show_each(void *ctx, int64_t row, const km_record *r)
{
	viewer *v = ctx;

	show(v, row, r);
	return !ferror(v->cli->out);
}

/* "2d": that long ago; else RFC 3339. Milliseconds. */
static km_status parse_time(const char *given, int64_t *ms, km_err *err)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	km_sv v = km_sv_of(given);
	uint64_t n;
	km_time t;

	*ms = 0;
	if (v.n == 0)
		return KM_OK;
	for (size_t i = 0; i < KM_COUNT(units); i++)
		if (v.p[v.n - 1] == units[i].unit && km_sv_u64(km_sv_sub(v, 0, v.n - 1), &n) &&
		    n < 1000000000) {
			*ms = (km_clock_now() - (int64_t)n * units[i].seconds) * 1000;
			return KM_OK;
		}
	km_status st = km_time_parse_rfc3339(v, &t, err);
	if (st == KM_OK)
		*ms = t * 1000;
	return st;
}

/* The rows come newest first when there is a limit, and are shown oldest first: so find where to
 * begin. */
typedef struct {
	int64_t first;
	size_t n;
} span;

static bool find_first(void *ctx, int64_t row, const km_record *r)
{
	span *s = ctx;

	(void)r;
	s->first = row;
	s->n++;
	return true;
}

static km_status show_latest(viewer *v, km_records *records, km_record_filter *f, km_err *err)
{
	span s = { 0 };
	km_status st = km_records_find(records, f, find_first, &s, err);

	if (st != KM_OK || s.n == 0)
		return st;
	f->limit = 0;
	f->after_row = s.first - 1;
	return km_records_find(records, f, show_each, v, err);
}

static km_status follow(viewer *v, km_records *records, km_record_filter *f, km_err *err)
{
	km_status st = KM_OK;

	f->limit = 0;
	while (st == KM_OK && fflush(v->cli->out) == 0 && !v->failed) {
		(void)usleep(POLL_US);
		f->after_row = v->row;
		st = km_records_find(records, f, show_each, v, err);
	}
	return st;
}

static km_status state_dir(const log_options *o, char *out, size_t max, km_err *err)
{
	km_conf *c = NULL;
	km_status st = KM_OK;

	if (o->state_dir == NULL)
		st = km_conf_load(km_settings_path(o->config), &c, err);
	if (st == KM_OK)
		(void)snprintf(out, max, "%s",
			       o->state_dir ? o->state_dir : km_conf_str(c, KM_KEY_STATE_DIR));
	km_conf_free(c);
	return st;
}

static km_status run(viewer *v, km_err *err)
{
	const log_options *o = v->o;
	km_record_filter f = {
		.address = km_sv_of(o->address),
		.id = km_sv_of(o->id),
		.action = km_sv_of(o->action),
		.limit = o->limit.given ? o->limit.v : DEFAULT_LIMIT,
	};
	km_records *records = NULL;
	char dir[1024];

	km_status st = parse_time(o->since ? o->since : "", &f.since_ms, err);
	if (st == KM_OK)
		st = parse_time(o->until ? o->until : "", &f.until_ms, err);
	if (st == KM_OK)
		st = state_dir(o, dir, sizeof(dir), err);
	if (st == KM_OK)
		st = km_records_open_reader(dir, &records, err);
	if (st == KM_OK)
		st = show_latest(v, records, &f, err);
	if (st == KM_OK && o->follow)
		st = follow(v, records, &f, err);
	km_records_close(records);
	return st;
}

int km_log_run(km_cli *cli, const void *given)
{
	viewer v = { .cli = cli, .o = given };
	km_err err = { 0 };

	if (run(&v, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	if (v.failed)
		return EX_IOERR;
	return km_cli_flush(cli);
}
