/* `komainu guard top`: the accounts that are stopped or nearest to it, live. */
#include <math.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/jsonout.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/tables.h"
#include "cli/wrap.h"
#include "conf/conf.h"
#include "daemon/guard_ask.h"
#include "outbound/told.h"

enum {
	ROWS = 20,
	SCREEN_MAX = 1 << 20,
	HEAD_LINES = 4,
	NAME_MOST = 28, /* columns */
	NAME_LEAST = 12,
	BAR = 10,
	BAR_SHORT = 5,
	STATE = 16,   /* columns, with the space before */
	LEVEL = 6,    /* without its bar */
	NUMBERS = 27, /* all four of them */
};

typedef struct {
	km_common_options common;
	const char *config, *state_dir;
	km_opt_number limit, interval, count;
} top_options;

/* clang-format off */
static const km_option rows[] = {
	{ .letter = 'n', .name = "limit", .type = KM_OPT_NUMBER, .at = offsetof(top_options, limit),
	  .arg = "N", .min = 1, .max = 1000,
	  .help = { "表示するアカウントの数 (省略時は画面に入るだけ、または 20)",
		    "accounts to show (default: what fits the screen, else 20)" } },
	{ .letter = 'i', .name = "interval", .type = KM_OPT_NUMBER,
	  .at = offsetof(top_options, interval), .arg = "SECONDS", .min = 1, .max = 3600,
	  .help = { "書き換える間隔 (省略時 2 秒)", "time between updates (default: 2)" } },
	{ .name = "count", .type = KM_OPT_NUMBER, .at = offsetof(top_options, count), .arg = "N",
	  .min = 1, .max = 1000000000,
	  .help = { "N 回表示して終わる (端末でなければ省略時 1)",
		    "end after N times (default when not on a terminal: 1)" } },
	{ .letter = 'c', .name = "config", .type = KM_OPT_FILE, .at = offsetof(top_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル (state.dir を知るため)",
		    "configuration file, for its state.dir" } },
	{ .name = "state-dir", .type = KM_OPT_FILE, .at = offsetof(top_options, state_dir),
	  .arg = "DIR",
	  .help = { "state.dir の代わりのフォルダー", "folder in place of state.dir" } },
};
/* clang-format on */
const km_option_table km_guard_top_options = { rows, KM_COUNT(rows), sizeof(top_options) };

typedef struct {
	km_cli *cli;
	const top_options *o;
	const char *dir;
	bool live; /* on a terminal: the screen is written anew */
	size_t limit;
	size_t name, bar; /* columns */
	bool numbers;
} screen;

/* What there is room for: everything; with short bars; without the numbers. */
static void lay_out(screen *s, size_t width)
{
	static const struct {
		size_t bar, numbers;
	} ways[] = { { BAR, NUMBERS }, { BAR_SHORT, NUMBERS }, { BAR_SHORT, 0 } };
	size_t least[] = { NAME_MOST, NAME_LEAST, NAME_LEAST }, i = 0, rest;

	while (rest = STATE + 2 * (LEVEL + ways[i].bar) + ways[i].numbers,
	       i + 1 < KM_COUNT(ways) && width < rest + least[i])
		i++;
	s->bar = ways[i].bar;
	s->numbers = ways[i].numbers;
	s->name = width > rest + NAME_LEAST ? width - rest : NAME_LEAST;
	if (s->name > NAME_MOST)
		s->name = NAME_MOST;
}

static void measure(screen *s)
{
	struct winsize w;
	size_t width = SIZE_MAX / 2;

	s->live = isatty(fileno(s->cli->out)) && !s->o->common.json;
	s->limit = ROWS;
	if (s->live && ioctl(fileno(s->cli->out), TIOCGWINSZ, &w) == 0 && w.ws_col >= 40) {
		width = w.ws_col;
		if (w.ws_row > HEAD_LINES + 1)
			s->limit = w.ws_row - HEAD_LINES - 1u;
	}
	if (s->o->limit.given)
		s->limit = (size_t)s->o->limit.v;
	lay_out(s, width);
}

static km_sv text_of(const json_t *row, const char *key)
{
	const json_t *v = json_object_get(row, key);

	return (km_sv){ json_string_value(v), json_string_length(v) };
}

static double number_of(const json_t *row, const char *key)
{
	double x = json_number_value(json_object_get(row, key));

	return isfinite(x) && x > 0 ? x : 0;
}

/* The name made harmless, cut and padded to its column. */
static void add_name(const screen *s, km_buf *b, km_sv name)
{
	km_buf safe;
	size_t n;

	km_buf_init(&safe, NULL, 16 * NAME_MOST * 4);
	km_show_safe(&safe, km_sv_sub(name, 0, NAME_MOST * 4), false);
	km_sv v = km_buf_sv(&safe);
	while ((n = km_width(v)) > s->name && v.n) {
		v.n--;
		while (v.n && ((unsigned char)v.p[v.n] & 0xc0) == 0x80)
			v.n--;
	}
	km_buf_add(b, v);
	for (; n < s->name; n++)
		km_buf_byte(b, ' ');
	km_buf_finish(&safe);
}

/* How full a budget is, as figure and bar. */
static void add_level(const screen *s, km_buf *b, double level)
{
	double shown = level > 9.99 ? 9.99 : level;
	size_t full = level > 1 ? s->bar : (size_t)(level * (double)s->bar + 0.5);
	km_style style = level < 0.5 ? KM_STYLE_GOOD : level < 0.9 ? KM_STYLE_WARN : KM_STYLE_BAD;

	km_buf_fmt(b, " %3.0f%% %s", shown * 100, km_style_code(s->cli->colour, style));
	for (size_t i = 0; i < s->bar; i++)
		km_buf_byte(b, i < full ? '#' : '.');
	km_buf_add(b, km_sv_of(km_style_code(s->cli->colour, KM_STYLE_PLAIN)));
}

static void add_state(const screen *s, km_buf *b, km_sv step)
{
	km_lang lang = s->cli->lang == 0 ? KM_JA : KM_EN;
	km_entry_kind kind = km_entry_kind_by_name(step);
	km_sv title = kind < KM_ENTRY_KIND_COUNT ? km_sv_of(km_entry_title(kind, lang)) : KM_S("-");
	bool stopped = kind >= KM_ENTRY_brake && kind <= KM_ENTRY_termination;

	km_buf_fmt(b, " %s",
		   km_style_code(s->cli->colour, stopped	     ? KM_STYLE_BAD
						 : title.p[0] == '-' ? KM_STYLE_DIM
								     : KM_STYLE_WARN));
	km_buf_add(b, title);
	for (size_t n = km_width(title); n < 15; n++)
		km_buf_byte(b, ' ');
	km_buf_add(b, km_sv_of(km_style_code(s->cli->colour, KM_STYLE_PLAIN)));
}

static void add_row(const screen *s, km_buf *b, const json_t *row)
{
	add_name(s, b, text_of(row, "account"));
	add_state(s, b, text_of(row, "in_force"));
	add_level(s, b, number_of(row, "hour_level"));
	add_level(s, b, number_of(row, "day_level"));
	if (!s->numbers) {
		km_buf_byte(b, '\n');
		return;
	}
	km_buf_fmt(b, " %7.0f %6.0f %5.0f %5.0f\n", number_of(row, "recipients_1d"),
		   number_of(row, "unknown_1d"), number_of(row, "judged_bad_30d"),
		   number_of(row, "complaints_7d"));
}

/* Headings take the columns that their words are wide. */
static void add_heading(const screen *s, km_buf *b)
{
	const struct {
		const char *title[2];
		size_t columns;
		bool right;
	} columns[] = {
		{ { "アカウント", "ACCOUNT" }, s->name, false },
		{ { "措置", "MEASURE" }, STATE - 1, false },
		{ { "1 時間の枠", "HOUR" }, LEVEL - 1 + s->bar, false },
		{ { "1 日の枠", "DAY" }, LEVEL - 1 + s->bar, false },
		{ { "宛先", "RCPTS" }, 7, true },
		{ { "不明", "UNKN" }, 6, true },
		{ { "迷惑", "SPAM" }, 5, true },
		{ { "苦情", "CMPL" }, 5, true },
	};

	km_buf_add(b, km_sv_of(km_style_code(s->cli->colour, KM_STYLE_BOLD)));
	for (size_t i = 0; i < (s->numbers ? KM_COUNT(columns) : 4); i++) {
		km_sv t = km_sv_of(columns[i].title[s->cli->lang]);
		if (i)
			km_buf_byte(b, ' ');
		if (!columns[i].right)
			km_buf_add(b, t);
		for (size_t n = km_width(t); n < columns[i].columns; n++)
			km_buf_byte(b, ' ');
		if (columns[i].right)
			km_buf_add(b, t);
	}
	km_buf_fmt(b, "%s\n", km_style_code(s->cli->colour, KM_STYLE_PLAIN));
}

static void add_table(const screen *s, km_buf *b, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "accounts");
	size_t stopped = 0, n = json_array_size(list);
	char now[32];

	for (size_t i = 0; i < n; i++) {
		km_entry_kind k =
			km_entry_kind_by_name(text_of(json_array_get(list, i), "in_force"));
		stopped += k >= KM_ENTRY_brake && k <= KM_ENTRY_termination;
	}
	km_buf_fmt(b,
		   km_say(s->cli, "komainu guard  %s  表示 %zu アカウント、停止中 %zu\n\n",
			  "komainu guard  %s  %zu accounts shown, %zu stopped\n\n"),
		   km_time_format(km_clock_now(), now), n, stopped);
	add_heading(s, b);
	for (size_t i = 0; i < n; i++)
		add_row(s, b, json_array_get(list, i));
	if (n == 0)
		km_buf_fmt(b, "%s\n",
			   km_say(s->cli, "(目立つアカウントはありません)",
				  "(nothing stands out)"));
}

static km_status show_once(screen *s, km_err *err)
{
	json_t *answer = NULL;
	km_buf b;

	measure(s);
	km_status st =
		km_guard_ask(s->dir,
			     json_pack("{s:s, s:I}", "query", "top", "limit", (json_int_t)s->limit),
			     &answer, err);
	if (st != KM_OK)
		return st;
	if (s->o->common.json)
		return km_json_print(s->cli, answer) == EX_OK
			       ? KM_OK
			       : KM_FAIL(err, KM_IO, "output can not be written");
	km_buf_init(&b, NULL, SCREEN_MAX);
	if (s->live)
		km_buf_add(&b, KM_S("\033[H\033[2J"));
	add_table(s, &b, answer);
	(void)fwrite(b.p, 1, b.n, s->cli->out);
	km_buf_finish(&b);
	json_decref(answer);
	return fflush(s->cli->out) == 0 ? KM_OK : KM_FAIL(err, KM_IO, "output can not be written");
}

int km_guard_top_run(km_cli *cli, const void *options)
{
	screen s = { .cli = cli, .o = options };
	km_conf *conf = NULL;
	km_err err = { 0 };
	km_status st = km_conf_load(km_settings_path(s.o->config), &conf, &err);

	if (st != KM_OK)
		return km_cli_fail(cli, &err);
	km_settings_speak(cli, conf);
	s.dir = s.o->state_dir ? s.o->state_dir : km_conf_str(conf, KM_KEY_STATE_DIR);
	measure(&s);
	uint64_t times = s.o->count.given ? s.o->count.v : s.live ? UINT64_MAX : 1;
	unsigned pause = s.o->interval.given ? (unsigned)s.o->interval.v : 2;
	for (uint64_t i = 0; st == KM_OK && i < times; i++) {
		if (i)
			(void)sleep(pause);
		st = show_once(&s, &err);
	}
	km_conf_free(conf);
	return st == KM_OK ? km_cli_flush(cli) : km_cli_fail(cli, &err);
}
