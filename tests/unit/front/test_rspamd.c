#include "front/http/rspamd.h"

#include <jansson.h>
#include <math.h>

#include "test.h"

#define MESSAGE                                                                                    \
	"Authentication-Results: mx.example.jp; none\r\n"                                          \
	"From: Alice <alice@example.com>\r\nFrom: Mallory <m@example.net>\r\n"                     \
	"To: bob@example.jp\r\nSubject: hello\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"

static const struct {
	km_action action;
	const char *word;
} words[] = {
	{ KM_ACTION_ACCEPT, "no action" },     { KM_ACTION_TAG, "add header" },
	{ KM_ACTION_JUNK, "add header" },      { KM_ACTION_GREYLIST, "greylist" },
	{ KM_ACTION_TEMPFAIL, "soft reject" }, { KM_ACTION_QUARANTINE, "quarantine" },
	{ KM_ACTION_REJECT, "reject" },	       { KM_ACTION_DISCARD, "discard" },
};

static void test_words(void **state)
{
	(void)state;
	assert_int_equal(KM_COUNT(words), KM_ACTIONS);
	for (size_t i = 0; i < KM_COUNT(words); i++)
		assert_string_equal(km_rspamd_action(words[i].action), words[i].word);
}

static json_t *parse(km_buf *b)
{
	json_t *o = json_loadb(b->p, b->n, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(o);
	km_buf_finish(b);
	return o;
}

static const char *string(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static km_pack *pack_of(const char *text)
{
	km_pack *p = NULL;
	km_err err = { 0 };

	if (km_pack_parse(km_sv_of(text), "test", &p, &err) != KM_OK)
		fail_msg("%s", err.msg);
	return p;
}

/* The verdict of MESSAGE under the pack @text. */
static json_t *verdict(const char *text)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_pack *p = pack_of(text);
	km_envelope env = { .has_from = true,
			    .from = KM_S("alice@example.com"),
			    .mta = KM_S("mx.example.jp") };
	km_kit kit;
	km_buf out;

	assert_int_equal(km_kit_open(&kit, NULL, p, NULL), KM_OK);
	km_scan *s = km_scan_new(a, &kit, &env);

	km_scan_message(s, KM_S(MESSAGE));
	while (km_scan_step(s, NULL) == KM_SCAN_ASK) {
		const km_dns_question *q;
		(void)km_scan_questions(s, &q);
		km_dns_answer answer = { .name = q[0].name,
					 .type = q[0].type,
					 .rcode = KM_DNS_TIMEOUT };
		assert_int_equal(km_scan_answer(s, &answer), KM_OK);
	}
	km_buf_init(&out, NULL, 1 << 20);
	assert_int_equal(
		km_rspamd_json(&out, s, "ID", km_pack_threshold(p, KM_ACTION_REJECT), 0.25), KM_OK);
	km_arena_free(a);
	km_kit_close(&kit);
	km_pack_free(p);
	return parse(&out);
}

#define PACK                                                                                       \
	"version: t\nprobability: {even: 6, slope: 0.7}\nclasses:\n  - {class: spam, min_score: "  \
	"6}\n"

static void test_reject(void **state)
{
	(void)state;
	json_t *o =
		verdict(PACK "thresholds: {tag: 6, reject: 15}\npoints:\n  FROM_MULTIPLE: 20\n");
	const json_t *symbol = json_object_get(json_object_get(o, "symbols"), "FROM_MULTIPLE");

	assert_string_equal(string(o, "action"), "reject");
	assert_string_equal(string(o, "message-id"), "1@example.com");
	assert_true(json_is_false(json_object_get(o, "is_skipped")));
	assert_true(json_real_value(json_object_get(o, "required_score")) == 15.0);
	assert_true(json_real_value(json_object_get(symbol, "score")) == 20.0);
	assert_string_equal(string(symbol, "name"), "FROM_MULTIPLE");
	assert_true(json_is_array(json_object_get(symbol, "options")));
	assert_non_null(string(json_object_get(o, "messages"), "smtp_message"));
	json_decref(o);
}

/* A pack that never rejects has no threshold, and JSON no infinity. */
static void test_no_threshold(void **state)
{
	(void)state;
	json_t *o = verdict(PACK "thresholds: {tag: 6}\npoints:\n  FROM_MULTIPLE: 20\n");

	assert_string_equal(string(o, "action"), "add header");
	assert_true(json_real_value(json_object_get(o, "required_score")) > 1000.0);
	const json_t *milter = json_object_get(o, "milter");
	const json_t *add = json_object_get(milter, "add_headers");
	assert_non_null(json_object_get(add, "X-Spam-Flag"));
	const json_t *results = json_object_get(add, "Authentication-Results");
	assert_memory_equal(string(results, "value"), "mx.example.jp;\n\t", 16);
	assert_int_equal(json_integer_value(json_object_get(results, "order")), 0);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(milter, "remove_headers"),
						   "Authentication-Results")),
		1);
	json_decref(o);
}

static const struct {
	bool accept;
	const char *action;
} failures[] = { { false, "soft reject" }, { true, "no action" } };

static void test_failed(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(failures); i++) {
		km_buf out;
		km_buf_init(&out, NULL, 1 << 16);
		assert_int_equal(km_rspamd_failed_json(&out, failures[i].accept, "ID", "why",
						       INFINITY),
				 KM_OK);
		json_t *o = parse(&out);
		assert_string_equal(string(o, "action"), failures[i].action);
		assert_string_equal(string(o, "error"), "why");
		assert_string_equal(string(json_object_get(o, "messages"), "smtp_message"), "why");
		assert_int_equal(json_object_size(json_object_get(o, "symbols")), 0);
		json_decref(o);
	}
}

/* Tagged and junk mail both get a header, so one word stands for both. */
static void test_stat(void **state)
{
	(void)state;
	const km_rspamd_counts c = { .actions = { [KM_ACTION_ACCEPT] = 10,
						  [KM_ACTION_TAG] = 2,
						  [KM_ACTION_JUNK] = 3,
						  [KM_ACTION_REJECT] = 4 },
				     .ham = 9,
				     .learned = 5 };
	static const struct {
		const char *name;
		int64_t n;
	} want[] = { { "no action", 10 }, { "add header", 5 }, { "greylist", 0 }, { "reject", 4 } };
	km_buf out;

	km_buf_init(&out, NULL, 1 << 16);
	assert_int_equal(km_rspamd_stat_json(&out, &c), KM_OK);
	json_t *o = parse(&out);
	assert_int_equal(json_integer_value(json_object_get(o, "scanned")), 19);
	assert_int_equal(json_integer_value(json_object_get(o, "spam_count")), 10);
	assert_int_equal(json_integer_value(json_object_get(o, "learned")), 5);
	const json_t *actions = json_object_get(o, "actions");
	assert_int_equal(json_object_size(actions), 7);
	for (size_t i = 0; i < KM_COUNT(want); i++)
		assert_int_equal(json_integer_value(json_object_get(actions, want[i].name)),
				 want[i].n);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),	     cmocka_unit_test(test_reject),
		cmocka_unit_test(test_no_threshold), cmocka_unit_test(test_failed),
		cmocka_unit_test(test_stat),
	};
	return cmocka_run_group_tests_name("front/rspamd", tests, NULL, NULL);
}
