/*
 * cli/help.h - what --help prints.
 */
#ifndef KM_CLI_HELP_H
#define KM_CLI_HELP_H

#include "cli/command.h"

/* The program's, with all commands; @group: only those whose name begins with this word. */
void km_help_program(km_buf *b, km_sv group, int lang);
void km_help_command(km_buf *b, const km_command *c, int lang);

#endif
