/* `komainu list`: lists of known-bad pages, hosts, senders and files. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/jsonout.h"
#include "cli/list_read.h"
#include "cli/settings.h"
#include "cli/tables.h"
#include "conf/conf.h"

static const size_t max_source = (size_t)2 << 30;

typedef struct {
	km_common_options common;
	const char *config, *state_dir, *format, *kind;
} list_options;

/* clang-format off */
#define WHERE_ROWS                                                                                 \
	{ .letter = 'c', .name = "config", .type = KM_OPT_FILE,                                    \
	  .at = offsetof(list_options, config), .arg = "FILE",                                     \
	  .help = { "設定ファイル (state.dir を知るため)", "configuration file, for its state.dir" } }, \
	{ .name = "state-dir", .type = KM_OPT_FILE, .at = offsetof(list_options, state_dir),       \
	  .arg = "DIR", .help = { "リストを置くフォルダー lists の親", "parent of the folder lists" } }
#define FORM_ROWS                                                                                  \
	{ .name = "format", .type = KM_OPT_CHOICE, .at = offsetof(list_options, format),           \
	  .arg = "FORMAT", .choices = "auto|plain|jpcert|openphish|phishtank",                     \
	  .help = { "もとのファイルの形式 (省略時は内容から判断)",                                  \
		    "form of the files (default: seen from what they hold)" } },                   \
	{ .name = "kind", .type = KM_OPT_CHOICE, .at = offsetof(list_options, kind),               \
	  .arg = "KIND", .choices = "url|host|address|hash",                                       \
	  .help = { "1 行に 1 つ書かれたものの種類 (省略時 url)",                                   \
		    "what the lines of a plain list are (default url)" } }
/* clang-format on */

static const km_option import_table[] = { WHERE_ROWS, FORM_ROWS };
static const km_option show_table[] = { WHERE_ROWS };
static const km_option check_table[] = { FORM_ROWS };
const km_option_table km_list_import_options = { import_table, KM_COUNT(import_table),
						 sizeof(list_options) };
const km_option_table km_list_show_options = { show_table, KM_COUNT(show_table),
					       sizeof(list_options) };
const km_option_table km_list_check_options = { check_table, KM_COUNT(check_table),
						sizeof(list_options) };

/* Place of @word in the choices of an option, 0 when it was not given. */
static size_t choice(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; word && i < n; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

/* All rows of @files into a maker; NULL with the exit status in *status. */
static km_list_maker *read_files(km_cli *cli, const list_options *o, char *const *files, size_t n,
				 int *status)
{
	static const char *const formats[] = { "auto", "plain", "openphish", "jpcert",
					       "phishtank" };
	static const char *const kinds[] = { "url", "host", "address", "hash" };
	static const km_bad_kind kind_of[] = { KM_BAD_URL, KM_BAD_HOST, KM_BAD_ADDRESS,
					       KM_BAD_HASH };
	km_list_maker *m = km_list_maker_new();
	km_err err = { .st = KM_OK };
	km_status st = m ? KM_OK : KM_FAIL(&err, KM_NOMEM, "no memory");

	for (size_t i = 0; i < n && st == KM_OK; i++) {
		km_file f = { .map = NULL };
		st = km_file_open(&f, files[i], max_source, &err);
		if (st == KM_OK)
			st = km_list_read(
				m, (km_list_format)choice(o->format, formats, KM_COUNT(formats)),
				kind_of[choice(o->kind, kinds, KM_COUNT(kinds))], f.bytes, files[i],
				&err);
		km_file_close(&f);
	}
	if (st == KM_OK)
		return m;
	km_list_maker_free(m);
	*status = km_cli_fail(cli, &err);
	return NULL;
}

/* state.dir/lists; NULL with the exit status in *status. */
static const char *folder(km_cli *cli, const list_options *o, int *status)
{
	const char *path = km_settings_path(o->config), *state = o->state_dir;
	km_conf *conf = NULL;
	km_err err = { .st = KM_OK };

	if (state == NULL) {
		if (km_conf_load(path, &conf, &err) != KM_OK) {
			*status = km_cli_fail(cli, &err);
			return NULL;
		}
		km_settings_speak(cli, conf);
		state = km_conf_str(conf, KM_KEY_STATE_DIR);
	}
	km_sv dir = km_sv_fmt(cli->arena, "%s/lists", state);
	km_conf_free(conf);
	*status = EX_OK;
	return km_sv_cstr(cli->arena, dir);
}

static bool is_name(km_sv v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!km_is_alnum((unsigned char)v.p[i]) && v.p[i] != '-' && v.p[i] != '_')
			return false;
	return v.n > 0 && v.n <= 60;
}

static void print_info(km_cli *cli, const list_options *o, const char *name,
		       const km_badlist_info *info)
{
	char when[32];

	km_time_format(info->imported, when);
	if (o->common.json) {
		json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:s}", "name", name, "rows",
				      (json_int_t)info->rows, "shared", (json_int_t)info->shared,
				      "entries", (json_int_t)info->entries, "imported", when);
		(void)km_json_print(cli, j);
		return;
	}
	(void)fprintf(
		cli->out,
		km_say(cli,
		       "%s: %llu 行 (共有の場所のため除いたもの %llu)、項目 %llu、取り込み %s\n",
		       "%s: %llu rows (%llu left out: shared places), %llu entries, imported "
		       "%s\n"),
		name, (unsigned long long)info->rows, (unsigned long long)info->shared,
		(unsigned long long)info->entries, when);
}

int km_list_import_run(km_cli *cli, const void *options)
{
	const list_options *o = options;
	const char *name = cli->operands[0];
	int status;

	if (!is_name(km_sv_of(name))) {
		km_cli_error(cli,
			     km_say(cli, "%s: リストの名前には英数字と - _ だけが使えます",
				    "%s: a list's name has only letters, digits, - and _"),
			     name);
		return EX_USAGE;
	}
	const char *dir = folder(cli, o, &status);
	if (dir == NULL)
		return status;
	km_list_maker *m = read_files(cli, o, cli->operands + 1, cli->n_operands - 1, &status);
	if (m == NULL)
		return status;
	km_err err = { .st = KM_OK };
	km_badlist_info info;
	km_sv path = km_sv_fmt(cli->arena, "%s/%s.bad", dir, name);
	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		(void)KM_FAIL(&err, KM_IO, "%s: %s", dir, strerror(errno));
	else if (km_list_maker_write(m, km_sv_cstr(cli->arena, path), km_clock_now(), &info,
				     &err) == KM_OK)
		print_info(cli, o, name, &info);
	km_list_maker_free(m);
	return err.st == KM_OK ? km_cli_flush(cli) : km_cli_fail(cli, &err);
}

int km_list_check_run(km_cli *cli, const void *options)
{
	int status = EX_OK;
	km_list_maker *m = read_files(cli, options, cli->operands, cli->n_operands, &status);

	if (m == NULL)
		return status;
	km_list_maker_free(m);
	(void)fputs(km_say(cli, "誤りはありません\n", "no errors\n"), cli->out);
	return km_cli_flush(cli);
}

typedef struct {
	km_cli *cli;
	const char *value;
	bool json, found;
} shower;

static void show_hit(void *ctx, const char *list, km_bad_kind kind, const km_bad_entry *e)
{
	static const struct {
		km_bad_kind kind;
		const char *name, *ja, *en;
	} kinds[] = {
		{ KM_BAD_URL, "url", "このページ", "this page" },
		{ KM_BAD_HOST, "host", "このホスト", "this host" },
		{ KM_BAD_SITE, "site", "このホストのほかのページ", "another page of this host" },
		{ KM_BAD_DOMAIN, "domain", "このドメインの複数のホスト",
		  "several hosts of this domain" },
		{ KM_BAD_ADDRESS, "address", "このアドレス", "this address" },
		{ KM_BAD_HASH, "hash", "このファイル", "this file" },
	};
	shower *s = ctx;
	char date[32] = "-";
	size_t i = 0;

	while (kinds[i].kind != kind)
		i++;
	s->found = true;
	if (e->day)
		km_time_format((km_time)e->day * 86400, date)[10] = '\0';
	if (s->json) {
		json_t *j = json_pack("{s:o, s:s, s:s, s:s, s:o}", "value",
				      km_json_text(km_sv_of(s->value)), "list", list, "kind",
				      kinds[i].name, "date", date, "note", km_json_text(e->note));
		(void)km_json_print(s->cli, j);
		return;
	}
	(void)fprintf(s->cli->out, "%s: %s: %s  %s  %.*s\n", s->value, list,
		      km_say(s->cli, kinds[i].ja, kinds[i].en), date, KM_FMT(e->note));
}

int km_list_show_run(km_cli *cli, const void *options)
{
	const list_options *o = options;
	km_err err = { .st = KM_OK };
	km_lists *lists;
	int status;
	const char *dir = folder(cli, o, &status);

	if (dir == NULL)
		return status;
	if (km_lists_open(dir, &lists, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	if (cli->n_operands == 0 && km_lists_count(lists) == 0 && !o->common.json)
		(void)fprintf(cli->out,
			      km_say(cli, "%s にリストはありません\n", "no lists in %s\n"), dir);
	for (size_t i = 0; cli->n_operands == 0 && i < km_lists_count(lists); i++)
		print_info(cli, o, km_lists_name(lists, i),
			   km_badlist_about(km_lists_at(lists, i)));
	for (size_t i = 0; i < cli->n_operands; i++) {
		shower s = { cli, cli->operands[i], o->common.json, false };
		km_lists_look_up(lists, cli->arena, km_sv_of(s.value), show_hit, &s);
		if (!s.found && !s.json)
			(void)fprintf(cli->out,
				      km_say(cli, "%s: どのリストにもありません\n",
					     "%s: on no list\n"),
				      s.value);
	}
	km_lists_close(lists);
	return km_cli_flush(cli);
}
