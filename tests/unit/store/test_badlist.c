#include "store/badlist.h"

#include <unistd.h>

#include "base/file.h"
#include "test.h"

static char path[64];

static int make_path(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/komainu-badlist-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_some(int from, int to, uint32_t day)
{
	km_badlist_writer *w = km_badlist_writer_new();
	km_badlist_info info = { .rows = 7, .shared = 1, .imported = 1234 };
	char key[32];

	assert_non_null(w);
	for (int i = from; i < to; i++) {
		(void)snprintf(key, sizeof(key), "host%d.example/", i);
		assert_int_equal(km_badlist_add(w, i % 2 ? KM_BAD_URL : KM_BAD_HOST, km_sv_of(key),
						day, KM_S("note"), NULL),
				 KM_OK);
	}
	assert_int_equal(km_badlist_write(w, path, &info, NULL), KM_OK);
	assert_int_equal(info.entries, to - from);
	km_badlist_writer_free(w);
}

static void test_find(void **state)
{
	(void)state;
	km_badlist *l;
	km_bad_entry e;

	write_some(0, 5000, 19000);
	assert_int_equal(km_badlist_open(path, &l, NULL), KM_OK);
	assert_int_equal(km_badlist_about(l)->rows, 7);
	assert_int_equal(km_badlist_about(l)->shared, 1);
	assert_int_equal(km_badlist_about(l)->entries, 5000);
	assert_int_equal(km_badlist_about(l)->imported, 1234);
	for (int i = 0; i < 6000; i++) {
		char key[32];
		(void)snprintf(key, sizeof(key), "host%d.example/", i);
		km_bad_kind kind = i % 2 ? KM_BAD_URL : KM_BAD_HOST;
		km_bad_kind other = i % 2 ? KM_BAD_HOST : KM_BAD_URL;
		assert_int_equal(km_badlist_find(l, kind, km_sv_of(key), &e), i < 5000);
		assert_false(km_badlist_find(l, other, km_sv_of(key), NULL));
	}
	assert_true(km_badlist_find(l, KM_BAD_URL, KM_S("host1.example/"), &e));
	assert_int_equal(e.day, 19000);
	TEST_SV(e.note, "note");
	/* An open list stays as it was when another takes its place. */
	write_some(6000, 6001, 1);
	assert_true(km_badlist_find(l, KM_BAD_URL, KM_S("host1.example/"), &e));
	km_badlist_close(l);
	assert_int_equal(km_badlist_open(path, &l, NULL), KM_OK);
	assert_false(km_badlist_find(l, KM_BAD_URL, KM_S("host1.example/"), &e));
	assert_true(km_badlist_find(l, KM_BAD_HOST, KM_S("host6000.example/"), &e));
	km_badlist_close(l);
}

/* Of entries with the same key the newest stays, in whichever order they come. */
static void test_newest(void **state)
{
	(void)state;
	static const uint32_t days[][3] = { { 1, 2, 3 }, { 3, 2, 1 }, { 2, 3, 1 } };

	for (size_t i = 0; i < KM_COUNT(days); i++) {
		km_badlist_writer *w = km_badlist_writer_new();
		km_badlist_info info = { .rows = 3 };
		km_badlist *l;
		km_bad_entry e;
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(km_badlist_add(w, KM_BAD_HASH, KM_S("00ff"), days[i][k],
							days[i][k] == 3 ? KM_S("new") : KM_S("old"),
							NULL),
					 KM_OK);
		assert_int_equal(km_badlist_write(w, path, &info, NULL), KM_OK);
		assert_int_equal(info.entries, 1);
		assert_int_equal(info.hashes, 1);
		assert_int_equal(km_badlist_open(path, &l, NULL), KM_OK);
		assert_true(km_badlist_find(l, KM_BAD_HASH, KM_S("00ff"), &e));
		assert_int_equal(e.day, 3);
		TEST_SV(e.note, "new");
		km_badlist_close(l);
		km_badlist_writer_free(w);
	}
}

/* A file with any one byte changed or missing is refused. */
static void test_damage(void **state)
{
	(void)state;
	km_badlist *l = NULL;
	km_err err = { .st = KM_OK };
	km_file f;

	write_some(0, 3, 1);
	assert_int_equal(km_file_open(&f, path, 1 << 20, NULL), KM_OK);
	km_sv whole = test_exact(f.bytes.p, f.bytes.n);
	km_file_close(&f);
	for (size_t i = 0; i < whole.n; i += 97) {
		((char *)(uintptr_t)whole.p)[i] ^= 1;
		assert_int_equal(km_file_replace(path, whole, NULL), KM_OK);
		assert_int_equal(km_badlist_open(path, &l, &err), KM_SYNTAX);
		((char *)(uintptr_t)whole.p)[i] ^= 1;
	}
	for (size_t n = 0; n < whole.n; n += 1 + whole.n / 9) {
		assert_int_equal(km_file_replace(path, km_sv_sub(whole, 0, n), NULL), KM_OK);
		assert_int_equal(km_badlist_open(path, &l, &err), KM_SYNTAX);
	}
	assert_null(l);
	assert_int_equal(km_badlist_open("/nonexistent/list", &l, NULL), KM_NOTFOUND);
	test_drop(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_newest),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests_name("store/badlist", tests, make_path, drop_path);
}
