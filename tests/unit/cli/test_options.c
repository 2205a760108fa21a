#include "cli/options.h"

#include "test.h"

typedef struct {
	bool help;
	bool explain;
	km_opt_number jobs;
	const char *from, *lang;
	km_opt_list rcpts;
} settings;

static const km_option own[] = {
	{ "jobs",
	  'j',
	  KM_OPT_NUMBER,
	  offsetof(settings, jobs),
	  "N",
	  NULL,
	  1,
	  64,
	  { "並列数", "how many at once" } },
	{ "from",
	  0,
	  KM_OPT_TEXT,
	  offsetof(settings, from),
	  "ADDRESS",
	  NULL,
	  0,
	  0,
	  { "差出人", "sender" } },
	{ "rcpt",
	  0,
	  KM_OPT_LIST,
	  offsetof(settings, rcpts),
	  "ADDRESS",
	  NULL,
	  0,
	  0,
	  { "受取人", "recipient" } },
	{ "lang",
	  0,
	  KM_OPT_CHOICE,
	  offsetof(settings, lang),
	  "LANG",
	  "ja|en",
	  0,
	  0,
	  { "言語", "language" } },
	{ "explain",
	  0,
	  KM_OPT_FLAG,
	  offsetof(settings, explain),
	  NULL,
	  NULL,
	  0,
	  0,
	  { "説明", "say why, in full sentences that go on for longer than one line of help" } },
};
static const km_option common[] = {
	{ "help",
	  'h',
	  KM_OPT_FLAG,
	  offsetof(settings, help),
	  NULL,
	  NULL,
	  0,
	  0,
	  { "説明", "help" } },
};
static const km_option_set set = { { own, KM_COUNT(own), sizeof(settings) },
				   { common, KM_COUNT(common), sizeof(settings) } };

enum { WORDS = 10 };

static km_status parse(km_arena *a, const char *const *words, settings *s, int *operands,
		       km_err *err)
{
	char *argv[WORDS + 2] = { (char *)(uintptr_t) "scan" };
	int argc = 1, first = 0;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	*s = (settings){ 0 };
	km_status st = km_options_parse(a, &set, argc, argv, 1, s, &first, err);
	*operands = argc - first;
	return st;
}

static void reads_values(void **state)
{
	const char *const words[] = { "a.eml",	 "-j",	       "4",	 "--rcpt", "x@a",
				      "--from=", "--rcpt=y@b", "--lang", "ja",	   NULL };
	km_arena *a = km_arena_new(1 << 16);
	settings s;
	int operands;

	(void)state;
	assert_int_equal(parse(a, words, &s, &operands, NULL), KM_OK);
	assert_int_equal(operands, 1);
	assert_true(s.jobs.given);
	assert_int_equal(s.jobs.v, 4);
	assert_string_equal(s.from, "");
	assert_int_equal(s.rcpts.n, 2);
	assert_string_equal(s.rcpts.v[0], "x@a");
	assert_string_equal(s.rcpts.v[1], "y@b");
	assert_string_equal(s.lang, "ja");
	assert_false(s.explain);
	km_arena_free(a);
}

static void complains(void **state)
{
	static const struct {
		const char *words[4];
		const char *message;
	} cases[] = {
		{ { "--exlpain" }, "there is no option --exlpain; did you mean --explain?" },
		{ { "--rcp", "x", "--frmo=x" }, "there is no option --frmo; did you mean --from?" },
		{ { "--zzzzzzzz" }, "there is no option --zzzzzzzz" },
		{ { "-z" }, "there is no option -z" },
		{ { "--jobs" }, "--jobs needs an argument: N" },
		{ { "-j" }, "--jobs needs an argument: N" },
		{ { "-j0" }, "--jobs: \"0\" is not a whole number from 1 to 64" },
		{ { "-j", "99999999999999999999" },
		  "--jobs: \"99999999999999999999\" is not a whole number from 1 to 64" },
		{ { "--lang", "de" }, "--lang: \"de\" is not one of ja|en" },
		{ { "--explain=1" }, "--explain takes no argument" },
	};
	km_arena *a = km_arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_err err = { KM_OK };
		settings s;
		int operands;
		assert_int_equal(parse(a, cases[i].words, &s, &operands, &err), KM_SYNTAX);
		assert_string_equal(err.msg, cases[i].message);
	}
	km_arena_free(a);
}

static void helps(void **state)
{
	km_buf b;

	(void)state;
	km_buf_init(&b, NULL, 4096);
	km_options_help(&b, &set, 1);
	TEST_SV(km_buf_sv(&b),
		"  -j, --jobs N            how many at once\n"
		"      --from ADDRESS      sender\n"
		"      --rcpt ADDRESS      recipient\n"
		"      --lang LANG         language\n"
		"      --explain           say why, in full sentences that go on for longer "
		"than\n"
		"                          one line of help\n"
		"  -h, --help              help\n");
	km_buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_values),
		cmocka_unit_test(complains),
		cmocka_unit_test(helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
