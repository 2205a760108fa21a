#include "content/table.h"

#include "test.h"

static const char *const columns[] = { "id", "names" };

static const struct {
	const char *name, *in;
	km_status want;	       /* of the first row */
	const char *a, *b;     /* its fields */
	const char *complaint; /* in the message */
} cases[] = {
	{ "plain", "id,names\nx,y z\n", KM_OK, "x", "y z", NULL },
	{ "remarks and empty lines", "# r\n\nid,names\n# s\n \na,b\n", KM_OK, "a", "b", NULL },
	{ "CRLF", "id,names\r\na,b\r\n", KM_OK, "a", "b", NULL },
	{ "quotes", "id,names\n\"a,b\",\"c\"\"d\"\n", KM_OK, "a,b", "c\"d", NULL },
	{ "quoted last", "id,names\na,\"\"\n", KM_OK, "a", "", NULL },
	{ "empty fields", "id,names\n,\n", KM_OK, "", "", NULL },
	{ "no rows", "id,names\n", KM_NOTFOUND, NULL, NULL, NULL },
	{ "nothing", "", KM_CONFIG, NULL, NULL, "names the columns" },
	{ "other column", "id,name\na,b\n", KM_CONFIG, NULL, NULL, "t:1: column 2" },
	{ "too few", "id,names\na\n", KM_CONFIG, NULL, NULL, "t:2: 1 columns" },
	{ "too many", "id,names\na,b,c\n", KM_CONFIG, NULL, NULL, "t:2: more than 2" },
	{ "open quote", "id,names\na,\"b\n", KM_CONFIG, NULL, NULL, "t:2: a quoted field" },
	{ "text after quote", "id,names\n\"a\"x,b\n", KM_CONFIG, NULL, NULL,
	  "t:2: a quoted field" },
	{ "not UTF-8", "id,names\na,\xff\n", KM_CONFIG, NULL, NULL, "t:2: not UTF-8" },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_table t;
		km_err err = { KM_OK };

		km_table_open(&t, a, in, "t", columns, KM_COUNT(columns));
		if (km_table_next(&t, &err) != cases[i].want)
			fail_msg("%s: another status", cases[i].name);
		if (cases[i].want == KM_OK) {
			test_sv_is(t.field[0], cases[i].a, cases[i].name);
			test_sv_is(t.field[1], cases[i].b, cases[i].name);
		}
		if (cases[i].complaint && strstr(err.msg, cases[i].complaint) == NULL)
			fail_msg("%s: %s", cases[i].name, err.msg);
		test_drop(in);
		km_arena_free(a);
	}
}

static void test_parts(void **state)
{
	(void)state;
	km_sv list = KM_S(" a;; b ;"), part;

	assert_true(km_table_part(&list, ';', &part));
	test_sv_is(part, "a", "first");
	assert_true(km_table_part(&list, ';', &part));
	test_sv_is(part, "b", "second");
	assert_false(km_table_part(&list, ';', &part));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests_name("content/table", tests, NULL, NULL);
}
