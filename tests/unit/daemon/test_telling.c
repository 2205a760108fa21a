#include "daemon/telling.h"

#include "mail/b64.h"
#include "test.h"

static const char settings[] = "notify.operator: 例の会社\n"
			       "notify.contact: 03-0000-0000\n"
			       "notify.from: abuse@example.jp\n"
			       "notify.domain: example.jp\n"
			       "notify.smtp: smtp://127.0.0.1:25\n"
			       "notify.staff: [staff@example.jp, second@example.jp]\n"
			       "notify.webhooks: [\"https://desk.example.jp/x?key=1\"]\n"
			       "hooks.ticket: [/usr/local/bin/ticket, --from, komainu]\n"
			       "hooks.password_reset: [/usr/local/bin/reset]\n"
			       "hooks.release: [/usr/local/bin/release]\n";

static km_conf *conf_of(const char *text)
{
	km_conf *c = NULL;
	km_err err = { 0 };

	if (km_conf_parse(km_sv_of(text), "test", &c, &err) != KM_OK)
		fail_msg("%s", err.msg);
	return c;
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "a@example.jp", true },
		{ "o'neil+x@sub.example.jp", true },
		{ "@example.jp", false },
		{ "a@", false },
		{ "a", false },
		{ "", false },
		{ "a@b@c", false },
		{ ".a@example.jp", false },
		{ "a..b@example.jp", false },
		{ "a.@example.jp", false },
		{ "a@.example.jp", false },
		{ "a@example.jp.", false },
		{ "a b@example.jp", false },
		{ "a@example.jp\r\nBcc: x@example.org", false },
		{ "a>@example.jp", false },
		{ "\"a\"@example.jp", false },
		{ "\xe5\xb1\xb1@example.jp", false },
		{ "a,b@example.jp", false },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv v = test_exact(cases[i].text, strlen(cases[i].text));
		if (km_telling_address(v) != cases[i].good)
			fail_msg("%s", cases[i].text);
		test_drop(v);
	}
	assert_false(km_telling_address(KM_S("a\0@example.jp")));
}

static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *conf, *want; /* NULL: good */
	} cases[] = {
		{ settings, NULL },
		{ "", NULL },
		{ "notify.from: nobody\n", "notify.from: \"nobody\"" },
		{ "notify.staff: [a@example.jp, b]\n", "notify.staff: \"b\"" },
		{ "notify.smtp: 127.0.0.1\n", "notify.smtp: \"127.0.0.1\"" },
		{ "notify.smtp: file:///etc/passwd\n", "notify.smtp: \"file" },
		{ "notify.webhooks: [\"ftp://x/\"]\n", "notify.webhooks: \"ftp://x/\"" },
		{ "hooks.release: [release]\n", "hooks.release: \"release\"" },
		{ "hooks.ticket: [ticket]\n", "hooks.ticket: \"ticket\"" },
		{ "notify.domain: \"exa mple\"\n", "notify.domain: \"exa mple\"" },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_conf *c = conf_of(cases[i].conf);
		km_err err = { 0 };
		km_status st = km_telling_check(c, &err);
		assert_int_equal(st, cases[i].want ? KM_CONFIG : KM_OK);
		if (cases[i].want && strncmp(err.msg, cases[i].want, strlen(cases[i].want)) != 0)
			fail_msg("%s", err.msg);
		km_conf_free(c);
	}
}

static km_entry entry(const char *account, km_entry_kind kind, const char *reason)
{
	return (km_entry){ .account = km_sv_of(account),
			   .kind = kind,
			   .t_ms = INT64_C(1772410445000),
			   .by = KM_S("komainu"),
			   .reason = km_sv_of(reason),
			   .ip = KM_S("203.0.113.7"),
			   .port = 50211,
			   .queue_id = KM_S("4QX"),
			   .facts = KM_S("[{\"id\":\"OUT_FLOOD\",\"points\":4,\"seen\":\"\","
					 "\"args\":[\"31.7\",\"64.2\",\"103.9\"]}]") };
}

static void test_plan(void **state)
{
	(void)state;
	static const char both[] = "mail staff staff@example.jp|mail staff second@example.jp|"
				   "webhook https://desk.example.jp/x?key=1|hook ticket|";
	static const struct {
		const char *account;
		km_entry_kind kind;
		const char *reason, *alternative, *first, *last;
	} cases[] = {
		{ "u1", KM_ENTRY_brake, "", "me@example.com",
		  "mail subscriber u1@example.jp|mail alternative me@example.com|", "" },
		{ "a@shop.example", KM_ENTRY_brake, "", "A@SHOP.example",
		  "mail subscriber a@shop.example|", "" },
		{ "u1\nRCPT TO:<x@y>", KM_ENTRY_brake, "", "x@y@z", "", "" },
		{ "u1", KM_ENTRY_review, "keep: x", "", "mail subscriber u1@example.jp|", "" },
		{ "u1", KM_ENTRY_review, "restore: x", "", "", "hook release|" },
		{ "u1", KM_ENTRY_review, "terminate: x", "", "", "" },
		{ "u1", KM_ENTRY_review, "restore+password: x", "", "",
		  "hook password_reset|hook release|" },
		{ "u1", KM_ENTRY_restore, "", "", "mail subscriber u1@example.jp|", "" },
		{ "u1", KM_ENTRY_password_changed, "", "me@example.com", "", "" },
	};
	km_conf *c = conf_of(settings), *none = conf_of("");
	km_arena *a = km_arena_new(1 << 20);
	km_delivery d[KM_TELLING_TARGETS];

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_entry e = entry(cases[i].account, cases[i].kind, cases[i].reason);
		char got[1000] = "", want[1000];
		size_t n = km_telling_plan(a, c, 7, &e, km_sv_of(cases[i].alternative), d);
		for (size_t k = 0; k < n; k++)
			(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s %.*s|",
				       km_channel_name(d[k].channel), KM_FMT(d[k].target));
		(void)snprintf(want, sizeof(want), "%s%s%s", cases[i].first, both, cases[i].last);
		assert_string_equal(got, want);
	}
	km_entry told = entry("u1", KM_ENTRY_told, "mail x 7");
	assert_int_equal(km_telling_plan(a, c, 8, &told, KM_S(""), d), 0);
	km_entry brake = entry("u1", KM_ENTRY_brake, "");
	assert_int_equal(km_telling_plan(a, none, 9, &brake, KM_S("me@example.com"), d), 0);
	assert_true(km_telling_wanted(c));
	assert_false(km_telling_wanted(none));
	km_arena_free(a);
	km_conf_free(c);
	km_conf_free(none);
}

static bool has(km_sv text, const char *word)
{
	return km_sv_find(text, km_sv_of(word), 0) < text.n;
}

/* Header and decoded body; every line is of ASCII and at most 78 columns, with CRLF. */
static void split(km_arena *a, km_sv mail, km_sv *header, km_sv *body)
{
	km_b64_info info = { 0 };
	km_buf b;
	size_t end = km_sv_find(mail, KM_S("\r\n\r\n"), 0);

	assert_true(end < mail.n);
	*header = km_sv_sub(mail, 0, end + 2);
	km_buf_init(&b, a, 1 << 20);
	km_b64_decode(km_sv_from(mail, end + 4), &b, &info);
	assert_false(info.bad_padding);
	*body = km_buf_sv(&b);
	for (km_sv rest = mail, line; km_sv_line(&rest, &line);) {
		assert_true(line.n <= 78);
		for (size_t i = 0; i < line.n; i++)
			assert_true((unsigned char)line.p[i] < 0x7f && line.p[i] != '\r');
	}
}

static void test_mail(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(16 << 20);
	km_conf *c = conf_of(settings);
	km_notices notices;
	km_entry e = entry("u1\r\nBcc: x@example.org", KM_ENTRY_restore, "");
	km_telling t = { .conf = c,
			 .notices = &notices,
			 .host = "mx.example.jp",
			 .row = 77,
			 .entry = &e,
			 .decision = KM_S("restore: 本人の配信\n.\nQUIT") };
	km_sv header, body;
	km_buf b;

	assert_int_equal(km_notices_open(a, NULL, &notices, NULL), KM_OK);
	km_buf_init(&b, a, 1 << 20);
	assert_int_equal(km_telling_mail(a, &t, KM_S("subscriber u1@example.jp"), 1772410445, &b,
					 NULL),
			 KM_OK);
	split(a, km_buf_sv(&b), &header, &body);
	static const char *const fields[] = {
		"From: <abuse@example.jp>\r\n",
		"\r\nTo: <u1@example.jp>\r\n",
		"\r\nDate: Mon, 2 Mar 2026 00:14:05 +0000\r\n",
		"\r\nMessage-ID: <komainu.K77.1772410445000.subscriber@mx.example.jp>\r\n",
		"\r\nAuto-Submitted: auto-generated\r\n",
		"\r\nSubject: =?UTF-8?B?",
	};
	for (size_t i = 0; i < KM_COUNT(fields); i++)
		assert_true(has(header, fields[i]));
	assert_false(has(header, "Bcc:"));
	assert_true(has(body, "解除しました") && has(body, "was lifted"));
	assert_true(has(body, "\r\n  本人の配信\r\n  .\r\n  QUIT\r\n"));
	assert_true(has(body, "例の会社") && has(body, "03-0000-0000"));
	/* One language alone; and staff, who are told numbers. */
	km_conf *en = conf_of("notify.language: en\nnotify.from: abuse@example.jp\n");
	e.kind = KM_ENTRY_brake;
	t.conf = en;
	b.n = 0;
	assert_int_equal(km_telling_mail(a, &t, KM_S("staff s@example.jp"), 0, &b, NULL), KM_OK);
	split(a, km_buf_sv(&b), &header, &body);
	assert_true(has(body, "31.7") && has(body, "presume no intent"));
	assert_false(has(body, "感染"));
	e.kind = KM_ENTRY_complaint;
	assert_int_equal(km_telling_mail(a, &t, KM_S("staff s@example.jp"), 0, &b, NULL),
			 KM_NOTFOUND);
	km_arena_free(a);
	km_conf_free(c);
	km_conf_free(en);
}

static void test_json(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_conf *c = conf_of("language: en\n");
	km_entry e = entry("u\"1\xff", KM_ENTRY_brake, "");
	const km_telling t = { .conf = c, .host = "h", .row = 77, .entry = &e };
	km_buf b;

	km_buf_init(&b, a, 1 << 16);
	assert_int_equal(km_telling_json(a, &t, &b, NULL), KM_OK);
	TEST_SV(km_buf_sv(&b),
		"{\"id\": \"K77\", \"event\": \"brake\", \"account\": \"u\\\"1\xef\xbf\xbd\", "
		"\"t\": \"2026-03-02T00:14:05Z\", \"until\": null, \"by\": \"komainu\", "
		"\"reason\": null, \"ip\": \"203.0.113.7\", \"port\": 50211, \"queue_id\": "
		"\"4QX\", "
		"\"facts\": [{\"id\": \"OUT_FLOOD\", \"points\": 4.0, \"seen\": \"\", \"text\": "
		"\"A sudden flood against this account's habits: weight 31.7, hourly budget 64.2, "
		"103.9 percent used.\"}], \"operator\": \"\"}");
	km_arena_free(a);
	km_conf_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_check),
		cmocka_unit_test(test_plan),	  cmocka_unit_test(test_mail),
		cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests_name("daemon/telling", tests, NULL, NULL);
}
