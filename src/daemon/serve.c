#include "daemon/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/poison.h"
#include "daemon/role.h"
#include "daemon/setup.h"
#include "daemon/telling.h"
#include "net/listen.h"

enum {
	CHECK_MS = 1000, /* hung roles, watchdog */
	END_MS = 20000,	 /* for roles to finish after SIGTERM */
	QUICK_DEATH_MS = 1000,
	QUICK_DEATHS = 3, /* this many in a row make the supervisor wait before the next start */
	BACKOFF_MS = 2000
};

static const char label[] = "komainu"; /* of the supervisor's lines in the log */

typedef struct supervisor supervisor;

typedef struct {
	supervisor *sv;
	uv_process_t process;
	uv_poll_t poll;
	uv_timer_t again; /* start after a pause */
	const char *role;
	unsigned slot;
	unsigned generation;
	int channel; /* our end, or -1 */
	bool used, running, ready;
	bool draining, drained; /* told to take no new connections; has said that it takes none */
	uint64_t started_ns, beats;
	unsigned silent; /* checks without a new beat */
	unsigned quick_deaths;
	int open; /* handles not yet closed */
} child;

struct supervisor {
	uv_loop_t loop;
	const km_serve_options *options;
	km_settings settings;
	km_sockets sockets;
	child child[KM_MAX_SLOTS];
	unsigned generation;		 /* from 1; a reload begins the next */
	unsigned announced;		 /* the last one that was said to serve */
	uint64_t lists_seen, lists_used; /* when the lists changed, as last seen and as in force */
	bool singles_stale;		 /* they run with the settings before */
	bool ending;
	uv_signal_t hup, term, intr;
	uv_timer_t check, deadline;
};

static void start(child *c);
static void begin_singles(supervisor *sv, bool only_new);

static bool always(const supervisor *sv)
{
	(void)sv;
	return true;
}

static bool is_signing(const supervisor *sv)
{
	return sv->settings.signing;
}

static bool is_guarding(const supervisor *sv)
{
	return sv->sockets.guarding;
}

static bool is_telling(const supervisor *sv)
{
	return km_telling_wanted(sv->settings.conf);
}

static bool is_running_programs(const supervisor *sv)
{
	return km_telling_hooked(sv->settings.conf);
}

/* Roles of which there is one, each in the place of its row; scanners have the places after them.
 */
enum { KEEPER, SIGNER, GUARD, COURIER, RUNNER, FIRST_SCANNER };

static const struct {
	const char *role;
	bool (*wanted)(const supervisor *sv);
	km_counter restarts;
} singles[FIRST_SCANNER] = {
	[KEEPER] = { "keeper", always, KM_COUNTER_keeper_restarts_total },
	[SIGNER] = { "signer", is_signing, KM_COUNTER_signer_restarts_total },
	[GUARD] = { "guard", is_guarding, KM_COUNTER_guard_restarts_total },
	[COURIER] = { "courier", is_telling, KM_COUNTER_courier_restarts_total },
	[RUNNER] = { "runner", is_running_programs, KM_COUNTER_runner_restarts_total },
};

/* Who serves a listener that is not the scanners'. */
static const unsigned served_by[KM_LISTENERS] = {
	[KM_LISTEN_POLICY] = GUARD, [KM_LISTEN_GUARD] = GUARD
};

static bool is_scanner(const child *c)
{
	return c->slot >= FIRST_SCANNER;
}

/* What of a new generation takes an old one's place, rather than serving beside it. */
static bool is_single(const child *c)
{
	return !is_scanner(c);
}

/* Who has lines, and to whom: the scanners, or one of the others. */
static const struct {
	km_channel_word what;
	unsigned from, partner;
} lines[] = {
	{ KM_WORD_LINK, FIRST_SCANNER, KEEPER },   { KM_WORD_LEARN, FIRST_SCANNER, KEEPER },
	{ KM_WORD_SIGNER, FIRST_SCANNER, SIGNER }, { KM_WORD_GUARD, FIRST_SCANNER, GUARD },
	{ KM_WORD_RUNNER, COURIER, RUNNER },
};

static bool has_line(const child *c, size_t i)
{
	return is_scanner(c) ? lines[i].from == FIRST_SCANNER : lines[i].from == c->slot;
}

/* Two talk over a socket pair that only they hold. */
static void draw_line(child *c, km_channel_word what, unsigned partner)
{
	child *other = &c->sv->child[partner];
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

static void link_to(child *c, unsigned partner)
{
	for (size_t i = 0; i < KM_COUNT(lines); i++)
		if (lines[i].partner == partner && has_line(c, i))
			draw_line(c, lines[i].what, partner);
}

static void link_all(supervisor *sv, unsigned partner)
{
	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		if (sv->child[i].used)
			link_to(&sv->child[i], partner);
}

static size_t count(const supervisor *sv, bool (*is)(const child *))
{
	size_t n = 0;

	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		n += sv->child[i].used && is(&sv->child[i]);
	return n;
}

static bool is_running(const child *c)
{
	return c->running;
}

static bool is_running_scanner(const child *c)
{
	return c->running && is_scanner(c);
}

static bool is_unready(const child *c)
{
	return c->generation == c->sv->generation && !c->ready && (is_single(c) || !c->draining);
}

static bool is_undrained(const child *c)
{
	return c->running && c->draining && !c->drained && is_scanner(c);
}

static void say(child *c, km_channel_word what)
{
	if (c->running)
		(void)km_channel_send(c->channel, what, -1);
}

/* Once the new generation serves, the old one takes no more connections. */
static void drain_old(supervisor *sv)
{
	for (size_t i = 0; i < KM_MAX_SLOTS; i++) {
		child *c = &sv->child[i];
		if (!c->used || c->draining || c->generation == sv->generation)
			continue;
		c->draining = true;
		say(c, KM_WORD_DRAIN);
	}
}

static void announce(supervisor *sv)
{
	char name[KM_LISTENERS][128];
	const char *address[KM_LISTENERS];
	km_buf on;

	if (sv->announced == sv->generation)
		return;
	sv->announced = sv->generation;
	if (sv->generation > 1) {
		km_info("the new configuration is in force");
		(void)sd_notify(0, "READY=1");
		return;
	}
	(void)sd_notify(0, "READY=1");
	km_buf_init(&on, NULL, 1024);
	for (size_t i = 0; i < KM_LISTENERS; i++) {
		(void)km_listen_name(sv->sockets.listener[i].fd, name[i]);
		address[i] = name[i][0] ? name[i] : "off";
		km_buf_fmt(&on, "%s on %s, ", km_listener_names[i], address[i]);
	}
	km_info("ready: %.*sstate in %s", KM_FMT(km_buf_sv(&on)), sv->sockets.state_dir);
	km_buf_finish(&on);
	if (sv->options->ready)
		sv->options->ready(sv->options->ctx, address);
}

/*
 * New settings are in force once the new generation serves and no old one takes connections. The
 * single roles begin anew only when the new scanners are ready: records wait for them meanwhile,
 * and that must not take as long as all scanners take to start together.
 */
static void settle(supervisor *sv)
{
	if (sv->ending || count(sv, is_unready) > 0)
		return;
	if (sv->singles_stale) {
		sv->singles_stale = false;
		begin_singles(sv, false);
		if (count(sv, is_unready) > 0)
			return;
	}
	drain_old(sv);
	if (count(sv, is_undrained) == 0)
		announce(sv);
}

/* One has lost its line. */
static void link_again(child *c, km_channel_word what)
{
	for (size_t i = 0; i < KM_COUNT(lines); i++)
		if (lines[i].what == what && has_line(c, i))
			draw_line(c, what, lines[i].partner);
}

static void on_channel(uv_poll_t *p, int status, int events)
{
	child *c = p->data;
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
		settle(c->sv);
	}
	if (closed || status != 0)
		(void)uv_poll_stop(p);
}

static void stop_when_done(supervisor *sv)
{
	if (!sv->ending)
		return;
	if (count(sv, is_running) == 0)
		uv_stop(&sv->loop);
	else if (count(sv, is_running_scanner) == 0)
		for (size_t i = 0; i < FIRST_SCANNER; i++) /* last: every record gets written */
			say(&sv->child[i], KM_WORD_QUIT);
}

static void blame(child *c)
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
static bool is_over(const child *c)
{
	return is_single(c) ? !singles[c->slot].wanted(c->sv) : c->generation != c->sv->generation;
}

static void on_again(uv_timer_t *t)
{
	child *c = t->data;

	if (c->sv->ending)
		return;
	if (is_over(c))
		c->used = false;
	else
		start(c);
}

static void restart(child *c)
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
	child *c = h->data;

	if (--c->open > 0)
		return;
	(void)close(c->channel);
	c->channel = -1;
	/* A scanner of an old generation is not started again: the new one is complete. */
	if (c->sv->ending || is_over(c)) {
		c->used = false;
		stop_when_done(c->sv);
		return;
	}
	restart(c);
}

static void on_exit_of(uv_process_t *p, int64_t status, int signal)
{
	child *c = p->data;

	c->running = false;
	if (c->slot == KEEPER)
		km_shared_set_keeper(c->sv->sockets.shared, KM_KEEPER_GONE);
	if (signal || status || (!c->draining && !c->sv->ending))
		km_warn("%s %u ended (%s %lld)", c->role, c->slot, signal ? "signal" : "status",
			signal ? (long long)signal : (long long)status);
	blame(c);
	km_shared_left(c->sv->sockets.shared, c->slot);
	uv_close((uv_handle_t *)&c->process, child_closed);
	uv_close((uv_handle_t *)&c->poll, child_closed);
	settle(c->sv);
	stop_when_done(c->sv);
}

/* Nobody gets what is another's. */
static int or_null(const child *c, int fd, bool theirs)
{
	return fd >= 0 && theirs ? fd : c->sv->sockets.null;
}

static bool serves(const child *c, int listener)
{
	return served_by[listener] ? served_by[listener] == c->slot : is_scanner(c);
}

/* Nobody but the keeper can write what is learned; the signer has no part in it. */
static int learn_fd(const child *c)
{
	const km_sockets *k = &c->sv->sockets;

	return c->slot == KEEPER ? k->learn_fd : or_null(c, k->learn_read_fd, is_scanner(c));
}

static int spawn(child *c, int theirs)
{
	supervisor *sv = c->sv;
	char title[32];
	int fds[KM_FD_END] = {
		sv->sockets.null,
		STDOUT_FILENO,
		STDERR_FILENO,
		[KM_FD_CHANNEL] = theirs,
		[KM_FD_SHARED] = sv->sockets.shared_fd,
		[KM_FD_CONF] = sv->settings.conf_fd,
		[KM_FD_PACK] = sv->settings.pack_fd,
		[KM_FD_DNS] = or_null(c, sv->settings.dns_fd, is_scanner(c)),
		[KM_FD_WORDS] = or_null(c, sv->settings.words_fd, is_scanner(c)),
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

static void start(child *c)
{
	supervisor *sv = c->sv;
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
	for (unsigned partner = 0; partner < FIRST_SCANNER; partner++)
		if (c->slot == partner)
			link_all(sv, partner);
		else
			link_to(c, partner);
}

static void start_scanners(supervisor *sv)
{
	unsigned wanted = sv->settings.scanners;

	for (unsigned i = FIRST_SCANNER; i < KM_MAX_SLOTS && wanted; i++) {
		child *c = &sv->child[i];
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
static void begin_single(supervisor *sv, unsigned slot)
{
	child *c = &sv->child[slot];

	if (!c->used && !singles[slot].wanted(sv))
		return;
	c->role = singles[slot].role;
	c->generation = sv->generation;
	if (c->used) {
		c->draining = true;
		c->ready = false;
		say(c, KM_WORD_QUIT);
		return;
	}
	c->used = true;
	start(c);
}

/* Those that run with settings from before, or (@only_new) those that these did not want. */
static void begin_singles(supervisor *sv, bool only_new)
{
	for (unsigned slot = 0; slot < FIRST_SCANNER; slot++) {
		const child *c = &sv->child[slot];
		if (only_new ? !c->used : c->generation != sv->generation)
			begin_single(sv, slot);
	}
}

/* What scanners can count on; those of all generations. */
static void tell_wanted(supervisor *sv)
{
	km_shared_set_signing(sv->sockets.shared, is_signing(sv));
	km_shared_set_guarding(sv->sockets.shared, is_guarding(sv));
}

/* KM_OK when the configuration can be read and there is room for its scanners. */
static km_status load_next(supervisor *sv, km_settings *fresh, km_err *err)
{
	km_status st = km_settings_load(sv->options->config, sv->options->state_dir, fresh, err);
	size_t taken = count(sv, is_scanner);

	if (st != KM_OK || taken + fresh->scanners <= KM_MAX_SLOTS - FIRST_SCANNER)
		return st;
	km_settings_free(fresh);
	return KM_FAIL(err, KM_LIMIT,
		       "%zu scanners of earlier configurations still serve their connections and "
		       "there is room for %d in all; reload again when some have ended",
		       taken, KM_MAX_SLOTS - FIRST_SCANNER);
}

static void reload(supervisor *sv)
{
	km_settings fresh;
	km_err err = { 0 };

	if (sv->ending) {
		km_warn("no reload any more: ending");
		return;
	}
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
			 (unsigned long long)(km_clock_mono_ns() / 1000u));
	if (load_next(sv, &fresh, &err) != KM_OK) {
		km_error("reload refused, the old configuration stays: %s", err.msg);
		(void)sd_notify(0, "READY=1");
		return;
	}
	km_info("reloading");
	km_settings_warn_fixed(&sv->settings, &fresh);
	km_settings_free(&sv->settings);
	sv->settings = fresh;
	km_settings_keep_words(&sv->settings, sv->sockets.state_dir);
	km_role_log_as(label, fresh.conf);
	sv->generation++;
	tell_wanted(sv);
	begin_singles(sv, true);
	start_scanners(sv);
	sv->singles_stale = true;
}

static void on_hup(uv_signal_t *s, int number)
{
	(void)number;
	reload(s->data);
}

/* When the folder was changed last, in nanoseconds; 0 without one. */
static uint64_t changed(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0
		       ? (uint64_t)sb.st_mtim.tv_sec * 1000000000u + (uint64_t)sb.st_mtim.tv_nsec
		       : 0;
}

/* The same of the folders of lists and of keys together. */
static uint64_t lists_changed(const supervisor *sv)
{
	char lists[1100], keys[KM_KEY_DIR];

	(void)snprintf(lists, sizeof(lists), "%s/lists", sv->sockets.state_dir);
	if (km_key_dir(sv->settings.conf, sv->sockets.state_dir, keys, NULL) != KM_OK)
		return changed(lists);
	return changed(lists) + changed(keys);
}

/* New lists are taken up like a new configuration, once a whole second has seen no more of them. */
static void watch_lists(supervisor *sv)
{
	uint64_t now = lists_changed(sv);
	bool settled = now == sv->lists_seen;

	sv->lists_seen = now;
	if (!settled || now == sv->lists_used)
		return;
	sv->lists_used = now;
	km_info("the lists or keys have changed");
	reload(sv);
}

static void on_deadline(uv_timer_t *t)
{
	supervisor *sv = t->data;

	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		if (sv->child[i].running) {
			km_warn("%s %u does not end; killing it", sv->child[i].role,
				sv->child[i].slot);
			(void)uv_process_kill(&sv->child[i].process, SIGKILL);
		}
}

static void on_term(uv_signal_t *s, int number)
{
	supervisor *sv = s->data;

	(void)number;
	if (sv->ending)
		return;
	sv->ending = true;
	km_info("ending: what is under way is finished first");
	(void)sd_notify(0, "STOPPING=1");
	for (size_t i = FIRST_SCANNER; i < KM_MAX_SLOTS; i++)
		say(&sv->child[i], KM_WORD_QUIT);
	(void)uv_timer_start(&sv->deadline, on_deadline, END_MS, 0);
	stop_when_done(sv);
}

static void check_child(child *c)
{
	uint64_t beats = km_shared_beats(c->sv->sockets.shared, c->slot);

	int64_t limit = km_conf_int(c->sv->settings.conf, KM_KEY_SCANNER_HANG) / CHECK_MS;

	c->silent = beats == c->beats ? c->silent + 1 : 0;
	c->beats = beats;
	if (c->silent < limit)
		return;
	km_error("%s %u gave no sign of life for %u s; killing it", c->role, c->slot, c->silent);
	c->silent = 0;
	(void)uv_process_kill(&c->process, SIGKILL);
}

static void on_check(uv_timer_t *t)
{
	supervisor *sv = t->data;

	(void)sd_notify(0, "WATCHDOG=1");
	if (!sv->ending)
		watch_lists(sv);
	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		if (sv->child[i].running)
			check_child(&sv->child[i]);
}

static void watch_signals(supervisor *sv)
{
	static const struct {
		size_t at;
		int number;
		uv_signal_cb run;
	} signals[] = {
		{ offsetof(supervisor, hup), SIGHUP, on_hup },
		{ offsetof(supervisor, term), SIGTERM, on_term },
		{ offsetof(supervisor, intr), SIGINT, on_term },
	};

	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < KM_COUNT(signals); i++) {
		uv_signal_t *s = (uv_signal_t *)((char *)sv + signals[i].at);
		(void)uv_signal_init(&sv->loop, s);
		s->data = sv;
		(void)uv_signal_start(s, signals[i].run, signals[i].number);
	}
	(void)uv_timer_init(&sv->loop, &sv->check);
	(void)uv_timer_init(&sv->loop, &sv->deadline);
	sv->check.data = sv->deadline.data = sv;
	(void)uv_timer_start(&sv->check, on_check, CHECK_MS, CHECK_MS);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static void supervise(supervisor *sv)
{
	watch_signals(sv);
	for (unsigned i = 0; i < KM_MAX_SLOTS; i++) {
		sv->child[i].sv = sv;
		sv->child[i].slot = i;
		sv->child[i].channel = -1;
		(void)uv_timer_init(&sv->loop, &sv->child[i].again);
		sv->child[i].again.data = &sv->child[i];
	}
	km_poison_load(sv->sockets.shared, sv->sockets.state_dir);
	sv->generation = 1;
	sv->lists_seen = sv->lists_used = lists_changed(sv);
	tell_wanted(sv);
	begin_singles(sv, true);
	start_scanners(sv);
	(void)uv_run(&sv->loop, UV_RUN_DEFAULT);
	uv_walk(&sv->loop, close_handle, NULL);
	(void)uv_run(&sv->loop, UV_RUN_DEFAULT);
}

/* Each scanner may hold limits.connections; the usual soft limit of 1024 is for select(2). */
static void raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

km_status km_serve(const km_serve_options *options, km_err *err)
{
	supervisor *sv = calloc(1, sizeof(*sv));
	km_status st;

	if (sv == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	sv->options = options;
	raise_descriptors();
	st = km_settings_load(options->config, options->state_dir, &sv->settings, err);
	if (st == KM_OK)
		km_files_raise(&sv->settings);
	if (st == KM_OK)
		km_role_log_as(label, sv->settings.conf);
	if (st == KM_OK)
		st = km_sockets_open(&sv->settings, options->state_dir, &sv->sockets, err);
	if (st == KM_OK) {
		st = km_settings_check_keys(&sv->settings, sv->sockets.state_dir, err);
		km_settings_keep_words(&sv->settings, sv->sockets.state_dir);
		if (st == KM_OK && uv_loop_init(&sv->loop) == 0) {
			supervise(sv);
			(void)uv_loop_close(&sv->loop);
		}
		km_sockets_close(&sv->sockets);
	}
	km_settings_free(&sv->settings);
	free(sv);
	return st;
}
