#include "engine/fields.h"

#include <jansson.h>

#include "answer.h"
#include "engine/json.h"
#include "test.h"

#define REST                                                                                       \
	"From: a@example.com\r\nTo: b@example.jp\r\nSubject: x\r\n"                                \
	"Date: Mon, 02 Mar 2026 09:00:00 +0900\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n"
#define OURS   "Authentication-Results: mx.example.jp; dmarc=pass\r\n"
#define ODDLY  "AUTHENTICATION-results : (x) \"Mx.Example.JP.\";dmarc=pass\r\n"
#define THEIRS "Authentication-Results: mx.example.net; dmarc=pass\r\n"

static const struct {
	const char *name, *message, *user, *mta, *configured;
	const char *starts; /* of the field; NULL: there is none */
	const char *forged; /* places of those that must go */
} cases[] = {
	{ "none there", REST, "", "mx.example.jp", "",
	  "mx.example.jp;\n\tarc=none;\n\tiprev=temperror policy.iprev=192.0.2.1;\n\tspf=", "" },
	{ "one", OURS REST, "", "mx.example.jp", "", "mx.example.jp;", "1 " },
	{ "several", THEIRS OURS THEIRS ODDLY OURS REST, "", "mx.example.jp", "", "mx.example.jp;",
	  "2 4 5 " },
	{ "configured name", THEIRS OURS REST, "", "mx.example.jp", "mx.example.net",
	  "mx.example.net;", "1 " },
	{ "lone CR", "X: a\rAuthentication-Results: mx.example.jp; dmarc=pass\r\n" REST, "",
	  "mx.example.jp", "", "mx.example.jp;", "all " },
	{ "our own user", OURS REST, "u1", "mx.example.jp", "", NULL, "1 " },
};

static void check_json(const km_scan *s, const char *starts, const char *forged)
{
	km_buf out;

	km_buf_init(&out, NULL, 1 << 20);
	assert_int_equal(km_verdict_json(&out, s, NULL, "ID", KM_EN), KM_OK);
	json_t *o = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	json_t *h = json_object_get(o, "headers");
	assert_int_equal(json_array_size(json_object_get(h, "add")), starts != NULL);
	assert_int_equal(json_array_size(json_object_get(h, "remove")) == 0, *forged == '\0');
	json_decref(o);
	km_buf_finish(&out);
}

static void check(size_t i, const km_pack *pack)
{
	km_arena *a = km_arena_new(KM_MAX_ARENA_BYTES);
	km_envelope env = { .now = 1772413200,
			    .ip = { .len = 4, .b = { 192, 0, 2, 1 } },
			    .has_from = true,
			    .from = KM_S("a@example.com"),
			    .user = km_sv_of(cases[i].user),
			    .mta = km_sv_of(cases[i].mta) };
	km_forged_results forged;
	km_kit kit;
	km_buf got;

	assert_int_equal(km_kit_open(&kit, NULL, pack, NULL), KM_OK);
	(void)snprintf(kit.authserv_id, sizeof(kit.authserv_id), "%s", cases[i].configured);
	km_scan *s = km_scan_new(a, &kit, &env);
	km_scan_message(s, km_sv_of(cases[i].message));
	assert_int_equal(test_drive(s, NULL), KM_SCAN_DONE);
	km_sv value = km_scan_results(s, "\n");
	if (cases[i].starts == NULL)
		assert_int_equal(value.n, 0);
	else if (!km_sv_starts(value, km_sv_of(cases[i].starts)))
		fail_msg("%s: %.*s", cases[i].name, KM_FMT(value));
	km_buf_init(&got, NULL, 256);
	km_scan_forged_results(s, &forged);
	for (size_t k = 0; k < forged.n && !forged.all; k++)
		km_buf_fmt(&got, "%u ", forged.index[k]);
	km_buf_add(&got, forged.all ? (km_sv)KM_SV("all ") : (km_sv)KM_SV(""));
	km_buf_byte(&got, '\0');
	if (strcmp(got.p, cases[i].forged) != 0)
		fail_msg("%s: %s", cases[i].name, got.p);
	km_buf_finish(&got);
	check_json(s, cases[i].starts, cases[i].forged);
	km_kit_close(&kit);
	km_arena_free(a);
}

static void test_fields(void **state)
{
	km_pack *pack;

	(void)state;
	assert_int_equal(km_pack_load(NULL, &pack, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(cases); i++)
		check(i, pack);
	km_pack_free(pack);
}

/* Without a configured name and an MTA's, it is this host's. */
static void test_host(void **state)
{
	km_pack *pack;
	km_kit kit;

	(void)state;
	assert_int_equal(km_pack_load(NULL, &pack, NULL), KM_OK);
	assert_int_equal(km_kit_open(&kit, NULL, pack, NULL), KM_OK);
	assert_true(kit.host[0] != '\0');
	TEST_SV(km_kit_name(&kit, (km_sv){ NULL, 0 }), kit.host);
	km_kit_close(&kit);
	km_pack_free(pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields),
					    cmocka_unit_test(test_host) };
	return cmocka_run_group_tests_name("engine/fields", tests, NULL, NULL);
}
