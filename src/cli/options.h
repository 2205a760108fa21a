/*
 * cli/options.h - options of a sub-command as a table: the parser, --help, the manual pages and
 * the completion are all made from it. Syntax is getopt_long(3)'s.
 */
#ifndef KM_CLI_OPTIONS_H
#define KM_CLI_OPTIONS_H

#include "base/buf.h"
#include "base/err.h"

typedef enum {
	KM_OPT_FLAG,   /* bool */
	KM_OPT_NUMBER, /* km_opt_number in min..max */
	KM_OPT_TEXT,   /* const char *; NULL when not given */
	KM_OPT_FILE,   /* same, completed as a file name */
	KM_OPT_CHOICE, /* same, one of the words in `choices` */
	KM_OPT_LIST    /* km_opt_list: one value for every time it was given */
} km_opt_type;

typedef struct {
	const char **v;
	size_t n;
} km_opt_list;

typedef struct {
	bool given;
	uint64_t v;
} km_opt_number;

/* Texts in two languages are indexed by km_lang: Japanese, English. */
typedef struct {
	const char *name;
	char letter; /* 0: only the long form */
	km_opt_type type;
	size_t at;	     /* offset of the field in the command's struct of options */
	const char *arg;     /* what stands for the argument in help: "FILE" */
	const char *choices; /* CHOICE: words separated by | */
	uint64_t min, max;   /* NUMBER */
	const char *help[2];
} km_option;

/* The command's own table, and the one that all commands have. */
typedef struct {
	const km_option *v;
	size_t n;
	size_t size; /* of the struct that they fill */
} km_option_table;

typedef struct {
	km_option_table own, common;
} km_option_set;

enum { KM_OPTIONS_MAX = 64 };

/* Calls for each option of both tables: for (i = 0; (o = km_option_at(set, i)); i++). */
const km_option *km_option_at(const km_option_set *set, size_t i);

/*
 * Reads @argv (argv[0] is passed over) into the struct at @out, which the caller has zeroed or
 * filled with defaults. Operands are moved to the end; *first is the index of the first.
 * KM_SYNTAX with a sentence in @lang that suggests the nearest option; texts point into argv.
 */
KM_NODISCARD km_status km_options_parse(km_arena *a, const km_option_set *set, int argc,
					char **argv, int lang, void *out, int *first, km_err *err);

/* One or more lines of help for each option, to be shown in a terminal of 80 columns. */
void km_options_help(km_buf *b, const km_option_set *set, int lang);

/* Next word of "ja|en"; false when there is none left. */
static inline bool km_choice_next(km_sv *rest, km_sv *word)
{
	return km_sv_split(rest, '|', word);
}

#endif
