#include <stdarg.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/help.h"
#include "cli/style.h"
#include "cli/wrap.h"
#include "conf/schema.h"

enum { ARENA_BYTES = 64 << 20, HELP_BYTES = 1 << 20, COMMANDS_MAX = 64, NAME_BYTES = 64 };

/* Japanese when the locale for messages is (POSIX: LC_ALL, then LC_MESSAGES, then LANG). */
static int lang_of_environment(void)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < KM_COUNT(names); i++) {
		const char *v = getenv(names[i]);
		if (v != NULL && *v != '\0')
			return strncmp(v, "ja", 2) == 0 ? 0 : 1;
	}
	return 1;
}

void km_cli_error(const km_cli *cli, const char *fmt, ...)
{
	char text[1024];
	km_buf b;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	km_buf_init(&b, NULL, 8 * sizeof(text));
	km_show_safe(&b, km_sv_of(text), true);
	(void)fprintf(cli->err, "komainu%s%s: %.*s\n", cli->command ? " " : "",
		      cli->command ? cli->command->name : "", KM_FMT(km_buf_sv(&b)));
	km_buf_finish(&b);
}

int km_cli_fail(const km_cli *cli, const km_err *err)
{
	km_cli_error(cli, "%s", err->msg[0] ? err->msg : km_status_name(err->st));
	return km_status_sysexit(err->st);
}

int km_cli_flush(const km_cli *cli)
{
	if (fflush(cli->out) == 0 && !ferror(cli->out))
		return EX_OK;
	km_cli_error(cli, "%s", km_say(cli, "出力を書き込めません", "output can not be written"));
	return EX_IOERR;
}

bool km_cli_need_input(km_cli *cli)
{
	static char dash[] = "-";
	static char *const standard_input[] = { dash };

	if (cli->n_operands)
		return true;
	if (isatty(STDIN_FILENO)) {
		km_cli_error(cli, "%s", km_say(cli, "ファイルがありません", "no file was given"));
		return false;
	}
	cli->operands = standard_input;
	cli->n_operands = 1;
	return true;
}

static int print_help(const km_cli *cli, const km_command *c, km_sv group)
{
	km_buf b;

	km_buf_init(&b, NULL, HELP_BYTES);
	if (c != NULL)
		km_help_command(&b, c, cli->lang);
	else
		km_help_program(&b, group, cli->lang);
	(void)fwrite(b.p, 1, b.n, cli->out);
	km_buf_finish(&b);
	return km_cli_flush(cli);
}

static int usage(const km_cli *cli, const char *name)
{
	(void)fprintf(cli->err,
		      km_say(cli, "使い方は komainu %s--help で見られます\n",
			     "Try komainu %s--help\n"),
		      name);
	return EX_USAGE;
}

static int usage_of_command(const km_cli *cli)
{
	char name[NAME_BYTES];

	(void)snprintf(name, sizeof(name), "%s ", cli->command->name);
	return usage(cli, name);
}

/* Options and operands of the command that was found; @argv[0] is the last word of its name. */
static int run_command(km_cli *cli, int argc, char **argv)
{
	const km_command *c = cli->command;
	km_option_set set = km_command_options(c);
	km_common_options *common = km_alloc0(cli->arena, c->options->size);
	km_err err = { KM_OK };
	int first = 0;

	if (common == NULL)
		return EX_OSERR;
	km_status st =
		km_options_parse(cli->arena, &set, argc, argv, cli->lang, common, &first, &err);
	if (common->lang) {
		cli->lang = strcmp(common->lang, "ja") == 0 ? 0 : 1;
		cli->lang_given = true;
	}
	if (common->help)
		return print_help(cli, c, (km_sv){ 0 });
	if (st != KM_OK) {
		(void)km_cli_fail(cli, &err);
		return usage_of_command(cli);
	}
	cli->operands = argv + first;
	cli->n_operands = (size_t)(argc - first);
	if (cli->n_operands < c->min_operands || cli->n_operands > c->max_operands) {
		km_cli_error(cli, "%s",
			     cli->n_operands < c->min_operands
				     ? km_say(cli, "引数が足りません", "an argument is missing")
				     : km_say(cli, "引数が多すぎます", "too many arguments"));
		return usage_of_command(cli);
	}
	return c->run(cli, common);
}

static const char *name_at(size_t i, const void *names)
{
	return ((const char *const *)names)[i];
}

static int unknown_command(const km_cli *cli, const char *word)
{
	const char *names[COMMANDS_MAX];
	const km_command *c;
	size_t n = 0;

	for (size_t i = 0; (c = km_command_at(i)) != NULL && n < COMMANDS_MAX; i++) {
		km_sv group = km_command_group(c);
		if (group.n != strlen(c->name) && strchr(word, ' ') == NULL)
			names[n++] = km_sv_cstr(cli->arena, group);
		else
			names[n++] = c->name;
	}
	const char *near = km_nearest(km_sv_of(word), name_at, n, names);
	if (near)
		km_cli_error(cli,
			     km_say(cli, "%s というコマンドはありません。%s のことですか?",
				    "there is no command %s; did you mean %s?"),
			     word, near);
	else
		km_cli_error(cli,
			     km_say(cli, "%s というコマンドはありません", "there is no command %s"),
			     word);
	return usage(cli, "");
}

static bool is_group(const char *word)
{
	const km_command *c;

	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++)
		if (km_sv_eq(km_command_group(c), km_sv_of(word)))
			return true;
	return false;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "config check": the name is two words. */
static int dispatch_group(km_cli *cli, int argc, char **argv)
{
	char name[NAME_BYTES];

	if (argc < 3) {
		(void)snprintf(name, sizeof(name), "%s ", argv[1]);
		km_cli_error(cli,
			     km_say(cli, "%s の後にコマンドが必要です",
				    "%s needs a command after it"),
			     argv[1]);
		return usage(cli, name);
	}
	if (is_help(argv[2]))
		return print_help(cli, NULL, km_sv_of(argv[1]));
	(void)snprintf(name, sizeof(name), "%s %s", argv[1], argv[2]);
	cli->command = km_command_find(name);
	return cli->command ? run_command(cli, argc - 2, argv + 2) : unknown_command(cli, name);
}

/* "help", "help scan", "help config check" */
static int help_about(km_cli *cli, int n, char **words)
{
	km_sv name = n < 1   ? KM_S("")
		     : n < 2 ? km_sv_of(words[0])
			     : km_sv_fmt(cli->arena, "%s %s", words[0], words[1]);
	const char *text = km_sv_cstr(cli->arena, name);

	if (text == NULL)
		return EX_OSERR;
	const km_command *c = km_command_find(text);
	if (c != NULL || name.n == 0 || is_group(text))
		return print_help(cli, c, name);
	return unknown_command(cli, text);
}

static int dispatch(km_cli *cli, int argc, char **argv)
{
	if (argc < 2) {
		km_cli_error(cli, "%s", km_say(cli, "コマンドがありません", "no command given"));
		return usage(cli, "");
	}
	if (is_help(argv[1]))
		return print_help(cli, NULL, (km_sv){ 0 });
	if (strcmp(argv[1], "help") == 0)
		return help_about(cli, argc - 2, argv + 2);
	const char *word = strcmp(argv[1], "--version") == 0 ? "version" : argv[1];
	cli->command = km_command_find(word);
	if (cli->command)
		return run_command(cli, argc - 1, argv + 1);
	return is_group(word) ? dispatch_group(cli, argc, argv) : unknown_command(cli, word);
}

int km_cli_main(int argc, char **argv, FILE *out, FILE *err)
{
	km_cli cli = { .lang = lang_of_environment(),
		       .colour = km_style_wanted(fileno(out)),
		       .arena = km_arena_new(ARENA_BYTES),
		       .out = out,
		       .err = err };

	if (cli.arena == NULL)
		return EX_OSERR;
	int code = dispatch(&cli, argc, argv);
	if (fflush(out) != 0 && code == EX_OK)
		code = EX_IOERR;
	km_arena_free(cli.arena);
	return code;
}
