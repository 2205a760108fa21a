#include "cli/help.h"

#include "cli/wrap.h"

enum { SUMMARY_COLUMN = 20, WIDTH = 80 };

static const char *say(int lang, const char *ja, const char *en)
{
	return lang == 0 ? ja : en;
}

void km_help_program(km_buf *b, km_sv group, int lang)
{
	const km_command *c;

	if (group.n)
		km_buf_fmt(b,
			   say(lang, "使い方: komainu %.*s コマンド [オプション]... [引数]...\n\n",
			       "Usage: komainu %.*s COMMAND [OPTION]... [ARGUMENT]...\n\n"),
			   KM_FMT(group));
	else
		km_buf_add(b, km_sv_of(say(lang,
					   "使い方: komainu コマンド [オプション]... [引数]...\n"
					   "迷惑メール・詐欺メールを見分け、理由を説明します。\n\n",
					   "Usage: komainu COMMAND [OPTION]... [ARGUMENT]...\n"
					   "Judges mail, and says why.\n\n")));
	km_buf_add(b, km_sv_of(say(lang, "コマンド:\n", "Commands:\n")));
	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++) {
		if (group.n && !km_sv_eq(km_command_group(c), group))
			continue;
		km_buf_fmt(b, "  %-*s", SUMMARY_COLUMN - 2, c->name);
		km_wrap(b, km_sv_of(c->summary[lang]), SUMMARY_COLUMN, WIDTH);
		km_buf_byte(b, '\n');
	}
	km_buf_add(b, km_sv_of(say(lang,
				   "\n各コマンドの説明: komainu コマンド --help、または man "
				   "komainu-コマンド\n",
				   "\nMore about one: komainu COMMAND --help, or man "
				   "komainu-COMMAND\n")));
}

static void add_examples(km_buf *b, const km_command *c, int lang)
{
	if (c->examples[0].line == NULL)
		return;
	km_buf_add(b, km_sv_of(say(lang, "\n例:\n", "\nExamples:\n")));
	for (size_t i = 0; i < KM_EXAMPLES_MAX && c->examples[i].line; i++) {
		km_buf_fmt(b, "  komainu %s\n      ", c->examples[i].line);
		km_wrap(b, km_sv_of(c->examples[i].what[lang]), 6, WIDTH);
		km_buf_byte(b, '\n');
	}
}

void km_help_command(km_buf *b, const km_command *c, int lang)
{
	km_option_set set = km_command_options(c);
	km_sv about = km_sv_of(c->about[lang]), paragraph;

	km_buf_fmt(b,
		   say(lang, "使い方: komainu %s [オプション]...%s%s\n",
		       "Usage: komainu %s [OPTION]...%s%s\n"),
		   c->name, *c->operands ? " " : "", c->operands);
	while (km_sv_line(&about, &paragraph)) {
		km_buf_byte(b, '\n');
		km_wrap(b, paragraph, 0, WIDTH);
		km_buf_byte(b, '\n');
	}
	km_buf_add(b, km_sv_of(say(lang, "\nオプション:\n", "\nOptions:\n")));
	km_options_help(b, &set, lang);
	add_examples(b, c, lang);
}
