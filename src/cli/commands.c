#include "cli/tables.h"

/* What all commands understand. */
static const km_option common[] = {
	{ .name = "json",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(km_common_options, json),
	  .help = { "JSON で出力する", "print JSON" } },
	{ .name = "lang",
	  .type = KM_OPT_CHOICE,
	  .at = offsetof(km_common_options, lang),
	  .arg = "LANG",
	  .choices = "ja|en",
	  .help = { "表示する言語 (ja, en)。省略時はロケールに従う",
		    "language to speak: ja or en (default: by the locale)" } },
	{ .letter = 'h',
	  .name = "help",
	  .type = KM_OPT_FLAG,
	  .at = offsetof(km_common_options, help),
	  .help = { "この説明を表示する", "show this help" } },
};

static const km_command commands[] = {
	{ .name = "config check",
	  .operands = "[FILE]",
	  .words = KM_WORDS_FILES,
	  .max_operands = 1,
	  .options = &km_config_check_options,
	  .run = km_config_check_run,
	  .summary = { "設定ファイルを検査する", "check a configuration file" },
	  .about = { "設定ファイルと、そこに書かれた判定方針・DNS スナップショットを検査します。"
		     "誤りがあれば、ファイル、行、キー、正しい書き方を示します。",
		     "Checks a configuration file, and the policy pack and DNS snapshot that it "
		     "names. An error is shown with file, line, key and what was expected." } },
	{ .name = "config show",
	  .operands = "[KEY]",
	  .words = KM_WORDS_KEYS,
	  .max_operands = 1,
	  .options = &km_config_show_options,
	  .run = km_config_show_run,
	  .summary = { "有効な設定値と、その出どころを表示する",
		       "show the settings in force, and where each comes from" },
	  .about = { "有効な設定値を、設定ファイルの何行目で決まったかとともに表示します。"
		     "出力はそのまま設定ファイルとして使えます。",
		     "Shows the settings in force, each with the line of the file where it was "
		     "set. "
		     "The output is a configuration file itself." } },
	{ .name = "config explain",
	  .operands = "[KEY]",
	  .words = KM_WORDS_KEYS,
	  .max_operands = 1,
	  .options = &km_config_explain_options,
	  .run = km_config_explain_run,
	  .summary = { "設定キーの意味、種類、範囲、初期値を説明する",
		       "explain a key: meaning, type, range, default" },
	  .about = { "設定キーの意味、種類、範囲、初期値を説明します。--all "
		     "ですべてのキーを説明します。",
		     "Explains what a key means, its type, range and default; with --all, every "
		     "key." } },
	{ .name = "version",
	  .operands = "",
	  .options = &km_version_options,
	  .run = km_version_run,
	  .summary = { "版と、組み込まれたライブラリの版を表示する",
		       "show the version, and those of the libraries inside" },
	  .about = { "Komainu の版、組み込みの判定方針の版、使っているライブラリの版を表示します。"
		     "不具合を知らせるときに添えてください。",
		     "Shows the version of Komainu, of its built-in policy pack and of the "
		     "libraries "
		     "it runs with. Please add it to a bug report." } },
	{ .name = "docs man",
	  .operands = "PAGE",
	  .min_operands = 1,
	  .max_operands = 1,
	  .options = &km_docs_man_options,
	  .run = km_docs_man_run,
	  .summary = { "マニュアルページ (mdoc) を出力する", "print a manual page in mdoc" },
	  .about = { "マニュアルページを標準出力に書きます。PAGE は komainu、komainu-scan "
		     "のような名前です。--lang ja で日本語になります。",
		     "Writes a manual page to standard output. PAGE is a name like komainu or "
		     "komainu-scan; --lang ja makes it Japanese." },
	  .examples = { { "docs man komainu-scan | man -l -",
			  { "インストールせずにマニュアルを読む",
			    "Reads the manual without installing it." } } } },
	{ .name = "docs completion",
	  .operands = "",
	  .options = &km_docs_completion_options,
	  .run = km_docs_completion_run,
	  .summary = { "bash の補完スクリプトを出力する", "print the completion script for bash" },
	  .about = { "bash の補完スクリプトを標準出力に書きます。",
		     "Writes the script that completes commands and options in bash to standard "
		     "output." },
	  .examples = { { "docs completion > ~/.local/share/bash-completion/completions/komainu",
			  { "自分だけのために設定する", "Installs it for yourself." } } } },
};

static const struct {
	km_sv name;
	const char *summary[2];
} groups[] = {
	{ KM_SV("config"),
	  { "設定ファイルを検査・表示・説明する", "check, show and explain the configuration" } },
	{ KM_SV("docs"),
	  { "マニュアルと補完スクリプトを出力する",
	    "print manual pages and the shell completion" } },
};

const km_command *km_command_at(size_t i)
{
	return i < KM_COUNT(commands) ? &commands[i] : NULL;
}

const km_command *km_command_find(const char *name)
{
	for (size_t i = 0; i < KM_COUNT(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

km_sv km_command_group(const km_command *c)
{
	km_sv name = km_sv_of(c->name);

	return km_sv_sub(name, 0, km_sv_chr(name, ' ', 0));
}

const char *km_command_group_summary(const km_command *c, int lang)
{
	for (size_t i = 0; i < KM_COUNT(groups); i++)
		if (km_sv_eq(groups[i].name, km_command_group(c)))
			return groups[i].summary[lang];
	return c->summary[lang];
}

km_option_set km_command_options(const km_command *c)
{
	return (km_option_set){ .own = *c->options,
				.common = { common, KM_COUNT(common), sizeof(km_common_options) } };
}
