/*
 * daemon/guard.h - inside of the guard role, shared by what it serves: Postfix's policy requests
 * and the lines of "guard.sock".
 */
#ifndef KM_DAEMON_GUARD_H
#define KM_DAEMON_GUARD_H

#include "daemon/flusher.h"
#include "daemon/peers.h"
#include "daemon/subject.h"
#include "daemon/warden.h"

typedef struct {
	km_role *role;
	km_warden *warden;
	km_subjects *subjects;
	km_arena *arena; /* of one event, see km_guard_arena(); NULL: taken by a turn */
	km_arena *spare;
	uv_async_t written;
	struct km_peers *policy, *lines, *scanners;
	uint64_t packet_ms, idle_ms;
	size_t max_connections;
	bool close_on_bad; /* guard.on_bad_request */
	bool quitting;
	km_flusher *flusher;
	uv_timer_t patience;
} km_guarding_role;

/* Memory of one event, with all its recipients. */
enum { KM_GUARD_EVENT_MEMORY = 64 * 1024 * 1024 };

/* Empty, for the next event; NULL: no memory. */
km_arena *km_guard_arena(km_guarding_role *g);
/*
 * A turn that is not done at once keeps the arena, and gives it back at its end, with itself. Its
 * connection @s is not read meanwhile, and has no deadline.
 */
void km_guard_wait(km_guarding_role *g, km_stream *s);
void km_guard_give_back(km_guarding_role *g, km_arena *a);

void km_guard_count(const km_guarding_role *g, km_counter which);

/* km_guard_scanners: lines as well, but those who read mail may tell of mail only. */
extern const km_peers_ops km_guard_policy, km_guard_lines, km_guard_scanners;

#endif
