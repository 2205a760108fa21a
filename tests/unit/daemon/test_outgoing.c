/* The scanner's side of the line to the guard; the test is the guard. */
#include "daemon/outgoing.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "test.h"

enum { MESSAGES = 4, LINE = 65536 };

typedef struct {
	km_task *task; /* NULL: at its end, or never begun */
	int ended;     /* times */
	km_action action;
	char reply[200];
	bool refused; /* the content is refused by itself */
	bool late;    /* the content was put off */
} message;

typedef struct {
	uv_loop_t loop;
	km_role role;
	km_shop shop;
	km_conf *conf;
	int guard; /* our end; -1: none */
	char in[LINE];
	size_t n;
	message m[MESSAGES];
} bench;

static bench *b;
static km_pack *pack;
static km_kit kit;

#define LETTER                                                                                     \
	"From: Hanako <hanako@example.jp>\r\nTo: b@example.org\r\nSubject: hello there\r\n"        \
	"X-PHP-Originating-Script: 33:mailer.php\r\n"                                              \
	"Date: Mon, 02 Mar 2026 09:00:00 +0900\r\nMessage-ID: <1@example.jp>\r\n\r\n"              \
	"Here is what you asked for, with kind regards.\r\n"

static km_status stage_judge(km_task *t, km_err *err)
{
	const message *m = t->ctx;
	km_scan *s = km_scan_new(t->arena, &kit, &t->job.env);

	if (s == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for a scan");
	km_scan_message(s, t->job.message);
	assert_int_equal(test_drive(s, NULL), KM_SCAN_DONE);
	t->judged.scan = s;
	t->judged.action = m->refused ? KM_ACTION_REJECT
			   : m->late  ? KM_ACTION_GREYLIST
				      : KM_ACTION_ACCEPT;
	return KM_OK;
}

static km_plan plan = { stage_judge, km_outgoing_stage, NULL };

static void on_done(void *ctx, km_task *t)
{
	message *m = ctx;

	assert_int_equal(t->judged.st, KM_OK);
	m->task = NULL;
	m->ended++;
	m->action = t->judged.action;
	(void)snprintf(m->reply, sizeof(m->reply), "%.*s", KM_FMT(t->judged.reply));
}

static message *begin(unsigned i, km_job job)
{
	static const km_sv rcpts[] = { KM_SV("b@example.org"), KM_SV("c\"@example.org") };
	message *m = &b->m[i];

	job.via = "milter";
	job.signs = true;
	job.message = KM_S(LETTER);
	job.env.now = 1772413200;
	job.env.has_from = true;
	job.env.from = KM_S("hanako@example.jp");
	job.env.rcpts = rcpts;
	job.env.n_rcpts = KM_COUNT(rcpts);
	m->task = km_job_start(&b->shop, &job, plan, on_done, m);
	return m;
}

static km_job of_login(const char *login, const char *queue_id)
{
	km_job job = { .port = 50211 };

	job.env.user = km_sv_of(login);
	job.env.queue_id = km_sv_of(queue_id);
	assert_true(km_ip_parse(KM_S("203.0.113.7"), &job.env.ip));
	job.env.has_ip = true;
	return job;
}

static void spin(void)
{
	(void)uv_run(&b->loop, UV_RUN_NOWAIT);
}

/* A guard comes up. */
static void link_guard(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
			 0);
	if (b->guard >= 0)
		(void)close(b->guard);
	b->guard = pair[0];
	b->n = 0;
	km_outgoing_link(b->shop.outgoing, pair[1]);
}

/* The next line that the guard is told; "" when there is none. */
static const char *heard(void)
{
	static char line[LINE];
	const char *lf = NULL;

	for (int tries = 0; tries < 50 && lf == NULL; tries++) {
		spin();
		ssize_t n = read(b->guard, b->in + b->n, LINE - b->n);
		b->n += n > 0 ? (size_t)n : 0;
		lf = memchr(b->in, '\n', b->n);
	}
	if (lf == NULL)
		return "";
	size_t n = (size_t)(lf - b->in);
	memcpy(line, b->in, n);
	line[n] = '\0';
	b->n -= n + 1;
	memmove(b->in, b->in + n + 1, b->n);
	return line;
}

static void answer(const char *line)
{
	size_t n = strlen(line);

	assert_int_equal(write(b->guard, line, n), n);
	for (int i = 0; i < 10; i++)
		spin();
}

static void hears(const char *path, const char *want, json_t *j)
{
	const json_t *v = json_object_get(j, path);
	char got[200];

	if (json_is_string(v))
		(void)snprintf(got, sizeof(got), "%s", json_string_value(v));
	else if (json_is_integer(v))
		(void)snprintf(got, sizeof(got), "%lld", (long long)json_integer_value(v));
	else
		(void)snprintf(got, sizeof(got), "%s", v ? "?" : "absent");
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", path, got, want);
}

static json_t *asked(void)
{
	json_t *j = json_loads(heard(), 0, NULL);

	assert_non_null(j);
	hears("event", "submit", j);
	return j;
}

static int setup_with(void **state, const char *settings)
{
	int fd;

	b = calloc(1, sizeof(*b));
	*state = b;
	b->guard = -1;
	assert_int_equal(uv_loop_init(&b->loop), 0);
	assert_int_equal(km_conf_parse(km_sv_of(settings), "test", &b->conf, NULL), KM_OK);
	assert_int_equal(km_shared_create(&b->role.shared, &fd, NULL), KM_OK);
	(void)close(fd);
	km_shared_set_guarding(b->role.shared, true);
	b->role.slot = 2;
	b->shop.role = &b->role;
	assert_int_equal(
		km_outgoing_new(&b->loop, b->role.shared, b->conf, &b->shop.outgoing, NULL), KM_OK);
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, "guard.networks: [192.0.2.0/24]\n");
}

static int setup_accepting(void **state)
{
	return setup_with(state, "guard.on_error: accept\n");
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MESSAGES; i++)
		if (b->m[i].task)
			km_job_cancel(b->m[i].task);
	km_outgoing_stop(b->shop.outgoing);
	uv_walk(&b->loop, close_handle, NULL);
	(void)uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	km_outgoing_free(b->shop.outgoing);
	km_job_close(&b->shop);
	km_shared_unmap(b->role.shared);
	km_conf_free(b->conf);
	if (b->guard >= 0)
		(void)close(b->guard);
	free(b);
	return 0;
}

static void test_told(void **state)
{
	(void)state;
	link_guard();
	message *m = begin(0, of_login("hanako", "4Q1"));
	assert_non_null(m->task);
	json_t *j = asked();
	static const struct {
		const char *path, *want;
	} rows[] = {
		{ "account", "hanako" },      { "ip", "203.0.113.7" },
		{ "port", "50211" },	      { "mail_from", "hanako@example.jp" },
		{ "queue_id", "4Q1" },	      { "from", "hanako@example.jp" },
		{ "subject", "hello there" }, { "class", "ham" },
		{ "script", "absent" }, /* of a login it says nothing */
	};
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		hears(rows[i].path, rows[i].want, j);
	assert_true(json_is_number(json_object_get(j, "score")));
	assert_int_equal(json_string_length(json_object_get(j, "body_digest")), 64);
	json_t *rcpts = json_object_get(j, "rcpts");
	assert_string_equal(json_string_value(json_array_get(rcpts, 1)), "c\"@example.org");
	json_decref(j);
	answer("{\"decision\": \"accept\"}\n");
	assert_true(m->ended == 1 && m->action == KM_ACTION_ACCEPT && m->reply[0] == '\0');
}

static void test_decisions(void **state)
{
	(void)state;
	static const struct {
		const char *answer;
		bool refused;
		km_action want;
		const char *reply;
	} rows[] = {
		{ "{\"decision\": \"hold\", \"reply\": \"It waits.\"}\n", false,
		  KM_ACTION_QUARANTINE, "It waits." },
		{ "{\"decision\": \"defer\", \"reply\": \"Later.\"}\n", false, KM_ACTION_TEMPFAIL,
		  "Later." },
		{ "{\"decision\": \"reject\", \"reply\": \"No.\"}\n", false, KM_ACTION_REJECT,
		  "No." },
		{ "{\"decision\": \"hold\", \"reply\": \"It waits.\"}\n", true, KM_ACTION_REJECT,
		  "" },
	};

	link_guard();
	for (unsigned i = 0; i < KM_COUNT(rows); i++) {
		b->m[i].refused = rows[i].refused;
		const message *m = begin(i, of_login("hanako", "4Q1"));
		assert_string_not_equal(heard(), "");
		assert_int_equal(m->ended, 0);
		answer(rows[i].answer);
		assert_int_equal(m->ended, 1);
		assert_int_equal(m->action, rows[i].want);
		assert_string_equal(m->reply, rows[i].reply);
	}
}

/* Whose mail the guard is asked about. */
static void test_whose(void **state)
{
	(void)state;
	static const struct {
		const char *ip;
		const char *account; /* NULL: nobody's */
		const char *script;
	} rows[] = {
		{ "203.0.113.7", NULL, NULL },
		{ "192.0.2.9", "absent", "33:mailer.php" },
		{ "127.0.0.1", "web:33", "33:mailer.php" },
	};

	link_guard();
	for (unsigned i = 0; i < KM_COUNT(rows); i++) {
		km_job job = of_login("", "4Q1");
		assert_true(km_ip_parse(km_sv_of(rows[i].ip), &job.env.ip));
		const message *m = begin(i, job);
		assert_int_equal(m->ended, rows[i].account == NULL);
		if (rows[i].account == NULL)
			continue;
		json_t *j = asked();
		hears("account", rows[i].account, j);
		hears("script", rows[i].script, j);
		hears("ip", rows[i].ip, j);
		json_decref(j);
		answer("{\"decision\": \"accept\"}\n");
		assert_int_equal(m->ended, 1);
	}
	/* What is put off is told when it comes again; where nothing is guarded, nobody asks. */
	b->m[3].late = true;
	assert_int_equal(begin(3, of_login("hanako", "4Q2"))->action, KM_ACTION_GREYLIST);
	km_shared_set_guarding(b->role.shared, false);
	assert_int_equal(begin(0, of_login("hanako", "4Q3"))->ended, 2);
	assert_string_equal(heard(), "");
}

/* A guard that dies, or talks nonsense, is asked again when it is back: nobody is told twice. */
static void test_dies(void **state)
{
	(void)state;
	const message *first = begin(0, of_login("a", "A")), *second = begin(1, of_login("b", "B"));

	assert_true(first->ended == 0 && second->ended == 0); /* there is none yet */
	link_guard();
	assert_non_null(strstr(heard(), "\"A\""));
	assert_non_null(strstr(heard(), "\"B\""));
	answer("{\"decision\": \"hold\", \"reply\": \"x\"}\n");
	assert_true(first->ended == 1 && second->ended == 0);
	link_guard(); /* what the last one did not answer */
	assert_non_null(strstr(heard(), "\"B\""));
	assert_string_equal(heard(), "");
	answer("HTTP/1.0 400 What?\n");
	assert_int_equal(second->ended, 0);
	link_guard();
	assert_non_null(strstr(heard(), "\"B\""));
	answer("{\"decision\": \"acc");
	assert_int_equal(second->ended, 0);
	answer("ept\"}\n");
	assert_true(second->ended == 1 && second->action == KM_ACTION_ACCEPT);
	answer("{\"decision\": \"accept\"}\n"); /* nobody asked */
	char byte;
	assert_int_equal(read(b->guard, &byte, 1), 0);
}

/* A client that goes away leaves its place in the row of answers. */
static void test_cancelled(void **state)
{
	(void)state;
	link_guard();
	message *first = begin(0, of_login("a", "A"));
	const message *second = begin(1, of_login("b", "B"));

	km_job_cancel(first->task);
	first->task = NULL;
	answer("{\"decision\": \"hold\", \"reply\": \"of the first\"}\n");
	assert_true(first->ended == 0 && second->ended == 0);
	answer("{\"decision\": \"reject\", \"reply\": \"of the second\"}\n");
	assert_int_equal(second->action, KM_ACTION_REJECT);
	assert_string_equal(second->reply, "of the second");
}

static void wait_for_nothing(const message *m)
{
	while (m->ended == 0)
		(void)uv_run(&b->loop, UV_RUN_ONCE);
}

/* uv_run() does not wait for a timer that holds nothing up; this one does. */
static void on_tick(uv_timer_t *t)
{
	(void)t;
}

static void silence(void **state, km_action want)
{
	(void)state;
	uv_timer_t tick;

	(void)uv_timer_init(&b->loop, &tick);
	(void)uv_timer_start(&tick, on_tick, 100, 100);
	link_guard();
	const message *m = begin(0, of_login("a", "A")), *next = begin(1, of_login("b", "B"));
	wait_for_nothing(m);
	assert_int_equal(m->action, want);
	wait_for_nothing(next);
	/* What comes too late is nobody's, and the next question has its own answer. */
	const message *third = begin(2, of_login("c", "C"));
	answer("{\"decision\": \"reject\"}\n{\"decision\": \"reject\"}\n");
	assert_int_equal(third->ended, 0);
	answer("{\"decision\": \"hold\"}\n");
	assert_int_equal(third->action, KM_ACTION_QUARANTINE);
	uv_close((uv_handle_t *)&tick, NULL);
	spin();
}

static void test_silence(void **state)
{
	silence(state, KM_ACTION_TEMPFAIL);
	assert_int_equal(km_shared_total(b->role.shared, KM_COUNTER_guard_failures_total), 2);
}

static void test_silence_accepted(void **state)
{
	silence(state, KM_ACTION_ACCEPT);
}

static int load(void **state)
{
	(void)state;
	/* The line to the supervisor, which is asked for a guard: nobody is there. */
	int null = open("/dev/null", O_RDWR);
	assert_true(null >= 0 &&
		    (null == KM_FD_CHANNEL || dup2(null, KM_FD_CHANNEL) == KM_FD_CHANNEL));
	if (km_pack_load(NULL, &pack, NULL) != KM_OK)
		return -1;
	return km_kit_open(&kit, NULL, pack, NULL) == KM_OK ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	km_kit_close(&kit);
	km_pack_free(pack);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_told),
		TEST(test_decisions),
		TEST(test_whose),
		TEST(test_dies),
		TEST(test_cancelled),
		TEST(test_silence),
		cmocka_unit_test_setup_teardown(test_silence_accepted, setup_accepting, teardown),
	};

	return cmocka_run_group_tests_name("daemon/outgoing", tests, load, unload);
}
