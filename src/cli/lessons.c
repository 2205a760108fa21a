#include "cli/lessons.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "cli/settings.h"
#include "engine/lesson.h"

enum { TIMEOUT_S = 30, LONG_S = 30 * 60, ANSWER_MAX = 64 * 1024, PASSWORD_MAX = 256 };

struct km_lessons {
	km_cli *cli;
	km_conf *conf;
	char dir[1024];
	/* The daemon's address; NULL: straight into the store. */
	const char *address;
	CURL *curl;
	char password[PASSWORD_MAX];
	/* The store; opened when it is first wanted. */
	km_base *base;
	km_trainer *trainer;
	km_arena *arena; /* of one message */
	uid_t uid;
	gid_t gid; /* of its owner, while we are root */
};

/* --- by way of the daemon --- */

static size_t take_answer(char *p, size_t size, size_t n, void *ctx)
{
	km_buf *b = ctx;

	km_buf_add(b, (km_sv){ p, size * n });
	return b->cut ? 0 : size * n;
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
	char line[1100];

	/* A line break in a value would begin another header. */
	if (value == NULL || value[0] == '\0' || strpbrk(value, "\r\n"))
		return list;
	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	return curl_slist_append(list, line);
}

static void aim(const km_lessons *l, const char *path)
{
	static const char unix_prefix[] = "unix:";
	bool is_unix = strncmp(l->address, unix_prefix, strlen(unix_prefix)) == 0;
	char url[400];

	(void)snprintf(url, sizeof(url), "http://%s/%s", is_unix ? "localhost" : l->address, path);
	if (is_unix)
		(void)curl_easy_setopt(l->curl, CURLOPT_UNIX_SOCKET_PATH,
				       l->address + strlen(unix_prefix));
	(void)curl_easy_setopt(l->curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(l->curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(l->curl, CURLOPT_NOSIGNAL, 1L);
}

/* The daemon's reason, in its answer @j. */
static km_status refused(long status, const json_t *j, km_err *err)
{
	static const struct {
		long http;
		km_status st;
	} rows[] = {
		{ 400, KM_SYNTAX }, { 403, KM_CONFIG }, { 404, KM_NOTFOUND }, { 413, KM_LIMIT }
	};
	const char *why = json_string_value(json_object_get(j, "error"));
	km_status st = KM_TEMPFAIL;

	for (size_t i = 0; i < KM_COUNT(rows); i++)
		if (rows[i].http == status)
			st = rows[i].st;
	return KM_FAIL(err, st, "%s", why ? why : "the daemon refused and did not say why");
}

/* POST @body (p NULL: GET) to @path; *out is the JSON of the answer. KM_NOTFOUND: nobody listens.
 */
static km_status request(km_lessons *l, const char *path, const km_sv *body,
			 struct curl_slist *headers, long seconds, json_t **out, km_err *err)
{
	long status = 0;
	km_buf text;

	*out = NULL;
	curl_easy_reset(l->curl);
	aim(l, path);
	headers = add_header(headers, "Password", l->password);
	km_buf_init(&text, NULL, ANSWER_MAX);
	if (body) {
		(void)curl_easy_setopt(l->curl, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(l->curl, CURLOPT_POSTFIELDS, body->n ? body->p : "");
		(void)curl_easy_setopt(l->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n);
	}
	(void)curl_easy_setopt(l->curl, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(l->curl, CURLOPT_TIMEOUT, seconds);
	(void)curl_easy_setopt(l->curl, CURLOPT_WRITEFUNCTION, take_answer);
	(void)curl_easy_setopt(l->curl, CURLOPT_WRITEDATA, &text);
	CURLcode rc = curl_easy_perform(l->curl);
	(void)curl_easy_getinfo(l->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	km_status st = KM_OK;
	if (rc == CURLE_COULDNT_CONNECT)
		st = KM_NOTFOUND;
	else if (rc != CURLE_OK)
		st = KM_FAIL(err, KM_TEMPFAIL, "%s: %s", l->address, curl_easy_strerror(rc));
	else
		*out = json_loadb(text.n ? text.p : "", text.n, 0, NULL);
	if (st == KM_OK && (status != 200 || *out == NULL))
		st = refused(status, *out, err);
	km_buf_finish(&text);
	return st;
}

static struct curl_slist *label_headers(const km_lessons_label *label)
{
	struct curl_slist *h = curl_slist_append(NULL, "Expect:");

	h = add_header(h, "User", label->user);
	for (size_t i = 0; i < label->rcpts.n; i++)
		h = add_header(h, "Rcpt", label->rcpts.v[i]);
	return h;
}

static km_status teach_daemon(km_lessons *l, const km_lessons_label *label, km_sv message,
			      km_taught_how *how, km_err *err)
{
	char path[40];
	json_t *j;

	(void)snprintf(path, sizeof(path), "learn%s", km_row_kind_name(label->kind));
	km_status st = request(l, path, &message, label_headers(label), TIMEOUT_S, &j, err);
	if (st == KM_NOTFOUND)
		st = KM_FAIL(err, KM_TEMPFAIL, "%s: the daemon has gone", l->address);
	const char *word = json_string_value(json_object_get(j, "result"));
	for (int i = 0; st == KM_OK && word && i < KM_TAUGHT_COUNT; i++)
		if (strcmp(word, km_taught_word((km_taught_how)i)) == 0)
			*how = (km_taught_how)i;
	json_decref(j);
	return st;
}

static uint64_t number(const json_t *j, const char *key)
{
	json_int_t x = json_integer_value(json_object_get(j, key));

	return x > 0 ? (uint64_t)x : 0;
}

static km_status do_daemon(km_lessons *l, km_lessons_command what, km_sv body,
			   km_lessons_state *out, km_err *err)
{
	static const char *const paths[] = {
#define X(id, path) [KM_LESSONS_##id] = "learn/" path,
		KM_LESSONS_COMMANDS(X)
#undef X
	};
	const char *model;
	json_t *j;
	km_status st = request(l, paths[what], what == KM_LESSONS_STATUS ? NULL : &body,
			       curl_slist_append(NULL, "Expect:"),
			       what == KM_LESSONS_STATUS ? TIMEOUT_S : LONG_S, &j, err);

	if (st == KM_OK) {
		out->spam = number(j, "spam");
		out->ham = number(j, "ham");
		out->rows = number(j, "rows");
		out->left_out = number(j, "left_out");
		out->journal = number(j, "journal");
		out->layers = number(j, "layers");
		out->layers_most = number(j, "layers_most");
		model = json_string_value(json_object_get(j, "model"));
		(void)snprintf(out->model, sizeof(out->model), "%s", model ? model : "");
		for (int i = 0; i < KM_TAUGHT_COUNT; i++)
			out->counts[i] += number(j, km_taught_word((km_taught_how)i));
	}
	json_decref(j);
	return st;
}

/* --- straight into the store --- */

/* Files must be its owner's, and root follows no link that he might have put there. */
static void become_owner(const km_lessons *l)
{
	if (geteuid() == 0 && (setegid(l->gid) != 0 || seteuid(l->uid) != 0))
		_exit(EX_OSERR);
}

static void become_self(void)
{
	if (geteuid() != getuid() && (seteuid(getuid()) != 0 || setegid(getgid()) != 0))
		_exit(EX_OSERR);
}

static km_status find_owner(km_lessons *l, km_err *err)
{
	struct stat sb;

	if (mkdir(l->dir, 0750) != 0 && errno != EEXIST)
		return KM_FAIL(err, KM_IO, "%s (state.dir): can not be made: %s", l->dir,
			       strerror(errno));
	if (stat(l->dir, &sb) != 0)
		return KM_FAIL(err, KM_IO, "%s (state.dir): %s", l->dir, strerror(errno));
	l->uid = sb.st_uid;
	l->gid = sb.st_gid;
	return KM_OK;
}

static km_status open_trainer(km_lessons *l, km_err *err)
{
	const char *path = km_conf_str(l->conf, KM_KEY_MODEL_BASE);
	km_trainer_options o = { .dir = l->dir,
				 .full = (uint64_t)km_conf_int(l->conf, KM_KEY_LEARN_DAILY),
				 .layers = (uint64_t)km_conf_int(l->conf, KM_KEY_LEARN_LAYERS) };

	if (l->trainer)
		return KM_OK;
	km_status st = find_owner(l, err);
	/* As in engine/kit.c: a damaged base model is as good as none given. */
	if (st == KM_OK && km_base_open(path, &l->base, NULL) != KM_OK)
		st = km_base_open(NULL, &l->base, err);
	if (st != KM_OK)
		return st;
	o.base = l->base;
	(void)umask(0027);
	become_owner(l);
	st = km_trainer_open(&o, &l->trainer, err);
	if (st == KM_OK)
		st = km_trainer_work(l->trainer, SIZE_MAX, err);
	become_self();
	return st;
}

static km_status read_scope(km_arena *a, const km_lessons_label *label, km_scope *out)
{
	km_sv *rcpts = KM_NEW_ARRAY(a, km_sv, label->rcpts.n + 1);
	km_sv user = km_sv_of(label->user);
	size_t n = label->rcpts.n;

	if (rcpts == NULL)
		return KM_LIMIT;
	for (size_t i = 0; i < n; i++)
		rcpts[i] = km_sv_of(label->rcpts.v[i]);
	if (n == 0 && km_sv_chr(user, '@', 0) < user.n)
		rcpts[n++] = user;
	*out = km_scope_of(rcpts, n);
	return KM_OK;
}

/* The row of one message; what it needs is in @keep. */
static km_status read_row(km_lessons *l, const km_lessons_label *label, km_sv message,
			  km_arena *keep, km_row *r, km_err *err)
{
	size_t max = (size_t)km_conf_int(l->conf, KM_KEY_LIMITS_MESSAGE_SIZE);

	*r = (km_row){ .kind = label->kind,
		       .t_ms = (int64_t)km_clock_unix_ms(),
		       .reporter = km_sv_of(label->user) };
	if (message.n > max)
		return KM_FAIL(err, KM_LIMIT,
			       "the message of %zu bytes is over limits.message_size (%zu)",
			       message.n, max);
	km_arena_reset(l->arena);
	km_status st = km_lesson_read(l->arena, message, r, err);
	if (st != KM_OK)
		return st;
	r->body = km_sv_dup(keep, r->body);
	if (r->body.p == NULL || read_scope(keep, label, &r->scope) != KM_OK)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	return KM_OK;
}

/* All in one transaction. */
static void teach_store(km_lessons *l, const km_lessons_label *label, km_lesson_given *given,
			size_t n)
{
	km_arena *keep = km_arena_new((size_t)KM_LESSONS_AT_ONCE * KM_ROW_MAX_BYTES);
	km_row rows[KM_LESSONS_AT_ONCE];
	km_taught taught[KM_LESSONS_AT_ONCE];
	size_t of[KM_LESSONS_AT_ONCE], m = 0;
	km_err err = { 0 };

	km_status st = keep ? open_trainer(l, &err) : KM_FAIL(&err, KM_NOMEM, "no memory");
	for (size_t i = 0; i < n && st == KM_OK; i++)
		if (given[i].err.st == KM_OK &&
		    read_row(l, label, given[i].message, keep, &rows[m], &given[i].err) == KM_OK)
			of[m++] = i;
	become_owner(l);
	if (st == KM_OK)
		st = km_trainer_teach(l->trainer, rows, m, taught, &err);
	become_self();
	for (size_t i = 0; i < m && st == KM_OK; i++)
		given[of[i]].how = taught[i].how;
	for (size_t i = 0; i < n && st != KM_OK; i++)
		if (given[i].err.st == KM_OK)
			given[i].err = err;
	km_arena_free(keep);
}

static km_status run_store(km_lessons *l, km_lessons_command what, km_sv body,
			   km_lessons_state *out, km_err *err)
{
	int64_t now = (int64_t)km_clock_unix_ms();

	switch (what) {
	case KM_LESSONS_SNAPSHOT:
		return km_trainer_snapshot(l->trainer, body, now, err);
	case KM_LESSONS_ROLLBACK:
		return km_trainer_rollback(l->trainer, body, KM_S(""), now, err);
	case KM_LESSONS_REPLAY:
		return km_trainer_replay(l->trainer, err);
	case KM_LESSONS_COMPACT:
		return km_trainer_compact_asked(l->trainer, body, now, err);
	case KM_LESSONS_IMPORT:
		return km_trainer_import(l->trainer, body, out->counts, err);
	case KM_LESSONS_STATUS:
		break;
	}
	return KM_OK;
}

static km_status do_store(km_lessons *l, km_lessons_command what, km_sv body, km_lessons_state *out,
			  km_err *err)
{
	km_trainer_state s = { 0 };
	km_status st = open_trainer(l, err);

	if (st != KM_OK)
		return st;
	become_owner(l);
	st = run_store(l, what, body, out, err);
	if (st == KM_OK && !km_trainer_ready(l->trainer))
		st = km_trainer_work(l->trainer, SIZE_MAX, err);
	if (st == KM_OK)
		st = km_trainer_look(l->trainer, &s, err);
	become_self();
	out->spam = s.spam;
	out->ham = s.ham;
	out->rows = s.seq;
	out->left_out = s.foreign;
	out->journal = s.rows;
	out->layers = s.layers;
	out->layers_most = s.layers_most;
	(void)snprintf(out->model, sizeof(out->model), "%016llx", (unsigned long long)s.digest);
	return st;
}

/* --- either --- */

static bool daemon_listens(km_lessons *l)
{
	json_t *j;
	km_err err = { 0 };

	/* "ready" is no JSON: what counts is that somebody answers. */
	bool listens = request(l, "ping", NULL, NULL, TIMEOUT_S, &j, &err) != KM_NOTFOUND;
	json_decref(j);
	return listens;
}

static void read_password(km_lessons *l)
{
	const char *path = km_conf_str(l->conf, KM_KEY_LEARN_PASSWORD_FILE);
	km_file file;
	km_sv line;

	if (path[0] == '\0' || km_file_open(&file, path, PASSWORD_MAX - 1, NULL) != KM_OK)
		return;
	km_sv rest = file.bytes;
	if (km_sv_line(&rest, &line))
		memcpy(l->password, line.p, line.n);
	km_file_close(&file);
}

km_lessons *km_lessons_open(km_cli *cli, const km_lessons_options *o, int *exit)
{
	km_lessons *l = calloc(1, sizeof(*l));
	km_err err = { 0 };

	*exit = EX_OSERR;
	if (l == NULL)
		return NULL;
	l->cli = cli;
	if (km_conf_load(km_settings_path(o->config), &l->conf, &err) != KM_OK) {
		*exit = km_cli_fail(cli, &err);
		km_lessons_close(l);
		return NULL;
	}
	km_settings_speak(cli, l->conf);
	(void)snprintf(l->dir, sizeof(l->dir), "%s",
		       o->state_dir ? o->state_dir : km_conf_str(l->conf, KM_KEY_STATE_DIR));
	l->arena = km_arena_new(KM_MAX_ARENA_BYTES);
	l->curl = curl_easy_init();
	if (l->arena == NULL || l->curl == NULL) {
		km_lessons_close(l);
		return NULL;
	}
	read_password(l);
	l->address = km_conf_str(l->conf, KM_KEY_LISTEN_HTTP);
	if (o->state_dir || strcmp(l->address, "off") == 0 || !daemon_listens(l))
		l->address = NULL;
	*exit = EX_OK;
	return l;
}

void km_lessons_close(km_lessons *l)
{
	km_err err = { 0 };

	if (l == NULL)
		return;
	if (l->trainer) {
		become_owner(l);
		if (km_trainer_save(l->trainer, &err) != KM_OK)
			km_cli_error(l->cli, "%s", err.msg);
		km_trainer_close(l->trainer);
		become_self();
	}
	km_base_close(l->base);
	if (l->curl)
		curl_easy_cleanup(l->curl);
	km_arena_free(l->arena);
	km_conf_free(l->conf);
	free(l);
}

const km_conf *km_lessons_conf(const km_lessons *l)
{
	return l->conf;
}

const char *km_lessons_dir(const km_lessons *l)
{
	return l->dir;
}

bool km_lessons_by_daemon(const km_lessons *l)
{
	return l->address != NULL;
}

void km_lessons_teach(km_lessons *l, const km_lessons_label *label, km_lesson_given *given,
		      size_t n)
{
	if (l->address == NULL) {
		teach_store(l, label, given, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (given[i].err.st == KM_OK)
			given[i].err.st = teach_daemon(l, label, given[i].message, &given[i].how,
						       &given[i].err);
}

km_status km_lessons_do(km_lessons *l, km_lessons_command what, km_sv body, km_lessons_state *out,
			km_err *err)
{
	return (l->address ? do_daemon : do_store)(l, what, body, out, err);
}
