/*
 * Postfix's policy requests: at RCPT, whether the account is stopped; at DATA and END-OF-MESSAGE,
 * what becomes of the message.
 */
#include <stdlib.h>

#include "base/log.h"
#include "daemon/guard.h"
#include "front/policyd/message.h"

typedef struct {
	km_peer peer;
	km_guarding_role *guard;
	km_policyd_message message;
	km_buf in;     /* the beginning of a request */
	size_t seen;   /* bytes of it that were searched for its end */
	bool half;     /* and it has its deadline */
	km_turn *turn; /* that it waits for; NULL: none */
} conn;

static void reply(conn *c, km_guard_action action, km_sv text)
{
	static const struct {
		km_policyd_action action;
		const char *code;
	} replies[] = {
		[KM_GUARD_ACCEPT] = { KM_POLICYD_DUNNO, NULL },
		[KM_GUARD_DEFER] = { KM_POLICYD_DEFER, "4.7.1" },
		[KM_GUARD_HOLD] = { KM_POLICYD_HOLD, NULL },
		[KM_GUARD_REJECT] = { KM_POLICYD_REJECT, "5.7.1" },
	};

	km_policyd_reply(&c->peer.all->out, replies[action].action, replies[action].code, text);
}

static bool find_account(conn *c, const km_policyd_request *r, km_ip *ip, km_sv *account)
{
	km_sender sender = { .user = r->sasl_username,
			     .certificate =
				     r->ccert_subject.n ? r->ccert_subject : r->ccert_fingerprint };

	if (!km_ip_parse(r->client_address, &sender.ip))
		sender.ip.len = 0;
	*ip = sender.ip;
	if (!km_subjects_find(c->guard->subjects, c->guard->arena, &sender, account))
		return false;
	*account = km_sv_dup(c->guard->arena, *account);
	return true;
}

/* Mail that will be held is taken in; what is to be deferred or refused is so at once. */
static void on_rcpt(conn *c, const km_policyd_request *r, km_sv account, const km_ip *ip)
{
	const km_warden *w = c->guard->warden;
	km_guard_action action = km_warden_on_brake(w);

	km_policyd_message_rcpt(&c->message, r);
	if (action == KM_GUARD_HOLD ||
	    km_warden_check(c->guard->warden, account, ip, km_clock_now()) < KM_STEP_BRAKE)
		reply(c, KM_GUARD_ACCEPT, KM_S(""));
	else
		reply(c, action, km_warden_stopped(w));
}

static void decided(conn *c, const km_turn *t)
{
	if (t->st != KM_OK)
		km_warn("a message could not be judged: %s", t->err.msg);
	reply(c, t->d.action, t->d.reply);
}

static void serve(conn *c);

/* Later, since something had to be written first; the client may be gone. */
static void on_decided(km_turn *t)
{
	conn *c = t->ctx;

	if (c) {
		c->turn = NULL;
		decided(c, t);
		km_peer_flush(&c->peer);
		km_guard_give_back(c->guard, t->arena);
		serve(c);
	} else {
		km_arena_free(t->arena);
	}
}

static void on_message(conn *c, const km_policyd_request *r, km_sv account, const km_ip *ip)
{
	km_guarding_role *g = c->guard;
	km_turn *t = KM_NEW(g->arena, km_turn);

	(void)ip;
	if (t == NULL || km_policyd_message_event(&c->message, g->arena, r, km_clock_now(),
						  &t->event) != KM_OK) {
		reply(c, KM_GUARD_DEFER, KM_S("Please try again later."));
		return;
	}
	if (!km_sv_eq(r->protocol_state, KM_S("DATA")))
		km_policyd_message_clear(&c->message);
	t->arena = g->arena;
	t->event.account = account;
	t->done = on_decided;
	t->ctx = c;
	if (km_warden_take(g->warden, t)) {
		decided(c, t);
		return;
	}
	c->turn = t;
	km_guard_wait(g, c->peer.stream);
}

static const struct {
	km_sv state;
	void (*run)(conn *c, const km_policyd_request *r, km_sv account, const km_ip *ip);
} states[] = {
	{ KM_SV("RCPT"), on_rcpt },
	{ KM_SV("DATA"), on_message },
	{ KM_SV("END-OF-MESSAGE"), on_message },
};

static void answer(conn *c, const km_policyd_request *r)
{
	km_sv account;
	km_ip ip;

	if (km_guard_arena(c->guard) == NULL) {
		reply(c, KM_GUARD_DEFER, KM_S("Please try again later."));
		return;
	}
	for (size_t i = 0; i < KM_COUNT(states); i++) {
		if (!km_sv_eq(r->protocol_state, states[i].state))
			continue;
		if (find_account(c, r, &ip, &account)) {
			states[i].run(c, r, account, &ip);
			return;
		}
	}
	reply(c, KM_GUARD_ACCEPT, KM_S(""));
}

/* Answered as if nothing had been asked, and never with the next request's answer. */
static void bad(conn *c, const km_err *err)
{
	km_guard_count(c->guard, KM_COUNTER_guard_bad_requests_total);
	km_warn("policy connection closed: %s", err->msg);
	if (c->guard->close_on_bad) {
		km_peer_drop(&c->peer);
		return;
	}
	reply(c, KM_GUARD_ACCEPT, KM_S(""));
	km_peer_flush(&c->peer);
	km_stream_linger(c->peer.stream, c->guard->packet_ms);
}

/* Answers all whole requests of *@in, up to one that has to wait; false when one is malformed. */
static bool answer_all(conn *c, km_sv *in)
{
	km_policyd_request r;
	km_err err = { 0 };
	size_t used;
	km_status st = KM_NOTFOUND;

	while (c->turn == NULL && (st = km_policyd_read(*in, &c->seen, &used, &r, &err)) == KM_OK) {
		answer(c, &r);
		*in = km_sv_from(*in, used);
		c->seen = 0;
	}
	if (c->turn || st == KM_NOTFOUND)
		return true;
	bad(c, &err);
	return false;
}

/* What waits for the connection, and until when. */
static void settle(conn *c, size_t rest)
{
	km_stream *s = c->peer.stream;

	if (c->turn)
		return;
	/* Half a request keeps its first deadline, however slowly its bytes trickle in. */
	if (rest == 0)
		km_stream_deadline(s, c->guard->idle_ms);
	else if (!c->half)
		km_stream_deadline(s, c->guard->packet_ms);
	c->half = rest > 0;
	if (c->guard->quitting && rest == 0 && c->message.n == 0)
		km_stream_shut(s);
}

/* Goes on with what came while it waited. */
static void serve(conn *c)
{
	km_sv rest = km_buf_sv(&c->in);

	if (km_stream_closing(c->peer.stream))
		return;
	c->half = false;
	if (!answer_all(c, &rest)) {
		km_buf_finish(&c->in);
		return;
	}
	km_peer_flush(&c->peer);
	km_buf_keep(&c->in, rest);
	if (c->turn == NULL)
		km_stream_resume(c->peer.stream);
	settle(c, rest.n);
}

static void on_data(void *ctx, km_stream *s, km_sv bytes)
{
	conn *c = ctx;

	(void)s;
	bool fresh = c->in.n == 0;

	if (!fresh) {
		km_buf_add(&c->in, bytes);
		bytes = km_buf_sv(&c->in);
	}
	km_sv rest = bytes;
	if (!answer_all(c, &rest)) {
		km_buf_finish(&c->in);
		return;
	}
	km_peer_flush(&c->peer);
	if (fresh)
		km_buf_add(&c->in, rest);
	else
		km_buf_keep(&c->in, rest);
	if (c->in.cut) { /* no memory for the rest: what follows it would be misread */
		km_peer_drop(&c->peer);
		return;
	}
	settle(c, rest.n);
}

static void conn_free(km_peer *p)
{
	conn *c = (conn *)p;

	if (c->turn)
		c->turn->ctx = NULL;
	km_policyd_message_finish(&c->message);
	km_buf_finish(&c->in);
	free(c);
}

static km_peer *conn_new(km_peers *all)
{
	conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->guard = all->host.role->self;
	km_policyd_message_init(&c->message);
	/* What is over the codec's limit is seen in the first bytes after it. */
	km_buf_init(&c->in, NULL, KM_POLICYD_MAX_REQUEST + 256 * 1024);
	return &c->peer;
}

static bool conn_busy(const km_peer *p)
{
	const conn *c = (const conn *)p;

	return c->in.n > 0 || c->message.n > 0 || c->turn;
}

const km_peers_ops km_guard_policy = {
	.name = "policy",
	.make = conn_new,
	.free = conn_free,
	.busy = conn_busy,
	.stream = { .on_data = on_data },
};
