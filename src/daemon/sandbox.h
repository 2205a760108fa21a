/*
 * daemon/sandbox.h - what a role gives up for good once it is initialised.
 * seccomp: an allow-list of system calls; all others end the process (the supervisor logs it).
 * Landlock: no file may be opened but below the folders named, no TCP port be connected to but
 * those named.
 * Where the kernel lacks one of them, a warning says so and the other still holds.
 */
#ifndef KM_DAEMON_SANDBOX_H
#define KM_DAEMON_SANDBOX_H

#include "base/err.h"

typedef enum {
	KM_SANDBOX_SCANNER, /* sockets it was given, its spool; no exec, no connect, no other file
			     */
	KM_SANDBOX_ASKER,   /* a scanner that asks the DNS: IP sockets of its own besides */
	KM_SANDBOX_KEEPER,  /* files below the state folder; no network, no exec */
	KM_SANDBOX_SIGNER,  /* nothing but the descriptors that it has */
	KM_SANDBOX_GUARD,   /* files below the state folder, sockets it was given; no exec, no
			     * connect */
	KM_SANDBOX_COURIER, /* files below the state folder, others only to be read; connects; no
			     * exec */
	KM_SANDBOX_RUNNER   /* runs programs, which inherit it: no new rights, and none of what only
			     * those need who manage the machine or look into other processes */
} km_sandbox_kind;

typedef struct {
	km_sandbox_kind kind;
	/* The one folder in which files may be opened (spool or state); NULL: none. */
	const char *dir;
	const uint16_t *ports; /* TCP ports that may be connected to */
	size_t n_ports;
	bool unix_streams; /* may connect to unix sockets */
} km_sandbox;

KM_NODISCARD km_status km_sandbox_enter(const km_sandbox *box, km_err *err);

/*
 * As root: becomes @user (and its groups) for good, after giving it the files and folders in @paths
 * (those that exist; not what they contain). Without the user, "nobody" serves and a warning says
 * so. As another user: nothing to drop.
 */
KM_NODISCARD km_status km_privileges_drop(const char *user, const char *const *paths, size_t n,
					  km_err *err);

#endif
