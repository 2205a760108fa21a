#include "net/av.h"

#include <netinet/in.h>

#include "test.h"

#define C &km_av_clamd
#define I &km_av_icap

static const struct {
	const km_av_protocol *protocol;
	const char *got; /* '@' is a NUL */
	bool end;
	km_status want;
	km_av_result result;
	const char *name;
} answers[] = {
	{ C, "stream: OK@", false, KM_OK, KM_AV_CLEAN, "" },
	{ C, "stream: OK@ and more", false, KM_OK, KM_AV_CLEAN, "" },
	{ C, "stream: OK", false, KM_NOTFOUND, 0, "" },
	{ C, "stream: OK", true, KM_SYNTAX, 0, "" }, /* cut off */
	{ C, "", false, KM_NOTFOUND, 0, "" },
	{ C, "", true, KM_SYNTAX, 0, "" },
	{ C, "@", true, KM_SYNTAX, 0, "" },
	{ C, "stream: Eicar-Test-Signature FOUND@", false, KM_OK, KM_AV_FOUND,
	  "Eicar-Test-Signature" },
	{ C, "stream: A B\tC FOUND@", false, KM_OK, KM_AV_FOUND, "ABC" },
	{ C, "stream:  FOUND@", false, KM_OK, KM_AV_FOUND, "?" },
	{ C, "stream: NOT OK@", false, KM_SYNTAX, 0, "" },
	{ C, "OK@", false, KM_SYNTAX, 0, "" },
	{ C, "INSTREAM size limit exceeded. ERROR@", false, KM_OK, KM_AV_TOO_LARGE, "" },
	{ C, "INSTREAM size limit exceeded. ERROR", true, KM_OK, KM_AV_TOO_LARGE, "" },
	{ C, "stream: Can't allocate memory ERROR@", false, KM_TEMPFAIL, 0, "" },
	{ C, "HTTP/1.1 400 Bad Request\r\n\r\n@", false, KM_SYNTAX, 0, "" },
	{ I, "ICAP/1.0 204 No Content\r\nISTag: x\r\n\r\n", false, KM_OK, KM_AV_CLEAN, "" },
	{ I, "ICAP/1.0 204 No Content\r\nISTag: x\r\n", false, KM_NOTFOUND, 0, "" },
	{ I, "ICAP/1.0 204 No Content\r\nISTag: x\r\n", true, KM_SYNTAX, 0, "" },
	{ I, "icap/1.0 204\n\n", false, KM_OK, KM_AV_CLEAN, "" },
	{ I,
	  "ICAP/1.0 200 OK\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Eicar;\r\n"
	  "Encapsulated: res-hdr=0, res-body=90\r\n\r\n",
	  false, KM_OK, KM_AV_FOUND, "Eicar" },
	{ I, "ICAP/1.0 204 OK\r\nX-Infection-Found: Type=0\r\n\r\n", false, KM_OK, KM_AV_FOUND,
	  "?" },
	{ I, "ICAP/1.0 200 OK\r\nx-virus-id: Eicar Test\r\n\r\n", false, KM_OK, KM_AV_FOUND,
	  "EicarTest" },
	{ I, "ICAP/1.0 200 OK\r\nX-Violations-Found: 1\r\n\r\n", false, KM_OK, KM_AV_FOUND, "?" },
	{ I,
	  "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=90\r\n\r\nHTTP/1.1 403 "
	  "Forbidden\r\n",
	  false, KM_OK, KM_AV_FOUND, "blocked" },
	{ I, "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=90\r\n\r\nHTTP/1.1 200 OK\r\n",
	  false, KM_OK, KM_AV_CLEAN, "" },
	{ I, "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=90\r\n\r\nHTTP/1.1 20", false,
	  KM_NOTFOUND, 0, "" },
	{ I, "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=90\r\n\r\nHTTP/1.1 20", true,
	  KM_SYNTAX, 0, "" },
	{ I, "ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0\r\n\r\nnonsense\r\n", false, KM_SYNTAX, 0,
	  "" },
	{ I, "ICAP/1.0 200 OK\r\n\r\n", false, KM_SYNTAX, 0, "" },
	{ I, "ICAP/1.0 404 Service not found\r\n\r\n", false, KM_TEMPFAIL, 0, "" },
	{ I, "ICAP/1.0 500 Server error\r\n\r\n", false, KM_TEMPFAIL, 0, "" },
	{ I, "ICAP/1.0 100 Continue\r\n\r\n", false, KM_TEMPFAIL, 0, "" },
	{ I, "HTTP/1.1 200 OK\r\n\r\n", false, KM_SYNTAX, 0, "" },
	{ I, "ICAP/1.0 xyz\r\n\r\n", false, KM_SYNTAX, 0, "" },
};

static km_sv bytes_of(const char *text)
{
	km_sv v = test_exact(text, strlen(text));

	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] == '@')
			((char *)(uintptr_t)v.p)[i] = '\0';
	return v;
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(answers); i++) {
		km_sv got = bytes_of(answers[i].got);
		km_av_answer a = { 0 };
		km_status st = answers[i].protocol->read(got, answers[i].end, &a, NULL);
		if (st != answers[i].want)
			fail_msg("%s: %s", answers[i].got, km_status_name(st));
		if (st == KM_OK &&
		    (a.result != answers[i].result || strcmp(a.name, answers[i].name) != 0))
			fail_msg("%s: %d, %s", answers[i].got, (int)a.result, a.name);
		test_drop(got);
	}
}

/* An answer that never ends is none. */
static void test_endless(void **state)
{
	(void)state;
	char *much = malloc(KM_AV_ANSWER_BYTES);
	km_av_answer a;

	memset(much, 'x', KM_AV_ANSWER_BYTES);
	km_sv got = { much, KM_AV_ANSWER_BYTES };
	assert_int_equal(km_av_clamd.read(got, false, &a, NULL), KM_SYNTAX);
	assert_int_equal(km_av_icap.read(got, false, &a, NULL), KM_SYNTAX);
	free(much);
}

static void test_questions(void **state)
{
	(void)state;
	km_av_target t;
	km_buf b;

	km_buf_init(&b, NULL, 4096);
	km_av_clamd.before(NULL, 0x01020304, &b);
	assert_int_equal(b.n, 14);
	assert_memory_equal(b.p, "zINSTREAM\0\1\2\3\4", 14);
	b.n = 0;
	assert_int_equal(km_av_target_icap("icap://127.0.0.1/avscan", &t, NULL), KM_OK);
	km_av_icap.before(&t, 300, &b);
	km_sv said = km_buf_sv(&b);
	size_t head = km_sv_find(said, KM_S("\r\n\r\n"), 0) + 4;
	assert_true(km_sv_starts(said, KM_S("RESPMOD icap://127.0.0.1/avscan ICAP/1.0\r\n")));
	assert_true(km_sv_find(said, KM_S("\r\nHost: 127.0.0.1\r\n"), 0) < said.n);
	/* Encapsulated: where each piece begins, counted from the end of the header. */
	size_t at = km_sv_find(said, KM_S("res-hdr="), 0) + 8;
	size_t response = strtoul(said.p + at, NULL, 10);
	size_t body = strtoul(said.p + km_sv_find(said, KM_S("res-body="), 0) + 9, NULL, 10);
	assert_true(km_sv_starts(km_sv_from(said, head), KM_S("GET ")));
	assert_true(km_sv_starts(km_sv_from(said, head + response), KM_S("HTTP/1.1 200")));
	assert_true(km_sv_eq(km_sv_from(said, head + body), KM_S("12c\r\n")));
	km_buf_finish(&b);
}

static const struct {
	km_status (*read)(const char *, km_av_target *, km_err *);
	const char *text;
	km_status want;
	int family;
	uint16_t port;
	const char *name;
} targets[] = {
	{ km_av_target_clamd, "127.0.0.1:3310", KM_OK, AF_INET, 3310, "127.0.0.1:3310" },
	{ km_av_target_clamd, "[::1]:3310", KM_OK, AF_INET6, 3310, "[::1]:3310" },
	{ km_av_target_clamd, "unix:/run/clamd.ctl", KM_OK, AF_UNIX, 0, "unix:/run/clamd.ctl" },
	{ km_av_target_clamd, "unix:clamd.ctl", KM_CONFIG, 0, 0, "" },
	{ km_av_target_clamd, "127.0.0.1", KM_CONFIG, 0, 0, "" },
	{ km_av_target_clamd, "127.0.0.1:0", KM_CONFIG, 0, 0, "" },
	{ km_av_target_clamd, "127.0.0.1:65536", KM_CONFIG, 0, 0, "" },
	{ km_av_target_clamd, "127.0.0.1 :3310", KM_CONFIG, 0, 0, "" },
	{ km_av_target_clamd, "", KM_CONFIG, 0, 0, "" },
	{ km_av_target_icap, "icap://127.0.0.1/avscan", KM_OK, AF_INET, 1344, "127.0.0.1" },
	{ km_av_target_icap, "ICAP://[::1]:11344/a/b", KM_OK, AF_INET6, 11344, "[::1]:11344" },
	{ km_av_target_icap, "icap://[::1]/a", KM_OK, AF_INET6, 1344, "[::1]" },
	{ km_av_target_icap, "icap://127.0.0.1", KM_CONFIG, 0, 0, "" },
	{ km_av_target_icap, "icap://127.0.0.1/", KM_CONFIG, 0, 0, "" },
	{ km_av_target_icap, "icap:///a", KM_CONFIG, 0, 0, "" },
	{ km_av_target_icap, "http://127.0.0.1/a", KM_CONFIG, 0, 0, "" },
	{ km_av_target_icap, "icap://127.0.0.1/a\r\nX: y", KM_CONFIG, 0, 0, "" },
	{ km_av_target_icap, "", KM_CONFIG, 0, 0, "" },
};

static void test_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(targets); i++) {
		km_av_target t;
		km_status st = targets[i].read(targets[i].text, &t, NULL);
		if (st != targets[i].want)
			fail_msg("%s: %s", targets[i].text, km_status_name(st));
		if (st != KM_OK)
			continue;
		assert_int_equal(t.address.ss_family, targets[i].family);
		assert_int_equal(km_av_target_port(&t), targets[i].port);
		assert_string_equal(t.name, targets[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_targets),
	};
	return cmocka_run_group_tests_name("net/av", tests, NULL, NULL);
}
