#include "net/ubloop.h"

#include <stdlib.h>
#include <sys/time.h>

#include "base/err.h"

typedef struct {
	struct ub_event_base ub; /* first: libunbound knows no more */
	uv_loop_t *loop;
} base;

typedef struct event event;

/* A descriptor that is watched. Made anew each time, since libunbound closes descriptors as soon as
 * it watches them no longer, and libuv lets go of a handle only in its next turn. */
typedef struct {
	uv_poll_t poll;
	event *event; /* NULL once it is watched no longer */
} watch;

struct event {
	struct ub_event ub; /* first */
	uv_loop_t *loop;
	int fd; /* or -1 */
	short bits;
	void (*run)(int fd, short bits, void *arg);
	void *arg;
	watch *watch;	/* NULL while no descriptor is watched */
	uint64_t after; /* ms of the timeout, 0 for none */
	uv_timer_t timer;
};

static void free_watch(uv_handle_t *h)
{
	free(h->data);
}

static void unwatch(event *e)
{
	watch *w = e->watch;

	e->watch = NULL;
	if (w == NULL)
		return;
	w->event = NULL;
	uv_close((uv_handle_t *)&w->poll, free_watch);
}

static void deactivate(event *e)
{
	unwatch(e);
	(void)uv_timer_stop(&e->timer);
}

static void on_timer(uv_timer_t *t);

/* An event that is not to persist ends with the first thing that happens to it. */
static void happened(event *e, short what)
{
	if ((e->bits & UB_EV_PERSIST) == 0)
		deactivate(e);
	else if (e->after)
		(void)uv_timer_start(&e->timer, on_timer, e->after, 0);
	e->run(e->fd, what, e->arg);
}

static void on_timer(uv_timer_t *t)
{
	happened(t->data, UB_EV_TIMEOUT);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	const watch *w = p->data;
	event *e = w->event;
	short what = 0;

	if (e == NULL)
		return;
	/* Of an error libunbound learns when it reads or writes. */
	if (status < 0)
		what = e->bits & (UB_EV_READ | UB_EV_WRITE);
	if (events & UV_READABLE)
		what |= UB_EV_READ;
	if (events & UV_WRITABLE)
		what |= UB_EV_WRITE;
	happened(e, what);
}

static int watch_fd(event *e)
{
	int events = (e->bits & UB_EV_READ ? UV_READABLE : 0) |
		     (e->bits & UB_EV_WRITE ? UV_WRITABLE : 0);
	watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return -1;
	if (uv_poll_init(e->loop, &w->poll, e->fd) != 0) {
		free(w);
		return -1;
	}
	w->poll.data = w;
	w->event = e;
	e->watch = w;
	return uv_poll_start(&w->poll, events, on_poll) == 0 ? 0 : -1;
}

static uint64_t milliseconds(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000u + (uint64_t)(tv->tv_usec + 999) / 1000u;
}

/* --- what libunbound calls --- */

static event *event_of(struct ub_event *ev)
{
	return (event *)(void *)ev;
}

static void add_bits(struct ub_event *ev, short bits)
{
	event_of(ev)->bits |= bits;
}

static void del_bits(struct ub_event *ev, short bits)
{
	event_of(ev)->bits &= (short)~bits;
}

static void set_fd(struct ub_event *ev, int fd)
{
	event_of(ev)->fd = fd;
}

static void free_event(uv_handle_t *h)
{
	free(h->data);
}

static void destroy(struct ub_event *ev)
{
	event *e = event_of(ev);

	deactivate(e);
	uv_close((uv_handle_t *)&e->timer, free_event);
}

static int add(struct ub_event *ev, struct timeval *tv)
{
	event *e = event_of(ev);

	deactivate(e);
	e->after = tv ? milliseconds(tv) : 0;
	if (tv)
		(void)uv_timer_start(&e->timer, on_timer, e->after, 0);
	if (e->fd < 0 || (e->bits & (UB_EV_READ | UB_EV_WRITE)) == 0)
		return 0;
	int rc = watch_fd(e);
	if (rc != 0)
		deactivate(e);
	return rc;
}

static int del(struct ub_event *ev)
{
	deactivate(event_of(ev));
	return 0;
}

static int add_timer(struct ub_event *ev, struct ub_event_base *b,
		     void (*run)(int fd, short bits, void *arg), void *arg, struct timeval *tv)
{
	event *e = event_of(ev);

	(void)b;
	e->run = run;
	e->arg = arg;
	return add(ev, tv);
}

static int no_signal(struct ub_event *ev, struct timeval *tv)
{
	(void)ev;
	(void)tv;
	return -1;
}

static int no_signal_either(struct ub_event *ev)
{
	(void)ev;
	return -1;
}

static void nothing(struct ub_event *ev)
{
	(void)ev;
}

static void nothing_either(struct ub_event *ev, int bit)
{
	(void)ev;
	(void)bit;
}

static struct ub_event_vmt event_calls = {
	.add_bits = add_bits,
	.del_bits = del_bits,
	.set_fd = set_fd,
	.free = destroy,
	.add = add,
	.del = del,
	.add_timer = add_timer,
	.del_timer = del,
	.add_signal = no_signal,
	.del_signal = no_signal_either,
	.winsock_unregister_wsaevent = nothing,
	.winsock_tcp_wouldblock = nothing_either,
};

static struct ub_event *new_event(struct ub_event_base *b, int fd, short bits,
				  void (*run)(int fd, short bits, void *arg), void *arg)
{
	event *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->ub.magic = UB_EVENT_MAGIC;
	e->ub.vmt = &event_calls;
	e->loop = ((base *)(void *)b)->loop;
	e->fd = fd;
	e->bits = bits;
	e->run = run;
	e->arg = arg;
	(void)uv_timer_init(e->loop, &e->timer);
	e->timer.data = e;
	return &e->ub;
}

static struct ub_event *new_signal(struct ub_event_base *b, int number,
				   void (*run)(int fd, short bits, void *arg), void *arg)
{
	(void)b;
	(void)number;
	(void)run;
	(void)arg;
	return NULL;
}

static struct ub_event *new_wsaevent(struct ub_event_base *b, void *wsaevent,
				     void (*run)(int fd, short bits, void *arg), void *arg)
{
	(void)wsaevent;
	return new_signal(b, 0, run, arg);
}

/* The loop is its owner's: libunbound neither runs nor ends it. */
static int no_dispatch(struct ub_event_base *b)
{
	(void)b;
	return -1;
}

static int no_exit(struct ub_event_base *b, struct timeval *tv)
{
	(void)b;
	(void)tv;
	return 0;
}

void km_ubloop_free(struct ub_event_base *b)
{
	free(b);
}

static struct ub_event_base_vmt base_calls = {
	.free = km_ubloop_free,
	.dispatch = no_dispatch,
	.loopexit = no_exit,
	.new_event = new_event,
	.new_signal = new_signal,
	.winsock_register_wsaevent = new_wsaevent,
};

struct ub_event_base *km_ubloop_new(uv_loop_t *loop)
{
	base *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->ub.magic = UB_EVENT_MAGIC;
	b->ub.vmt = &base_calls;
	b->loop = loop;
	return &b->ub;
}
