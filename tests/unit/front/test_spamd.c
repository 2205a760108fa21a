#include "front/spamd/session.h"

#include <math.h>

#include "test.h"

static const km_sv ours[] = { KM_SV("X-Komainu"), KM_SV("X-Spam-Flag") };
static const km_spamd_limits limits = { 1000, 400, 3, ours, 2 };

static const km_spamd_symbol symbols[] = {
	{ KM_SV("FROM_MULTIPLE"), 9.5 },
	{ KM_SV("DATE_MISSING"), -0.25 },
};
static const km_spamd_field fields[] = {
	{ KM_SV("X-Komainu"), KM_SV("action=tag\n class=spam") },
	{ KM_SV("X-Spam-Flag"), KM_SV("YES") },
};
static const km_spamd_verdict verdict = {
	.spam = true,
	.score = 9.25,
	.required = 6,
	.reject = 15,
	.action = "add header",
	.symbols = symbols,
	.n_symbols = 2,
	.report = KM_SV("line one\nline \xe3\x81\x82 two"),
	.reply = KM_SV("refused\n(id 1)"),
	.add = fields,
	.n_add = 2,
};

#define SPAM "Spam: True ; 9.25 / 6\r\n\r\n"
#define REPORT                                                                                     \
	"line one\r\nline ??? two\r\n\r\npoints  finding\r\n  9.50  FROM_MULTIPLE\r\n -0.25  "     \
	"DATE_MISSING\r\n"
#define RSPAMD                                                                                     \
	"RSPAMD/1.3 0 EX_OK\r\nMetric: default; True; 9.25 / 6 / 15\r\nAction: add header\r\n"     \
	"Symbol: FROM_MULTIPLE(9.50)\r\nSymbol: DATE_MISSING(-0.25)\r\n"                           \
	"Message: refused\r\nMessage: (id 1)\r\n"
#define NO_SPAMC "SPAMD/1.1 76 "
#define NO_LESSON                                                                                  \
	NO_SPAMC "TELL wants Set: local with Message-class: spam or ham, or Remove: local\r\n\r\n"
#define LEARNED(did) "SPAMD/1.1 0 EX_OK\r\n" did ": local\r\nContent-length: 0\r\n\r\n"
#define FORGED	     "X-Spam-Flag: NO\r\n\tfolded\r\n"
#define MARKED	     "X-Komainu: action=tag\r\n class=spam\r\nX-Spam-Flag: YES\r\n"

/* A request, and all that the client is told. */
static const struct {
	const char *name, *in, *message, *out;
	km_spamd_event event;
} cases[] = {
	{ "ping", "PING SPAMC/1.2\r\n", NULL, "SPAMD/1.5 0 PONG\r\n", KM_SPAMD_CLOSE },
	{ "ping of Rspamd", "PING RSPAMC/1.3\r\n\r\n", NULL, "RSPAMD/1.3 0 PONG\r\n",
	  KM_SPAMD_CLOSE },
	{ "skip", "SKIP SPAMC/1.5\r\n\r\n", NULL, "", KM_SPAMD_CLOSE },
	{ "check", "CHECK SPAMC/1.5\r\nContent-length: 3\r\n\r\nx\r\n", "x\r\n",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n" SPAM, KM_SPAMD_MESSAGE },
	{ "LF alone", "CHECK SPAMC/1.5\nContent-length: 3\n\nx\r\n", "x\r\n",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n" SPAM, KM_SPAMD_MESSAGE },
	{ "no message", "CHECK SPAMC/1.5\r\nContent-length: 0\r\n\r\n", "",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n" SPAM, KM_SPAMD_MESSAGE },
	{ "more than was said", "CHECK SPAMC/1.5\r\nContent-length: 1\r\n\r\nxyz", "x",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n" SPAM, KM_SPAMD_MESSAGE },
	{ "up to the end", "CHECK SPAMC/1.5\r\nUser: u\r\n\r\nxyz", "xyz",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n" SPAM, KM_SPAMD_MESSAGE },
	{ "symbols", "SYMBOLS SPAMC/1.5\r\nContent-length: 1\r\n\r\nx", "x",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 28\r\n" SPAM "FROM_MULTIPLE,DATE_MISSING\r\n",
	  KM_SPAMD_MESSAGE },
	{ "report, as Exim asks", "REPORT SPAMC/1.2\r\nUser: nobody\r\nContent-length: 1\r\n\r\nx",
	  "x", "SPAMD/1.1 0 EX_OK\r\n" SPAM REPORT, KM_SPAMD_MESSAGE },
	{ "report of spam", "REPORT_IFSPAM SPAMC/1.2\r\nContent-length: 1\r\n\r\nx", "x",
	  "SPAMD/1.1 0 EX_OK\r\n" SPAM REPORT, KM_SPAMD_MESSAGE },
	{ "process",
	  "PROCESS SPAMC/1.2\r\nContent-length: 67\r\n\r\n"
	  "A: b\r\n" FORGED "x-komainu : c\r\nD: e\r\n\r\nX-Komainu: x\r\n",
	  "A: b\r\n" FORGED "x-komainu : c\r\nD: e\r\n\r\nX-Komainu: x",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 80\r\n" SPAM MARKED
	  "A: b\r\nD: e\r\n\r\nX-Komainu: x",
	  KM_SPAMD_MESSAGE },
	{ "process, LF and a mailbox's line",
	  "PROCESS SPAMC/1.5\r\n\r\nFrom a@b Mon\nX-Spam-Flag: NO\nA: b\n\nbody",
	  "X-Spam-Flag: NO\nA: b\n\nbody",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 74\r\n" SPAM
	  "From a@b Mon\nX-Komainu: action=tag\n class=spam\nX-Spam-Flag: YES\nA: b\n\nbody",
	  KM_SPAMD_MESSAGE },
	{ "headers", "HEADERS SPAMC/1.5\r\n\r\nA: b\r\n\r\nbody", "A: b\r\n\r\nbody",
	  "SPAMD/1.1 0 EX_OK\r\nContent-length: 62\r\n" SPAM MARKED "A: b\r\n\r\n",
	  KM_SPAMD_MESSAGE },
	{ "Exim's envelope",
	  "REPORT SPAMC/1.2\r\nUser: nobody\r\n\r\nFrom a@b Mon\nX-Envelope-From: <a@b>\n"
	  "X-Envelope-To: c@d, e@f\nA: b\n\n",
	  "A: b\n\n", "SPAMD/1.1 0 EX_OK\r\n" SPAM REPORT, KM_SPAMD_MESSAGE },
	{ "Rspamd", "CHECK RSPAMC/1.3\r\nContent-length: 1\r\nFrom: <a@b>\r\n\r\nx", "x", RSPAMD,
	  KM_SPAMD_MESSAGE },
	{ "learn spam",
	  "TELL SPAMC/1.5\r\nContent-length: 1\r\nMessage-class: spam\r\nSet: local\r\n\r\nx", "x",
	  LEARNED("DidSet"), KM_SPAMD_MESSAGE },
	{ "learn ham, told to others as well",
	  "TELL SPAMC/1.5\r\nMessage-class: ham\r\nRemove: remote\r\nSet: remote, local\r\n\r\nx",
	  "x", LEARNED("DidSet"), KM_SPAMD_MESSAGE },
	{ "forget", "TELL SPAMC/1.5\r\nContent-length: 1\r\nRemove: local\r\n\r\nx", "x",
	  LEARNED("DidRemove"), KM_SPAMD_MESSAGE },
	{ "learn what", "TELL SPAMC/1.5\r\nContent-length: 1\r\nSet: local\r\n\r\nx", NULL,
	  NO_LESSON, KM_SPAMD_BAD },
	{ "learn and forget",
	  "TELL SPAMC/1.5\r\nMessage-class: ham\r\nSet: local\r\nRemove: local\r\n\r\nx", NULL,
	  NO_LESSON, KM_SPAMD_BAD },
	{ "tell others only", "TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: remote\r\n\r\nx", NULL,
	  NO_LESSON, KM_SPAMD_BAD },
	{ "learning is not for Rspamd", "TELL RSPAMC/1.3\r\nSet: local\r\n\r\nx", NULL,
	  "RSPAMD/1.3 76 Bad header line: unknown command\r\n\r\n", KM_SPAMD_BAD },
	{ "compressed", "CHECK SPAMC/1.5\r\nCompress: zlib\r\nContent-length: 1\r\n\r\nx", NULL,
	  NO_SPAMC "Compress is not supported: send the message as it is\r\n\r\n", KM_SPAMD_BAD },
	{ "HTTP", "GET / HTTP/1.1\r\n", NULL,
	  NO_SPAMC "Bad header line: this is neither SPAMC nor RSPAMC\r\n\r\n", KM_SPAMD_BAD },
	{ "no version", "CHECK SPAMC/x\r\n", NULL,
	  NO_SPAMC "Bad header line: this is neither SPAMC nor RSPAMC\r\n\r\n", KM_SPAMD_BAD },
	{ "unknown command", "EAT SPAMC/1.5\r\n", NULL,
	  NO_SPAMC "Bad header line: unknown command\r\n\r\n", KM_SPAMD_BAD },
	{ "unknown to Rspamd", "PROCESS RSPAMC/1.3\r\n", NULL,
	  "RSPAMD/1.3 76 Bad header line: unknown command\r\n\r\n", KM_SPAMD_BAD },
	{ "no colon", "CHECK SPAMC/1.5\r\nnonsense\r\n\r\n", NULL,
	  NO_SPAMC "Bad header line: no colon\r\n\r\n", KM_SPAMD_BAD },
	{ "no length", "CHECK SPAMC/1.5\r\nContent-length: many\r\n\r\n", NULL,
	  NO_SPAMC "Bad Content-length\r\n\r\n", KM_SPAMD_BAD },
	{ "a length over all bounds",
	  "CHECK SPAMC/1.5\r\nContent-length: 99999999999999999999\r\n\r\n", NULL,
	  NO_SPAMC "Bad Content-length\r\n\r\n", KM_SPAMD_BAD },
	{ "two lengths", "CHECK SPAMC/1.5\r\nContent-length: 1\r\nContent-Length: 2\r\n\r\nxy",
	  NULL, NO_SPAMC "Bad Content-length\r\n\r\n", KM_SPAMD_BAD },
	{ "shorter than was said", "CHECK SPAMC/1.5\r\nContent-length: 9\r\n\r\nxyz", NULL,
	  NO_SPAMC "the message is shorter than Content-length\r\n\r\n", KM_SPAMD_BAD },
	{ "half a request", "CHECK SPAMC/1.5\r\nContent-len", NULL, "", KM_SPAMD_BAD },
	{ "nothing", "", NULL, "", KM_SPAMD_BAD },
	{ "too large to be given back", "PROCESS SPAMC/1.5\r\nContent-length: 401\r\n\r\n", NULL,
	  "SPAMD/1.1 65 the message is too large to be given back\r\n\r\n", KM_SPAMD_CLOSE },
	{ "too large for anything", "PROCESS SPAMC/1.5\r\nContent-length: 4294967295\r\n\r\nx",
	  NULL, "SPAMD/1.1 65 the message is too large to be given back\r\n\r\n", KM_SPAMD_CLOSE },
};

static km_spamd_event feed(km_spamd *s, km_sv in, size_t step, km_buf *out)
{
	km_spamd_event e = KM_SPAMD_MORE;

	for (size_t at = 0; at < in.n && e == KM_SPAMD_MORE; at += step) {
		km_sv whole = km_sv_sub(in, at, step);
		km_sv piece = test_exact(whole.p, whole.n);
		e = km_spamd_feed(s, piece, out);
		test_drop(piece);
	}
	return e == KM_SPAMD_MORE ? km_spamd_end(s, out) : e;
}

/* Fed in pieces of every size, each request has the same answer. */
static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		const km_sv in = km_sv_of(cases[i].in);
		for (size_t step = 1; step <= in.n + 1; step++) {
			km_spamd *s = km_spamd_new(&limits);
			km_buf out;
			km_buf_init(&out, NULL, 1 << 16);
			km_spamd_event e = feed(s, in, step, &out);
			if (e != cases[i].event)
				fail_msg("%s: event %d", cases[i].name, (int)e);
			if (e == KM_SPAMD_MESSAGE) {
				const km_spamd_message_view *v = km_spamd_message(s);
				TEST_SV(v->message, cases[i].message);
				if (v->lesson)
					km_spamd_answer_lesson(s, true, &out);
				else
					km_spamd_answer(s, &verdict, &out);
			}
			test_sv_is(km_buf_sv(&out), cases[i].out, cases[i].name);
			assert_int_equal(km_spamd_feed(s, KM_S("CHECK SPAMC/1.5\r\n"), &out),
					 KM_SPAMD_MORE);
			test_sv_is(km_buf_sv(&out), cases[i].out, cases[i].name);
			km_buf_finish(&out);
			km_spamd_free(s);
		}
	}
}

static const struct {
	const char *name, *in, *from, *rcpts, *ip, *user;
	size_t dropped;
	bool has_from, stored;
} envelopes[] = {
	{ "as Exim sends it",
	  "CHECK RSPAMC/1.3\r\nContent-length: 1\r\nQueue-Id: 1aBcDe-000001-2x\r\nFrom: <a@b>\r\n"
	  "Recipient-Number: 2\r\nRcpt: <c@d>\r\nRcpt: <e@f>\r\nHelo: h\r\nHostname: n\r\n"
	  "IP: 192.0.2.7\r\nUser: u1\r\n\r\nx",
	  "a@b", "c@d e@f", "192.0.2.7", "u1", 0, true, false },
	{ "null sender", "CHECK RSPAMC/1.3\r\nFrom: <>\r\n\r\nx", "", "", "", "", 0, true, false },
	{ "a mailbox's line does not overrule it",
	  "CHECK RSPAMC/1.3\r\nRcpt: c@d\r\n\r\nFrom x\nX-Envelope-From: <x@y>\nX-Envelope-To: "
	  "z@z\n",
	  "", "c@d", "", "", 0, false, false },
	{ "too many recipients", "CHECK RSPAMC/1.3\r\nRcpt: a@b,c@d,e@f,g@h\r\n\r\nx", "",
	  "a@b c@d e@f", "", "", 1, false, false },
	{ "spamc's User did not log in",
	  "CHECK SPAMC/1.5\r\nUser: root\r\nFrom: a@b\r\nIP: 192.0.2.7\r\n\r\nx", "", "", "", "", 0,
	  false, true },
	{ "but it is he who teaches",
	  "TELL SPAMC/1.5\r\nUser: root\r\nFrom: a@b\r\nSet: local\r\nMessage-class: ham\r\n\r\nx",
	  "", "", "", "root", 0, false, true },
	{ "before a message",
	  "CHECK SPAMC/1.2\r\n\r\nFrom a@b Mon\r\nX-Envelope-From: <a@b>\r\nX-Envelope-To: c@d, "
	  "e@f\r\n",
	  "a@b", "c@d e@f", "", "", 0, true, false },
	{ "null sender before a message",
	  "CHECK SPAMC/1.2\r\n\r\nFrom M\nX-Envelope-From: <>\nA: b\n", "", "", "", "", 0, true,
	  false },
	{ "recipients alone", "CHECK SPAMC/1.2\r\n\r\nFrom M\nX-Envelope-To: c@d\nA: b\n", "",
	  "c@d", "", "", 0, false, false },
	{ "without a mailbox's line anybody may have written them",
	  "CHECK SPAMC/1.2\r\n\r\nX-Envelope-From: <a@b>\nX-Envelope-To: c@d\n", "", "", "", "", 0,
	  false, true },
	{ "further down as well",
	  "CHECK SPAMC/1.2\r\n\r\nFrom M\nA: b\nX-Envelope-From: <a@b>\nX-Envelope-To: c@d\n", "",
	  "", "", "", 0, false, true },
};

static void test_envelopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(envelopes); i++) {
		km_spamd *s = km_spamd_new(&limits);
		km_envelope env = { 0 };
		char ip[64], rcpts[64] = "";
		km_buf out;

		km_buf_init(&out, NULL, 1024);
		assert_int_equal(feed(s, km_sv_of(envelopes[i].in), 7, &out), KM_SPAMD_MESSAGE);
		const km_spamd_message_view *v = km_spamd_message(s);
		km_http_request_envelope(v->envelope, &env);
		for (size_t k = 0; k < env.n_rcpts; k++) {
			size_t n = strlen(rcpts);
			(void)snprintf(rcpts + n, sizeof(rcpts) - n, "%s%.*s", k ? " " : "",
				       KM_FMT(env.rcpts[k]));
		}
		test_sv_is(env.from, envelopes[i].from, envelopes[i].name);
		test_sv_is(km_sv_of(rcpts), envelopes[i].rcpts, envelopes[i].name);
		test_sv_is(km_sv_of(env.ip.len ? km_ip_format(&env.ip, ip) : ""), envelopes[i].ip,
			   envelopes[i].name);
		test_sv_is(env.user, envelopes[i].user, envelopes[i].name);
		assert_int_equal(env.has_from, envelopes[i].has_from);
		assert_int_equal(v->stored, envelopes[i].stored);
		assert_int_equal(v->envelope->rcpts_dropped, envelopes[i].dropped);
		km_buf_finish(&out);
		km_spamd_free(s);
	}
}

/* Clients compare the numbers by themselves: they must come to what the policy said. */
static const struct {
	bool spam;
	double score, required, reject;
	const char *metric;
} numbers[] = {
	{ true, 9.25, 6, 15, "True; 9.25 / 6 / 15" },
	{ true, 4, 6, 15, "True; 4 / 4 / 15" },
	{ false, 7, 6, 15, "False; 7 / 7.1 / 15" },
	{ false, 5.996, 6, 15, "False; 5.996 / 6 / 15" },
	{ false, -1.5, INFINITY, INFINITY, "False; -1.5 / 1000000 / 1000000" },
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(numbers); i++) {
		km_spamd *s = km_spamd_new(&limits);
		km_spamd_verdict v = { .spam = numbers[i].spam,
				       .score = numbers[i].score,
				       .required = numbers[i].required,
				       .reject = numbers[i].reject,
				       .action = "no action" };
		char want[128];
		km_buf out;

		km_buf_init(&out, NULL, 1024);
		assert_int_equal(feed(s, KM_S("CHECK RSPAMC/1.3\r\n\r\nx"), 99, &out),
				 KM_SPAMD_MESSAGE);
		(void)km_spamd_message(s);
		km_spamd_answer(s, &v, &out);
		(void)snprintf(want, sizeof(want),
			       "RSPAMD/1.3 0 EX_OK\r\nMetric: default; %s\r\nAction: no action\r\n",
			       numbers[i].metric);
		TEST_SV(km_buf_sv(&out), want);
		km_buf_finish(&out);
		km_spamd_free(s);
	}
}

static void test_ham_has_no_report(void **state)
{
	(void)state;
	km_spamd *s = km_spamd_new(&limits);
	km_spamd_verdict v = verdict;
	km_buf out;

	v.spam = false;
	v.score = 1;
	km_buf_init(&out, NULL, 1024);
	assert_int_equal(feed(s, KM_S("REPORT_IFSPAM SPAMC/1.5\r\n\r\nx"), 99, &out),
			 KM_SPAMD_MESSAGE);
	(void)km_spamd_message(s);
	km_spamd_answer(s, &v, &out);
	TEST_SV(km_buf_sv(&out),
		"SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: False ; 1 / 6\r\n\r\n");
	km_buf_finish(&out);
	km_spamd_free(s);
}

static void test_bounds(void **state)
{
	(void)state;
	const km_sv line =
		KM_S("X: 45678901234567890123456789012345678901234567890123456789012\r\n");
	km_spamd *s = km_spamd_new(&limits);
	km_spamd_event e = KM_SPAMD_MORE;
	km_buf out;
	size_t fed = 0;

	/* A message over the bound is cut and counted. */
	km_buf_init(&out, NULL, 1024);
	(void)km_spamd_feed(s, KM_S("CHECK SPAMC/1.5\r\nContent-length: 1500\r\n\r\n"), &out);
	for (size_t i = 0; i < 1500; i++)
		e = km_spamd_feed(s, KM_S("x"), &out);
	assert_int_equal(e, KM_SPAMD_MESSAGE);
	assert_int_equal(km_spamd_message(s)->message.n, 1000);
	assert_int_equal(km_spamd_message(s)->dropped, 500);
	km_spamd_free(s);

	/* A header without end is refused. */
	s = km_spamd_new(&limits);
	e = km_spamd_feed(s, KM_S("CHECK SPAMC/1.5\r\n"), &out);
	for (; e == KM_SPAMD_MORE; fed += line.n)
		e = km_spamd_feed(s, line, &out);
	assert_int_equal(e, KM_SPAMD_BAD);
	assert_true(fed <= KM_SPAMD_MAX_HEADER + line.n);
	assert_true(km_sv_find(km_buf_sv(&out), KM_S("too large"), 0) < out.n);
	km_buf_finish(&out);
	km_spamd_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),	cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_ham_has_no_report),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests_name("front/spamd", tests, NULL, NULL);
}
