#include <jansson.h>
#include <sysexits.h>
#include <unicode/uversion.h>
#include <yaml.h>

#include "cli/tables.h"

const km_option_table km_version_options = { .size = sizeof(km_common_options) };

typedef struct {
	const char *name;
	char version[32];
} library;

static void icu_version(char *out)
{
	UVersionInfo v;

	u_getVersion(v);
	u_versionToString(v, out);
}

int km_version_run(km_cli *cli, const void *options)
{
	const km_common_options *o = options;
	library libraries[] = { { .name = "icu" }, { .name = "jansson" }, { .name = "libyaml" } };

	icu_version(libraries[0].version);
	(void)snprintf(libraries[1].version, sizeof(libraries[1].version), "%s",
		       jansson_version_str());
	(void)snprintf(libraries[2].version, sizeof(libraries[2].version), "%s",
		       yaml_get_version_string());
	if (o->json)
		(void)fprintf(cli->out, "{\"version\": \"%s\"", KM_VERSION);
	else
		(void)fprintf(cli->out, "komainu %s\n", KM_VERSION);
	for (size_t i = 0; i < KM_COUNT(libraries); i++)
		(void)fprintf(cli->out, o->json ? ", \"%s\": \"%s\"" : "%s %s\n", libraries[i].name,
			      libraries[i].version);
	if (o->json)
		(void)fputs("}\n", cli->out);
	return km_cli_flush(cli);
}
