/*
 * cli/settings.h - the configuration that a command works with.
 */
#ifndef KM_CLI_SETTINGS_H
#define KM_CLI_SETTINGS_H

#include "cli/command.h"
#include "conf/conf.h"

/*
 * Path of the configuration: @given (--config), else $KOMAINU_CONFIG, else the installed one when
 * it exists; NULL when there is none and the defaults hold.
 */
const char *km_settings_path(const char *given);

/* Speaks the language that the file sets, unless --lang was given. */
void km_settings_speak(km_cli *cli, const km_conf *c);

#endif
