/*
 * The processes of the roles: started, joined by lines over which they talk to each other alone,
 * started again when they die, begun anew with new settings.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/poison.h"
#include "daemon/supervisor.h"
#include "daemon/telling.h"

enum {
	QUICK_DEATH_MS = 1000,
	QUICK_DEATHS = 3, /* this many in a row make the supervisor wait before the next start */
	BACKOFF_MS = 2000
};

static void start(km_child *c);

static bool always(const km_supervisor *sv)
{
	(void)sv;
	return true;
}

static bool is_signing(const km_supervisor *sv)
{
	return sv->settings.signing;
}

static bool is_guarding(const km_supervisor *sv)
{
	return sv->sockets.guarding;
}

static bool is_telling(const km_supervisor *sv)
{
	return km_telling_wanted(sv->settings.conf);
}

static bool is_running_programs(const km_supervisor *sv)
{
	return km_telling_hooked(sv->settings.conf);
}

/* What is known of each of the single roles. */
static const struct {
	const char *role;
	bool (*wanted)(const km_supervisor *sv);
	km_counter restarts;
} singles[KM_SLOT_SCANNERS] = {
	[KM_SLOT_KEEPER] = { "keeper", always, KM_COUNTER_keeper_restarts_total },
	[KM_SLOT_SIGNER] = { "signer", is_signing, KM_COUNTER_signer_restarts_total },
	[KM_SLOT_GUARD] = { "guard", is_guarding, KM_COUNTER_guard_restarts_total },
	[KM_SLOT_COURIER] = { "courier", is_telling, KM_COUNTER_courier_restarts_total },
	[KM_SLOT_RUNNER] = { "runner", is_running_programs, KM_COUNTER_runner_restarts_total },
};

/* Who serves a listener that is not the scanners'. */
static const unsigned served_by[KM_LISTENERS] = {
	[KM_LISTEN_POLICY] = KM_SLOT_GUARD, [KM_LISTEN_GUARD] = KM_SLOT_GUARD
};

bool km_child_is_scanner(const km_child *c)
{
	return c->slot >= KM_SLOT_SCANNERS;
}

/* What of a new generation takes an old one's place, rather than serving beside it. */
static bool is_single(const km_child *c)
{
	return !km_child_is_scanner(c);
}

/* Who has lines, and to whom: the scanners, or one of the others. */
static const struct {
	km_channel_word what;
	unsigned from, partner;
} lines[] = {
	{ KM_WORD_LINK, KM_SLOT_SCANNERS, KM_SLOT_KEEPER },
	{ KM_WORD_LEARN, KM_SLOT_SCANNERS, KM_SLOT_KEEPER },
	{ KM_WORD_SIGNER, KM_SLOT_SCANNERS, KM_SLOT_SIGNER },
	{ KM_WORD_GUARD, KM_SLOT_SCANNERS, KM_SLOT_GUARD },
	{ KM_WORD_RUNNER, KM_SLOT_COURIER, KM_SLOT_RUNNER },
};

static bool has_line(const km_child *c, size_t i)
{
	return km_child_is_scanner(c) ? lines[i].from == KM_SLOT_SCANNERS
				      : lines[i].from == c->slot;
}

/* Two talk over a socket pair that only they hold. */
static void draw_line(km_child *c, km_channel_word what, unsigned partner)
{
	km_child *other = &c->sv->child[partner];
	int pair[2];

	if (!c->running || !other->running)
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
		km_error("no socket pair: %s", strerror(errno));
		return;
	}
	(void)km_channel_send(other->channel, what, pair[0]);
	(void)km_channel_send(c->channel, what, pair[1]);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void link_to(km_child *c, unsigned partner)
{
	for (size_t i = 0; i < KM_COUNT(lines); i++)
		if (lines[i].partner == partner && has_line(c, i))
			draw_line(c, lines[i].what, partner);
}

static void link_all(km_supervisor *sv, unsigned partner)
{
	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		if (sv->child[i].used)
			link_to(&sv->child[i], partner);
}

size_t km_children_count(const km_supervisor *sv, bool (*is)(const km_child *))
{
	size_t n = 0;

	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		n += sv->child[i].used && is(&sv->child[i]);
	return n;
}

void km_child_say(km_child *c, km_channel_word what)
{
	if (c->running)
		(void)km_channel_send(c->channel, what, -1);
}

/* One has lost its line. */
static void link_again(km_child *c, km_channel_word what)
{
	for (size_t i = 0; i < KM_COUNT(lines); i++)
		if (lines[i].what == what && has_line(c, i))
			draw_line(c, what, lines[i].partner);
}

static void on_channel(uv_poll_t *p, int status, int events)
{
	km_child *c = p->data;
	bool closed = false;
	km_channel_word what;
	int fd;

	(void)events;
	while (status == 0 && km_channel_receive(c->channel, &what, &fd, &closed)) {
		if (fd >= 0)
			(void)close(fd);
		c->ready = c->ready || what == KM_WORD_READY;
		c->drained = c->drained || what == KM_WORD_DRAIN;
		link_again(c, what);
		km_supervisor_settle(c->sv);
	}
	if (closed || status != 0)
		(void)uv_poll_stop(p);
}

static void blame(km_child *c)
{
	km_digest_key key;

	if (!km_shared_blame(c->sv->sockets.shared, c->slot, &key))
		return;
	km_poison_save(c->sv->sockets.shared, c->sv->sockets.state_dir);
	unsigned deaths = km_shared_deaths(c->sv->sockets.shared, key);
	km_error("the message %016llx… was in hand when scanner %u died (%u so far)%s",
		 (unsigned long long)key.a, c->slot, deaths,
		 deaths >= KM_POISON_DEATHS ? "; it will be held unparsed" : "");
}

/* Not to be started again: its generation is over, or the settings do not want it any more. */
static bool is_over(const km_child *c)
{
	return is_single(c) ? !singles[c->slot].wanted(c->sv) : c->generation != c->sv->generation;
}

static void on_again(uv_timer_t *t)
{
	km_child *c = t->data;

	if (c->sv->ending)
		return;
	if (is_over(c))
		c->used = false;
	else
		start(c);
}

static void restart(km_child *c)
{
	uint64_t lived = (km_clock_mono_ns() - c->started_ns) / 1000000u;

	km_shared_count(
		c->sv->sockets.shared, c->slot,
		is_single(c) ? singles[c->slot].restarts : KM_COUNTER_scanner_restarts_total, 1);
	c->quick_deaths =
		lived < QUICK_DEATH_MS && !c->ready && !c->draining ? c->quick_deaths + 1 : 0;
	if (c->quick_deaths < QUICK_DEATHS) {
		start(c);
		return;
	}
	km_error("%s %u dies at once, again and again; next try in %d s", c->role, c->slot,
		 BACKOFF_MS / 1000);
	(void)uv_timer_start(&c->again, on_again, BACKOFF_MS, 0);
}

static void child_closed(uv_handle_t *h)
{
	km_child *c = h->data;

	if (--c->open > 0)
		return;
	(void)close(c->channel);
	c->channel = -1;
	/* A scanner of an old generation is not started again: the new one is complete. */
	if (c->sv->ending || is_over(c)) {
		c->used = false;
		km_supervisor_stop_when_done(c->sv);
		return;
	}
	restart(c);
}

static void on_exit_of(uv_process_t *p, int64_t status, int signal)
{
	km_child *c = p->data;

	c->running = false;
	if (c->slot == KM_SLOT_KEEPER)
		km_shared_set_keeper(c->sv->sockets.shared, KM_KEEPER_GONE);
	if (signal || status || (!c->draining && !c->sv->ending))
		km_warn("%s %u ended (%s %lld)", c->role, c->slot, signal ? "signal" : "status",
			signal ? (long long)signal : (long long)status);
	blame(c);
	km_shared_left(c->sv->sockets.shared, c->slot);
	uv_close((uv_handle_t *)&c->process, child_closed);
	uv_close((uv_handle_t *)&c->poll, child_closed);
	km_supervisor_settle(c->sv);
	km_supervisor_stop_when_done(c->sv);
}

/* Nobody gets what is another's. */
static int or_null(const km_child *c, int fd, bool theirs)
{
	return fd >= 0 && theirs ? fd : c->sv->sockets.null;
}

static bool serves(const km_child *c, int listener)
{
	return served_by[listener] ? served_by[listener] == c->slot : km_child_is_scanner(c);
}

/* Nobody but the keeper can write what is learned; the signer has no part in it. */
static int learn_fd(const km_child *c)
{
	const km_sockets *k = &c->sv->sockets;

	return c->slot == KM_SLOT_KEEPER ? k->learn_fd
					 : or_null(c, k->learn_read_fd, km_child_is_scanner(c));
}

static int spawn(km_child *c, int theirs)
{
	km_supervisor *sv = c->sv;
	char title[32];
	int fds[KM_FD_END] = {
		sv->sockets.null,
		STDOUT_FILENO,
		STDERR_FILENO,
		[KM_FD_CHANNEL] = theirs,
		[KM_FD_SHARED] = sv->sockets.shared_fd,
		[KM_FD_CONF] = sv->settings.conf_fd,
		[KM_FD_PACK] = sv->settings.pack_fd,
		[KM_FD_DNS] = or_null(c, sv->settings.dns_fd, km_child_is_scanner(c)),
		[KM_FD_LEARN] = learn_fd(c),
	};
	uv_stdio_container_t stdio[KM_FD_END];
	char *args[] = { title, NULL };
	uv_process_options_t o = { .exit_cb = on_exit_of,
				   .file = "/proc/self/exe",
				   .args = args,
				   .cwd = sv->sockets.state_dir,
				   .stdio = stdio,
				   .stdio_count = KM_FD_END };

	km_role_title(c->role, c->slot, title, sizeof(title));
	for (int i = 0; i < KM_LISTENERS; i++)
		fds[KM_FD_LISTEN + i] = or_null(c, sv->sockets.listener[i].fd, serves(c, i));
	for (int i = 0; i < KM_FD_END; i++)
		stdio[i] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = fds[i] };
	return uv_spawn(&sv->loop, &c->process, &o);
}

static void start(km_child *c)
{
	km_supervisor *sv = c->sv;
	int pair[2];

	c->process.data = c->poll.data = c;
	c->generation = sv->generation;
	c->ready = c->draining = c->drained = false;
	c->silent = 0;
	c->beats = km_shared_beats(sv->sockets.shared, c->slot);
	c->started_ns = km_clock_mono_ns();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
		km_error("no socket pair: %s", strerror(errno));
		(void)uv_timer_start(&c->again, on_again, BACKOFF_MS, 0);
		return;
	}
	int rc = spawn(c, pair[1]);
	(void)close(pair[1]);
	if (rc != 0) {
		km_error("%s %u can not be started: %s", c->role, c->slot, uv_strerror(rc));
		(void)close(pair[0]);
		uv_close((uv_handle_t *)&c->process, NULL);
		(void)uv_timer_start(&c->again, on_again, BACKOFF_MS, 0);
		return;
	}
	c->channel = pair[0];
	c->running = true;
	c->open = 2;
	(void)uv_poll_init(&sv->loop, &c->poll, c->channel);
	(void)uv_poll_start(&c->poll, UV_READABLE, on_channel);
	for (unsigned partner = 0; partner < KM_SLOT_SCANNERS; partner++)
		if (c->slot == partner)
			link_all(sv, partner);
		else
			link_to(c, partner);
}

void km_children_start_scanners(km_supervisor *sv)
{
	unsigned wanted = sv->settings.scanners;

	for (unsigned i = KM_SLOT_SCANNERS; i < KM_MAX_SLOTS && wanted; i++) {
		km_child *c = &sv->child[i];
		if (c->used)
			continue;
		c->used = true;
		c->role = "scanner";
		start(c);
		wanted--;
	}
}

/*
 * A single role, as the settings want it: one that runs finishes what is under way and is started
 * again with the new ones, or ends for good.
 */
static void begin_single(km_supervisor *sv, unsigned slot)
{
	km_child *c = &sv->child[slot];

	if (!c->used && !singles[slot].wanted(sv))
		return;
	c->role = singles[slot].role;
	c->generation = sv->generation;
	if (c->used) {
		c->draining = true;
		c->ready = false;
		km_child_say(c, KM_WORD_QUIT);
		return;
	}
	c->used = true;
	start(c);
}

/* Those that run with settings from before, or (@only_new) those that these did not want. */
void km_children_begin_singles(km_supervisor *sv, bool only_new)
{
	for (unsigned slot = 0; slot < KM_SLOT_SCANNERS; slot++) {
		const km_child *c = &sv->child[slot];
		if (only_new ? !c->used : c->generation != sv->generation)
			begin_single(sv, slot);
	}
}

/* What scanners can count on; those of all generations. */
void km_children_tell_wanted(km_supervisor *sv)
{
	km_shared_set_signing(sv->sockets.shared, is_signing(sv));
	km_shared_set_guarding(sv->sockets.shared, is_guarding(sv));
}
