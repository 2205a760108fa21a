#include <unicode/uversion.h>
#include <yaml.h>

#include "cli/jsonout.h"
#include "cli/tables.h"
#include "policy/policy.h"

const km_option_table km_version_options = { .size = sizeof(km_common_options) };

typedef struct {
	const char *name;
	char version[64];
} part;

static void icu_version(char *out)
{
	UVersionInfo v;

	u_getVersion(v);
	u_versionToString(v, out);
}

/* The version of the pack inside, so that a verdict can be traced to its points. */
static void policy_version(char *out, size_t size)
{
	km_pack *pack;

	*out = '\0';
	if (km_pack_load(NULL, &pack, NULL) != KM_OK)
		return;
	(void)snprintf(out, size, "%s", km_pack_version(pack));
	km_pack_free(pack);
}

int km_version_run(km_cli *cli, const void *options)
{
	const km_common_options *o = options;
	part parts[] = { { .name = "policy" },
			 { .name = "icu" },
			 { .name = "jansson" },
			 { .name = "libyaml" } };

	policy_version(parts[0].version, sizeof(parts[0].version));
	icu_version(parts[1].version);
	(void)snprintf(parts[2].version, sizeof(parts[2].version), "%s", jansson_version_str());
	(void)snprintf(parts[3].version, sizeof(parts[3].version), "%s", yaml_get_version_string());
	if (o->json) {
		json_t *j = json_pack("{s:s}", "version", KM_VERSION);
		for (size_t i = 0; i < KM_COUNT(parts); i++)
			(void)json_object_set_new(j, parts[i].name, km_json_cstr(parts[i].version));
		return km_json_print(cli, j);
	}
	(void)fprintf(cli->out, "komainu %s\n", KM_VERSION);
	for (size_t i = 0; i < KM_COUNT(parts); i++)
		(void)fprintf(cli->out, "%s %s\n", parts[i].name, parts[i].version);
	return km_cli_flush(cli);
}
