/* `komainu advise`: what a person should do now, first things first. */
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/brand_page.h"
#include "cli/style.h"
#include "cli/tables.h"
#include "cli/wrap.h"
#include "policy/advice.h"

enum { COLUMNS = 78, COLUMNS_MOST = 100, TEXT_MAX = 64 * 1024 };

typedef struct {
	km_common_options common;
	const char *after, *brand, *config;
} advise_options;

static const km_option table[] = {
	{ .letter = 'a',
	  .name = "after",
	  .type = KM_OPT_CHOICE,
	  .at = offsetof(advise_options, after),
	  .arg = "WHAT",
	  .choices = km_advice_topics,
	  .help = { "何があったか。省略すると一覧を表示する",
		    "what happened; without it, the list of these" } },
	{ .letter = 'b',
	  .name = "brand",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(advise_options, brand),
	  .arg = "NAME",
	  .help = { "誰の名前をかたっていたか。その公式の窓口も示す",
		    "in whose name it was; tells its own contact too" } },
	{ .letter = 'c',
	  .name = "config",
	  .type = KM_OPT_FILE,
	  .at = offsetof(advise_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル（content.brands を知るため）",
		    "configuration file, for its content.brands" } },
};

const km_option_table km_advise_options = { table, KM_COUNT(table), sizeof(advise_options) };

static const struct section {
	const char *key; /* in JSON */
	const char *title[KM_LANGS];
	km_style style;
	bool numbered;
} sections[KM_ADVICE_SECTIONS] = {
	[KM_ADVICE_DO] = { "do",
			   { "いますること（上から順に）", "What to do now, in this order" },
			   KM_STYLE_BOLD,
			   true },
	[KM_ADVICE_NEVER] = { "never",
			      { "してはいけないこと", "What not to do" },
			      KM_STYLE_BAD,
			      false },
	[KM_ADVICE_KNOW] = { "know", { "知っておくこと", "Good to know" }, KM_STYLE_GOOD, false },
	[KM_ADVICE_ASK] = { "contacts", { "相談・届け出先", "Whom to ask" }, KM_STYLE_BOLD, false },
};

static size_t columns(const km_cli *cli)
{
	struct winsize w;

	if (ioctl(fileno(cli->out), TIOCGWINSZ, &w) != 0 || w.ws_col < 40)
		return COLUMNS;
	return w.ws_col > COLUMNS_MOST ? COLUMNS_MOST : w.ws_col;
}

static km_sv text_of(km_sv topic, km_advice_section section, int lang)
{
	km_advice a;
	size_t at = 0;

	return km_advice_next(topic, section, &at, &a) ? a.text[lang] : KM_S("");
}

static void write_contact(km_buf *b, const km_cli *cli, const km_advice *a, size_t width)
{
	const km_contact *c = &a->contact;
	km_sv hours = c->hours[cli->lang];

	km_buf_fmt(b, "  - %s%.*s%s\n    ", km_style_code(cli->colour, KM_STYLE_BOLD),
		   KM_FMT(c->name[cli->lang]), km_style_code(cli->colour, KM_STYLE_PLAIN));
	km_wrap(b, c->reach[cli->lang], 4, width);
	if (hours.n)
		km_buf_fmt(b, "\n    %.*s", KM_FMT(hours));
	km_buf_add(b, KM_S("\n    "));
	km_wrap(b, a->text[cli->lang], 4, width);
	if (!c->verified) {
		km_buf_add(b, KM_S("\n    "));
		km_wrap(b,
			km_sv_of(km_say(cli,
					"※ "
					"公式の情報で確かめていません。使う前に公式サイトで確かめて"
					"ください。",
					"Not verified: check on the official site before use.")),
			4, width);
	}
	km_buf_byte(b, '\n');
}

static void write_section(km_buf *b, const km_cli *cli, km_sv topic, km_advice_section which,
			  size_t width)
{
	const struct section *s = &sections[which];
	km_advice a;
	size_t at = 0, n = 0;

	km_buf_fmt(b, "\n%s%s%s\n", km_style_code(cli->colour, s->style), s->title[cli->lang],
		   km_style_code(cli->colour, KM_STYLE_PLAIN));
	while (km_advice_next(topic, which, &at, &a)) {
		n++;
		if (which == KM_ADVICE_ASK) {
			write_contact(b, cli, &a, width);
			continue;
		}
		if (s->numbered)
			km_buf_fmt(b, " %2zu. ", n);
		else
			km_buf_add(b, KM_S("  - "));
		km_wrap(b, a.text[cli->lang], s->numbered ? 5 : 4, width);
		km_buf_byte(b, '\n');
	}
}

static void write_topic(km_buf *b, const km_cli *cli, km_sv topic)
{
	size_t width = columns(cli);

	km_buf_fmt(b, "%s%.*s%s\n", km_style_code(cli->colour, KM_STYLE_BOLD),
		   KM_FMT(text_of(topic, KM_ADVICE_TITLE, cli->lang)),
		   km_style_code(cli->colour, KM_STYLE_PLAIN));
	km_wrap(b, text_of(topic, KM_ADVICE_WHEN, cli->lang), 0, width);
	km_buf_byte(b, '\n');
	for (int s = KM_ADVICE_DO; s < KM_ADVICE_SECTIONS; s++)
		write_section(b, cli, topic, (km_advice_section)s, width);
}

/* Where the brand itself is found, and how certain that is. */
static void write_brand(km_buf *b, const km_cli *cli, const km_brand *brand)
{
	size_t width = columns(cli);
	km_contact c;

	km_buf_fmt(b, "\n%s%s%s\n", km_style_code(cli->colour, KM_STYLE_BOLD),
		   km_say(cli, "名前を使われた会社・役所", "Whose name was used"),
		   km_style_code(cli->colour, KM_STYLE_PLAIN));
	km_buf_fmt(b, "  - %.*s\n    %s: ",
		   KM_FMT(cli->lang == KM_JA ? brand->name_ja : brand->name_en),
		   km_say(cli, "公式のドメイン", "its own domains"));
	km_brand_add_domains(b, brand->domain, brand->n_domains);
	km_buf_fmt(b, "\n    %s: %s (%s)\n    ", km_say(cli, "確かさ", "certainty"),
		   brand->certainty, km_brand_certainty_text(brand, cli->lang));
	if (km_advice_brand(km_sv_of(brand->id), &c)) {
		km_buf_fmt(b, "%s: ", km_say(cli, "届け出", "report to"));
		km_wrap(b, c.reach[cli->lang], 4, width);
		km_buf_fmt(b, " (%.*s)\n    ", KM_FMT(c.certainty));
	}
	km_wrap(b,
		km_sv_of(km_say(
			cli,
			"メールのリンクや電話番号は使わず、公式アプリか、いつも使うブックマーク"
			"から確かめてください。",
			"Use no link or number of the message: check in the official app, or "
			"by your own bookmark.")),
		4, width);
	km_buf_byte(b, '\n');
}

static json_t *json_brand(const km_brand *brand, int lang)
{
	km_contact c;
	bool known = km_advice_brand(km_sv_of(brand->id), &c);

	return json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o}", "brand", brand->id, "name",
			 km_json_text(lang == KM_JA ? brand->name_ja : brand->name_en), "domains",
			 km_brand_json_domains(brand->domain, brand->n_domains), "certainty",
			 brand->certainty, "certainty_text", km_brand_certainty_text(brand, lang),
			 "report", known ? km_json_text(c.reach[lang]) : json_null(),
			 "report_certainty", known ? km_json_text(c.certainty) : json_null());
}

static void write_list(km_buf *b, const km_cli *cli)
{
	km_sv rest = km_sv_of(km_advice_topics), topic;

	km_buf_fmt(b, "%s\n\n",
		   km_say(cli, "何がありましたか。 komainu advise --after WHAT",
			  "What happened? komainu advise --after WHAT"));
	while (km_sv_split(&rest, '|', &topic))
		km_buf_fmt(b, "  %-12.*s%.*s\n", KM_FMT(topic),
			   KM_FMT(text_of(topic, KM_ADVICE_TITLE, cli->lang)));
}

static json_t *json_contact(const km_advice *a, int lang)
{
	const km_contact *c = &a->contact;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "id", km_json_text(c->id),
			 "name", km_json_text(c->name[lang]), "reach", km_json_text(c->reach[lang]),
			 "hours", km_json_filled(c->hours[lang]), "for",
			 km_json_text(a->text[lang]), "certainty", km_json_text(c->certainty),
			 "verified", c->verified, "source", km_json_text(c->source));
}

static json_t *json_topic(km_sv topic, int lang)
{
	json_t *o = json_pack("{s:o, s:s, s:o, s:o}", "after", km_json_text(topic), "lang",
			      lang == KM_JA ? "ja" : "en", "title",
			      km_json_text(text_of(topic, KM_ADVICE_TITLE, lang)), "when",
			      km_json_text(text_of(topic, KM_ADVICE_WHEN, lang)));

	for (int s = KM_ADVICE_DO; s < KM_ADVICE_SECTIONS; s++) {
		json_t *list = json_array();
		km_advice a;
		size_t at = 0;
		while (km_advice_next(topic, (km_advice_section)s, &at, &a))
			(void)json_array_append_new(list, s == KM_ADVICE_ASK
								  ? json_contact(&a, lang)
								  : km_json_text(a.text[lang]));
		(void)json_object_set_new(o, sections[s].key, list);
	}
	return o;
}

static int print_json(const km_cli *cli, km_sv topic, const km_brand *brand)
{
	km_sv rest = km_sv_of(km_advice_topics);
	int code = EX_OK;

	if (topic.n || brand) {
		json_t *o = topic.n ? json_topic(topic, cli->lang) : json_object();
		if (brand)
			(void)json_object_set_new(o, "brand", json_brand(brand, cli->lang));
		return km_json_print(cli, o);
	}
	while (code == EX_OK && km_sv_split(&rest, '|', &topic))
		code = km_json_print(cli, json_topic(topic, cli->lang));
	return code;
}

static int print_text(km_cli *cli, km_sv topic, const km_brand *brand)
{
	km_buf b;

	km_buf_init(&b, cli->arena, TEXT_MAX);
	if (topic.n)
		write_topic(&b, cli, topic);
	else
		write_list(&b, cli);
	if (brand)
		write_brand(&b, cli, brand);
	(void)fwrite(b.p, 1, b.n, cli->out);
	return km_cli_flush(cli);
}

int km_advise_run(km_cli *cli, const void *options)
{
	const advise_options *o = options;
	km_sv topic = km_sv_of(o->after);
	km_err err = { .st = KM_OK };
	km_brand_table t = { NULL, NULL };
	const km_brand *brand = NULL;

	if (o->brand) {
		if (km_brand_table_settings(o->config, &t, &err) != KM_OK)
			return km_cli_fail(cli, &err);
		brand = km_brands_find(t.brands, km_sv_of(o->brand));
	}
	if (o->brand && brand == NULL)
		km_cli_error(
			cli,
			km_say(cli,
			       "%s: 表にない名前です。公式の窓口は、契約書や公式アプリで確かめて"
			       "ください",
			       "%s: not in the table; look for its contact in your contract or "
			       "in its app"),
			o->brand);
	int code = o->common.json ? print_json(cli, topic, brand) : print_text(cli, topic, brand);
	km_brand_table_close(&t);
	return code;
}
