/*
 * daemon/scanner.h - inside of the scanner role, shared by its front ends.
 */
#ifndef KM_DAEMON_SCANNER_H
#define KM_DAEMON_SCANNER_H

#include "base/file.h"
#include "daemon/job.h"
#include "net/stream.h"

typedef struct km_scanner km_scanner;

struct sockaddr;

/* One front end: milter, HTTP, spamd. */
typedef struct {
	/* Serves the listening socket @fd. */
	km_status (*start)(km_scanner *s, int fd, km_err *err);
	/* Takes no new connections; @quit: closes those on which nothing is under way. */
	void (*drain)(km_scanner *s, bool quit);
	/* Connections still open. */
	size_t (*open)(const km_scanner *s);
	void (*stop)(km_scanner *s);   /* closes all */
	void (*finish)(km_scanner *s); /* after that: frees */
} km_front;

extern const km_front km_front_milter, km_front_http, km_front_spamd;

struct km_scanner {
	km_shop shop;
	km_role *role;
	bool draining, quitting;
	uint64_t packet_ms, idle_ms;
	size_t max_connections;
	km_trust learners;     /* learn.networks */
	char password[256];    /* learn.password_file, or empty */
	void *learned;	       /* memory of what is learned; for reading only */
	bool on[KM_LISTENERS]; /* that front end is served (it may have failed to start) */
	/* The front ends' own state, or NULL. */
	struct km_peers *milter, *spamd;
	void *http;
	uv_timer_t drained;
	struct ub_event_base *dns_loop;
	km_dns_snapshot *snapshot;
	struct km_replay *replay;
};

/* To be called by a front end whenever a connection is gone: a draining scanner may now end. */
void km_scanner_connection_gone(km_scanner *s);
/* More connections are open, over all front ends, than one scanner may keep (limits.connections).
 */
bool km_scanner_overfull(const km_scanner *s);
/* The client's address is one that may teach the classifier (learn.networks). */
bool km_scanner_may_teach(const km_scanner *s, const struct sockaddr *client);
void km_scanner_count(km_scanner *s, km_counter which, int64_t by);

#endif
