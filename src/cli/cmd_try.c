/* `komainu try`: a message through a running daemon, as an MTA or an HTTP client would send it. */
#include <curl/curl.h>
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/jsonout.h"
#include "cli/settings.h"
#include "cli/sources.h"
#include "cli/tables.h"
#include "front/milter/client.h"
#include "mail/header.h"

enum { TIMEOUT_S = 30, ANSWER_MAX = 16 * 1024 * 1024 };

typedef struct {
	km_common_options common;
	const char *milter, *http, *config;
	const char *ip, *helo, *from, *user;
	km_opt_list rcpts;
} try_options;

static const km_option options[] = {
	{ .name = "milter",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(try_options, milter),
	  .arg = "HOST:PORT",
	  .help = { "この milter に送る (省略時は設定の listen.milter)",
		    "send it to this milter (default: listen.milter)" } },
	{ .name = "http",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(try_options, http),
	  .arg = "HOST:PORT",
	  .help = { "milter の代わりに HTTP の /scan に送る",
		    "send it to /scan by HTTP, not to the milter" } },
	{ .name = "ip",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(try_options, ip),
	  .arg = "ADDRESS",
	  .help = { "接続元の IP アドレス", "address of the client" } },
	{ .name = "helo",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(try_options, helo),
	  .arg = "NAME",
	  .help = { "HELO で名乗る名前", "name that the client says in HELO" } },
	{ .name = "from",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(try_options, from),
	  .arg = "ADDRESS",
	  .help = { "MAIL FROM。空文字列は空の差出人",
		    "MAIL FROM; an empty one is the null sender" } },
	{ .name = "rcpt",
	  .type = KM_OPT_LIST,
	  .at = offsetof(try_options, rcpts),
	  .arg = "ADDRESS",
	  .help = { "RCPT TO。何度でも指定できる", "RCPT TO; may be given several times" } },
	{ .name = "user",
	  .type = KM_OPT_TEXT,
	  .at = offsetof(try_options, user),
	  .arg = "LOGIN",
	  .help = { "SMTP 認証のログイン名", "SMTP AUTH login" } },
	{ .letter = 'c',
	  .name = "config",
	  .type = KM_OPT_FILE,
	  .at = offsetof(try_options, config),
	  .arg = "FILE",
	  .help = { "設定ファイル", "configuration file" } },
};
const km_option_table km_try_options = { options, KM_COUNT(options), sizeof(try_options) };

typedef struct {
	km_cli *cli;
	const try_options *o;
	const char *milter; /* address */
	km_arena *arena;    /* of one message */
} trial;

static km_status connect_to(const char *address, int *fd, km_err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	struct timeval limit = { .tv_sec = TIMEOUT_S };
	km_sv v = km_sv_of(address);
	size_t colon = km_sv_rchr(v, ':');
	char host[256];

	*fd = -1;
	if (colon == v.n || colon >= sizeof(host))
		return KM_FAIL(err, KM_CONFIG, "\"%s\" is no address; expected HOST:PORT", address);
	memcpy(host, address, colon);
	host[colon] = '\0';
	int rc = getaddrinfo(host, address + colon + 1, &hints, &found);
	if (rc != 0)
		return KM_FAIL(err, KM_IO, "%s: %s", address, gai_strerror(rc));
	*fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	rc = *fd < 0 ? -1 : connect(*fd, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	if (rc != 0)
		return KM_FAIL(err, KM_IO, "%s: %s; is `komainu serve` running?", address,
			       strerror(errno));
	(void)setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return KM_OK;
}

static km_status send_all(int fd, km_sv v, km_err *err)
{
	while (v.n) {
		ssize_t n = send(fd, v.p, v.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return KM_FAIL(err, KM_IO, "the filter takes no more: %s", strerror(errno));
		v = km_sv_from(v, (size_t)n);
	}
	return KM_OK;
}

static km_status read_reply(int fd, km_milter_client *c, km_buf *in, km_err *err)
{
	char block[65536];

	for (;;) {
		km_sv rest = km_buf_sv(in);
		km_status st = km_milter_client_reply(c, &rest, err);
		km_buf_keep(in, rest);
		if (st != KM_NOTFOUND)
			return st;
		ssize_t n = recv(fd, block, sizeof(block), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return KM_FAIL(err, KM_TEMPFAIL,
				       "the filter closed the connection or was silent");
		km_buf_add(in, (km_sv){ block, (size_t)n });
	}
}

static km_status converse(int fd, km_milter_client *c, km_err *err)
{
	km_buf out, in;
	km_client_step s;
	km_status st = KM_OK;

	km_buf_init(&out, NULL, SIZE_MAX / 2);
	km_buf_init(&in, NULL, ANSWER_MAX);
	do {
		s = km_milter_client_next(c, &out);
		if (s == KM_CLIENT_SEND && out.n < 65536)
			continue;
		st = send_all(fd, km_buf_sv(&out), err);
		out.n = 0;
		if (st == KM_OK && s == KM_CLIENT_REPLY)
			st = read_reply(fd, c, &in, err);
	} while (st == KM_OK && s != KM_CLIENT_DONE);
	km_buf_finish(&out);
	km_buf_finish(&in);
	return st;
}

typedef struct {
	char verdict;
	const char *id; /* in JSON */
	const char *words[2];
} answer_kind;

static const answer_kind *kind_of(const km_milter_outcome *o)
{
	static const answer_kind held = { 0,
					  "hold",
					  { "メールサーバーの保留キューに入れます",
					    "put into the mail server's hold queue" } };
	static const answer_kind unknown = { 0, "unknown", { "?", "?" } };
	static const answer_kind rows[] = {
		{ KM_SMFIR_CONTINUE, "accept", { "配送します", "delivered" } },
		{ KM_SMFIR_ACCEPT, "accept", { "配送します", "delivered" } },
		{ KM_SMFIR_DISCARD, "discard", { "捨てます", "discarded" } },
		{ KM_SMFIR_REJECT, "reject", { "拒否します", "rejected" } },
		{ KM_SMFIR_TEMPFAIL,
		  "tempfail",
		  { "後で送り直すよう求めます", "to be sent again later" } },
		{ KM_SMFIR_REPLYCODE, "reply", { "次の返答をします", "answered with" } },
	};

	if (o->quarantined)
		return &held;
	for (size_t i = 0; i < KM_COUNT(rows); i++)
		if (rows[i].verdict == o->verdict)
			return &rows[i];
	return &unknown;
}

static km_status print_json(const trial *t, const char *name, const km_milter_outcome *o,
			    km_err *err)
{
	json_t *fields = json_array();

	for (size_t i = 0; i < o->n_fields; i++) {
		km_sv f = o->fields[i];
		size_t colon = km_sv_chr(f, ':', 0);
		(void)json_array_append_new(
			fields,
			json_pack("{s:o, s:o}", "name", km_json_text(km_sv_sub(f, 0, colon)),
				  "value", km_json_text(km_sv_trim(km_sv_from(f, colon + 1)))));
	}
	json_t *j = json_pack("{s:o, s:s, s:o, s:o, s:I}", "file", km_json_cstr(name), "answer",
			      kind_of(o)->id, "text", km_json_filled(o->text), "added", fields,
			      "removed", (json_int_t)o->n_removed);
	if (km_json_print(t->cli, j) != EX_OK)
		return KM_FAIL(err, KM_IO, "the answer can not be written");
	return KM_OK;
}

static void print_outcome(const trial *t, const char *name, const km_milter_outcome *o)
{
	FILE *out = t->cli->out;
	const answer_kind *k = kind_of(o);

	(void)fprintf(out, "%s: %s\n", name, km_say(t->cli, k->words[0], k->words[1]));
	if (o->text.n)
		(void)fprintf(out, "  %.*s\n", KM_FMT(o->text));
	for (size_t i = 0; i < o->n_fields; i++)
		(void)fprintf(out, "  + %.*s\n", KM_FMT(o->fields[i]));
}

static km_status try_milter(trial *t, const km_source *m, const km_milter_session_data *given,
			    km_err *err)
{
	km_milter_session_data data = *given;
	km_headers headers;
	int fd;

	data.message = m->bytes;
	if (km_headers_read(t->arena, m->bytes, 0, m->bytes.n, &headers) != KM_OK)
		return KM_FAIL(err, KM_LIMIT, "%s: its headers are too large", m->name);
	data.headers = &headers;
	km_milter_client *c = km_milter_client_new(t->arena, &data);
	if (c == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st = connect_to(t->milter, &fd, err);
	if (st == KM_OK)
		st = converse(fd, c, err);
	if (fd >= 0)
		(void)close(fd);
	if (st == KM_OK && t->o->common.json)
		st = print_json(t, m->name, km_milter_client_outcome(c), err);
	else if (st == KM_OK)
		print_outcome(t, m->name, km_milter_client_outcome(c));
	return st;
}

static size_t take_answer(char *p, size_t size, size_t n, void *ctx)
{
	km_buf *b = ctx;

	km_buf_add(b, (km_sv){ p, size * n });
	return b->cut ? 0 : size * n;
}

static struct curl_slist *add_line(struct curl_slist *list, const char *name, km_sv value)
{
	char line[1100];

	/* A line break in a value would begin another header. */
	if (value.n == 0 || km_sv_chr(value, '\n', 0) < value.n ||
	    km_sv_chr(value, '\r', 0) < value.n)
		return list;
	(void)snprintf(line, sizeof(line), "%s: %.*s", name, KM_FMT(value));
	return curl_slist_append(list, line);
}

static struct curl_slist *envelope_lines(const km_milter_session_data *d)
{
	struct curl_slist *l = curl_slist_append(NULL, "Expect:");

	l = add_line(l, "IP", d->client_addr);
	l = add_line(l, "Helo", d->helo);
	l = add_line(l, "From", d->mail_from.n ? d->mail_from : KM_S("<>"));
	l = add_line(l, "User", d->user);
	for (size_t i = 0; i < d->n_rcpts; i++)
		l = add_line(l, "Rcpt", d->rcpts[i]);
	return l;
}

static km_status try_http(trial *t, const km_source *m, const km_milter_session_data *data,
			  km_err *err)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *lines = envelope_lines(data);
	char url[300];
	long status = 0;
	km_buf body;

	if (curl == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_buf_init(&body, NULL, ANSWER_MAX);
	(void)snprintf(url, sizeof(url), "http://%s/scan", t->o->http);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, m->bytes.n ? m->bytes.p : "");
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)m->bytes.n);
	(void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	(void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	CURLcode rc = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	km_status st = KM_OK;
	if (rc != CURLE_OK)
		st = KM_FAIL(err, KM_IO, "%s: %s; is `komainu serve` running?", url,
			     curl_easy_strerror(rc));
	else if (status != 200)
		st = KM_FAIL(err, KM_TEMPFAIL, "%s: status %ld: %.*s", url, status,
			     KM_FMT(km_buf_sv(&body)));
	else
		(void)fprintf(t->cli->out, "%.*s\n", KM_FMT(km_buf_sv(&body)));
	km_buf_finish(&body);
	curl_slist_free_all(lines);
	curl_easy_cleanup(curl);
	return st;
}

static void fill(const trial *t, km_sv *rcpts, km_milter_session_data *d)
{
	const try_options *o = t->o;

	for (size_t i = 0; i < o->rcpts.n; i++)
		rcpts[i] = km_sv_of(o->rcpts.v[i]);
	*d = (km_milter_session_data){
		.client_addr = km_sv_of(o->ip ? o->ip : "127.0.0.1"),
		.helo = km_sv_of(o->helo ? o->helo : "localhost"),
		.mail_from = km_sv_of(o->from),
		.rcpts = rcpts,
		.n_rcpts = o->rcpts.n,
		.user = km_sv_of(o->user),
	};
}

static int run(trial *t, km_sources *sources)
{
	km_sv *rcpts = KM_NEW_ARRAY(t->cli->arena, km_sv, t->o->rcpts.n);
	km_milter_session_data data;
	km_source m;
	int rc = EX_OK;

	if (rcpts == NULL)
		return EX_OSERR;
	fill(t, rcpts, &data);
	while (km_sources_next(sources, &m)) {
		km_err err = { 0 };
		km_status st = m.err.st;
		if (st != KM_OK)
			err = m.err;
		else if (t->o->http)
			st = try_http(t, &m, &data, &err);
		else
			st = try_milter(t, &m, &data, &err);
		if (st != KM_OK)
			rc = km_cli_fail(t->cli, &err);
		km_arena_reset(t->arena);
		km_source_done(&m);
	}
	return rc;
}

int km_try_run(km_cli *cli, const void *given)
{
	char dash[] = "-";
	char *const standard_input[] = { dash };
	trial t = { .cli = cli, .o = given };
	km_conf *conf = NULL;
	km_err err = { 0 };

	if (km_conf_load(km_settings_path(t.o->config), &conf, &err) != KM_OK)
		return km_cli_fail(cli, &err);
	t.milter = t.o->milter ? t.o->milter : km_conf_str(conf, KM_KEY_LISTEN_MILTER);
	t.arena = km_arena_new(KM_MAX_ARENA_BYTES);
	km_sources *sources = cli->n_operands ? km_sources_new(cli->operands, cli->n_operands)
					      : km_sources_new(standard_input, 1);
	int rc = t.arena && sources ? run(&t, sources) : EX_OSERR;
	km_sources_free(sources);
	km_arena_free(t.arena);
	km_conf_free(conf);
	int flushed = km_cli_flush(cli);
	return rc == EX_OK ? flushed : rc;
}
