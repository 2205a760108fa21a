#include "cli/settings.h"
#include "cli/tables.h"
#include "daemon/serve.h"

typedef struct {
	km_common_options common;
	const char *config;
	const char *state_dir;
} serve_options;

static const km_option options[] = {
	{ .letter = 'c',
	  .name = "config",
	  .type = KM_OPT_FILE,
	  .at = offsetof(serve_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル。省略時は組み込みの既定値",
		    "configuration file (default: the built-in defaults)" } },
	{ .name = "state-dir",
	  .type = KM_OPT_FILE,
	  .at = offsetof(serve_options, state_dir),
	  .arg = "DIR",
	  .help = { "記録を置くフォルダー。state.dir より優先する",
		    "folder of the records, in place of state.dir" } },
};
const km_option_table km_serve_options_table = { options, KM_COUNT(options),
						 sizeof(serve_options) };

/* Standard output tells where to connect; what happens later goes to the log. */
static void on_ready(void *ctx, const char *const address[KM_LISTENERS])
{
	km_cli *cli = ctx;

	for (int i = 0; i < KM_LISTENERS; i++)
		(void)fprintf(cli->out, "%s %s\n", km_listener_names[i], address[i]);
	(void)fflush(cli->out);
}

int km_serve_run(km_cli *cli, const void *given)
{
	const serve_options *o = given;
	const km_serve_options serve = { .config = km_settings_path(o->config),
					 .state_dir = o->state_dir,
					 .ready = on_ready,
					 .ctx = cli };
	km_err err = { 0 };

	if (km_serve(&serve, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	return km_cli_flush(cli);
}
