#include "engine/lists.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "test.h"

static const struct {
	km_bad_kind kind;
	const char *value, *note;
	km_status want;
} rows[] = {
	{ KM_BAD_URL, "https://evil.example/login?x=1#top", "Bank", KM_OK },
	{ KM_BAD_URL, "http://user@broken.example.jp:8080/a", "", KM_OK },
	{ KM_BAD_URL, "hxxps://bare.example", "", KM_OK },
	{ KM_BAD_URL, "https://bit.ly/abc", "Short", KM_OK },
	{ KM_BAD_URL, "https://bit.ly/", "", KM_OK }, /* shared: left out */
	{ KM_BAD_URL, "https://a.duckdns.org/", "", KM_OK },
	{ KM_BAD_URL, "https://one.many.example/", "", KM_OK },
	{ KM_BAD_URL, "https://two.many.example/", "", KM_OK },
	{ KM_BAD_URL, "https://three.many.example/*", "", KM_OK },
	{ KM_BAD_URL, "not a url", "", KM_SYNTAX },
	{ KM_BAD_URL, "", "", KM_SYNTAX },
	{ KM_BAD_HOST, "bad.example", "all of it", KM_OK },
	{ KM_BAD_HOST, "*.starred.example", "", KM_OK },
	{ KM_BAD_HOST, "duckdns.org", "", KM_OK }, /* shared: left out */
	{ KM_BAD_HOST, "github.io", "", KM_OK },   /* shared: left out */
	{ KM_BAD_HOST, "co.jp", "", KM_OK },	   /* shared: left out */
	{ KM_BAD_HOST, "203.0.113.9", "", KM_OK },
	{ KM_BAD_HOST, "localhost", "", KM_SYNTAX },
	{ KM_BAD_HOST, "a b", "", KM_SYNTAX },
	{ KM_BAD_ADDRESS, "Bad@Sender.example", "", KM_OK },
	{ KM_BAD_ADDRESS, "@whole.example", "", KM_OK },
	{ KM_BAD_ADDRESS, "@gmail.com", "", KM_OK }, /* shared: left out */
	{ KM_BAD_ADDRESS, "nobody", "", KM_SYNTAX },
	{ KM_BAD_HASH, "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", "",
	  KM_OK },
	{ KM_BAD_HASH, "e3b0", "", KM_SYNTAX },
	{ KM_BAD_HASH, "x3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "",
	  KM_SYNTAX },
};

static const struct {
	const char *value, *hits; /* kinds found */
} questions[] = {
	{ "https://evil.example/login?x=1", "us" },
	{ "http://EVIL.example/login?x=1#other", "us" },
	{ "https://evil.example/login", "s" },
	{ "https://www.evil.example/login?x=1", "" },
	{ "http://broken.example.jp:8080/a", "us" },
	{ "http://broken.example.jp/a", "s" },
	{ "https://example.jp/", "" },
	{ "https://bare.example/", "us" },
	{ "https://bit.ly/abc", "u" },
	{ "https://bit.ly/other", "" },
	{ "https://bit.ly/", "" },
	{ "https://a.duckdns.org/", "us" },
	{ "https://b.duckdns.org/", "" },
	{ "https://duckdns.org/", "" },
	{ "https://four.many.example/x", "d" },
	{ "https://three.many.example/abc", "sd" },
	{ "https://bad.example/", "h" },
	{ "https://x.y.bad.example/", "h" },
	{ "https://x.starred.example/", "h" },
	{ "http://203.0.113.9/x", "h" },
	{ "x.github.io", "" },
	{ "www.example.co.jp", "" },
	{ "bad@sender.example", "a" },
	{ "good@sender.example", "" },
	{ "anyone@whole.example", "a" },
	{ "me@gmail.com", "" },
	{ "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "x" },
	{ "", "" },
};

static void note_hit(void *ctx, const char *list, km_bad_kind kind, const km_bad_entry *e)
{
	(void)e;
	assert_string_equal(list, "test");
	km_buf_byte(ctx, (char)kind);
}

static void test_levels(void **state)
{
	(void)state;
	char dir[] = "/tmp/komainu-lists-XXXXXX", path[64];
	km_list_maker *m = km_list_maker_new();
	km_arena *a = km_arena_new(1 << 20);
	km_badlist_info info;
	km_lists *l;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/test.bad", dir);
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_sv value = test_exact(rows[i].value, strlen(rows[i].value));
		if (km_list_maker_add(m, rows[i].kind, value, 0, km_sv_of(rows[i].note), NULL) !=
		    rows[i].want)
			fail_msg("%s", rows[i].value);
		test_drop(value);
	}
	assert_int_equal(km_list_maker_write(m, path, 1000, &info, NULL), KM_OK);
	assert_int_equal(info.shared, 5);
	assert_int_equal(info.rows, KM_COUNT(rows));
	km_list_maker_free(m);

	assert_int_equal(km_lists_open(dir, &l, NULL), KM_OK);
	assert_int_equal(km_lists_count(l), 1);
	for (size_t i = 0; i < KM_COUNT(questions); i++) {
		km_buf got;
		km_buf_init(&got, a, 64);
		km_lists_look_up(l, a, km_sv_of(questions[i].value), note_hit, &got);
		test_sv_is(km_buf_sv(&got), questions[i].hits, questions[i].value);
	}
	km_lists_close(l);

	/* A damaged list is left out, a missing folder is none. */
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	(void)fputs("x", f);
	(void)fclose(f);
	assert_int_equal(km_lists_open(dir, &l, NULL), KM_OK);
	assert_int_equal(km_lists_count(l), 0);
	km_lists_close(l);
	(void)unlink(path);
	(void)rmdir(dir);
	assert_int_equal(km_lists_open(dir, &l, NULL), KM_OK);
	assert_int_equal(km_lists_count(l), 0);
	km_lists_close(l);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
	};
	return cmocka_run_group_tests_name("engine/lists", tests, NULL, NULL);
}
