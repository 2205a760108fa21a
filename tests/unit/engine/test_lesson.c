#include "engine/lesson.h"

#include "base/limits.h"
#include "test.h"

static const char plain[] =
	"From: a@example.com\r\nSubject: turbine\r\n fold\r\nTo: b@example.jp\r\n\r\n"
	"hello turbine\r\nsecond line\r\n";

/* The same message, and others, as they come out of mailboxes. */
static const struct {
	const char *name, *bytes;
	bool same;
} cases[] = {
	{ "as it was", plain, true },
	{ "LF for CRLF",
	  "From: a@example.com\nSubject: turbine\n fold\nTo: b@example.jp\n\nhello turbine\nsecond "
	  "line\n",
	  true },
	{ "from an mbox, with empty lines at the end",
	  "From x Mon Mar  2 09:14:05 2026\nFrom: a@example.com\nSubject: turbine\n fold\n"
	  "To: b@example.jp\n\nhello turbine\nsecond line\n\n\n",
	  true },
	{ "delivered",
	  "Return-Path: <a@example.com>\r\nDelivered-To: b@example.jp\r\nX-Spam-Flag: YES\r\n"
	  "X-Komainu: action=tag\r\nAuthentication-Results: mx; spf=pass\r\nFrom: a@example.com\r\n"
	  "Subject: turbine\r\n fold\r\nTo: b@example.jp\r\n\r\nhello turbine\r\nsecond line\r\n",
	  true },
	{ "another body",
	  "From: a@example.com\r\nSubject: turbine\r\n fold\r\nTo: b@example.jp\r\n\r\n"
	  "hello turbine\r\nsecond  line\r\n",
	  false },
	{ "another subject",
	  "From: a@example.com\r\nSubject: turbines\r\n fold\r\nTo: b@example.jp\r\n\r\n"
	  "hello turbine\r\nsecond line\r\n",
	  false },
	{ "a line of the body that looks like a field",
	  "From: a@example.com\r\nSubject: turbine\r\n fold\r\nTo: b@example.jp\r\n\r\n"
	  "X-Spam-Flag: YES\r\nhello turbine\r\nsecond line\r\n",
	  false },
	{ "a field of the header in the body",
	  "From: a@example.com\r\nSubject: turbine\r\n fold\r\n\r\nTo: b@example.jp\r\n\r\n"
	  "hello turbine\r\nsecond line\r\n",
	  false },
};

static void test_digest(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_row want, got;

	assert_int_equal(km_lesson_read(a, KM_S(""), &want, NULL), KM_SYNTAX);
	assert_int_equal(km_lesson_read(a, km_sv_of(plain), &want, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv exact = test_exact(cases[i].bytes, strlen(cases[i].bytes));
		assert_int_equal(km_lesson_read(a, exact, &got, NULL), KM_OK);
		if ((memcmp(got.digest, want.digest, sizeof(got.digest)) == 0) != cases[i].same)
			fail_msg("%s", cases[i].name);
		km_features f;
		assert_int_equal(km_features_unpack(a, got.body, &f, NULL), KM_OK);
		assert_true(f.view[KM_VIEW_BODY].n > 0);
		test_drop(exact);
	}
	km_arena_free(a);
}

/* Odd mail teaches; files of other kinds do not, and the reason says where they are none. */
static void test_other_files(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t n;
		const char *why; /* NULL: it teaches */
	} given[] = {
#define GIVEN(bytes, why) { bytes, sizeof(bytes) - 1, why }
		GIVEN("no header here,\nonly text: caf\xe9 and \xe2\x82\xac\n", NULL),
		GIVEN("\x1b$B%a!<%k\x1b(B\n", NULL),		   /* ISO-2022-JP */
		GIVEN("\x83\x81\x81\x5b\x83\x8b\t\f\v\r\n", NULL), /* Shift_JIS */
		GIVEN("Subject: x\n\nz\0\x01\x02\n", NULL),
		GIVEN("From x Mon Mar  2 09:14:05 2026\nSubject: x\n\n\0\n", NULL),
		GIVEN("\x1f\x8b\x08\0\0\0\0\0", "byte 1 is 0x1f"), /* gzip */
		GIVEN("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "byte 7 is 0x1a"),
		GIVEN("\nhello\0", "byte 7 is 0x00"),
#undef GIVEN
	};
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);

	for (size_t i = 0; i < KM_COUNT(given); i++) {
		km_sv exact = test_exact(given[i].bytes, given[i].n);
		km_err err = { 0 };
		km_row r;
		km_status st = km_lesson_read(a, exact, &r, &err);
		if (st != (given[i].why ? KM_SYNTAX : KM_OK) ||
		    (given[i].why && strstr(err.msg, given[i].why) == NULL))
			fail_msg("case %zu: %d %s", i, (int)st, err.msg);
		test_drop(exact);
	}
	km_arena_free(a);
}

/* What does not fit is refused. */
static void test_memory(void **state)
{
	(void)state;
	km_err err = { 0 };
	km_row r;

	for (size_t cap = 1000; cap < 100000; cap *= 2) {
		km_arena *a = km_arena_new(cap);
		km_status st = km_lesson_read(a, km_sv_of(plain), &r, &err);
		assert_true(st == KM_OK || st == KM_LIMIT || st == KM_NOMEM);
		assert_true(st == KM_OK || err.msg[0]);
		km_arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_digest),
					    cmocka_unit_test(test_other_files),
					    cmocka_unit_test(test_memory) };

	return cmocka_run_group_tests_name("engine/lesson", tests, NULL, NULL);
}
