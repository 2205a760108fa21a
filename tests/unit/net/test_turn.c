/* What is written in a turn of the loop, and when and in which order it goes out. */
#include "net/turn.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/stream.h"
#include "test.h"

/* A loop that minds its turns, a line to another role and a client, each with its other end. */
typedef struct {
	uv_loop_t loop;
	km_turn turn;
	km_stream *line, *client;
	int line_end, client_end;
	uv_pipe_t listener;
	uv_timer_t later;
	unsigned turns; /* timer calls */
} site;

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	(void)ctx;
	(void)s;
	(void)bytes;
}

static const km_stream_ops ops = { .on_data = on_data };

static km_stream *take_line(site *w, int *end)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	*end = fds[1];
	return km_stream_adopt(&w->loop, fds[0], &ops, w);
}

static void on_connection(uv_stream_t *listener, int status)
{
	site *w = listener->data;

	assert_int_equal(status, 0);
	w->client = km_stream_accept(listener, &ops, w);
}

/* The kernel finds an abstract name for it. */
static void take_client(site *w)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(at.sun_family);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	w->client_end = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	n = sizeof(at);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	(void)uv_pipe_init(&w->loop, &w->listener, 0);
	assert_int_equal(uv_pipe_open(&w->listener, fd), 0);
	w->listener.data = w;
	assert_int_equal(uv_listen((uv_stream_t *)&w->listener, 1, on_connection), 0);
	assert_int_equal(connect(w->client_end, (struct sockaddr *)&at, n), 0);
	(void)uv_run(&w->loop, UV_RUN_NOWAIT);
	assert_non_null(w->client);
}

static void begin(site *w, bool minded)
{
	*w = (site){ .turns = 0 };
	assert_int_equal(uv_loop_init(&w->loop), 0);
	w->loop.data = NULL;
	if (minded)
		km_turn_begin(&w->turn, &w->loop);
	w->line = take_line(w, &w->line_end);
	take_client(w);
	(void)uv_timer_init(&w->loop, &w->later);
	w->later.data = w;
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void finish(site *w)
{
	if (w->line)
		km_stream_close(w->line);
	if (w->client)
		km_stream_close(w->client);
	(void)uv_run(&w->loop, UV_RUN_NOWAIT);
	uv_walk(&w->loop, close_handle, NULL);
	(void)uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	(void)close(w->line_end);
	(void)close(w->client_end);
}

/* What one read of @fd gives. */
static const char *got(int fd)
{
	static char text[200000];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void on_later(uv_timer_t *t)
{
	site *w = t->data;

	if (w->turns++ == 0)
		km_stream_write(w->client, KM_S("from a timer"));
	else
		uv_stop(&w->loop);
}

static void test_goes_out_together(void **state)
{
	(void)state;
	site w;

	begin(&w, true);
	km_stream_write(w.client, KM_S("one "));
	km_stream_write(w.client, KM_S("two"));
	assert_string_equal(got(w.client_end), "");
	(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	assert_string_equal(got(w.client_end), "one two");
	(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	assert_string_equal(got(w.client_end), "");
	/* What a timer writes does not wait until the loop has waited. */
	(void)uv_timer_start(&w.later, on_later, 0, 20);
	(void)uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_string_equal(got(w.client_end), "from a timer");
	finish(&w);
}

static void test_without_turns(void **state)
{
	(void)state;
	site w;

	begin(&w, false);
	km_stream_write(w.client, KM_S("at once"));
	assert_string_equal(got(w.client_end), "at once");
	km_turn_before(&w.loop, true);
	km_turn_end(&w.loop);
	finish(&w);
}

static char order[16];

static void note(void *ctx)
{
	const size_t n = strlen(order);

	order[n] = *(const char *)ctx;
	order[n + 1] = '\0';
}

static void test_order(void **state)
{
	(void)state;
	site w;
	char letters[] = "abcd";
	km_due due[4];

	begin(&w, true);
	for (size_t i = 0; i < 4; i++)
		due[i] = (km_due){ .run = note, .ctx = &letters[i] };
	km_turn_add(&w.loop, KM_DUE_CLIENTS, &due[0]);
	km_turn_add(&w.loop, KM_DUE_CLIENTS, &due[1]);
	km_turn_add(&w.loop, KM_DUE_OURS, &due[2]);
	km_turn_add(&w.loop, KM_DUE_CLIENTS, &due[0]); /* once is enough */
	km_turn_add(&w.loop, KM_DUE_OURS, &due[3]);
	km_turn_drop(&due[3]);
	km_turn_drop(&due[3]);
	(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	assert_string_equal(order, "cab");
	finish(&w);
}

static bool has_come(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_PEEK) == 1;
}

/* Between our own roles and the clients. */
static void look(void *ctx)
{
	const site *w = ctx;

	assert_true(has_come(w->line_end));
	assert_false(has_come(w->client_end));
	note(&(char){ 'x' });
}

static void test_ours_first(void **state)
{
	(void)state;
	site w;
	km_due due = { .run = look, .ctx = &w };

	begin(&w, true);
	order[0] = '\0';
	km_stream_write(w.client, KM_S("answer"));
	km_stream_write(w.line, KM_S("record"));
	km_turn_add(&w.loop, KM_DUE_OURS, &due);
	(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	assert_string_equal(order, "x");
	assert_true(has_come(w.client_end));
	finish(&w);
}

static void test_before_work(void **state)
{
	(void)state;
	site w;

	begin(&w, true);
	km_stream_write(w.client, KM_S("ready"));
	km_turn_before(&w.loop, true);
	assert_string_equal(got(w.client_end), "ready");
	km_stream_write(w.client, KM_S("later"));
	w.turn.since_ns -= KM_TURN_NS;
	km_turn_before(&w.loop, false);
	assert_string_equal(got(w.client_end), "later");
	finish(&w);
}

static void test_close_and_shut(void **state)
{
	(void)state;
	site w;

	begin(&w, true);
	km_stream_write(w.client, KM_S("last word"));
	km_stream_close(w.client);
	w.client = NULL;
	(void)uv_run(&w.loop, UV_RUN_NOWAIT);
	assert_string_equal(got(w.client_end), "last word");
	km_stream_write(w.line, KM_S("and that"));
	km_stream_shut(w.line);
	w.line = NULL;
	assert_string_equal(got(w.line_end), "and that");
	finish(&w);
}

static void say_much(km_stream *s)
{
	static const char block[100000];

	km_stream_write(s, (km_sv){ block, sizeof(block) });
}

static void linger(km_stream *s)
{
	km_stream_linger(s, 1);
}

/* What cannot wait for the end of the turn does not overtake what a role was told before. */
static void test_nothing_overtakes(void **state)
{
	(void)state;
	static void (*const hurry[])(km_stream *) = { km_stream_close, km_stream_shut, linger,
						      say_much };
	site w;

	for (size_t i = 0; i < KM_COUNT(hurry); i++) {
		begin(&w, true);
		km_stream_write(w.client, KM_S("answer"));
		km_stream_write(w.line, KM_S("record"));
		hurry[i](w.client);
		assert_string_equal(got(w.line_end), "record");
		assert_memory_equal(got(w.client_end), "answer", 6);
		if (hurry[i] == km_stream_close || hurry[i] == km_stream_shut)
			w.client = NULL;
		finish(&w);
	}
	/* There is something to say that is too long to be gathered, and nothing before it. */
	begin(&w, true);
	km_stream_write(w.line, KM_S("record"));
	say_much(w.client);
	assert_string_equal(got(w.line_end), "record");
	finish(&w);
}

/* More than is worth a copy goes out in order, too. */
static void test_much(void **state)
{
	(void)state;
	static char block[100000];
	site w;
	size_t n = 0, all = 3 + sizeof(block) + 3;
	char text[65536], first[4] = "", last[4] = "";

	begin(&w, true);
	memset(block, 'x', sizeof(block));
	km_stream_write(w.client, KM_S("abc"));
	km_stream_write(w.client, (km_sv){ block, sizeof(block) });
	km_stream_write(w.client, KM_S("def"));
	for (int turns = 0; n < all && turns < 1000; turns++) {
		ssize_t more = recv(w.client_end, text, sizeof(text), 0);
		(void)uv_run(&w.loop, UV_RUN_NOWAIT);
		if (more < 3)
			continue;
		if (n == 0)
			memcpy(first, text, 3);
		n += (size_t)more;
		memcpy(last, text + more - 3, 3);
	}
	assert_int_equal(n, all);
	assert_string_equal(first, "abc");
	assert_string_equal(last, "def");
	finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_out_together),
		cmocka_unit_test(test_without_turns),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_ours_first),
		cmocka_unit_test(test_before_work),
		cmocka_unit_test(test_close_and_shut),
		cmocka_unit_test(test_nothing_overtakes),
		cmocka_unit_test(test_much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
