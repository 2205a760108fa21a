/* `komainu brands`: the table of those whose names mail is forged in. */
#include <sysexits.h>

#include "cli/brand_page.h"
#include "cli/tables.h"
#include "policy/category.h"

enum { TEXT_MAX = 64 * 1024, LABEL = 16 };

typedef struct {
	km_common_options common;
	const char *config;
} brands_options;

static const km_option show_table[] = {
	{ .letter = 'c',
	  .name = "config",
	  .type = KM_OPT_FILE,
	  .at = offsetof(brands_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル（content.brands を知るため）",
		    "configuration file, for its content.brands" } },
};

const km_option_table km_brands_show_options = { show_table, KM_COUNT(show_table),
						 sizeof(brands_options) };
const km_option_table km_brands_check_options = { NULL, 0, sizeof(brands_options) };

int km_brands_check_run(km_cli *cli, const void *options)
{
	const brands_options *o = options;
	const char *own = cli->n_operands ? cli->operands[0] : NULL;
	km_err err = { .st = KM_OK };
	km_brand_table t;

	if (km_brand_table_open(own, &t, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	size_t n = km_brands_count(t.brands);
	km_brand_table_close(&t);
	if (o->common.json)
		return km_json_print(cli, json_pack("{s:I, s:o}", "brands", (json_int_t)n, "file",
						    km_json_cstr(own)));
	(void)fprintf(cli->out,
		      km_say(cli, "誤りはありません。ブランドは %zu 件です。\n",
			     "no errors; %zu brands\n"),
		      n);
	return km_cli_flush(cli);
}

static void add_label(km_buf *b, const km_cli *cli, const char *ja, const char *en)
{
	const char *text = km_say(cli, ja, en);
	size_t columns = km_sv_of(text).n;

	/* Each kanji and kana is three bytes and two columns. */
	if (cli->lang == KM_JA)
		columns = columns * 2 / 3;
	km_buf_fmt(b, "  %s%*s", text, columns < LABEL ? (int)(LABEL - columns) : 1, "");
}

static void add_domains(km_buf *b, const km_cli *cli, const char *ja, const char *en,
			const km_sv *domain, size_t n)
{
	if (n == 0)
		return;
	add_label(b, cli, ja, en);
	km_brand_add_domains(b, domain, n);
	km_buf_byte(b, '\n');
}

static void add_names(km_buf *b, const km_cli *cli, const km_brand *x)
{
	bool ambiguous = false, first = true;

	add_label(b, cli, "名前", "names");
	for (size_t i = 0; i < x->n_aliases; i++) {
		if (x->alias[i].disguised)
			continue;
		km_buf_fmt(b, "%s%s%.*s", first ? "" : ", ", x->alias[i].ambiguous ? "~" : "",
			   KM_FMT(x->alias[i].name));
		ambiguous |= x->alias[i].ambiguous;
		first = false;
	}
	km_buf_byte(b, '\n');
	if (ambiguous)
		km_buf_fmt(b, "  %*s%s\n", LABEL, "",
			   km_say(cli, "~ ふつうの言葉でもあるので、前後も見る",
				  "~ also an ordinary word: what stands around it counts"));
}

static void add_brand(km_buf *b, const km_cli *cli, const km_brand *x)
{
	const char *category = km_brand_category(x);

	km_buf_fmt(b, "%s  %.*s / %.*s\n", x->id, KM_FMT(x->name_ja), KM_FMT(x->name_en));
	add_label(b, cli, "種類", "kind");
	km_buf_fmt(b, "%s; %s\n", km_brand_kind_name(x->kind),
		   km_category_name(category, (km_lang)cli->lang));
	add_names(b, cli, x);
	add_domains(b, cli, "公式のドメイン", "own domains", x->domain, x->n_domains);
	add_domains(b, cli, "送信だけ", "only senders", x->sender, x->n_senders);
	add_domains(b, cli, "誰でも使える", "for anybody", x->mailbox, x->n_mailboxes);
	if (x->owner.n) {
		add_label(b, cli, "系列", "owner");
		km_buf_fmt(b, "%.*s\n", KM_FMT(x->owner));
	}
	add_label(b, cli, "確かさ", "certainty");
	km_buf_fmt(b, "%s (%s)%s%.*s\n", x->certainty, km_brand_certainty_text(x, cli->lang),
		   x->source.n ? "  " : "", KM_FMT(x->source));
}

static json_t *json_brand(const km_brand *x, int lang)
{
	json_t *names = json_array();

	for (size_t i = 0; i < x->n_aliases; i++)
		if (!x->alias[i].disguised)
			(void)json_array_append_new(names,
						    json_pack("{s:o, s:b}", "name",
							      km_json_text(x->alias[i].name),
							      "ambiguous", x->alias[i].ambiguous));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o}",
			 "brand", x->id, "kind", km_brand_kind_name(x->kind), "category",
			 km_brand_category(x), "category_name",
			 km_category_name(km_brand_category(x), (km_lang)lang), "name_ja",
			 km_json_text(x->name_ja), "name_en", km_json_text(x->name_en), "names",
			 names, "domains", km_brand_json_domains(x->domain, x->n_domains),
			 "senders", km_brand_json_domains(x->sender, x->n_senders), "mailboxes",
			 km_brand_json_domains(x->mailbox, x->n_mailboxes), "owner",
			 km_json_filled(x->owner), "certainty", x->certainty, "certainty_text",
			 km_brand_certainty_text(x, lang), "source", km_json_filled(x->source));
}

int km_brands_show_run(km_cli *cli, const void *options)
{
	const brands_options *o = options;
	km_err err = { .st = KM_OK };
	km_brand_table t;
	int status = EX_OK;
	km_buf b;

	if (km_brand_table_settings(o->config, &t, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	km_buf_init(&b, cli->arena, TEXT_MAX);
	for (size_t i = 0; i < cli->n_operands; i++) {
		const km_brand *x = km_brands_find(t.brands, km_sv_of(cli->operands[i]));
		if (x == NULL) {
			km_cli_error(cli,
				     km_say(cli, "%s: そのような名前のブランドはありません",
					    "%s: no brand has that name"),
				     cli->operands[i]);
			status = EX_DATAERR;
		} else if (o->common.json) {
			(void)km_json_print(cli, json_brand(x, cli->lang));
		} else {
			add_brand(&b, cli, x);
		}
	}
	(void)fwrite(b.p, 1, b.n, cli->out);
	km_brand_table_close(&t);
	int flushed = km_cli_flush(cli);
	return status == EX_OK ? flushed : status;
}
