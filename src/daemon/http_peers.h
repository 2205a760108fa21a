/*
 * daemon/http_peers.h - the connections of the HTTP front end, which are libmicrohttpd's: how long
 * they may take, and when their answers go out.
 */
#ifndef KM_DAEMON_HTTP_PEERS_H
#define KM_DAEMON_HTTP_PEERS_H

#include <microhttpd.h>

#include "daemon/scanner.h"
#include "net/turn.h"

typedef struct km_http_peer km_http_peer;

typedef struct {
	km_scanner *scanner;
	km_http_peer *first;
	size_t n;
	km_http_peer *held; /* their answers are, until the end of the turn */
	km_due due;
} km_http_peers;

/* @all stays where it is. */
void km_http_peers_init(km_http_peers *all, km_scanner *s);

/* For MHD_OPTION_NOTIFY_CONNECTION, with the km_http_peers as its context. */
void km_http_peers_notify(void *all, struct MHD_Connection *c, void **state,
			  enum MHD_ConnectionNotificationCode what);

/* A request begins, has come in whole, has ended. */
void km_http_peer_begin(struct MHD_Connection *c);
void km_http_peer_whole(struct MHD_Connection *c);
void km_http_peer_end(struct MHD_Connection *c);

/*
 * Before an answer of @n bytes is given to libmicrohttpd: if the connection stays and the answer
 * fits into a segment, it is held in its socket until the end of the turn (net/turn.h), and its
 * record is on its way before it. What can not be held goes after all that is due, which goes out
 * now: so does an answer of over a kilobyte unless it stays on this machine. (The kernel lets go by
 * itself after 200 ms, tcp(7); a turn that takes so long is an error elsewhere.)
 */
void km_http_peer_hold(km_http_peers *all, struct MHD_Connection *c, bool stays, size_t n);

/* The client sends no more: as most servers do, we take it for one that went away. */
bool km_http_peer_gone(struct MHD_Connection *c);
void km_http_peer_cut(struct MHD_Connection *c);
/* Cuts those whose request is not whole at its deadline. */
void km_http_peers_sweep(km_http_peers *all);
/* Cuts those on which nothing is under way. */
void km_http_peers_cut_idle(km_http_peers *all);

#endif
