/*
 * daemon/role.h - what every role (scanner, keeper, …) begins with: its descriptors, configuration,
 * shared memory, event loop and its line to the supervisor.
 *
 * A role is this program started again in the state folder, under the name "komainu: NAME SLOT"
 * (which ps shows) and without arguments, with these descriptors:
 */
#ifndef KM_DAEMON_ROLE_H
#define KM_DAEMON_ROLE_H

#include <uv.h>

#include "conf/conf.h"
#include "daemon/serve.h"
#include "daemon/shared.h"
#include "policy/policy.h"

enum {
	KM_FD_CHANNEL = 3, /* SOCK_SEQPACKET to the supervisor: km_channel_* */
	KM_FD_SHARED,	   /* memory of daemon/shared.h */
	KM_FD_CONF,	   /* text of the configuration, as the supervisor checked it */
	KM_FD_PACK,	   /* text of the policy pack, likewise */
	KM_FD_DNS,	   /* text of the DNS snapshot, likewise; /dev/null without one */
	/* memory of learn/layers.h: the keeper writes it, scanners can only read it */
	KM_FD_LEARN,
	KM_FD_LISTEN, /* from here on by km_listener; /dev/null where switched off */
	KM_FD_END = KM_FD_LISTEN + KM_LISTENERS
};

/* One byte on the channel. */
typedef enum {
	KM_WORD_READY = 'r', /* role: initialised and sandboxed */
	/* supervisor: take no new connections, end when the last one has gone; role: I take none */
	KM_WORD_DRAIN = 'd',
	KM_WORD_QUIT = 'q', /* supervisor: finish what is under way, then end */
	/* supervisor: here is a socket to your partner (scanner - keeper); scanner: I need one */
	KM_WORD_LINK = 'l',
	KM_WORD_LEARN = 't',  /* the same for learning (daemon/learner.h) */
	KM_WORD_SIGNER = 's', /* the same between scanner and signer */
	KM_WORD_GUARD = 'g',  /* and between scanner and guard */
	KM_WORD_RUNNER = 'x'  /* and between courier and runner */
} km_channel_word;

/*
 * @fd: a descriptor to hand over, or -1. Never waits: false when the other side is gone, or hangs
 * and has not read for long.
 */
bool km_channel_send(int channel, km_channel_word what, int fd);
/* Next message without waiting; false when there is none or (*closed) the other side is gone. */
bool km_channel_receive(int channel, km_channel_word *what, int *fd, bool *closed);

typedef struct km_role km_role;

typedef struct {
	const char *name;
	km_status (*start)(km_role *r, km_err *err); /* everything before the sandbox is on */
	/* A line to the other side that @what means; takes @fd over. */
	void (*link)(km_role *r, km_channel_word what, int fd);
	void (*drain)(km_role *r, bool quit);
	/* The role is over: closes what is open; the loop then runs until all is closed. */
	void (*stop)(km_role *r);
	void (*finish)(km_role *r); /* after the loop has ended; r->self may be NULL */
} km_role_ops;

struct km_role {
	const km_role_ops *ops;
	unsigned slot;
	uv_loop_t loop;
	uv_poll_t channel;
	uv_timer_t beat, orphaned;
	bool orphan; /* the supervisor is gone */
	km_conf *conf;
	km_pack *pack;
	km_shared *shared;
	const char *state_dir;
	void *self; /* the role's own state */
};

/* "komainu: NAME SLOT", of @n bytes at most with its NUL. */
void km_role_title(const char *name, unsigned slot, char *out, size_t n);
/* Reads such a title; false for all other names of a program. *name lives in @title. */
bool km_role_title_parse(const char *title, km_sv *name, unsigned *slot);
/* Runs role @name in @slot until it ends; returns the exit status (sysexits). */
int km_role_main(km_sv name, unsigned slot);
/* From now on this process logs as @label (which must live on), as much as log.level says. */
void km_role_log_as(const char *label, const km_conf *conf);
/* Ends the role: the loop stops once its handles are closed. */
void km_role_end(km_role *r);

extern const km_role_ops km_scanner_role, km_keeper_role, km_signer_role, km_courier_role,
	km_guard_role, km_runner_role;

#endif
