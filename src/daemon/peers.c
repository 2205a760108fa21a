#include "daemon/peers.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

enum { BACKLOG = 4096 };

static void count(const km_peers *all, km_counter which, int64_t by)
{
	km_shared_count(all->host.role->shared, all->host.role->slot, which, by);
}

void km_peer_flush(km_peer *p)
{
	km_buf *out = &p->all->out;

	if (out->cut) /* no memory for replies: the client must not take silence for consent */
		km_stream_close(p->stream);
	else if (out->n)
		km_stream_write(p->stream, km_buf_sv(out));
	out->n = 0;
	out->cut = false;
}

void km_peer_drop(km_peer *p)
{
	count(p->all, KM_COUNTER_connections_dropped_total, 1);
	km_stream_close(p->stream);
}

static void on_deadline(void *ctx, km_stream *stream)
{
	(void)stream;
	km_peer_drop(ctx);
}

/* Lines between our own roles are nobody's connections. */
static void count_open(const km_peers *all, int64_t by)
{
	if (all->listens)
		count(all, KM_COUNTER_connections_open, by);
}

static void on_close(void *ctx, km_stream *stream)
{
	km_peer *p = ctx;
	km_peers *all = p->all;

	(void)stream;
	if (p->prev)
		p->prev->next = p->next;
	else
		all->first = p->next;
	if (p->next)
		p->next->prev = p->prev;
	all->n--;
	all->ops->free(p);
	count_open(all, -1);
	all->host.gone(all->host.role);
}

static void add(km_peers *all, km_peer *p)
{
	p->next = all->first;
	if (all->first)
		all->first->prev = p;
	all->first = p;
	all->n++;
	count_open(all, 1);
}

static void on_connection(uv_stream_t *listener, int status)
{
	km_peers *all = listener->data;
	const km_peers_host *host = &all->host;

	if (status != 0)
		return;
	km_peer *p = all->ops->make(all);
	if (p) {
		p->all = all;
		p->stream = km_stream_accept(listener, &all->stream_ops, p);
	}
	if (p == NULL || p->stream == NULL) { /* what was not taken would block the listener */
		km_error("no memory for a connection: this process begins afresh");
		if (p)
			all->ops->free(p);
		km_role_end(host->role);
		return;
	}
	add(all, p);
	count(all, KM_COUNTER_connections_total, 1);
	km_stream_deadline(p->stream, host->packet_ms);
	if (host->overfull && host->overfull(host->role))
		km_peer_drop(p);
}

void km_peers_adopt(km_peers *all, int fd)
{
	km_peer *p = all->ops->make(all);

	if (p == NULL) {
		(void)close(fd);
		return;
	}
	p->all = all;
	p->stream = km_stream_adopt(&all->host.role->loop, fd, &all->stream_ops, p);
	if (p->stream)
		add(all, p);
	else
		all->ops->free(p);
}

static int listen_on(km_peers *all, int fd)
{
	uv_loop_t *loop = &all->host.role->loop;
	bool tcp = uv_guess_handle(fd) == UV_TCP;
	int rc = tcp ? uv_tcp_init(loop, &all->listener.tcp)
		     : uv_pipe_init(loop, &all->listener.pipe, 0);

	if (rc == 0)
		rc = tcp ? uv_tcp_open(&all->listener.tcp, fd)
			 : uv_pipe_open(&all->listener.pipe, fd);
	all->listener.stream.data = all;
	return rc ? rc : uv_listen(&all->listener.stream, BACKLOG, on_connection);
}

km_status km_peers_begin(const km_peers_host *host, const km_peers_ops *ops, km_peers **out,
			 km_err *err)
{
	km_peers *all = calloc(1, sizeof(*all));

	*out = all;
	if (all == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	all->ops = ops;
	all->host = *host;
	all->stream_ops = ops->stream;
	all->stream_ops.on_deadline = on_deadline;
	all->stream_ops.on_close = on_close;
	km_buf_init(&all->out, NULL, KM_STREAM_MAX_QUEUE);
	return KM_OK;
}

km_status km_peers_start(const km_peers_host *host, const km_peers_ops *ops, int fd, km_peers **out,
			 km_err *err)
{
	km_status st = km_peers_begin(host, ops, out, err);

	if (st != KM_OK)
		return st;
	(*out)->listens = true;
	int rc = listen_on(*out, fd);
	return rc == 0 ? KM_OK : KM_FAIL(err, KM_IO, "%s: %s", ops->name, uv_strerror(rc));
}

static bool scanner_overfull(km_role *r)
{
	return km_scanner_overfull(r->self);
}

static void scanner_gone(km_role *r)
{
	km_scanner_connection_gone(r->self);
}

km_status km_peers_scan(km_scanner *s, const km_peers_ops *ops, int fd, km_peers **out, km_err *err)
{
	const km_peers_host host = { s->role, s->packet_ms, scanner_overfull, scanner_gone };
	km_status st = km_peers_start(&host, ops, fd, out, err);

	if (*out)
		(*out)->scanner = s;
	return st;
}

void km_peers_drain(km_peers *all, bool quit)
{
	if (all->listens && !uv_is_closing((uv_handle_t *)&all->listener.stream))
		uv_close((uv_handle_t *)&all->listener.stream, NULL);
	for (km_peer *p = all->first; quit && p; p = p->next)
		if (!all->ops->busy(p))
			km_stream_shut(p->stream);
}

void km_peers_stop(km_peers *all)
{
	if (all == NULL)
		return;
	km_peers_drain(all, false);
	for (km_peer *p = all->first; p; p = p->next)
		km_stream_close(p->stream);
}

void km_peers_finish(km_peers *all)
{
	if (all == NULL)
		return;
	km_buf_finish(&all->out);
	free(all);
}
