#include "daemon/role.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/sandbox.h"
#include "net/turn.h"

enum {
	BEAT_MS = 1000,
	ORPHAN_MS = 20000, /* for a role to finish when its supervisor was killed */
	TEXT_MAX = 16 * 1024 * 1024
};

static const char title_prefix[] = "komainu: ";

static const km_role_ops *const roles[] = { &km_scanner_role, &km_keeper_role,	&km_signer_role,
					    &km_guard_role,   &km_courier_role, &km_runner_role };

static const struct {
	const char *word;
	km_log_level level;
} levels[] = {
	{ "error", KM_LOG_ERROR },
	{ "warn", KM_LOG_WARN },
	{ "info", KM_LOG_INFO },
	{ "debug", KM_LOG_DEBUG },
};

static km_status load(km_role *r, km_err *err)
{
	km_file text;
	km_status st = km_file_open_fd(&text, KM_FD_CONF, "configuration", TEXT_MAX, err);

	if (st == KM_OK)
		st = km_conf_parse(text.bytes, "configuration", &r->conf, err);
	km_file_close(&text);
	if (st != KM_OK)
		return st;
	st = km_file_open_fd(&text, KM_FD_PACK, "policy", TEXT_MAX, err);
	if (st == KM_OK)
		st = km_pack_parse(text.bytes, "policy", &r->pack, err);
	km_file_close(&text);
	return st == KM_OK ? km_shared_map(KM_FD_SHARED, &r->shared, err) : st;
}

void km_role_log_as(const char *label, const km_conf *conf)
{
	const char *word = km_conf_str(conf, KM_KEY_LOG_LEVEL);

	for (size_t i = 0; i < KM_COUNT(levels); i++)
		if (strcmp(levels[i].word, word) == 0)
			km_log_init(label, levels[i].level);
}

static void on_orphaned(uv_timer_t *t)
{
	km_role_end(t->data);
}

static void on_channel(uv_poll_t *p, int status, int events)
{
	km_role *r = p->data;
	bool closed = status < 0;
	km_channel_word what;
	int fd;

	(void)events;
	while (km_channel_receive(KM_FD_CHANNEL, &what, &fd, &closed)) {
		if (fd >= 0) {
			r->ops->link(r, what, fd);
		} else if (what == KM_WORD_DRAIN || what == KM_WORD_QUIT) {
			r->ops->drain(r, what == KM_WORD_QUIT);
			(void)km_channel_send(KM_FD_CHANNEL, KM_WORD_DRAIN, -1);
		}
	}
	if (closed) { /* the supervisor is gone: nobody would start or stop us any more */
		(void)uv_poll_stop(p);
		r->orphan = true;
		(void)uv_timer_start(&r->orphaned, on_orphaned, ORPHAN_MS, 0);
		r->ops->drain(r, true);
	}
}

static void on_beat(uv_timer_t *t)
{
	km_role *r = t->data;

	km_shared_beat(r->shared, r->slot);
}

static void watch(km_role *r)
{
	(void)uv_poll_init(&r->loop, &r->channel, KM_FD_CHANNEL);
	(void)uv_timer_init(&r->loop, &r->beat);
	(void)uv_timer_init(&r->loop, &r->orphaned);
	r->channel.data = r->beat.data = r->orphaned.data = r;
	(void)uv_poll_start(&r->channel, UV_READABLE, on_channel);
	(void)uv_timer_start(&r->beat, on_beat, 0, BEAT_MS);
	/* A role lives as long as it has something to do, not because it is watched. */
	uv_unref((uv_handle_t *)&r->beat);
}

static void close_handle(uv_handle_t *h, void *arg)
{
	(void)arg;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

void km_role_end(km_role *r)
{
	uv_stop(&r->loop);
}

/* Owners close theirs first, so that what hangs on a handle is freed with it. */
static void close_all(km_role *r)
{
	if (r->self)
		r->ops->stop(r);
	uv_walk(&r->loop, close_handle, NULL);
	while (uv_run(&r->loop, UV_RUN_DEFAULT) != 0)
		; /* a callback had stopped it */
	(void)uv_loop_close(&r->loop);
}

static int run(km_role *r)
{
	km_err err = { 0 };
	km_status st = load(r, &err);
	static char label[32]; /* the log keeps a pointer to it */

	if (st == KM_OK) {
		(void)snprintf(label, sizeof(label), "%s %u", r->ops->name, r->slot);
		km_role_log_as(label, r->conf);
		watch(r);
		st = r->ops->start(r, &err);
	}
	if (st == KM_OK && !km_channel_send(KM_FD_CHANNEL, KM_WORD_READY, -1))
		st = KM_FAIL(&err, KM_IO, "the supervisor is gone");
	if (st != KM_OK) {
		km_error("%s", err.msg);
		return km_status_sysexit(st);
	}
	(void)uv_run(&r->loop, UV_RUN_DEFAULT);
	return EX_OK;
}

void km_role_title(const char *name, unsigned slot, char *out, size_t n)
{
	(void)snprintf(out, n, "%s%s %u", title_prefix, name, slot);
}

bool km_role_title_parse(const char *title, km_sv *name, unsigned *slot)
{
	km_sv v = km_sv_of(title);
	uint64_t x;

	if (!km_sv_starts(v, km_sv_of(title_prefix)))
		return false;
	v = km_sv_from(v, strlen(title_prefix));
	size_t space = km_sv_chr(v, ' ', 0);
	*name = km_sv_sub(v, 0, space);
	if (!km_sv_u64(km_sv_from(v, space + 1), &x) || x >= KM_MAX_SLOTS)
		return false;
	*slot = (unsigned)x;
	return true;
}

/* What top shows, which knows 15 letters. */
static void name_process(const char *name)
{
	char comm[16];

	(void)snprintf(comm, sizeof(comm), "komainu:%s", name);
	(void)prctl(PR_SET_NAME, comm);
}

int km_role_main(km_sv name, unsigned slot)
{
	km_role r = { .slot = slot };
	km_turn turn;
	char dir[PATH_MAX];

	km_log_init("komainu", KM_LOG_INFO);
	for (size_t i = 0; i < KM_COUNT(roles); i++)
		if (km_sv_eq(km_sv_of(roles[i]->name), name))
			r.ops = roles[i];
	if (r.ops == NULL || fcntl(KM_FD_PACK, F_GETFD) < 0) {
		km_error("roles are started by `komainu serve` only");
		return EX_USAGE;
	}
	r.state_dir = getcwd(dir, sizeof(dir));
	if (r.state_dir == NULL) {
		km_error("the state folder is gone: %s", strerror(errno));
		return EX_IOERR;
	}
	name_process(r.ops->name);
	for (int fd = KM_FD_CHANNEL; fd < KM_FD_END; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Whatever the supervisor's own parent left open is no business of ours. */
	(void)close_range(KM_FD_END, ~0u, 0);
	(void)signal(SIGPIPE, SIG_IGN);
	/*
	 * Ctrl-C reaches the whole process group, and systemd's stop the whole control group; only
	 * the supervisor decides when roles end.
	 */
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	if (uv_loop_init(&r.loop) != 0)
		return EX_OSERR;
	km_turn_begin(&turn, &r.loop);
	int rc = run(&r);
	close_all(&r);
	r.ops->finish(&r);
	km_conf_free(r.conf);
	km_pack_free(r.pack);
	return rc;
}
