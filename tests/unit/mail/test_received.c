#include "mail/received.h"

#include "test.h"

/* A hop is shown as "helo|rdns|ip|by|with|id|for" and marks: t TLS, a auth, d date, ! not
 * understood. */
static const struct {
	const char *name, *in, *out;
} cases[] = {
	{ "postfix",
	  "from mx.a.example (rdns.a.example [192.0.2.1])\r\n\t(using TLSv1.3 with cipher "
	  "TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519)\r\n\t(No client "
	  "certificate requested)\r\n\tby mx.b.example (Postfix) with ESMTPS id 4X1\r\n\tfor "
	  "<u@b.example>; Mon,  2 Mar 2026 09:14:05 +0900 (JST)",
	  "mx.a.example|rdns.a.example|192.0.2.1|mx.b.example|ESMTPS|4X1|u@b.example td" },
	{ "postfix unknown", "from x (unknown [IPv6:2001:db8::1]) by y (Postfix) with SMTP id 1; x",
	  "x||2001:db8::1|y|SMTP|1| " },
	{ "postfix submission",
	  "from pc (unknown [192.0.2.7]) (Authenticated sender: u@b.example) by y with ESMTPSA id "
	  "1",
	  "pc||192.0.2.7|y|ESMTPSA|1| ta" },
	{ "postfix local", "by y (Postfix, from userid 0) id 1; Mon, 2 Mar 2026 09:14:05 +0900",
	  "|||y||1| d" },
	{ "postfix literal helo", "from [10.0.0.1] (h.example [192.0.2.1]) by y with SMTP id 1",
	  "[10.0.0.1]|h.example|192.0.2.1|y|SMTP|1| " },
	{ "sendmail",
	  "from helo (user@host.example [192.0.2.1] (may be forged)) by y (8.14.4/8.14.4) with "
	  "ESMTP id x1 (version=TLSv1/SSLv3 cipher=AES bits=256 verify=NO) for <u@b>; 2 Mar 2026 "
	  "09:14:05 GMT",
	  "helo|host.example|192.0.2.1|y|ESMTP|x1|u@b td" },
	{ "sendmail without name", "from helo ([192.0.2.1]) by y (8.14.4) id x1",
	  "helo||192.0.2.1|y||x1| " },
	{ "sendmail local", "(from root@localhost) by y (8.14.4/Submit) id x1 for u@b; 2 Mar 2026",
	  "|||y||x1|u@b d" },
	{ "exim",
	  "from rdns.example ([192.0.2.1] helo=helo.example) by y with esmtps (TLS1.3:X:256) "
	  "(Exim 4.96) (envelope-from <a@b>) id 1u for u@b; Mon, 2 Mar 2026 09:14:05 +0900",
	  "helo.example|rdns.example|192.0.2.1|y|esmtps|1u|u@b td" },
	{ "exim without name",
	  "from [192.0.2.1] (port=25 helo=[10.0.0.1]) by y with esmtp (Exim) id 1",
	  "[10.0.0.1]||192.0.2.1|y|esmtp|1| " },
	{ "exim local", "from user by y with local (Exim 4.96) id 1u", "user|||y|local|1u| " },
	{ "qmail",
	  "from unknown (HELO helo.example) (192.0.2.1) by y with SMTP; 2 Mar 2026 00:00 GMT",
	  "helo.example||192.0.2.1|y|SMTP|| d" },
	{ "qmail with name", "from r.example (HELO h.example) (u@192.0.2.1) by 0 with ESMTP; x",
	  "h.example|r.example|192.0.2.1|0|ESMTP|| " },
	{ "qmail inside", "(qmail 1234 invoked by uid 500); 2 Mar 2026 00:14:05 -0000",
	  "|||||| d" },
	{ "qmail peer", "from 192.0.2.1 (HELO h.example) by y with ESMTP id 1",
	  "h.example||192.0.2.1|y|ESMTP|1| " },
	{ "exchange",
	  "from A.example (192.0.2.1) by B.example (2001:db8::2) with Microsoft SMTP Server\r\n "
	  "(version=TLS1_2, cipher=TLS_X) id 15.20.1 via Frontend Transport; Mon, 2 Mar 2026 "
	  "00:14:05 +0000",
	  "A.example||192.0.2.1|B.example|Microsoft SMTP Server|15.20.1| td" },
	{ "exchange mapi",
	  "from A.example ([fe80::1]) by A.example ([fe80::1%5]) with mapi id 15.20.1",
	  "A.example||fe80::1|A.example|mapi|15.20.1| " },
	{ "smtpsvc", "from a ([192.0.2.1]) by b with Microsoft SMTPSVC(6.0.3790.1830); x",
	  "a||192.0.2.1|b|Microsoft SMTPSVC|| " },
	{ "pickup", "from mail pickup service by b with Microsoft SMTPSVC; 2 Mar 2026 00:00 GMT",
	  "mail|||b|Microsoft SMTPSVC|| d" },
	{ "gmail first",
	  "by 2002:a05:6a10:1::1 with SMTP id x1csp; Mon, 2 Mar 2026 00:14:05 -0800 (PST)",
	  "|||2002:a05:6a10:1::1|SMTP|x1csp| d" },
	{ "gmail",
	  "from m.example (m.example. [2001:db8::1]) by mx.google.com with ESMTPS id x1 for <u@b> "
	  "(version=TLS1_3 cipher=TLS_AES bits=256/256); Mon, 2 Mar 2026 00:14:05 -0800 (PST)",
	  "m.example|m.example|2001:db8::1|mx.google.com|ESMTPS|x1|u@b td" },
	{ "courier",
	  "from h.example (r.example [::ffff:192.0.2.1]) (AUTH: LOGIN u, TLS: TLSv1.2,256bits) by "
	  "y "
	  "with ESMTPSA id 1",
	  "h.example|r.example|192.0.2.1|y|ESMTPSA|1| ta" },
	{ "yahoo web",
	  "from [192.0.2.1] by web1.yahoo.example via HTTP; Mon, 23 Apr 2007 09:09:25 PDT",
	  "[192.0.2.1]||192.0.2.1|web1.yahoo.example||| d" },
	{ "yahoo", "from 192.0.2.1  (EHLO h.example) (192.0.2.1) by mta1 with SMTPs; x",
	  "h.example||192.0.2.1|mta1|SMTPs|| t" },
	{ "communigate",
	  "from [192.0.2.1] (account u HELO h.example) by y (CommuniGate Pro SMTP 5) with "
	  "ESMTPA id 1 for x@y; x",
	  "h.example||192.0.2.1|y|ESMTPA|1|x@y a" },
	{ "mailenable", "from h.example ([192.0.2.1]) by y with MailEnable ESMTP; x",
	  "h.example||192.0.2.1|y|MailEnable|| " },
	{ "haraka",
	  "from h.example (r.example [192.0.2.1]) by y (Haraka/2.8) with ESMTPS id A.1 "
	  "envelope-from <a@b> (cipher=TLS_X); Mon, 2 Mar 2026 00:14:05 +0000",
	  "h.example|r.example|192.0.2.1|y|ESMTPS|A.1| td" },
	{ "sendgrid", "by filter1 with SMTP id f1; 2026-03-02 00:14:05.5 +0000 UTC",
	  "|||filter1|SMTP|f1| d" },
	{ "vger",
	  "from h.example ([192.0.2.1]:57614 \"EHLO [9.9.9.9]\" rhost-flags-OK) by y with ESMTP "
	  "id 1 (ORCPT <rfc822;u@b>); Mon, 2 Mar 2026 00:14:05 +0000",
	  "[9.9.9.9]|h.example|192.0.2.1|y|ESMTP|1| d" },
	{ "address as name", "from [9.9.9.9] ([192.0.2.1]:57614 \"EHLO [9.9.9.9]\") by y; x",
	  "[9.9.9.9]||192.0.2.1|y||| " },
	{ "fetchmail",
	  "from h.example [192.0.2.1] by localhost with POP3 (fetchmail-5.9) for u@l "
	  "(single-drop); 2 Mar 2026 00:00 GMT",
	  "h.example||192.0.2.1|localhost|POP3||u@l d" },
	{ "port", "from h (192.0.2.1:4526) by y; x", "h||192.0.2.1|y||| " },
	{ "keyword as helo", "from by (h.example [192.0.2.1]) by y with SMTP",
	  "by|h.example|192.0.2.1|y|SMTP|| " },
	{ "helo left out", "from (h.example [192.0.2.1]) by y with SMTP; x",
	  "|h.example|192.0.2.1|y|SMTP|| " },
	{ "clause twice", "from a by b by c with ESMTP with STARTTLS", "a|||b|ESMTP|| " },
	{ "bad address", "from h (r.example [999.0.2.1]) by y", "h|r.example||y||| " },
	{ "comment not closed", "from h (r.example [192.0.2.1] by y",
	  "h|r.example|192.0.2.1|||| " },
	{ "nothing", "", "|||||| !" },
	{ "garbage", "Carol Hester", "|||||| !" },
};

static km_sv show(km_arena *a, const km_hop *h)
{
	char ip[64];

	return km_sv_fmt(a, "%.*s|%.*s|%s|%.*s|%.*s|%.*s|%.*s %s%s%s%s", KM_FMT(h->helo),
			 KM_FMT(h->rdns), km_ip_format(&h->ip, ip), KM_FMT(h->by), KM_FMT(h->with),
			 KM_FMT(h->id), KM_FMT(h->for_addr), h->tls ? "t" : "", h->auth ? "a" : "",
			 h->has_date ? "d" : "", h->understood ? "" : "!");
}

static void test_table(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		km_header h = { .name = KM_SV("received"), .raw = in, .offset = i };
		km_headers hs = { .h = &h, .n = 1 };
		km_received r;

		assert_int_equal(km_received_read(a, &hs, &r), KM_OK);
		assert_int_equal(r.n, 1);
		assert_int_equal(r.hop[0].offset, i);
		assert_int_equal(r.not_understood, !r.hop[0].understood);
		test_sv_is(show(a, &r.hop[0]), cases[i].out, cases[i].name);
		test_drop(in);
	}
	km_arena_free(a);
}

static void test_edge(void **state)
{
	(void)state;
	static const char text[] = "Received: from localhost (localhost [127.0.0.1]) by mx; x\n"
				   "Received: by mx (Postfix, from userid 0) id 1; x\n"
				   "Subject: between\n"
				   "Received: from relay ([10.0.0.1]) by mx; x\n"
				   "Received: from out ([9.9.9.1]) by relay; x\n"
				   "Received: from far ([9.9.9.2]) by out; x\n\n";
	static const size_t want[] = { 2, 4, 5, 5 };
	km_arena *a = km_arena_new(1 << 20);
	km_headers hs;
	km_received r;

	assert_int_equal(km_headers_read(a, km_sv_of(text), 0, sizeof(text), &hs), KM_OK);
	assert_int_equal(km_received_read(a, &hs, &r), KM_OK);
	assert_int_equal(r.n, 5);
	for (size_t i = 0; i < KM_COUNT(want); i++)
		assert_int_equal(km_received_edge(&r, i), want[i]);
	km_arena_free(a);
}

static void test_limit(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	static km_header h[KM_MAX_RECEIVED_HOPS + 1];
	km_received r;

	for (size_t i = 0; i < KM_COUNT(h); i++)
		h[i] = (km_header){ .name = KM_SV("Received"), .raw = KM_SV("by x") };
	km_headers hs = { .h = h, .n = KM_COUNT(h) };
	assert_int_equal(km_received_read(a, &hs, &r), KM_OK);
	assert_int_equal(r.n, KM_MAX_RECEIVED_HOPS);
	assert_int_equal(r.limits, 1u << KM_LIMIT_RECEIVED_HOPS);
	km_arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_edge),
		cmocka_unit_test(test_limit),
	};
	return cmocka_run_group_tests_name("mail/received", tests, NULL, NULL);
}
