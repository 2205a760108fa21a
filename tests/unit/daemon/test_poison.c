#include "daemon/poison.h"

#include <unistd.h>

#include "test.h"

#define FIRST "komainu " KM_VERSION "\n"
#define KEY   "00000000000000ab00000000000000cd"

static const struct {
	const char *name, *text;
	unsigned deaths; /* of the message KEY */
} cases[] = {
	{ "nothing", "", 0 },
	{ "none", FIRST, 0 },
	{ "one", FIRST "2 " KEY "\n", 2 },
	{ "no line end", FIRST "1 " KEY, 1 },
	{ "the last one counts", FIRST "1 " KEY "\n3 " KEY "\n", 3 },
	{ "other lines are left out", FIRST "nonsense\n\n2 12\n2 " KEY "\nx " KEY "\n", 2 },
	{ "no count", FIRST "0 " KEY "\n", 0 },
	{ "a count over all bounds", FIRST "4294967296 " KEY "\n", 0 },
	{ "not hexadecimal", FIRST "2 0000000000000xab00000000000000cd\n", 0 },
	{ "key too long", FIRST "2 " KEY "0\n", 0 },
	{ "another version's", "komainu 0.0.0\n2 " KEY "\n", 0 },
	{ "not ours", "2 " KEY "\n", 0 },
};

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv text = test_exact(cases[i].text, strlen(cases[i].text));
		km_shared *s;
		int fd;

		assert_int_equal(km_shared_create(&s, &fd, NULL), KM_OK);
		km_poison_read(s, text);
		unsigned deaths = km_shared_deaths(s, (km_digest_key){ 0xab, 0xcd });
		if (deaths != cases[i].deaths)
			fail_msg("%s: %u deaths", cases[i].name, deaths);
		test_drop(text);
		km_shared_unmap(s);
		(void)close(fd);
	}
}

/* What was written is read again, in its order; a full table stays within its bounds. */
static void test_round_trip(void **state)
{
	(void)state;
	km_shared *a, *b;
	km_buf text, again;
	int fd[2];

	assert_int_equal(km_shared_create(&a, &fd[0], NULL), KM_OK);
	assert_int_equal(km_shared_create(&b, &fd[1], NULL), KM_OK);
	for (uint64_t i = 0; i < KM_POISON_ENTRIES + 10; i++)
		km_shared_remember(a, (km_digest_key){ i << 40, ~i }, 1 + (unsigned)(i % 3));
	km_buf_init(&text, NULL, 1 << 20);
	km_buf_init(&again, NULL, 1 << 20);
	km_poison_write(&text, a);
	km_poison_read(b, km_buf_sv(&text));
	km_poison_write(&again, b);
	assert_true(km_sv_eq(km_buf_sv(&text), km_buf_sv(&again)));
	assert_int_equal(km_shared_deaths(b, (km_digest_key){ 9ull << 40, ~9ull }), 0);
	assert_int_equal(km_shared_deaths(b, (km_digest_key){ 10ull << 40, ~10ull }), 2);
	km_buf_finish(&text);
	km_buf_finish(&again);
	km_shared_unmap(a);
	km_shared_unmap(b);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_round_trip),
	};
	return cmocka_run_group_tests_name("daemon/poison", tests, NULL, NULL);
}
