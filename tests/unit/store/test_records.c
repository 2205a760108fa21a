#include "store/records.h"

#include <sys/stat.h>
#include <unistd.h>

#include "temp_dir.h"
#include "test.h"

static km_record sample(const char *id, int64_t t_ms, const char *from, const char *action)
{
	return (km_record){
		.id = km_sv_of(id),
		.t_ms = t_ms,
		.via = KM_S("milter"),
		.queue_id = KM_S("4QABC"),
		.mail_from = km_sv_of(from),
		.from = KM_S("Someone@Example.jp"),
		.user = t_ms == 2000 ? KM_S("u1042") : KM_S(""),
		.rcpts = KM_S("b@example.jp c@example.jp"),
		.n_rcpts = 2,
		.subject = KM_S("件名"),
		.action = km_sv_of(action),
		.class = KM_S("ham"),
		.category = KM_S("none"),
		.score = 1.25,
		.size = 5120,
		.facts = KM_S("[]"),
	};
}

typedef struct {
	size_t n;
	char ids[8][32];
	int64_t last_row;
} found;

static bool collect(void *ctx, int64_t row, const km_record *r)
{
	found *f = ctx;

	if (f->n < KM_COUNT(f->ids))
		(void)snprintf(f->ids[f->n], sizeof(f->ids[0]), "%.*s", KM_FMT(r->id));
	f->n++;
	f->last_row = row;
	return true;
}

static found find(km_records *r, const km_record_filter *filter)
{
	found f = { 0 };

	assert_int_equal(km_records_find(r, filter, collect, &f, NULL), KM_OK);
	return f;
}

static void test_put_and_find(void **state)
{
	(void)state;
	const km_record rows[] = {
		sample("01A", 1000, "alice@example.com", "accept"),
		sample("01B", 2000, "bob@example.com", "reject"),
		sample("01C", 3000, "", "tag"),
	};
	static const struct {
		km_record_filter filter;
		const char *ids;
	} cases[] = {
		{ { .limit = 0 }, "01A 01B 01C " },
		{ { .limit = 2 }, "01C 01B " },
		{ { .address = KM_SV("ALICE@") }, "01A " },
		{ { .address = KM_SV("someone@example.jp") }, "01A 01B 01C " },
		{ { .address = KM_SV("c@example.jp") }, "01A 01B 01C " },
		{ { .address = KM_SV("%") }, "" },
		{ { .id = KM_SV("01B") }, "01B " },
		{ { .id = KM_SV("4QABC") }, "01A 01B 01C " },
		{ { .action = KM_SV("tag") }, "01C " },
		{ { .user = KM_SV("u1042") }, "01B " },
		{ { .user = KM_SV("u") }, "" },
		{ { .since_ms = 2000 }, "01B 01C " },
		{ { .until_ms = 2000 }, "01A 01B " },
		{ { .after_row = 2 }, "01C " },
		{ { .id = KM_SV("x' OR '1'='1") }, "" },
	};
	km_records *w, *r;

	assert_int_equal(km_records_open(dir, &w, NULL), KM_OK);
	assert_int_equal(km_records_put(w, rows, KM_COUNT(rows), NULL), KM_OK);
	/* the same ids again are not written twice */
	assert_int_equal(km_records_put(w, rows, KM_COUNT(rows), NULL), KM_OK);
	assert_int_equal(km_records_open_reader(dir, &r, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		found f = find(r, &cases[i].filter);
		char ids[256] = "";
		for (size_t k = 0; k < f.n; k++)
			(void)snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%s ",
				       f.ids[k]);
		if (strcmp(ids, cases[i].ids) != 0)
			fail_msg("case %zu: got \"%s\", want \"%s\"", i, ids, cases[i].ids);
	}
	km_records_close(r);
	km_records_close(w);
}

static bool check_fields(void *ctx, int64_t row, const km_record *r)
{
	(void)row;
	*(bool *)ctx = true;
	TEST_SV(r->subject, "件名");
	TEST_SV(r->mail_from, "alice@example.com");
	assert_int_equal(r->n_rcpts, 2);
	assert_int_equal(r->size, 5120);
	assert_true(r->score == 1.25);
	return true;
}

static void test_survives_reopening(void **state)
{
	(void)state;
	const km_record row = sample("01A", 1000, "alice@example.com", "accept");
	bool seen = false;
	km_records *w;

	assert_int_equal(km_records_open(dir, &w, NULL), KM_OK);
	assert_int_equal(km_records_put(w, &row, 1, NULL), KM_OK);
	km_records_close(w);
	assert_int_equal(km_records_open(dir, &w, NULL), KM_OK);
	assert_int_equal(km_records_find(w, &(km_record_filter){ .limit = 0 }, check_fields, &seen,
					 NULL),
			 KM_OK);
	assert_true(seen);
	km_records_close(w);
}

static void test_expire(void **state)
{
	(void)state;
	km_records *w;
	size_t n;

	assert_int_equal(km_records_open(dir, &w, NULL), KM_OK);
	for (int i = 0; i < 5; i++) {
		char id[8];
		(void)snprintf(id, sizeof(id), "%d", i);
		km_record r = sample(id, 1000 * i, "a@example.com", "accept");
		assert_int_equal(km_records_put(w, &r, 1, NULL), KM_OK);
	}
	assert_int_equal(km_records_expire(w, 3000, 2, &n, NULL), KM_OK);
	assert_int_equal(n, 2);
	assert_int_equal(km_records_expire(w, 3000, 10, &n, NULL), KM_OK);
	assert_int_equal(n, 1);
	assert_int_equal(find(w, &(km_record_filter){ .limit = 0 }).n, 2);
	km_records_close(w);
}

static void test_errors(void **state)
{
	(void)state;
	char path[128];
	km_records *r;
	km_err err = { 0 };

	assert_int_equal(km_records_open("/nonexistent-folder", &r, &err), KM_IO);
	assert_null(r);
	assert_non_null(strstr(err.msg, "/nonexistent-folder"));
	assert_int_equal(km_records_open_reader(dir, &r, NULL), KM_IO);
	/* a file that is no database is refused, not overwritten */
	(void)snprintf(path, sizeof(path), "%s/records.db", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	for (int i = 0; i < 200; i++)
		(void)fputs("this is not a database. ", f);
	(void)fclose(f);
	err = (km_err){ 0 };
	assert_int_equal(km_records_open(dir, &r, &err), KM_SYNTAX);
	assert_non_null(strstr(err.msg, "not a database"));
	assert_non_null(strstr(err.msg, path));
	err = (km_err){ 0 };
	assert_int_equal(km_records_open_reader(dir, &r, &err), KM_SYNTAX);
	assert_non_null(strstr(err.msg, "damaged"));
	/* set aside it is all there still, and a new one can be begun */
	char name[64];
	struct stat sb;
	assert_int_equal(km_records_set_aside(dir, name, sizeof(name), NULL), KM_OK);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_size, 200 * 24);
	assert_int_equal(km_records_open(dir, &r, NULL), KM_OK);
	km_records_close(r);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_put_and_find),
		CASE(test_survives_reopening),
		CASE(test_expire),
		CASE(test_errors),
	};
	return cmocka_run_group_tests_name("store/records", tests, NULL, NULL);
}
