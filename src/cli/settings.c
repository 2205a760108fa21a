#include "cli/settings.h"

#include <stdlib.h>
#include <unistd.h>

const char *km_settings_path(const char *given)
{
	const char *path = given ? given : getenv("KOMAINU_CONFIG");

	if (path != NULL && *path != '\0')
		return path;
	return access(KM_CONF_FILE, F_OK) == 0 ? KM_CONF_FILE : NULL;
}

km_status km_settings_load(km_cli *cli, const char *given, km_conf **out, km_err *err)
{
	km_status st = km_conf_load(km_settings_path(given), out, err);

	if (st == KM_OK && !cli->lang_given && km_conf_line(*out, KM_KEY_LANGUAGE))
		cli->lang = strcmp(km_conf_str(*out, KM_KEY_LANGUAGE), "ja") == 0 ? 0 : 1;
	return st;
}
