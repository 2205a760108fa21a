#include <sysexits.h>

#include "cli/jsonout.h"
#include "cli/settings.h"
#include "cli/style.h"
#include "cli/tables.h"
#include "cli/wrap.h"
#include "conf/schema.h"

enum { VALUE_BYTES = 1 << 20, COLUMN = 4, WIDTH = 80 };

typedef struct {
	km_common_options common;
	const char *config;
} show_options;

typedef struct {
	km_common_options common;
	bool all;
} explain_options;

static const km_option show_table[] = {
	{ .name = "config",
	  .type = KM_OPT_FILE,
	  .at = offsetof(show_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル (省略時は KOMAINU_CONFIG、なければ " KM_CONF_FILE ")",
		    "configuration file (default: KOMAINU_CONFIG, else " KM_CONF_FILE ")" } },
};

static const km_option explain_table[] = {
	{ .name = "all",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(explain_options, all),
	  .help = { "すべてのキーを説明する", "explain all keys" } },
};

const km_option_table km_config_show_options = { show_table, KM_COUNT(show_table),
						 sizeof(show_options) };
const km_option_table km_config_explain_options = { explain_table, KM_COUNT(explain_table),
						    sizeof(explain_options) };

static const char *key_at(size_t i, const void *ctx)
{
	(void)ctx;
	return km_conf_describe((km_conf_key)i)->name;
}

/* The key called @name; says which was probably meant when there is none. */
static bool find_key(const km_cli *cli, const char *name, km_conf_key *key)
{
	*key = km_conf_by_name(km_sv_of(name));
	if (*key != KM_KEY_COUNT)
		return true;
	const char *near = km_nearest(km_sv_of(name), key_at, KM_KEY_COUNT, NULL);
	km_cli_error(cli,
		     near ? km_say(cli, "%s というキーはありません。%s のことですか?",
				   "there is no key %s; did you mean %s?")
			  : km_say(cli, "%s というキーはありません", "there is no key %s"),
		     name, near);
	return false;
}

/* The keys that were asked for: the one that is named, or all. */
static bool chosen_keys(const km_cli *cli, km_conf_key *first, km_conf_key *end)
{
	*first = 0;
	*end = KM_KEY_COUNT;
	if (cli->n_operands == 0)
		return true;
	if (!find_key(cli, cli->operands[0], first))
		return false;
	*end = *first + 1;
	return true;
}

/* A plain scalar where YAML reads it back as the same text, else in double quotes. */
static void add_scalar(km_buf *b, const char *text, bool in_list)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-";
	size_t n = strlen(text);

	if (n && strspn(text, plain) == n && !in_list && text[0] != '-' && text[n - 1] != ':') {
		km_buf_add(b, km_sv_of(text));
		return;
	}
	km_buf_byte(b, '"');
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f) {
			km_buf_fmt(b, "\\x%02x", (unsigned char)text[i]);
			continue;
		}
		if (text[i] == '"' || text[i] == '\\')
			km_buf_byte(b, '\\');
		km_buf_byte(b, text[i]);
	}
	km_buf_byte(b, '"');
}

static void add_value(km_buf *b, const km_conf *c, km_conf_key key)
{
	const char *const *items;

	if (km_conf_describe(key)->type != KM_CONF_LIST) {
		add_scalar(b, km_conf_str(c, key), false);
		return;
	}
	size_t n = km_conf_list(c, key, &items);
	km_buf_byte(b, '[');
	for (size_t i = 0; i < n; i++) {
		km_buf_add(b, km_sv_of(i ? ", " : ""));
		add_scalar(b, items[i], true);
	}
	km_buf_byte(b, ']');
}

static void show_key(const km_cli *cli, const km_conf *c, km_conf_key key, const char *path)
{
	unsigned line = km_conf_line(c, key);
	km_buf b;

	km_buf_init(&b, NULL, VALUE_BYTES);
	add_value(&b, c, key);
	(void)fprintf(cli->out, "%s: %.*s", km_conf_describe(key)->name, KM_FMT(km_buf_sv(&b)));
	(void)fputs(km_style_code(cli->colour, KM_STYLE_DIM), cli->out);
	if (line)
		(void)fprintf(cli->out, "  # %s:%u", path, line);
	else
		(void)fputs(km_say(cli, "  # 初期値", "  # default"), cli->out);
	(void)fprintf(cli->out, "%s\n", km_style_code(cli->colour, KM_STYLE_PLAIN));
	km_buf_finish(&b);
}

static json_t *json_value(const km_conf *c, km_conf_key key)
{
	const char *const *items;

	switch (km_conf_describe(key)->type) {
	case KM_CONF_BOOL:
		return json_boolean(km_conf_bool(c, key));
	case KM_CONF_INT:
		return json_integer(km_conf_int(c, key));
	case KM_CONF_LIST:
		break;
	default:
		return km_json_cstr(km_conf_str(c, key));
	}
	json_t *list = json_array();
	size_t n = km_conf_list(c, key, &items);
	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, km_json_cstr(items[i]));
	return list;
}

static int show_json(const km_cli *cli, const km_conf *c, km_conf_key k, km_conf_key end,
		     const char *path)
{
	json_t *keys = json_object();

	for (; k < end; k++) {
		unsigned line = km_conf_line(c, k);
		json_t *entry = json_object();
		(void)json_object_set_new(entry, "value", json_value(c, k));
		(void)json_object_set_new(entry, "line", line ? json_integer(line) : json_null());
		(void)json_object_set_new(keys, km_conf_describe(k)->name, entry);
	}
	return km_json_print(cli,
			     json_pack("{s:o, s:o}", "file", km_json_cstr(path), "keys", keys));
}

int km_config_show_run(km_cli *cli, const void *options)
{
	const show_options *o = options;
	const char *path = km_settings_path(o->config);
	km_conf_key k, end;
	km_err err = { KM_OK };
	km_conf *c;

	if (km_conf_load(km_settings_path(o->config), &c, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	int code = EX_USAGE;
	if (chosen_keys(cli, &k, &end)) {
		if (o->common.json) {
			code = show_json(cli, c, k, end, path);
		} else {
			for (; k < end; k++)
				show_key(cli, c, k, path);
			code = km_cli_flush(cli);
		}
	}
	km_conf_free(c);
	return code;
}

static bool has_range(const km_conf_info *i)
{
	return i->min != 0 || i->max != 0;
}

static void explain_key(const km_cli *cli, const km_conf_info *i)
{
	km_buf b;

	km_buf_init(&b, NULL, VALUE_BYTES);
	km_buf_fmt(&b, "%s%s%s\n    ", km_style_code(cli->colour, KM_STYLE_BOLD), i->name,
		   km_style_code(cli->colour, KM_STYLE_PLAIN));
	km_wrap(&b, km_sv_of(i->help[cli->lang]), COLUMN, WIDTH);
	km_buf_fmt(&b, km_say(cli, "\n    種類: %s", "\n    Type: %s"),
		   i->choices ? i->choices : km_conf_type_name(i->type));
	if (has_range(i))
		km_buf_fmt(&b, " (%lld..%lld)", (long long)i->min, (long long)i->max);
	km_buf_fmt(&b, km_say(cli, "\n    初期値: %s\n", "\n    Default: %s\n"),
		   *i->def ? i->def : "\"\"");
	(void)fwrite(b.p, 1, b.n, cli->out);
	km_buf_finish(&b);
}

static json_t *explain_as_json(const km_conf_info *i, int lang)
{
	json_t *j = json_pack("{s:s, s:s, s:s?, s:s}", "type", km_conf_type_name(i->type),
			      "default", i->def, "choices", i->choices, "help", i->help[lang]);

	if (has_range(i)) {
		(void)json_object_set_new(j, "min", json_integer(i->min));
		(void)json_object_set_new(j, "max", json_integer(i->max));
	}
	return j;
}

int km_config_explain_run(km_cli *cli, const void *options)
{
	const explain_options *o = options;
	km_conf_key k, end;

	if (cli->n_operands == 0 && !o->all) {
		km_cli_error(cli, "%s",
			     km_say(cli, "キーか --all を指定してください",
				    "name a key, or --all"));
		return EX_USAGE;
	}
	if (!chosen_keys(cli, &k, &end))
		return EX_USAGE;
	json_t *keys = o->common.json ? json_object() : NULL;
	for (; k < end; k++) {
		const km_conf_info *i = km_conf_describe(k);
		if (keys)
			(void)json_object_set_new(keys, i->name, explain_as_json(i, cli->lang));
		else
			explain_key(cli, i);
	}
	return keys ? km_json_print(cli, json_pack("{s:o}", "keys", keys)) : km_cli_flush(cli);
}
