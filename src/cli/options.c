#include "cli/options.h"

#include <getopt.h>

#include "cli/wrap.h"
#include "conf/schema.h"

/* getopt_long() gives back FIRST_VALUE + index of the option; above all letters. */
enum { FIRST_VALUE = 256, HELP_COLUMN = 26, HELP_WIDTH = 80 };

typedef struct {
	struct option longs[KM_OPTIONS_MAX + 1];
	char letters[2 * KM_OPTIONS_MAX + 2];
} getopt_tables;

const km_option *km_option_at(const km_option_set *set, size_t i)
{
	if (i < set->own.n)
		return &set->own.v[i];
	i -= set->own.n;
	return i < set->common.n ? &set->common.v[i] : NULL;
}

static void fill_tables(const km_option_set *set, getopt_tables *t)
{
	const km_option *o;
	size_t letters = 0;

	*t = (getopt_tables){ .letters = "" };
	t->letters[letters++] = ':';
	for (size_t i = 0; (o = km_option_at(set, i)) != NULL && i < KM_OPTIONS_MAX; i++) {
		int has_arg = o->type == KM_OPT_FLAG ? no_argument : required_argument;
		t->longs[i] = (struct option){ o->name, has_arg, NULL, FIRST_VALUE + (int)i };
		if (o->letter == 0)
			continue;
		t->letters[letters++] = o->letter;
		if (has_arg == required_argument)
			t->letters[letters++] = ':';
	}
}

static const km_option *by_value(const km_option_set *set, int value)
{
	const km_option *o;

	if (value >= FIRST_VALUE)
		return km_option_at(set, (size_t)(value - FIRST_VALUE));
	for (size_t i = 0; (o = km_option_at(set, i)) != NULL; i++)
		if (o->letter != 0 && o->letter == value)
			return o;
	return NULL;
}

static km_status set_number(const km_option *o, const char *arg, int lang, km_opt_number *out,
			    km_err *err)
{
	out->given = true;
	if (km_sv_u64(km_sv_of(arg), &out->v) && out->v >= o->min && out->v <= o->max)
		return KM_OK;
	return KM_FAIL(err, KM_SYNTAX,
		       lang == 0
			       ? "--%s: 「%s」ではなく %llu から %llu までの整数を指定してください"
			       : "--%s: \"%s\" is not a whole number from %llu to %llu",
		       o->name, arg, (unsigned long long)o->min, (unsigned long long)o->max);
}

static km_status set_choice(const km_option *o, const char *arg, int lang, const char **out,
			    km_err *err)
{
	km_sv rest = km_sv_of(o->choices), word;

	while (km_choice_next(&rest, &word)) {
		if (!km_sv_eq(word, km_sv_of(arg)))
			continue;
		*out = arg;
		return KM_OK;
	}
	return KM_FAIL(err, KM_SYNTAX,
		       lang == 0 ? "--%s: 「%s」は使えません。%s のどれかを指定してください"
				 : "--%s: \"%s\" is not one of %s",
		       o->name, arg, o->choices);
}

static km_status add_to_list(km_arena *a, km_opt_list *list, const char *arg, km_err *err)
{
	size_t size = list->n * sizeof(*list->v);
	const char **v = km_arena_grow(a, list->v, size, size + sizeof(*list->v));

	if (v == NULL)
		return KM_FAIL(err, KM_NOMEM, "out of memory");
	list->v = v;
	list->v[list->n++] = arg;
	return KM_OK;
}

static km_status store(km_arena *a, const km_option *o, int lang, void *out, km_err *err)
{
	char *field = (char *)out + o->at;

	switch (o->type) {
	case KM_OPT_FLAG:
		*(bool *)(void *)field = true;
		return KM_OK;
	case KM_OPT_NUMBER:
		return set_number(o, optarg, lang, (km_opt_number *)(void *)field, err);
	case KM_OPT_CHOICE:
		return set_choice(o, optarg, lang, (const char **)(void *)field, err);
	case KM_OPT_LIST:
		return add_to_list(a, (km_opt_list *)(void *)field, optarg, err);
	case KM_OPT_TEXT:
	case KM_OPT_FILE:
		break;
	}
	*(const char **)(void *)field = optarg;
	return KM_OK;
}

static const char *name_at(size_t i, const void *names)
{
	return ((const char *const *)names)[i];
}

/* "--exlpain" is not known: which one is nearest? */
static km_status unknown_long(const km_option_set *set, const char *word, int lang, km_err *err)
{
	const char *names[KM_OPTIONS_MAX];
	size_t n = 0;
	km_sv name = km_sv_of(word + 2);
	const km_option *o;

	name.n = km_sv_chr(name, '=', 0);
	for (size_t i = 0; (o = km_option_at(set, i)) != NULL && n < KM_OPTIONS_MAX; i++) {
		if (km_sv_eq(name, km_sv_of(o->name)))
			return KM_FAIL(err, KM_SYNTAX,
				       lang == 0 ? "--%s に値は付けられません"
						 : "--%s takes no argument",
				       o->name);
		names[n++] = o->name;
	}
	const char *near = km_nearest(name, name_at, n, names);
	if (near == NULL)
		return KM_FAIL(err, KM_SYNTAX,
			       lang == 0 ? "--%.*s というオプションはありません"
					 : "there is no option --%.*s",
			       KM_FMT(name));
	return KM_FAIL(err, KM_SYNTAX,
		       lang == 0 ? "--%.*s というオプションはありません。--%s のことですか?"
				 : "there is no option --%.*s; did you mean --%s?",
		       KM_FMT(name), near);
}

static km_status complain(const km_option_set *set, int what, char **argv, int lang, km_err *err)
{
	const char *word = argv[optind - 1];
	const km_option *o = by_value(set, optopt);

	if (what == ':' && o != NULL)
		return KM_FAIL(err, KM_SYNTAX,
			       lang == 0 ? "--%s に値 %s がありません"
					 : "--%s needs an argument: %s",
			       o->name, o->arg);
	if (optopt == 0 || o != NULL)
		return unknown_long(set, word, lang, err);
	return KM_FAIL(err, KM_SYNTAX,
		       lang == 0 ? "-%c というオプションはありません" : "there is no option -%c",
		       optopt > 32 && optopt < 127 ? optopt : '?');
}

km_status km_options_parse(km_arena *a, const km_option_set *set, int argc, char **argv, int lang,
			   void *out, int *first, km_err *err)
{
	getopt_tables t;
	int value;

	fill_tables(set, &t);
	opterr = 0;
	optind = 0; /* start anew, whatever was parsed before */
	while ((value = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
		const km_option *o = by_value(set, value);
		if (o == NULL)
			return complain(set, value, argv, lang, err);
		km_status st = store(a, o, lang, out, err);
		if (st != KM_OK)
			return st;
	}
	*first = optind;
	return KM_OK;
}

void km_options_help(km_buf *b, const km_option_set *set, int lang)
{
	const km_option *o;

	for (size_t i = 0; (o = km_option_at(set, i)) != NULL; i++) {
		size_t start = b->n;
		if (o->letter)
			km_buf_fmt(b, "  -%c, --%s", o->letter, o->name);
		else
			km_buf_fmt(b, "      --%s", o->name);
		if (o->arg)
			km_buf_fmt(b, " %s", o->arg);
		size_t used = b->n - start;
		if (used >= HELP_COLUMN - 1) {
			km_buf_byte(b, '\n');
			used = 0;
		}
		km_buf_fmt(b, "%*s", (int)(HELP_COLUMN - used), "");
		km_wrap(b, km_sv_of(o->help[lang]), HELP_COLUMN, HELP_WIDTH);
		km_buf_byte(b, '\n');
	}
}
