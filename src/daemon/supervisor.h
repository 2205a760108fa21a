/*
 * daemon/supervisor.h - what serve.c (when to begin, reload and end) and children.c (the processes
 * of the roles) share. Nobody else includes it.
 */
#ifndef KM_DAEMON_SUPERVISOR_H
#define KM_DAEMON_SUPERVISOR_H

#include <uv.h>

#include "daemon/role.h"
#include "daemon/serve.h"
#include "daemon/setup.h"

/* Roles of which there is one, each in its place; scanners have the places after them. */
enum {
	KM_SLOT_KEEPER,
	KM_SLOT_SIGNER,
	KM_SLOT_GUARD,
	KM_SLOT_COURIER,
	KM_SLOT_RUNNER,
	KM_SLOT_SCANNERS
};

typedef struct km_supervisor km_supervisor;

typedef struct {
	km_supervisor *sv;
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
} km_child;

struct km_supervisor {
	uv_loop_t loop;
	const km_serve_options *options;
	km_settings settings;
	km_sockets sockets;
	km_child child[KM_MAX_SLOTS];
	unsigned generation;		 /* from 1; a reload begins the next */
	unsigned announced;		 /* the last one that was said to serve */
	uint64_t lists_seen, lists_used; /* when the lists changed, as last seen and as in force */
	bool singles_stale;		 /* they run with the settings before */
	bool ending;
	uv_signal_t hup, term, intr;
	uv_timer_t check, deadline;
};

/* --- children.c --- */

bool km_child_is_scanner(const km_child *c);
void km_child_say(km_child *c, km_channel_word what);
size_t km_children_count(const km_supervisor *sv, bool (*is)(const km_child *));
/* As many as the settings want, beside those of earlier generations. */
void km_children_start_scanners(km_supervisor *sv);
/* Single roles that run with settings from before, or (@only_new) those that these did not want. */
void km_children_begin_singles(km_supervisor *sv, bool only_new);
/* What scanners can count on; those of all generations. */
void km_children_tell_wanted(km_supervisor *sv);

/* --- serve.c, told by children.c --- */

/* A child is ready, drained, or gone: perhaps new settings are in force now. */
void km_supervisor_settle(km_supervisor *sv);
void km_supervisor_stop_when_done(km_supervisor *sv);

#endif
