/*
 * cli/command.h - the table of sub-commands. Dispatch, --help, the manual pages and the completion
 * are made from it; a new sub-command is a new row and a file cmd_<name>.c.
 */
#ifndef KM_CLI_COMMAND_H
#define KM_CLI_COMMAND_H

#include <stdio.h>

#include "cli/options.h"

/* What a command is given: how to speak, and where. */
typedef struct {
	const struct km_command *command;
	int lang; /* km_lang: of --lang, or of LC_ALL, LC_MESSAGES, LANG */
	bool lang_given;
	bool colour; /* on standard output */
	km_arena *arena;
	FILE *out, *err;
	char *const *operands;
	size_t n_operands;
} km_cli;

/* Every command's struct of options begins with these. */
typedef struct {
	bool help;
	bool json;
	const char *lang;
} km_common_options;

/* What the operands are, for the completion. */
typedef enum { KM_WORDS_NONE, KM_WORDS_FILES, KM_WORDS_KEYS } km_words;

typedef struct {
	const char *line; /* as typed, after "komainu " */
	const char *what[2];
} km_example;

enum { KM_EXAMPLES_MAX = 6 };

typedef struct km_command {
	const char *name;     /* "scan", "config check" */
	const char *operands; /* "[FILE|FOLDER]..." */
	km_words words;
	size_t min_operands, max_operands;
	const km_option_table *options;
	int (*run)(km_cli *cli, const void *options);
	const char *summary[2]; /* half a line */
	const char *about[2];	/* paragraphs, divided by \n */
	km_example examples[KM_EXAMPLES_MAX];
} km_command;

/* The rows, in the order in which they are shown; NULL past the last. */
const km_command *km_command_at(size_t i);
const km_command *km_command_find(const char *name);
/* First word of a command's name: commands that share it share a manual page. */
km_sv km_command_group(const km_command *c);
/* What a group of several commands does, in @lang. */
const char *km_command_group_summary(const km_command *c, int lang);
/* The options of @c with those that all commands have. */
km_option_set km_command_options(const km_command *c);

/* Runs the program; returns its exit status. */
int km_cli_main(int argc, char **argv, FILE *out, FILE *err);

/* One of two texts by cli->lang. */
static inline const char *km_say(const km_cli *cli, const char *ja, const char *en)
{
	return cli->lang == 0 ? ja : en;
}

/* "komainu scan: …" on cli->err; bytes that could harm a terminal are escaped. */
void km_cli_error(const km_cli *cli, const char *fmt, ...) KM_PRINTF(2, 3);
/* Same with @err's message; returns the sysexits code for @err. */
int km_cli_fail(const km_cli *cli, const km_err *err);
/*
 * Without operands standard input ("-") becomes the one operand; false, with a message, when that
 * is a terminal, where somebody would have to type a message.
 */
bool km_cli_need_input(km_cli *cli);
/* Flushes cli->out: EX_OK, or EX_IOERR when something could not be written. */
int km_cli_flush(const km_cli *cli);

#endif
