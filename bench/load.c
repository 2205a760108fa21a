/*
 * bench/load.c - the load client of bench/peers, bench/connections and bench/start: messages over
 *HTTP or milter from one thread, so that it takes little from what is measured.
 *
 *	bench_load --http PORT | --milter PORT [OPTION VALUE]... <LIST
 *
 * LIST has a file name a line; every message is sent in turn. All is on 127.0.0.1. Options:
 *	--busy N      connections that send messages (1)
 *	--fresh 1     a new connection for every message
 *	--rate N      messages a second over all connections, at even distances; the time to answer
 *counts from when a message was due (0: each connection sends on as soon as it is answered)
 *	--messages N  stop after so many
 *	--seconds N   stop after so long (whichever is first)
 *	--idle N      further milter connections that say hello and then nothing
 *	--slow N      further connections that send one byte a second of something that never ends
 *
 * Prints a line {"open": idle connections} once these stand, and at the end a line of results.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "load_mail.h"

enum {
	HEAD_MAX = 8192,      /* an answer's HTTP header */
	OPENING_MAX = 200,    /* connections begun and not yet ready: fewer than any backlog */
	GRACE_NS = 100000000, /* between the last idle connection and the first message */
};

typedef enum { BUSY, IDLE, SLOW } kind;
typedef enum { CLOSED, CONNECTING, GREETING, READY, ASKED } state;

typedef struct conn conn;
struct conn {
	kind kind;
	state state;
	int fd;
	conn *next_free;
	const char *out; /* what is being sent */
	size_t out_n;
	const load_message *m;
	uint64_t begun;	    /* when the message was due */
	unsigned continues; /* milter: answers still to come before the last */
	uint32_t steps;	    /* milter: as agreed */
	char *head;	    /* HTTP: the answer's header; milter: the packet's first bytes */
	size_t head_n;
	size_t skip; /* bytes of the answer that need not be looked at */
	bool hello;  /* milter: CONNECT and HELO were sent */
	bool close;  /* HTTP: the server ends the connection with this answer */
};

static struct {
	int port, epoll, timer;
	bool milter, fresh, running;
	unsigned long busy, idle, slow, rate, messages, seconds;
	load_message *message;
	size_t n_messages;
	conn *conns, *free;
	size_t n_conns, opening, opened, ready_idle;
	uint64_t started, ended, next_due;
	uint32_t *us; /* time to answer of each message */
	size_t asked, answered, failed;
	unsigned long answers[1000]; /* by HTTP status, or by milter reply */
	size_t slow_dropped;
	uint64_t slow_started, slow_first, slow_last, slow_bytes;
} l = { .busy = 1, .messages = 1ul << 24, .seconds = 3600 };

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void release(conn *c)
{
	c->next_free = l.free;
	l.free = c;
}

static void shut(conn *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	if (c->state == CONNECTING || c->state == GREETING)
		l.opening--;
	c->fd = -1;
	c->state = CLOSED;
	c->head_n = c->skip = 0;
	c->out_n = 0;
	c->hello = c->close = false;
}

/* The connection ended before its time. */
static void lost(conn *c)
{
	state was = c->state;

	if (c->kind == IDLE && was == READY)
		l.ready_idle--;
	if (c->kind == SLOW && was != CLOSED) {
		l.slow_last = now_ns();
		if (l.slow_dropped++ == 0)
			l.slow_first = l.slow_last;
	}
	shut(c);
	if (c->kind != BUSY || was == READY)
		return;
	l.failed += was != CLOSED;
	release(c);
}

static void push(conn *c)
{
	while (c->out_n) {
		ssize_t n = send(c->fd, c->out, c->out_n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			lost(c);
			return;
		}
		c->out += n;
		c->out_n -= (size_t)n;
	}
}

static void say(conn *c, const char *p, size_t n)
{
	c->out = p;
	c->out_n = n;
	push(c);
}

static void open_conn(conn *c)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)l.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
				 .data.ptr = c };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		load_die("no socket");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->state = CONNECTING;
	l.opening++;
	l.opened++;
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
		load_die("no connection");
	if (epoll_ctl(l.epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
		load_die("epoll");
}

/* Sends the connection's message. */
static void ask(conn *c)
{
	static load_text greeting;
	const uint32_t s = c->steps;

	c->state = ASKED;
	if (!l.milter) {
		say(c, c->m->p, c->m->n);
		return;
	}
	c->continues = (s & NR_MAIL ? 0 : 1u) + (s & NR_RCPT ? 0 : 1u) + (s & NR_DATA ? 0 : 1u) +
		       (s & NR_EOH ? 0 : 1u) + (s & NR_HDR ? 0 : c->m->headers) +
		       (s & NR_BODY ? 0 : c->m->bodies);
	if (!c->hello) {
		if (greeting.p == NULL)
			greeting = load_hello();
		c->hello = true;
		c->continues += (s & NR_CONN ? 0 : 1u) + (s & NR_HELO ? 0 : 1u);
		(void)send(c->fd, greeting.p, greeting.n, MSG_NOSIGNAL | MSG_MORE);
	}
	say(c, c->m->p, c->m->n);
}

/* Connected, and for milter: negotiated. */
static void ready(conn *c)
{
	static load_text greeting;

	l.opening--;
	c->state = READY;
	if (c->kind == BUSY) {
		ask(c);
		return;
	}
	if (c->kind == IDLE) {
		if (greeting.p == NULL)
			greeting = load_hello();
		l.ready_idle++;
		say(c, greeting.p, greeting.n);
	}
}

static void connected(conn *c)
{
	static load_text offer;

	if (!l.milter) {
		ready(c);
		return;
	}
	if (offer.p == NULL)
		offer = load_offer();
	c->state = GREETING;
	say(c, offer.p, offer.n);
}

static void begin(conn *c, uint64_t due)
{
	c->m = &l.message[l.asked++ % l.n_messages];
	c->begun = due;
	if (c->state == READY)
		ask(c);
	else
		open_conn(c);
}

static void answered(conn *c, unsigned code)
{
	l.us[l.answered++] = (uint32_t)((now_ns() - c->begun) / 1000u);
	l.answers[code % 1000]++;
	c->state = READY;
	if (l.fresh || c->close) {
		if (l.milter)
			say(c, "\0\0\0\1Q", 5);
		shut(c);
	}
	release(c);
}

/* A whole milter packet has come; its first bytes are in c->head. */
static void milter_reply(conn *c)
{
	char code = c->head[4];

	if (code == 'O' && c->state == GREETING) {
		uint32_t steps;
		memcpy(&steps, c->head + 13, sizeof(steps));
		c->steps = ntohl(steps);
		ready(c);
		return;
	}
	if (strchr("himqp", code))
		return;
	if (c->kind != BUSY || c->state != ASKED)
		return;
	if (c->continues == 0)
		answered(c, (unsigned char)code);
	else if (code == 'c' || code == 's')
		c->continues--;
	else
		lost(c);
}

static size_t eat_milter(conn *c, const char *p, size_t n)
{
	uint32_t len = 0;
	size_t keep = 17;

	if (c->head_n >= 4) {
		memcpy(&len, c->head, sizeof(len));
		len = ntohl(len);
		keep = len + 4 < 17 ? len + 4 : 17;
	} else {
		keep = 4;
	}
	size_t some = keep - c->head_n < n ? keep - c->head_n : n;
	memcpy(c->head + c->head_n, p, some);
	c->head_n += some;
	if (c->head_n < keep || keep == 4)
		return some;
	c->head_n = 0;
	c->skip = len + 4 - keep;
	milter_reply(c);
	return some;
}

static size_t eat_http(conn *c, const char *p, size_t n)
{
	size_t some = HEAD_MAX - 1 - c->head_n < n ? HEAD_MAX - 1 - c->head_n : n;
	size_t before = c->head_n;

	memcpy(c->head + c->head_n, p, some);
	c->head_n += some;
	c->head[c->head_n] = '\0';
	const char *end = strstr(c->head, "\r\n\r\n");
	if (end == NULL) {
		if (c->head_n == HEAD_MAX - 1)
			lost(c);
		return some;
	}
	const char *length = strcasestr(c->head, "\ncontent-length:");
	c->close = strcasestr(c->head, "\nconnection: close") != NULL;
	c->skip = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
	c->head_n = (size_t)(end - c->head) + 4;
	size_t used = c->head_n - before;
	if (c->skip == 0) {
		c->head_n = 0;
		answered(c, (unsigned)strtoul(c->head + 9, NULL, 10));
	}
	return used;
}

static void eat(conn *c, const char *p, size_t n)
{
	while (n && c->fd >= 0) {
		size_t used = c->skip < n ? c->skip : n;
		if (c->skip == 0) {
			used = l.milter ? eat_milter(c, p, n) : eat_http(c, p, n);
		} else {
			c->skip -= used;
			if (c->skip == 0 && !l.milter) {
				c->head_n = 0;
				answered(c, (unsigned)strtoul(c->head + 9, NULL, 10));
			}
		}
		p += used;
		n -= used;
	}
}

static void pull(conn *c)
{
	static char block[65536];

	while (c->fd >= 0) {
		ssize_t n = recv(c->fd, block, sizeof(block), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0)
			lost(c);
		else
			eat(c, block, (size_t)n);
	}
}

static void on_event(conn *c, uint32_t events)
{
	if (c->fd < 0)
		return;
	if (c->state == CONNECTING && events & EPOLLOUT) {
		int error = 0;
		socklen_t n = sizeof(error);
		(void)getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &n);
		if (error)
			lost(c);
		else
			connected(c);
	} else if (events & EPOLLOUT) {
		push(c);
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		pull(c);
}

/* The next byte of each slow connection that is due: a field that never ends. */
static void trickle(uint64_t now)
{
	static const char packet[] = "\0\0\377\377L", request[] = "POST /checkv2 HTTP/1.1\r\nX: ";
	const char *start = l.milter ? packet : request;
	size_t n = (l.milter ? sizeof(packet) : sizeof(request)) - 1;
	uint64_t due = (now - l.slow_started) / 1000u * l.slow / 1000000u;

	for (; l.slow_bytes < due; l.slow_bytes++) {
		const conn *c = &l.conns[l.n_conns - l.slow + l.slow_bytes % l.slow];
		size_t at = l.slow_bytes / l.slow;
		if (c->state == READY)
			(void)send(c->fd, at < n ? &start[at] : "x", 1, MSG_NOSIGNAL);
	}
}

static void arm(uint64_t at)
{
	struct itimerspec t = { .it_value = { (time_t)(at / 1000000000u),
					      (long)(at % 1000000000u) } };

	(void)timerfd_settime(l.timer, TFD_TIMER_ABSTIME, &t, NULL);
}

static bool done(uint64_t now)
{
	return l.running &&
	       (l.answered + l.failed >= l.messages || now - l.started >= l.seconds * 1000000000u);
}

/* Opens what is to stand beside the messages, then starts the clock. */
static void prepare(uint64_t now)
{
	static size_t next;
	static uint64_t settled;

	for (; next < l.n_conns && l.opening < OPENING_MAX; next++)
		if (l.conns[next].kind != BUSY)
			open_conn(&l.conns[next]);
	if (next < l.n_conns || l.opening)
		return;
	if (settled == 0) {
		settled = now;
		l.slow_started = now;
		printf("{\"open\": %zu}\n", l.ready_idle);
		(void)fflush(stdout);
	}
	if (now - settled < GRACE_NS)
		return;
	l.running = true;
	l.started = l.next_due = now_ns();
}

static void send_due(uint64_t now)
{
	while (l.free && l.asked < l.messages && (l.rate == 0 || l.next_due <= now)) {
		conn *c = l.free;
		l.free = c->next_free;
		begin(c, l.rate ? l.next_due : now_ns());
		if (l.rate)
			l.next_due += 1000000000u / l.rate;
	}
}

static void turn(void)
{
	struct epoll_event e[256];
	int n = epoll_wait(l.epoll, e, 256, 100);
	uint64_t now = now_ns(), expired;

	for (int i = 0; i < n; i++)
		if (e[i].data.ptr == NULL)
			(void)!read(l.timer, &expired, sizeof(expired));
		else
			on_event(e[i].data.ptr, e[i].events);
	if (!l.running)
		prepare(now);
	if (l.slow && l.slow_started)
		trickle(now);
	if (l.running)
		send_due(now);
	if (l.running && l.rate && l.free)
		arm(l.next_due);
	else if (!l.running)
		arm(now + 1000000u);
}

static int by_size(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double quantile(double q)
{
	return l.answered ? l.us[(size_t)((double)(l.answered - 1) * q)] : 0.0;
}

static void report(void)
{
	double seconds = (double)(l.ended - l.started) / 1e9;

	qsort(l.us, l.answered, sizeof(*l.us), by_size);
	printf("{\"messages\": %zu, \"failed\": %zu, \"seconds\": %.3f, \"rate\": %.1f, "
	       "\"p50_us\": %.0f, "
	       "\"p99_us\": %.0f, \"max_us\": %.0f, \"connections\": %zu, \"idle_open\": %zu, "
	       "\"slow_dropped\": %zu, \"slow_first_s\": %.1f, \"slow_last_s\": %.1f, \"answers\": "
	       "{",
	       l.answered, l.failed, seconds, (double)l.answered / seconds, quantile(.5),
	       quantile(.99), quantile(1), l.opened, l.ready_idle, l.slow_dropped,
	       l.slow_dropped ? (double)(l.slow_first - l.slow_started) / 1e9 : 0.0,
	       l.slow_dropped ? (double)(l.slow_last - l.slow_started) / 1e9 : 0.0);
	const char *comma = "";
	for (unsigned i = 0; i < 1000; i++) {
		if (l.answers[i] == 0)
			continue;
		if (l.milter)
			printf("%s\"%c\": %lu", comma, (int)i, l.answers[i]);
		else
			printf("%s\"%u\": %lu", comma, i, l.answers[i]);
		comma = ", ";
	}
	puts("}}");
}

static bool read_options(int argc, char **argv)
{
	unsigned long port[2] = { 0 }, fresh = 0;
	const struct {
		const char *name;
		unsigned long *to;
	} options[] = {
		{ "--http", &port[0] },	       { "--milter", &port[1] },    { "--busy", &l.busy },
		{ "--idle", &l.idle },	       { "--slow", &l.slow },	    { "--rate", &l.rate },
		{ "--messages", &l.messages }, { "--seconds", &l.seconds }, { "--fresh", &fresh },
	};

	for (int i = 1; i + 1 < argc; i += 2) {
		size_t k = 0, n = sizeof(options) / sizeof(options[0]);
		while (k < n && strcmp(options[k].name, argv[i]) != 0)
			k++;
		if (k == n)
			return false;
		*options[k].to = strtoul(argv[i + 1], NULL, 10);
	}
	l.milter = port[1] != 0;
	l.port = (int)(port[0] + port[1]);
	l.fresh = fresh != 0;
	return argc % 2 == 1 && (port[0] != 0) != (port[1] != 0);
}

static void make_conns(void)
{
	l.n_conns = l.busy + l.idle + l.slow;
	l.conns = load_need(calloc(l.n_conns + 1, sizeof(conn)));
	for (size_t i = 0; i < l.n_conns; i++) {
		conn *c = &l.conns[i];
		c->fd = -1;
		c->kind = i < l.busy ? BUSY : i < l.busy + l.idle ? IDLE : SLOW;
		c->head = load_need(malloc(l.milter ? 32 : HEAD_MAX));
		if (c->kind == BUSY)
			release(c);
	}
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct epoll_event e = { .events = EPOLLIN };

	if (!read_options(argc, argv)) {
		fputs("usage: bench_load --http PORT | --milter PORT [OPTION VALUE]... <LIST\n",
		      stderr);
		return 64;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	l.message = load_read_list(l.milter, l.fresh, &l.n_messages);
	make_conns();
	if (l.n_messages == 0)
		return 66;
	l.us = load_need(calloc(l.messages < 1ul << 24 ? l.messages : 1ul << 24, sizeof(*l.us)));
	l.epoll = epoll_create1(EPOLL_CLOEXEC);
	l.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l.epoll < 0 || l.timer < 0 || epoll_ctl(l.epoll, EPOLL_CTL_ADD, l.timer, &e) != 0)
		load_die("epoll");
	while (!done(now_ns()))
		turn();
	l.ended = now_ns();
	report();
	return 0;
}
