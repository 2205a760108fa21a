/* `komainu learn status|snapshot|rollback|replay|compact|export|import`: what was learned, as a
 * whole. */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/jsonout.h"
#include "cli/lessons.h"
#include "cli/tables.h"
#include "learn/export.h"

enum { REPORTERS = 10, PIECE = 1024 * 1024, EXPORT_MAX = 1024 * 1024 * 1024, TIME_TEXT = 32 };

static const km_option options[] = { KM_LESSONS_ROWS };
const km_option_table km_learn_state_options = { options, KM_COUNT(options),
						 sizeof(km_lessons_options) };

/* --- what there is --- */

static void add_snapshot(void *ctx, km_sv name, int64_t t_ms, uint64_t seq)
{
	json_t *j = json_object();
	char text[TIME_TEXT];

	(void)json_object_set_new(j, "name", km_json_text(name));
	(void)json_object_set_new(j, "t", json_string(km_time_format(t_ms / 1000, text)));
	(void)json_object_set_new(j, "row", json_integer((json_int_t)seq));
	(void)json_array_append_new(ctx, j);
}

static void add_reporter(void *ctx, km_sv reporter, uint64_t lessons)
{
	json_t *j = json_object();

	(void)json_object_set_new(j, "user", km_json_filled(reporter));
	(void)json_object_set_new(j, "lessons", json_integer((json_int_t)lessons));
	(void)json_array_append_new(ctx, j);
}

/* What only the journal tells; where we may not read it, nothing. */
static void add_lists(const km_lessons *l, json_t *out)
{
	json_t *snapshots = json_array(), *reporters = json_array();
	km_journal *j = NULL;

	if (km_journal_open_reader(km_lessons_dir(l), &j, NULL) == KM_OK &&
	    km_journal_snapshots(j, add_snapshot, snapshots, NULL) == KM_OK &&
	    km_journal_reporters(j, REPORTERS, add_reporter, reporters, NULL) == KM_OK) {
		(void)json_object_set(out, "snapshots", snapshots);
		(void)json_object_set(out, "reporters", reporters);
	}
	json_decref(snapshots);
	json_decref(reporters);
	km_journal_close(j);
}

static json_t *state_json(const km_lessons_state *s)
{
	const struct {
		const char *key;
		uint64_t n;
	} rows[] = { { "spam", s->spam },	 { "ham", s->ham },
		     { "rows", s->rows },	 { "journal", s->journal },
		     { "layers", s->layers },	 { "layers_most", s->layers_most },
		     { "left_out", s->left_out } };
	json_t *j = json_object();

	for (size_t i = 0; i < KM_COUNT(rows); i++)
		(void)json_object_set_new(j, rows[i].key, json_integer((json_int_t)rows[i].n));
	(void)json_object_set_new(j, "model", json_string(s->model));
	return j;
}

static void print_lists(const km_cli *cli, const json_t *j)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(j, "snapshots"), i, row)(void)
		fprintf(cli->out, km_say(cli, "スナップショット %s: %s\n", "snapshot %s: %s\n"),
			json_string_value(json_object_get(row, "name")),
			json_string_value(json_object_get(row, "t")));
	json_array_foreach(json_object_get(j, "reporters"), i, row)
	{
		const char *user = json_string_value(json_object_get(row, "user"));
		(void)fprintf(cli->out, km_say(cli, "%s: %lld 通\n", "%s: %lld lessons\n"),
			      user ? user : km_say(cli, "管理者", "the site itself"),
			      json_integer_value(json_object_get(row, "lessons")));
	}
}

static void print_state(const km_cli *cli, const km_lessons_state *s)
{
	(void)fprintf(cli->out,
		      km_say(cli, "学習済み: 迷惑メール %llu 通、ふつうのメール %llu 通\n",
			     "learned: %llu spam, %llu ham\n"),
		      (unsigned long long)s->spam, (unsigned long long)s->ham);
	if (s->left_out)
		(void)fprintf(cli->out,
			      km_say(cli, "数えない行: %llu (壊れているか、別の版で学習したもの)\n",
				     "left out: %llu rows (damaged, or of another version)\n"),
			      (unsigned long long)s->left_out);
	(void)fprintf(cli->out, km_say(cli, "学習の記録: %llu 行\n", "journal: %llu rows\n"),
		      (unsigned long long)s->journal);
	(void)fprintf(cli->out,
		      km_say(cli, "自分の層を持つドメインと利用者: %llu (最大 %llu)\n",
			     "domains and users with layers of their own: %llu, %llu at most\n"),
		      (unsigned long long)s->layers, (unsigned long long)s->layers_most);
	(void)fprintf(cli->out, km_say(cli, "モデル: %s\n", "model: %s\n"), s->model);
}

/* --- commands of one step --- */

static const struct {
	const char *name;
	km_lessons_command what;
} commands[] = {
	{ "learn status", KM_LESSONS_STATUS },	   { "learn snapshot", KM_LESSONS_SNAPSHOT },
	{ "learn rollback", KM_LESSONS_ROLLBACK }, { "learn replay", KM_LESSONS_REPLAY },
	{ "learn compact", KM_LESSONS_COMPACT },
};

static km_lessons_command command_of(const km_cli *cli)
{
	size_t i = 0;

	while (i + 1 < KM_COUNT(commands) && strcmp(commands[i].name, cli->command->name) != 0)
		i++;
	return commands[i].what;
}

int km_learn_state_run(km_cli *cli, const void *given)
{
	const km_lessons_options *o = given;
	km_lessons_command what = command_of(cli);
	km_sv body = cli->n_operands ? km_sv_of(cli->operands[0]) : (km_sv){ NULL, 0 };
	km_lessons_state s = { 0 };
	km_err err = { 0 };
	int exit;
	km_lessons *l = km_lessons_open(cli, o, &exit);

	if (l == NULL)
		return exit;
	err.st = km_lessons_do(l, what, body, &s, &err);
	json_t *j = state_json(&s);
	if (what == KM_LESSONS_STATUS)
		add_lists(l, j);
	if (err.st != KM_OK) {
		exit = km_cli_fail(cli, &err);
	} else if (o->common.json) {
		exit = km_json_print(cli, json_incref(j));
	} else {
		print_state(cli, &s);
		print_lists(cli, j);
		exit = km_cli_flush(cli);
	}
	json_decref(j);
	km_lessons_close(l);
	return exit;
}

/* --- backup --- */

static bool write_file(void *ctx, km_sv bytes)
{
	return fwrite(bytes.p, 1, bytes.n, ctx) == bytes.n;
}

static km_status export_to(km_journal *j, const char *path, uint64_t *n, km_err *err)
{
	bool is_out = strcmp(path, "-") == 0;
	FILE *f = is_out ? stdout : fopen(path, "we");
	km_status st;

	if (f == NULL)
		return KM_FAIL(err, KM_IO, "%s: %s", path, strerror(errno));
	st = km_export_write(j, write_file, f, n, err);
	if (st == KM_OK && (fflush(f) != 0 || (!is_out && fsync(fileno(f)) != 0)))
		st = KM_FAIL(err, KM_IO, "%s: %s", path, strerror(errno));
	if (!is_out)
		(void)fclose(f);
	if (st != KM_OK && !is_out)
		(void)unlink(path); /* half a backup is none */
	return st;
}

int km_learn_export_run(km_cli *cli, const void *given)
{
	const km_lessons_options *o = given;
	const char *path = cli->n_operands ? cli->operands[0] : "-";
	km_journal *j = NULL;
	km_err err = { 0 };
	uint64_t n = 0;
	int exit;
	km_lessons *l = km_lessons_open(cli, o, &exit);

	if (l == NULL)
		return exit;
	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO)) {
		km_cli_error(cli, "an export is no text: name a file");
		km_lessons_close(l);
		return EX_USAGE;
	}
	err.st = km_journal_open_reader(km_lessons_dir(l), &j, &err);
	if (err.st == KM_OK)
		err.st = export_to(j, path, &n, &err);
	km_journal_close(j);
	km_lessons_close(l);
	if (err.st != KM_OK)
		return km_cli_fail(cli, &err);
	if (strcmp(path, "-") == 0)
		return EX_OK;
	if (o->common.json)
		(void)fprintf(cli->out, "{\"rows\": %llu}\n", (unsigned long long)n);
	else
		(void)fprintf(cli->out,
			      km_say(cli, "%llu 行を書き出しました\n", "%llu rows written\n"),
			      (unsigned long long)n);
	return km_cli_flush(cli);
}

/* The daemon takes pieces; the store all at once. */
static km_status import_rows(km_lessons *l, km_sv rows, km_lessons_state *s, km_err *err)
{
	size_t piece = km_lessons_by_daemon(l) ? PIECE : SIZE_MAX;
	km_status st = KM_OK;
	km_sv row;

	if (rows.n == 0)
		return km_lessons_do(l, KM_LESSONS_STATUS, rows, s, err);
	while (rows.n && st == KM_OK) {
		km_sv rest = rows, part = rows;
		part.n = 0;
		while (part.n < piece && (st = km_row_next(&rest, &row, err)) == KM_OK)
			part.n += row.n;
		if (st == KM_OK || st == KM_NOTFOUND)
			st = km_lessons_do(l, KM_LESSONS_IMPORT, part, s, err);
		rows = rest;
	}
	return st;
}

/* Beside other lessons those in force are learned; where there are none, all that happened. */
static km_status import_file(km_lessons *l, km_sv rows, km_lessons_state *s, km_err *err)
{
	km_lessons_state before = { 0 };
	km_buf in_force;
	km_status st = km_lessons_do(l, KM_LESSONS_STATUS, (km_sv){ NULL, 0 }, &before, err);

	if (st != KM_OK || before.rows == 0)
		return st == KM_OK ? import_rows(l, rows, s, err) : st;
	km_buf_init(&in_force, NULL, rows.n);
	st = km_export_in_force(rows, &in_force, err);
	if (st == KM_OK)
		st = import_rows(l, km_buf_sv(&in_force), s, err);
	km_buf_finish(&in_force);
	return st;
}

int km_learn_import_run(km_cli *cli, const void *given)
{
	const km_lessons_options *o = given;
	km_lessons_state s = { 0 };
	km_file file = { 0 };
	km_err err = { 0 };
	uint64_t n;
	km_sv rows;
	int exit;

	err.st = km_file_open(&file, cli->operands[0], EXPORT_MAX, &err);
	if (err.st == KM_OK)
		err.st = km_export_read(file.bytes, cli->operands[0], &rows, &n, &err);
	if (err.st != KM_OK) {
		km_file_close(&file);
		return km_cli_fail(cli, &err);
	}
	km_lessons *l = km_lessons_open(cli, o, &exit);
	if (l) {
		err.st = import_file(l, rows, &s, &err);
		km_lessons_close(l);
	}
	km_file_close(&file);
	if (l == NULL)
		return exit;
	if (err.st != KM_OK)
		return km_cli_fail(cli, &err);
	if (!o->common.json) {
		print_state(cli, &s);
		return km_cli_flush(cli);
	}
	json_t *j = state_json(&s);
	for (int i = 0; i < KM_TAUGHT_COUNT; i++)
		(void)json_object_set_new(j, km_taught_word((km_taught_how)i),
					  json_integer((json_int_t)s.counts[i]));
	return km_json_print(cli, j);
}
