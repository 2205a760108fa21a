/*
 * The courier: watches the files of accounts for what is new in them, and tells those whom it
 * concerns, by mail, webhook and program. What was delivered is in its outbox before anything else
 * happens, so nobody is told twice; what can not be delivered is tried again, and blocks nothing.
 * It knows no mail but what it writes itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "crypt/digest.h"
#include "daemon/guard_ask.h"
#include "daemon/running.h"
#include "daemon/sandbox.h"
#include "daemon/sending.h"
#include "daemon/telling.h"
#include "text/utf8.h"

enum {
	LOOK_MS = 500, /* how often for new entries */
	JOB_MEMORY = 32 * 1024 * 1024,
	BODY_MAX = 8 * 1024 * 1024,
	PLAN_AT_ONCE = 100,
	SECRET_MAX = 4096,
	FIRST_PAUSE_S = 5, /* doubled each time */
	LONGEST_PAUSE_S = 3600,
	GIVE_UP_MS = 3 * 86400 * 1000, /* after the entry */
	NEWS_MS = 86400 * 1000,	       /* older entries are nobody's news any more */
	TELL_PAUSE_MS = 5000,	       /* when the guard does not answer */
};

static const int64_t keep_ms = INT64_C(90) * 86400 * 1000; /* what was delivered */

typedef struct courier courier;

/* One delivery under way: what it is made of, for the thread that does it. */
typedef struct {
	uv_work_t work;
	courier *c;
	bool busy;
	km_arena *arena;
	km_delivery d;
	km_entry entry;
	km_sv body;
	bool over; /* and what became of it is not in the outbox yet */
	km_sent sent;
	km_err err;
} job;

struct courier {
	km_role *role;
	km_accounts *accounts; /* NULL: not there yet */
	km_outbox *outbox;
	km_arena *texts, *plans; /* of all its life; of one entry */
	km_notices notices;
	km_sv webhook_secret;
	const char *password; /* of SMTP */
	char host[256];
	uv_timer_t look;
	job jobs[KM_CHANNEL_COUNT];
	job telling; /* the guard, of what was delivered */
	km_running *running;
	int64_t tell_after_ms;
	bool quitting, failing;
};

static int64_t now_ms(void)
{
	return (int64_t)km_clock_unix_ms();
}

static bool is_idle(const courier *c)
{
	bool busy = c->telling.busy;

	for (size_t i = 0; i < KM_CHANNEL_COUNT; i++)
		busy |= c->jobs[i].busy;
	return !busy;
}

static void dispatch(courier *c, km_channel channel);

static void end_if_done(courier *c)
{
	if (c->quitting && is_idle(c))
		km_role_end(c->role);
}

/* Once when it begins, once when it is over. */
static void complain(courier *c, km_status st, const km_err *err)
{
	bool failing = st != KM_OK && st != KM_NOTFOUND;

	if (failing && !c->failing)
		km_error("notices wait: %s", err->msg);
	if (!failing && c->failing)
		km_info("notices go out again");
	c->failing = failing;
}

/* --- entries --- */

static void copy_entry(km_arena *a, km_entry *out, const km_entry *e)
{
	*out = *e;
	km_sv *const texts[] = { &out->account, &out->by,	&out->reason,
				 &out->ip,	&out->queue_id, &out->facts };
	for (size_t i = 0; i < KM_COUNT(texts); i++)
		*texts[i] = km_sv_dup(a, *texts[i]);
}

typedef struct {
	km_arena *arena;
	int64_t row;
	km_entry *out;
	bool found;
} search;

static bool take_row(void *ctx, int64_t row, const km_entry *e)
{
	search *s = ctx;

	s->found = row == s->row;
	if (s->found)
		copy_entry(s->arena, s->out, e);
	return false;
}

static km_status load_entry(courier *c, km_arena *a, int64_t row, km_entry *out, km_err *err)
{
	search s = { a, row, out, false };
	const km_entry_filter f = { .after_row = row - 1 };
	km_status st = km_accounts_find(c->accounts, &f, take_row, &s, err);

	return st != KM_OK || s.found ? st
				      : KM_FAIL(err, KM_NOTFOUND, "K%lld is gone", (long long)row);
}

static bool take_decision(void *ctx, int64_t row, const km_entry *e)
{
	search *s = ctx;

	if (row >= s->row || e->kind != KM_ENTRY_review)
		return true;
	copy_entry(s->arena, s->out, e);
	return false;
}

/* The words of the review that led to it. */
static km_sv decision_of(courier *c, km_arena *a, int64_t row, const km_entry *e)
{
	km_entry review = { .reason = e->reason };
	search s = { a, row, &review, false };
	const km_entry_filter f = { .account = e->account, .limit = 20 };

	bool decided = e->kind == KM_ENTRY_restore || e->kind == KM_ENTRY_termination;
	if (decided && e->account.n &&
	    km_accounts_find(c->accounts, &f, take_decision, &s, NULL) != KM_OK)
		return e->reason;
	return review.reason;
}

/* --- planning --- */

typedef struct {
	courier *c;
	km_arena *arena;
	km_status st;
	km_err *err;
	size_t n;
} planning;

typedef struct {
	km_arena *arena;
	km_sv alternative;
} contact;

static bool take_alternative(void *ctx, const km_subscriber *s)
{
	contact *x = ctx;

	x->alternative = km_sv_dup(x->arena, s->alternative);
	return false;
}

static bool plan_one(void *ctx, int64_t row, const km_entry *e)
{
	planning *p = ctx;
	courier *c = p->c;
	contact x = { .arena = p->arena };
	km_delivery d[KM_TELLING_TARGETS];
	size_t n = 0;

	km_arena_reset(p->arena);
	if (e->account.n) {
		p->st = km_accounts_subscribers(c->accounts, e->account, take_alternative, &x,
						p->err);
		if (p->st != KM_OK && p->st != KM_NOTFOUND)
			return false;
	}
	if (e->t_ms > now_ms() - NEWS_MS)
		n = km_telling_plan(p->arena, c->role->conf, row, e, x.alternative, d);
	p->st = km_outbox_plan(c->outbox, row, d, n, now_ms(), p->err);
	return p->st == KM_OK && ++p->n < PLAN_AT_ONCE;
}

static bool take_newest(void *ctx, int64_t row, const km_entry *e)
{
	(void)e;
	*(int64_t *)ctx = row;
	return false;
}

static km_status renew_outbox(courier *c, const char *why, km_err *err)
{
	char name[64];

	km_outbox_close(c->outbox);
	c->outbox = NULL;
	km_status st = km_outbox_set_aside(c->role->state_dir, name, sizeof(name), err);
	if (st != KM_OK)
		return st;
	km_error("%s; the outbox is now %s, and a new one is begun", why, name);
	return km_outbox_open(c->role->state_dir, &c->outbox, err);
}

/* The files of accounts, once they are there. Were they begun anew, so is what was done of them. */
static km_status open_accounts(courier *c, km_err *err)
{
	const km_entry_filter newest = { .limit = 1 };
	int64_t mark, row = 0;

	if (access("accounts.db", F_OK) != 0)
		return KM_NOTFOUND;
	km_status st = km_accounts_open_reader(c->role->state_dir, &c->accounts, err);
	if (st == KM_OK)
		st = km_accounts_find(c->accounts, &newest, take_newest, &row, err);
	if (st == KM_OK)
		st = km_outbox_mark(c->outbox, &mark, err);
	if (st == KM_OK && row < mark)
		st = renew_outbox(c, "the accounts' files were begun anew", err);
	return st;
}

static km_status plan_all(courier *c, km_err *err)
{
	planning p = { .c = c, .arena = c->plans, .err = err };
	km_entry_filter f = { 0 };
	km_status st = c->accounts ? KM_OK : open_accounts(c, err);

	if (st == KM_OK)
		st = km_outbox_mark(c->outbox, &f.after_row, err);
	if (st == KM_OK)
		st = km_accounts_find(c->accounts, &f, plan_one, &p, err);
	if (st == KM_OK && p.st != KM_NOTFOUND)
		st = p.st;
	if (st != KM_OK && st != KM_NOTFOUND) { /* the file may be another one by now */
		km_accounts_close(c->accounts);
		c->accounts = NULL;
	}
	return st;
}

/* --- after a delivery --- */

/* Seconds until the next try. */
static int64_t pause_after(unsigned attempts)
{
	int64_t s = attempts < 16 ? (int64_t)FIRST_PAUSE_S << attempts : LONGEST_PAUSE_S;

	return s < LONGEST_PAUSE_S ? s : LONGEST_PAUSE_S;
}

/* What a URL says after the question mark may be secret. */
static km_sv shown(km_sv target)
{
	return km_sv_sub(target, 0, km_sv_chr(target, '?', 0));
}

static const char *words(km_sent sent)
{
	return sent == KM_SENT ? "delivered" : sent == KM_SENT_NEVER ? "given up" : "put off";
}

static void finish(job *j)
{
	courier *c = j->c;
	km_err err = { 0 };
	km_channel channel = j->d.channel;
	int64_t s = pause_after(j->d.attempts), now = now_ms();

	if (j->sent != KM_SENT && now - j->entry.t_ms > GIVE_UP_MS)
		j->sent = KM_SENT_NEVER;
	km_status st =
		j->sent == KM_SENT
			? km_outbox_done(c->outbox, &j->d, now, &err)
			: km_outbox_put_off(c->outbox, &j->d,
					    j->sent == KM_SENT_NEVER ? 0 : now + s * 1000,
					    j->sent == KM_SENT_DOWN, km_sv_of(j->err.msg), &err);
	j->over = st != KM_OK; /* then the next look tries again */
	complain(c, st, &err);
	if (j->over)
		return;
	km_shared_count(c->role->shared, c->role->slot,
			j->sent == KM_SENT	   ? KM_COUNTER_notices_sent_total
			: j->sent == KM_SENT_NEVER ? KM_COUNTER_notices_given_up_total
						   : KM_COUNTER_notices_put_off_total,
			1);
	km_log(j->sent == KM_SENT	  ? KM_LOG_INFO
	       : j->sent == KM_SENT_NEVER ? KM_LOG_ERROR
					  : KM_LOG_WARN,
	       "K%lld (%s) %s: %.*s: %s%s%s", (long long)j->d.entry,
	       km_entry_kind_name(j->entry.kind), km_channel_name(channel),
	       KM_FMT(shown(j->d.target)), words(j->sent), j->sent == KM_SENT ? "" : ": ",
	       j->sent == KM_SENT ? "" : j->err.msg);
	j->busy = false;
	if (!c->quitting)
		dispatch(c, channel);
	end_if_done(c);
}

static void on_worked(uv_work_t *w, int status)
{
	(void)status;
	finish(w->data);
}

/* --- deliveries --- */

static km_telling telling_of(courier *c, job *j)
{
	return (km_telling){ .conf = c->role->conf,
			     .notices = &c->notices,
			     .host = c->host,
			     .row = j->d.entry,
			     .entry = &j->entry,
			     .decision = decision_of(c, j->arena, j->d.entry, &j->entry) };
}

static void work_mail(uv_work_t *w)
{
	job *j = w->data;
	const km_conf *conf = j->c->role->conf;
	const char *user = km_conf_str(conf, KM_KEY_NOTIFY_SMTP_USER);
	const km_smtp via = { .url = km_conf_str(conf, KM_KEY_NOTIFY_SMTP),
			      .helo = j->c->host,
			      .user = *user ? user : NULL,
			      .password = j->c->password };
	const char *to = km_sv_cstr(j->arena, km_telling_to(j->d.target));

	j->sent = to ? km_send_mail(&via, to, j->body, &j->err) : KM_SENT_LATER;
}

static const char *signature(km_arena *a, km_sv secret, km_sv body)
{
	uint8_t mac[KM_SHA256_BYTES];
	char hex[KM_SHA256_HEX + 1] = { 0 };

	if (km_hmac_sha256(secret, body, mac) != KM_OK)
		return NULL;
	km_hex(mac, sizeof(mac), hex);
	return km_sv_cstr(a, km_sv_fmt(a, "X-Komainu-Signature: sha256=%s", hex));
}

static void work_webhook(uv_work_t *w)
{
	job *j = w->data;
	km_sv key = km_sv_fmt(j->arena, "Idempotency-Key: komainu-K%lld-%lld",
			      (long long)j->d.entry, (long long)j->entry.t_ms);
	const char *headers[2] = { km_sv_cstr(j->arena, key) }, *url;
	size_t n = 1;

	if (j->c->webhook_secret.n)
		headers[n++] = signature(j->arena, j->c->webhook_secret, j->body);
	url = km_sv_cstr(j->arena, j->d.target);
	j->sent = KM_SENT_LATER;
	if (url && headers[0] && headers[n - 1])
		j->sent = km_send_post(url, j->body, headers, n, &j->err);
}

static void on_hook_done(void *ctx, const km_err *err)
{
	courier *c = ctx;
	job *j = &c->jobs[KM_CHANNEL_hook];

	j->err = *err;
	j->sent = err->st == KM_OK ? KM_SENT : KM_SENT_LATER;
	finish(j);
}

static km_status start_hook(job *j, km_err *err)
{
	const km_run_ask ask = {
		.hook = j->d.target,
		.entry = km_sv_fmt(j->arena, "K%lld", (long long)j->d.entry),
		.event = km_sv_of(km_entry_kind_name(j->entry.kind)),
		.account = j->entry.account,
		.input = j->body,
	};

	return km_running_start(j->c->running, &ask, err);
}

static km_status compose(courier *c, job *j)
{
	const km_telling t = telling_of(c, j);
	km_buf b;

	km_buf_init(&b, j->arena, BODY_MAX);
	km_status st =
		j->d.channel == KM_CHANNEL_mail
			? km_telling_mail(j->arena, &t, j->d.target, km_clock_now(), &b, &j->err)
			: km_telling_json(j->arena, &t, &b, &j->err);
	j->body = km_buf_sv(&b);
	return st;
}

static bool is_configured(const courier *c, const km_delivery *d)
{
	const char *const *urls;
	size_t n = km_conf_list(c->role->conf, KM_KEY_NOTIFY_WEBHOOKS, &urls);

	if (d->channel == KM_CHANNEL_mail)
		return *km_conf_str(c->role->conf, KM_KEY_NOTIFY_SMTP);
	for (size_t i = 0; i < n && d->channel == KM_CHANNEL_webhook; i++)
		if (km_sv_eq(km_sv_of(urls[i]), d->target))
			return true;
	const km_telling_hook *h = km_telling_hook_by_name(d->target);
	return d->channel == KM_CHANNEL_hook && h && km_conf_list(c->role->conf, h->key, &urls);
}

/* KM_OK when it is under way; else it can not be delivered, now or ever. */
static km_status begin(courier *c, job *j)
{
	static uv_work_cb works[] = {
		[KM_CHANNEL_mail] = work_mail, [KM_CHANNEL_webhook] = work_webhook
	};
	km_status st = load_entry(c, j->arena, j->d.entry, &j->entry, &j->err);

	if (st == KM_OK && !is_configured(c, &j->d))
		st = KM_FAIL(&j->err, KM_NOTFOUND, "it is not configured any more");
	if (st == KM_OK)
		st = compose(c, j);
	if (st == KM_OK && j->d.channel == KM_CHANNEL_hook)
		return start_hook(j, &j->err);
	if (st == KM_OK &&
	    uv_queue_work(&c->role->loop, &j->work, works[j->d.channel], on_worked) != 0)
		st = KM_FAIL(&j->err, KM_TEMPFAIL, "no thread");
	return st;
}

static void dispatch(courier *c, km_channel channel)
{
	job *j = &c->jobs[channel];

	if (j->busy || c->accounts == NULL || c->outbox == NULL ||
	    (channel == KM_CHANNEL_hook && !km_running_ready(c->running)))
		return;
	km_arena_reset(j->arena);
	j->err = (km_err){ 0 };
	km_status st = km_outbox_due(c->outbox, channel, now_ms(), j->arena, &j->d, &j->err);
	if (st == KM_NOTFOUND)
		return;
	complain(c, st, &j->err);
	if (st != KM_OK)
		return;
	j->busy = true;
	j->entry = (km_entry){ .t_ms = now_ms() };
	st = begin(c, j);
	if (st == KM_OK)
		return;
	/* What can not be written will not be writable later either. */
	j->sent =
		st == KM_TEMPFAIL || st == KM_NOMEM || st == KM_IO ? KM_SENT_LATER : KM_SENT_NEVER;
	j->over = true; /* finished by the next look, not from within */
}

/* --- telling the guard --- */

static json_t *text(km_arena *a, km_sv v)
{
	size_t bad = 0;

	v = km_utf8_sanitise(a, v, &bad);
	return json_stringn(v.n ? v.p : "", v.n);
}

static json_t *told_event(const job *j)
{
	const km_entry *e = &j->entry;
	km_sv to =
		j->d.channel == KM_CHANNEL_mail ? km_telling_to(j->d.target) : shown(j->d.target);
	char when[32];

	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:I}", "event", "told", "t",
			 km_time_format(km_clock_now(), when), "account",
			 text(j->arena, e->account.n ? e->account : e->ip), "how",
			 km_channel_name(j->d.channel), "to", text(j->arena, to), "row",
			 (json_int_t)j->d.entry);
}

static void work_told(uv_work_t *w)
{
	job *j = w->data;
	json_t *answer = NULL;

	/* A role works in the state folder. */
	km_status st = km_guard_ask(".", told_event(j), &answer, &j->err);
	json_decref(answer);
	j->sent = st == KM_OK ? KM_SENT : st == KM_SYNTAX ? KM_SENT_NEVER : KM_SENT_DOWN;
}

static void tell_guard(courier *c);

static void on_told(uv_work_t *w, int status)
{
	job *j = w->data;
	courier *c = j->c;
	km_err err = { 0 };

	(void)status;
	if (j->sent == KM_SENT_NEVER)
		km_warn("K%lld: the file of the account does not take what was told: %s",
			(long long)j->d.entry, j->err.msg);
	if (j->sent == KM_SENT_DOWN)
		c->tell_after_ms = now_ms() + TELL_PAUSE_MS;
	else
		complain(c, km_outbox_told(c->outbox, &j->d, &err), &err);
	j->busy = false;
	if (!c->quitting)
		tell_guard(c);
	end_if_done(c);
}

static void tell_guard(courier *c)
{
	job *j = &c->telling;

	if (j->busy || c->accounts == NULL || c->outbox == NULL || now_ms() < c->tell_after_ms)
		return;
	km_arena_reset(j->arena);
	j->err = (km_err){ 0 };
	if (km_outbox_untold(c->outbox, j->arena, &j->d, &j->err) != KM_OK)
		return;
	if (load_entry(c, j->arena, j->d.entry, &j->entry, &j->err) == KM_OK)
		j->busy = uv_queue_work(&c->role->loop, &j->work, work_told, on_told) == 0;
	else
		c->tell_after_ms = now_ms() + TELL_PAUSE_MS;
}

/* --- the role --- */

static void on_look(uv_timer_t *t)
{
	courier *c = t->data;
	km_err err = { 0 };

	for (size_t i = 0; i < KM_CHANNEL_COUNT; i++)
		if (c->jobs[i].busy && c->jobs[i].over)
			finish(&c->jobs[i]);
	if (c->quitting)
		return;
	km_status st = c->outbox ? KM_OK : km_outbox_open(c->role->state_dir, &c->outbox, &err);
	if (st == KM_OK)
		st = plan_all(c, &err);
	complain(c, st, &err);
	for (size_t i = 0; i < KM_CHANNEL_COUNT; i++)
		dispatch(c, (km_channel)i);
	tell_guard(c);
}

/* A file with one line that others may not read. */
static km_status read_secret(courier *c, km_conf_key key, km_sv *out, km_err *err)
{
	const char *path = km_conf_str(c->role->conf, key);
	km_err why = { 0 };
	km_file f;

	if (*path == '\0')
		return KM_OK;
	if (km_file_open(&f, path, SECRET_MAX, &why) != KM_OK)
		return KM_FAIL(err, KM_CONFIG, "%s: %s", km_conf_describe(key)->name, why.msg);
	km_sv secret = km_sv_trim(f.bytes);
	*out = km_sv_dup(c->texts, secret);
	km_file_close(&f);
	return out->n ? KM_OK
		      : KM_FAIL(err, KM_CONFIG, "%s: %s is empty", km_conf_describe(key)->name,
				path);
}

static km_status open_outbox(courier *c, km_err *err)
{
	km_err damaged = { 0 };
	km_status st = km_outbox_open(c->role->state_dir, &c->outbox, &damaged);

	if (st == KM_SYNTAX)
		return renew_outbox(c, damaged.msg, err);
	if (st != KM_OK)
		return KM_FAIL(err, st, "%s", damaged.msg);
	return km_outbox_expire(c->outbox, now_ms() - keep_ms, err);
}

static km_status make_jobs(courier *c, km_err *err)
{
	for (size_t i = 0; i <= KM_CHANNEL_COUNT; i++) {
		job *j = i < KM_CHANNEL_COUNT ? &c->jobs[i] : &c->telling;
		j->c = c;
		j->work.data = j;
		j->arena = km_arena_new(JOB_MEMORY);
		if (j->arena == NULL)
			return KM_FAIL(err, KM_NOMEM, "no memory");
	}
	c->texts = km_arena_new(JOB_MEMORY);
	c->plans = km_arena_new(JOB_MEMORY);
	c->running = km_running_new(c->role, on_hook_done, c);
	return c->texts && c->plans && c->running ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory");
}

static km_status courier_start(km_role *r, km_err *err)
{
	courier *c = calloc(1, sizeof(*c));
	km_sv password = { 0 };

	if (c == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	c->role = r;
	r->self = c;
	(void)uv_timer_init(&r->loop, &c->look);
	c->look.data = c;
	if (gethostname(c->host, sizeof(c->host) - 1) != 0 || c->host[0] == '\0')
		(void)snprintf(c->host, sizeof(c->host), "localhost");
	km_status st = make_jobs(c, err);
	if (st == KM_OK)
		st = km_notices_open(c->texts, km_conf_str(r->conf, KM_KEY_NOTIFY_TEMPLATES),
				     &c->notices, err);
	if (st == KM_OK)
		st = read_secret(c, KM_KEY_NOTIFY_WEBHOOK_SECRET, &c->webhook_secret, err);
	if (st == KM_OK)
		st = read_secret(c, KM_KEY_NOTIFY_SMTP_PASSWORD, &password, err);
	c->password = km_sv_cstr(c->texts, password);
	if (st == KM_OK)
		st = open_outbox(c, err);
	if (st == KM_OK)
		st = km_sending_init(err);
	if (st == KM_OK)
		st = km_sandbox_enter(
			&(km_sandbox){ .kind = KM_SANDBOX_COURIER, .dir = r->state_dir }, err);
	if (st == KM_OK)
		(void)uv_timer_start(&c->look, on_look, 0, LOOK_MS);
	return st;
}

static void courier_link(km_role *r, km_channel_word what, int fd)
{
	courier *c = r->self;

	(void)what;
	km_running_link(c->running, fd);
	dispatch(c, KM_CHANNEL_hook);
}

static void courier_drain(km_role *r, bool quit)
{
	courier *c = r->self;

	c->quitting = quit;
	end_if_done(c);
}

static void courier_stop(km_role *r)
{
	const courier *c = r->self;

	km_running_stop(c->running);
}

static void courier_finish(km_role *r)
{
	courier *c = r->self;

	if (c == NULL)
		return;
	km_running_free(c->running);
	km_accounts_close(c->accounts);
	km_outbox_close(c->outbox);
	for (size_t i = 0; i < KM_CHANNEL_COUNT; i++)
		km_arena_free(c->jobs[i].arena);
	km_arena_free(c->telling.arena);
	km_arena_free(c->plans);
	km_arena_free(c->texts);
	free(c);
}

const km_role_ops km_courier_role = {
	.name = "courier",
	.start = courier_start,
	.link = courier_link,
	.drain = courier_drain,
	.stop = courier_stop,
	.finish = courier_finish,
};
