#include "store/known.h"

#include <stdio.h>
#include <unistd.h>

#include "test.h"

static char dir[] = "/tmp/komainu-known-XXXXXX";

typedef struct {
	char text[2000];
} listing;

static void add(listing *l, km_sv a, km_sv b)
{
	size_t n = strlen(l->text);

	(void)snprintf(l->text + n, sizeof(l->text) - n, "%.*s=%.*s ", KM_FMT(a), KM_FMT(b));
}

static void on_lease(void *ctx, km_sv ip, km_sv account, km_time until)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%zu:%u/%lld", ip.n, (unsigned char)ip.p[ip.n - 1],
		       (long long)until);
	add(ctx, km_sv_of(text), account);
}

static void on_identities(void *ctx, km_sv account, const km_sv *v, size_t n)
{
	add(ctx, account, KM_S(""));
	for (size_t i = 0; i < n; i++)
		add(ctx, KM_S("-"), v[i]);
}

static void is(km_known *k, km_time now, const char *want)
{
	listing l = { 0 };
	const km_known_reader r = { &l, on_lease, on_identities };

	assert_int_equal(km_known_read(k, now, &r, NULL), KM_OK);
	assert_string_equal(l.text, want);
}

static km_known *open_it(void)
{
	km_known *k = NULL;

	assert_int_equal(km_known_open(dir, &k, NULL), KM_OK);
	return k;
}

static void test_known(void **state)
{
	(void)state;
	const km_sv ip[] = { { "\x7f\0\0\x01", 4 },
			     { "\x7f\0\0\x02", 4 },
			     { "0123456789abcde\x03", 16 } };
	const km_sv some[] = { KM_S("a@example.jp"), KM_S("@b.example") };
	km_known *k = open_it();

	is(k, 100, "");
	assert_int_equal(km_known_lease(k, ip[0], KM_S("u1"), 0, 100, NULL), KM_OK);
	assert_int_equal(km_known_lease(k, ip[1], KM_S("u'; DROP TABLE lease"), 200, 100, NULL),
			 KM_OK);
	assert_int_equal(km_known_lease(k, ip[2], KM_S("u3"), 300, 100, NULL), KM_OK);
	assert_int_equal(km_known_lease(k, ip[0], KM_S("u2"), 400, 100, NULL), KM_OK);
	assert_int_equal(km_known_identities(k, KM_S("u2"), some, 2, NULL), KM_OK);
	assert_int_equal(km_known_identities(k, KM_S("u1"), some, 1, NULL), KM_OK);
	assert_int_equal(km_known_identities(k, KM_S("u1"), NULL, 0, NULL), KM_OK);
	assert_int_equal(km_known_flush(dir, NULL), KM_OK);
	/* As after a kill: the first one is never closed. */
	km_known *second = open_it();
	is(second, 200,
	   "16:3/300=u3 4:1/400=u2 4:2/200=u'; DROP TABLE lease u1= u2= -=@b.example "
	   "-=a@example.jp ");
	is(second, 301, "4:1/400=u2 u1= u2= -=@b.example -=a@example.jp ");
	km_known_close(second);
	km_known_close(k);
}

/* What is over goes by and by, without a restart. */
static void test_tidy(void **state)
{
	(void)state;
	km_known *k = open_it();

	for (unsigned i = 0; i < 3000; i++) {
		const char ip[] = { 10, (char)(i >> 16), (char)(i >> 8), (char)i };
		assert_int_equal(km_known_lease(k, (km_sv){ ip, 4 }, KM_S("u"), 1000 + i, 1000 + i,
						NULL),
				 KM_OK);
	}
	km_known_close(k);
	char command[200];
	k = open_it();
	listing l = { 0 };
	const km_known_reader r = { &l, on_lease, on_identities };
	assert_int_equal(km_known_read(k, 0, &r, NULL), KM_OK); /* nothing is over yet */
	assert_true(strstr(l.text, "4:0/1000=") == NULL);
	km_known_close(k);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_tidy),
	};

	assert_non_null(mkdtemp(dir));
	return cmocka_run_group_tests_name("store/known", tests, NULL, NULL);
}
