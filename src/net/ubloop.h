/*
 * net/ubloop.h - libunbound on a libuv loop, without a thread: its sockets and timers become the
 * loop's (unbound-event.h, pluggable event base).
 */
#ifndef KM_NET_UBLOOP_H
#define KM_NET_UBLOOP_H

#include <unbound-event.h>
#include <uv.h>

/* NULL: no memory. @loop must outlive it. */
struct ub_event_base *km_ubloop_new(uv_loop_t *loop);
/* Once nothing uses it any more; the loop must then run until the events' handles are closed. */
void km_ubloop_free(struct ub_event_base *base);

#endif
