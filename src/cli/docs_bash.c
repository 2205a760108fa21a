#include "cli/docs.h"
#include "conf/conf.h"

static const char head[] =
	"# Completes komainu's words in bash; made by \"komainu docs completion\".\n"
	"_komainu_files()\n"
	"{\n"
	"\tcompopt -o filenames 2>/dev/null\n"
	"\tmapfile -t COMPREPLY < <(compgen -f -- \"$1\")\n"
	"}\n"
	"\n"
	"_komainu_words()\n"
	"{\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$2\" -- \"$1\")\n"
	"}\n"
	"\n"
	"_komainu()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal command=${COMP_WORDS[1]} options= words= files=\n"
	"\tCOMPREPLY=()\n"
	"\tif ((COMP_CWORD == 1)); then\n"
	"\t\t_komainu_words \"$cur\" \"";

static const char tail[] = "\tesac\n"
			   "\tif [[ $cur == -* ]]; then\n"
			   "\t\t_komainu_words \"$cur\" \"$options\"\n"
			   "\telif [[ $files ]]; then\n"
			   "\t\t_komainu_files \"$cur\"\n"
			   "\telse\n"
			   "\t\t_komainu_words \"$cur\" \"$words\"\n"
			   "\tfi\n"
			   "}\n"
			   "complete -F _komainu komainu\n";

static bool is_group(const km_command *c)
{
	return km_command_group(c).n != strlen(c->name);
}

/* The first words of all commands, each once: rows of a group stand together. */
static void add_first_words(km_buf *b)
{
	const km_command *c;
	km_sv last = { 0 };

	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++) {
		km_sv group = km_command_group(c);
		if (!km_sv_eq(group, last))
			km_buf_fmt(b, "%.*s ", KM_FMT(group));
		last = group;
	}
	km_buf_add(b, KM_S("help --help --version\"\n\t\treturn\n\tfi\n"));
}

static void add_second_words(km_buf *b)
{
	const km_command *c;
	km_sv open = { 0 };

	km_buf_add(b, KM_S("\tcase $command in\n"));
	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++) {
		km_sv group = km_command_group(c);
		if (open.n && !km_sv_eq(open, group)) {
			km_buf_add(b, KM_S("\" ;;\n"));
			open.n = 0;
		}
		if (!is_group(c))
			continue;
		if (open.n == 0)
			km_buf_fmt(b, "\t%.*s) words=\"", KM_FMT(group));
		km_buf_fmt(b, "%s%s", open.n ? " " : "", c->name + group.n + 1);
		open = group;
	}
	if (open.n)
		km_buf_add(b, KM_S("\" ;;\n"));
	km_buf_add(b, KM_S("\tesac\n"
			   "\tif [[ $words ]]; then\n"
			   "\t\tif ((COMP_CWORD == 2)); then\n"
			   "\t\t\t_komainu_words \"$cur\" \"$words\"\n"
			   "\t\t\treturn\n"
			   "\t\tfi\n"
			   "\t\tcommand=\"$command ${COMP_WORDS[2]}\"\n"
			   "\t\twords=\n"
			   "\tfi\n"));
}

/* After an option that takes one, the argument is completed. */
static void add_argument(km_buf *b, const km_option *o)
{
	km_sv rest = km_sv_of(o->choices), word;

	if (o->type == KM_OPT_FLAG)
		return;
	km_buf_add(b, KM_S("\t\t"));
	if (o->letter)
		km_buf_fmt(b, "-%c|", o->letter);
	km_buf_fmt(b, "--%s) ", o->name);
	if (o->type == KM_OPT_FILE)
		km_buf_add(b, KM_S("_komainu_files \"$cur\"; "));
	if (o->choices) {
		km_buf_add(b, KM_S("_komainu_words \"$cur\" \""));
		while (km_choice_next(&rest, &word))
			km_buf_fmt(b, "%.*s ", KM_FMT(word));
		km_buf_add(b, KM_S("\"; "));
	}
	km_buf_add(b, KM_S("return ;;\n"));
}

static void add_keys(km_buf *b)
{
	km_buf_add(b, KM_S("\t\twords=\""));
	for (km_conf_key k = 0; k < KM_KEY_COUNT; k++)
		km_buf_fmt(b, "%s%s", k ? " " : "", km_conf_describe(k)->name);
	km_buf_add(b, KM_S("\"\n"));
}

static void add_command(km_buf *b, const km_command *c)
{
	km_option_set set = km_command_options(c);
	const km_option *o;

	km_buf_fmt(b, "\t\"%s\")\n\t\toptions=\"", c->name);
	for (size_t i = 0; (o = km_option_at(&set, i)) != NULL; i++)
		km_buf_fmt(b, "%s--%s", i ? " " : "", o->name);
	km_buf_add(b, KM_S("\"\n\t\tcase $prev in\n"));
	for (size_t i = 0; (o = km_option_at(&set, i)) != NULL; i++)
		add_argument(b, o);
	km_buf_add(b, KM_S("\t\tesac\n"));
	if (c->words == KM_WORDS_FILES)
		km_buf_add(b, KM_S("\t\tfiles=1\n"));
	if (c->words == KM_WORDS_KEYS)
		add_keys(b);
	km_buf_add(b, KM_S("\t\t;;\n"));
}

void km_docs_bash(km_buf *b)
{
	const km_command *c;

	km_buf_add(b, km_sv_of(head));
	add_first_words(b);
	add_second_words(b);
	km_buf_add(b, KM_S("\tcase $command in\n"));
	for (size_t i = 0; (c = km_command_at(i)) != NULL; i++)
		add_command(b, c);
	km_buf_add(b, km_sv_of(tail));
}
