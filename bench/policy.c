/*
 * Load for the policy service, as many of Postfix's processes ask it: connections on which one
 * request follows the other's answer. A message is two requests, RCPT and END-OF-MESSAGE. Prints
 * what was answered, how fast, and how long answers took.
 * usage: bench_policy PORT CONNECTIONS MESSAGES ACCOUNTS [RATE]   RATE: requests a second; 0: at
 * once
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_EVENTS = 512, REQUEST_MAX = 1024, SAMPLES = 1 << 24 };

typedef struct {
	int fd;
	unsigned long message; /* in hand */
	int state;	       /* 0: RCPT is asked, 1: END-OF-MESSAGE is, 2: nothing */
	uint64_t asked_ns;
	size_t got;
	char reply[512];
} conn;

static struct {
	unsigned long messages, accounts, begun, done;
	double rate;
	uint64_t start_ns, requests;
	unsigned long dunno, hold, other;
	uint32_t *us; /* of each answer */
} load;

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Any number from a counter, always the same. */
static uint64_t mixed(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x7fb5d329728ea185u;
	x ^= x >> 27;
	x *= 0x81dadef4bc2dd44du;
	return x ^ x >> 33;
}

static void ask(conn *c)
{
	static const char *const states[] = { "RCPT", "END-OF-MESSAGE" };
	unsigned long account = mixed(c->message) % load.accounts;
	char text[REQUEST_MAX];
	/* Ten correspondents each: after a while most of the mail goes to people who are known. */
	int n = snprintf(text, sizeof(text),
			 "request=smtpd_access_policy\nprotocol_state=%s\nprotocol_name=ESMTP\n"
			 "client_address=198.51.%lu.%lu\nclient_name=unknown\nclient_port=50211\n"
			 "reverse_client_name=unknown\nserver_address=192.0.2.1\nserver_port=587\n"
			 "helo_name=[192.168.1.2]\nsender=u%lu@example.jp\n"
			 "recipient=r%lu@d%lu.example\nrecipient_count=%d\n"
			 "queue_id=%s%lX\ninstance=%lx.1\nsize=%d\netrn_domain=\nstress=\n"
			 "sasl_method=plain\nsasl_username=u%lu\nsasl_sender=\nccert_subject=\n"
			 "ccert_issuer=\nccert_fingerprint=\nencryption_protocol=TLSv1.3\n"
			 "encryption_cipher=TLS_AES_256_GCM_SHA384\nencryption_keysize=256\n"
			 "policy_context=\n\n",
			 states[c->state], account / 250 % 250, account % 250, account,
			 account * 10 + mixed(c->message + 7) % 10, account % 1000, c->state, "4B",
			 c->message, c->message, c->state ? 5120 : 0, account);

	c->asked_ns = now_ns();
	c->got = 0;
	load.requests++;
	if (write(c->fd, text, (size_t)n) != n)
		fail("write");
}

static void next_message(conn *c)
{
	if (load.begun == load.messages) {
		c->state = 2;
		return;
	}
	c->message = load.begun++;
	c->state = 0;
	ask(c);
}

static void take_answer(conn *c)
{
	if (load.done < SAMPLES)
		load.us[load.done] = (uint32_t)((now_ns() - c->asked_ns) / 1000u);
	load.done++;
	if (strncmp(c->reply, "action=DUNNO", 12) == 0)
		load.dunno++;
	else if (strncmp(c->reply, "action=HOLD", 11) == 0)
		load.hold++;
	else
		load.other++;
	if (c->state == 0) {
		c->state = 1;
		ask(c);
	} else if (load.rate <= 0) {
		next_message(c);
	} else {
		c->state = 2;
	}
}

static void on_readable(conn *c)
{
	ssize_t n = read(c->fd, c->reply + c->got, sizeof(c->reply) - c->got);

	if (n <= 0)
		fail("the connection was closed");
	c->got += (size_t)n;
	if (c->got >= 2 && memcmp(c->reply + c->got - 2, "\n\n", 2) == 0)
		take_answer(c);
}

static void open_conn(conn *c, int loop, const struct sockaddr_in *to)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)to, sizeof(*to)) != 0)
		fail("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(loop, EPOLL_CTL_ADD, c->fd, &e) != 0)
		fail("epoll_ctl");
	c->state = 2;
}

/* With a rate, messages begin when they are due, on whichever connection is free. */
static int begin_due(conn *all, unsigned long n)
{
	static unsigned long at;

	if (load.rate <= 0)
		return -1;
	double due = (double)(now_ns() - load.start_ns) / 1e9 * load.rate / 2;
	for (unsigned long tried = 0;
	     tried < n && load.begun < load.messages && (double)load.begun < due; tried++) {
		conn *c = &all[at++ % n];
		if (c->state == 2)
			next_message(c);
	}
	return 1;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(double seconds)
{
	size_t n = load.done < SAMPLES ? load.done : SAMPLES;

	qsort(load.us, n, sizeof(*load.us), by_size);
	(void)printf(
		"{\"requests\": %lu, \"seconds\": %.3f, \"per_second\": %.0f, \"p50_us\": %u, "
		"\"p99_us\": %u, \"p999_us\": %u, \"max_us\": %u, \"dunno\": %lu, \"hold\": %lu, "
		"\"other\": %lu}\n",
		load.done, seconds, (double)load.done / seconds, load.us[n / 2],
		load.us[n * 99 / 100], load.us[n * 999 / 1000], load.us[n - 1], load.dunno,
		load.hold, load.other);
}

static void run(conn *all, unsigned long n, int loop)
{
	struct epoll_event events[MAX_EVENTS];

	load.start_ns = now_ns();
	for (unsigned long i = 0; load.rate <= 0 && i < n; i++)
		next_message(&all[i]);
	while (load.done < 2 * load.messages) {
		int k = epoll_wait(loop, events, MAX_EVENTS, begin_due(all, n));
		for (int i = 0; i < k; i++)
			on_readable(events[i].data.ptr);
	}
	report((double)(now_ns() - load.start_ns) / 1e9);
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct rlimit files;

	if (argc < 5) {
		(void)fprintf(stderr,
			      "usage: bench_policy PORT CONNECTIONS MESSAGES ACCOUNTS [RATE]\n");
		return 64;
	}
	unsigned long n = strtoul(argv[2], NULL, 10);
	to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	load.messages = strtoul(argv[3], NULL, 10);
	load.accounts = strtoul(argv[4], NULL, 10);
	load.rate = argc > 5 ? strtod(argv[5], NULL) : 0;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	int loop = epoll_create1(EPOLL_CLOEXEC);
	conn *all = calloc(n ? n : 1, sizeof(*all));
	load.us = calloc(SAMPLES, sizeof(*load.us));
	if (loop < 0 || all == NULL || load.us == NULL || n == 0 || load.accounts == 0)
		fail("setup");
	for (unsigned long i = 0; i < n; i++)
		open_conn(&all[i], loop, &to);
	run(all, n, loop);
	return 0;
}
