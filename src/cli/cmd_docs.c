#include <sysexits.h>

#include "cli/docs.h"
#include "cli/jsonout.h"
#include "cli/tables.h"

enum { PAGE_BYTES = 1 << 20 };

const km_option_table km_docs_man_options = { .size = sizeof(km_common_options) };
const km_option_table km_docs_completion_options = { .size = sizeof(km_common_options) };

static int print(const km_cli *cli, const km_buf *text, bool as_json)
{
	if (!as_json) {
		(void)fwrite(text->p, 1, text->n, cli->out);
		return km_cli_flush(cli);
	}
	return km_json_print(cli, json_pack("{s:o}", "text", km_json_text(km_buf_sv(text))));
}

int km_docs_man_run(km_cli *cli, const void *options)
{
	const km_common_options *o = options;
	int code = EX_USAGE;
	km_buf b;

	km_buf_init(&b, NULL, PAGE_BYTES);
	if (km_docs_man(&b, km_sv_of(cli->operands[0]), cli->lang) == KM_OK)
		code = print(cli, &b, o->json);
	else
		km_cli_error(cli,
			     km_say(cli, "%s というマニュアルはありません",
				    "there is no manual page %s"),
			     cli->operands[0]);
	km_buf_finish(&b);
	return code;
}

int km_docs_completion_run(km_cli *cli, const void *options)
{
	const km_common_options *o = options;
	km_buf b;

	km_buf_init(&b, NULL, PAGE_BYTES);
	km_docs_bash(&b);
	int code = print(cli, &b, o->json);
	km_buf_finish(&b);
	return code;
}
