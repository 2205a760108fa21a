#include "daemon/http_peers.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A connection: it must bring a whole request within the deadline, however slowly it trickles. */
struct km_http_peer {
	km_http_peer *next, *prev;
	struct MHD_Connection *connection;
	size_t segment;	   /* bytes; 0: nothing can be held in its socket */
	uint64_t since_ms; /* connect, or end of the last request */
	bool active;	   /* a request is under way */
	bool whole;	   /* and has come in whole */
	bool held;	   /* its answer is */
	km_http_peer *next_held;
};

static uint64_t now_ms(void)
{
	return km_clock_mono_ns() / 1000000u;
}

/* NULL: there was no memory for it. */
static km_http_peer *peer_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* -1: there is none any more. */
static int socket_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

/* --- holding answers --- */

enum { HEADERS = 512 }; /* ours and libmicrohttpd's are less */

/* 0 for a Unix socket, too, which holds nothing. */
static size_t segment_of(struct MHD_Connection *c)
{
	int n = 0;
	socklen_t size = sizeof(n);

	return getsockopt(socket_of(c), IPPROTO_TCP, TCP_MAXSEG, &n, &size) == 0 && n > 0
		       ? (size_t)n
		       : 0;
}

static void set_cork(const km_http_peer *p, int on)
{
	(void)setsockopt(socket_of(p->connection), IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static void let_go(void *ctx)
{
	km_http_peers *all = ctx;

	for (km_http_peer *p; (p = all->held) != NULL;) {
		all->held = p->next_held;
		p->held = false;
		set_cork(p, 0);
	}
}

void km_http_peer_hold(km_http_peers *all, struct MHD_Connection *c, bool stays, size_t n)
{
	uv_loop_t *loop = &all->scanner->role->loop;
	km_http_peer *p = peer_of(c);

	/* Of one connection there is nothing to gather; two answers may be more than a segment. */
	if (p == NULL || !stays || all->n == 1 || p->held || n + HEADERS > p->segment) {
		km_turn_end(loop);
		return;
	}
	p->held = true;
	p->next_held = all->held;
	all->held = p;
	set_cork(p, 1);
	km_turn_add(loop, KM_DUE_CLIENTS, &all->due);
}

/* --- a connection's life --- */

static void peer_gone(km_http_peers *all, km_http_peer *p)
{
	if (p->held)
		km_turn_end(&all->scanner->role->loop);
	if (p->prev)
		p->prev->next = p->next;
	else
		all->first = p->next;
	if (p->next)
		p->next->prev = p->prev;
	all->n--;
	free(p);
	km_scanner_count(all->scanner, KM_COUNTER_connections_open, -1);
	km_scanner_connection_gone(all->scanner);
}

void km_http_peer_cut(struct MHD_Connection *c)
{
	(void)shutdown(socket_of(c), SHUT_RDWR);
}

static void drop(km_http_peers *all, const km_http_peer *p)
{
	km_scanner_count(all->scanner, KM_COUNTER_connections_dropped_total, 1);
	km_http_peer_cut(p->connection);
}

void km_http_peers_notify(void *ctx, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode what)
{
	km_http_peers *all = ctx;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*state)
			peer_gone(all, *state);
		*state = NULL;
		return;
	}
	km_http_peer *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return;
	p->connection = c;
	p->segment = segment_of(c);
	p->since_ms = now_ms();
	p->next = all->first;
	if (all->first)
		all->first->prev = p;
	all->first = p;
	all->n++;
	*state = p;
	km_scanner_count(all->scanner, KM_COUNTER_connections_total, 1);
	km_scanner_count(all->scanner, KM_COUNTER_connections_open, 1);
	if (km_scanner_overfull(all->scanner))
		drop(all, p);
}

void km_http_peer_begin(struct MHD_Connection *c)
{
	km_http_peer *p = peer_of(c);

	if (p == NULL)
		return;
	p->active = true;
	p->whole = false;
}

void km_http_peer_whole(struct MHD_Connection *c)
{
	km_http_peer *p = peer_of(c);

	if (p)
		p->whole = true;
}

void km_http_peer_end(struct MHD_Connection *c)
{
	km_http_peer *p = peer_of(c);

	if (p == NULL)
		return;
	p->active = p->whole = false;
	p->since_ms = now_ms();
}

bool km_http_peer_gone(struct MHD_Connection *c)
{
	char byte;

	return recv(socket_of(c), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void km_http_peers_init(km_http_peers *all, km_scanner *s)
{
	*all = (km_http_peers){ .scanner = s, .due = { .run = let_go, .ctx = all } };
}

void km_http_peers_sweep(km_http_peers *all)
{
	const uint64_t now = now_ms();

	for (km_http_peer *p = all->first; p; p = p->next)
		if (!p->whole && now - p->since_ms > all->scanner->packet_ms) {
			p->since_ms = now;
			drop(all, p);
		}
}

void km_http_peers_cut_idle(km_http_peers *all)
{
	for (km_http_peer *p = all->first; p; p = p->next)
		if (!p->active)
			km_http_peer_cut(p->connection);
}
