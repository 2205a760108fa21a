/*
 * bench/load_mail.h - what bench/load.c sends: stored messages as the requests of a protocol, put
 * together once, before the clock runs.
 */
#ifndef BENCH_LOAD_MAIL_H
#define BENCH_LOAD_MAIL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	char *p;
	size_t n;
	unsigned headers, bodies; /* milter packets of these kinds */
} load_message;

typedef struct {
	char *p;
	size_t n, cap;
} load_text;

/* Milter: CONNECT and HELO; the offer of everything that may go unanswered. */
load_text load_hello(void);
load_text load_offer(void);

/* Reads the files whose names stand on standard input, one a line. @milter: MAIL to end of body;
 * else a POST to /checkv2, with "Connection: close" when @fresh. */
load_message *load_read_list(bool milter, bool fresh, size_t *n);

/* @p, or the end of the program when it is NULL. */
void *load_need(void *p);
_Noreturn void load_die(const char *what);

/* What a filter may leave unanswered (milter protocol, SMFIP_NR_*). */
enum {
	NR_CONN = 0x1000,
	NR_HELO = 0x2000,
	NR_MAIL = 0x4000,
	NR_RCPT = 0x8000,
	NR_DATA = 0x10000,
	NR_HDR = 0x80,
	NR_EOH = 0x40000,
	NR_BODY = 0x80000
};

#endif
