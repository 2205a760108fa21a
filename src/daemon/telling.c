#include "daemon/telling.h"

#include <stdio.h>
#include <time.h>

#include "engine/json_write.h"
#include "mail/b64.h"
#include "mail/encode.h"
#include "outbound/stored.h"
#include "policy/advice.h"

enum { TEXT_MAX = 4 * 1024 * 1024, BASE64_LINE = 57 /* bytes of a line of 76 letters */ };

static const km_sv to_subscriber = KM_SV("subscriber "), to_alternative = KM_SV("alternative "),
		   to_staff = KM_SV("staff ");

/* --- to whom --- */

bool km_telling_address(km_sv v)
{
	size_t at = km_sv_chr(v, '@', 0);

	if (v.n > KM_ADDRESS_MAX || at == 0 || at + 1 >= v.n || km_sv_chr(v, '@', at + 1) < v.n)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (!km_is_alnum(c) && (c == 0 || strchr("@.-_+=~!#$%&'*/?^`{|}", c) == NULL))
			return false;
	}
	/* RFC 5321 dot-atoms: a dot stands between. */
	return v.p[0] != '.' && v.p[at - 1] != '.' && v.p[at + 1] != '.' && v.p[v.n - 1] != '.' &&
	       km_sv_find(v, KM_S(".."), 0) == v.n;
}

static const km_conf_key addresses[] = { KM_KEY_NOTIFY_FROM };

/* Each with the entries that it is run on. */
static bool on_all(const km_entry *e)
{
	(void)e;
	return true;
}

static bool on_new_password(const km_entry *e)
{
	return e->kind == KM_ENTRY_review && km_review_wants_password(e->reason);
}

/* A person's decision: a new password alone says nothing of what is held. */
static bool on_cleared(const km_entry *e)
{
	return e->kind == KM_ENTRY_review && km_review_restores(e->reason);
}

static const struct {
	km_telling_hook hook;
	bool (*wanted)(const km_entry *e);
} hooks[] = {
	{ { "ticket", KM_KEY_HOOKS_TICKET }, on_all },
	{ { "password_reset", KM_KEY_HOOKS_PASSWORD_RESET }, on_new_password },
	{ { "release", KM_KEY_HOOKS_RELEASE }, on_cleared },
};

static km_status wrong(km_conf_key key, const char *value, const char *want, km_err *err)
{
	return KM_FAIL(err, KM_CONFIG, "%s: \"%s\": %s", km_conf_describe(key)->name, value, want);
}

static bool has_scheme(const char *url, const char *one, const char *other)
{
	km_sv v = km_sv_of(url);

	return (km_sv_starts(v, km_sv_of(one)) && v.n > strlen(one)) ||
	       (km_sv_starts(v, km_sv_of(other)) && v.n > strlen(other));
}

static km_status check_lists(const km_conf *conf, km_err *err)
{
	const char *const *v;
	size_t n = km_conf_list(conf, KM_KEY_NOTIFY_STAFF, &v);

	for (size_t i = 0; i < n; i++)
		if (!km_telling_address(km_sv_of(v[i])))
			return wrong(KM_KEY_NOTIFY_STAFF, v[i], "no mail address", err);
	n = km_conf_list(conf, KM_KEY_NOTIFY_WEBHOOKS, &v);
	for (size_t i = 0; i < n; i++)
		if (!has_scheme(v[i], "https://", "http://"))
			return wrong(KM_KEY_NOTIFY_WEBHOOKS, v[i], "https://… is expected", err);
	for (size_t i = 0; i < KM_COUNT(hooks); i++)
		if (km_conf_list(conf, hooks[i].hook.key, &v) && v[0][0] != '/')
			return wrong(hooks[i].hook.key, v[0],
				     "the whole path of a program is expected", err);
	return KM_OK;
}

km_status km_telling_check(const km_conf *conf, km_err *err)
{
	const char *smtp = km_conf_str(conf, KM_KEY_NOTIFY_SMTP);
	const char *domain = km_conf_str(conf, KM_KEY_NOTIFY_DOMAIN);
	km_arena *a = km_arena_new(TEXT_MAX);
	km_notices notices;

	if (a == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	km_status st =
		km_notices_open(a, km_conf_str(conf, KM_KEY_NOTIFY_TEMPLATES), &notices, err);
	for (size_t i = 0; st == KM_OK && i < KM_COUNT(addresses); i++) {
		const char *v = km_conf_str(conf, addresses[i]);
		if (*v && !km_telling_address(km_sv_of(v)))
			st = wrong(addresses[i], v, "no mail address", err);
	}
	if (st == KM_OK && *domain && !km_telling_address(km_sv_fmt(a, "a@%s", domain)))
		st = wrong(KM_KEY_NOTIFY_DOMAIN, domain, "no domain", err);
	if (st == KM_OK && *smtp && !has_scheme(smtp, "smtp://", "smtps://"))
		st = wrong(KM_KEY_NOTIFY_SMTP, smtp, "smtp://HOST:PORT or smtps://… is expected",
			   err);
	if (st == KM_OK)
		st = check_lists(conf, err);
	km_arena_free(a);
	return st;
}

bool km_telling_wanted(const km_conf *conf)
{
	const char *const *v;

	return *km_conf_str(conf, KM_KEY_NOTIFY_SMTP) ||
	       km_conf_list(conf, KM_KEY_NOTIFY_WEBHOOKS, &v) || km_telling_hooked(conf);
}

const km_telling_hook *km_telling_hook_by_name(km_sv name)
{
	for (size_t i = 0; i < KM_COUNT(hooks); i++)
		if (km_sv_eq(name, km_sv_of(hooks[i].hook.name)))
			return &hooks[i].hook;
	return NULL;
}

bool km_telling_hooked(const km_conf *conf)
{
	const char *const *v;

	for (size_t i = 0; i < KM_COUNT(hooks); i++)
		if (km_conf_list(conf, hooks[i].hook.key, &v))
			return true;
	return false;
}

typedef struct {
	km_arena *a;
	const km_conf *conf;
	int64_t row;
	const km_entry *e;
	km_delivery *out;
	size_t n;
} plan;

static void add(plan *p, km_channel channel, km_sv prefix, km_sv rest)
{
	km_sv target = km_sv_fmt(p->a, "%.*s%.*s", KM_FMT(prefix), KM_FMT(rest));

	if (p->n < KM_TELLING_TARGETS && target.n)
		p->out[p->n++] = (km_delivery){ p->row, channel, target, 0 };
}

/* The mailbox of the account itself, or empty. */
static km_sv own_address(const plan *p)
{
	const char *domain = km_conf_str(p->conf, KM_KEY_NOTIFY_DOMAIN);
	km_sv v = p->e->account;

	if (*domain && km_sv_chr(v, '@', 0) == v.n)
		v = km_sv_fmt(p->a, "%.*s@%s", KM_FMT(v), domain);
	return km_telling_address(v) ? v : KM_S("");
}

static void plan_mail(plan *p, km_sv alternative)
{
	const char *const *staff;
	size_t n = km_conf_list(p->conf, KM_KEY_NOTIFY_STAFF, &staff);

	if (km_told_wanted(p->e, KM_FOR_RECIPIENT)) {
		km_sv own = own_address(p);
		if (own.n)
			add(p, KM_CHANNEL_mail, to_subscriber, own);
		if (km_telling_address(alternative) && !km_sv_ieq(alternative, own))
			add(p, KM_CHANNEL_mail, to_alternative, alternative);
	}
	for (size_t i = 0; i < n && km_told_wanted(p->e, KM_FOR_ADMIN); i++)
		add(p, KM_CHANNEL_mail, to_staff, km_sv_of(staff[i]));
}

size_t km_telling_plan(km_arena *a, const km_conf *conf, int64_t row, const km_entry *e,
		       km_sv alternative, km_delivery out[KM_TELLING_TARGETS])
{
	plan p = { .a = a, .conf = conf, .row = row, .e = e, .out = out };
	const char *const *v;

	if (e->kind == KM_ENTRY_told || e->kind >= KM_ENTRY_KIND_COUNT)
		return 0;
	if (*km_conf_str(conf, KM_KEY_NOTIFY_SMTP))
		plan_mail(&p, alternative);
	size_t n = km_conf_list(conf, KM_KEY_NOTIFY_WEBHOOKS, &v);
	for (size_t i = 0; i < n; i++)
		add(&p, KM_CHANNEL_webhook, KM_S(""), km_sv_of(v[i]));
	for (size_t i = 0; i < KM_COUNT(hooks); i++)
		if (km_conf_list(conf, hooks[i].hook.key, &v) && hooks[i].wanted(e))
			add(&p, KM_CHANNEL_hook, KM_S(""), km_sv_of(hooks[i].hook.name));
	return p.n;
}

km_sv km_telling_to(km_sv target)
{
	return km_sv_from(target, km_sv_chr(target, ' ', 0) + 1);
}

/* --- the mail --- */

km_sv km_telling_from(km_arena *a, const km_conf *conf, const char *host)
{
	const char *from = km_conf_str(conf, KM_KEY_NOTIFY_FROM);

	return *from ? km_sv_of(from) : km_sv_fmt(a, "postmaster@%s", host);
}

static km_status write_notice(km_arena *a, const km_telling *t, km_sv target, km_lang lang,
			      km_notice *out, km_err *err)
{
	const km_sv accused = KM_S("accused");
	const km_told told = {
		.row = t->row,
		.entry = t->entry,
		.reason = t->decision,
		.reader = km_sv_starts(target, to_staff) ? KM_FOR_ADMIN : KM_FOR_RECIPIENT,
		.operator_name = km_sv_of(km_conf_str(t->conf, KM_KEY_NOTIFY_OPERATOR)),
		.contact = km_sv_of(km_conf_str(t->conf, KM_KEY_NOTIFY_CONTACT)),
		.steps = { km_advice_numbered(a, accused, KM_ADVICE_DO, KM_JA),
			   km_advice_numbered(a, accused, KM_ADVICE_DO, KM_EN) },
	};

	return km_told_write(a, t->notices, &told, lang, out, err);
}

/* Subject and text in the languages that are wanted, one after the other. */
static km_status write_text(km_arena *a, const km_telling *t, km_sv target, km_notice *out,
			    km_err *err)
{
	const char *word = km_conf_str(t->conf, KM_KEY_NOTIFY_LANGUAGE);
	km_notice one;
	km_buf b;

	km_buf_init(&b, a, TEXT_MAX);
	*out = (km_notice){ 0 };
	for (int lang = 0; lang < KM_LANGS; lang++) {
		bool both = strcmp(word, "both") == 0;
		if (!both && strcmp(word, km_lang_name((km_lang)lang)) != 0)
			continue;
		km_status st = write_notice(a, t, target, (km_lang)lang, &one, err);
		if (st != KM_OK)
			return st;
		if (out->subject.n == 0)
			out->subject = one.subject;
		else
			km_buf_fmt(&b, "\n----------\n%.*s\n\n", KM_FMT(one.subject));
		km_buf_add(&b, one.body);
	}
	out->body = km_buf_sv(&b);
	return b.cut ? KM_FAIL(err, KM_LIMIT, "the notice is too long") : KM_OK;
}

static void add_date(km_buf *out, km_time now)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)now;
	struct tm tm = { 0 };

	(void)gmtime_r(&t, &tm);
	km_buf_fmt(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday,
		   months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_body(km_arena *a, km_buf *out, km_sv text)
{
	km_sv line;
	km_buf b;

	km_buf_init(&b, a, 2 * text.n + 2);
	while (km_sv_line(&text, &line)) {
		km_buf_add(&b, line);
		km_buf_add(&b, KM_S("\r\n"));
	}
	for (km_sv rest = km_buf_sv(&b); rest.n; rest = km_sv_from(rest, BASE64_LINE)) {
		km_b64_encode(out, km_sv_sub(rest, 0, BASE64_LINE));
		km_buf_add(out, KM_S("\r\n"));
	}
}

km_status km_telling_mail(km_arena *a, const km_telling *t, km_sv target, km_time now, km_buf *out,
			  km_err *err)
{
	km_sv from = km_telling_from(a, t->conf, t->host), to = km_telling_to(target);
	km_notice n;
	km_status st = write_text(a, t, target, &n, err);

	if (st != KM_OK)
		return st;
	km_buf_fmt(out, "From: <%.*s>\r\nTo: <%.*s>\r\nSubject: ", KM_FMT(from), KM_FMT(to));
	km_header_encode(out, n.subject, sizeof("Subject: ") - 1, "\r\n");
	km_buf_add(out, KM_S("\r\n"));
	add_date(out, now);
	/* The first word of the target and the entry: whoever gets it twice can tell. */
	km_buf_fmt(out, "Message-ID: <komainu.K%lld.%lld.%.*s@%s>\r\n", (long long)t->row,
		   (long long)t->entry->t_ms,
		   KM_FMT(km_sv_sub(target, 0, km_sv_chr(target, ' ', 0))), t->host);
	km_buf_add(out, KM_S("Auto-Submitted: auto-generated\r\n"
			     "X-Auto-Response-Suppress: All\r\n"
			     "MIME-Version: 1.0\r\n"
			     "Content-Type: text/plain; charset=UTF-8\r\n"
			     "Content-Transfer-Encoding: base64\r\n\r\n"));
	add_body(a, out, n.body);
	return out->cut ? KM_FAIL(err, KM_LIMIT, "the notice is too long") : KM_OK;
}

/* --- JSON --- */

static void add_time(km_json_writer *w, const char *key, int64_t t_ms)
{
	char text[32];

	if (t_ms)
		km_json_string(w, key, km_time_format(t_ms / 1000, text));
	else
		km_json_null(w, key);
}

static void add_filled(km_json_writer *w, const char *key, km_sv v)
{
	if (v.n)
		km_json_sv(w, key, v);
	else
		km_json_null(w, key);
}

static km_status add_facts(km_arena *a, km_json_writer *w, const km_telling *t, km_err *err)
{
	km_lang lang = strcmp(km_conf_str(t->conf, KM_KEY_LANGUAGE), "ja") == 0 ? KM_JA : KM_EN;
	km_facts facts;

	km_facts_init(&facts, a);
	km_status st = km_stored_facts(t->entry->facts, &facts, err);
	if (st != KM_OK)
		return st;
	km_json_open(w, "facts", '[');
	for (size_t i = 0; i < facts.n; i++) {
		const km_fact *f = &facts.f[i];
		const km_fact_info *info = km_fact_describe(f->id);
		km_json_open(w, NULL, '{');
		km_json_string(w, "id", info->id);
		km_json_number(w, "points", info->points * f->weight, 2);
		km_json_sv(w, "seen", f->seen);
		km_json_sv(w, "text", km_fact_sentence(a, f, KM_FOR_ADMIN, lang));
		km_json_close(w, '}');
	}
	km_json_close(w, ']');
	return KM_OK;
}

km_status km_telling_json(km_arena *a, const km_telling *t, km_buf *out, km_err *err)
{
	const km_entry *e = t->entry;
	km_json_writer w = { .out = out };

	km_json_open(&w, NULL, '{');
	km_json_sv(&w, "id", km_sv_fmt(a, "K%lld", (long long)t->row));
	km_json_string(&w, "event", km_entry_kind_name(e->kind));
	add_filled(&w, "account", e->account);
	add_time(&w, "t", e->t_ms);
	add_time(&w, "until", e->until_ms);
	add_filled(&w, "by", e->by);
	add_filled(&w, "reason", e->reason);
	add_filled(&w, "ip", e->ip);
	if (e->port > 0)
		km_json_integer(&w, "port", e->port);
	else
		km_json_null(&w, "port");
	add_filled(&w, "queue_id", e->queue_id);
	km_status st = add_facts(a, &w, t, err);
	if (st != KM_OK)
		return st;
	km_json_string(&w, "operator", km_conf_str(t->conf, KM_KEY_NOTIFY_OPERATOR));
	km_json_close(&w, '}');
	return out->cut ? KM_FAIL(err, KM_LIMIT, "the entry is too long") : KM_OK;
}
