#include "cli/docs.h"

#include <stdlib.h>

#include "cli/page.h"
#include "cli/roff.h"
#include "conf/conf.h"

enum { PAGES_MAX = 32 };

static const km_page_row environment[] = {
	{ "LC_ALL , LC_MESSAGES , LANG",
	  { "ja で始まれば日本語、それ以外は英語で表示する。",
	    "Japanese when the first that is set begins with ja, English otherwise." } },
	{ "KOMAINU_CONFIG",
	  { "--config がないときに読む設定ファイル。",
	    "Configuration file that is read without --config." } },
	{ "NO_COLOR",
	  { "空でなければ色を使わない。", "No colours when it is set and not empty." } },
	{ "TMPDIR",
	  { "標準入力を一時的に置くフォルダ (省略時は /tmp)。",
	    "Folder in which standard input is spooled, instead of /tmp." } },
};

static void add_option(km_buf *b, const km_option *o, int lang)
{
	km_buf_add(b, KM_S(".It "));
	if (o->letter)
		km_buf_fmt(b, "Fl %c , ", o->letter);
	km_buf_add(b, KM_S("Fl \\-"));
	km_roff_word(b, km_sv_of(o->name));
	if (o->arg)
		km_buf_fmt(b, " Ar %s", o->arg);
	km_buf_byte(b, '\n');
	km_roff_text(b, o->help[lang], lang != 0);
}

static void add_options(km_buf *b, const km_option_set *set, int lang)
{
	const km_option *o;

	km_buf_add(b, KM_S(".Bl -tag -width Ds\n"));
	for (size_t i = 0; (o = km_option_at(set, i)) != NULL; i++)
		add_option(b, o, lang);
	km_buf_add(b, KM_S(".El\n"));
}

static void add_synopsis(km_buf *b, const km_command *c)
{
	km_buf_fmt(b, ".Nm komainu\n.Cm %s\n.Op Ar OPTION ...\n", c->name);
	if (*c->operands) {
		km_buf_add(b, KM_S(".Ar "));
		km_roff_word(b, km_sv_of(c->operands));
		km_buf_byte(b, '\n');
	}
}

static void add_examples(km_buf *b, const km_command *c, bool *any, int lang)
{
	for (size_t i = 0; i < KM_EXAMPLES_MAX && c->examples[i].line; i++) {
		if (*any)
			km_buf_add(b, KM_S(".Pp\n"));
		*any = true;
		km_roff_text(b, c->examples[i].what[lang], lang != 0);
		km_buf_add(b, KM_S(".Bd -literal -offset indent\n$ komainu "));
		km_roff_word(b, km_sv_of(c->examples[i].line));
		km_buf_add(b, KM_S("\n.Ed\n"));
	}
}

static bool is_of(const km_command *c, km_sv group)
{
	return km_sv_eq(km_command_group(c), group);
}

/* First command of the group, or NULL. */
static const km_command *group_head(km_sv group)
{
	const km_command *c;

	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++)
		if (is_of(c, group))
			return c;
	return NULL;
}

static bool has_examples(km_sv group)
{
	const km_command *c;

	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++)
		if (is_of(c, group) && c->examples[0].line)
			return true;
	return false;
}

/* The sections that every page has, in mdoc's order. */
static void add_outside(km_buf *b, int lang)
{
	km_page_section(b, lang, "環境変数", "ENVIRONMENT");
	km_page_rows(b, "Ev", environment, KM_COUNT(environment), lang);
	km_page_exits(b, lang);
}

static int by_name(const void *a, const void *b)
{
	return km_sv_cmp(*(const km_sv *)a, *(const km_sv *)b);
}

/* @but: the page itself, without "komainu-"; empty for the program's. */
static void see_also(km_buf *b, int lang, km_sv but)
{
	const km_command *c;
	km_sv pages[PAGES_MAX] = { { 0 } };
	size_t n = 0;

	if (but.n)
		pages[n++] = KM_S("komainu");
	for (size_t i = 0; (c = km_command_at(i)) != NULL && n < PAGES_MAX; i++) {
		km_sv group = km_command_group(c);
		if (!km_sv_eq(group, but) && group_head(group) == c)
			pages[n++] = group;
	}
	qsort(pages + (but.n != 0), n - (but.n != 0), sizeof(*pages), by_name);
	km_page_section(b, lang, "関連項目", "SEE ALSO");
	for (size_t i = 0; i < n; i++)
		km_buf_fmt(b, "%s.Xr %s%.*s 1", i ? " ,\n" : "", but.n && i == 0 ? "" : "komainu-",
			   KM_FMT(pages[i]));
	if (!km_sv_eq(but, KM_S("yaml")))
		km_buf_add(b, KM_S(" ,\n.Xr komainu.yaml 5"));
	km_buf_add(b, KM_S(" ,\n.Xr komainu 8"));
	km_buf_byte(b, '\n');
}

static void command_page(km_buf *b, km_sv group, int lang)
{
	const km_command *c = group_head(group);
	char name[64], title[64];

	(void)snprintf(name, sizeof(name), "komainu-%.*s", KM_FMT(group));
	for (size_t i = 0; i <= strlen(name); i++)
		title[i] = (char)(name[i] >= 'a' && name[i] <= 'z' ? name[i] - 32 : name[i]);
	km_page_begin(b, title, "1", name, km_command_group_summary(c, lang), lang);
	km_page_section(b, lang, "書式", "SYNOPSIS");
	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++)
		if (is_of(c, group))
			add_synopsis(b, c);
	km_page_section(b, lang, "説明", "DESCRIPTION");
	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++) {
		if (!is_of(c, group))
			continue;
		km_option_set set = km_command_options(c);
		if (group.n != strlen(c->name))
			km_buf_fmt(b, ".Ss komainu %s\n", c->name);
		km_roff_text(b, c->about[lang], lang != 0);
		add_options(b, &set, lang);
	}
	add_outside(b, lang);
	bool any = false;
	if (has_examples(group))
		km_page_section(b, lang, "例", "EXAMPLES");
	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++)
		if (is_of(c, group))
			add_examples(b, c, &any, lang);
	see_also(b, lang, group);
}

static void program_page(km_buf *b, int lang)
{
	const km_command *c;

	km_page_begin(b, "KOMAINU", "1", "komainu",
		      km_page_say(lang, "迷惑メール・詐欺メールを見分け、理由を説明する",
				  "judge mail, and say why"),
		      lang);
	km_page_section(b, lang, "書式", "SYNOPSIS");
	km_buf_add(b, KM_S(".Nm\n.Ar COMMAND\n.Op Ar OPTION ...\n.Op Ar ARGUMENT ...\n"));
	km_page_section(b, lang, "説明", "DESCRIPTION");
	km_roff_text(
		b,
		km_page_say(
			lang,
			"狛犬 (こまいぬ) は、届くメールと出ていくメールの両方を見張ります。"
			"メールについて見つけた事実を点数にし、どう扱うかを決め、その理由を日本語と"
			"英語"
			"で説明します。\n"
			"コマンドは次のとおりです。それぞれに --help とマニュアルがあります。",
			"Komainu watches the mail that comes in and the mail that goes out. "
			"It finds facts about a message, turns them into points, decides what is "
			"to be "
			"done with it, and says why in Japanese and in English.\n"
			"These are its commands; each has --help and a manual page of its own:"),
		lang != 0);
	km_buf_add(b, KM_S(".Bl -tag -width Ds\n"));
	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++) {
		km_buf_fmt(b, ".It Cm %s\n", c->name);
		km_roff_text(b, c->summary[lang], lang != 0);
	}
	km_buf_add(b, KM_S(".El\n"));
	add_outside(b, lang);
	see_also(b, lang, (km_sv){ 0 });
}

static void add_key(km_buf *b, const km_conf_info *i, int lang)
{
	km_buf_add(b, KM_S(".It Cm "));
	km_roff_word(b, km_sv_of(i->name));
	km_buf_byte(b, '\n');
	km_roff_text(b, i->help[lang], lang != 0);
	km_buf_fmt(b, ".br\n%s: ", km_page_say(lang, "種類", "Type"));
	km_roff_word(b, km_sv_of(i->choices ? i->choices : km_conf_type_name(i->type)));
	if (i->min || i->max)
		km_buf_fmt(b, " (%lld..%lld)", (long long)i->min, (long long)i->max);
	km_buf_fmt(b, "\n.br\n%s: ", km_page_say(lang, "初期値", "Default"));
	km_roff_word(b, km_sv_of(*i->def ? i->def : "\"\""));
	km_buf_byte(b, '\n');
}

static void config_page(km_buf *b, int lang)
{
	km_page_begin(b, "KOMAINU.YAML", "5", "komainu.yaml",
		      km_page_say(lang, "komainu の設定ファイル", "configuration of komainu"),
		      lang);
	km_page_section(b, lang, "説明", "DESCRIPTION");
	km_roff_text(
		b,
		km_page_say(
			lang,
			"YAML "
			"のファイルです。すべてのキーに初期値があり、ファイルがなくても動きます。"
			"a.b というキーは、a の下の b としても、a.b としても書けます。"
			"知らないキーや正しくない値は誤りになります。"
			"komainu config check で検査できます。\nキーは次のとおりです。",
			"A YAML file. Every key has a default, and without any file Komainu works. "
			"The "
			"key a.b may be written as b below a, or as a.b. A key that is not known, "
			"or a "
			"value that is not right, is an error; komainu config check tells.\n"
			"These are the keys:"),
		lang != 0);
	km_buf_add(b, KM_S(".Bl -tag -width Ds\n"));
	for (km_conf_key k = 0; k < KM_KEY_COUNT; k++)
		add_key(b, km_conf_describe(k), lang);
	km_buf_add(b, KM_S(".El\n"));
	km_page_section(b, lang, "ファイル", "FILES");
	km_buf_add(b, KM_S(".Bl -tag -width Ds\n.It Pa " KM_CONF_FILE "\n"));
	km_roff_text(b,
		     km_page_say(lang, "--config も KOMAINU_CONFIG もないときに、あれば読む。",
				 "Read, when it exists, without --config and KOMAINU_CONFIG."),
		     lang != 0);
	km_buf_add(b, KM_S(".El\n"));
	km_page_section(b, lang, "例", "EXAMPLES");
	km_buf_add(b, KM_S(".Bd -literal -offset indent\nlanguage: en\ntrusted:\n  hops: 1\n"
			   "policy.pack: /etc/komainu/policy.yaml\n.Ed\n"));
	see_also(b, lang, KM_S("yaml"));
}

km_status km_docs_man(km_buf *b, km_sv page, int lang)
{
	static const km_sv prefix = KM_SV("komainu-");

	if (km_sv_eq(page, KM_S("komainu"))) {
		program_page(b, lang);
		return KM_OK;
	}
	if (km_sv_eq(page, KM_S("komainu.8"))) {
		km_docs_daemon(b, lang);
		return KM_OK;
	}
	if (km_sv_eq(page, KM_S("komainu.yaml"))) {
		config_page(b, lang);
		return KM_OK;
	}
	if (!km_sv_starts(page, prefix) || group_head(km_sv_from(page, prefix.n)) == NULL)
		return KM_NOTFOUND;
	command_page(b, km_sv_from(page, prefix.n), lang);
	return KM_OK;
}
