#include "daemon/guard_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

enum { WAIT_S = 10, ANSWER_MAX = 16 << 20, TRIES = 50, PAUSE_US = 100 * 1000 };

static km_status connect_to(const char *state_dir, int *fd, km_err *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const struct timeval wait = { .tv_sec = WAIT_S };
	int n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/guard.sock", state_dir);

	if (n < 0 || (size_t)n >= sizeof(to.sun_path))
		return KM_FAIL(err, KM_CONFIG, "%s: the name is too long for a socket in it",
			       state_dir);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return KM_FAIL(err, KM_IO, "no socket: %s", strerror(errno));
	(void)setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	(void)setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(*fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return KM_OK;
	int why = errno;
	(void)close(*fd);
	if (why == EACCES)
		return KM_FAIL(err, KM_IO, "%s: %s", to.sun_path, strerror(why));
	return KM_FAIL(err, KM_TEMPFAIL, "%s: %s; does the daemon run (komainu serve)?",
		       to.sun_path, strerror(why));
}

static km_status send_text(int fd, km_sv rest, km_err *err)
{
	km_status st = KM_OK;

	while (st == KM_OK && rest.n) {
		ssize_t n = send(fd, rest.p, rest.n, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			st = KM_FAIL(err, KM_TEMPFAIL, "the daemon's guard does not take it: %s",
				     strerror(errno));
		rest = km_sv_from(rest, n > 0 ? (size_t)n : 0);
	}
	return st;
}

static km_status send_line(int fd, const json_t *ask, km_err *err)
{
	char *text = json_dumps(ask, JSON_COMPACT);
	km_sv line = km_sv_of(text);

	if (text == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	text[line.n++] = '\n'; /* in place of the NUL */
	km_status st = send_text(fd, line, err);
	free(text);
	return st;
}

static km_status read_line(int fd, km_buf *b, km_err *err)
{
	while (b->n == 0 || b->p[b->n - 1] != '\n') {
		char piece[65536];
		ssize_t n = recv(fd, piece, sizeof(piece), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || b->cut)
			return KM_FAIL(err, KM_TEMPFAIL, "the daemon's guard does not answer: %s",
				       n < 0 ? strerror(errno) : "it ended");
		km_buf_add(b, (km_sv){ piece, (size_t)n });
	}
	return KM_OK;
}

static km_status read_answer(km_sv line, json_t **answer, km_err *err)
{
	json_t *o = json_loadb(line.p, line.n, 0, NULL);
	const char *error = json_string_value(json_object_get(o, "error"));
	km_status st = KM_OK;

	if (!json_is_object(o))
		st = KM_FAIL(err, KM_TEMPFAIL, "the daemon's guard answers something else");
	else if (error)
		st = KM_FAIL(err, KM_SYNTAX, "%s", error);
	if (st == KM_OK)
		*answer = o;
	else
		json_decref(o);
	return st;
}

km_status km_guard_ask(const char *state_dir, json_t *ask, json_t **answer, km_err *err)
{
	int fd = -1;
	km_buf b;
	km_status st = ask ? connect_to(state_dir, &fd, err) : KM_FAIL(err, KM_NOMEM, "no memory");

	if (st == KM_OK) {
		km_buf_init(&b, NULL, ANSWER_MAX);
		st = send_line(fd, ask, err);
		if (st == KM_OK)
			st = read_line(fd, &b, err);
		if (st == KM_OK)
			st = read_answer(km_buf_sv(&b), answer, err);
		km_buf_finish(&b);
		(void)close(fd);
	}
	json_decref(ask);
	return st;
}

km_status km_guard_line_open(km_guard_line *l, const char *state_dir, km_err *err)
{
	*l = (km_guard_line){ .state_dir = state_dir, .fd = -1 };
	km_buf_init(&l->in, NULL, ANSWER_MAX);
	return connect_to(state_dir, &l->fd, err);
}

void km_guard_line_close(km_guard_line *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	km_buf_finish(&l->in);
}

static km_status ask_once(km_guard_line *l, km_sv line, km_err *err)
{
	km_status st = l->fd >= 0 ? KM_OK : connect_to(l->state_dir, &l->fd, err);

	l->in.n = 0;
	if (st == KM_OK)
		st = send_text(l->fd, line, err);
	if (st == KM_OK)
		st = read_line(l->fd, &l->in, err);
	if (st != KM_OK && l->fd >= 0) {
		(void)close(l->fd);
		l->fd = -1;
	}
	return st;
}

km_status km_guard_line_ask(km_guard_line *l, km_sv line, km_sv *answer, km_err *err)
{
	km_status st = KM_TEMPFAIL;

	for (int i = 0; i < TRIES && st == KM_TEMPFAIL; i++) {
		km_err why = { 0 };
		if (i)
			(void)usleep(PAUSE_US);
		st = ask_once(l, line, &why);
		if (st != KM_OK && (st != KM_TEMPFAIL || i == TRIES - 1))
			return KM_FAIL(err, st, "%s", why.msg);
	}
	*answer = km_sv_sub(km_buf_sv(&l->in), 0, l->in.n - 1);
	return st;
}
