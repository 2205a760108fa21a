/* The lines of "guard.sock" (front/guardline/guardline.h). */
#include <stdlib.h>

#include "base/log.h"
#include "daemon/guard.h"

typedef struct {
	km_peer peer;
	km_guarding_role *guard;
	km_buf in;     /* the beginning of a line */
	size_t seen;   /* bytes of it without a line end */
	bool half;     /* and it has its deadline */
	km_turn *turn; /* that it waits for; NULL: none */
} conn;

static void decided(conn *c, const km_turn *t)
{
	km_buf *out = &c->peer.all->out;

	if (t->d.is_submit)
		km_guardline_decision(out, &t->event, &t->d, t->st == KM_OK ? NULL : t->err.msg);
	else if (t->st == KM_OK)
		km_guardline_done(out, &t->d);
	else
		km_guardline_error(out, t->err.msg);
	km_peer_flush(&c->peer);
}

static void serve(conn *c);

/* Later, since something had to be written first; the client may be gone. */
static void on_decided(km_turn *t)
{
	conn *c = t->ctx;

	if (c) {
		c->turn = NULL;
		decided(c, t);
		km_guard_give_back(c->guard, t->arena);
		serve(c);
	} else {
		km_arena_free(t->arena);
	}
}

static void answer_turn(conn *c, const km_guardline *line)
{
	km_guarding_role *g = c->guard;
	km_turn *t = KM_NEW(g->arena, km_turn);

	if (t == NULL) {
		km_guardline_error(&c->peer.all->out, "no memory");
		return;
	}
	t->arena = g->arena;
	t->event = line->event;
	t->line = line;
	t->only_entry = line->kind == KM_GUARDLINE_ENTRY;
	t->done = on_decided;
	t->ctx = c;
	if (km_warden_take(g->warden, t)) {
		decided(c, t);
		return;
	}
	c->turn = t;
	km_guard_wait(g, c->peer.stream);
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
		[KM_GUARDLINE_EVENT] = answer_turn,	 [KM_GUARDLINE_ENTRY] = answer_turn,
		[KM_GUARDLINE_ACCOUNT] = answer_account, [KM_GUARDLINE_TOP] = answer_top,
		[KM_GUARDLINE_PING] = answer_ping,
	};
	km_guarding_role *g = c->guard;
	km_arena *a = km_guard_arena(g);
	km_guardline *line = a ? KM_NEW(a, km_guardline) : NULL;
	km_err err = { 0 };

	km_status st = line ? km_guardline_read(a, text, km_clock_now(), line, &err)
			    : KM_FAIL(&err, KM_NOMEM, "no memory");
	if (st == KM_OK && !may_say(c, line))
		st = KM_FAIL(&err, KM_CONFIG, "scanners tell of mail, and of nothing else");
	if (st == KM_OK) {
		answers[line->kind](c, line);
	} else if (st != KM_NOTFOUND) {
		km_guard_count(g, KM_COUNTER_guard_bad_requests_total);
		km_guardline_error(&c->peer.all->out, err.msg);
	}
	km_peer_flush(&c->peer);
}

/* All whole lines of @in, up to one that has to wait; returns what is left. */
static km_sv answer_all(conn *c, km_sv in)
{
	while (c->turn == NULL) {
		size_t lf = km_sv_chr(in, '\n', c->seen);
		if (lf == in.n || km_stream_closing(c->peer.stream)) {
			c->seen = in.n;
			break;
		}
		answer(c, km_sv_sub(in, 0, lf));
		in = km_sv_from(in, lf + 1);
		c->seen = 0;
	}
	return in;
}

/* Whoever has begun a line ends it soon; between lines anyone may wait. */
static void settle(conn *c, size_t rest)
{
	if (c->turn)
		return;
	if (rest == 0)
		km_stream_deadline(c->peer.stream, 0);
	else if (!c->half)
		km_stream_deadline(c->peer.stream, c->guard->packet_ms);
	c->half = rest > 0;
}

/* Goes on with what came while it waited. */
static void serve(conn *c)
{
	if (km_stream_closing(c->peer.stream))
		return;
	c->half = false;
	km_sv rest = answer_all(c, km_buf_sv(&c->in));
	km_buf_keep(&c->in, rest);
	if (c->turn == NULL)
		km_stream_resume(c->peer.stream);
	settle(c, rest.n);
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
	else
		km_buf_keep(&c->in, rest);
	if (c->in.cut || (c->turn == NULL && rest.n > KM_EVENT_LINE_MAX)) {
		km_guard_count(c->guard, KM_COUNTER_guard_bad_requests_total);
		km_guardline_error(&c->peer.all->out, "the line is too long");
		km_peer_flush(&c->peer);
		km_stream_linger(s, c->guard->packet_ms);
		return;
	}
	settle(c, rest.n);
}

static void conn_free(km_peer *p)
{
	conn *c = (conn *)p;

	if (c->turn)
		c->turn->ctx = NULL;
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
	const conn *c = (const conn *)p;

	return c->in.n > 0 || c->turn;
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
