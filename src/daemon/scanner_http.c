/*
 * HTTP connections of a scanner: libmicrohttpd, driven by the scanner's own event loop through its
 * epoll descriptor. Every answer carries Content-Length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/http.h"
#include "daemon/http_peers.h"
#include "daemon/metrics.h"
#include "engine/json.h"
#include "front/http/rspamd.h"

enum {
	MAX_RCPTS = 10000,
	/* Request line and headers. A larger pool would be mapped afresh for each connection. */
	CONNECTION_MEMORY = 32 * 1024,
	REQUEST_MEMORY = 1024 * 1024, /* envelope */
	SWEEP_MS = 1000,
	MAX_ANSWER = 16 * 1024 * 1024
};

struct km_http {
	km_scanner *scanner;
	struct MHD_Daemon *mhd;
	uv_poll_t poll;
	uv_timer_t timer, sweep;
	km_http_peers peers;
	km_request *waiting; /* suspended ones */
};

km_scanner *km_http_scanner(const km_http *h)
{
	return h->scanner;
}

unsigned km_http_problem(km_request *r, unsigned status, const char *text)
{
	r->body.n = 0; /* instead of what did not fit */
	r->body.cut = false;
	km_buf_fmt(&r->body, "{\"error\":\"%s\"}", text);
	return status;
}

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name,
				   const char *value)
{
	(void)kind;
	km_http_request_header(ctx, km_sv_of(name), km_sv_of(value ? value : ""));
	return MHD_YES;
}

/* Envelope from the request's headers (DESIGN.md section 7), or from the message. */
static km_status read_envelope(km_http *h, km_request *r, km_job *job)
{
	job->env.now = km_clock_now();
	km_http_request_envelope(&r->headers, &job->env);
	job->rcpts_dropped = r->headers.rcpts_dropped;
	if (!km_http_request_stored(&r->headers))
		return KM_OK;
	return km_envelope_from_stored(r->arena, job->message, h->scanner->shop.trusted_hops, false,
				       &job->env);
}

/* Why the body can not be judged: status and *why, else 0. */
static unsigned unfit(const km_request *r, const char **why)
{
	if (km_http_request_compressed(&r->headers)) {
		*why = "compressed bodies are not understood; send the message as it is";
		return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
	}
	*why = "the message is over limits.message_size";
	return r->spool.dropped ? MHD_HTTP_CONTENT_TOO_LARGE : 0;
}

unsigned km_http_read(km_http *h, km_request *r, km_job *job)
{
	const char *why;

	r->arena = km_arena_new(REQUEST_MEMORY);
	if (r->arena == NULL)
		return km_http_problem(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
	km_http_request_init(&r->headers, r->arena, MAX_RCPTS);
	(void)MHD_get_connection_values(r->connection, MHD_HEADER_KIND, take_header, &r->headers);
	unsigned status = unfit(r, &why);
	if (status)
		return km_http_problem(r, status, why);
	job->spool = km_spool_bytes(&r->spool, &job->message, NULL);
	if (job->spool == KM_OK)
		job->spool = read_envelope(h, r, job);
	return KM_HTTP_LATER;
}

/* Judges the body; @done answers. */
static unsigned judge(km_http *h, km_request *r, km_job_done *done)
{
	km_job job = { .via = "http" };
	unsigned status = km_http_read(h, r, &job);

	if (status != KM_HTTP_LATER)
		return status;
	r->task = km_job_start(&h->scanner->shop, &job, km_job_plan, done, r);
	return r->status;
}

/* Records what was judged; 200 when the verdict can be shown, else *why says why not. */
static unsigned record(const km_task *t, const char **why)
{
	*why = "the message could not be judged; try again later";
	if (t->judged.st != KM_OK)
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	*why = "records can not be written; try again later";
	if (km_job_record(t, NULL, NULL) != KM_OK)
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	*why = "held unread: the filter failed on this message";
	return t->judged.held ? MHD_HTTP_UNPROCESSABLE_CONTENT : MHD_HTTP_OK;
}

static void on_timer(uv_timer_t *t);

static void resume(km_request *r)
{
	if (r->prev_waiting)
		r->prev_waiting->next_waiting = r->next_waiting;
	else
		r->front->waiting = r->next_waiting;
	if (r->next_waiting)
		r->next_waiting->prev_waiting = r->prev_waiting;
	r->next_waiting = r->prev_waiting = NULL;
	r->suspended = false;
	MHD_resume_connection(r->connection);
	/* Perhaps we are within it now: it goes on in the loop's next turn. */
	(void)uv_timer_start(&r->front->timer, on_timer, 0, 0);
}

void km_http_answer(km_request *r, unsigned status)
{
	r->status = status;
	r->task = NULL;
	if (r->suspended) /* else still within the endpoint */
		resume(r);
}

static void on_scanned(void *ctx, km_task *t)
{
	km_request *r = ctx;
	const char *why;
	unsigned status = record(t, &why);

	if (status != MHD_HTTP_OK)
		(void)km_http_problem(r, status, why);
	else if (km_verdict_json(&r->body, t->judged.scan, NULL, t->judged.id, t->shop->lang) !=
		 KM_OK)
		status = km_http_problem(r, MHD_HTTP_INTERNAL_SERVER_ERROR,
					 "the verdict is too large");
	if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
		km_scanner_count(r->front->scanner, KM_COUNTER_tempfail_total, 1);
	km_http_answer(r, status);
}

static unsigned run_scan(km_http *h, km_request *r)
{
	return judge(h, r, on_scanned);
}

/* Rspamd's clients look at nothing but the action: failures are told as one. */
static void on_checked(void *ctx, km_task *t)
{
	km_request *r = ctx;
	const km_shop *shop = t->shop;
	const char *why;
	unsigned status = record(t, &why);
	double required = km_pack_threshold(shop->role->pack, KM_ACTION_REJECT);
	bool accept = shop->accept_on_error && status == MHD_HTTP_SERVICE_UNAVAILABLE;
	km_status st;

	if (status == MHD_HTTP_OK) {
		st = km_rspamd_json(&r->body, t->judged.scan, t->judged.id, required,
				    (double)t->judged.us / 1e6);
	} else {
		if (!accept)
			km_scanner_count(r->front->scanner, KM_COUNTER_tempfail_total, 1);
		st = km_rspamd_failed_json(&r->body, accept, t->judged.id, why, required);
	}
	km_http_answer(r, st == KM_OK ? MHD_HTTP_OK
				      : km_http_problem(r, MHD_HTTP_INTERNAL_SERVER_ERROR,
							"the verdict is too large"));
}

static unsigned run_checkv2(km_http *h, km_request *r)
{
	return judge(h, r, on_checked);
}

static unsigned run_stat(km_http *h, km_request *r)
{
	const km_shared *s = h->scanner->role->shared;
	km_rspamd_counts c = { .ham = km_shared_classes(s, KM_CLASS_HAM),
			       .learned = km_shared_total(s, KM_COUNTER_lessons_total) };

	for (int a = 0; a < KM_ACTIONS; a++)
		c.actions[a] = km_shared_actions(s, (km_action)a);
	return km_rspamd_stat_json(&r->body, &c) == KM_OK
		       ? MHD_HTTP_OK
		       : km_http_problem(r, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory");
}

static unsigned run_metrics(km_http *h, km_request *r)
{
	km_metrics_write(&r->body, h->scanner->role->shared);
	return MHD_HTTP_OK;
}

static unsigned run_ping(km_http *h, km_request *r)
{
	(void)h;
	km_buf_add(&r->body, KM_S("pong\r\n"));
	return MHD_HTTP_OK;
}

static unsigned run_ready(km_http *h, km_request *r)
{
	if (km_recorder_healthy(h->scanner->shop.recorder) && !h->scanner->draining &&
	    km_shared_keeper(h->scanner->role->shared) != KM_KEEPER_NONE) {
		km_buf_add(&r->body, KM_S("ready\n"));
		return MHD_HTTP_OK;
	}
	km_buf_add(&r->body, KM_S("not ready: records can not be written, or shutting down\n"));
	return MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned run_not_found(km_http *h, km_request *r)
{
	(void)h;
	return km_http_problem(
		r, MHD_HTTP_NOT_FOUND,
		"no such path; there are /scan /checkv2 /learnspam /learnham /learnundo "
		"/learn/status /metrics /ping /ready /stat");
}

static unsigned run_bad_method(km_http *h, km_request *r)
{
	(void)h;
	return km_http_problem(r, MHD_HTTP_METHOD_NOT_ALLOWED,
			       "messages are sent with POST, all else is asked with GET");
}

#define JSON "application/json"
#define TEXT "text/plain; charset=utf-8"

static const km_route routes[] = {
	{ "POST", "/checkv2", JSON, run_checkv2 },
	{ "POST", "/scan", JSON, run_scan },
	{ "GET", "/metrics", "text/plain; version=0.0.4; charset=utf-8", run_metrics },
	{ "GET", "/ping", TEXT, run_ping },
	{ "GET", "/ready", TEXT, run_ready },
	{ "GET", "/stat", JSON, run_stat },
};
static const km_route not_found = { "", "", JSON, run_not_found };
static const km_route bad_method = { "", "", JSON, run_bad_method };

static const km_route *route_at(size_t i)
{
	return i < KM_COUNT(routes) ? &routes[i] : km_http_learn_route(i - KM_COUNT(routes));
}

static const km_route *route_of(const char *method, const char *path)
{
	const km_route *best = &not_found, *r;

	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		if (strcmp(r->path, path) != 0)
			continue;
		if (strcmp(r->method, method) == 0)
			return r;
		best = &bad_method;
	}
	return best;
}

static km_request *request_new(km_http *h, struct MHD_Connection *c, const char *method,
			       const char *path)
{
	km_request *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->front = h;
	r->connection = c;
	km_buf_init(&r->body, NULL, MAX_ANSWER);
	r->route = route_of(method, path);
	km_spool_init(&r->spool, h->scanner->shop.max_message);
	return r;
}

static bool stays(struct MHD_Connection *c, const char *version)
{
	const char *said =
		MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONNECTION);

	return strcmp(version, MHD_HTTP_VERSION_1_1) == 0 &&
	       (said == NULL || strcasecmp(said, "keep-alive") == 0);
}

static enum MHD_Result respond(km_http *h, km_request *r, const char *version)
{
	const size_t n = r->body.n;
	struct MHD_Response *resp =
		MHD_create_response_from_buffer(n, r->body.p, MHD_RESPMEM_MUST_FREE);

	if (resp == NULL)
		return MHD_NO;
	km_buf_init(&r->body, NULL, 0); /* the response's now */
	(void)MHD_add_response_header(resp, MHD_HTTP_HEADER_CONTENT_TYPE, r->route->type);
	if (r->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(resp, MHD_HTTP_HEADER_ALLOW, "GET, POST");
	if (h->scanner->draining)
		(void)MHD_add_response_header(resp, MHD_HTTP_HEADER_CONNECTION, "close");
	km_http_peer_hold(&h->peers, r->connection,
			  !h->scanner->draining && stays(r->connection, version), n);
	enum MHD_Result rc = MHD_queue_response(r->connection, r->status, resp);
	MHD_destroy_response(resp);
	return rc;
}

/* The answer comes later: libmicrohttpd leaves the request alone until resume(). */
static void suspend(km_request *r)
{
	km_http *h = r->front;

	r->suspended = true;
	r->next_waiting = h->waiting;
	if (h->waiting)
		h->waiting->prev_waiting = r;
	h->waiting = r;
	MHD_suspend_connection(r->connection);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *n, void **state)
{
	km_http *h = ctx;
	km_request *r = *state;

	if (r == NULL) {
		km_http_peer_begin(c);
		*state = request_new(h, c, method, path);
		return *state ? MHD_YES : MHD_NO;
	}
	if (*n) {
		km_spool_add(&r->spool, (km_sv){ data, *n });
		*n = 0;
		return MHD_YES;
	}
	if (r->status == KM_HTTP_LATER) {
		km_http_peer_whole(c);
		r->status = r->route->run(h, r);
	}
	if (r->status == KM_HTTP_LATER) {
		suspend(r);
		return MHD_YES;
	}
	return respond(h, r, version);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **state,
			 enum MHD_RequestTerminationCode why)
{
	km_request *r = *state;
	(void)ctx;
	(void)why;
	km_http_peer_end(c);
	if (r == NULL)
		return;
	if (r->task)
		km_job_cancel(r->task);
	km_http_learn_forget(r);
	km_buf_finish(&r->body);
	km_spool_finish(&r->spool);
	km_arena_free(r->arena);
	free(r);
	*state = NULL;
}

/* libmicrohttpd does not look at suspended connections. */
static void drop_vanished(km_http *h)
{
	for (km_request *r = h->waiting, *next; r; r = next) {
		next = r->next_waiting;
		if (r->task == NULL || !km_http_peer_gone(r->connection))
			continue;
		km_job_cancel(r->task);
		km_http_peer_cut(r->connection);
		km_scanner_count(h->scanner, KM_COUNTER_connections_dropped_total, 1);
		km_http_answer(r, km_http_problem(r, MHD_HTTP_SERVICE_UNAVAILABLE,
						  "the client is gone"));
	}
}

static void on_sweep(uv_timer_t *t)
{
	km_http *h = t->data;

	drop_vanished(h);
	km_http_peers_sweep(&h->peers);
}

/* Lets libmicrohttpd do what is due, and comes back when it wants to. */
static void run_mhd(km_http *h)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(h->mhd);
	if (MHD_get_timeout(h->mhd, &ms) == MHD_YES)
		(void)uv_timer_start(&h->timer, on_timer, ms, 0);
}

static void on_timer(uv_timer_t *t)
{
	run_mhd(t->data);
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	run_mhd(p->data);
}

static km_status http_start(km_scanner *s, int fd, km_err *err)
{
	km_http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	h->scanner = s;
	km_http_peers_init(&h->peers, s);
	s->http = h;
	h->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME, 0,
				  NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
				  MHD_OPTION_NOTIFY_CONNECTION, km_http_peers_notify, &h->peers,
				  MHD_OPTION_CONNECTION_LIMIT, (unsigned)s->max_connections,
				  MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				  MHD_OPTION_END);
	if (h->mhd == NULL)
		return KM_FAIL(err, KM_IO, "HTTP can not be served");
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL)
		return KM_FAIL(err, KM_BUG, "libmicrohttpd has no epoll descriptor");
	(void)uv_poll_init(&s->role->loop, &h->poll, info->epoll_fd);
	(void)uv_timer_init(&s->role->loop, &h->timer);
	(void)uv_timer_init(&s->role->loop, &h->sweep);
	h->poll.data = h->timer.data = h->sweep.data = h;
	(void)uv_poll_start(&h->poll, UV_READABLE, on_poll);
	(void)uv_timer_start(&h->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return KM_OK;
}

static void http_drain(km_scanner *s, bool quit)
{
	km_http *h = s->http;

	int listening = MHD_quiesce_daemon(h->mhd);

	if (listening >= 0)
		(void)close(listening); /* ours again: else the port stays taken while we drain */
	if (quit)
		km_http_peers_cut_idle(&h->peers);
	run_mhd(h);
}

static size_t http_open(const km_scanner *s)
{
	return ((const km_http *)s->http)->peers.n;
}

static void http_stop(km_scanner *s)
{
	km_http *h = s->http;

	if (h == NULL || h->mhd == NULL)
		return;
	/* Nothing may stay suspended; what was under way ends unanswered. */
	while (h->waiting) {
		km_http_peer_cut(h->waiting->connection);
		resume(h->waiting);
	}
	(void)uv_poll_stop(&h->poll); /* watches a descriptor that is closed now */
	MHD_stop_daemon(h->mhd);
}

static void http_finish(km_scanner *s)
{
	free(s->http);
}

const km_front km_front_http = { http_start, http_drain, http_open, http_stop, http_finish };
