#include "base/buf.h"
#include "mail/message.h"
#include "mail_check.h"
#include "test.h"

#define AMB(id) (1u << KM_AMB_##id)
#define H	"MIME-Version: 1.0\n"
#define MIXED	H "Content-Type: multipart/mixed; boundary=b\n\n"

/* The parts as "path type" in the order of the array. */
static const struct {
	const char *name, *in, *parts;
	uint32_t ambiguities;
} trees[] = {
	{ "empty", "", "1 text/plain", 0 },
	{ "header only", "Subject: x\n", "1 text/plain", 0 },
	{ "body only", "just text\nmore\n", "1 text/plain", AMB(NO_HEADER_END) },
	{ "plain", "Subject: x\n\nhello\n", "1 text/plain", 0 },
	{ "mbox line", "From a@b Mon Jan  1 00:00:00 2024\nSubject: x\n\nhello\n", "1 text/plain",
	  0 },
	{ "two parts", MIXED "--b\n\none\n--b\nContent-Type: text/html\n\n<p>two\n--b--\n",
	  "TEXT multipart/mixed, 1 text/plain, 2 text/html", 0 },
	{ "CRLF, white space after the boundary",
	  "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"
	  "--b \t\r\n\r\none\r\n--b-- \r\n",
	  "TEXT multipart/mixed, 1 text/plain", 0 },
	{ "bare CR",
	  "MIME-Version: 1.0\rContent-Type: multipart/mixed; boundary=b\r\r--b\r\rone\r--b--\r",
	  "TEXT multipart/mixed, 1 text/plain", 0 },
	{ "nested",
	  MIXED "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nx\n--c\n"
		"Content-Type: text/html\n\ny\n--c--\n--b\nContent-Type: image/png\n\n\n--b--\n",
	  "TEXT multipart/mixed, 1 multipart/alternative, 1.1 text/plain, 1.2 text/html, "
	  "2 image/png",
	  0 },
	{ "message inside",
	  MIXED "--b\nContent-Type: message/rfc822\n\nSubject: in\n"
		"Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n--b--\n",
	  "TEXT multipart/mixed, 1 message/rfc822, 1.TEXT multipart/mixed, 1.1 text/plain", 0 },
	{ "leaf message inside", H "Content-Type: message/rfc822\n\nSubject: in\n\nx\n",
	  "1 message/rfc822, 1.1 text/plain", 0 },
	{ "digest",
	  H "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: in\n\nx\n--b--\n",
	  "TEXT multipart/digest, 1 message/rfc822, 1.1 text/plain", 0 },
	{ "missing end", MIXED "--b\n\none\n", "TEXT multipart/mixed, 1 text/plain",
	  AMB(MISSING_END) },
	{ "outer boundary ends inner part",
	  MIXED "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--b\n\ny\n--b--\n",
	  "TEXT multipart/mixed, 1 multipart/mixed, 1.1 text/plain, 2 text/plain",
	  AMB(MISSING_END) },
	{ "parts after the end", MIXED "--b\n\none\n--b--\n--b\n\ntwo\n--b--\n",
	  "TEXT multipart/mixed, 1 text/plain, 2 text/plain", AMB(AFTER_END) },
	{ "same boundary inside",
	  MIXED "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n"
		"--b--\n",
	  "TEXT multipart/mixed, 1 multipart/mixed, 1.1 text/plain, 2 text/plain",
	  AMB(BOUNDARY_PREFIX) },
	{ "longer boundary inside",
	  MIXED "--b\nContent-Type: multipart/mixed; boundary=bc\n\n--bc\n\nx\n--bc--\n--b--\n",
	  "TEXT multipart/mixed, 1 multipart/mixed, 1.1 text/plain", AMB(BOUNDARY_PREFIX) },
	{ "line like a boundary", MIXED "--b\n\none\n--bcd\n\ntwo\n--b--\n",
	  "TEXT multipart/mixed, 1 text/plain, TEXT/r1 multipart/mixed, TEXT/r1.1 text/plain, "
	  "TEXT/r1.2 text/plain",
	  AMB(BOUNDARY_LOOKALIKE) },
	{ "footer on the closing line", MIXED "--b\n\none\n--b--footer\n",
	  "TEXT multipart/mixed, 1 text/plain", AMB(BOUNDARY_LOOKALIKE) },
	{ "no boundary parameter", H "Content-Type: multipart/mixed\n\n--q\n\none\n--q--\n",
	  "TEXT multipart/mixed, TEXT/r1 text/plain, TEXT/r2 multipart/mixed, "
	  "TEXT/r2.1 text/plain",
	  AMB(NO_BOUNDARY) },
	{ "boundary never occurs", MIXED "text\n", "TEXT multipart/mixed, TEXT/r1 text/plain",
	  AMB(BOUNDARY_UNUSED) },
	{ "empty boundary", H "Content-Type: multipart/mixed; boundary=\"\"\n\n--\n\none\n----\n",
	  "TEXT multipart/mixed, TEXT/r1 text/plain, TEXT/r2 multipart/mixed, "
	  "TEXT/r2.1 text/plain",
	  AMB(NO_BOUNDARY) | AMB(BOUNDARY_ODD) },
	{ "two boundaries",
	  H "Content-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\none\n--b--\n"
	    "--c\nContent-Type: text/html\n\ntwo\n--c--\n",
	  "TEXT multipart/mixed, 1 text/plain, TEXT/r1 multipart/mixed, TEXT/r1.1 text/html",
	  AMB(DUP_BOUNDARY) },
	{ "boundary in pieces",
	  H "Content-Type: multipart/mixed; boundary*0=b; boundary*1=c\n\n--bc\n\none\n--bc--\n",
	  "TEXT multipart/mixed, 1 text/plain", AMB(BOUNDARY_ODD) },
	{ "boundary of no multipart",
	  H "Content-Type: text/plain; boundary=b\n\n--b\nContent-Type: text/html\n\none\n--b--\n",
	  "1 text/plain, 1/r1 multipart/mixed, 1/r1.1 text/html", 0 },
	{ "boundary of no multipart, unused", H "Content-Type: text/plain; boundary=b\n\nx\n",
	  "1 text/plain", 0 },
	{ "two types", H "Content-Type: text/plain\nContent-Type: text/html\n\nx\n",
	  "1 text/plain, 1/r1 text/html", AMB(DUP_CONTENT_TYPE) },
	{ "same type twice", H "Content-Type: text/html\nContent-Type:  Text/HTML\n\nx\n",
	  "1 text/html", 0 },
	{ "two types, one with parts",
	  H "Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n"
	    "--b--\n",
	  "1 text/plain, 1/r1 multipart/mixed, 1/r1.1 text/plain", AMB(DUP_CONTENT_TYPE) },
	{ "two encodings",
	  H "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\naGk=\n",
	  "1 text/plain, 1/r1 text/plain", AMB(DUP_ENCODING) },
	{ "two charsets", H "Content-Type: text/plain; charset=utf-8; charset=iso-2022-jp\n\nx\n",
	  "1 text/plain, 1/r1 text/plain", AMB(DUP_CHARSET) },
	{ "type without slash", H "Content-Type: text\n\nx\n", "1 text/plain",
	  AMB(BAD_CONTENT_TYPE) },
	{ "type of three", H "Content-Type: a/b/c\n\nx\n", "1 text/plain", AMB(BAD_CONTENT_TYPE) },
	{ "page called text", H "Content-Type: text/plain\n\n<html><body>x\n",
	  "1 text/plain, 1/r1 text/html", 0 },
	{ "unknown encoding", H "Content-Transfer-Encoding: base-64\n\naGVsbG8gaGVsbG8gaGVsbG8=\n",
	  "1 text/plain, 1/r1 text/plain", AMB(UNKNOWN_ENCODING) },
	{ "encoded message",
	  H "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
	    "U3ViamVjdDogeAoKaGkK\n",
	  "1 message/rfc822, 1.1 text/plain", AMB(ENCODED_MULTIPART) },
	{ "message said to be encoded that is not",
	  H "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
	    "Content-Type: text/html\n\nx\n",
	  "1 message/rfc822, 1.1 text/html, 1/r1 message/rfc822, 1/r1.1 text/html",
	  AMB(ENCODED_MULTIPART) },
	{ "encoded multipart",
	  H "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
	    "LS1iCgpoaQotLWItLQo=\n",
	  "TEXT multipart/mixed, TEXT/r1 text/plain, TEXT/r2 multipart/mixed, "
	  "TEXT/r2.1 text/plain",
	  AMB(ENCODED_MULTIPART) | AMB(BOUNDARY_UNUSED) },
	{ "uuencode", "Subject: x\n\nsee\nbegin 644 a.exe\n#0V%T\n`\nend\nbye\n",
	  "1 text/plain, 1.1 application/octet-stream", AMB(UUENCODE) },
	{ "talk of uuencode", "Subject: x\n\nbegin 644 and so on\nare the words\nend\n",
	  "1 text/plain", 0 },
	{ "partial", H "Content-Type: message/partial; id=x; number=1\n\nSubject: y\n",
	  "1 message/partial", AMB(PARTIAL) },
	{ "no MIME-Version", "Content-Type: text/html\n\nx\n", "1 text/html",
	  AMB(NO_MIME_VERSION) },
	{ "headers without end in a part", MIXED "--b\nContent-Type: text/html\n<p>x\n--b--\n",
	  "TEXT multipart/mixed, 1 text/html", AMB(NO_HEADER_END) },
	{ "headers end at the boundary", MIXED "--b\nContent-Type: text/html\n--b--\n",
	  "TEXT multipart/mixed, 1 text/html", 0 },
	{ "boundary inside headers wins over a colon",
	  H "Content-Type: multipart/mixed; boundary=\"=_:x\"\n\n--=_:x\nX: y\n--=_:x--\n",
	  "TEXT multipart/mixed, 1 text/plain", 0 },
	{ "a line that is no field amid the headers", H "no field\nContent-Type: text/html\n\nx\n",
	  "1 text/html, 1/r1 text/plain", AMB(NO_HEADER_END) },
	{ "lone CR before a boundary", MIXED "--b\n\none\r--b\n\ntwo\n--b--\n",
	  "TEXT multipart/mixed, 1 text/plain, TEXT/r1 multipart/mixed, TEXT/r1.1 text/plain, "
	  "TEXT/r1.2 text/plain",
	  AMB(MIXED_EOL) },
	{ "lone CR elsewhere", MIXED "--b\n\no\rne\n--b--\n", "TEXT multipart/mixed, 1 text/plain",
	  AMB(MIXED_EOL) },
	{ "mixed line ends", "Subject: x\r\n\r\na\nb\r\n", "1 text/plain", AMB(MIXED_EOL) },
	{ "two names",
	  H "Content-Type: application/pdf; name=a.pdf\n"
	    "Content-Disposition: attachment; filename=a.exe\n\nx\n",
	  "1 application/pdf", AMB(DUP_FILENAME) },
};

static km_sv list_parts(km_arena *a, const km_mail *m)
{
	km_buf b;

	km_buf_init(&b, a, 100000);
	for (size_t i = 0; i < m->n_parts; i++)
		km_buf_fmt(&b, "%s%.*s %.*s", i ? ", " : "", KM_FMT(m->parts[i].path),
			   KM_FMT(m->parts[i].type));
	return km_buf_sv(&b);
}

static void show_ambiguities(uint32_t set)
{
	for (int k = 0; k < KM_AMB_COUNT; k++)
		if (set >> k & 1)
			print_message("# %s\n", km_ambiguity_name((km_ambiguity)k));
}

static void test_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(trees); i++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_sv in = test_exact(trees[i].in, strlen(trees[i].in));
		km_mail *m;

		assert_int_equal(km_mail_read(a, in, &m), KM_OK);
		test_sv_is(list_parts(a, m), trees[i].parts, trees[i].name);
		if (m->ambiguities != trees[i].ambiguities) {
			show_ambiguities(m->ambiguities ^ trees[i].ambiguities);
			fail_msg("%s: those ambiguities are new or missing", trees[i].name);
		}
		const char *bad = mail_check(m);
		if (bad)
			fail_msg("%s: %s", trees[i].name, bad);
		km_arena_free(a);
		test_drop(in);
	}
}

/* What the parts hold, each with its number in the array. */
static const struct {
	const char *name, *in;
	size_t part;
	const char *text;
} texts[] = {
	{ "line end before the boundary", MIXED "--b\n\none\n\n--b--\n", 1, "one\n" },
	{ "empty part", MIXED "--b\n\n--b--\n", 1, "" },
	{ "base64", H "Content-Transfer-Encoding: base64\n\naGk=\n", 0, "hi" },
	{ "other encoding",
	  H "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\naGk=\n", 1,
	  "hi" },
	{ "charset", H "Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B$\"\x1b(B", 0,
	  "\xe3\x81\x82" },
	{ "other charset",
	  H "Content-Type: text/plain; charset=us-ascii; charset=iso-8859-1\n\n\xe9t\xe9", 1,
	  "\xc3\xa9t\xc3\xa9" },
	{ "visible text of a page", H "Content-Type: text/html\n\n<b>bold</b><!-- x -->", 0,
	  "bold" },
	{ "no text", H "Content-Type: image/png\n\nx", 0, "" },
	{ "text outside the parts is not long", MIXED "note\n--b\n\none\n--b--\nnote\n", 1, "one" },
	{ "inside an encoded message",
	  H "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
	    "U3ViamVjdDogeAoKaGkK\n",
	  1, "hi\n" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_sv in = test_exact(texts[i].in, strlen(texts[i].in));
		km_mail *m;

		assert_int_equal(km_mail_read(a, in, &m), KM_OK);
		assert_true(texts[i].part < m->n_parts);
		test_sv_is(km_sv_trim(km_part_text(m, &m->parts[texts[i].part])),
			   texts[i].text[0] ? (const char *)km_sv_cstr(
						      a, km_sv_trim(km_sv_of(texts[i].text)))
					    : "",
			   texts[i].name);
		km_arena_free(a);
		test_drop(in);
	}
}

static const struct {
	const char *header;
	const char *names; /* all spellings, the preferred one first */
	bool attachment;
} names[] = {
	{ "Content-Disposition: attachment; filename=a.txt\n", "a.txt", true },
	{ "Content-Type: text/plain; name=a.txt\n", "a.txt", false },
	{ "Content-Type: application/pdf; name=a.pdf\n", "a.pdf", true },
	{ "Content-Type: application/pdf\nContent-Disposition: inline\n", "", false },
	{ "Content-Disposition: strange\n", "", true },
	{ "Content-Disposition: attachment; filename*=utf-8''%e2%82%ac.txt; filename=e.txt\n",
	  "\xe2\x82\xac.txt|e.txt", true },
	{ "Content-Disposition: attachment; filename=\"=?utf-8?q?a=2Eexe?=\"\n",
	  "a.exe|=?utf-8?q?a=2Eexe?=", true },
	{ "Content-Disposition: attachment; filename*0=a.; filename*1=exe\n", "a.exe", true },
	{ "Content-Type: image/png; name=b.png\nContent-Disposition: inline; filename=a.png\n",
	  "a.png|b.png", true },
	{ "Content-Disposition: inline; filename=a\nContent-Disposition: inline; filename=b\n",
	  "a|b", false },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_sv in = km_sv_fmt(a, "%s%s\nx", H, names[i].header);
		km_mail *m;
		km_buf b;

		assert_int_equal(km_mail_read(a, in, &m), KM_OK);
		km_buf_init(&b, a, 1000);
		for (size_t k = 0; k < m->parts[0].n_filenames; k++)
			km_buf_fmt(&b, "%s%.*s", k ? "|" : "", KM_FMT(m->parts[0].filenames[k]));
		test_sv_is(km_buf_sv(&b), names[i].names, names[i].header);
		if (m->parts[0].attachment != names[i].attachment)
			fail_msg("%s: attachment %d", names[i].header, m->parts[0].attachment);
		km_arena_free(a);
	}
}

static void test_fields(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sv raw = KM_S("Return-Path: <r@example.jp>\r\n"
			 "Received: from a by b; Mon, 2 Mar 2026 09:14:05 +0900\r\n"
			 "From: =?utf-8?q?=E5=A4=AA=E9=83=8E?= <t@example.jp>\r\n"
			 "From: other@example.com\r\n"
			 "Sender: s@example.jp\r\nReply-To: p@example.jp\r\n"
			 "To: a@example.com, b@example.com\r\nCc: c@example.com\r\n"
			 "Subject: =?iso-2022-jp?B?GyRCJCIbKEI=?=\r\n"
			 "Date: Mon, 2 Mar 2026 09:14:05 +0900\r\n"
			 "Message-ID:\r\n <1@example.jp>\r\n\r\nbody\n\0\r\n");
	km_mail *m;

	assert_int_equal(km_mail_read(a, raw, &m), KM_OK);
	assert_int_equal(m->n_from, 2);
	assert_int_equal(m->from.n, 2);
	TEST_SV(m->from.a[0].addr, "t@example.jp");
	TEST_SV(m->from.a[0].name, "\xe5\xa4\xaa\xe9\x83\x8e");
	TEST_SV(m->from.a[1].addr, "other@example.com");
	assert_int_equal(m->from_info.words, 1);
	TEST_SV(m->sender.a[0].addr, "s@example.jp");
	TEST_SV(m->reply_to.a[0].addr, "p@example.jp");
	TEST_SV(m->return_path.a[0].addr, "r@example.jp");
	assert_int_equal(m->to.n, 2);
	TEST_SV(m->cc.a[0].addr, "c@example.com");
	TEST_SV(m->subject, "\xe3\x81\x82");
	TEST_SV(m->message_id, "<1@example.jp>");
	assert_true(m->has_date);
	assert_int_equal(m->date.zone, 540);
	assert_int_equal(m->received.n, 1);
	assert_true(m->has_crlf);
	assert_true(m->has_lf);
	assert_false(m->has_cr);
	assert_int_equal(m->n_nul, 1);
	assert_int_equal(m->ambiguities, AMB(MIXED_EOL) | AMB(NUL_BYTES));
	km_arena_free(a);
}

/* Who wrote it: a group is nobody, and very many fields cost no more than some. */
static void test_from(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	char many[30 * 10];
	km_mail *m;

	assert_int_equal(km_mail_read(a, KM_S("From: g: a@b;\nTo: h: c@d;\n\n"), &m), KM_OK);
	assert_true(m->from.ambiguous);
	assert_false(m->to.ambiguous);
	for (size_t i = 0; i < sizeof(many); i += 10)
		memcpy(many + i, "From: a@b\n", 10);
	assert_int_equal(km_mail_read(a, (km_sv){ many, sizeof(many) }, &m), KM_OK);
	assert_int_equal(m->n_from, 30);
	assert_int_equal(m->from.n, 16);
	assert_true(m->from.ambiguous);
	km_arena_free(a);
}

/* Every start of a message with everything in it keeps the properties. */
/* Without the parts: everything of the header, and where the body is. */
static void test_header_alone(void **state)
{
	(void)state;
	static const char text[] =
		"Received: from a.example (a.example [192.0.2.1]) by b.example; "
		"Mon, 1 Jan 2024 00:00:00 +0000\n"
		"From: A <a@a.example>\nReply-To: b@b.example\nSubject: =?utf-8?q?=C3=A9?=\n"
		"Date: Mon, 1 Jan 2024 00:00:00 +0000\n" MIXED
		"--b\n\none\n--b\nContent-Type: text/html\n\n<p>two\n--b--\n";
	km_arena *a = km_arena_new(1 << 20);
	km_sv raw = test_exact(text, sizeof(text) - 1);
	km_mail *m, *whole;

	assert_int_equal(km_mail_read(a, raw, &whole), KM_OK);
	assert_int_equal(km_mail_read_header(a, raw, &m), KM_OK);
	assert_int_equal(m->n_parts, 1);
	assert_true(km_part_is_multipart(&m->parts[0]));
	assert_int_equal(m->headers->n, whole->headers->n);
	assert_int_equal(m->headers->body, whole->headers->body);
	assert_int_equal(m->from.n, 1);
	TEST_SV(m->from.a[0].domain, "a.example");
	TEST_SV(m->reply_to.a[0].domain, "b.example");
	TEST_SV(m->subject, "\xc3\xa9");
	assert_true(m->has_date);
	assert_int_equal(whole->received.n, 1);
	assert_int_equal(m->received.n, 0);
	test_drop(raw);
	km_arena_free(a);
}

static void test_starts(void **state)
{
	(void)state;
	static const char all[] =
		"From x\nFrom: a@b\n" MIXED "pre\n--b\nContent-Type: message/rfc822\n\n"
		"Content-Type: multipart/mixed; boundary=\"bc\"; boundary=d\n\n--bc\n\nx\n--d\n\n"
		"begin 644 a\n#0V%T\n`\nend\n--bc--\nepi\n--b\nContent-Type: text/html\n"
		"Content-Transfer-Encoding: quoted-printable\n\n<p>=e3=81=82\n--b--\n";

	for (size_t n = 0; n <= sizeof(all) - 1; n++) {
		km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
		km_sv in = test_exact(all, n);
		km_mail *m;

		assert_int_equal(km_mail_read(a, in, &m), KM_OK);
		const char *bad = mail_check(m);
		if (bad)
			fail_msg("first %zu bytes: %s", n, bad);
		km_arena_free(a);
		test_drop(in);
	}
}

/* Line ends are looked for in blocks: wherever one stands, it is seen, and with what is beside it.
 */
static void test_line_ends(void **state)
{
	static const struct {
		km_sv end;
		bool lf, crlf, cr;
	} ends[] = { { KM_SV("\n"), true, false, false },    { KM_SV("\r"), false, false, true },
		     { KM_SV("\r\n"), false, true, false },  { KM_SV("\n\r"), true, false, true },
		     { KM_SV("\r\r\n"), false, true, true }, { KM_SV("\0"), false, false, false } };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(ends); i++)
		for (size_t size = 3; size < 70; size++)
			for (size_t at = 0; at + 3 <= size; at++) {
				km_arena *a = km_arena_new(1 << 20);
				char text[70];
				km_mail *m;
				memset(text, 'x', size);
				memcpy(text + at, ends[i].end.p, ends[i].end.n);
				/* At the very end, too. */
				km_sv raw = test_exact(text,
						       at + 3 == size ? at + ends[i].end.n : size);
				assert_int_equal(km_mail_read_header(a, raw, &m), KM_OK);
				assert_int_equal(m->has_lf, ends[i].lf);
				assert_int_equal(m->has_crlf, ends[i].crlf);
				assert_int_equal(m->has_cr, ends[i].cr);
				assert_int_equal(m->n_nul, ends[i].end.p[0] == '\0');
				test_drop(raw);
				km_arena_free(a);
			}
}

/* Lines that begin or end a part are looked for in blocks: wherever they stand, they are seen. */
static void test_line_starts(void **state)
{
	static const char x[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

	(void)state;
	for (int n = 0; n < 60; n++) {
		km_arena *a = km_arena_new(1 << 20);
		km_sv in =
			km_sv_fmt(a,
				  MIXED "--b\n\n%.*s\nbegin 644 a.exe\n#0V%%T\n`\nend\n%.*s\n--b\n"
					"Content-Type: text/html\n\n%.*s\n--b--",
				  n, x, n / 2, x, n, x);
		km_sv raw = test_exact(in.p, in.n);
		km_mail *m;
		assert_int_equal(km_mail_read(a, raw, &m), KM_OK);
		test_sv_is(list_parts(a, m),
			   "TEXT multipart/mixed, 1 text/plain, 1.1 application/octet-stream, "
			   "2 text/html",
			   "line starts");
		assert_int_equal(m->parts[3].body.n, n);
		test_drop(raw);
		km_arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),	     cmocka_unit_test(test_texts),
		cmocka_unit_test(test_names),	     cmocka_unit_test(test_fields),
		cmocka_unit_test(test_from),	     cmocka_unit_test(test_starts),
		cmocka_unit_test(test_header_alone), cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_line_starts),
	};
	return cmocka_run_group_tests_name("mail/message", tests, NULL, NULL);
}
