/*
 * Learning over HTTP: /learnspam and /learnham as Rspamd's clients send them, /learnundo, and below
 * /learn/ what `komainu learn` asks for. Answered when it is on disk and in force.
 */
#include "base/clock.h"
#include "crypt/digest.h"
#include "daemon/http.h"
#include "daemon/learner.h"
#include "engine/json_write.h"
#include "net/frame.h"

/* --- who may --- */

static bool is_trusted(const km_scanner *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info && info->client_addr && km_scanner_may_teach(s, info->client_addr);
}

/* Takes the same time wherever the two differ: what is compared are digests. */
static bool is_password(const km_scanner *s, const char *given)
{
	uint8_t a[KM_SHA256_BYTES], b[KM_SHA256_BYTES];
	unsigned differ = 0;

	if (given == NULL || s->password[0] == '\0' || km_sha256(km_sv_of(given), a) != KM_OK ||
	    km_sha256(km_sv_of(s->password), b) != KM_OK)
		return false;
	for (size_t i = 0; i < sizeof(a); i++)
		differ |= (unsigned)(a[i] ^ b[i]);
	return differ == 0;
}

static const char *header(const km_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

static bool may_learn(const km_scanner *s, const km_request *r)
{
	return is_trusted(s, r->connection) || is_password(s, header(r, "Password"));
}

static unsigned forbidden(km_request *r)
{
	return km_http_problem(r, MHD_HTTP_FORBIDDEN,
			       "not from here: see learn.networks and learn.password_file");
}

/* --- answers --- */

static unsigned status_of(km_status st)
{
	static const struct {
		km_status st;
		unsigned http;
	} rows[] = {
		{ KM_OK, MHD_HTTP_OK },
		{ KM_NOTFOUND, MHD_HTTP_NOT_FOUND },
		{ KM_SYNTAX, MHD_HTTP_BAD_REQUEST },
		{ KM_LIMIT, MHD_HTTP_CONTENT_TOO_LARGE },
	};

	for (size_t i = 0; i < KM_COUNT(rows); i++)
		if (rows[i].st == st)
			return rows[i].http;
	return MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned refuse(km_request *r, km_status st, km_sv why)
{
	km_json_writer w = { .out = &r->body, .compact = true };

	km_json_open(&w, NULL, '{');
	km_json_bool(&w, "success", false);
	km_json_sv(&w, "error", why);
	km_json_close(&w, '}');
	return status_of(st);
}

static void tell(km_request *r, const km_learning *g)
{
	const km_taught *t = &g->answer.taught;
	km_json_writer w = { .out = &r->body, .compact = true };
	char digest[2 * KM_ROW_DIGEST];

	km_hex(g->report.digest, sizeof(g->report.digest), digest);
	km_json_open(&w, NULL, '{');
	km_json_bool(&w, "success", true);
	km_json_string(&w, "label", km_row_kind_name(g->report.kind));
	km_json_string(&w, "result", km_taught_word(t->how));
	km_json_bool(&w, "repeat", t->how == KM_TAUGHT_REPEAT || t->how == KM_TAUGHT_UNKNOWN);
	km_json_sv(&w, "digest", (km_sv){ digest, sizeof(digest) });
	km_json_sv(&w, "reporter", g->report.reporter);
	km_json_integer(&w, "row", (int64_t)t->seq);
	km_json_number(&w, "weight", t->weight, 6);
	km_json_close(&w, '}');
}

/* --- lessons --- */

static void on_taught(void *ctx, km_task *t)
{
	km_request *r = ctx;
	km_sv why;
	km_status st = km_learning_end(t, &why);
	unsigned status = st == KM_OK ? MHD_HTTP_OK : refuse(r, st, why);

	if (st == KM_OK)
		tell(r, r->learning);
	km_scanner_count(km_http_scanner(r->front),
			 st == KM_OK ? KM_COUNTER_lessons_total : KM_COUNTER_lessons_refused_total,
			 1);
	km_http_answer(r, status);
}

static unsigned teach(km_http *h, km_request *r, km_row_kind kind)
{
	km_scanner *s = km_http_scanner(h);
	km_job job = { .via = "http" };

	if (!may_learn(s, r))
		return forbidden(r);
	unsigned status = km_http_read(h, r, &job);
	if (status != KM_HTTP_LATER)
		return status;
	km_learning *g = r->learning = KM_NEW(r->arena, km_learning);
	if (g == NULL)
		return km_http_problem(r, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory");
	if (!km_learning_begin(g, kind, &job.env))
		return km_http_problem(r, MHD_HTTP_BAD_REQUEST,
				       "a name of user or recipient is too long");
	job.learning = g;
	r->task = km_job_start(&s->shop, &job, km_learner_plan, on_taught, r);
	return r->status;
}

static unsigned run_spam(km_http *h, km_request *r)
{
	return teach(h, r, KM_ROW_SPAM);
}

static unsigned run_ham(km_http *h, km_request *r)
{
	return teach(h, r, KM_ROW_HAM);
}

static unsigned run_undo(km_http *h, km_request *r)
{
	return teach(h, r, KM_ROW_UNDO);
}

/* --- commands --- */

static void on_done(void *ctx, const km_learn_answer *a)
{
	km_request *r = ctx;

	r->asked = false;
	if (a->st != KM_OK) {
		km_http_answer(r, refuse(r, a->st, a->text));
		return;
	}
	km_buf_add(&r->body, a->text);
	km_http_answer(r, MHD_HTTP_OK);
}

static unsigned ask(km_http *h, km_request *r, km_learn_verb verb, km_sv body, uint64_t deadline)
{
	km_scanner *s = km_http_scanner(h);

	if (km_learner_ask(s->shop.learner, verb, body, deadline, on_done, r) != KM_OK)
		return km_http_problem(r, MHD_HTTP_SERVICE_UNAVAILABLE,
				       "too much is waiting already");
	r->asked = true;
	return KM_HTTP_LATER;
}

/* What has no message: its body is read as it is. */
static unsigned command(km_http *h, km_request *r, km_learn_verb verb, uint64_t deadline)
{
	km_sv body = { NULL, 0 };

	if (!may_learn(km_http_scanner(h), r))
		return forbidden(r);
	if (km_spool_bytes(&r->spool, &body, NULL) != KM_OK || r->spool.dropped ||
	    body.n > KM_FRAME_MAX - 1024)
		return km_http_problem(r, MHD_HTTP_CONTENT_TOO_LARGE, "too much at once");
	return ask(h, r, verb, body, deadline);
}

static unsigned run_status(km_http *h, km_request *r)
{
	return command(h, r, KM_LEARN_STATUS, KM_LEARN_DEADLINE_MS);
}

static unsigned run_snapshot(km_http *h, km_request *r)
{
	return command(h, r, KM_LEARN_SNAPSHOT, KM_LEARN_DEADLINE_MS);
}

static unsigned run_rollback(km_http *h, km_request *r)
{
	return command(h, r, KM_LEARN_ROLLBACK, KM_LEARN_LONG_MS);
}

static unsigned run_replay(km_http *h, km_request *r)
{
	return command(h, r, KM_LEARN_REPLAY, KM_LEARN_LONG_MS);
}

static unsigned run_compact(km_http *h, km_request *r)
{
	return command(h, r, KM_LEARN_COMPACT, KM_LEARN_LONG_MS);
}

static unsigned run_import(km_http *h, km_request *r)
{
	return command(h, r, KM_LEARN_IMPORT, KM_LEARN_LONG_MS);
}

void km_http_learn_forget(km_request *r)
{
	if (r->asked)
		km_learner_forget(km_http_scanner(r->front)->shop.learner, r);
}

#define JSON "application/json"

static const km_route routes[] = {
	{ "POST", "/learnspam", JSON, run_spam },
	{ "POST", "/learnham", JSON, run_ham },
	{ "POST", "/learnundo", JSON, run_undo },
	{ "GET", "/learn/status", JSON, run_status },
	{ "POST", "/learn/snapshot", JSON, run_snapshot },
	{ "POST", "/learn/rollback", JSON, run_rollback },
	{ "POST", "/learn/replay", JSON, run_replay },
	{ "POST", "/learn/compact", JSON, run_compact },
	{ "POST", "/learn/import", JSON, run_import },
};

const km_route *km_http_learn_route(size_t i)
{
	return i < KM_COUNT(routes) ? &routes[i] : NULL;
}
