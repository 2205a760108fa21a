#include "store/outbox.h"

#include <unistd.h>

#include "temp_dir.h"
#include "test.h"

static km_outbox *open_box(void)
{
	km_outbox *o;

	assert_int_equal(km_outbox_open(dir, &o, NULL), KM_OK);
	return o;
}

/* "7 mail staff 0", or "-" when nothing is due. */
static void assert_due(km_outbox *o, km_channel channel, int64_t now_ms, const char *want)
{
	km_arena *a = km_arena_new(65536);
	char got[100] = "-";
	km_delivery d;
	km_status st = km_outbox_due(o, channel, now_ms, a, &d, NULL);

	if (st == KM_OK)
		(void)snprintf(got, sizeof(got), "%lld %s %.*s %u", (long long)d.entry,
			       km_channel_name(d.channel), KM_FMT(d.target), d.attempts);
	else
		assert_int_equal(st, KM_NOTFOUND);
	assert_string_equal(got, want);
	km_arena_free(a);
}

#define URL "https://example.jp/hook?x='1' OR 1"

static const km_delivery plan[] = {
	{ 7, KM_CHANNEL_mail, KM_SV("subscriber"), 0 },
	{ 7, KM_CHANNEL_mail, KM_SV("staff"), 0 },
	{ 7, KM_CHANNEL_webhook, KM_SV(URL), 0 },
	{ 7, KM_CHANNEL_hook, KM_SV("ticket"), 0 },
};

static void test_once(void **state)
{
	(void)state;
	km_arena *a = km_arena_new(65536);
	km_outbox *o = open_box();
	int64_t mark = -1;
	km_delivery d;

	assert_int_equal(km_outbox_mark(o, &mark, NULL), KM_OK);
	assert_int_equal(mark, 0);
	assert_int_equal(km_outbox_plan(o, 7, plan, KM_COUNT(plan), 1000, NULL), KM_OK);
	assert_due(o, KM_CHANNEL_mail, 999, "-");
	assert_due(o, KM_CHANNEL_mail, 1000, "7 mail staff 0");
	assert_int_equal(km_outbox_done(o, &plan[1], 1500, NULL), KM_OK);
	/* Another one opens it after the first has died; the same plan again changes nothing. */
	km_outbox_close(o);
	o = open_box();
	assert_int_equal(km_outbox_plan(o, 7, plan, KM_COUNT(plan), 2000, NULL), KM_OK);
	assert_int_equal(km_outbox_mark(o, &mark, NULL), KM_OK);
	assert_int_equal(mark, 7);
	assert_due(o, KM_CHANNEL_mail, 9000, "7 mail subscriber 0");
	assert_due(o, KM_CHANNEL_webhook, 9000, "7 webhook " URL " 0");
	assert_int_equal(km_outbox_untold(o, a, &d, NULL), KM_OK);
	TEST_SV(d.target, "staff");
	assert_int_equal(d.attempts, 1);
	assert_int_equal(km_outbox_told(o, &d, NULL), KM_OK);
	assert_int_equal(km_outbox_untold(o, a, &d, NULL), KM_NOTFOUND);
	/* What waits is not forgotten. */
	assert_int_equal(km_outbox_expire(o, 100000, NULL), KM_OK);
	assert_due(o, KM_CHANNEL_mail, 9000, "7 mail subscriber 0");
	assert_int_equal(km_outbox_plan(o, 3, NULL, 0, 1, NULL), KM_OK);
	assert_int_equal(km_outbox_mark(o, &mark, NULL), KM_OK);
	assert_int_equal(mark, 7);
	km_outbox_close(o);
	km_arena_free(a);
}

static void test_put_off(void **state)
{
	(void)state;
	const km_delivery more[] = {
		{ 8, KM_CHANNEL_webhook, KM_SV(URL), 0 },
		{ 8, KM_CHANNEL_webhook, KM_SV("https://example.org/"), 0 },
		{ 8, KM_CHANNEL_mail, KM_SV("staff"), 0 },
	};
	km_outbox *o = open_box();

	assert_int_equal(km_outbox_plan(o, 7, plan, KM_COUNT(plan), 1000, NULL), KM_OK);
	assert_int_equal(km_outbox_plan(o, 8, more, KM_COUNT(more), 1001, NULL), KM_OK);
	assert_due(o, KM_CHANNEL_webhook, 2000, "7 webhook " URL " 0");
	/* A server that is down is left alone, and others are not kept waiting by it. */
	assert_int_equal(km_outbox_put_off(o, &plan[2], 7000, true, KM_S("refused"), NULL), KM_OK);
	assert_due(o, KM_CHANNEL_webhook, 2000, "8 webhook https://example.org/ 0");
	assert_int_equal(km_outbox_done(o, &more[1], 2000, NULL), KM_OK);
	assert_due(o, KM_CHANNEL_webhook, 6999, "-");
	assert_due(o, KM_CHANNEL_webhook, 7000, "7 webhook " URL " 1");
	/* One recipient alone is put off; then the whole mail server. */
	assert_int_equal(km_outbox_put_off(o, &plan[1], 5000, false, KM_S("greylisted"), NULL),
			 KM_OK);
	assert_due(o, KM_CHANNEL_mail, 2000, "7 mail subscriber 0");
	assert_int_equal(km_outbox_put_off(o, &plan[0], 3000, true, KM_S("down"), NULL), KM_OK);
	assert_due(o, KM_CHANNEL_mail, 2999, "-");
	assert_due(o, KM_CHANNEL_mail, 3000, "7 mail subscriber 1");
	/* For good. */
	assert_int_equal(km_outbox_put_off(o, &plan[0], 0, false, KM_S("no such user"), NULL),
			 KM_OK);
	assert_due(o, KM_CHANNEL_mail, 3000, "8 mail staff 0");
	assert_due(o, KM_CHANNEL_hook, 3000, "7 hook ticket 0");
	km_outbox_close(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_put_off, setup, teardown),
	};
	return cmocka_run_group_tests_name("store/outbox", tests, NULL, NULL);
}
