#include "load_mail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BODY_CHUNK = 65535,
	OFFERED = NR_CONN | NR_HELO | NR_MAIL | NR_RCPT | NR_DATA | NR_HDR | NR_EOH | NR_BODY |
		  0x400 /* SKIP */
};

void load_die(const char *what)
{
	fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
	exit(70);
}

void *load_need(void *p)
{
	if (p == NULL)
		load_die("no memory");
	return p;
}

static void put(load_text *t, const void *p, size_t n)
{
	if (t->n + n > t->cap) {
		t->cap = (t->n + n) * 2;
		t->p = load_need(realloc(t->p, t->cap));
	}
	if (n)
		memcpy(t->p + t->n, p, n);
	t->n += n;
}

static void put_packet(load_text *t, char cmd, const void *data, size_t n)
{
	uint32_t len = htonl((uint32_t)n + 1);

	put(t, &len, sizeof(len));
	put(t, &cmd, 1);
	put(t, data, n);
}

#define PACKET(t, cmd, literal) put_packet(t, cmd, literal, sizeof(literal))

load_text load_hello(void)
{
	load_text t = { 0 };

	PACKET(&t, 'C', "mx.example.net\0004\060\071198.51.100.7");
	PACKET(&t, 'H', "mx.example.net");
	return t;
}

load_text load_offer(void)
{
	const uint32_t offer[3] = { htonl(6), htonl(0x1ff), htonl(OFFERED) };
	load_text t = { 0 };

	put_packet(&t, 'O', offer, sizeof(offer));
	return t;
}

/* One header field as a packet; false at the empty line, which is taken as well. */
static bool put_field(load_text *t, const char **p, const char *end)
{
	const char *lf = memchr(*p, '\n', (size_t)(end - *p));
	load_text value = { 0 };

	if (lf == NULL || lf == *p || (lf == *p + 1 && **p == '\r')) {
		*p = lf ? lf + 1 : end;
		return false;
	}
	while (lf + 1 < end && (lf[1] == ' ' || lf[1] == '\t')) {
		const char *more = memchr(lf + 1, '\n', (size_t)(end - lf - 1));
		if (more == NULL)
			break;
		lf = more;
	}
	const char *colon = memchr(*p, ':', (size_t)(lf - *p));
	if (colon) {
		const char *v = colon + 1, *stop = lf > v && lf[-1] == '\r' ? lf - 1 : lf;
		put(&value, *p, (size_t)(colon - *p));
		put(&value, "", 1);
		v += v < stop && *v == ' ';
		for (; v < stop; v++)
			if (*v != '\r')
				put(&value, v, 1);
		put(&value, "", 1);
		put_packet(t, 'L', value.p, value.n);
		free(value.p);
	}
	*p = lf + 1;
	return true;
}

static void make_milter(load_message *m, const load_text *mail)
{
	const char *p = mail->p, *end = mail->p + mail->n;
	load_text t = { 0 };

	PACKET(&t, 'D', "Mi\0004XyZ123abc");
	PACKET(&t, 'M', "<sender@example.net>");
	PACKET(&t, 'R', "<someone@example.jp>");
	put_packet(&t, 'T', "", 0);
	for (size_t before = t.n; put_field(&t, &p, end); before = t.n)
		m->headers += t.n > before;
	put_packet(&t, 'N', "", 0);
	for (; p < end; m->bodies++) {
		size_t n = (size_t)(end - p) < BODY_CHUNK ? (size_t)(end - p) : BODY_CHUNK;
		put_packet(&t, 'B', p, n);
		p += n;
	}
	put_packet(&t, 'E', "", 0);
	m->p = t.p;
	m->n = t.n;
}

static void make_http(load_message *m, const load_text *mail, bool fresh)
{
	char head[512];
	load_text t = { 0 };
	int n = snprintf(head, sizeof(head),
			 "POST /checkv2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n"
			 "IP: 198.51.100.7\r\nHelo: mx.example.net\r\nHostname: mx.example.net\r\n"
			 "From: sender@example.net\r\nRcpt: someone@example.jp\r\n"
			 "Queue-Id: 4XyZ123abc\r\nConnection: %s\r\n\r\n",
			 mail->n, fresh ? "close" : "keep-alive");

	put(&t, head, (size_t)n);
	put(&t, mail->p, mail->n);
	m->p = t.p;
	m->n = t.n;
}

/* A stored message as an MTA has it: CRLF, and no mbox line. */
static load_text read_mail(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	load_text t = { 0 };

	if (f == NULL)
		load_die(path);
	while ((n = getline(&line, &cap, f)) > 0) {
		bool lf = line[n - 1] == '\n';
		if (t.n == 0 && n > 5 && memcmp(line, "From ", 5) == 0)
			continue;
		n -= lf;
		n -= lf && n && line[n - 1] == '\r';
		put(&t, line, (size_t)n);
		put(&t, "\r\n", 2);
	}
	free(line);
	(void)fclose(f);
	return t;
}

load_message *load_read_list(bool milter, bool fresh, size_t *n)
{
	char path[4096];
	load_message *list = NULL;

	for (*n = 0; fgets(path, sizeof(path), stdin); ++*n) {
		path[strcspn(path, "\n")] = '\0';
		load_text mail = read_mail(path);
		list = load_need(realloc(list, (*n + 1) * sizeof(*list)));
		load_message *m = &list[*n];
		*m = (load_message){ 0 };
		if (milter)
			make_milter(m, &mail);
		else
			make_http(m, &mail, fresh);
		free(mail.p);
	}
	return list;
}
