#include "cli/av_ask.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "base/clock.h"

typedef struct {
	const km_av_target *target;
	int fd;
	uint64_t end_ns;
	km_sv out[3]; /* not sent yet */
	size_t n;
	char in[KM_AV_ANSWER_BYTES];
} talk;

/* Waits until it can go on; false when the time is over. */
static bool wait_for(const talk *t, short events, short *got)
{
	uint64_t now = km_clock_mono_ns();
	struct pollfd p = { .fd = t->fd, .events = events };
	int rc = 0;

	if (now < t->end_ns)
		rc = poll(&p, 1, (int)((t->end_ns - now) / 1000000 + 1));
	*got = p.revents;
	return rc > 0 || (rc < 0 && errno == EINTR);
}

static km_status no_answer(const talk *t, const char *why, km_err *err)
{
	return KM_FAIL(err, KM_TEMPFAIL, "%s: %s", t->target->name, why);
}

static km_status connect_to(talk *t, km_err *err)
{
	const struct sockaddr *sa = (const struct sockaddr *)&t->target->address;
	int why = 0;
	socklen_t n = sizeof(why);
	short got;

	if (connect(t->fd, sa, t->target->length) == 0)
		return KM_OK;
	if (errno != EINPROGRESS)
		return no_answer(t, strerror(errno), err);
	if (!wait_for(t, POLLOUT, &got))
		return no_answer(t, "no answer in time", err);
	(void)getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &why, &n);
	return why == 0 ? KM_OK : no_answer(t, strerror(why), err);
}

/* A scanner may say no before it has read all, and then read no more: that is no failure. */
static void send_some(talk *t)
{
	for (size_t i = 0; i < KM_COUNT(t->out); i++) {
		if (t->out[i].n == 0)
			continue;
		ssize_t w = send(t->fd, t->out[i].p, t->out[i].n, MSG_NOSIGNAL);
		if (w < 0 && errno != EAGAIN && errno != EINTR)
			memset(t->out, 0, sizeof(t->out));
		if (w <= 0)
			return;
		t->out[i] = km_sv_from(t->out[i], (size_t)w);
	}
}

static bool all_sent(const talk *t)
{
	return t->out[0].n + t->out[1].n + t->out[2].n == 0;
}

static km_status read_some(talk *t, km_av_answer *out, km_err *err)
{
	ssize_t r = recv(t->fd, t->in + t->n, sizeof(t->in) - t->n, 0);

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return KM_NOTFOUND;
	if (r < 0)
		return no_answer(t, strerror(errno), err);
	t->n += (size_t)r;
	km_err why = { 0 };
	km_status st = t->target->protocol->read((km_sv){ t->in, t->n }, r == 0, out, &why);
	if (st == KM_NOTFOUND && t->n == sizeof(t->in))
		return no_answer(t, "an answer without end", err);
	return st == KM_OK || st == KM_NOTFOUND ? st : no_answer(t, why.msg, err);
}

static km_status converse(talk *t, km_av_answer *out, km_err *err)
{
	km_status st = connect_to(t, err);
	short got = 0;

	if (st != KM_OK)
		return st;
	for (st = KM_NOTFOUND; st == KM_NOTFOUND;) {
		if (!wait_for(t, all_sent(t) ? POLLIN : POLLIN | POLLOUT, &got))
			return no_answer(t, "no answer in time", err);
		if (got & POLLOUT)
			send_some(t);
		if (got & (POLLIN | POLLHUP | POLLERR))
			st = read_some(t, out, err);
	}
	return st;
}

km_status km_av_ask(const km_av_target *target, km_sv message, unsigned ms, km_av_answer *out,
		    km_err *err)
{
	talk t = { .target = target, .end_ns = km_clock_mono_ns() + (uint64_t)ms * 1000000u };
	km_buf before;

	t.fd = socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t.fd < 0)
		return no_answer(&t, strerror(errno), err);
	km_buf_init(&before, NULL, 2048);
	target->protocol->before(target, message.n, &before);
	t.out[0] = km_buf_sv(&before);
	t.out[1] = message;
	t.out[2] = target->protocol->after;
	km_status st = converse(&t, out, err);
	km_buf_finish(&before);
	(void)close(t.fd);
	return st;
}
