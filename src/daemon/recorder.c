#include "daemon/recorder.h"

#include <stdlib.h>

#include "base/log.h"
#include "daemon/role.h"
#include "daemon/wire.h"
#include "net/frame.h"
#include "net/stream.h"

/* Half of what a stream may queue: all that waits can always be sent (again) to a new keeper. */
enum { CHECK_MS = 250 };

/* One record on its way; a singly linked queue in order of seq. */
typedef struct entry entry;
struct entry {
	entry *next;
	uint64_t seq;
	uint64_t deadline; /* loop time; 0 once nobody waits */
	km_recorded *done;
	void *ctx;
	size_t n;
	char frame[];
};

struct km_recorder {
	uv_loop_t *loop;
	km_shared *shared;
	uv_timer_t timer;
	km_stream *keeper; /* NULL between two keepers */
	uint64_t well;	   /* loop time when records could last be written */
	bool begun;	   /* the loop runs */
	km_buf in, scratch;
	entry *head, *tail;
	size_t pending, bytes;
	uint64_t seq;
};

/* However long the keeper stalls, what waits for it never breaks the line. */
_Static_assert(KM_WIRE_MAX_WAITING + KM_FRAME_MAX + 64 <= KM_STREAM_MAX_QUEUE,
	       "a stalled keeper would cost its line");

static void call(entry *e, km_status st)
{
	km_recorded *done = e->done;

	e->done = NULL;
	e->deadline = 0;
	if (done)
		done(e->ctx, st);
}

static void acknowledged(km_recorder *r, uint64_t seq)
{
	while (r->head && r->head->seq <= seq) {
		entry *e = r->head;
		r->head = e->next;
		if (r->head == NULL)
			r->tail = NULL;
		r->pending--;
		r->bytes -= e->n;
		call(e, KM_OK);
		free(e);
	}
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	km_recorder *r = ctx;
	km_frame f;
	uint64_t seq;

	km_buf_add(&r->in, bytes);
	km_sv rest = km_buf_sv(&r->in);
	km_status st;
	while ((st = km_frame_next(&rest, &f)) == KM_OK)
		if (f.type == KM_WIRE_ACK && km_wire_get_ack(f.body, &seq))
			acknowledged(r, seq);
	if (st != KM_NOTFOUND || r->in.cut) {
		km_error("the keeper does not speak our protocol");
		km_stream_close(s);
		return;
	}
	km_buf_keep(&r->in, rest);
}

static void on_close(void *ctx, km_stream *s)
{
	km_recorder *r = ctx;

	if (r->keeper == s)
		r->keeper = NULL;
}

static const km_stream_ops keeper_ops = { .on_data = on_data, .on_close = on_close };

static void on_timer(uv_timer_t *t)
{
	km_recorder *r = t->data;
	uint64_t now = uv_now(r->loop);

	/* The time that the scanner took to start, before its loop ran, says nothing. */
	if (!r->begun || (r->keeper && km_shared_keeper(r->shared) == KM_KEEPER_READY))
		r->well = now;
	r->begun = true;
	/* A keeper that died brings a new line when it is back; one that hung up does not. */
	if (r->keeper == NULL && km_shared_keeper(r->shared) != KM_KEEPER_GONE)
		(void)km_channel_send(KM_FD_CHANNEL, KM_WORD_LINK, -1);
	for (entry *e = r->head; e; e = e->next)
		if (e->deadline && e->deadline <= now)
			call(e, KM_TEMPFAIL);
}

km_recorder *km_recorder_new(uv_loop_t *loop, km_shared *shared)
{
	km_recorder *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->loop = loop;
	r->well = uv_now(loop);
	r->shared = shared;
	km_buf_init(&r->in, NULL, KM_FRAME_MAX + 6);
	km_buf_init(&r->scratch, NULL, KM_FRAME_MAX + 6);
	(void)uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	(void)uv_timer_start(&r->timer, on_timer, CHECK_MS, CHECK_MS);
	uv_unref((uv_handle_t *)&r->timer);
	return r;
}

void km_recorder_stop(km_recorder *r)
{
	if (r && r->keeper)
		km_stream_close(r->keeper);
}

void km_recorder_free(km_recorder *r)
{
	if (r == NULL)
		return;
	for (entry *e = r->head, *next; e; e = next) {
		next = e->next;
		free(e);
	}
	km_buf_finish(&r->in);
	km_buf_finish(&r->scratch);
	free(r);
}

void km_recorder_link(km_recorder *r, int fd)
{
	if (r->keeper)
		km_stream_close(r->keeper);
	r->in.n = 0;
	r->in.cut = false;
	r->keeper = km_stream_adopt(r->loop, fd, &keeper_ops, r);
	for (entry *e = r->head; e && r->keeper; e = e->next)
		km_stream_write(r->keeper, (km_sv){ e->frame, e->n });
}

bool km_recorder_healthy(const km_recorder *r)
{
	if (r->bytes >= KM_WIRE_MAX_WAITING / 2 || km_shared_keeper(r->shared) == KM_KEEPER_FAILING)
		return false;
	/* Between two keepers records wait: that is no reason to turn mail away, unless none comes
	 * up. */
	return uv_now(r->loop) - r->well < KM_RECORD_DEADLINE_MS;
}

static void append(km_recorder *r, entry *e)
{
	if (r->tail)
		r->tail->next = e;
	else
		r->head = e;
	r->tail = e;
	r->pending++;
	r->bytes += e->n;
}

km_status km_recorder_put(km_recorder *r, const km_record *record, km_recorded *done, void *ctx)
{
	r->scratch.n = 0;
	r->scratch.cut = false;
	km_wire_put_record(&r->scratch, r->seq + 1, record, done != NULL);
	if (r->bytes + r->scratch.n > KM_WIRE_MAX_WAITING)
		return KM_TEMPFAIL;
	entry *e = r->scratch.n ? malloc(sizeof(*e) + r->scratch.n) : NULL;
	if (e == NULL)
		return KM_TEMPFAIL;
	*e = (entry){ .seq = ++r->seq, .done = done, .ctx = ctx, .n = r->scratch.n };
	if (done)
		e->deadline = uv_now(r->loop) + KM_RECORD_DEADLINE_MS;
	memcpy(e->frame, r->scratch.p, r->scratch.n);
	append(r, e);
	if (r->keeper)
		km_stream_write(r->keeper, (km_sv){ e->frame, e->n });
	return KM_OK;
}

void km_recorder_forget(km_recorder *r, const void *ctx)
{
	for (entry *e = r->head; e; e = e->next)
		if (e->ctx == ctx) {
			e->done = NULL;
			e->deadline = 0;
		}
}

size_t km_recorder_pending(const km_recorder *r)
{
	return r->pending;
}
