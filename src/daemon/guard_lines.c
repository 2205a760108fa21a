/* The lines of "guard.sock" (front/guardline/guardline.h). */
#include <stdlib.h>

#include "base/log.h"
#include "daemon/guard.h"

typedef struct {
	km_peer peer;
	km_guarding_role *guard;
	km_buf in;   /* the beginning of a line */
	size_t seen; /* bytes of it without a line end */
	bool half;   /* and it has its deadline */
} conn;

static void answer_event(conn *c, const km_guardline *line)
{
	km_guarding_role *g = c->guard;
	km_buf *out = &c->peer.all->out;
	km_err err = { 0 };
	km_decision d;

	km_status st = km_warden_submit(g->warden, g->arena, &line->event, line, &d, &err);
	if (d.is_submit)
		km_guardline_decision(out, &line->event, &d, st == KM_OK ? NULL : err.msg);
	else if (st == KM_OK)
		km_guardline_done(out, &d);
	else
		km_guardline_error(out, err.msg);
}

static void answer_entry(conn *c, const km_guardline *line)
{
	km_buf *out = &c->peer.all->out;
	km_err err = { 0 };

	if (km_warden_keep(c->guard->warden, line, &err) == KM_OK)
		km_guardline_done(out, &(km_decision){ 0 });
	else
		km_guardline_error(out, err.msg);
}

static void answer_account(conn *c, const km_guardline *line)
{
	km_account_view v;

	km_warden_view(c->guard->warden, line->account, km_clock_now(), &v);
	km_guardline_view(&c->peer.all->out, line->account, &v);
}

static void answer_top(conn *c, const km_guardline *line)
{
	km_guarding_role *g = c->guard;
	km_guardline_row *rows = KM_NEW_ARRAY(g->arena, km_guardline_row, line->limit);

	if (rows == NULL)
		km_guardline_error(&c->peer.all->out, "no memory");
	else
		km_guardline_top(&c->peer.all->out, rows,
				 km_warden_top(g->warden, km_clock_now(), rows, line->limit));
}

static void answer_ping(conn *c, const km_guardline *line)
{
	(void)line;
	km_guardline_done(&c->peer.all->out, &(km_decision){ 0 });
}

static bool may_say(const conn *c, const km_guardline *line)
{
	return c->peer.all->ops != &km_guard_scanners ||
	       (line->kind == KM_GUARDLINE_EVENT && line->event.kind == KM_EVENT_submit);
}

static void answer(conn *c, km_sv text)
{
	static void (*const answers[])(conn *, const km_guardline *) = {
		[KM_GUARDLINE_EVENT] = answer_event,	 [KM_GUARDLINE_ENTRY] = answer_entry,
		[KM_GUARDLINE_ACCOUNT] = answer_account, [KM_GUARDLINE_TOP] = answer_top,
		[KM_GUARDLINE_PING] = answer_ping,
	};
	km_guarding_role *g = c->guard;
	km_guardline line;
	km_err err = { 0 };

	km_arena_reset(g->arena);
	km_status st = km_guardline_read(g->arena, text, km_clock_now(), &line, &err);
	if (st == KM_OK && !may_say(c, &line))
		st = KM_FAIL(&err, KM_CONFIG, "scanners tell of mail, and of nothing else");
	if (st == KM_OK) {
		answers[line.kind](c, &line);
	} else if (st != KM_NOTFOUND) {
		km_guard_count(g, KM_COUNTER_guard_bad_requests_total);
		km_guardline_error(&c->peer.all->out, err.msg);
	}
	km_peer_flush(&c->peer);
}

/* All whole lines of @in; returns what is left. */
static km_sv answer_all(conn *c, km_sv in)
{
	for (;;) {
		size_t lf = km_sv_chr(in, '\n', c->seen);
		if (lf == in.n || km_stream_closing(c->peer.stream))
			break;
		answer(c, km_sv_sub(in, 0, lf));
		in = km_sv_from(in, lf + 1);
		c->seen = 0;
	}
	c->seen = in.n;
	return in;
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	conn *c = ctx;
	bool fresh = c->in.n == 0;

	if (!fresh) {
		km_buf_add(&c->in, bytes);
		bytes = km_buf_sv(&c->in);
	}
	km_sv rest = answer_all(c, bytes);
	if (fresh)
		km_buf_add(&c->in, rest);
	else if (rest.n)
		memmove(c->in.p, rest.p, rest.n);
	c->in.n = rest.n;
	if (c->in.cut || rest.n > KM_EVENT_LINE_MAX) {
		km_guard_count(c->guard, KM_COUNTER_guard_bad_requests_total);
		km_guardline_error(&c->peer.all->out, "the line is too long");
		km_peer_flush(&c->peer);
		km_stream_linger(s, c->guard->packet_ms);
		return;
	}
	/* Whoever has begun a line ends it soon; between lines anyone may wait. */
	if (rest.n == 0)
		km_stream_deadline(s, 0);
	else if (!c->half)
		km_stream_deadline(s, c->guard->packet_ms);
	c->half = rest.n > 0;
}

static void conn_free(km_peer *p)
{
	conn *c = (conn *)p;

	km_buf_finish(&c->in);
	free(c);
}

static km_peer *conn_new(km_peers *all)
{
	conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->guard = all->host.role->self;
	km_buf_init(&c->in, NULL, KM_EVENT_LINE_MAX + 256 * 1024);
	return &c->peer;
}

static bool conn_busy(const km_peer *p)
{
	return ((const conn *)p)->in.n > 0;
}

const km_peers_ops km_guard_lines = {
	.name = "guard.sock",
	.make = conn_new,
	.free = conn_free,
	.busy = conn_busy,
	.stream = { .on_data = on_data },
};

const km_peers_ops km_guard_scanners = {
	.name = "scanner",
	.make = conn_new,
	.free = conn_free,
	.busy = conn_busy,
	.stream = { .on_data = on_data },
};
