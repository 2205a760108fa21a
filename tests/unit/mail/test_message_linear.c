/*
 * Reading a message takes time linear in its size, however deep its parts are nested and however
 * many readings they have.
 */
#include "linear.h"
#include "mail/message.h"

#define H		   "MIME-Version: 1.0\n"
#define MIXED		   H "Content-Type: multipart/mixed; boundary=b\n\n"
#define OPEN(outer, inner) "--" outer "\nContent-Type: multipart/mixed; boundary=" inner "\n\n"

static const linear_text patterns[] = {
	{ "Subject: x\n\n", "a line of text\n", "" },
	{ "Subject: x\n\n", "x", "" },
	{ "Subject: x\n\n", LINEAR_NUL, "" },
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

static size_t work(void *ctx, km_sv in)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_mail *m;

	(void)ctx;
	steps = 0;
	assert_int_equal(km_mail_read(a, in, &m), KM_OK);
	for (size_t k = 0; k < m->n_parts; k++)
		(void)km_part_size(&m->parts[k]);
	km_arena_free(a);
	return steps;
}

static void test_linear(void **state)
{
	enum { SMALL = 256 << 10, MOST = 60 };

	(void)state;
	linear_check(patterns, KM_COUNT(patterns), SMALL, MOST, work, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_linear) };

	return cmocka_run_group_tests_name("mail/message_linear", tests, NULL, NULL);
}
