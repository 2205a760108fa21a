#include <sysexits.h>

#include "cli/drive.h"
#include "cli/jsonout.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/tables.h"
#include "engine/kit.h"

typedef struct {
	km_common_options common;
	const char *policy;
} check_options;

static const km_option check_table[] = {
	{ .name = "policy",
	  .type = KM_OPT_FILE,
	  .at = offsetof(check_options, policy),
	  .arg = "FILE",
	  .help = { "判定方針のファイルも検査する", "check this policy pack too" } },
};

const km_option_table km_config_check_options = { check_table, KM_COUNT(check_table),
						  sizeof(check_options) };

typedef enum { CONFIGURATION, POLICY, SNAPSHOT } kind;

static const struct {
	const char *id;
	const char *name[2];
} kinds[] = {
	[CONFIGURATION] = { "configuration", { "設定", "configuration" } },
	[POLICY] = { "policy", { "判定方針", "policy pack" } },
	[SNAPSHOT] = { "snapshot", { "DNS スナップショット", "DNS snapshot" } },
};

static km_status check_policy(const char *path, km_err *err)
{
	km_pack *pack;
	km_status st = km_pack_load(path, &pack, err);

	if (st == KM_OK)
		km_pack_free(pack);
	return st;
}

static km_status check_snapshot(const char *path, km_err *err)
{
	km_dns_snapshot *snapshot;
	km_status st = km_drive_snapshot(path, &snapshot, err);

	if (st == KM_OK)
		km_dns_snapshot_free(snapshot);
	return st;
}

/* One line about one file; returns the exit status that it asks for. */
static int report(const km_cli *cli, bool as_json, kind k, const char *path, const km_err *err)
{
	bool ok = err->st == KM_OK;

	if (as_json) {
		json_t *j = json_pack("{s:s, s:o, s:b}", "kind", kinds[k].id, "file",
				      km_json_cstr(path), "ok", ok);
		if (!ok)
			(void)json_object_set_new(j, "error", km_json_cstr(err->msg));
		(void)km_json_print(cli, j);
	} else if (ok) {
		(void)fprintf(cli->out, "%s%s%s  %s: %s\n",
			      km_style_code(cli->colour, KM_STYLE_GOOD), km_say(cli, "正常", "ok"),
			      km_style_code(cli->colour, KM_STYLE_PLAIN), kinds[k].name[cli->lang],
			      path ? path : km_say(cli, "組み込みの初期値", "built-in defaults"));
	} else {
		km_cli_error(cli, "%s", err->msg);
	}
	return km_status_sysexit(err->st);
}

typedef km_status checker(const char *path, km_err *err);

static int check_one(const km_cli *cli, bool as_json, kind k, const char *path, checker *check)
{
	km_err err = { KM_OK };

	if (path == NULL || *path == '\0')
		return EX_OK;
	/* The report shows the status by its message. */
	err.st = check(path, &err);
	return report(cli, as_json, k, path, &err);
}

/* What can only be found wrong when it is opened. */
static km_status check_kit(const km_conf *c, km_err *err)
{
	km_pack *pack;
	km_kit kit;
	km_status st = km_pack_load(NULL, &pack, err);

	if (st != KM_OK)
		return st;
	st = km_kit_open(&kit, c, pack, err);
	if (st == KM_OK)
		km_kit_close(&kit);
	km_pack_free(pack);
	return st;
}

/* Checks what the configuration names as well: it could not be started with otherwise. */
int km_config_check_run(km_cli *cli, const void *options)
{
	const check_options *o = options;
	const char *given = cli->n_operands ? cli->operands[0] : NULL;
	bool json = o->common.json;
	km_err err = { KM_OK };
	km_conf *c = NULL;
	int codes[3] = { EX_OK };

	const char *policy = o->policy, *snapshot = NULL;
	if (km_conf_load(km_settings_path(given), &c, &err) == KM_OK) {
		snapshot = km_conf_str(c, KM_KEY_DNS_SNAPSHOT);
		policy = policy ? policy : km_conf_str(c, KM_KEY_POLICY_PACK);
		err.st = check_kit(c, &err);
	}
	codes[0] = report(cli, json, CONFIGURATION, km_settings_path(given), &err);
	codes[1] = check_one(cli, json, POLICY, policy, check_policy);
	codes[2] = check_one(cli, json, SNAPSHOT, snapshot, check_snapshot);
	km_conf_free(c);
	for (size_t i = 0; i < KM_COUNT(codes); i++)
		if (codes[i] != EX_OK)
			return codes[i];
	return km_cli_flush(cli);
}
