#include "outbound/told.h"

#include "base/buf.h"
#include "outbound/stored.h"

enum { BLOCK_MAX = 64 * 1024 };

/* What an entry is called, and by which template its subscriber is told of it. */
static const struct {
	const char *title[KM_LANGS];
	bool subscriber, staff;
	km_notice_kind notice;
} kinds[KM_ENTRY_KIND_COUNT] = {
	[KM_ENTRY_notice] = { { "注意", "notice" }, true, true, KM_NOTICE_notice },
	[KM_ENTRY_warning] = { { "警告", "warning" }, true, true, KM_NOTICE_warning },
	[KM_ENTRY_throttle] = { { "送信の制限", "throttle" }, true, true, KM_NOTICE_throttle },
	[KM_ENTRY_brake] = { { "緊急の一時停止", "brake" }, true, true, KM_NOTICE_brake },
	[KM_ENTRY_suspension] = { { "送信停止", "suspension" }, true, true, KM_NOTICE_suspension },
	[KM_ENTRY_termination] = { { "利用の終了", "termination" },
				   true,
				   true,
				   KM_NOTICE_termination },
	[KM_ENTRY_restore] = { { "解除", "restore" }, true, true, KM_NOTICE_restore },
	[KM_ENTRY_appeal] = { { "異議の申し立て", "appeal" }, true, true, KM_NOTICE_appeal },
	[KM_ENTRY_review] = { { "見直し", "review" }, true, true, KM_NOTICE_review },
	[KM_ENTRY_password_changed] = { { "パスワードの変更", "password change" },
					false,
					true,
					KM_NOTICE_staff },
	[KM_ENTRY_complaint] = { { "苦情", "complaint" }, false, false, KM_NOTICE_staff },
	[KM_ENTRY_told] = { { "連絡", "told" }, false, false, KM_NOTICE_staff },
};

const char *km_entry_title(km_entry_kind k, km_lang lang)
{
	return k < KM_ENTRY_KIND_COUNT ? kinds[k].title[lang] : "";
}

static const km_sv restores = KM_SV("restore"), restores_password = KM_SV("restore+password");

/* The outcome that @reason begins with, up to the colon or the end. */
static km_sv outcome_of(km_sv reason)
{
	static const km_sv outcomes[] = { KM_SV("restore"), KM_SV("restore+password"),
					  KM_SV("keep"), KM_SV("terminate") };
	km_sv word = km_sv_sub(reason, 0, km_sv_chr(reason, ':', 0));

	for (size_t i = 0; i < KM_COUNT(outcomes); i++)
		if (km_sv_eq(word, outcomes[i]))
			return word;
	return KM_S("");
}

bool km_review_restores(km_sv reason)
{
	return km_sv_starts(outcome_of(reason), restores);
}

bool km_review_wants_password(km_sv reason)
{
	return km_sv_eq(outcome_of(reason), restores_password);
}

km_sv km_review_words(km_sv reason)
{
	size_t n = outcome_of(reason).n;

	return n ? km_sv_trim(km_sv_from(reason, n + 1)) : reason;
}

bool km_told_wanted(const km_entry *e, km_reader reader)
{
	if (e->kind >= KM_ENTRY_KIND_COUNT)
		return false;
	if (reader == KM_FOR_ADMIN)
		return kinds[e->kind].staff;
	/* Of what a decision leads to, that tells. */
	bool twice = e->kind == KM_ENTRY_review && !km_sv_starts(e->reason, KM_S("keep"));
	return kinds[e->kind].subscriber && !twice;
}

/* @text as lines below a heading. */
static km_sv block(km_arena *a, km_sv text)
{
	km_sv rest = km_sv_trim(text), line;
	km_buf b;

	km_buf_init(&b, a, BLOCK_MAX);
	while (km_sv_line(&rest, &line)) {
		km_buf_add(&b, KM_S("\n  "));
		km_buf_add(&b, km_stored_text(a, line, false));
	}
	return km_buf_sv(&b);
}

static km_status facts_block(km_arena *a, const km_told *t, km_lang lang, km_sv *out, km_err *err)
{
	km_facts facts;
	km_buf b;

	km_facts_init(&facts, a);
	km_buf_init(&b, a, BLOCK_MAX);
	km_status st = km_stored_facts(t->entry->facts, &facts, err);
	if (st != KM_OK)
		return st;
	for (size_t i = 0; i < facts.n; i++)
		km_buf_fmt(&b, "\n  - %.*s",
			   KM_FMT(km_fact_sentence(a, &facts.f[i], t->reader, lang)));
	*out = km_buf_sv(&b);
	return KM_OK;
}

static km_sv address_of(km_arena *a, const km_entry *e, km_lang lang)
{
	if (e->ip.n == 0)
		return KM_S("");
	km_sv ip = km_stored_text(a, e->ip, false);
	if (e->port <= 0)
		return ip;
	return lang == KM_JA ? km_sv_fmt(a, "%.*s (ポート %lld)", KM_FMT(ip), (long long)e->port)
			     : km_sv_fmt(a, "%.*s (port %lld)", KM_FMT(ip), (long long)e->port);
}

static km_sv or_else(km_sv v, const char *other)
{
	return v.n ? v : km_sv_of(other);
}

km_status km_told_write(km_arena *a, const km_notices *all, const km_told *t, km_lang lang,
			km_notice *out, km_err *err)
{
	static const char *const someone[] = { "メールサービスの管理者", "the mail service" };
	static const char *const reply[] = { "このメールへの返信", "by reply to this message" };
	const km_entry *e = t->entry;
	char when[KM_STORED_TIME], until[KM_STORED_TIME];
	km_sv v[KM_NOTICE_VALUE_COUNT] = { 0 };

	if (!km_told_wanted(e, t->reader))
		return KM_FAIL(err, KM_NOTFOUND, "nobody is told of a %s",
			       km_entry_kind_name(e->kind));
	km_status st = facts_block(a, t, lang, &v[KM_NOTICE_VALUE_facts], err);
	if (st != KM_OK)
		return st;
	v[KM_NOTICE_VALUE_operator] =
		or_else(km_stored_text(a, t->operator_name, false), someone[lang]);
	v[KM_NOTICE_VALUE_contact] = or_else(km_stored_text(a, t->contact, false), reply[lang]);
	v[KM_NOTICE_VALUE_account] = km_stored_text(a, e->account, false);
	v[KM_NOTICE_VALUE_number] = km_sv_fmt(a, "K%lld", (long long)t->row);
	v[KM_NOTICE_VALUE_measure] = km_sv_of(km_entry_title(e->kind, lang));
	v[KM_NOTICE_VALUE_time] = km_sv_of(km_stored_time(e->t_ms, when));
	if (e->until_ms)
		v[KM_NOTICE_VALUE_until] = km_sv_of(km_stored_time(e->until_ms, until));
	v[KM_NOTICE_VALUE_address] = address_of(a, e, lang);
	v[KM_NOTICE_VALUE_message] = km_stored_text(a, e->queue_id, false);
	v[KM_NOTICE_VALUE_by] = km_stored_text(a, e->by, false);
	v[KM_NOTICE_VALUE_reason] = block(a, km_review_words(t->reason.n ? t->reason : e->reason));
	v[KM_NOTICE_VALUE_steps] = t->steps[lang];
	km_notice_kind kind = t->reader == KM_FOR_ADMIN ? KM_NOTICE_staff : kinds[e->kind].notice;
	return km_notice_write(a, all->text[kind][lang], v, out, err);
}
