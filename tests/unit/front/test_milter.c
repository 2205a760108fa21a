#include "front/milter/proto.h"
#include "front/milter/session.h"
#include "test.h"

static const km_sv ours[] = { KM_SV("x-komainu") };
static const km_milter_limits limits = {
	.max_message = 1 << 20, .max_rcpts = 100, .max_strings = 1 << 20, .ours = ours, .n_ours = 1
};

/* Appends a packet as an MTA sends it. */
static void packet(km_buf *b, char cmd, const char *data, size_t n)
{
	km_milter_put(b, cmd, (km_sv){ data, n });
}

#define PACKET(b, cmd, lit) packet((b), (cmd), lit, sizeof(lit) - 1)

static void negotiate(km_buf *b, uint32_t actions, uint32_t steps)
{
	km_milter_put_options(b, &(km_milter_options){ 6, actions, steps });
}

/* A whole session with one message, as Postfix sends it. */
static void one_message(km_buf *b, uint32_t steps)
{
	negotiate(b, 0x1ff, steps);
	PACKET(b, 'D', "Cj\0mx.example.jp\0");
	PACKET(b, 'C',
	       "mail.example.com\0"
	       "4"
	       "\x30\x39"
	       "192.0.2.7\0");
	PACKET(b, 'D', "H{cert_subject}\0mail client\0");
	PACKET(b, 'H', "helo.example.com\0");
	PACKET(b, 'D',
	       "Mi\0"
	       "4QABC\0{auth_authen}\0u1\0");
	PACKET(b, 'M', "<a@example.com>\0SIZE=100\0");
	PACKET(b, 'R', "<b@example.jp>\0");
	PACKET(b, 'R', "<c@example.jp>\0");
	PACKET(b, 'T', "");
	PACKET(b, 'L', "Subject\0 hello\n\tworld\0");
	PACKET(b, 'L', "X-Komainu\0 forged\0");
	PACKET(b, 'N', "");
	PACKET(b, 'B', "body\r\n");
	PACKET(b, 'E', "");
}

static size_t count_packets(km_buf *out, const char *cmds)
{
	km_sv rest = km_buf_sv(out);
	km_milter_packet p;
	size_t n = 0;

	while (km_milter_packet_next(&rest, &p) == KM_OK)
		n += strchr(cmds, p.cmd) != NULL;
	assert_int_equal(rest.n, 0);
	return n;
}

static void check_message(km_milter *s, bool leadspc)
{
	const km_milter_message_view *m = km_milter_message(s);

	TEST_SV(m->client_host, "mail.example.com");
	TEST_SV(m->client_addr, "192.0.2.7");
	assert_int_equal(m->client_port, 12345);
	TEST_SV(m->certificate, "mail client");
	TEST_SV(m->helo, "helo.example.com");
	TEST_SV(m->mail_from, "a@example.com");
	assert_int_equal(m->n_rcpts, 2);
	TEST_SV(m->rcpts[1], "c@example.jp");
	TEST_SV(m->user, "u1");
	TEST_SV(m->queue_id, "4QABC");
	TEST_SV(m->message,
		leadspc ? "Subject: hello\r\n\tworld\r\nX-Komainu: forged\r\n\r\nbody\r\n"
			: "Subject:  hello\r\n\tworld\r\nX-Komainu:  forged\r\n\r\nbody\r\n");
}

/* Fed in pieces of every size, the session sees the same message. */
static void test_pieces(void **state)
{
	(void)state;
	km_buf in, out;

	km_buf_init(&in, NULL, 1 << 20);
	one_message(&in, 0x1fffff);
	for (size_t step = 1; step <= in.n; step++) {
		km_milter *s = km_milter_new(&limits);
		size_t messages = 0;
		km_buf_init(&out, NULL, 1 << 20);
		for (size_t at = 0; at < in.n; at += step) {
			km_sv whole = km_sv_sub(km_buf_sv(&in), at, step);
			km_sv piece = test_exact(whole.p, whole.n), rest = piece;
			km_milter_event e = km_milter_feed(s, &rest, &out, NULL);
			assert_int_not_equal(e, KM_MILTER_BAD);
			if (e == KM_MILTER_MESSAGE) {
				messages++;
				check_message(s, true);
			}
			test_drop(piece);
		}
		assert_int_equal(messages, 1);
		assert_int_equal(count_packets(&out, "O"), 1);
		assert_int_equal(count_packets(&out, "c"), 0); /* no replies were wanted */
		km_buf_finish(&out);
		km_milter_free(s);
	}
	km_buf_finish(&in);
}

/* A certificate that the MTA did not verify is nobody's. */
static void test_certificate(void **state)
{
	(void)state;
	static const struct {
		const char *verify, *seen;
	} rows[] = { { "OK", "mail client" }, { "FAIL", "" }, { "NO", "" } };

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_milter *s = km_milter_new(&limits);
		km_err err = { 0 };
		km_buf in, out, macro;

		km_buf_init(&in, NULL, 4096);
		km_buf_init(&out, NULL, 65536);
		km_buf_init(&macro, NULL, 100);
		one_message(&in, 0);
		km_buf_fmt(&macro, "M{verify}%c%s%c", 0, rows[i].verify, 0);
		size_t end = in.n - 5; /* before the end of the message */
		in.n = end;
		km_milter_put(&in, 'D', km_buf_sv(&macro));
		PACKET(&in, 'E', "");
		km_sv rest = km_buf_sv(&in);
		assert_int_equal(km_milter_feed(s, &rest, &out, &err), KM_MILTER_MESSAGE);
		TEST_SV(km_milter_message(s)->certificate, rows[i].seen);
		km_milter_free(s);
		km_buf_finish(&in);
		km_buf_finish(&out);
		km_buf_finish(&macro);
	}
}

static void test_replies_without_nr(void **state)
{
	(void)state;
	km_buf in, out;
	km_milter *s = km_milter_new(&limits);

	km_buf_init(&in, NULL, 1 << 20);
	km_buf_init(&out, NULL, 1 << 20);
	one_message(&in, 0);
	km_sv rest = km_buf_sv(&in);
	assert_int_equal(km_milter_feed(s, &rest, &out, NULL), KM_MILTER_MESSAGE);
	check_message(s, false);
	/* connect, helo, mail, 2 rcpt, data, 2 headers, eoh, body */
	assert_int_equal(count_packets(&out, "c"), 10);
	km_buf_finish(&in);
	km_buf_finish(&out);
	km_milter_free(s);
}

static const struct {
	const char *name;
	km_answer_kind kind;
	uint32_t actions;
	const char *want; /* commands in order */
} answers[] = {
	{ "accept", KM_ANSWER_ACCEPT, 0x1ff, "mic" },
	{ "accept, no rights", KM_ANSWER_ACCEPT, 0, "c" },
	{ "accept, add only", KM_ANSWER_ACCEPT, 1, "ic" },
	{ "quarantine", KM_ANSWER_QUARANTINE, 0x1ff, "miqc" },
	{ "quarantine not to be had", KM_ANSWER_QUARANTINE, 0x11, "y" },
	{ "reject", KM_ANSWER_REJECT, 0x1ff, "y" },
	{ "tempfail", KM_ANSWER_TEMPFAIL, 0x1ff, "y" },
	{ "discard", KM_ANSWER_DISCARD, 0x1ff, "d" },
};

static void test_answers(void **state)
{
	(void)state;
	const km_milter_field add[] = { { KM_SV("X-Komainu"), KM_SV("class=ham") } };

	for (size_t i = 0; i < KM_COUNT(answers); i++) {
		km_milter *s = km_milter_new(&limits);
		km_milter_answer_view a = { answers[i].kind, KM_S("50% sure: 狛犬"), add, 1 };
		km_milter_packet p;
		char got[16] = { 0 };
		size_t n = 0;
		km_buf in, out;

		km_buf_init(&in, NULL, 1 << 20);
		km_buf_init(&out, NULL, 1 << 20);
		one_message(&in, 0x1fffff);
		in.p[12] = (char)(answers[i].actions & 0xff);
		in.p[11] = (char)(answers[i].actions >> 8);
		km_sv rest = km_buf_sv(&in);
		assert_int_equal(km_milter_feed(s, &rest, &out, NULL), KM_MILTER_MESSAGE);
		out.n = 0;
		km_milter_answer(s, &a, &out);
		rest = km_buf_sv(&out);
		while (km_milter_packet_next(&rest, &p) == KM_OK) {
			got[n++] = p.cmd;
			if (p.cmd == 'y')
				assert_true(km_sv_find(p.data, KM_S("%"), 0) == p.data.n);
		}
		assert_string_equal(got, answers[i].want);
		assert_false(km_milter_busy(s));
		assert_int_equal(km_milter_served(s), 1);
		km_buf_finish(&in);
		km_buf_finish(&out);
		km_milter_free(s);
	}
}

/* Authentication-Results in our name, by whatever spelling, are deleted by their place among the
 * fields of that name; those of others stay. */
static const struct {
	const char *name;
	km_sv authserv_id, mta, host;
	size_t max_strings;
	const char *want; /* places in the order in which they are deleted */
} forged[] = {
	{ "configured", KM_SV("mx.example.jp"), KM_SV("other"), KM_SV("host"), 1 << 20,
	  "6 4 3 1 " },
	{ "MTA's name", KM_SV(""), KM_SV("mx.example.jp"), KM_SV("host"), 1 << 20, "6 4 3 1 " },
	{ "host", KM_SV(""), KM_SV(""), KM_SV("mx.example.jp"), 1 << 20, "6 4 3 1 " },
	{ "nobody's", KM_SV("mx2.example.jp"), KM_SV("mx.example.jp"), KM_SV(""), 1 << 20, "" },
	{ "no room", KM_SV("mx.example.jp"), KM_SV(""), KM_SV(""), 20, "6 5 4 3 2 1 " },
};

static void add_forged(km_buf *b, km_sv mta)
{
	negotiate(b, 0x1ff, 0x1fffff);
	if (mta.n) {
		km_buf macro;
		km_buf_init(&macro, NULL, 256);
		km_buf_add(&macro, KM_S("Cj\0"));
		km_buf_add(&macro, mta);
		km_buf_byte(&macro, '\0');
		packet(b, 'D', macro.p, macro.n);
		km_buf_finish(&macro);
	}
	PACKET(b, 'M', "<a@example.com>\0");
	PACKET(b, 'L', "Authentication-Results\0 mx.example.jp; dmarc=pass\0");
	PACKET(b, 'L', "Authentication-Results\0 mx.example.com; dmarc=pass\0");
	PACKET(b, 'L', "authentication-results \0 (x) \"MX.example.jp.\" 1;\n\tdmarc=pass\0");
	PACKET(b, 'L', "AUTHENTICATION-RESULTS\0\n\tmx.example.jp;spf=pass\0");
	PACKET(b, 'L', "Subject\0 hello\0");
	PACKET(b, 'L', "Authentication-Results\0 mx.example.org; spf=pass\0");
	PACKET(b, 'L', "Authentication-Results\0mx.example.jp\0");
	PACKET(b, 'N', "");
	PACKET(b, 'E', "");
}

static void test_forged_results(void **state)
{
	(void)state;
	const km_milter_answer_view a = { .kind = KM_ANSWER_ACCEPT };

	for (size_t i = 0; i < KM_COUNT(forged); i++) {
		const km_milter_limits l = { .max_message = 1 << 20,
					     .max_rcpts = 10,
					     .max_strings = forged[i].max_strings,
					     .authserv_id = forged[i].authserv_id,
					     .host = forged[i].host };
		km_milter *s = km_milter_new(&l);
		km_milter_packet p;
		km_buf in, out, got;

		km_buf_init(&in, NULL, 1 << 20);
		km_buf_init(&out, NULL, 1 << 20);
		km_buf_init(&got, NULL, 256);
		add_forged(&in, forged[i].mta);
		km_sv rest = km_buf_sv(&in);
		assert_int_equal(km_milter_feed(s, &rest, &out, NULL), KM_MILTER_MESSAGE);
		assert_true(km_sv_eq(km_milter_message(s)->mta, forged[i].mta));
		out.n = 0;
		km_milter_answer(s, &a, &out);
		rest = km_buf_sv(&out);
		while (km_milter_packet_next(&rest, &p) == KM_OK)
			if (p.cmd == 'm')
				km_buf_fmt(&got, "%d ", p.data.p[3]);
		km_buf_byte(&got, '\0');
		if (strcmp(got.p, forged[i].want) != 0)
			fail_msg("%s: deleted %s", forged[i].name, got.p);
		km_buf_finish(&in);
		km_buf_finish(&out);
		km_buf_finish(&got);
		km_milter_free(s);
	}
}

/* With SMFIP_HDR_LEADSPC the space after the colon is the milter's to send. */
static void test_space_after_colon(void **state)
{
	(void)state;
	static const struct {
		uint32_t steps;
		const char *value;
	} spaces[] = { { 0x1fffff, " class=ham" }, { 0, "class=ham" } };
	const km_milter_field add[] = { { KM_SV("X-Komainu"), KM_SV("class=ham") } };
	const km_milter_answer_view a = { .kind = KM_ANSWER_ACCEPT, .add = add, .n_add = 1 };

	for (size_t i = 0; i < KM_COUNT(spaces); i++) {
		km_milter *s = km_milter_new(&limits);
		km_milter_packet p;
		km_sv rest, name, value;
		km_buf in, out;

		km_buf_init(&in, NULL, 1 << 20);
		km_buf_init(&out, NULL, 1 << 20);
		one_message(&in, spaces[i].steps);
		rest = km_buf_sv(&in);
		assert_int_equal(km_milter_feed(s, &rest, &out, NULL), KM_MILTER_MESSAGE);
		out.n = 0;
		km_milter_answer(s, &a, &out);
		rest = km_buf_sv(&out);
		do
			assert_int_equal(km_milter_packet_next(&rest, &p), KM_OK);
		while (p.cmd != 'i');
		p.data = km_sv_from(p.data, 4);
		assert_true(km_milter_string(&p.data, &name));
		assert_true(km_milter_string(&p.data, &value));
		TEST_SV(value, spaces[i].value);
		km_buf_finish(&in);
		km_buf_finish(&out);
		km_milter_free(s);
	}
}

static void test_reply_lines(void **state)
{
	(void)state;
	km_buf out;
	char text[2000];

	memset(text, 'x', sizeof(text));
	text[350] = ' ';
	km_buf_init(&out, NULL, 1 << 20);
	km_milter_put_reply(&out, 550, KM_S("5.7.1"), (km_sv){ text, sizeof(text) });
	assert_true(out.n < 1000);
	assert_memory_equal(out.p + 5, "550-5.7.1 xxx", 13);
	assert_true(km_sv_find(km_buf_sv(&out), KM_S("\r\n550 5.7.1 "), 0) < out.n);
	out.n = 0;
	km_milter_put_reply(&out, 451, KM_S("4.7.1"), KM_S("one\r\ntwo\0three"));
	assert_memory_equal(out.p + 5, "451 4.7.1 one two?three", 24);
	km_buf_finish(&out);
}

static const struct {
	const char *name, *bytes;
	size_t n;
} bad[] = {
	{ "length 0", "\0\0\0\0", 4 },
	{ "4 GB announced", "\xff\xff\xff\xffX", 5 },
	{ "just over the limit", "\x00\x10\x00\x01O", 5 },
	{ "HELO first", "\0\0\0\x03Hx\0", 7 },
	{ "short negotiation", "\0\0\0\x05O\0\0\0\6", 9 },
	{ "version 1", "\0\0\0\x0dO\0\0\0\1\0\0\0\0\0\0\0\0", 17 },
	{ "unknown command", "\0\0\0\x0dO\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\1!", 22 },
	{ "connect without NUL", "\0\0\0\x0dO\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\2Cx", 23 },
	{ "header without value", "\0\0\0\x0dO\0\0\0\6\0\0\0\0\0\0\0\0\0\0\0\3Lx\0", 24 },
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(bad); i++) {
		km_milter *s = km_milter_new(&limits);
		km_sv whole = test_exact(bad[i].bytes, bad[i].n), rest = whole;
		km_err err = { 0 };
		km_buf out;
		km_buf_init(&out, NULL, 1 << 20);
		if (km_milter_feed(s, &rest, &out, &err) != KM_MILTER_BAD)
			fail_msg("%s: was taken", bad[i].name);
		assert_true(err.msg[0] != '\0');
		km_buf_finish(&out);
		test_drop(whole);
		km_milter_free(s);
	}
}

static void test_limits(void **state)
{
	(void)state;
	const km_milter_limits tight = { 100, 2, 1 << 20 };
	km_milter *s = km_milter_new(&tight);
	char body[1000];
	km_buf in, out;

	memset(body, 'b', sizeof(body));
	km_buf_init(&in, NULL, 1 << 20);
	km_buf_init(&out, NULL, 1 << 20);
	negotiate(&in, 0x1ff, 0x400 | 0x1000); /* SKIP, replies to body */
	PACKET(&in, 'M', "<>\0");
	for (int i = 0; i < 5; i++)
		PACKET(&in, 'R', "<b@example.jp>\0");
	packet(&in, 'B', body, sizeof(body));
	PACKET(&in, 'E', "");
	km_sv rest = km_buf_sv(&in);
	assert_int_equal(km_milter_feed(s, &rest, &out, NULL), KM_MILTER_MESSAGE);
	assert_int_equal(count_packets(&out, "s"), 1);
	const km_milter_message_view *m = km_milter_message(s);
	assert_int_equal(m->message.n, 100);
	assert_int_equal(m->dropped, 900);
	assert_int_equal(m->n_rcpts, 2);
	assert_int_equal(m->rcpts_dropped, 3);
	assert_int_equal(m->mail_from.n, 0);
	km_buf_finish(&in);
	km_buf_finish(&out);
	km_milter_free(s);
}

/* Many messages and aborts down one connection: nothing of one shows up in the next. */
static void test_many(void **state)
{
	(void)state;
	km_milter *s = km_milter_new(&limits);
	km_milter_answer_view accept = { .kind = KM_ANSWER_ACCEPT };
	km_buf in, out;

	km_buf_init(&in, NULL, 1 << 20);
	km_buf_init(&out, NULL, 1 << 20);
	negotiate(&in, 0x1ff, 0x1fffff);
	for (int i = 0; i < 100; i++) {
		PACKET(&in, 'M', "<old@example.com>\0");
		PACKET(&in, 'L', "Subject\0old\0");
		PACKET(&in, 'A', "");
		PACKET(&in, 'M', "<a@example.com>\0");
		PACKET(&in, 'R', "<b@example.jp>\0");
		PACKET(&in, 'L', "Subject\0 new\0");
		PACKET(&in, 'N', "");
		PACKET(&in, 'E', "");
	}
	PACKET(&in, 'Q', "");
	km_sv rest = km_buf_sv(&in);
	while (km_milter_feed(s, &rest, &out, NULL) == KM_MILTER_MESSAGE) {
		const km_milter_message_view *m = km_milter_message(s);
		TEST_SV(m->message, "Subject: new\r\n\r\n");
		TEST_SV(m->mail_from, "a@example.com");
		assert_int_equal(m->n_rcpts, 1);
		km_milter_answer(s, &accept, &out);
	}
	assert_int_equal(km_milter_served(s), 100);
	assert_int_equal(rest.n, 0);
	km_buf_finish(&in);
	km_buf_finish(&out);
	km_milter_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_replies_without_nr),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_forged_results),
		cmocka_unit_test(test_space_after_colon),
		cmocka_unit_test(test_reply_lines),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many),
	};
	return cmocka_run_group_tests_name("front/milter", tests, NULL, NULL);
}
