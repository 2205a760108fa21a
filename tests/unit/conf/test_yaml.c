#include "base/buf.h"
#include "conf/schema.h"
#include "test.h"

/* The tree on one line: {key=value,…} and […]; text in quotes is marked with '. */
static void dump(km_buf *b, const km_yaml *root)
{
	static const char open[] = { [KM_YAML_LIST] = '[', [KM_YAML_MAP] = '{' };
	static const char close[] = { [KM_YAML_LIST] = ']', [KM_YAML_MAP] = '}' };

	for (const km_yaml *n = root;;) {
		if (n->parent && n->parent->kind == KM_YAML_MAP)
			km_buf_fmt(b, "%.*s=", KM_FMT(n->key));
		if (n->kind == KM_YAML_SCALAR)
			km_buf_fmt(b, "%s%.*s", n->quoted ? "'" : "", KM_FMT(n->scalar));
		else
			km_buf_byte(b, open[n->kind]);
		if (n->child) {
			n = n->child;
			continue;
		}
		if (n->kind != KM_YAML_SCALAR)
			km_buf_byte(b, close[n->kind]);
		while (n != root && !n->next) {
			n = n->parent;
			km_buf_byte(b, close[n->kind]);
		}
		if (n == root)
			return;
		km_buf_byte(b, ',');
		n = n->next;
	}
}

static const struct {
	const char *name, *in, *want;
} trees[] = {
	{ "map", "a: 1\nb: x y\n", "{a=1,b=x y}" },
	{ "nested", "a:\n  b:\n    c: 1\n  d: 2\n", "{a={b={c=1},d=2}}" },
	{ "list", "- 1\n- [2, 3]\n- {a: b}\n", "[1,[2,3],{a=b}]" },
	{ "empty ones", "a: []\nb: {}\nc:\n", "{a=[],b={},c=}" },
	{ "quoted", "a: \"1\"\nb: '2'\nc: |\n  t\n", "{a='1,b='2,c='t\n}" },
	{ "comments only", "# nothing\n", "{}" },
	{ "nothing", "", "{}" },
	{ "separator only", "---\n", "{}" },
	{ "bom",
	  "\xef\xbb\xbf"
	  "a: 1\n",
	  "{a=1}" },
	{ "japanese", "件名: 値\n", "{件名=値}" },
	{ "no line end", "a: 1", "{a=1}" },
	{ "dotted key", "a.b: 1\n", "{a.b=1}" },
	{ "scalar", "x", "x" },
};

static void test_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(trees); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in = test_exact(trees[i].in, strlen(trees[i].in));
		km_err err = { 0 };
		km_yaml *root;
		km_buf b;
		if (km_yaml_parse(a, in, "t.yaml", &root, &err) != KM_OK)
			fail_msg("%s: %s", trees[i].name, err.msg);
		test_drop(in); /* the tree must not point into it */
		km_buf_init(&b, a, 10000);
		dump(&b, root);
		test_sv_is(km_buf_sv(&b), trees[i].want, trees[i].name);
		km_arena_free(a);
	}
}

static const struct {
	const char *in, *want;
} errors[] = {
	{ "a: 1\nb: 2\na: 3\n", "t.yaml:3: a: given twice in the same map" },
	{ "a: &x 1\n", "t.yaml:1: anchors (&, *) and tags (!) are not used here" },
	{ "a: 1\nb: *a\n", "t.yaml:2: anchors (&, *) and tags (!) are not used here" },
	{ "a: !!str 1\n", "t.yaml:1: anchors (&, *) and tags (!) are not used here" },
	{ "a: !x [1]\n", "t.yaml:1: anchors (&, *) and tags (!) are not used here" },
	{ "a: 1\n---\nb: 2\n", "t.yaml:2: found a second document, expected only one" },
	{ "a: 1\n  b: 2\n", "t.yaml:2: mapping values are not allowed in this context" },
	{ "a: [1,\n", "t.yaml:2: did not find expected node content" },
	{ "a: 1\n\tb: 2\n", "t.yaml:2: found a tab character that violates indentation" },
	{ "\n\na: \"x\n", "t.yaml:4: found unexpected end of stream" },
	{ "a: 1\nb: \xff\n", "t.yaml:2: invalid leading UTF-8 octet" },
	{ "a: 1\nb: \x01\n", "t.yaml:2: control characters are not allowed" },
	{ "a: \"x\\0y\"\n", "t.yaml:1: found a NUL character, expected text" },
	{ "[a]: 1\n", "t.yaml:1: found a list or map, expected a key" },
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(errors); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in = test_exact(errors[i].in, strlen(errors[i].in));
		km_err err = { 0 };
		km_yaml *root;
		assert_int_equal(km_yaml_parse(a, in, "t.yaml", &root, &err), KM_CONFIG);
		assert_null(root);
		test_sv_is(km_sv_of(err.msg), errors[i].want, errors[i].in);
		test_drop(in);
		km_arena_free(a);
	}
}

/* @n times @unit */
static km_sv repeated(km_arena *a, const char *unit, size_t n)
{
	km_buf b;

	km_buf_init(&b, a, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++)
		km_buf_add(&b, km_sv_of(unit));
	return km_buf_sv(&b);
}

static void test_bounds(void **state)
{
	static const struct {
		const char *unit;
		size_t n;
		km_status want;
		const char *tell;
	} cases[] = {
		{ "[", 33, KM_CONFIG, "nested too deeply" },
		{ "[", 100000, KM_CONFIG, "nested too deeply" },
		{ "- ", 33, KM_CONFIG, "nested too deeply" },
		{ "{a: ", 5000, KM_CONFIG, "nested too deeply" },
		{ "- a\n", 99999, KM_OK, "" },
		{ "- a\n", 100000, KM_CONFIG, "too many values" },
		{ "- aaaaaaaaaaaa\n", 70000, KM_CONFIG, "larger than 1 MiB" },
	};
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(64 << 20);
		km_err err = { 0 };
		km_yaml *root;
		assert_int_equal(km_yaml_parse(a, repeated(a, cases[i].unit, cases[i].n), "t",
					       &root, &err),
				 cases[i].want);
		if (strstr(err.msg, cases[i].tell) == NULL)
			fail_msg("%zu %s: %s", cases[i].n, cases[i].unit, err.msg);
		km_arena_free(a);
	}
	km_arena *small = km_arena_new(2000);
	km_yaml *root;
	assert_int_equal(km_yaml_parse(small, KM_S("a: 1\n"), "t", &root, NULL), KM_NOMEM);
	km_arena_free(small);
}

/* Memory grows with the number of keys, not with its square. */
static void test_linear(void **state)
{
	size_t used[2];
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		km_arena *a = km_arena_new(64 << 20), *text = km_arena_new(64 << 20);
		km_yaml *root;
		km_buf b;
		km_buf_init(&b, text, 1 << 20);
		for (size_t i = 0; i < (k ? 40000u : 10000u); i++)
			km_buf_fmt(&b, "k%zu: 1\n", i);
		assert_int_equal(km_yaml_parse(a, km_buf_sv(&b), "t", &root, NULL), KM_OK);
		used[k] = km_arena_used(a);
		km_arena_free(a);
		km_arena_free(text);
	}
	assert_true(used[1] < used[0] * 5);
}

static const struct {
	const char *in;
	double want;
	bool ok;
} numbers[] = {
	{ "0", 0, true },
	{ "1.5", 1.5, true },
	{ "-0.3", -0.3, true },
	{ "+2", 2, true },
	{ "100", 100, true },
	{ "17.25", 17.25, true },
	{ "-100", -100, true },
	{ "100.1", 0, false },
	{ "-101", 0, false },
	{ "1e3", 0, false },
	{ ".5", 0, false },
	{ "5.", 0, false },
	{ "1.2.3", 0, false },
	{ "nan", 0, false },
	{ "inf", 0, false },
	{ "0x10", 0, false },
	{ "", 0, false },
	{ "-x", 0, false },
	{ "'1'", 0, false },
	{ "[1]", 0, false },
	{ "1_000", 0, false },
	{ "0.1", 0.1, true },
	{ "0.123456", 0.123456, true },
	{ "1234567890123456", 0, false },
};

static km_yaml *parse(km_arena *a, const char *text)
{
	km_err err = { 0 };
	km_yaml *root = NULL;

	if (km_yaml_parse(a, km_sv_of(text), "t.yaml", &root, &err) != KM_OK)
		fail_msg("%s: %s", text, err.msg);
	return root;
}

static void test_numbers(void **state)
{
	km_arena *a = km_arena_new(1 << 20);
	(void)state;
	for (size_t i = 0; i < KM_COUNT(numbers); i++) {
		const km_yaml *root = parse(a, km_sv_cstr(a, km_sv_fmt(a, "x: %s", numbers[i].in)));
		double d = 0;
		km_status st = km_yaml_double(root->child, -100, 100, &d, NULL);
		if ((st == KM_OK) != numbers[i].ok || d < numbers[i].want || d > numbers[i].want)
			fail_msg("%s: %s %g", numbers[i].in, km_status_name(st), d);
	}
	km_arena_free(a);
}

static const struct {
	const char *in, *want;
} ints[] = {
	{ "5", "" },
	{ "-3", "" },
	{ "9", "t.yaml:1: x: found \"9\", expected a whole number from -3 to 8" },
	{ "1.0", "t.yaml:1: x: found \"1.0\", expected a whole number from -3 to 8" },
	{ "", "t.yaml:1: x: found nothing, expected a whole number from -3 to 8" },
	{ "{}", "t.yaml:1: x: found a map, expected a whole number from -3 to 8" },
	{ "\"5\"", "t.yaml:1: x: found text \"5\", expected a whole number from -3 to 8" },
	{ "\"a\\tb\"", "t.yaml:1: x: found text \"a?b\", expected a whole number from -3 to 8" },
	{ "99999999999999999999",
	  "t.yaml:1: x: found \"99999999999999999999\", expected a whole number from -3 to 8" },
	{ "ああああああああああああああああああああ",
	  "t.yaml:1: x: found \"あああああああああああああ\"..., expected a whole number from -3 "
	  "to "
	  "8" },
};

static void test_ints(void **state)
{
	km_arena *a = km_arena_new(1 << 20);
	(void)state;
	for (size_t i = 0; i < KM_COUNT(ints); i++) {
		const km_yaml *root = parse(a, km_sv_cstr(a, km_sv_fmt(a, "x: %s", ints[i].in)));
		km_err err = { 0 };
		int64_t x = 0;
		km_status st = km_yaml_int(root->child, -3, 8, &x, &err);
		assert_int_equal(st, *ints[i].want ? KM_CONFIG : KM_OK);
		test_sv_is(km_sv_of(err.msg), ints[i].want, ints[i].in);
	}
	km_arena_free(a);
}

static void test_bools(void **state)
{
	km_arena *a = km_arena_new(1 << 20);
	const km_yaml *root = parse(a, "a: yes\nb: OFF\nc: 'true'\nd: 1\n");
	bool x;
	(void)state;
	assert_int_equal(km_yaml_bool(km_yaml_get(root, KM_S("a")), &x, NULL), KM_OK);
	assert_true(x);
	assert_int_equal(km_yaml_bool(km_yaml_get(root, KM_S("b")), &x, NULL), KM_OK);
	assert_false(x);
	assert_int_equal(km_yaml_bool(km_yaml_get(root, KM_S("c")), &x, NULL), KM_CONFIG);
	assert_int_equal(km_yaml_bool(km_yaml_get(root, KM_S("d")), &x, NULL), KM_CONFIG);
	assert_null(km_yaml_get(root, KM_S("e")));
	km_arena_free(a);
}

static void test_path(void **state)
{
	km_arena *a = km_arena_new(1 << 20);
	const km_yaml *root = parse(a, "a:\n  b:\n    - x\n    - c: [1, 2]\n");
	const km_yaml *n = root->child->child->child->next->child->child->next;
	(void)state;
	TEST_SV(km_yaml_path(a, n), "a.b[1].c[1]");
	TEST_SV(km_yaml_path(a, root), "");
	assert_int_equal(n->line, 4);
	assert_int_equal(root->child->line, 1);
	km_arena_free(a);
}

static km_status read_x(const km_yaml *n, void *ctx, km_err *err)
{
	return km_yaml_int(n, 0, 9, ctx, err);
}

static void test_fields(void **state)
{
	static const km_yaml_field fields[] = { { "points", true, read_x },
						{ "cap", false, read_x } };
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "points: 1", "" },
		{ "cap: 1\npoints: 2\n", "" },
		{ "cap: 1", "t.yaml:1: \"points\" is missing" },
		{ "points: 1\npionts: 1",
		  "t.yaml:2: pionts: unknown key; did you mean \"points\"?" },
		{ "points: 1\nzzzzzz: 1", "t.yaml:2: zzzzzz: unknown key; expected points, cap" },
		{ "[1]", "t.yaml:1: found a list, expected a map with keys such as \"points\"" },
		{ "points: 10",
		  "t.yaml:1: points: found \"10\", expected a whole number from 0 to 9" },
	};
	km_arena *a = km_arena_new(1 << 20);
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_err err = { 0 };
		int64_t x = 0;
		km_status st =
			km_yaml_fields(parse(a, cases[i].in), fields, KM_COUNT(fields), &x, &err);
		assert_int_equal(st, *cases[i].want ? KM_CONFIG : KM_OK);
		test_sv_is(km_sv_of(err.msg), cases[i].want, cases[i].in);
	}
	km_arena_free(a);
}

static const char *const animals[] = { "komainu", "shiisaa", "kitsune" };

static const char *animal(size_t i, const void *ctx)
{
	(void)ctx;
	return animals[i];
}

static void test_nearest(void **state)
{
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "komainu", "komainu" },
		{ "komanu", "komainu" },
		{ "okmainu", "komainu" },
		{ "Kitsune", "kitsune" },
		{ "kitsunes", "kitsune" },
		{ "tanuki", NULL },
		{ "", NULL },
	};
	char longest[500];
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		const char *got =
			km_nearest(km_sv_of(cases[i].word), animal, KM_COUNT(animals), NULL);
		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else
			assert_null(got);
	}
	memset(longest, 'k', sizeof(longest));
	assert_null(
		km_nearest((km_sv){ longest, sizeof(longest) }, animal, KM_COUNT(animals), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),	cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds),	cmocka_unit_test(test_linear),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_ints),
		cmocka_unit_test(test_bools),	cmocka_unit_test(test_path),
		cmocka_unit_test(test_fields),	cmocka_unit_test(test_nearest),
	};
	return cmocka_run_group_tests_name("conf/yaml", tests, NULL, NULL);
}
