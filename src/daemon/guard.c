/*
 * The guard: the one place where outgoing mail is judged and measures are taken, whoever asks. Once
 * it is sandboxed it opens no file but those of the state folder, and connects nowhere.
 */
#include "daemon/guard.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/sandbox.h"

enum {
	FLUSH_SECONDS = 60,
	PATIENCE_MS = 500 /* for messages under way when the guard is told to end */
};

void km_guard_count(const km_guarding_role *g, km_counter which)
{
	km_shared_count(g->role->shared, g->role->slot, which, 1);
}

/* --- turns --- */

km_arena *km_guard_arena(km_guarding_role *g)
{
	if (g->arena == NULL) {
		g->arena = g->spare;
		g->spare = NULL;
	}
	if (g->arena == NULL)
		g->arena = km_arena_new(KM_GUARD_EVENT_MEMORY);
	else
		km_arena_reset(g->arena);
	return g->arena;
}

void km_guard_wait(km_guarding_role *g, km_stream *s)
{
	g->arena = NULL;
	km_stream_pause(s);
	km_stream_deadline(s, 0);
}

void km_guard_give_back(km_guarding_role *g, km_arena *a)
{
	if (g->spare)
		km_arena_free(a);
	else
		g->spare = a;
}

static void on_written(uv_async_t *h)
{
	km_guarding_role *g = h->data;

	km_warden_settle(g->warden);
}

/* From the thread that writes. */
static void wake(void *ctx)
{
	km_guarding_role *g = ctx;

	(void)uv_async_send(&g->written);
}

/* --- connections --- */

static bool is_busy(const km_peers *all)
{
	for (const km_peer *p = all ? all->first : NULL; p; p = p->next)
		if (all->ops->busy(p))
			return true;
	return false;
}

static void end_if_done(km_guarding_role *g)
{
	if (g->quitting && !is_busy(g->policy) && !is_busy(g->lines) && !is_busy(g->scanners))
		km_role_end(g->role);
}

static void on_gone(km_role *r)
{
	end_if_done(r->self);
}

static void on_patience(uv_timer_t *t)
{
	km_role_end(((km_guarding_role *)t->data)->role);
}

static bool is_overfull(km_role *r)
{
	const km_guarding_role *g = r->self;

	return (g->policy ? g->policy->n : 0) + (g->lines ? g->lines->n : 0) > g->max_connections;
}

static void guard_link(km_role *r, km_channel_word what, int fd)
{
	const km_guarding_role *g = r->self;

	(void)what;
	km_peers_adopt(g->scanners, fd);
}

static void guard_drain(km_role *r, bool quit)
{
	km_guarding_role *g = r->self;
	km_peers *const all[] = { g->policy, g->lines, g->scanners };

	for (size_t i = 0; i < KM_COUNT(all); i++)
		if (all[i])
			km_peers_drain(all[i], quit);
	if (!quit)
		return;
	g->quitting = true;
	(void)uv_timer_start(&g->patience, on_patience, PATIENCE_MS, PATIENCE_MS);
	end_if_done(g);
}

/* --- the role --- */

static bool is_socket(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && S_ISSOCK(sb.st_mode);
}

static km_status serve(km_guarding_role *g, km_err *err)
{
	const km_peers_host host = { g->role, g->packet_ms, is_overfull, on_gone };
	const struct {
		km_listener listener;
		const km_peers_ops *ops;
		km_peers **to;
	} rows[] = {
		{ KM_LISTEN_POLICY, &km_guard_policy, &g->policy },
		{ KM_LISTEN_GUARD, &km_guard_lines, &g->lines },
	};
	km_status st = km_peers_begin(&host, &km_guard_scanners, &g->scanners, err);

	for (size_t i = 0; i < KM_COUNT(rows) && st == KM_OK; i++) {
		int fd = KM_FD_LISTEN + (int)rows[i].listener;
		if (is_socket(fd))
			st = km_peers_start(&host, rows[i].ops, fd, rows[i].to, err);
	}
	return st;
}

static void prepare(km_guarding_role *g)
{
	const km_conf *c = g->role->conf;

	g->packet_ms = (uint64_t)km_conf_int(c, KM_KEY_MILTER_PACKET_TIMEOUT);
	g->idle_ms = (uint64_t)km_conf_int(c, KM_KEY_GUARD_TIMEOUT);
	g->max_connections = (size_t)km_conf_int(c, KM_KEY_LIMITS_CONNECTIONS);
	g->close_on_bad = strcmp(km_conf_str(c, KM_KEY_GUARD_ON_BAD_REQUEST), "close") == 0;
	(void)uv_timer_init(&g->role->loop, &g->patience);
	g->patience.data = g;
	(void)uv_async_init(&g->role->loop, &g->written, on_written);
	g->written.data = g;
	uv_unref((uv_handle_t *)&g->written);
}

static km_status guard_start(km_role *r, km_err *err)
{
	km_guarding_role *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	g->role = r;
	r->self = g;
	prepare(g);
	const km_sandbox box = { .kind = KM_SANDBOX_GUARD, .dir = r->state_dir };
	km_status st = km_subjects_open(r->conf, &g->subjects, err);
	if (st == KM_OK)
		st = km_warden_open(r->conf, r->state_dir, r->shared, r->slot, &g->warden, err);
	if (st == KM_OK)
		st = serve(g, err);
	if (st == KM_OK)
		st = km_flusher_start(g->warden, &box, FLUSH_SECONDS, &g->flusher, err);
	if (st == KM_OK)
		st = km_warden_start(g->warden, &box, wake, g, err);
	return st == KM_OK ? km_sandbox_enter(&box, err) : st;
}

static void guard_stop(km_role *r)
{
	const km_guarding_role *g = r->self;

	/* What is being written is still answered, and the thread has nobody to wake after that. */
	if (g->warden)
		km_warden_stop(g->warden);
	km_peers_stop(g->policy);
	km_peers_stop(g->lines);
	km_peers_stop(g->scanners);
}

static void guard_finish(km_role *r)
{
	km_guarding_role *g = r->self;

	if (g == NULL)
		return;
	km_peers_finish(g->policy);
	km_peers_finish(g->lines);
	km_peers_finish(g->scanners);
	km_flusher_stop(g->flusher);
	km_warden_close(g->warden);
	km_subjects_free(g->subjects);
	km_arena_free(g->arena);
	km_arena_free(g->spare);
	free(g);
}

const km_role_ops km_guard_role = {
	.name = "guard",
	.start = guard_start,
	.link = guard_link,
	.drain = guard_drain,
	.stop = guard_stop,
	.finish = guard_finish,
};
