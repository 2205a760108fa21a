#include "outbound/identity_sql.h"

#include <sqlite3.h>
#include <unistd.h>

#include "test.h"

static char path[64];

static void run(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/komainu-test-XXXXXX");
	int fd = mkstemp(path);
	if (fd < 0)
		return -1;
	(void)close(fd);
	run("CREATE TABLE alias (login TEXT, address TEXT, other TEXT);"
	    "INSERT INTO alias VALUES ('u1', 'a@example.jp', NULL), ('u1', '@shop.example', ''),"
	    " ('u2', 'b@example.jp', ' B2@example.jp '), ('x'' OR ''1''=''1', 'c@example.jp', "
	    "'');");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path);
}

#define QUERY "SELECT address, other FROM alias WHERE login = ?"

static bool own(km_identities *ids, const char *account, const char *address)
{
	return km_identities_check(ids, km_sv_of(account), km_sv_of(address), NULL) ==
	       KM_IDENTITY_OWN;
}

static void test_queries(void **state)
{
	(void)state;
	static const struct {
		const char *query, *want; /* NULL: good */
	} cases[] = {
		{ QUERY, NULL },
		{ QUERY ";  ", NULL },
		{ "", "empty" },
		{ "SELECT address FROM alias", "one parameter" },
		{ "SELECT address FROM alias WHERE login = ? OR login = ?", "there are 2" },
		{ QUERY "; DROP TABLE alias", "one statement" },
		{ "DELETE FROM alias WHERE login = ?", "that reads" },
		{ "SELECT address FROM nowhere WHERE x = ?", "no such table" },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_identity_sql *s;
		km_err err = { 0 };
		km_status st = km_identity_sql_open(path, cases[i].query, &s, &err);
		assert_int_equal(st, cases[i].want ? KM_CONFIG : KM_OK);
		if (cases[i].want && strstr(err.msg, cases[i].want) == NULL)
			fail_msg("%s: %s", cases[i].query, err.msg);
		km_identity_sql_close(s);
	}
	km_identity_sql *s;
	assert_int_equal(km_identity_sql_open("/nonexistent/x.db", QUERY, &s, NULL), KM_CONFIG);
}

static km_status refresh(km_identity_sql *s, km_identities *ids, const char *account, km_time now)
{
	km_sv v = test_exact(account, strlen(account));
	km_status st = km_identity_sql_refresh(s, ids, v, now, NULL);

	test_drop(v);
	return st;
}

static void test_refresh(void **state)
{
	(void)state;
	km_identities *ids = km_identities_new();
	km_identity_sql *s;

	assert_int_equal(km_identity_sql_open(path, QUERY, &s, NULL), KM_OK);
	assert_int_equal(refresh(s, ids, "u1", 1000), KM_OK);
	assert_true(own(ids, "u1", "A@example.jp") && own(ids, "u1", "x@shop.example"));
	assert_int_equal(refresh(s, ids, "u2", 1000), KM_OK);
	assert_true(own(ids, "u2", "b2@example.jp") && !own(ids, "u2", "a@example.jp"));
	/* A name is a name. */
	assert_int_equal(refresh(s, ids, "x' OR '1'='1", 1000), KM_OK);
	assert_true(own(ids, "x' OR '1'='1", "c@example.jp"));
	assert_false(own(ids, "x' OR '1'='1", "a@example.jp"));
	/* What changed is seen once the answer is no longer fresh; what is known from elsewhere
	 * stays where the database has nothing. */
	run("UPDATE alias SET address = 'new@example.jp' WHERE login = 'u2'");
	assert_int_equal(refresh(s, ids, "u2", 1000 + KM_IDENTITY_SQL_FRESH_S - 1), KM_OK);
	assert_true(own(ids, "u2", "b@example.jp"));
	assert_int_equal(refresh(s, ids, "u2", 1000 + KM_IDENTITY_SQL_FRESH_S), KM_OK);
	assert_true(own(ids, "u2", "new@example.jp") && !own(ids, "u2", "b@example.jp"));
	assert_int_equal(km_identities_add(ids, KM_S("u9"), KM_S("z@example.jp")), KM_OK);
	assert_int_equal(refresh(s, ids, "u9", 1000), KM_OK);
	assert_true(own(ids, "u9", "z@example.jp"));
	/* The clock goes back: asked anew. A file that can not be read changes nothing. */
	run("DROP TABLE alias");
	assert_int_not_equal(refresh(s, ids, "u2", 10), KM_OK);
	assert_true(own(ids, "u2", "new@example.jp"));
	assert_int_equal(refresh(s, ids, "u2", 11), KM_OK);
	km_identity_sql_close(s);
	km_identities_free(ids);
}

static void test_too_much(void **state)
{
	(void)state;
	km_identities *ids = km_identities_new();
	km_identity_sql *s;
	km_err err = { 0 };

	assert_int_equal(
		km_identity_sql_open(path,
				     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
				     "n) SELECT i FROM n WHERE i < 0 AND ? <> ''",
				     &s, NULL),
		KM_OK);
	assert_int_equal(km_identity_sql_refresh(s, ids, KM_S("u1"), 1, &err), KM_LIMIT);
	assert_non_null(strstr(err.msg, "too long"));
	km_identity_sql_close(s);
	assert_int_equal(
		km_identity_sql_open(path,
				     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
				     "n) SELECT i || '@example.jp' FROM n WHERE ? <> ''",
				     &s, NULL),
		KM_OK);
	err = (km_err){ 0 };
	assert_int_equal(km_identity_sql_refresh(s, ids, KM_S("u1"), 1, &err), KM_LIMIT);
	assert_non_null(strstr(err.msg, "1000"));
	km_identity_sql_close(s);
	km_identities_free(ids);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queries),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_too_much),
	};
	return cmocka_run_group_tests_name("outbound/identity_sql", tests, setup, teardown);
}
