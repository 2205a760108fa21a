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

/* Reads it. Its `language`, when set there, becomes the command's unless --lang was given. */
KM_NODISCARD km_status km_settings_load(km_cli *cli, const char *given, km_conf **out, km_err *err);

#endif
