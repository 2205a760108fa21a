/*
 * The keeper: the only writer of records. A record that an MTA waits for is written at once, with
 * all that has come in by then; others wait a little for more, so that they share a transaction and
 * its fsync.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/role.h"
#include "daemon/sandbox.h"
#include "daemon/teacher.h"
#include "daemon/wire.h"
#include "net/frame.h"
#include "net/stream.h"
#include "store/records.h"

enum {
	MAX_BATCH = 512,	 /* records of one transaction */
	MANY_BYTES = 256 * 1024, /* of one scanner that are written without waiting for more */
	GATHER_MS = 50,		 /* how long a record may wait for more when nobody waits for it */
	NAP_US = 2000, /* pause of a keeper that was sent nothing urgent, so that more comes at once
			*/
	RETRY_MS = 1000,
	EXPIRE_MS = 10 * 60 * 1000,
	EXPIRE_STEP = 2000, /* records deleted in one go, so that writing is not held up */
	IN_MAX = 4 * KM_FRAME_MAX
};

_Static_assert(KM_WIRE_MAX_WAITING + KM_FRAME_MAX + 64 <= IN_MAX,
	       "a scanner may send more than is taken");

typedef struct link link_;
struct link {
	link_ *next;
	struct keeper *k;
	km_stream *stream;
	km_buf in;	  /* frames not yet written; the records' views point in here */
	uint64_t written; /* last seq of this batch, to be acknowledged */
	size_t taken;	  /* bytes of `in` that the batch uses */
	size_t seen;	  /* bytes of `in` that were looked at for waited records */
};

typedef struct keeper {
	km_role *role;
	km_records *records;
	km_teacher *teacher; /* learning */
	link_ *links;
	uv_check_t check;
	uv_idle_t idle;	 /* keeps the loop turning while there is something to write */
	uv_timer_t soon; /* when records that nobody waits for are written */
	uv_timer_t retry, expire;
	km_record batch[MAX_BATCH];
	size_t n;
	bool failing, quitting;
} keeper;

/* Adds the whole frames of @l to the batch. */
static void gather(keeper *k, link_ *l)
{
	km_sv rest = km_buf_sv(&l->in);
	km_frame f;
	uint64_t seq;
	km_status st = KM_OK;

	l->taken = 0;
	while (k->n < MAX_BATCH && (st = km_frame_next(&rest, &f)) == KM_OK) {
		if ((f.type != KM_WIRE_RECORD && f.type != KM_WIRE_WAITED) ||
		    !km_wire_get_record(f.body, &seq, &k->batch[k->n])) {
			st = KM_SYNTAX;
			break;
		}
		k->n++;
		l->written = seq;
		l->taken = l->in.n - rest.n;
	}
	if (st == KM_SYNTAX || st == KM_LIMIT || l->in.cut) {
		km_error("a scanner does not speak our protocol; its line is closed");
		km_stream_close(l->stream);
	}
}

static void acknowledge(link_ *l)
{
	km_buf out;

	km_buf_init(&out, NULL, 64);
	km_wire_put_ack(&out, l->written);
	km_stream_write(l->stream, km_buf_sv(&out));
	km_buf_finish(&out);
	km_buf_keep(&l->in, km_sv_from(km_buf_sv(&l->in), l->taken));
	l->seen = l->seen > l->taken ? l->seen - l->taken : 0;
	if (l->in.n == 0)
		km_buf_finish(&l->in);
}

static void set_failing(keeper *k, bool failing, const char *why)
{
	if (failing && !k->failing)
		km_error("records can not be written, mail is answered as set in "
			 "policy.default_on_error: %s",
			 why);
	if (!failing && k->failing)
		km_info("records can be written again");
	k->failing = failing;
	km_shared_set_keeper(k->role->shared, failing ? KM_KEEPER_FAILING : KM_KEEPER_READY);
}

/* A damaged database must not stop mail for ever: it is kept aside and a new one begun. */
static km_status renew(keeper *k, const char *why, km_err *err)
{
	char name[64];

	km_records_close(k->records);
	k->records = NULL;
	km_status st = km_records_set_aside(k->role->state_dir, name, sizeof(name), err);
	if (st != KM_OK)
		return st;
	km_error("%s; it is now %s, and a new one is begun", why, name);
	return km_records_open(k->role->state_dir, &k->records, err);
}

static km_status put(keeper *k, const km_record *rows, size_t n, km_err *err)
{
	km_status st = k->records ? KM_OK : km_records_open(k->role->state_dir, &k->records, err);

	if (st == KM_OK)
		st = km_records_put(k->records, rows, n, err);
	if (st != KM_SYNTAX)
		return st;
	km_err again = { 0 };
	st = renew(k, err->msg, &again);
	if (st == KM_OK)
		st = km_records_put(k->records, rows, n, &again);
	*err = again;
	return st;
}

/* One transaction with what all scanners sent. */
static void commit(keeper *k)
{
	km_err err = { 0 };

	k->n = 0;
	for (link_ *l = k->links; l; l = l->next)
		gather(k, l);
	if (k->n == 0) {
		(void)uv_idle_stop(&k->idle);
		/* Without a supervisor no next keeper comes: the scanners finish first. */
		if (k->quitting && !(k->role->orphan && k->links))
			km_role_end(k->role);
		return;
	}
	if (put(k, k->batch, k->n, &err) != KM_OK) {
		set_failing(k, true, err.msg);
		(void)uv_idle_stop(&k->idle);
		return; /* the records stay in their links; the timer tries again */
	}
	set_failing(k, false, "");
	bool full = k->n == MAX_BATCH; /* then there may be more */
	k->n = 0;
	for (link_ *l = k->links; l; l = l->next)
		if (l->taken)
			acknowledge(l);
	if (!full && !k->quitting)
		(void)uv_idle_stop(&k->idle);
}

static void on_idle(uv_idle_t *i)
{
	(void)i;
}

static void on_check(uv_check_t *c)
{
	keeper *k = c->data;

	if (!k->failing && uv_is_active((uv_handle_t *)&k->idle))
		commit(k);
	else if (uv_is_active((uv_handle_t *)&k->soon))
		(void)usleep(NAP_US);
}

static void on_retry(uv_timer_t *t)
{
	keeper *k = t->data;
	km_err err = { 0 };

	if (!k->failing)
		return;
	/* An empty write tells whether the disk takes records again. */
	if (put(k, NULL, 0, &err) == KM_OK) {
		set_failing(k, false, "");
		(void)uv_idle_start(&k->idle, on_idle);
	}
}

static void on_expire(uv_timer_t *t)
{
	keeper *k = t->data;
	int64_t keep_ms = km_conf_int(k->role->conf, KM_KEY_RECORDS_KEEP);
	size_t deleted = 0;
	km_err err = { 0 };
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (!k->failing && keep_ms > 0 &&
	    km_records_expire(k->records, now.tv_sec * 1000 - keep_ms, EXPIRE_STEP, &deleted,
			      &err) != KM_OK)
		km_warn("old records can not be deleted: %s", err.msg);
	/* More is waiting: go on soon, but let writing come first. */
	(void)uv_timer_start(&k->expire, on_expire, deleted == EXPIRE_STEP ? 200 : EXPIRE_MS, 0);
}

static void on_soon(uv_timer_t *t)
{
	keeper *k = t->data;

	if (!k->failing)
		(void)uv_idle_start(&k->idle, on_idle);
}

/* Whether the frames that are new tell to write at once; what is no frame is told at once, too. */
static bool is_urgent(link_ *l)
{
	km_sv rest = km_sv_from(km_buf_sv(&l->in), l->seen);
	bool waited = false;
	km_frame f;
	km_status st;

	while ((st = km_frame_next(&rest, &f)) == KM_OK)
		waited |= f.type != KM_WIRE_RECORD;
	l->seen = l->in.n - rest.n;
	return waited || st != KM_NOTFOUND || l->seen > MANY_BYTES;
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	link_ *l = ctx;
	keeper *k = l->k;

	(void)s;
	km_buf_add(&l->in, bytes);
	if (k->failing)
		return;
	if (is_urgent(l) || k->quitting || l->in.cut)
		(void)uv_idle_start(&k->idle, on_idle);
	else if (!uv_is_active((uv_handle_t *)&k->soon))
		(void)uv_timer_start(&k->soon, on_soon, GATHER_MS, 0);
}

static void on_close(void *ctx, km_stream *s)
{
	link_ *l = ctx;

	(void)s;
	for (link_ **at = &l->k->links; *at; at = &(*at)->next)
		if (*at == l) {
			*at = l->next;
			break;
		}
	if (l->k->quitting && !uv_is_closing((uv_handle_t *)&l->k->idle))
		(void)uv_idle_start(&l->k->idle, on_idle);
	km_buf_finish(&l->in);
	free(l);
}

static const km_stream_ops link_ops = { .on_data = on_data, .on_close = on_close };

static void keeper_link(km_role *r, km_channel_word what, int fd)
{
	keeper *k = r->self;
	link_ *l;

	if (what == KM_WORD_LEARN) {
		km_teacher_link(k->teacher, fd);
		return;
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return;
	l->k = k;
	km_buf_init(&l->in, NULL, IN_MAX);
	l->stream = km_stream_adopt(&r->loop, fd, &link_ops, l);
	if (l->stream == NULL) {
		free(l);
		return;
	}
	l->next = k->links;
	k->links = l;
}

static void keeper_drain(km_role *r, bool quit)
{
	keeper *k = r->self;

	(void)quit;
	k->quitting = true;
	/* What has arrived is written first; what has not is sent again to the next keeper. */
	(void)uv_idle_start(&k->idle, on_idle);
	if (k->failing)
		km_role_end(r);
}

static km_status keeper_start(km_role *r, km_err *err)
{
	keeper *k = calloc(1, sizeof(*k));
	const char *dir = r->state_dir;

	if (k == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	k->role = r;
	r->self = k;
	km_status st = put(k, NULL, 0, err);
	if (st == KM_OK)
		st = km_teacher_new(r, &k->teacher, err);
	if (st == KM_OK)
		st = km_sandbox_enter(&(km_sandbox){ .kind = KM_SANDBOX_KEEPER, .dir = dir }, err);
	if (st != KM_OK)
		return st;
	(void)uv_check_init(&r->loop, &k->check);
	(void)uv_idle_init(&r->loop, &k->idle);
	(void)uv_timer_init(&r->loop, &k->soon);
	(void)uv_timer_init(&r->loop, &k->retry);
	(void)uv_timer_init(&r->loop, &k->expire);
	k->check.data = k->idle.data = k->soon.data = k->retry.data = k->expire.data = k;
	(void)uv_check_start(&k->check, on_check);
	(void)uv_timer_start(&k->retry, on_retry, RETRY_MS, RETRY_MS);
	(void)uv_timer_start(&k->expire, on_expire, 1000, 0);
	km_shared_set_keeper(r->shared, KM_KEEPER_READY);
	return KM_OK;
}

static void keeper_stop(km_role *r)
{
	keeper *k = r->self;

	for (link_ *l = k->links; l; l = l->next)
		km_stream_close(l->stream);
	km_teacher_stop(k->teacher);
}

static void keeper_finish(km_role *r)
{
	keeper *k = r->self;

	if (k == NULL)
		return;
	km_records_close(k->records);
	km_teacher_free(k->teacher);
	free(k);
}

const km_role_ops km_keeper_role = {
	.name = "keeper",
	.start = keeper_start,
	.link = keeper_link,
	.drain = keeper_drain,
	.stop = keeper_stop,
	.finish = keeper_finish,
};
