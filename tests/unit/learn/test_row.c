#include "learn/row.h"

#include "test.h"

static km_features some(km_arena *a, uint32_t seed)
{
	km_features f = { .latin = 0.25, .disguised = seed & 1 };

	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		size_t n = (size_t)v * 37 % 90;
		f.view[v].bucket = KM_NEW_ARRAY(a, uint32_t, n);
		f.view[v].n = n;
		/* falling, so that packing has something to sort */
		for (size_t i = 0; i < n; i++)
			f.view[v].bucket[i] = KM_BUCKETS - 1 - (uint32_t)i * (seed + 1);
	}
	return f;
}

static km_row sample(km_sv body)
{
	km_row r = { .kind = KM_ROW_SPAM,
		     .seq = 7,
		     .before = 3,
		     .t_ms = 1795437690435,
		     .weight = 0.5,
		     .fingerprint = 99,
		     .reporter = KM_SV("taro"),
		     .scope = { KM_SV("example.jp"), KM_SV("taro@example.jp") },
		     .body = body };

	memset(r.digest, 0xab, sizeof(r.digest));
	return r;
}

/* What is written is read again, and features keep their buckets. */
static void test_round_trip(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_features f = some(a, 3), g;
	km_buf body, row;
	km_row r;

	km_buf_init(&body, a, KM_FEATURES_MAX_BYTES);
	km_features_pack(&body, &f);
	km_buf_init(&row, a, KM_ROW_MAX_BYTES);
	const km_row in = sample(km_buf_sv(&body));
	assert_int_equal(km_row_write(&row, &in), KM_OK);
	assert_int_equal(row.n % 8, 0);
	km_sv exact = test_exact(row.p, row.n);
	assert_int_equal(km_row_read(exact, &r, NULL), KM_OK);
	assert_int_equal(r.kind, KM_ROW_SPAM);
	assert_true(r.seq == 7 && r.before == 3 && r.t_ms == in.t_ms && r.fingerprint == 99);
	assert_true(r.weight >= 0.5 && r.weight <= 0.5);
	TEST_SV(r.reporter, "taro");
	TEST_SV(r.scope.domain, "example.jp");
	TEST_SV(r.scope.user, "taro@example.jp");
	assert_memory_equal(r.digest, in.digest, sizeof(r.digest));
	assert_int_equal(km_features_unpack(a, r.body, &g, NULL), KM_OK);
	assert_true(g.latin >= 0.25 && g.latin <= 0.25 && g.disguised);
	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		assert_int_equal(g.view[v].n, f.view[v].n);
		for (size_t i = 0; i < g.view[v].n; i++) {
			assert_int_equal(g.view[v].bucket[i], f.view[v].bucket[i]);
			assert_true(i == 0 || g.view[v].bucket[i] > g.view[v].bucket[i - 1]);
		}
	}
	test_drop(exact);
	km_arena_free(a);
}

/* Every bit of a row is under its checksum, and every shorter piece is none. */
static void test_damage(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_features f = some(a, 5);
	km_buf body, row;
	km_row r;

	km_buf_init(&body, a, KM_FEATURES_MAX_BYTES);
	km_features_pack(&body, &f);
	km_buf_init(&row, a, KM_ROW_MAX_BYTES);
	const km_row in = sample(km_buf_sv(&body));
	assert_int_equal(km_row_write(&row, &in), KM_OK);
	for (size_t i = 0; i < row.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			row.p[i] = (char)(row.p[i] ^ (1 << bit));
			assert_int_equal(km_row_read(km_buf_sv(&row), &r, NULL), KM_SYNTAX);
			row.p[i] = (char)(row.p[i] ^ (1 << bit));
		}
	for (size_t n = 0; n < row.n; n++) {
		km_sv part = test_exact(row.p, n), rest = part, piece;
		km_err err = { 0 };
		assert_int_equal(km_row_read(part, &r, &err), KM_SYNTAX);
		assert_true(err.msg[0] != '\0');
		assert_int_equal(km_row_next(&rest, &piece, NULL), n ? KM_SYNTAX : KM_NOTFOUND);
		test_drop(part);
	}
	km_arena_free(a);
}

static void test_rows(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_buf rows;
	km_sv row;
	km_row r;
	size_t n = 0;

	km_buf_init(&rows, a, 1 << 16);
	for (uint64_t seq = 1; seq <= 5; seq++) {
		km_row in = sample(KM_S("body"));
		in.seq = seq;
		in.kind = seq == 4 ? KM_ROW_ROLLBACK : KM_ROW_HAM;
		in.reporter = km_sv_sub(KM_S("abcdefgh"), 0, seq);
		assert_int_equal(km_row_write(&rows, &in), KM_OK);
	}
	km_sv rest = km_buf_sv(&rows);
	while (km_row_next(&rest, &row, NULL) == KM_OK) {
		assert_int_equal(km_row_read(row, &r, NULL), KM_OK);
		assert_int_equal(r.seq, ++n);
		assert_int_equal(r.reporter.n, n);
	}
	assert_int_equal(n, 5);
	assert_int_equal(rest.n, 0);
	km_arena_free(a);
}

/* Bodies that are no features; latin is 1. */
static void test_bad_features(void **state)
{
	(void)state;
	static const struct {
		const char *name, *bytes;
		size_t n;
		km_status want;
	} cases[] = {
		{ "empty sets", "\0\0\x80\x3f\0\0\0\0\0\0", 10, KM_OK },
		{ "one bucket", "\0\0\x80\x3f\0\1\5\0\0\0\0", 11, KM_OK },
		{ "nothing", "", 0, KM_SYNTAX },
		{ "disguised", "\0\0\x80\x3f\1\0\0\0\0\0", 10, KM_OK },
		{ "unknown flag", "\0\0\x80\x3f\2\0\0\0\0\0", 10, KM_SYNTAX },
		{ "no sets", "\0\0\x80\x3f\0", 5, KM_SYNTAX },
		{ "one set less", "\0\0\x80\x3f\0\0\0\0\0", 9, KM_SYNTAX },
		{ "one byte more", "\0\0\x80\x3f\0\0\0\0\0\0\0", 11, KM_SYNTAX },
		{ "more buckets than bytes", "\0\0\x80\x3f\0\x7f\1\1\1\1\0\0\0\0", 14, KM_SYNTAX },
		{ "the same bucket twice", "\0\0\x80\x3f\0\2\5\0\0\0\0\0", 12, KM_SYNTAX },
		{ "bucket over the end", "\0\0\x80\x3f\0\1\x80\x80\x40\0\0\0\0", 13, KM_SYNTAX },
		{ "number that is longer than it need be", "\0\0\x80\x3f\0\x81\0\5\0\0\0\0", 12,
		  KM_SYNTAX },
		{ "number without end", "\0\0\x80\x3f\0\xff\xff\xff\xff\xff\xff\xff", 12,
		  KM_SYNTAX },
		{ "latin over 1", "\0\0\xa0\x3f\0\0\0\0\0\0", 10, KM_SYNTAX },
		{ "latin is no number", "\0\0\xc0\x7f\0\0\0\0\0\0", 10, KM_SYNTAX },
	};
	km_arena *a = km_arena_new(1 << 20);
	km_features f;

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv exact = test_exact(cases[i].bytes, cases[i].n);
		if (km_features_unpack(a, exact, &f, NULL) != cases[i].want)
			fail_msg("%s", cases[i].name);
		test_drop(exact);
	}
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_bad_features),
	};
	return cmocka_run_group_tests_name("learn/row", tests, NULL, NULL);
}
