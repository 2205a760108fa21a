#include <unistd.h>

#include "outbound/stored.h"
#include "outbound/told.h"
#include "test.h"

static void test_bad_templates(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* NULL: good */
	} cases[] = {
		{ "Subject: x\n\nbody\n", NULL },
		{ "# c\n#\nSubject: {operator} x\n\n{facts}{steps}\n\n", NULL },
		{ "Subject: x\n\n", NULL },
		{ "Subject: x\r\n\r\n{account}\r\n", NULL },
		{ "", "t:1: \"Subject" },
		{ "# only\n", "t:1: \"Subject" },
		{ "Subject: \n\nx", "t:1: \"Subject" },
		{ "# c\nTo: x\n\nx", "t:2: \"Subject" },
		{ "Subject: x\nbody", "t:2: an empty line" },
		{ "Subject: x", "t:2: an empty line" },
		{ "Subject: {acount}\n\nx", "t:1: not known: {acount}" },
		{ "Subject: x\n\nfine\n a {limit} b\n", "t:4: not known: {limit}" },
		{ "Subject: x\n\n{", "t:3: not known: {" },
		{ "Subject: x\n\n{account", "t:3: not known: {account" },
		{ "Subject: x\n\n{}\n", "t:3: not known: {}" },
		{ "Subject: x\n\n{{account}}\n", "t:3: not known: {{account}" },
		{ "Subject: x\n\na } b\n", "t:3: a closing brace" },
		{ "Subject: x\n\n\xff\n", "t: no UTF-8" },
	};

	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv text = test_exact(cases[i].text, strlen(cases[i].text));
		km_err err = { 0 };
		km_status st = km_notice_check(text, "t", &err);
		if ((st == KM_OK) != (cases[i].want == NULL))
			fail_msg("%s: %s %s", cases[i].text, km_status_name(st), err.msg);
		if (cases[i].want && strncmp(err.msg, cases[i].want, strlen(cases[i].want)) != 0)
			fail_msg("got %s, want %s", err.msg, cases[i].want);
		test_drop(text);
	}
}

static void test_lines(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	const km_sv values[KM_NOTICE_VALUE_COUNT] = {
		[KM_NOTICE_VALUE_account] = KM_SV("u{1}"),
		[KM_NOTICE_VALUE_facts] = KM_SV("\n  - one\n  - two"),
	};
	km_notice n;

	assert_int_equal(
		km_notice_write(a,
				KM_S("# c\nSubject: about {account}\n\nFor {account}.\n"
				     "Until: {until}\n\nSeen:{facts}\nBy {by} {account}\n"),
				values, &n, NULL),
		KM_OK);
	TEST_SV(n.subject, "about u{1}");
	TEST_SV(n.body, "For u{1}.\n\nSeen:\n  - one\n  - two\nBy  u{1}\n");
	km_arena_free(a);
}

static bool has(km_sv text, const char *word)
{
	return km_sv_find(text, km_sv_of(word), 0) < text.n;
}

static const char facts[] =
	"[{\"id\": \"OUT_FLOOD\", \"points\": 4, \"seen\": \"\", \"args\": "
	"[\"31.7\", \"64.2\", \"103.9\"]}, {\"id\": \"OUT_OF_A_LATER_VERSION\"},"
	" {\"id\": \"OUT_NETWORKS_MANY\", \"points\": 8, \"seen\": "
	"\"203.0.113.7\", \"args\": [\"17.5\", \"2\"]}]";

/* Each built-in template, for an entry of its kind: complete, and without numbers for subscribers.
 */
static void test_builtin(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(8 << 20);
	km_notices all;
	km_err err = { 0 };
	size_t written = 0;

	if (km_notices_open(a, NULL, &all, &err) != KM_OK)
		fail_msg("%s", err.msg);
	for (int i = 0; i < KM_ENTRY_KIND_COUNT * KM_READERS * KM_LANGS; i++) {
		km_entry_kind kind = (km_entry_kind)(i / KM_LANGS / KM_READERS);
		km_reader reader = (km_reader)(i / KM_LANGS % KM_READERS);
		km_lang lang = (km_lang)(i % KM_LANGS);
		km_entry e = { .account = KM_S("u1042\r\nBcc: x@example.org\xff"),
			       .kind = kind,
			       .t_ms = INT64_C(1772410445000),
			       .until_ms = INT64_C(1772432045000),
			       .by = KM_S("tanaka"),
			       .reason = KM_S("keep: 第一行\n二行"),
			       .ip = KM_S("203.0.113.7"),
			       .port = 50211,
			       .queue_id = KM_S("4QX7"),
			       .facts = km_sv_of(facts) };
		km_told t = { .row = 77,
			      .entry = &e,
			      .reader = reader,
			      .contact = KM_S("03-0000-0000"),
			      .steps = { KM_S("\n  1. 手順"), KM_S("\n  1. step") } };
		km_notice n;
		if (reader == KM_FOR_SENDER)
			continue;
		km_status st = km_told_write(a, &all, &t, lang, &n, &err);
		assert_int_equal(st == KM_OK, km_told_wanted(&e, reader));
		if (st != KM_OK) {
			assert_int_equal(st, KM_NOTFOUND);
			err = (km_err){ 0 };
			continue;
		}
		written++;
		assert_true(n.subject.n > 20 && !has(n.subject, "\n") && !has(n.subject, "{"));
		assert_true(has(n.subject, "K77") && !has(n.body, "{") && !has(n.body, "\r"));
		assert_true(has(n.body, "u1042  Bcc: x@example.org\xef\xbf\xbd"));
		assert_true(has(n.body, "2026-03-02 09:14:05 JST (2026-03-02T00:14:05Z)"));
		bool staff = reader == KM_FOR_ADMIN;
		if (has(n.body, "31.7") != staff || has(n.body, "64.2") != staff ||
		    has(n.body, "17.5") != staff || has(n.body, "tanaka") != staff)
			fail_msg("numbers or names for the wrong reader:\n%.*s", KM_FMT(n.body));
		assert_true(staff || has(n.body, "03-0000-0000"));
		if (staff || kind == KM_ENTRY_review || kind == KM_ENTRY_termination)
			assert_true(has(n.body, "\n  第一行\n  二行\n"));
		if (kind <= KM_ENTRY_suspension && !staff)
			assert_true(has(n.body, lang == KM_JA ? "感染" : "infected") &&
				    has(n.body, lang == KM_JA ? "  1. 手順" : "  1. step"));
	}
	/* Nine to subscribers, ten to staff. */
	assert_int_equal(written, 2 * (9 + 10));
	km_arena_free(a);
}

static void test_own_folder(void **state)
{
	(void)state;
	char dir[] = "/tmp/komainu-test-XXXXXX", path[64];
	km_arena *a = km_arena_new(1 << 20);
	km_notices all;
	km_err err = { 0 };

	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/brake.en", dir);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs("Subject: ours\n\n{account}\n{acount}\n", f);
	(void)fclose(f);
	assert_int_equal(km_notices_open(a, dir, &all, &err), KM_CONFIG);
	assert_non_null(strstr(err.msg, "brake.en:4: not known: {acount}"));
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs("Subject: ours\n\n{account}\n", f);
	(void)fclose(f);
	assert_int_equal(km_notices_open(a, dir, &all, NULL), KM_OK);
	assert_true(has(all.text[KM_NOTICE_brake][KM_EN], "Subject: ours"));
	assert_false(has(all.text[KM_NOTICE_brake][KM_JA], "Subject: ours"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	km_arena_free(a);
}

static void test_stored(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(1 << 20);
	km_facts fs;
	km_err err = { 0 };

	km_facts_init(&fs, a);
	km_sv text = test_exact(facts, sizeof(facts) - 1);
	assert_int_equal(km_stored_facts(text, &fs, NULL), KM_OK);
	test_drop(text);
	assert_int_equal(fs.n, 2);
	assert_int_equal(fs.f[1].id, KM_FACT_OUT_NETWORKS_MANY);
	TEST_SV(fs.f[1].arg[0], "17.5");
	assert_true(fs.f[1].weight > 1.99 && fs.f[1].weight < 2.01);
	assert_int_equal(km_stored_facts(KM_S(""), &fs, NULL), KM_OK);
	assert_int_equal(km_stored_facts(KM_S("{}"), &fs, &err), KM_SYNTAX);
	assert_int_equal(km_stored_facts(KM_S("[1"), &fs, NULL), KM_SYNTAX);
	assert_int_equal(km_stored_facts(KM_S("[1, null, {\"id\": 3}]"), &fs, NULL), KM_OK);
	assert_int_equal(km_stored_hand(KM_FACT_OUT_TRAVEL), KM_HAND_OTHER);
	assert_int_equal(km_stored_hand(KM_FACT_OUT_PORT25), KM_HAND_MACHINE);
	assert_int_equal(km_stored_hand(KM_FACT_BULK_NO_POSTAL), KM_HAND_MAILING);
	TEST_SV(km_stored_text(a, KM_S("a\x1b[2J\xe2\x80\xae\n\xc2\x85z\xff"), false),
		"a [2J   z\xef\xbf\xbd");
	TEST_SV(km_review_words(KM_S("restore: 本人の配信")), "本人の配信");
	TEST_SV(km_review_words(KM_S("keep")), "");
	TEST_SV(km_review_words(KM_S("keeping on")), "keeping on");
	TEST_SV(km_review_words(KM_S("restore+password: 済み: はい")), "済み: はい");
	assert_true(km_review_wants_password(KM_S("restore+password: x")));
	assert_false(km_review_wants_password(KM_S("restore: restore+password")));
	assert_true(km_review_restores(KM_S("restore+password")));
	assert_false(km_review_restores(KM_S("restored")));
	km_arena_free(a);
}

/* Subscribers' sentences of all facts of this group tell no measured number. */
static void test_no_limits(void **state)
{
	(void)state;
	for (int i = 0; i < KM_FACT_COUNT; i++) {
		const km_fact_info *f = km_fact_describe((km_fact_id)i);
		for (int lang = 0; f->group == KM_GROUP_outbound && lang < KM_LANGS; lang++)
			if (strchr(f->sentence[KM_FOR_RECIPIENT][lang], '{'))
				fail_msg("%s tells a value", f->id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_templates), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_builtin),	      cmocka_unit_test(test_own_folder),
		cmocka_unit_test(test_stored),	      cmocka_unit_test(test_no_limits),
	};
	return cmocka_run_group_tests_name("outbound/notice", tests, NULL, NULL);
}
