/*
 * bench_guard: decisions about outgoing mail, in this process.
 *   bench_guard decisions FILE ACCOUNTS MESSAGES   how many in a second, how long each
 *   bench_guard accounts FILE ACCOUNTS             memory and restart with so many accounts
 * FILE: of counters, made anew; - for memory of the process.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbound/guard.h"

enum { T0 = 1772409600, DAY = 86400, RCPTS_MAX = 8, RCPT_TEXT = 32 };

typedef struct {
	km_counters *counters;
	km_identities *ids;
	km_guard *guard;
	km_arena *arena;
	const char *path; /* NULL: memory */
	uint32_t accounts;
	uint64_t dice;
	uint64_t serial;
} bench;

static void die(const char *what)
{
	(void)fprintf(stderr, "bench_guard: %s\n", what);
	exit(1);
}

static uint32_t throw(bench * b, uint32_t n)
{
	b->dice ^= b->dice << 13;
	b->dice ^= b->dice >> 7;
	b->dice ^= b->dice << 17;
	return (uint32_t)(b->dice >> 32) % n;
}

static void start(bench *b)
{
	const km_guard_conf conf = km_guard_defaults();
	const km_counters_size size = km_counters_size_for(b->accounts);
	km_err err = { 0 };

	if (km_counters_open(b->path, &size, &b->counters, &err) != KM_OK ||
	    km_guard_open(&conf, b->counters, b->ids, &b->guard, &err) != KM_OK)
		die(err.msg);
}

static void stop(bench *b)
{
	km_guard_close(b->guard);
	km_counters_close(b->counters);
}

/* A message of account @who to one to three of the twenty whom it knows, now and then to others. */
static km_guard_action decide(bench *b, uint32_t who, km_time t)
{
	static char texts[RCPTS_MAX][RCPT_TEXT];
	static km_sv rcpts[RCPTS_MAX];
	char account[16], queue_id[24];
	km_decision d;
	km_event e = {
		.kind = KM_EVENT_submit, .t = t, .rcpts = rcpts, .port = 50000, .asn = 2497
	};

	e.n_rcpts = 1 + throw(b, 3);
	for (size_t i = 0; i < e.n_rcpts; i++) {
		uint32_t r = throw(b, 20) ? throw(b, 20) : 20 + throw(b, 100000);
		int n = snprintf(texts[i], RCPT_TEXT, "r%" PRIu32 "@d%" PRIu32 ".example",
				 who * 7 + r, r % 9);
		rcpts[i] = (km_sv){ texts[i], (size_t)n };
	}
	e.account =
		(km_sv){ account, (size_t)snprintf(account, sizeof(account), "u%" PRIu32, who) };
	e.queue_id = (km_sv){ queue_id, (size_t)snprintf(queue_id, sizeof(queue_id), "Q%" PRIu64,
							 b->serial++) };
	e.from = e.mail_from = KM_S("a@example.jp");
	e.country = KM_S("JP");
	e.class = KM_S("ham");
	e.ip = (km_ip){ .len = 4,
			.b = { 100, (uint8_t)(who >> 16), (uint8_t)(who >> 8), (uint8_t)who } };
	km_arena_reset(b->arena);
	if (km_guard_submit(b->guard, b->arena, &e, &d) != KM_OK)
		die("an event was not judged");
	for (size_t i = 0; i < d.n_measures; i++)
		(void)km_guard_apply(b->guard, &d.measures[i]);
	return d.action;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void decisions(bench *b, uint32_t messages)
{
	uint32_t *ns = calloc(messages, sizeof(*ns));
	uint64_t accepted = 0;

	if (ns == NULL || messages == 0)
		die("no memory");
	for (uint32_t i = 0; i < b->accounts; i++) /* every account is known */
		(void)decide(b, i, T0 + (km_time)(i % DAY));
	uint64_t begun = km_clock_mono_ns(), last = begun;
	for (uint32_t i = 0; i < messages; i++) {
		accepted += decide(b, throw(b, b->accounts), T0 + DAY + (km_time)(i / 50)) ==
			    KM_GUARD_ACCEPT;
		uint64_t now = km_clock_mono_ns();
		ns[i] = now - last > UINT32_MAX ? UINT32_MAX : (uint32_t)(now - last);
		last = now;
	}
	double s = (double)(last - begun) / 1e9;
	qsort(ns, messages, sizeof(*ns), by_size);
	(void)printf("%" PRIu32 " decisions of %" PRIu32
		     " accounts: %.0f a second; p50 %.1f µs, p99 "
		     "%.1f µs, p99.9 %.1f µs, longest %.1f µs; accepted %.3f %%\n",
		     messages, b->accounts, messages / s, ns[messages / 2] / 1e3,
		     ns[(size_t)messages * 99 / 100] / 1e3, ns[(size_t)messages * 999 / 1000] / 1e3,
		     ns[messages - 1] / 1e3, 100.0 * (double)accepted / messages);
	free(ns);
}

static double megabytes(const char *path)
{
	struct stat sb;

	return path && stat(path, &sb) == 0 ? (double)sb.st_size / 1e6 : 0;
}

static void many_accounts(bench *b)
{
	struct rusage use;
	uint32_t known = 0;
	char name[16];

	for (int day = 0; day < 2; day++)
		for (uint32_t i = 0; i < b->accounts; i++)
			(void)decide(b, i, T0 + day * DAY + (km_time)(i % DAY));
	uint64_t begun = km_clock_mono_ns();
	if (km_counters_flush(b->counters, T0 + 2 * DAY, NULL) != KM_OK)
		die("the counters can not be written");
	double flush = (double)(km_clock_mono_ns() - begun) / 1e6;
	stop(b);
	begun = km_clock_mono_ns();
	start(b);
	(void)decide(b, 0, T0 + 2 * DAY);
	double again = (double)(km_clock_mono_ns() - begun) / 1e6;
	for (uint32_t i = 0; b->path && i < b->accounts; i++) {
		km_account_view v;
		int n = snprintf(name, sizeof(name), "u%" PRIu32, i);
		km_guard_view(b->guard, (km_sv){ name, (size_t)n }, T0 + 2 * DAY, &v);
		known += v.known && v.messages_30d > 1;
	}
	(void)getrusage(RUSAGE_SELF, &use);
	(void)printf("%" PRIu32
		     " accounts: file %.1f MB, process %.1f MB at most, flush %.0f ms, from "
		     "start to first decision %.1f ms, %" PRIu32 " of them known after it\n",
		     b->accounts, megabytes(b->path), (double)use.ru_maxrss / 1e3, flush, again,
		     known);
}

int main(int argc, char **argv)
{
	bench b = { .dice = 88172645463325252u };

	if (argc < 4)
		die("decisions FILE ACCOUNTS MESSAGES | accounts FILE ACCOUNTS");
	b.path = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
	b.accounts = (uint32_t)strtoul(argv[3], NULL, 10);
	b.arena = km_arena_new(1 << 20);
	b.ids = km_identities_new();
	if (b.accounts == 0 || b.arena == NULL || b.ids == NULL)
		die("how many accounts?");
	if (b.path)
		(void)unlink(b.path);
	start(&b);
	if (strcmp(argv[1], "decisions") == 0)
		decisions(&b, argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 1000000);
	else if (strcmp(argv[1], "accounts") == 0)
		many_accounts(&b);
	else
		die("decisions or accounts?");
	stop(&b);
	km_identities_free(b.ids);
	km_arena_free(b.arena);
	return 0;
}
