/*
 * cli/tables.h - what each cmd_*.c gives to the table of sub-commands: its options with the size
 * of the struct that they fill, and the function.
 */
#ifndef KM_CLI_TABLES_H
#define KM_CLI_TABLES_H

#include "cli/command.h"

#define KM_COMMANDS_GIVEN(X) X(version) X(docs_man) X(docs_completion)

#define X(name)                                                                                    \
	extern const km_option_table km_##name##_options;                                          \
	int km_##name##_run(km_cli *cli, const void *options);
KM_COMMANDS_GIVEN(X)
#undef X

#endif
