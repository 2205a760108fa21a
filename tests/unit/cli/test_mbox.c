#include "cli/mbox.h"

#include "test.h"

#define FROM	"From a@example.jp Mon Mar  2 09:14:05 2026\n"
#define FROM_CR "From a@example.jp Mon Mar  2 09:14:05 2026\r\n"

/* The messages, divided by |, as their own last line says. */
static const struct {
	const char *name, *in;
	bool is_mbox;
	const char *messages[4];
} cases[] = {
	{ "empty", "", false, { NULL } },
	{ "no mbox", "Subject: x\n\nbody\n", false, { "Subject: x\n\nbody\n" } },
	{ "one message", FROM "S: 1\n\nb\n", false, { FROM "S: 1\n\nb\n" } },
	{ "two",
	  FROM "S: 1\n\nb\n\n" FROM "S: 2\n\nc\n",
	  true,
	  { FROM "S: 1\n\nb\n", FROM "S: 2\n\nc\n" } },
	{ "CRLF",
	  FROM_CR "S: 1\r\n\r\nb\r\n\r\n" FROM_CR "S: 2\r\n\r\nc",
	  true,
	  { FROM_CR "S: 1\r\n\r\nb\r\n", FROM_CR "S: 2\r\n\r\nc" } },
	{ "stuffed From stays",
	  FROM "S: 1\n\n>" FROM "\n" FROM "S: 2\n\n",
	  true,
	  { FROM "S: 1\n\n>" FROM, FROM "S: 2\n\n" } },
	{ "prose is no From line",
	  FROM "S: 1\n\nb\n\nFrom here on\n",
	  false,
	  { FROM "S: 1\n\nb\n\nFrom here on\n" } },
	{ "no empty line before",
	  FROM "S: 1\n\nb\n" FROM "S: 2\n",
	  false,
	  { FROM "S: 1\n\nb\n" FROM "S: 2\n" } },
	{ "headers only",
	  FROM "S: 1\n\n" FROM "S: 2\n\n",
	  true,
	  { FROM "S: 1\n", FROM "S: 2\n\n" } },
	{ "only From lines", FROM "\n" FROM "\n" FROM, true, { FROM, FROM, FROM } },
	{ "time at the very end", "From a 9:1", false, { "From a 9:1" } },
	{ "cut From line", FROM "S: 1\n\nb\n\nFrom ", false, { FROM "S: 1\n\nb\n\nFrom " } },
};

static void divides(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in)), rest = in, m;
		size_t n = 0;
		if (km_mbox_is(in) != cases[i].is_mbox)
			fail_msg("%s: is an mbox: %d", cases[i].name, !cases[i].is_mbox);
		for (; km_mbox_next(&rest, &m); n++) {
			assert_true(n < 4 && cases[i].messages[n] != NULL);
			test_sv_is(m, cases[i].messages[n], cases[i].name);
		}
		assert_true(n == 4 || cases[i].messages[n] == NULL);
		test_drop(in);
	}
}

/* Each byte is looked at once: 20,000 messages are divided, and nothing but empty lines is lost. */
static void is_linear(void **state)
{
	static const char one[] = FROM "S: 1\n\nFrom nowhere\n\n\n";
	enum { MESSAGES = 20000 };
	char *text = malloc((sizeof(one) - 1) * MESSAGES);
	size_t n = 0, bytes = 0;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < MESSAGES; i++)
		memcpy(text + i * (sizeof(one) - 1), one, sizeof(one) - 1);
	km_sv rest = { text, (sizeof(one) - 1) * MESSAGES }, m;
	const char *before = text;
	while (km_mbox_next(&rest, &m)) {
		assert_true(m.p >= before && m.p <= before + 1);
		before = m.p + m.n;
		bytes += m.n;
		n++;
	}
	assert_int_equal(n, MESSAGES);
	assert_int_equal(bytes + MESSAGES - 1, (sizeof(one) - 1) * MESSAGES);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(divides),
		cmocka_unit_test(is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
