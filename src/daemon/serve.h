/*
 * daemon/serve.h - the supervisor: binds the sockets, drops privileges, starts the roles and keeps
 * them running until it is told to end.
 *   SIGHUP   reads configuration and policy anew; a bad file is refused and the old one stays
 *   SIGTERM  (SIGINT) takes no new connections, finishes what is under way, ends
 */
#ifndef KM_DAEMON_SERVE_H
#define KM_DAEMON_SERVE_H

#include "base/err.h"

/* What may be listened on. */
typedef enum {
	KM_LISTEN_MILTER,
	KM_LISTEN_HTTP,
	KM_LISTEN_SPAMD,
	KM_LISTEN_POLICY,
	KM_LISTEN_GUARD, /* "guard.sock" in the state folder: front/guardline/guardline.h */
	KM_LISTENERS
} km_listener;
extern const char *const km_listener_names[KM_LISTENERS]; /* "milter", … */

typedef struct {
	const char *config;    /* path, or NULL for the built-in defaults */
	const char *state_dir; /* overrides state.dir, or NULL */
	/* Called once when all roles are ready; @address of each listener, "off" when off. May be
	 * NULL. */
	void (*ready)(void *ctx, const char *const address[KM_LISTENERS]);
	void *ctx;
} km_serve_options;

/* Runs in the foreground. Returns KM_OK after an orderly end. */
KM_NODISCARD km_status km_serve(const km_serve_options *options, km_err *err);

#endif
