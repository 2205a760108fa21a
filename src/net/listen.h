/*
 * net/listen.h - listening sockets from "HOST:PORT", "[::1]:PORT", "unix:/path" or "off", bound
 * here or handed over by systemd (LISTEN_FDS, sd_listen_fds(3)).
 */
#ifndef KM_NET_LISTEN_H
#define KM_NET_LISTEN_H

#include "base/err.h"

/*
 * Binds and listens; *fd is -1 for "off". Port 0 takes a free port: km_listen_name() tells which.
 * KM_CONFIG for text that is no address, KM_IO with the reason (in use, no permission, …).
 * A stale unix socket (nobody listens) is replaced; a new one is open to owner and group (0660).
 */
KM_NODISCARD km_status km_listen_open(const char *address, int *fd, km_err *err);

/* "127.0.0.1:8471", "[::1]:8471", "unix:/run/x" of a bound socket; @out of at least 128 bytes. */
char *km_listen_name(int fd, char *out);

/* The file of a bound unix socket into @out (of KM_LISTEN_PATH bytes); false for all other sockets.
 */
enum { KM_LISTEN_PATH = 128 };
bool km_listen_path(int fd, char *out);

/*
 * The socket that systemd passed for @name (FileDescriptorName=), or -1. Sockets stay marked
 * close-on-exec and are made non-blocking.
 */
int km_listen_from_systemd(const char *name);

#endif
