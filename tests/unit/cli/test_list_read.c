#include "cli/list_read.h"

#include <stdio.h>
#include <unistd.h>

#include "test.h"

static const struct {
	const char *name, *text;
	km_list_format format;
	km_bad_kind kind;
	km_status want;
	size_t rows;
	const char *why; /* in the message */
} cases[] = {
	{ "jpcert",
	  "\xef\xbb\xbf"
	  "date,URL,description\r\n"
	  "2023/01/04 13:39:00,https://a.example/jp,イオンカード\r\n"
	  " ,htps://b.example/,\"A, \"\"B\"\"\"\r\n\r\n",
	  KM_LIST_AUTO, KM_BAD_URL, KM_OK, 2, NULL },
	{ "jpcert, bad date", "date,URL,description\n2023-13-41,https://a.example/,x\n",
	  KM_LIST_AUTO, KM_BAD_URL, KM_SYNTAX, 0, "t:2: not a date" },
	{ "jpcert, columns", "date,URL,description\n2023/01/04,https://a.example/\n", KM_LIST_AUTO,
	  KM_BAD_URL, KM_SYNTAX, 0, "t:2: wrong number of columns" },
	{ "jpcert, no URL", "date,URL,description\n2023/01/04,nothing,x\n", KM_LIST_AUTO,
	  KM_BAD_URL, KM_SYNTAX, 1, "t:2: not a URL: nothing" },
	{ "jpcert, other header", "a,b,c\n", KM_LIST_JPCERT, KM_BAD_URL, KM_SYNTAX, 0,
	  "t:1: the header does not name the columns" },
	{ "jpcert, empty", "", KM_LIST_JPCERT, KM_BAD_URL, KM_SYNTAX, 0, "t:1: empty" },
	{ "not UTF-8", "# x\nhttp://a.example/\nhttp://b.example/\xff\n", KM_LIST_AUTO, KM_BAD_URL,
	  KM_SYNTAX, 1, "t:3: not UTF-8" },
	{ "plain hosts", "# bad\n\nevil.example\n ; x\n*.worse.example\n", KM_LIST_AUTO,
	  KM_BAD_HOST, KM_OK, 2, NULL },
	{ "openphish", "https://a.example/\nhttps://b.example/x", KM_LIST_OPENPHISH, KM_BAD_HOST,
	  KM_OK, 2, NULL },
	{ "phishtank csv",
	  "phish_id,url,phish_detail_url,submission_time,verified,verification_time,online,target\n"
	  "1,\"https://a.example/?x=1,2\",http://p.example/1,2026-01-02T03:04:05+00:00,yes,"
	  "2026-01-02T03:04:05+00:00,yes,Other\n",
	  KM_LIST_AUTO, KM_BAD_URL, KM_OK, 1, NULL },
	{ "phishtank json",
	  "[{\"phish_id\": \"1\", \"url\": \"https://a.example/\", \"submission_time\": "
	  "\"2026-01-02T03:04:05+00:00\", \"target\": \"Other\"}]",
	  KM_LIST_AUTO, KM_BAD_URL, KM_OK, 1, NULL },
	{ "phishtank json, bad entry", "[{\"url\": 1}]", KM_LIST_AUTO, KM_BAD_URL, KM_SYNTAX, 0,
	  "t:1: an entry without url" },
	{ "phishtank json, cut", "[{\"url\"", KM_LIST_PHISHTANK, KM_BAD_URL, KM_SYNTAX, 0,
	  "t:1: " },
	{ "open quote", "date,URL,description\n2023/01/04,https://a.example/,\"x\n", KM_LIST_AUTO,
	  KM_BAD_URL, KM_OK, 1, NULL },
};

static void test_formats(void **state)
{
	(void)state;
	char path[] = "/tmp/komainu-list-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	(void)close(fd);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_list_maker *m = km_list_maker_new();
		km_sv text = test_exact(cases[i].text, strlen(cases[i].text));
		km_err err = { .st = KM_OK };
		km_badlist_info info;
		if (km_list_read(m, cases[i].format, cases[i].kind, text, "t", &err) !=
		    cases[i].want)
			fail_msg("%s: %s", cases[i].name, err.msg);
		if (cases[i].why && !strstr(err.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].name, err.msg);
		assert_int_equal(km_list_maker_write(m, path, 0, &info, NULL), KM_OK);
		if (info.rows != cases[i].rows)
			fail_msg("%s: %zu rows", cases[i].name, (size_t)info.rows);
		test_drop(text);
		km_list_maker_free(m);
	}
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
	};
	return cmocka_run_group_tests_name("cli/list_read", tests, NULL, NULL);
}
