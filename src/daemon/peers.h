/*
 * daemon/peers.h - the connections of one listening socket of a role, as streams: what all that is
 * not HTTP has in common.
 */
#ifndef KM_DAEMON_PEERS_H
#define KM_DAEMON_PEERS_H

#include "daemon/scanner.h"

typedef struct km_peers km_peers;

/* The beginning of a front end's connection. */
typedef struct km_peer {
	struct km_peer *next, *prev;
	km_peers *all;
	km_stream *stream;
} km_peer;

typedef struct {
	const char *name;		 /* for messages */
	km_peer *(*make)(km_peers *all); /* zeroed but for the front end's own; NULL: no memory */
	/* Frees it and what it holds; it may never have had a stream. */
	void (*free)(km_peer *p);
	/* Something is under way that is to be finished first. */
	bool (*busy)(const km_peer *p);
	km_stream_ops stream; /* ctx is the km_peer; on_deadline, on_close: peers.c's own */
} km_peers_ops;

/* The role that serves the socket. */
typedef struct {
	km_role *role;
	uint64_t packet_ms; /* for the first bytes of a connection */
	/* More connections are open than it may keep; NULL: never. */
	bool (*overfull)(km_role *r);
	void (*gone)(km_role *r); /* a connection is gone */
} km_peers_host;

struct km_peers {
	const km_peers_ops *ops;
	km_peers_host host;
	km_scanner *scanner; /* of a scanner's front ends */
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} listener;
	bool listens;
	km_peer *first;
	size_t n;
	km_stream_ops stream_ops;
	km_buf out; /* replies of one turn; shared, since each is sent at once */
};

/* Serves @fd. *out is set even on failure when there is something to be stopped and freed. */
KM_NODISCARD km_status km_peers_start(const km_peers_host *host, const km_peers_ops *ops, int fd,
				      km_peers **out, km_err *err);
/* The same for a front end of @s. */
KM_NODISCARD km_status km_peers_scan(km_scanner *s, const km_peers_ops *ops, int fd, km_peers **out,
				     km_err *err);
/* The same without a socket: all connections come by km_peers_adopt(). */
KM_NODISCARD km_status km_peers_begin(const km_peers_host *host, const km_peers_ops *ops,
				      km_peers **out, km_err *err);
/* One more connection, whose first bytes may take any time; takes @fd over. */
void km_peers_adopt(km_peers *all, int fd);
/* Takes no new connections; @quit: closes those that are not busy. */
void km_peers_drain(km_peers *all, bool quit);
/* @all may be NULL for both. */
void km_peers_stop(km_peers *all);
void km_peers_finish(km_peers *all);

/* Sends what is in all->out; closes when it did not fit. */
void km_peer_flush(km_peer *p);
/* Closes a connection that broke a rule, and counts it. */
void km_peer_drop(km_peer *p);

#endif
