#include "daemon/virus.h"

#include <stdlib.h>

#include "base/log.h"
#include "net/av.h"

/* One connection: the message to one virus scanner, and its answer. Lives until its handles are
 * closed, which may be after the message is gone. */
typedef struct check {
	struct check *next, *prev; /* of all that are open */
	km_virus *at;
	km_task *task; /* NULL: nobody waits for it any more */
	const km_av_target *target;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	};
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	km_buf before;
	int open; /* handles */
	size_t n;
	char in[KM_AV_ANSWER_BYTES];
} check;

struct km_virus {
	uv_loop_t *loop;
	km_av_target target[KM_VIRUS_TARGETS];
	size_t n;
	uint64_t timeout_ms;
	size_t max_bytes;
	bool or_accept;
	check *checks;
};

/* One message. */
struct km_task_virus {
	size_t waiting;
	check *check[KM_VIRUS_TARGETS];
	bool found, failed, too_large;
	char name[KM_AV_NAME], why[600];
};

/* --- one connection --- */

static void closed(uv_handle_t *h)
{
	check *c = h->data;

	if (--c->open > 0)
		return;
	km_buf_finish(&c->before);
	free(c);
}

static void finish(check *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->at->checks = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->task = NULL;
	uv_close(&c->handle, closed);
	uv_close((uv_handle_t *)&c->timer, closed);
}

/* The answer, or that there is none (@st, @why). */
static void settle(check *c, km_status st, const km_av_answer *a, const char *why)
{
	km_task *t = c->task;
	struct km_task_virus *x;

	if (t == NULL) /* closing already */
		return;
	x = t->virus;
	for (size_t i = 0; i < KM_VIRUS_TARGETS; i++)
		if (x->check[i] == c)
			x->check[i] = NULL;
	if (st != KM_OK) {
		x->failed = true;
		(void)snprintf(x->why, sizeof(x->why), "%s: %s", c->target->name, why);
	} else if (a->result == KM_AV_FOUND && !x->found) {
		x->found = true;
		memcpy(x->name, a->name, sizeof(x->name));
	} else if (a->result == KM_AV_TOO_LARGE) {
		x->too_large = true;
	}
	finish(c);
	if (--x->waiting == 0)
		km_job_resume(t);
}

static void read_so_far(check *c, bool end)
{
	km_err err = { 0 };
	km_av_answer a;
	km_status st = c->target->protocol->read((km_sv){ c->in, c->n }, end, &a, &err);

	if (st == KM_NOTFOUND && c->n == sizeof(c->in))
		settle(c, KM_SYNTAX, NULL, "an answer without end");
	else if (st != KM_NOTFOUND)
		settle(c, st, &a, err.msg);
}

static void give_room(uv_handle_t *h, size_t hint, uv_buf_t *buf)
{
	check *c = h->data;

	(void)hint;
	*buf = uv_buf_init(c->in + c->n, (unsigned)(sizeof(c->in) - c->n));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	check *c = s->data;

	(void)buf;
	if (n > 0)
		c->n += (size_t)n;
	if (n == UV_EOF)
		read_so_far(c, true);
	else if (n < 0)
		settle(c, KM_TEMPFAIL, NULL, uv_strerror((int)n));
	else
		read_so_far(c, false);
}

/* A scanner that says no before it has read all is heard all the same: reading decides. */
static void on_written(uv_write_t *w, int status)
{
	(void)w;
	(void)status;
}

static void on_connected(uv_connect_t *r, int status)
{
	check *c = r->handle->data;

	if (c->task == NULL)
		return;
	if (status != 0) {
		settle(c, KM_TEMPFAIL, NULL, uv_strerror(status));
		return;
	}
	/* The message is not copied: it outlives the check, or the check is closed before it. */
	km_sv message = c->task->job.message, after = c->target->protocol->after;
	uv_buf_t bufs[] = {
		uv_buf_init(c->before.p, (unsigned)c->before.n),
		uv_buf_init((char *)(uintptr_t)message.p, (unsigned)message.n),
		uv_buf_init((char *)(uintptr_t)after.p, (unsigned)after.n),
	};
	int rc = uv_read_start(&c->stream, give_room, on_read);
	if (rc == 0)
		rc = uv_write(&c->write, &c->stream, bufs, KM_COUNT(bufs), on_written);
	if (rc != 0)
		settle(c, KM_TEMPFAIL, NULL, uv_strerror(rc));
}

static void on_late(uv_timer_t *timer)
{
	settle(timer->data, KM_TEMPFAIL, NULL, "no answer in time");
}

static int connect_to(check *c)
{
	const struct sockaddr *sa = (const struct sockaddr *)&c->target->address;

	if (sa->sa_family != AF_UNIX)
		return uv_tcp_connect(&c->connect, &c->tcp, sa, on_connected);
	uv_pipe_connect(&c->connect, &c->pipe, c->target->name + strlen("unix:"), on_connected);
	return 0;
}

/* NULL when there is no memory for it. */
static check *begin_check(km_virus *v, const km_av_target *target, km_task *t)
{
	check *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->at = v;
	c->task = t;
	c->target = target;
	km_buf_init(&c->before, NULL, 2048);
	target->protocol->before(target, t->job.message.n, &c->before);
	if (target->address.ss_family == AF_UNIX)
		(void)uv_pipe_init(v->loop, &c->pipe, 0);
	else
		(void)uv_tcp_init(v->loop, &c->tcp);
	(void)uv_timer_init(v->loop, &c->timer);
	c->open = 2;
	c->handle.data = c->timer.data = c;
	c->next = v->checks;
	if (v->checks)
		v->checks->prev = c;
	v->checks = c;
	(void)uv_timer_start(&c->timer, on_late, v->timeout_ms, 0);
	return c;
}

/* --- one message --- */

static void forget(km_task *t)
{
	for (size_t i = 0; i < KM_VIRUS_TARGETS; i++)
		if (t->virus->check[i])
			finish(t->virus->check[i]);
}

/* The job is not gone on with before all have begun: one may fail at once. */
static void begin(km_virus *v, km_task *t)
{
	struct km_task_virus *x = t->virus;

	x->waiting = v->n;
	for (size_t i = 0; i < v->n; i++) {
		check *c = x->check[i] = begin_check(v, &v->target[i], t);
		int rc = c ? connect_to(c) : UV_ENOMEM;
		if (rc == 0)
			continue;
		x->failed = true;
		x->waiting--;
		x->check[i] = NULL;
		(void)snprintf(x->why, sizeof(x->why), "%s: %s", v->target[i].name,
			       uv_strerror(rc));
		if (c)
			finish(c);
	}
}

km_status km_virus_stage(km_task *t, km_err *err)
{
	km_virus *v = t->shop->virus;
	struct km_task_virus *x = t->virus;

	if (v == NULL || t->job.message.n == 0)
		return KM_OK;
	if (x == NULL) {
		x = t->virus = KM_NEW(t->arena, struct km_task_virus);
		if (x == NULL)
			return KM_FAIL(err, KM_NOMEM, "no memory for a virus check");
		x->too_large = t->job.dropped > 0 || t->job.message.n > v->max_bytes;
		if (!x->too_large)
			begin(v, t);
	}
	if (x->waiting) {
		t->forget = forget;
		return KM_NOTFOUND;
	}
	if (x->found)
		t->job.env.virus = km_sv_of(x->name);
	t->job.env.unexamined = !x->found && (x->failed || x->too_large);
	t->job.env.deferred = !x->found && x->failed && !v->or_accept;
	return KM_OK;
}

km_status km_virus_told_stage(km_task *t, km_err *err)
{
	const struct km_task_virus *x = t->virus;
	const km_virus *v = t->shop->virus;
	const km_role *role = t->shop->role;

	(void)err;
	if (x == NULL)
		return KM_OK;
	if (x->found)
		km_shared_count(role->shared, role->slot, KM_COUNTER_viruses_total, 1);
	/* What one scanner found stands, whatever the other did. */
	if (x->found || !x->failed)
		return KM_OK;
	km_error("%s: not examined for viruses: %s%s", t->judged.id, x->why,
		 v->or_accept ? "; it goes on (virus.on_error)" : "");
	km_shared_count(role->shared, role->slot, KM_COUNTER_virus_failures_total, 1);
	if (t->judged.action == KM_ACTION_TEMPFAIL)
		t->judged.reply =
			KM_S("The message can not be examined for viruses now; please try "
			     "again later");
	return KM_OK;
}

/* --- all --- */

static km_status read_targets(const km_conf *conf, km_virus *v, km_err *err)
{
	const char *clamd = km_conf_str(conf, KM_KEY_VIRUS_CLAMD);
	const char *icap = km_conf_str(conf, KM_KEY_VIRUS_ICAP);
	km_status st = KM_OK;

	if (clamd[0])
		st = km_av_target_clamd(clamd, &v->target[v->n++], err);
	if (st == KM_OK && icap[0])
		st = km_av_target_icap(icap, &v->target[v->n++], err);
	return st;
}

km_status km_virus_check(const km_conf *conf, km_err *err)
{
	km_virus v = { 0 };

	return read_targets(conf, &v, err);
}

km_status km_virus_new(uv_loop_t *loop, const km_conf *conf, km_virus **out, km_err *err)
{
	km_virus *v = calloc(1, sizeof(*v));

	*out = NULL;
	if (v == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	v->loop = loop;
	v->timeout_ms = (uint64_t)km_conf_int(conf, KM_KEY_VIRUS_TIMEOUT);
	v->max_bytes = (size_t)km_conf_int(conf, KM_KEY_VIRUS_MAX_SIZE);
	v->or_accept = strcmp(km_conf_str(conf, KM_KEY_VIRUS_ON_ERROR), "accept") == 0;
	km_status st = read_targets(conf, v, err);
	if (st == KM_OK && v->n)
		*out = v;
	else
		free(v);
	return st;
}

void km_virus_stop(km_virus *v)
{
	while (v && v->checks)
		finish(v->checks);
}

void km_virus_free(km_virus *v)
{
	free(v);
}

size_t km_virus_ports(const km_virus *v, uint16_t *out, bool *local)
{
	size_t n = 0;

	*local = false;
	for (size_t i = 0; v && i < v->n; i++) {
		uint16_t port = km_av_target_port(&v->target[i]);
		*local = *local || port == 0;
		if (port)
			out[n++] = port;
	}
	return n;
}
