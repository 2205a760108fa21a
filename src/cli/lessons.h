/*
 * cli/lessons.h - where lessons go: to the daemon over HTTP while it runs, else straight into the
 * store in state.dir, under its lock and as the owner of that folder.
 */
#ifndef KM_CLI_LESSONS_H
#define KM_CLI_LESSONS_H

#include "cli/command.h"
#include "conf/conf.h"
#include "learn/trainer.h"

/* What all `komainu learn` commands begin with. */
typedef struct {
	km_common_options common;
	const char *config, *state_dir;
} km_lessons_options;

/* Rows for the table of a struct that begins with them. */
#define KM_LESSONS_ROWS                                                                            \
	{ .letter = 'c',                                                                           \
	  .name = "config",                                                                        \
	  .type = KM_OPT_FILE,                                                                     \
	  .at = offsetof(km_lessons_options, config),                                              \
	  .arg = "FILE",                                                                           \
	  .help = { "設定ファイル", "configuration file" } },                                      \
	{                                                                                          \
		.name = "state-dir", .type = KM_OPT_FILE,                                          \
		.at = offsetof(km_lessons_options, state_dir), .arg = "FOLDER", .help = {          \
			"デーモンを介さず、この state.dir に直接学習する",                         \
			"not by way of the daemon: straight into this state.dir"                   \
		}                                                                                  \
	}

typedef struct {
	km_row_kind kind;
	const char *user;
	km_opt_list rcpts;
} km_lessons_label;

typedef struct km_lessons km_lessons;

/* Reads the configuration, and speaks its language. *exit is the sysexits code when it is NULL. */
km_lessons *km_lessons_open(km_cli *cli, const km_lessons_options *o, int *exit);
void km_lessons_close(km_lessons *l);
const km_conf *km_lessons_conf(const km_lessons *l);
/* state.dir, or --state-dir. */
const char *km_lessons_dir(const km_lessons *l);
/* Whether the daemon does the work. */
bool km_lessons_by_daemon(const km_lessons *l);

enum { KM_LESSONS_AT_ONCE = 64 };

typedef struct {
	km_sv message; /* may begin with the "From " line of an mbox */
	km_taught_how how;
	km_err err; /* st is not KM_OK: it was not learned; set before: it is passed over */
} km_lesson_given;

/* Teaches @n messages, at most KM_LESSONS_AT_ONCE: they are durable and in force on return. */
void km_lessons_teach(km_lessons *l, const km_lessons_label *label, km_lesson_given *given,
		      size_t n);

/* X(id, path below /learn/) */
#define KM_LESSONS_COMMANDS(X)                                                                     \
	X(STATUS, "status")                                                                        \
	X(SNAPSHOT, "snapshot")                                                                    \
	X(ROLLBACK, "rollback")                                                                    \
	X(REPLAY, "replay")                                                                        \
	X(COMPACT, "compact")                                                                      \
	X(IMPORT, "import")

typedef enum {
#define X(id, path) KM_LESSONS_##id,
	KM_LESSONS_COMMANDS(X)
#undef X
} km_lessons_command;

/* What is in force after a command, and for an import what became of its rows. */
typedef struct {
	uint64_t spam, ham, rows, left_out;
	uint64_t journal;	      /* rows that are kept */
	uint64_t layers, layers_most; /* of domains and users */
	char model[20];		      /* its digest */
	uint64_t counts[KM_TAUGHT_COUNT];
} km_lessons_state;

/* @body: a name, or rows; adds to out->counts. */
KM_NODISCARD km_status km_lessons_do(km_lessons *l, km_lessons_command what, km_sv body,
				     km_lessons_state *out, km_err *err);

#endif
