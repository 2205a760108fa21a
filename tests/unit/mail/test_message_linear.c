/*
 * Reading a message takes time linear in its size, however deep its parts are nested and however
 * many readings they have. The work is counted (steps.h): four times the input may cost no more
 * than about four times the work.
 */
#include "base/buf.h"
#include "mail/message.h"
#include "steps.h"
#include "test.h"

#define H		   "MIME-Version: 1.0\n"
#define MIXED		   H "Content-Type: multipart/mixed; boundary=b\n\n"
#define OPEN(outer, inner) "--" outer "\nContent-Type: multipart/mixed; boundary=" inner "\n\n"

/* @unit over and over between @start and @end; '#' is its number, '@' a NUL. */
static const struct {
	const char *start, *unit, *end;
} patterns[] = {
	{ "Subject: x\n\n", "a line of text\n", "" },
	{ "Subject: x\n\n", "x", "" },
	{ "Subject: x\n\n", "@", "" },
	{ "", "X-#: y\n", "\nx" },
	{ "Subject: ", "x", "\n\nx" },
	{ "Subject: x", "\n y", "\n\nx" },
	{ "Subject: x\r", "X: y\r", "\r\rx" },
	{ MIXED, "a line of text\n", "--b--\n" },
	{ MIXED, "--\n", "--b--\n" },
	{ MIXED, "--a\n", "--b--\n" },
	{ MIXED, "--B\n", "--b--\n" },
	{ MIXED, "--bb\n", "--b--\n" },
	{ MIXED, "--b\n", "--b--\n" },
	{ MIXED, "--b--\n", "" },
	{ MIXED, "--b\nX: #\n\nx\n", "--b--\n" },
	{ MIXED "--b\n", "no field\n", "--b--\n" },
	{ MIXED "--b\n\n", "x\r--b\r\r", "\n--b--\n" },
	{ H "Content-Type: multipart/mixed; boundary=b\r\r", "--c\r", "" },
	{ MIXED OPEN("b", "bb") OPEN("bb", "bbb") OPEN("bbb", "bbbb") OPEN("bbbb", "bbbbb"),
	  "--bbbbbbbb\n", "" },
	{ H "Content-Type: multipart/mixed; boundary=b0\n\n--b0\n",
	  "Content-Type: multipart/mixed; boundary=c#\n\n--c#\n", "" },
	{ H, "Content-Type: message/rfc822\n\n", "" },
	{ MIXED,
	  "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nWDogeQoKeg==\n",
	  "" },
	{ MIXED,
	  "--b\nContent-Type: text/html\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n",
	  "" },
	{ H "Content-Type: a/b\nContent-Type: multipart/a; boundary=a\n"
	    "Content-Type: multipart/c; boundary=c\nContent-Type: multipart/d; boundary=d\n\n",
	  "--q\n", "" },
	{ H "Content-Type: multipart/mixed; boundary=a; boundary=c; boundary=d\n\n", "--q\n", "" },
	{ "Subject: x\n\n", "begin 644 a\n!00\n", "" },
	{ "Subject: x\n\n", "begin 644 a\n!00\nend\n", "" },
	{ H "Content-Transfer-Encoding: base64\n\n", " \n", "" },
	{ H "Content-Transfer-Encoding: base64\n\n", "QUFB\n", "" },
	{ H "Content-Transfer-Encoding: quoted-printable\n\n", "=\n", "" },
	{ H "Content-Transfer-Encoding: quoted-printable\n\n", " ", "" },
	{ H "Content-Transfer-Encoding: x-uuencode\n\n", "_\n", "" },
	{ H "Content-Transfer-Encoding: unknown\n\n", "=41", "" },
};

static km_sv build(size_t i, size_t size)
{
	km_buf b;

	km_buf_init(&b, NULL, size * 2 + 4096);
	km_buf_fmt(&b, "%s", patterns[i].start);
	for (size_t number = 0; b.n < size; number++) {
		for (const char *u = patterns[i].unit; *u; u++) {
			if (*u == '#')
				km_buf_fmt(&b, "%zu", number);
			else
				km_buf_byte(&b, *u == '@' ? '\0' : *u);
		}
	}
	km_buf_fmt(&b, "%s", patterns[i].end);
	km_sv v = test_exact(b.p, b.n);
	km_buf_finish(&b);
	return v;
}

static size_t work(size_t i, size_t size)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv in = build(i, size);
	km_mail *m;

	steps = 0;
	assert_int_equal(km_mail_read(a, in, &m), KM_OK);
	for (size_t k = 0; k < m->n_parts; k++)
		(void)km_part_size(&m->parts[k]);
	test_drop(in);
	km_arena_free(a);
	return steps;
}

static void test_linear(void **state)
{
	/* The most that one byte may cost, in basic blocks. */
	enum { SMALL = 256 << 10, LARGE = 1024 << 10, MOST = 60 };
	size_t worst = 0;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(patterns); i++) {
		size_t small = work(i, SMALL), large = work(i, LARGE);
		if (large > 5 * small + 100000)
			fail_msg("%.60s… %.30s…: %zu steps for %d KB, %zu for %d KB",
				 patterns[i].start, patterns[i].unit, small, SMALL >> 10, large,
				 LARGE >> 10);
		if (large / LARGE > MOST)
			fail_msg("%.60s… %.30s…: %zu steps a byte", patterns[i].start,
				 patterns[i].unit, large / LARGE);
		worst = large * 10 / LARGE > worst ? large * 10 / LARGE : worst;
	}
	assert_true(worst > 1); /* the work was counted */
	print_message("# at most %zu.%zu steps a byte\n", worst / 10, worst % 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };

	return cmocka_run_group_tests_name("mail/message_linear", tests, NULL, NULL);
}
