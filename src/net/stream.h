/*
 * net/stream.h - one connection on the event loop: bytes in by callback, bounded bytes out, one
 * deadline. The owner's on_close is always the last call; after it the stream is gone.
 */
#ifndef KM_NET_STREAM_H
#define KM_NET_STREAM_H

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"

typedef struct km_stream km_stream;

typedef struct {
	/* @bytes live during the call. Not called while paused. */
	void (*on_data)(void *ctx, km_stream *s, km_sv bytes);
	/* The deadline set with km_stream_deadline() passed. */
	void (*on_deadline)(void *ctx, km_stream *s);
	void (*on_close)(void *ctx, km_stream *s);
	/* The peer sends no more; it may still read. NULL: then the stream is closed. */
	void (*on_end)(void *ctx, km_stream *s);
} km_stream_ops;

/*
 * Most bytes that may wait to be written to a peer that does not read; past it the connection is
 * closed.
 */
enum { KM_STREAM_MAX_QUEUE = 16 * 1024 * 1024 };

/* Takes a connection off @listener, with TCP_NODELAY. NULL when there was none or no memory. */
km_stream *km_stream_accept(uv_stream_t *listener, const km_stream_ops *ops, void *ctx);
/* Takes over the connected socket @fd (a socketpair's end, say): a line between our own roles,
 * which goes before the clients at the end of a turn. */
km_stream *km_stream_adopt(uv_loop_t *loop, int fd, const km_stream_ops *ops, void *ctx);

/* Who is at the other end; false when that is not known any more. A Unix socket's has no name, only
 * its family. */
KM_NODISCARD bool km_stream_client(const km_stream *s, struct sockaddr_storage *out);

/*
 * Sends @bytes at the end of the turn of the loop (net/turn.h), or at once where turns are not
 * minded or they are many. They are copied when they do not go out at once.
 */
void km_stream_write(km_stream *s, km_sv bytes);
/* on_deadline is called once after @ms; 0 takes the deadline away. */
void km_stream_deadline(km_stream *s, uint64_t ms);
void km_stream_pause(km_stream *s);
void km_stream_resume(km_stream *s);
/* Closes once all that was written has gone out. */
void km_stream_shut(km_stream *s);
/*
 * Says that no more will come, once all that was written has gone out, and drops what still comes
 * until the peer closes or @ms have passed: closed at once, a peer that still writes might not read
 * what it was told.
 */
void km_stream_linger(km_stream *s, uint64_t ms);
/* Closes now: what the kernel does not take at once of what was written is lost. on_close comes
 * later, from the loop. */
void km_stream_close(km_stream *s);
bool km_stream_closing(const km_stream *s);

#endif
