#include "auth/authres.h"

#include "test.h"

static const struct {
	const char *value;
	size_t n; /* bytes, or 0 for all */
	bool ours;
} fields[] = {
	{ " mx.example.jp; spf=pass", 0, true },
	{ " MX.Example.JP 1; spf=pass", 0, true },
	{ "mx.example.jp.;none", 0, true },
	{ "\r\n\t(a (nested;) comment) mx.example.jp\r\n ;none", 0, true },
	{ " \"mx.example.jp\"; none", 0, true },
	{ " \"mx.ex\\ample.jp\"; none", 0, true },
	{ " (open mx.example.jp; none", 0, true },
	{ " \";\" mx.example.jp; none", 0, true },
	{ " mx.example.jp", 0, true },
	{ " mx.example.jp\0; none", 21, false },
	{ " mail.mx.example.jp; none", 0, false },
	{ " mx.example.jp.example.com; none", 0, false },
	{ " mx.example; none", 0, false },
	{ " mx.example.com; spf=pass smtp.helo=mx.example.jp", 0, false },
	{ " mx.example.com; spf=pass (mx.example.jp)", 0, false },
	{ "", 0, false },
	{ ";", 0, false },
};

static void test_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(fields); i++) {
		size_t n = fields[i].n ? fields[i].n : strlen(fields[i].value);
		km_sv raw = test_exact(fields[i].value, n);
		if (km_authres_is_ours(raw, KM_S("mx.example.jp")) != fields[i].ours)
			fail_msg("%s", fields[i].value);
		test_drop(raw);
	}
	assert_false(km_authres_is_ours(KM_S(" a; none"), KM_S("")));
}

static void test_write(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 16);
	km_spf_result spf = { .code = KM_SPF_PASS, .domain = KM_S("example.jp") };
	km_dkim_sig sig[] = {
		{ .code = KM_DKIM_PASS,
		  .domain = KM_S("example.jp"),
		  .identity = KM_S("@example.jp"),
		  .selector = KM_S("s1"),
		  .algorithm = KM_S("rsa-sha256"),
		  .b = KM_S("ab+/cdef") },
		{ .code = KM_DKIM_FAIL,
		  .reason = KM_S("the body was changed"),
		  .domain = KM_S("example.org") },
	};
	km_dkim_result dkim = { .code = KM_DKIM_PASS, .sig = sig, .n = 2 };
	km_dmarc_result dmarc = { .code = KM_DMARC_PASS,
				  .domain = KM_S("example.jp"),
				  .policy_domain = KM_S("example.jp"),
				  .published = KM_DMARC_REJECT };
	km_arc_result arc = { .code = KM_ARC_NONE };
	km_authres r = { .authserv_id = KM_S("mx.example.com"),
			 .spf = &spf,
			 .mail_from = KM_S("a@example.jp"),
			 .dkim = &dkim,
			 .dmarc = &dmarc,
			 .arc = &arc,
			 .eol = "\n" };

	TEST_SV(km_authres_write(a, &r),
		"mx.example.com;\n\tarc=none;\n\tspf=pass smtp.mailfrom=a@example.jp;\n"
		"\tdkim=pass header.d=example.jp header.i=@example.jp header.s=s1\n"
		"\theader.a=rsa-sha256 header.b=\"ab+/cdef\";\n"
		"\tdkim=fail reason=\"the body was changed\" header.d=example.org;\n"
		"\tdmarc=pass header.from=example.jp polrec.p=reject");
	sig[0].unsigned_tail = 1;
	dkim.n = 1;
	km_authres tail = { .authserv_id = KM_S("mx"), .dkim = &dkim };
	TEST_SV(km_sv_sub(km_authres_write(a, &tail), 0, 17), "mx;\r\n\tdkim=policy");
	km_authres none = { .authserv_id = KM_S("mx.example.com") };
	TEST_SV(km_authres_write(a, &none), "mx.example.com; none");
	km_arena_free(a);
}

/* Values out of the message can not add a result, a line or a field. */
static void test_hostile(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t n;
		const char *out;
	} values[] = {
		{ "a@b\r\nX: y", 9, "\"a@b??X: y\"" },
		{ "x; dkim=pass", 12, "\"x; dkim=pass\"" },
		{ "a\"b\\c", 5, "\"a\\\"b\\\\c\"" },
		{ "a\0b", 3, "\"a?b\"" },
		{ "(a", 2, "\"(a\"" },
		{ "a@b@c", 5, "\"a@b@c\"" },
		{ "\xe3\x81\x82@b", 5, "\"???@b\"" },
		{ "a b", 3, "\"a b\"" },
		{ "a=b", 3, "\"a=b\"" },
	};

	for (size_t i = 0; i < KM_COUNT(values); i++) {
		km_arena *a = km_arena_new(1 << 16);
		km_sv in = test_exact(values[i].in, values[i].n);
		km_spf_result spf = { .code = KM_SPF_PASS };
		km_authres r = { .authserv_id = KM_S("mx"), .spf = &spf, .mail_from = in };
		km_sv want = km_sv_fmt(a, "mx;\r\n\tspf=pass smtp.mailfrom=%s", values[i].out);
		TEST_SV(km_authres_write(a, &r), km_sv_cstr(a, want));
		test_drop(in);
		km_arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests_name("auth/authres", tests, NULL, NULL);
}
