#include "daemon/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "daemon/guard_conf.h"
#include "daemon/keyring.h"
#include "daemon/permit.h"
#include "daemon/sandbox.h"
#include "daemon/subject.h"
#include "daemon/telling.h"
#include "daemon/virus.h"
#include "dns/snapshot.h"
#include "engine/answers.h"
#include "engine/kit.h"
#include "net/listen.h"
#include "policy/policy.h"

enum { TEXT_MAX = 16 * 1024 * 1024, SNAPSHOT_MAX = 64 * 1024 * 1024 };

/* Open files of a scanner besides its connections: spools of large messages, its own. */
enum { SPARE_FILES = 1000 };

/* Longest name of a unix socket (unix(7)). */
enum { SOCKET_NAME_MAX = 107 };

const char *const km_listener_names[KM_LISTENERS] = {
	[KM_LISTEN_MILTER] = "milter", [KM_LISTEN_HTTP] = "http",   [KM_LISTEN_SPAMD] = "spamd",
	[KM_LISTEN_POLICY] = "policy", [KM_LISTEN_GUARD] = "guard",
};

/* The guard's socket has its place: who may write in the state folder may use it. */
static const km_conf_key listener_keys[KM_LISTENERS] = {
	[KM_LISTEN_MILTER] = KM_KEY_LISTEN_MILTER, [KM_LISTEN_HTTP] = KM_KEY_LISTEN_HTTP,
	[KM_LISTEN_SPAMD] = KM_KEY_LISTEN_SPAMD,   [KM_LISTEN_POLICY] = KM_KEY_LISTEN_POLICY,
	[KM_LISTEN_GUARD] = KM_KEY_COUNT,
};

/* A sealed copy: what was checked is what every role reads, whatever becomes of the file. */
static int sealed_copy(const char *name, km_sv text)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (write(fd, text.p, text.n) != (ssize_t)text.n || lseek(fd, 0, SEEK_SET) != 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static km_status load_conf(const char *path, km_settings *s, km_err *err)
{
	km_file text = { .bytes = KM_SV("") };
	km_status st = path ? km_file_open(&text, path, TEXT_MAX, err) : KM_OK;

	if (st == KM_OK)
		st = km_conf_parse(text.bytes, path ? path : "built-in defaults", &s->conf, err);
	if (st == KM_OK && (s->conf_fd = sealed_copy("komainu-conf", text.bytes)) < 0)
		st = KM_FAIL(err, KM_IO, "no memory for the configuration");
	km_file_close(&text);
	return st;
}

/* What the scanners will open from it. */
static km_status check_kit(const km_settings *s, const km_pack *pack, km_err *err)
{
	km_kit kit;
	km_status st = km_kit_open(&kit, s->conf, pack, err);

	if (st == KM_OK)
		km_kit_close(&kit);
	return st;
}

static km_status load_pack(km_settings *s, km_err *err)
{
	const char *path = km_conf_str(s->conf, KM_KEY_POLICY_PACK);
	km_file file = { .bytes = KM_SV("") };
	km_sv text = km_pack_builtin();
	km_pack *pack = NULL;
	km_status st = KM_OK;

	if (path[0]) {
		st = km_file_open(&file, path, TEXT_MAX, err);
		text = file.bytes;
	}
	if (st == KM_OK)
		st = km_pack_parse(text, path[0] ? path : "built-in policy", &pack, err);
	if (st == KM_OK && (s->pack_fd = sealed_copy("komainu-pack", text)) < 0)
		st = KM_FAIL(err, KM_IO, "no memory for the policy");
	if (st == KM_OK)
		st = check_kit(s, pack, err);
	km_pack_free(pack);
	km_file_close(&file);
	return st;
}

static km_status load_snapshot(km_settings *s, km_err *err)
{
	const char *path = km_conf_str(s->conf, KM_KEY_DNS_SNAPSHOT);
	km_dns_snapshot *snapshot = NULL;
	km_file file;

	if (path[0] == '\0')
		return KM_OK;
	km_status st = km_file_open(&file, path, SNAPSHOT_MAX, err);
	if (st == KM_OK)
		st = km_dns_snapshot_parse(file.bytes, path, &snapshot, err);
	if (st == KM_OK && (s->dns_fd = sealed_copy("komainu-dns", file.bytes)) < 0)
		st = KM_FAIL(err, KM_IO, "no memory for the DNS snapshot");
	km_dns_snapshot_free(snapshot);
	km_file_close(&file);
	return st;
}

static unsigned scanner_count(const km_conf *conf)
{
	int64_t n = km_conf_int(conf, KM_KEY_SCANNER_PROCESSES);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (n <= 0)
		n = cpus > 0 ? cpus : 1;
	/* Half of the slots stay free for the next generation while this one drains. */
	return n > KM_MAX_SLOTS / 2 - 1 ? KM_MAX_SLOTS / 2 - 1 : (unsigned)n;
}

km_status km_key_dir(const km_conf *conf, const char *state_dir, char *out, km_err *err)
{
	const char *given = km_conf_str(conf, KM_KEY_KEY_DIR);
	int n = given[0] ? snprintf(out, KM_KEY_DIR, "%s", given)
			 : snprintf(out, KM_KEY_DIR, "%s/keys", state_dir);

	if (n > 0 && n < KM_KEY_DIR)
		return KM_OK;
	return KM_FAIL(err, KM_CONFIG, "key.dir: the name is too long");
}

static km_status must_have_key(const km_keyring *ring, const char *domain, const char *key,
			       km_err *err)
{
	if (km_keyring_active(ring, km_sv_of(domain), KM_KEY_RSA) ||
	    km_keyring_active(ring, km_sv_of(domain), KM_KEY_ED25519))
		return KM_OK;
	return KM_FAIL(
		err, KM_CONFIG,
		"%s: there is no active key of %s: komainu key new %s makes one, and komainu "
		"key use %s puts it to use once it is published",
		key, domain, domain, domain);
}

/* Keys are looked at before anything serves; what signs loads them for itself. */
km_status km_settings_check_keys(km_settings *s, const char *state_dir, km_err *err)
{
	const char *seal = km_conf_str(s->conf, KM_KEY_ARC_SEAL), *domain;
	km_keyring ring = { 0 };
	km_permit *permit = NULL;
	char dir[KM_KEY_DIR];
	km_status st = km_key_dir(s->conf, state_dir, dir, err);

	if (st == KM_OK)
		st = km_keyring_load(dir, km_clock_now(), &ring, err);
	if (st == KM_OK)
		st = km_permit_open(s->conf, &permit, err);
	if (st == KM_OK && seal[0])
		st = must_have_key(&ring, seal, "arc.seal", err);
	for (size_t i = 0; st == KM_OK && (domain = km_permit_named(permit, i)) != NULL; i++)
		st = must_have_key(&ring, domain, "sign.users, sign.networks", err);
	for (size_t i = 0; i < ring.n; i++)
		s->signing = s->signing || ring.key[i].state == KM_RING_ACTIVE;
	km_permit_free(permit);
	km_keyring_free(&ring);
	return st;
}

/* What the guard will open from it. */
static km_status check_guard(const km_conf *conf, km_err *err)
{
	km_identities *ids = km_identities_new();
	km_subjects *subjects = NULL;
	km_identity_sql *database = NULL;
	km_status st =
		ids ? km_subjects_open(conf, &subjects, err) : KM_FAIL(err, KM_NOMEM, "no memory");

	if (st == KM_OK)
		st = km_guard_conf_identities(conf, ids, err);
	if (st == KM_OK)
		st = km_guard_conf_database(conf, &database, err);
	km_identity_sql_close(database);
	km_subjects_free(subjects);
	km_identities_free(ids);
	return st;
}

km_status km_settings_load(const char *path, const char *state_dir, km_settings *out, km_err *err)
{
	km_settings s = { .conf_fd = -1, .pack_fd = -1, .dns_fd = -1 };
	km_status st = load_conf(path, &s, err);

	if (st == KM_OK && state_dir == NULL)
		state_dir = km_conf_str(s.conf, KM_KEY_STATE_DIR);
	if (st == KM_OK)
		st = load_pack(&s, err);
	if (st == KM_OK)
		st = load_snapshot(&s, err);
	if (st == KM_OK)
		st = km_answers_check(s.conf, err);
	if (st == KM_OK)
		st = check_guard(s.conf, err);
	if (st == KM_OK)
		st = km_telling_check(s.conf, err);
	if (st == KM_OK)
		st = km_virus_check(s.conf, err);
	if (st == KM_OK)
		st = km_settings_check_keys(&s, state_dir, err);
	if (st != KM_OK) {
		km_settings_free(&s);
		/* A file that a setting names and that is not there is the setting's fault. */
		if (st == KM_NOTFOUND && err)
			err->st = KM_CONFIG;
		return st == KM_NOTFOUND ? KM_CONFIG : st;
	}
	s.scanners = scanner_count(s.conf);
	*out = s;
	return KM_OK;
}

void km_settings_free(km_settings *s)
{
	const int fds[] = { s->conf_fd, s->pack_fd, s->dns_fd };

	km_conf_free(s->conf);
	for (size_t i = 0; i < KM_COUNT(fds); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	*s = (km_settings){ .conf_fd = -1, .pack_fd = -1, .dns_fd = -1 };
}

void km_settings_warn_fixed(const km_settings *old, const km_settings *fresh)
{
	static const km_conf_key fixed[] = { KM_KEY_STATE_DIR, KM_KEY_RUN_USER,
					     KM_KEY_GUARD_ENABLED };

	for (size_t i = 0; i < KM_COUNT(fixed) + KM_LISTENERS; i++) {
		km_conf_key key = i < KM_LISTENERS ? listener_keys[i] : fixed[i - KM_LISTENERS];
		if (key == KM_KEY_COUNT)
			continue;
		const char *was = km_conf_str(old->conf, key);
		const char *is = km_conf_str(fresh->conf, key);
		if (strcmp(was, is) != 0)
			km_warn("%s was \"%s\" and is now \"%s\": that takes effect at the next "
				"restart, not on reload",
				km_conf_describe(key)->name, was, is);
	}
}

void km_files_raise(const km_settings *s)
{
	long long connections = km_conf_int(s->conf, KM_KEY_LIMITS_CONNECTIONS);
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max != RLIM_INFINITY &&
	    (long long)files.rlim_max < connections + SPARE_FILES)
		km_warn("limits.connections is %lld, but a process may only open %lld files: allow "
			"%lld (LimitNOFILE= of the unit, ulimit -Hn), or set fewer connections",
			connections, (long long)files.rlim_max, connections + SPARE_FILES);
}

/* "guard.sock" in the state folder, for ourselves and root alone. A folder whose name is too long
 * for a socket is no reason not to serve. */
static km_status open_guard_socket(km_sockets *k, km_err *err)
{
	int *fd = &k->listener[KM_LISTEN_GUARD].fd;
	char dir[PATH_MAX], address[PATH_MAX + 32], path[KM_LISTEN_PATH];

	if (!k->guarding)
		return KM_OK;
	k->listener[KM_LISTEN_GUARD].ours = true;
	(void)snprintf(address, sizeof(address), "unix:%s/guard.sock",
		       realpath(k->state_dir, dir) ? dir : k->state_dir);
	if (strlen(address) > strlen("unix:") + SOCKET_NAME_MAX) {
		km_warn("%s: the name is too long for a socket; `komainu account` and `komainu "
			"guard ingest` can not reach the guard",
			address);
		return KM_OK;
	}
	km_status st = km_listen_open(address, fd, err);
	if (st == KM_OK && (!km_listen_path(*fd, path) || chmod(path, 0600) != 0))
		st = KM_FAIL(err, KM_IO, "%s: %s", address, strerror(errno));
	return st;
}

static km_status open_listeners(const km_settings *s, km_sockets *k, km_err *err)
{
	km_status st = open_guard_socket(k, err);

	for (size_t i = 0; i < KM_LISTENERS && st == KM_OK; i++) {
		int *fd = &k->listener[i].fd;
		if (listener_keys[i] == KM_KEY_COUNT || (i == KM_LISTEN_POLICY && !k->guarding))
			continue;
		*fd = km_listen_from_systemd(km_conf_describe(listener_keys[i])->name);
		k->listener[i].ours = *fd < 0;
		if (*fd < 0)
			st = km_listen_open(km_conf_str(s->conf, listener_keys[i]), fd, err);
	}
	return st;
}

/* The file of listener @i into @out (KM_LISTEN_PATH bytes), when it is one that we made. */
static bool socket_path(const km_sockets *k, size_t i, char *out)
{
	return k->listener[i].ours && km_listen_path(k->listener[i].fd, out);
}

static km_status make_folder(const char *dir, km_err *err)
{
	if (mkdir(dir, 0750) != 0 && errno != EEXIST)
		return KM_FAIL(err, KM_IO, "%s (state.dir): can not be made: %s", dir,
			       strerror(errno));
	return KM_OK;
}

/* Told at start rather than with the first message. */
static km_status must_be_writable(const char *dir, km_err *err)
{
	struct stat sb;

	if (stat(dir, &sb) == 0 && !S_ISDIR(sb.st_mode))
		return KM_FAIL(err, KM_IO, "%s (state.dir): not a folder", dir);
	if (access(dir, R_OK | W_OK | X_OK) == 0)
		return KM_OK;
	return KM_FAIL(
		err, KM_IO,
		"%s (state.dir): can not be written: %s; give it to the user Komainu runs as, "
		"or set state.dir",
		dir, strerror(errno));
}

/* What was made as root, now or by an earlier run as another user, becomes the user's. */
static km_status drop_privileges(const km_settings *s, const km_sockets *k, km_err *err)
{
	static const char *const files[] = {
		"",
		"/records.db",
		"/records.db-wal",
		"/records.db-shm",
		"/spool",
		"/keys",
		"/learn.db",
		"/learn.db-wal",
		"/learn.db-shm",
		"/learn.model",
		"/learn.lock",
		"/accounts.db",
		"/accounts.db-wal",
		"/accounts.db-shm",
		"/counters",
		"/outbox.db",
		"/outbox.db-wal",
		"/outbox.db-shm",
	};
	char paths[KM_COUNT(files) + KM_LISTENERS][1100];
	const char *list[KM_COUNT(files) + KM_LISTENERS];
	size_t n = 0;

	for (size_t i = 0; i < KM_COUNT(files); i++)
		(void)snprintf(paths[n++], sizeof(paths[0]), "%s%s", k->state_dir, files[i]);
	for (size_t i = 0; i < KM_LISTENERS; i++)
		n += socket_path(k, i, paths[n]);
	for (size_t i = 0; i < n; i++)
		list[i] = paths[i];
	return km_privileges_drop(km_conf_str(s->conf, KM_KEY_RUN_USER), list, n, err);
}

/* What is learned: the keeper's to write, the scanners' to read. */
static km_status open_learn(km_sockets *k, km_err *err)
{
	char path[64];

	k->learn_fd = memfd_create("komainu-learn", MFD_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", k->learn_fd);
	if (k->learn_fd >= 0 && ftruncate(k->learn_fd, (off_t)km_layers_area()) == 0)
		k->learn_read_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (k->learn_read_fd >= 0)
		return KM_OK;
	return KM_FAIL(err, KM_IO, "no memory for what is learned: %s", strerror(errno));
}

km_status km_sockets_open(const km_settings *s, const char *state_dir, km_sockets *out, km_err *err)
{
	*out = (km_sockets){ .shared_fd = -1, .learn_fd = -1, .learn_read_fd = -1 };
	for (size_t i = 0; i < KM_LISTENERS; i++)
		out->listener[i].fd = -1;
	(void)snprintf(out->state_dir, sizeof(out->state_dir), "%s",
		       state_dir ? state_dir : km_conf_str(s->conf, KM_KEY_STATE_DIR));
	out->guarding = km_conf_bool(s->conf, KM_KEY_GUARD_ENABLED);
	/* Records name people: nobody but us and our group reads them. */
	(void)umask(0027);
	out->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	km_status st = make_folder(out->state_dir, err);
	/* Before sockets in it are: then it is the folder that is told of. */
	if (st == KM_OK && geteuid() == 0)
		st = must_be_writable(out->state_dir, err);
	if (st == KM_OK)
		st = open_listeners(s, out, err);
	if (st == KM_OK)
		st = open_learn(out, err);
	if (st == KM_OK)
		st = drop_privileges(s, out, err);
	if (st == KM_OK)
		st = must_be_writable(out->state_dir, err);
	if (st == KM_OK)
		st = km_shared_create(&out->shared, &out->shared_fd, err);
	if (st != KM_OK)
		km_sockets_close(out);
	return st;
}

void km_sockets_close(km_sockets *s)
{
	int *fds[KM_LISTENERS + 4] = { &s->null, &s->shared_fd, &s->learn_fd, &s->learn_read_fd };
	char path[KM_LISTEN_PATH];

	for (size_t i = 0; i < KM_LISTENERS; i++) {
		if (socket_path(s, i, path))
			(void)unlink(path);
		fds[i + 4] = &s->listener[i].fd;
	}
	for (size_t i = 0; i < KM_COUNT(fds); i++) {
		if (*fds[i] >= 0)
			(void)close(*fds[i]);
		*fds[i] = -1;
	}
}
