/*
 * The scanner: parses and judges. Once it is sandboxed it can open no file but its spool, start no
 * program and connect nowhere but to DNS servers; it holds no key.
 */
#include "daemon/scanner.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/spool.h"
#include "daemon/learner.h"
#include "daemon/outgoing.h"
#include "daemon/sandbox.h"
#include "daemon/signing.h"
#include "daemon/virus.h"
#include "engine/replay.h"
#include "net/ubloop.h"

enum { SNAPSHOT_MAX = 64 * 1024 * 1024, PORTS = 64 };

static const km_front *const fronts[KM_LISTENERS] = {
	[KM_LISTEN_MILTER] = &km_front_milter,
	[KM_LISTEN_HTTP] = &km_front_http,
	[KM_LISTEN_SPAMD] = &km_front_spamd,
};

/* The front end in place @i, or NULL when it is off. */
static const km_front *front_at(const km_scanner *s, size_t i)
{
	return s->on[i] ? fronts[i] : NULL;
}

static bool is_socket(int fd)
{
	struct stat sb;

	return fstat(fd, &sb) == 0 && S_ISSOCK(sb.st_mode);
}

static km_ip address_of(const struct sockaddr *sa)
{
	km_ip ip = { .len = 0 };

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)sa;
		ip.len = sizeof(v4->sin_addr);
		memcpy(ip.b, &v4->sin_addr, sizeof(v4->sin_addr));
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)sa;
		bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
		ip.len = mapped ? 4 : sizeof(v6->sin6_addr);
		memcpy(ip.b, v6->sin6_addr.s6_addr + (mapped ? 12 : 0), ip.len);
	}
	return ip;
}

bool km_scanner_may_teach(const km_scanner *s, const struct sockaddr *client)
{
	const km_ip ip = address_of(client);

	/* Who may open a Unix socket is said by its file's rights. */
	return client->sa_family == AF_UNIX || (ip.len && km_trust_has_ip(&s->learners, &ip));
}

void km_scanner_count(km_scanner *s, km_counter which, int64_t by)
{
	km_shared_count(s->role->shared, s->role->slot, which, by);
}

static size_t count_open(const km_scanner *s)
{
	size_t open = 0;

	for (size_t i = 0; i < KM_LISTENERS; i++) {
		const km_front *f = front_at(s, i);
		open += f ? f->open(s) : 0;
	}
	return open;
}

bool km_scanner_overfull(const km_scanner *s)
{
	return count_open(s) > s->max_connections;
}

static void end_if_done(km_scanner *s)
{
	if (s->draining && count_open(s) == 0 && km_recorder_pending(s->shop.recorder) == 0)
		km_role_end(s->role);
}

void km_scanner_connection_gone(km_scanner *s)
{
	if (s->draining)
		end_if_done(s);
}

/* While draining, records may still be on their way when the last connection has gone. */
static void on_drained(uv_timer_t *t)
{
	end_if_done(t->data);
}

static void scanner_drain(km_role *r, bool quit)
{
	km_scanner *s = r->self;

	if (!s->draining)
		(void)uv_timer_start(&s->drained, on_drained, 50, 50);
	s->draining = true;
	s->quitting = s->quitting || quit;
	for (size_t i = 0; i < KM_LISTENERS; i++) {
		const km_front *f = front_at(s, i);
		if (f)
			f->drain(s, s->quitting);
	}
	end_if_done(s);
}

static void scanner_link(km_role *r, km_channel_word what, int fd)
{
	km_scanner *s = r->self;

	if (what == KM_WORD_SIGNER)
		km_signing_link(s->shop.signing, fd);
	else if (what == KM_WORD_LEARN)
		km_learner_link(s->shop.learner, fd);
	else if (what == KM_WORD_GUARD)
		km_outgoing_link(s->shop.outgoing, fd);
	else
		km_recorder_link(s->shop.recorder, fd);
}

static km_status load_snapshot(km_scanner *s, const char *path, km_err *err)
{
	km_file file;
	km_status st = km_file_open_fd(&file, KM_FD_DNS, path, SNAPSHOT_MAX, err);

	if (st == KM_OK)
		st = km_dns_snapshot_parse(file.bytes, path, &s->snapshot, err);
	km_file_close(&file);
	s->shop.answers.snapshot = s->snapshot;
	return st;
}

static km_status open_answers(km_scanner *s, km_err *err)
{
	const km_conf *c = s->role->conf;
	const char *path = km_conf_str(c, KM_KEY_DNS_SNAPSHOT);

	if (path[0])
		return load_snapshot(s, path, err);
	s->dns_loop = km_ubloop_new(&s->role->loop);
	if (s->dns_loop == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	return km_answers_resolver(c, s->dns_loop, &s->shop.answers.resolver, err);
}

/* Who may teach. */
static km_status open_learners(km_scanner *s, km_err *err)
{
	const char *path = km_conf_str(s->role->conf, KM_KEY_LEARN_PASSWORD_FILE);
	km_status st = km_trust_open(&s->learners, s->role->conf, KM_KEY_LEARN_NETWORKS, err);
	km_file file;
	km_sv line = { NULL, 0 };

	if (st != KM_OK || path[0] == '\0')
		return st;
	st = km_file_open(&file, path, sizeof(s->password) - 1, err);
	if (st != KM_OK)
		return st;
	km_sv rest = file.bytes;
	if (!km_sv_line(&rest, &line) || line.n == 0)
		st = KM_FAIL(err, KM_CONFIG, "learn.password_file: %s: its first line is empty",
			     path);
	else
		memcpy(s->password, line.p, line.n);
	km_file_close(&file);
	return st;
}

/* What the keeper learns is in force here without a word. */
static km_status map_learned(km_scanner *s, km_err *err)
{
	void *p = mmap(NULL, km_layers_area(), PROT_READ, MAP_SHARED, KM_FD_LEARN, 0);

	if (p == MAP_FAILED)
		return KM_FAIL(err, KM_IO, "the memory of the model can not be mapped: %s",
			       strerror(errno));
	s->learned = p;
	return km_kit_use_learned(&s->shop.kit, p, err);
}

/* Without them mail is judged all the same. */
static void open_replay(km_scanner *s)
{
	char path[1100];
	km_err err = { 0 };

	(void)snprintf(path, sizeof(path), "%s/replay", s->role->state_dir);
	if (km_replay_open(path, &s->replay, &err) != KM_OK)
		km_warn("DKIM replay is not looked for: %s", err.msg);
	s->shop.kit.replay = s->replay;
}

static km_status prepare(km_scanner *s, km_err *err)
{
	const km_conf *c = s->role->conf;
	km_shop *shop = &s->shop;

	*shop = (km_shop){
		.role = s->role,
		.recorder = km_recorder_new(&s->role->loop, s->role->shared),
		.learner = km_learner_new(&s->role->loop, s->role->shared),
		.lang = strcmp(km_conf_str(c, KM_KEY_LANGUAGE), "en") == 0 ? KM_EN : KM_JA,
		.accept_on_error = strcmp(km_conf_str(c, KM_KEY_POLICY_ON_ERROR), "accept") == 0,
		.max_message = (size_t)km_conf_int(c, KM_KEY_LIMITS_MESSAGE_SIZE),
		.max_waiting = (size_t)km_conf_int(c, KM_KEY_LIMITS_WAITING),
		.trusted_hops = (size_t)km_conf_int(c, KM_KEY_TRUSTED_HOPS),
	};
	s->packet_ms = (uint64_t)km_conf_int(c, KM_KEY_MILTER_PACKET_TIMEOUT);
	s->idle_ms = (uint64_t)km_conf_int(c, KM_KEY_MILTER_TIMEOUT);
	s->max_connections = (size_t)km_conf_int(c, KM_KEY_LIMITS_CONNECTIONS);
	if (shop->recorder == NULL || shop->learner == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = km_kit_open(&shop->kit, c, s->role->pack, err);
	if (st == KM_OK)
		st = km_kit_open_state(&shop->kit, s->role->state_dir, err);
	if (st == KM_OK)
		st = km_virus_new(&s->role->loop, c, &shop->virus, err);
	if (st == KM_OK)
		open_replay(s);
	if (st == KM_OK)
		st = map_learned(s, err);
	if (st == KM_OK)
		st = open_learners(s, err);
	if (st == KM_OK)
		st = km_signing_new(&s->role->loop, s->role->shared, c, &shop->signing, err);
	if (st == KM_OK)
		st = km_outgoing_new(&s->role->loop, s->role->shared, c, &shop->outgoing, err);
	return st == KM_OK ? open_answers(s, err) : st;
}

static km_status confine(const km_scanner *s, const char *spool, km_err *err)
{
	const km_resolver *resolver = s->shop.answers.resolver;
	uint16_t ports[PORTS];
	km_sandbox box = { .dir = spool, .ports = ports };
	const uint16_t *asked = NULL;

	box.n_ports = km_virus_ports(s->shop.virus, ports, &box.unix_streams);
	box.kind = resolver || box.n_ports ? KM_SANDBOX_ASKER : KM_SANDBOX_SCANNER;
	size_t n = resolver ? km_resolver_ports(resolver, &asked) : 0;
	for (size_t i = 0; i < n && box.n_ports < PORTS; i++)
		ports[box.n_ports++] = asked[i];
	return km_sandbox_enter(&box, err);
}

static km_status scanner_start(km_role *r, km_err *err)
{
	static char spool[1100];
	km_scanner *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	s->role = r;
	r->self = s;
	(void)uv_timer_init(&r->loop, &s->drained);
	s->drained.data = s;
	(void)snprintf(spool, sizeof(spool), "%s/spool", r->state_dir);
	if (mkdir(spool, 0700) != 0 && access(spool, W_OK) != 0)
		return KM_FAIL(err, KM_IO, "%s: can not be made", spool);
	km_spool_set_dir(spool);
	km_status st = prepare(s, err);
	for (int i = 0; i < KM_LISTENERS && st == KM_OK; i++)
		if ((s->on[i] = is_socket(KM_FD_LISTEN + i)))
			st = fronts[i]->start(s, KM_FD_LISTEN + i, err);
	return st == KM_OK ? confine(s, spool, err) : st;
}

static void scanner_stop(km_role *r)
{
	km_scanner *s = r->self;
	size_t lost = s->shop.recorder ? km_recorder_pending(s->shop.recorder) : 0;

	for (size_t i = 0; i < KM_LISTENERS; i++) {
		const km_front *f = front_at(s, i);
		if (f)
			f->stop(s);
	}
	km_recorder_stop(s->shop.recorder);
	km_learner_stop(s->shop.learner);
	km_signing_stop(s->shop.signing);
	km_outgoing_stop(s->shop.outgoing);
	km_virus_stop(s->shop.virus);
	km_resolver_free(s->shop.answers.resolver);
	if (lost == 0)
		return;
	km_error("%zu verdict records could not be written any more", lost);
	km_scanner_count(s, KM_COUNTER_records_lost_total, (int64_t)lost);
}

static void scanner_finish(km_role *r)
{
	km_scanner *s = r->self;

	if (s == NULL)
		return;
	for (size_t i = 0; i < KM_LISTENERS; i++)
		if (fronts[i])
			fronts[i]->finish(s);
	km_recorder_free(s->shop.recorder);
	km_learner_free(s->shop.learner);
	km_signing_free(s->shop.signing);
	km_outgoing_free(s->shop.outgoing);
	km_virus_free(s->shop.virus);
	km_job_close(&s->shop);
	km_kit_close(&s->shop.kit);
	km_replay_close(s->replay);
	if (s->learned)
		(void)munmap(s->learned, km_layers_area());
	km_trust_close(&s->learners);
	km_dns_snapshot_free(s->snapshot);
	km_ubloop_free(s->dns_loop);
	free(s);
}

const km_role_ops km_scanner_role = {
	.name = "scanner",
	.start = scanner_start,
	.link = scanner_link,
	.drain = scanner_drain,
	.stop = scanner_stop,
	.finish = scanner_finish,
};
