#include "daemon/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/dkim.h"
#include "auth/domain.h"
#include "base/file.h"
#include "mail/b64.h"

enum { KEY_FILE_MAX = 65536, PATH_BYTES = 4096, CLOCK_SLACK = 86400 };

static const km_time last_time = 253402300799;

static const char suffix[] = ".pem";

/* DIR/NAME, of at most PATH_BYTES. */
static bool join(char *out, const char *dir, const char *name, km_err *err)
{
	int n = snprintf(out, PATH_BYTES, "%s/%s", dir, name);

	if (n > 0 && n < PATH_BYTES)
		return true;
	(void)KM_FAIL(err, KM_CONFIG, "%s: the path of a key is too long", dir);
	return false;
}

static const char *const states[KM_RING_STATE_COUNT] = {
#define X(id, word) word,
	KM_RING_STATES(X)
#undef X
};

const char *km_ring_state_name(km_ring_state s)
{
	return states[s];
}

/* --- one file --- */

static bool read_state(km_sv value, km_ring_key *k)
{
	for (int i = 0; i < KM_RING_STATE_COUNT; i++)
		if (km_sv_eq(value, km_sv_of(states[i]))) {
			k->state = (km_ring_state)i;
			return true;
		}
	return false;
}

static bool read_time(km_sv value, km_time *out)
{
	return km_time_parse_rfc3339(value, out, NULL) == KM_OK && *out >= 0 && *out <= last_time;
}

static bool read_line(km_sv line, km_ring_key *k)
{
	size_t colon = km_sv_chr(line, ':', 0);
	km_sv name = km_sv_sub(line, 0, colon), value = km_sv_trim(km_sv_from(line, colon + 1));

	if (km_sv_eq(name, KM_S("state")))
		return read_state(value, k);
	if (km_sv_eq(name, KM_S("made")))
		return read_time(value, &k->made);
	if (km_sv_eq(name, KM_S("since")))
		return read_time(value, &k->since);
	return true; /* whatever else people write there */
}

km_status km_ring_key_parse(km_sv text, km_ring_key *k, km_err *err)
{
	km_sv rest = text, line;

	k->state = KM_RING_ACTIVE;
	k->made = k->since = 0;
	k->key = NULL;
	while (km_sv_line(&rest, &line) && !km_sv_starts(line, KM_S("-----BEGIN")))
		if (!read_line(line, k))
			return KM_FAIL(err, KM_SYNTAX, "\"%.*s\" can not be read", KM_FMT(line));
	km_status st = km_privkey_read(text, &k->key, err);
	if (st != KM_OK || km_privkey_kind(k->key) != KM_KEY_RSA)
		return st;
	unsigned bits = km_privkey_bits(k->key);
	if (bits >= KM_DKIM_MIN_BITS && bits <= KM_DKIM_MAX_BITS)
		return KM_OK;
	km_privkey_free(k->key);
	k->key = NULL;
	return KM_FAIL(err, KM_SYNTAX, "an RSA key of %u bits, which receivers refuse", bits);
}

km_status km_ring_key_write(const km_ring_key *k, km_buf *out, km_err *err)
{
	char made[32], since[32];

	km_buf_fmt(out, "state: %s\nmade: %s\nsince: %s\n", states[k->state],
		   km_time_format(k->made, made), km_time_format(k->since, since));
	return km_privkey_write(k->key, out, err);
}

/* --- the folder --- */

static int by_name(const void *a, const void *b)
{
	const km_ring_key *x = a, *y = b;
	int domain = strcmp(x->domain, y->domain);

	return domain ? domain : strcmp(x->selector, y->selector);
}

void km_keyring_free(km_keyring *r)
{
	for (size_t i = 0; i < r->n; i++)
		km_privkey_free(r->key[i].key);
	free(r->key);
	*r = (km_keyring){ 0 };
}

static km_status check_mode(int fd, const char *path, km_err *err)
{
	struct stat sb;

	if (fstat(fd, &sb) != 0 || !S_ISREG(sb.st_mode))
		return KM_FAIL(err, KM_CONFIG, "%s: is no file", path);
	if (sb.st_mode & (S_IRWXG | S_IRWXO))
		return KM_FAIL(err, KM_CONFIG,
			       "%s: this key may be read by others: chmod 600 it, and rotate it "
			       "if somebody could have",
			       path);
	return KM_OK;
}

static km_status check_times(const km_ring_key *k, const char *path, km_time now, km_err *err)
{
	char made[32], is[32];

	if (k->made <= now + CLOCK_SLACK)
		return KM_OK;
	return KM_FAIL(err, KM_CONFIG,
		       "%s: made at %s, but this machine's clock says %s: set the clock "
		       "(timedatectl), or receivers will not believe the signatures",
		       path, km_time_format(k->made, made), km_time_format(now, is));
}

static km_status read_key(int fd, const char *path, km_time now, km_ring_key *k, km_err *err)
{
	km_err why = { 0 };
	km_file f;
	km_status st = check_mode(fd, path, err);

	if (st != KM_OK)
		return st;
	if (km_file_open_fd(&f, fd, path, KEY_FILE_MAX, &why) != KM_OK)
		return KM_FAIL(err, KM_CONFIG, "%s", why.msg);
	st = km_ring_key_parse(f.bytes, k, &why);
	km_file_close(&f);
	if (st != KM_OK)
		return KM_FAIL(err, KM_CONFIG,
			       "%s: this key can not be used: %s; restore it, or take the file "
			       "away and run komainu key new",
			       path, why.msg);
	st = check_times(k, path, now, err);
	if (st != KM_OK)
		km_privkey_free(k->key);
	return st;
}

/* A walk through the folder. */
typedef struct {
	km_keyring *ring;
	km_time now;
	km_arena *arena; /* for checking names */
	km_err *err;
} walk;

static bool take_name(const walk *w, km_sv v, unsigned labels, char *out, size_t n)
{
	km_sv name = km_auth_domain(w->arena, v, labels);
	bool fits = name.n && name.n < n;

	if (fits) {
		memcpy(out, name.p, name.n);
		out[name.n] = '\0';
	}
	km_arena_reset(w->arena);
	return fits;
}

static km_status load_key(walk *w, const char *folder, const char *domain, const char *file)
{
	km_sv name = km_sv_of(file);
	char path[PATH_BYTES];
	km_ring_key k = { 0 };

	if (!join(path, folder, file, w->err))
		return KM_CONFIG;
	if (!km_sv_ends(name, km_sv_of(suffix)))
		return KM_OK;
	name.n -= sizeof(suffix) - 1;
	if (!take_name(w, km_sv_of(domain), 2, k.domain, sizeof(k.domain)) ||
	    !take_name(w, name, 1, k.selector, sizeof(k.selector)))
		return KM_FAIL(w->err, KM_CONFIG,
			       "%s: a key's file is called DOMAIN/SELECTOR.pem, and these are no "
			       "names for DNS",
			       path);
	if (w->ring->n == KM_RING_MAX)
		return KM_FAIL(w->err, KM_CONFIG, "%s: more than %d keys", path, KM_RING_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return KM_FAIL(w->err, KM_CONFIG,
			       "%s: %s; it must belong to the user Komainu runs as (run.user), "
			       "with mode 600",
			       path, strerror(errno));
	km_status st = read_key(fd, path, w->now, &k, w->err);
	(void)close(fd);
	if (st != KM_OK)
		return st;
	km_ring_key *more = reallocarray(w->ring->key, w->ring->n + 1, sizeof(*more));
	if (more == NULL) {
		km_privkey_free(k.key);
		return KM_FAIL(w->err, KM_NOMEM, "no memory for keys");
	}
	w->ring->key = more;
	more[w->ring->n++] = k;
	return KM_OK;
}

typedef km_status for_entry(walk *w, const char *folder, const char *above, const char *name);

/* Calls @each for the entries of @path, hidden ones aside. */
static km_status each_entry(walk *w, const char *path, const char *above, for_entry *each)
{
	DIR *d = opendir(path);
	km_status st = KM_OK;
	struct dirent *e;

	if (d == NULL && (errno == ENOENT || errno == ENOTDIR))
		return KM_OK;
	if (d == NULL)
		return KM_FAIL(w->err, KM_CONFIG, "%s: keys can not be read: %s", path,
			       strerror(errno));
	while (st == KM_OK && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			st = each(w, path, above, e->d_name);
	(void)closedir(d);
	return st;
}

static km_status load_domain(walk *w, const char *folder, const char *above, const char *domain)
{
	char path[PATH_BYTES];
	struct stat sb;

	(void)above;
	if (!join(path, folder, domain, w->err))
		return KM_CONFIG;
	if (stat(path, &sb) != 0 || !S_ISDIR(sb.st_mode)) {
		if (!km_sv_ends(km_sv_of(domain), km_sv_of(suffix)))
			return KM_OK;
		return KM_FAIL(w->err, KM_CONFIG,
			       "%s: a key without selector: put it into a folder named after its "
			       "domain, as DOMAIN/SELECTOR.pem",
			       path);
	}
	return each_entry(w, path, domain, load_key);
}

km_status km_keyring_load(const char *dir, km_time now, km_keyring *out, km_err *err)
{
	walk w = { .ring = out, .now = now, .arena = km_arena_new(65536), .err = err };

	*out = (km_keyring){ 0 };
	if (w.arena == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for keys");
	km_status st = each_entry(&w, dir, "", load_domain);
	km_arena_free(w.arena);
	if (st != KM_OK)
		km_keyring_free(out);
	else if (out->n)
		qsort(out->key, out->n, sizeof(*out->key), by_name);
	return st;
}

/* --- changes --- */

/* Made as root, @path belongs to the owner of @like. */
static km_status give_to_owner(const char *like, const char *path, km_err *err)
{
	struct stat sb;

	if (geteuid() != 0)
		return KM_OK;
	if (stat(like, &sb) != 0 || lchown(path, sb.st_uid, sb.st_gid) != 0)
		return KM_FAIL(err, KM_IO, "%s: can not be given to the owner of %s: %s", path,
			       like, strerror(errno));
	return KM_OK;
}

/* @like is the folder above @path. */
static km_status make_folder(const char *path, const char *like, km_err *err)
{
	if (mkdir(path, 0700) == 0)
		return give_to_owner(like, path, err);
	if (errno == EEXIST)
		return KM_OK;
	if (errno == ENOENT)
		return KM_FAIL(
			err, KM_IO,
			"%s: can not be made, for %s does not exist: make that folder first, "
			"owned by the user that komainu serve runs as",
			path, like);
	return KM_FAIL(err, KM_IO, "%s: can not be made: %s", path, strerror(errno));
}

static bool path_of(const char *dir, const km_ring_key *k, char *out, km_err *err)
{
	char name[KM_RING_DOMAIN + KM_RING_SELECTOR + 8];

	(void)snprintf(name, sizeof(name), "%s/%s%s", k->domain, k->selector, suffix);
	return join(out, dir, name, err);
}

/* @path without its last part. */
static void folder_above(const char *path, char *out)
{
	km_sv v = km_sv_of(path);
	size_t slash = km_sv_rchr(v, '/');

	if (slash == v.n)
		v = KM_S(".");
	else
		v = km_sv_sub(v, 0, slash ? slash : 1);
	(void)snprintf(out, PATH_BYTES, "%.*s", KM_FMT(v));
}

/* The daemon looks at the folder's time to see that something in it has changed. */
static void touch(const char *dir)
{
	(void)utimensat(AT_FDCWD, dir, NULL, 0);
}

km_status km_keyring_save(const char *dir, const km_ring_key *k, km_err *err)
{
	char folder[PATH_BYTES], above[PATH_BYTES], path[PATH_BYTES];
	km_buf text;

	folder_above(dir, above);
	if (!join(folder, dir, k->domain, err) || !path_of(dir, k, path, err))
		return KM_CONFIG;
	km_status st = make_folder(dir, above, err);
	if (st == KM_OK)
		st = make_folder(folder, dir, err);
	km_buf_init(&text, NULL, KEY_FILE_MAX);
	if (st == KM_OK)
		st = km_ring_key_write(k, &text, err);
	if (st == KM_OK)
		st = km_file_replace_secret(path, km_buf_sv(&text), err);
	if (text.p)
		explicit_bzero(text.p, text.cap);
	km_buf_finish(&text);
	if (st == KM_OK)
		st = give_to_owner(folder, path, err);
	touch(dir);
	return st;
}

km_status km_keyring_remove(const char *dir, const km_ring_key *k, km_err *err)
{
	char path[PATH_BYTES];

	if (!path_of(dir, k, path, err))
		return KM_CONFIG;
	if (unlink(path) != 0)
		return KM_FAIL(err, KM_IO, "%s: can not be removed: %s", path, strerror(errno));
	touch(dir);
	return KM_OK;
}

/* --- looking up --- */

const km_ring_key *km_keyring_find(const km_keyring *r, km_sv domain, km_sv selector)
{
	for (size_t i = 0; i < r->n; i++)
		if (km_sv_ieq(km_sv_of(r->key[i].domain), domain) &&
		    km_sv_ieq(km_sv_of(r->key[i].selector), selector))
			return &r->key[i];
	return NULL;
}

const km_ring_key *km_keyring_active(const km_keyring *r, km_sv domain, km_key_kind kind)
{
	const km_ring_key *best = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const km_ring_key *k = &r->key[i];
		if (k->state == KM_RING_ACTIVE && km_privkey_kind(k->key) == kind &&
		    km_sv_ieq(km_sv_of(k->domain), domain) && (!best || k->since >= best->since))
			best = k;
	}
	return best;
}

km_sv km_ring_key_record(km_arena *a, const km_ring_key *k)
{
	km_buf raw, text;

	km_buf_init(&raw, a, 4096);
	km_buf_init(&text, a, 8192);
	if (km_privkey_public(k->key, &raw, NULL) != KM_OK)
		return (km_sv){ NULL, 0 };
	km_buf_fmt(&text,
		   "v=DKIM1; k=%s; p=", km_privkey_kind(k->key) == KM_KEY_RSA ? "rsa" : "ed25519");
	km_b64_encode(&text, km_buf_sv(&raw));
	return raw.cut || text.cut ? (km_sv){ NULL, 0 } : km_buf_sv(&text);
}
