#include "front/http/request.h"
#include "test.h"

typedef struct {
	const char *name, *value;
} header;

static const struct {
	const char *name;
	header headers[4];
	const char *rcpts; /* joined with " " */
	const char *from, *ip, *user;
	bool has_from, stored, compressed;
} cases[] = {
	{ "nothing", { { 0 } }, "", "", "", "", false, false, false },
	{ "one of each",
	  { { "IP", "192.0.2.7" },
	    { "FROM", "<a@example.com>" },
	    { "rcpt", "b@example.jp" },
	    { "User", " u1 " } },
	  "b@example.jp",
	  "a@example.com",
	  "192.0.2.7",
	  "u1",
	  true,
	  false,
	  false },
	{ "null sender", { { "From", "<>" } }, "", "", "", "", true, false, false },
	{ "empty sender", { { "From", "" } }, "", "", "", "", true, false, false },
	{ "many Rcpt",
	  { { "Rcpt", "a@example.jp" }, { "Rcpt", "<b@example.jp>" }, { "Rcpt", "c@example.jp" } },
	  "a@example.jp b@example.jp c@example.jp",
	  "",
	  "",
	  "",
	  false,
	  false,
	  false },
	{ "commas in Rcpt",
	  { { "Rcpt", "a@example.jp, <b@example.jp>,,c@example.jp," } },
	  "a@example.jp b@example.jp c@example.jp",
	  "",
	  "",
	  "",
	  false,
	  false,
	  false },
	{ "a quoted comma",
	  { { "Rcpt", "\"x,y\"@example.jp,\"q\\\",z\"@example.jp" } },
	  "\"x,y\"@example.jp \"q\\\",z\"@example.jp",
	  "",
	  "",
	  "",
	  false,
	  false,
	  false },
	{ "a quote left open",
	  { { "Rcpt", "\"x,y@example.jp" } },
	  "\"x,y@example.jp",
	  "",
	  "",
	  "",
	  false,
	  false,
	  false },
	{ "Deliver-To alone",
	  { { "Deliver-To", "b@example.jp" } },
	  "b@example.jp",
	  "",
	  "",
	  "",
	  false,
	  false,
	  false },
	{ "Deliver-To beside Rcpt",
	  { { "Deliver-To", "b@example.jp" }, { "Rcpt", "a@example.jp" } },
	  "a@example.jp",
	  "",
	  "",
	  "",
	  false,
	  false,
	  false },
	{ "first one counts",
	  { { "IP", "192.0.2.1" }, { "IP", "192.0.2.2" } },
	  "",
	  "",
	  "192.0.2.1",
	  "",
	  false,
	  false,
	  false },
	{ "IPv6", { { "IP", "2001:db8::1" } }, "", "", "2001:db8::1", "", false, false, false },
	{ "IPv6 in brackets",
	  { { "IP", "[2001:db8::1]" } },
	  "",
	  "",
	  "2001:db8::1",
	  "",
	  false,
	  false,
	  false },
	{ "address literal",
	  { { "IP", "[IPv6:2001:db8::1]" } },
	  "",
	  "",
	  "2001:db8::1",
	  "",
	  false,
	  false,
	  false },
	{ "no IP", { { "IP", "unknown" } }, "", "", "", "", false, false, false },
	{ "stored", { { "Envelope", "Stored" } }, "", "", "", "", false, true, false },
	{ "zstd", { { "Content-Encoding", "zstd" } }, "", "", "", "", false, false, true },
	{ "Rspamd's way", { { "Compression", "zstd" } }, "", "", "", "", false, false, true },
	{ "identity", { { "Content-Encoding", "identity" } }, "", "", "", "", false, false, false },
	{ "8-bit bytes",
	  { { "From", "\xe3\x81\x82@example.jp" }, { "User", "\xff" } },
	  "",
	  "\xe3\x81\x82@example.jp",
	  "",
	  "\xff",
	  true,
	  false,
	  false },
};

static void check(const km_http_request *r, size_t i)
{
	km_envelope env = { .now = 42 };
	char ip[64], rcpts[512] = "";

	km_http_request_envelope(r, &env);
	for (size_t k = 0; k < env.n_rcpts; k++) {
		size_t n = strlen(rcpts);
		(void)snprintf(rcpts + n, sizeof(rcpts) - n, "%s%.*s", k ? " " : "",
			       KM_FMT(env.rcpts[k]));
	}
	assert_string_equal(rcpts, cases[i].rcpts);
	TEST_SV(env.from, cases[i].from);
	TEST_SV(env.user, cases[i].user);
	assert_string_equal(env.ip.len ? km_ip_format(&env.ip, ip) : "", cases[i].ip);
	assert_int_equal(env.has_from, cases[i].has_from);
	assert_int_equal(env.now, 42);
	assert_int_equal(km_http_request_stored(r), cases[i].stored);
	assert_int_equal(km_http_request_compressed(r), cases[i].compressed);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(65536);
		km_http_request r;
		km_sv values[4] = { { 0 } };

		km_http_request_init(&r, a, 100);
		for (size_t k = 0; k < 4 && cases[i].headers[k].name; k++) {
			const char *v = cases[i].headers[k].value;
			values[k] = test_exact(v, strlen(v));
			km_http_request_header(&r, km_sv_of(cases[i].headers[k].name), values[k]);
		}
		check(&r, i);
		for (size_t k = 0; k < 4; k++)
			test_drop(values[k]);
		km_arena_free(a);
	}
}

static void test_bounds(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(65536);
	km_http_request r;

	km_http_request_init(&r, a, 2);
	km_http_request_header(&r, KM_S("Rcpt"), KM_S("a@b,c@d,e@f,g@h"));
	assert_int_equal(r.n_rcpts, 2);
	assert_int_equal(r.rcpts_dropped, 2);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bounds),
	};
	return cmocka_run_group_tests_name("front/request", tests, NULL, NULL);
}
