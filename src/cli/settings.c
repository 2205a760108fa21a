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

void km_settings_speak(km_cli *cli, const km_conf *c)
{
	if (!cli->lang_given && km_conf_line(c, KM_KEY_LANGUAGE))
		cli->lang = strcmp(km_conf_str(c, KM_KEY_LANGUAGE), "ja") == 0 ? 0 : 1;
}
