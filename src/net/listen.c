#include "net/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { BACKLOG = 4096, SOCKET_MODE = 0660 };

static km_status bind_socket(const char *address, const struct sockaddr *sa, socklen_t n, int *fd,
			     km_err *err)
{
	int on = 1;

	*fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return KM_FAIL(err, KM_IO, "%s: no socket: %s", address, strerror(errno));
	if (sa->sa_family != AF_UNIX)
		(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(*fd, sa, n) == 0 && listen(*fd, BACKLOG) == 0)
		return KM_OK;
	int saved = errno;
	(void)close(*fd);
	*fd = -1;
	if (saved == EADDRINUSE)
		return KM_FAIL(err, KM_IO,
			       "%s: in use by another program; stop that, or set another address",
			       address);
	return KM_FAIL(err, KM_IO, "%s: can not listen: %s", address, strerror(saved));
}

/* A socket file that nobody answers is left over from a crash. */
static void remove_stale(const struct sockaddr_un *un)
{
	/* Not blocking: who listens there may be too busy to answer. */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)un, sizeof(*un)) != 0 && errno == ECONNREFUSED)
		(void)unlink(un->sun_path);
	(void)close(fd);
}

static km_status open_unix(const char *address, const char *path, int *fd, km_err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (path[0] != '/' || strlen(path) >= sizeof(un.sun_path))
		return KM_FAIL(err, KM_CONFIG, "%s: a socket path is absolute and under %zu bytes",
			       address, sizeof(un.sun_path));
	memcpy(un.sun_path, path, strlen(path));
	remove_stale(&un);
	km_status st = bind_socket(address, (struct sockaddr *)&un, sizeof(un), fd, err);
	/* Connecting takes the right to write: owner and group have it, whatever the umask. */
	if (st == KM_OK && chmod(path, SOCKET_MODE) != 0) {
		st = KM_FAIL(err, KM_IO, "%s: mode can not be set: %s", address, strerror(errno));
		(void)close(*fd);
		*fd = -1;
	}
	return st;
}

/* "host:port" or "[v6]:port" into two NUL-terminated pieces. */
static bool split_address(const char *address, char *host, size_t max, const char **port)
{
	km_sv v = km_sv_of(address);
	size_t colon = km_sv_rchr(v, ':');
	km_sv h = km_sv_sub(v, 0, colon);

	if (colon == v.n || colon + 1 == v.n)
		return false;
	if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = km_sv_sub(h, 1, h.n - 2);
	if (h.n == 0 || h.n >= max)
		return false;
	memcpy(host, h.p, h.n);
	host[h.n] = '\0';
	*port = address + colon + 1;
	return true;
}

km_status km_listen_open(const char *address, int *fd, km_err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char host[256];
	const char *port;

	*fd = -1;
	if (strcmp(address, "off") == 0)
		return KM_OK;
	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(address, address + 5, fd, err);
	if (!split_address(address, host, sizeof(host), &port))
		return KM_FAIL(err, KM_CONFIG,
			       "\"%s\" is no address; expected HOST:PORT, unix:/PATH or off",
			       address);
	int rc = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found);
	if (rc != 0)
		return KM_FAIL(err, KM_CONFIG, "%s: %s", address, gai_strerror(rc));
	km_status st = bind_socket(address, found->ai_addr, found->ai_addrlen, fd, err);
	freeaddrinfo(found);
	return st;
}

char *km_listen_name(int fd, char *out)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	char host[INET6_ADDRSTRLEN] = "?";

	out[0] = '\0';
	memset(&ss, 0, sizeof(ss));
	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		return out;
	if (ss.ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)&ss;
		(void)snprintf(out, 128, "unix:%.108s", un->sun_path);
	} else if (ss.ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&ss;
		(void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		(void)snprintf(out, 128, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else if (ss.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)&ss;
		(void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		(void)snprintf(out, 128, "%s:%u", host, ntohs(in->sin_port));
	}
	return out;
}

bool km_listen_path(int fd, char *out)
{
	struct sockaddr_un un;
	socklen_t n = sizeof(un);

	memset(&un, 0, sizeof(un));
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&un, &n) != 0 ||
	    un.sun_family != AF_UNIX || un.sun_path[0] != '/')
		return false;
	(void)snprintf(out, KM_LISTEN_PATH, "%.*s", (int)sizeof(un.sun_path), un.sun_path);
	return true;
}

int km_listen_from_systemd(const char *name)
{
	char **names = NULL;
	int n = sd_listen_fds_with_names(0, &names), fd = -1;

	for (int i = 0; i < n; i++) {
		if (fd < 0 && names && strcmp(names[i], name) == 0)
			fd = SD_LISTEN_FDS_START + i;
		if (names)
			free(names[i]);
	}
	free(names);
	/* Several scanners wait on it: whoever comes too late must not be left waiting in accept().
	 */
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}
