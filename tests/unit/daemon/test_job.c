#include "daemon/job.h"

#include <unistd.h>

#include "test.h"

/* What happened, in order: "1+" a stage of message 1 began, "1." it went on, "1!" it is done. */
typedef struct {
	km_shop shop;
	km_role role;
	km_buf said;
	unsigned depth;	  /* stages and callbacks that are at work at once */
	km_task *restart; /* resumed by whichever callback comes next */
	km_task *waits[8];
} bench;

static bench *b;

static void say(const km_task *t, char what)
{
	km_buf_add(&b->said, t->job.env.queue_id);
	km_buf_byte(&b->said, what);
}

static void expect_said(const char *want)
{
	km_buf_byte(&b->said, '\0');
	assert_string_equal(b->said.p, want);
	b->said.n = 0;
}

/* True while the scanner would be blamed with @t's message. */
static bool is_blamed(const km_task *t)
{
	km_digest_key got, want;

	memcpy(&want, t->judged.digest, sizeof(want));
	unsigned deaths = km_shared_deaths(b->role.shared, want);
	bool busy = km_shared_blame(b->role.shared, b->role.slot, &got);
	if (busy) { /* only looked at: as before */
		km_shared_remember(b->role.shared, got, deaths);
		km_shared_begin(b->role.shared, b->role.slot, got);
	}
	return busy && got.a == want.a && got.b == want.b;
}

static void enter(const km_task *t)
{
	assert_int_equal(b->depth++, 0);
	assert_true(is_blamed(t));
}

static void done(void *ctx, km_task *t)
{
	enter(t);
	say(t, t->judged.st == KM_OK ? '!' : '?');
	*(km_task **)ctx = NULL;
	km_task *next = b->restart;
	b->restart = NULL;
	if (next)
		km_job_resume(next);
	b->depth--;
}

static void forget(km_task *t)
{
	say(t, '-');
}

static km_status stage_pass(km_task *t, km_err *err)
{
	(void)err;
	enter(t);
	say(t, '.');
	b->depth--;
	return KM_OK;
}

/* Waits as often as the message is long. */
static km_status stage_wait(km_task *t, km_err *err)
{
	(void)err;
	enter(t);
	say(t, '+');
	b->depth--;
	t->forget = forget;
	return t->job.message.n-- ? KM_NOTFOUND : KM_OK;
}

static km_status stage_fail(km_task *t, km_err *err)
{
	(void)t;
	return KM_FAIL(err, KM_LIMIT, "no more");
}

static km_plan straight = { stage_pass, stage_pass, NULL };
static km_plan waiting = { stage_pass, stage_wait, stage_pass, NULL };
static km_plan failing = { stage_fail, stage_pass, NULL };

static km_task **start(unsigned i, km_stage *const *plan, const char *message)
{
	static const char *const names[] = { "0", "1", "2", "3", "4", "5", "6", "7" };
	km_job job = { .via = "test",
		       .message = km_sv_of(message),
		       .env = { .queue_id = km_sv_of(names[i]) } };

	b->waits[i] = km_job_start(&b->shop, &job, plan, done, &b->waits[i]);
	return &b->waits[i];
}

static int setup(void **state)
{
	int fd;

	b = calloc(1, sizeof(*b));
	*state = b;
	b->shop.role = &b->role;
	b->role.slot = 2;
	km_buf_init(&b->said, NULL, 4096);
	if (km_shared_create(&b->role.shared, &fd, NULL) != KM_OK)
		return -1;
	(void)close(fd);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	km_job_close(&b->shop);
	km_buf_finish(&b->said);
	free(b);
	return 0;
}

static void test_at_once(void **state)
{
	(void)state;
	assert_null(*start(1, straight, "a"));
	assert_null(*start(2, failing, "b"));
	assert_null(*start(3, waiting, ""));
	expect_said("1.1.1!2?3.3+3.3!");
	assert_int_equal(b->shop.n_spare, 1);
}

static void test_others_go_on(void **state)
{
	(void)state;
	assert_non_null(*start(1, waiting, "aa"));
	assert_non_null(*start(2, waiting, "b"));
	assert_null(*start(3, straight, "c"));
	expect_said("1.1+2.2+3.3.3!");
	km_job_resume(b->waits[1]);
	km_job_resume(b->waits[2]);
	expect_said("1+2+2.2!");
	km_job_resume(b->waits[1]);
	expect_said("1+1.1!");
	assert_null(b->waits[1]);
	assert_null(b->waits[2]);
	assert_int_equal(b->shop.n_spare, 3);
}

/* A job that gets ready in another one's callback comes after it, not within it. */
static void test_no_nesting(void **state)
{
	(void)state;
	assert_non_null(*start(1, waiting, "a"));
	b->restart = b->waits[1];
	assert_null(*start(2, straight, "b"));
	expect_said("1.1+2.2.2!1+1.1!");
	assert_null(b->waits[1]);
}

static void test_cancel(void **state)
{
	(void)state;
	assert_non_null(*start(1, waiting, "a"));
	assert_non_null(*start(2, waiting, "b"));
	km_job_cancel(b->waits[1]);
	expect_said("1.1+2.2+1-");
	km_job_resume(b->waits[2]);
	expect_said("2+2.2!");
	assert_int_equal(b->shop.n_spare, 2);
}

/* Of many messages at once not all memory is kept. */
static void test_memory(void **state)
{
	(void)state;
	km_task *many[KM_SHOP_SPARES * 2];
	km_job job = { .via = "test", .message = KM_S("a"), .env = { .queue_id = KM_S("x") } };

	for (size_t i = 0; i < KM_COUNT(many); i++) {
		many[i] = km_job_start(&b->shop, &job, waiting, done, &many[i]);
		assert_non_null(many[i]);
		assert_non_null(km_alloc(many[i]->arena, 3 << 20));
	}
	for (size_t i = 0; i < KM_COUNT(many); i++)
		km_job_resume(many[i]);
	assert_int_equal(b->shop.n_spare, KM_SHOP_SPARES);
	for (size_t i = 0; i < KM_SHOP_SPARES; i++)
		assert_true(km_arena_used(b->shop.spare[i]) == 0);
}

/* Nothing of it is parsed once two scanners died of it; without it in hand nobody is blamed. */
static void test_poison(void **state)
{
	(void)state;
	km_digest_key key;

	for (unsigned i = 0; i < KM_POISON_DEATHS; i++) {
		assert_non_null(*start(1, waiting, "poison"));
		assert_false(km_shared_blame(b->role.shared, b->role.slot, &key));
		memcpy(&key, b->waits[1]->judged.digest, sizeof(key));
		km_shared_begin(b->role.shared, b->role.slot, key);
		assert_true(km_shared_blame(b->role.shared, b->role.slot, &key));
		km_job_cancel(b->waits[1]);
	}
	b->said.n = 0;
	assert_null(*start(2, waiting, "poison"));
	assert_non_null(*start(3, waiting, "p"));
	expect_said("2!3.3+");
	km_job_cancel(b->waits[3]);
	assert_int_equal(km_shared_total(b->role.shared, KM_COUNTER_held_poison_total), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others_go_on, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_nesting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_poison, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
