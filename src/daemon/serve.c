#include "daemon/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/poison.h"
#include "daemon/supervisor.h"
#include "net/listen.h"

enum {
	CHECK_MS = 1000, /* hung roles, watchdog */
	END_MS = 20000	 /* for roles to finish after SIGTERM */
};

static const char label[] = "komainu"; /* of the supervisor's lines in the log */

static bool is_running(const km_child *c)
{
	return c->running;
}

static bool is_running_scanner(const km_child *c)
{
	return c->running && km_child_is_scanner(c);
}

static bool is_unready(const km_child *c)
{
	return c->generation == c->sv->generation && !c->ready &&
	       (!km_child_is_scanner(c) || !c->draining);
}

static bool is_undrained(const km_child *c)
{
	return c->running && c->draining && !c->drained && km_child_is_scanner(c);
}

/* Once the new generation serves, the old one takes no more connections. */
static void drain_old(km_supervisor *sv)
{
	for (size_t i = 0; i < KM_MAX_SLOTS; i++) {
		km_child *c = &sv->child[i];
		if (!c->used || c->draining || c->generation == sv->generation)
			continue;
		c->draining = true;
		km_child_say(c, KM_WORD_DRAIN);
	}
}

static void announce(km_supervisor *sv)
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
		km_buf_fmt(&on, "%s %s%s, ", km_listener_names[i], name[i][0] ? "on " : "",
			   address[i]);
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
void km_supervisor_settle(km_supervisor *sv)
{
	if (sv->ending || km_children_count(sv, is_unready) > 0)
		return;
	if (sv->singles_stale) {
		sv->singles_stale = false;
		km_children_begin_singles(sv, false);
		if (km_children_count(sv, is_unready) > 0)
			return;
	}
	drain_old(sv);
	if (km_children_count(sv, is_undrained) == 0)
		announce(sv);
}

void km_supervisor_stop_when_done(km_supervisor *sv)
{
	if (!sv->ending)
		return;
	if (km_children_count(sv, is_running) == 0)
		uv_stop(&sv->loop);
	else if (km_children_count(sv, is_running_scanner) == 0)
		for (size_t i = 0; i < KM_SLOT_SCANNERS; i++) /* last: every record gets written */
			km_child_say(&sv->child[i], KM_WORD_QUIT);
}

/* KM_OK when the configuration can be read and there is room for its scanners. */
static km_status load_next(km_supervisor *sv, km_settings *fresh, km_err *err)
{
	km_status st = km_settings_load(sv->options->config, sv->options->state_dir, fresh, err);
	size_t taken = km_children_count(sv, km_child_is_scanner);

	if (st != KM_OK || taken + fresh->scanners <= KM_MAX_SLOTS - KM_SLOT_SCANNERS)
		return st;
	km_settings_free(fresh);
	return KM_FAIL(err, KM_LIMIT,
		       "%zu scanners of earlier configurations still serve their connections and "
		       "there is room for %d in all; reload again when some have ended",
		       taken, KM_MAX_SLOTS - KM_SLOT_SCANNERS);
}

static void reload(km_supervisor *sv)
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
	km_role_log_as(label, fresh.conf);
	sv->generation++;
	km_children_tell_wanted(sv);
	km_children_begin_singles(sv, true);
	km_children_start_scanners(sv);
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
static uint64_t lists_changed(const km_supervisor *sv)
{
	char lists[1100], keys[KM_KEY_DIR];

	(void)snprintf(lists, sizeof(lists), "%s/lists", sv->sockets.state_dir);
	if (km_key_dir(sv->settings.conf, sv->sockets.state_dir, keys, NULL) != KM_OK)
		return changed(lists);
	return changed(lists) + changed(keys);
}

/* New lists are taken up like a new configuration, once a whole second has seen no more of them. */
static void watch_lists(km_supervisor *sv)
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
	km_supervisor *sv = t->data;

	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		if (sv->child[i].running) {
			km_warn("%s %u does not end; killing it", sv->child[i].role,
				sv->child[i].slot);
			(void)uv_process_kill(&sv->child[i].process, SIGKILL);
		}
}

static void on_term(uv_signal_t *s, int number)
{
	km_supervisor *sv = s->data;

	(void)number;
	if (sv->ending)
		return;
	sv->ending = true;
	km_info("ending: what is under way is finished first");
	(void)sd_notify(0, "STOPPING=1");
	for (size_t i = KM_SLOT_SCANNERS; i < KM_MAX_SLOTS; i++)
		km_child_say(&sv->child[i], KM_WORD_QUIT);
	(void)uv_timer_start(&sv->deadline, on_deadline, END_MS, 0);
	km_supervisor_stop_when_done(sv);
}

static void check_child(km_child *c)
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
	km_supervisor *sv = t->data;

	(void)sd_notify(0, "WATCHDOG=1");
	if (!sv->ending)
		watch_lists(sv);
	for (size_t i = 0; i < KM_MAX_SLOTS; i++)
		if (sv->child[i].running)
			check_child(&sv->child[i]);
}

static void watch_signals(km_supervisor *sv)
{
	static const struct {
		size_t at;
		int number;
		uv_signal_cb run;
	} signals[] = {
		{ offsetof(km_supervisor, hup), SIGHUP, on_hup },
		{ offsetof(km_supervisor, term), SIGTERM, on_term },
		{ offsetof(km_supervisor, intr), SIGINT, on_term },
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

static void supervise(km_supervisor *sv)
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
	km_children_tell_wanted(sv);
	km_children_begin_singles(sv, true);
	km_children_start_scanners(sv);
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
	km_supervisor *sv = calloc(1, sizeof(*sv));
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
