#include "engine/scan.h"

#include "content/brand_check.h"
#include "content/bulk.h"
#include "content/contact.h"
#include "content/sender_domain.h"
#include "content/structure.h"
#include "engine/auth.h"
#include "engine/author.h"
#include "engine/replay.h"
#include "engine/wallet.h"

struct km_scan {
	km_arena *arena, *reserve;
	const km_kit *kit;
	const km_envelope *env;
	km_sv message;
	km_mail *mail; /* NULL until read, or when there was no memory at all */
	km_views views;
	km_links links;
	km_opened opened;
	km_facts facts;
	km_dns_set dns;
	km_auth auth;
	km_dnsbl_check *dnsbl; /* NULL while not begun, or when none is on */
	km_learned learned;
	km_verdict verdict;
	km_timings us;
	bool authenticated; /* auth is settled */
	unsigned done;	    /* stages, by bit */
	km_scan_state state;
};

km_scan *km_scan_new(km_arena *arena, const km_kit *kit, const km_envelope *env)
{
	km_scan *s = KM_NEW(arena, km_scan);

	if (s == NULL)
		return NULL;
	s->arena = arena;
	s->reserve = km_arena_sub(arena, KM_MAX_RESERVE_BYTES);
	if (s->reserve == NULL) /* a smaller arena than the limits provide for */
		s->reserve = arena;
	s->kit = kit;
	s->env = env;
	km_facts_init(&s->facts, s->reserve);
	km_dns_set_init(&s->dns, arena);
	return s;
}

void km_scan_message(km_scan *s, km_sv message)
{
	s->message = message;
}

/* --- stages: each goes as far as the answers at hand allow; KM_NOTFOUND while it waits --- */

static km_status stage_read(km_scan *s)
{
	bool more = s->kit->checks & ~(unsigned)KM_CHECK_AUTH;
	km_status st = more ? km_mail_read(s->arena, s->message, &s->mail)
			    : km_mail_read_header(s->arena, s->message, &s->mail);

	if (st == KM_NOMEM)
		s->mail = NULL;
	if (s->mail == NULL || !more)
		return KM_OK;
	km_views_read(s->arena, s->mail, &s->views);
	km_links_read(s->arena, s->mail, &s->views, &s->links);
	return KM_OK;
}

/* Of the message as a whole: virus scanners do not say where. */
static km_status stage_virus(km_scan *s)
{
	if (s->env->virus.n)
		(void)km_fact_add(&s->facts, KM_FACT_VIRUS_FOUND, s->env->virus, KM_NO_PART, 0, 0);
	if (s->env->unexamined)
		(void)km_fact_add(&s->facts, KM_FACT_VIRUS_UNEXAMINED, (km_sv){ 0 }, KM_NO_PART, 0,
				  0);
	return KM_OK;
}

/* Before all that looks at links. */
static km_status stage_files(km_scan *s)
{
	km_opened_read(s->arena, s->mail, &s->views, &s->links, s->kit->pictures, &s->opened);
	return KM_OK;
}

static km_status stage_structure(km_scan *s)
{
	km_structure in = {
		.mail = s->mail,
		.views = &s->views,
		.links = &s->links,
		.opened = &s->opened,
		.imitations = s->kit->imitations,
		.now = s->env->now,
		.has_from = s->env->has_from,
		.from = s->env->from,
		.rcpts = s->env->rcpts,
		.n_rcpts = s->env->n_rcpts,
	};
	km_structure_facts(s->arena, &in, &s->facts);
	return KM_OK;
}

static km_status stage_lists(km_scan *s)
{
	km_lists_message m = {
		.mail = s->mail, .links = &s->links, .from = s->env->from, .now = s->env->now
	};
	km_lists_facts(s->kit->lists, s->arena, &m, &s->facts);
	return KM_OK;
}

static km_status stage_sender_domain(km_scan *s)
{
	return km_sender_domain_step(s->mail, &s->dns, &s->facts);
}

static km_status stage_learn(km_scan *s)
{
	km_learned_read(s->arena, s->kit->layers, s->mail, &s->views, s->env->rcpts,
			s->env->n_rcpts, &s->learned, &s->facts);
	return KM_OK;
}

static km_status stage_auth(km_scan *s)
{
	km_status st =
		km_auth_step(&s->auth, s->arena, s->mail, s->env, s->kit, &s->dns, &s->facts);

	s->authenticated = st == KM_OK;
	if (st == KM_OK && s->kit->replay)
		km_replay_facts(s->kit->replay, &s->auth, s->mail, s->env, &s->facts);
	return st;
}

static void contact_facts(km_scan *s, const km_areas *areas)
{
	const km_dkim_result *dkim = s->auth.dkim;
	km_sv signer[KM_MAX_SIGNATURES];
	km_contact_job job = { .mail = s->mail,
			       .areas = areas,
			       .links = &s->links,
			       .brands = s->kit->brands,
			       .from = s->env->from,
			       .signer = signer,
			       .is_wallet = km_wallet_is_bitcoin };

	for (size_t i = 0; dkim && i < dkim->n && i < KM_COUNT(signer); i++)
		signer[job.n_signers++] = dkim->sig[i].domain;
	km_contact_facts(s->arena, &job, &s->facts);
}

/* What the message says, and in whose name: weighed against who is proven to have sent it. */
static km_status stage_words(km_scan *s)
{
	km_origin origin;
	km_areas areas;
	km_wording *wording;

	if (!s->authenticated)
		return KM_NOTFOUND;
	wording = km_alloc(s->arena, sizeof(*wording));
	if (wording == NULL)
		return KM_OK;
	origin = km_author_of(s->mail, &s->auth);
	km_areas_read(s->arena, s->kit->terms, s->mail, &s->views, s->opened.page,
		      s->opened.n_pages, &areas);
	km_wording_read(s->arena, s->kit->phrases, &areas, wording);
	km_wording_facts(s->arena, s->mail, wording, &s->facts);
	km_brand_job job = { .brands = s->kit->brands,
			     .terms = s->kit->terms,
			     .mail = s->mail,
			     .areas = &areas,
			     .links = &s->links,
			     .origin = &origin,
			     .notice = wording->notice,
			     .demand = wording->demand };
	km_brand_facts(s->arena, &job, &s->facts);
	contact_facts(s, &areas);
	return KM_OK;
}

void km_scan_bulk(const km_scan *s, km_facts *fs)
{
	km_sv covered[KM_MAX_SIGNATURES];
	km_bulk_mail b = {
		.mail = s->mail, .views = &s->views, .links = &s->links, .covered = covered
	};
	const km_dmarc_result *dmarc = &s->auth.dmarc;

	if (s->mail == NULL || !s->authenticated || !(s->kit->checks & KM_CHECK_CONTENT))
		return;
	for (size_t i = 0; s->auth.dkim && i < s->auth.dkim->n && i < KM_MAX_SIGNATURES; i++) {
		const km_dkim_sig *sig = &s->auth.dkim->sig[i];
		b.is_signed = true;
		if (km_dkim_counts(sig))
			covered[b.n_covered++] = sig->h;
	}
	b.domain = dmarc->domain;
	b.has_policy = dmarc->code != KM_DMARC_NONE || dmarc->policy_domain.n;
	b.policy = km_sv_of(km_dmarc_code_name(dmarc->code));
	km_bulk_facts(s->arena, &b, fs);
}

/* Mail of our own people that goes out to many: advice for its sender. */
static km_status stage_bulk(km_scan *s)
{
	enum { MANY = 50 };

	if (!s->env->bulk && (!km_auth_is_ours(s->kit, s->env) ||
			      (s->env->n_rcpts < MANY && !km_bulk_is_one(s->mail))))
		return KM_OK;
	if (!s->authenticated)
		return KM_NOTFOUND;
	km_scan_bulk(s, &s->facts);
	return KM_OK;
}

static km_status stage_dnsbl(km_scan *s)
{
	const km_dnsbl_request q = { .lists = &s->kit->dnsbl,
				     .off = s->env->dnsbl_off,
				     .ask_client = s->env->ip.len &&
						   !km_ip_is_private(&s->env->ip) &&
						   !km_auth_is_ours(s->kit, s->env),
				     .ip = s->env->ip,
				     .mail_from = s->env->from,
				     .mail = s->mail,
				     .links = &s->links };

	if (s->kit->dnsbl.n == 0 || s->env->user.n)
		return KM_OK;
	if (s->dnsbl == NULL)
		s->dnsbl = km_dnsbl_check_new(s->arena, &q);
	return s->dnsbl ? km_dnsbl_check_step(s->dnsbl, &s->dns, &s->facts) : KM_OK;
}

/* In this order; those that ask wait side by side, so that their questions go out together. */
static const struct stage {
	km_status (*step)(km_scan *s);
	size_t timing; /* offset in km_timings */
	bool needs_mail;
	unsigned check; /* KM_CHECK_… that it is a part of; 0: always done */
} stages[] = {
	{ stage_read, offsetof(km_timings, read), false, 0 },
	{ stage_virus, offsetof(km_timings, read), false, 0 },
	{ stage_files, offsetof(km_timings, content), true, KM_CHECK_CONTENT },
	{ stage_auth, offsetof(km_timings, auth), true, KM_CHECK_AUTH },
	{ stage_sender_domain, offsetof(km_timings, auth), true, KM_CHECK_AUTH },
	{ stage_dnsbl, offsetof(km_timings, auth), true, KM_CHECK_AUTH },
	{ stage_structure, offsetof(km_timings, content), true, KM_CHECK_STRUCTURE },
	{ stage_words, offsetof(km_timings, content), true, KM_CHECK_CONTENT },
	{ stage_bulk, offsetof(km_timings, content), true, KM_CHECK_CONTENT },
	{ stage_lists, offsetof(km_timings, content), true, KM_CHECK_CONTENT },
	{ stage_learn, offsetof(km_timings, learn), true, KM_CHECK_CONTENT },
};

static bool is_left_out(const km_scan *s, const struct stage *stage)
{
	if (stage->needs_mail && s->mail == NULL)
		return true;
	return stage->check && !(stage->check & s->kit->checks);
}

/* Adds the time since *@since to the timing at @offset. */
static void take_time(km_scan *s, size_t offset, uint64_t *since)
{
	uint64_t now = km_clock_mono_ns();

	*(double *)(void *)((char *)&s->us + offset) += (double)(now - *since) / 1e3;
	*since = now;
}

/* Every stage that is not done yet, once. True when all are done. */
static bool run_stages(km_scan *s)
{
	uint64_t since = km_clock_mono_ns();
	size_t timing = 0; /* of the stage before */
	bool any = false;

	for (size_t i = 0; i < KM_COUNT(stages); i++) {
		const struct stage *stage = &stages[i];
		if (s->done & 1u << i)
			continue;
		if (is_left_out(s, stage)) {
			s->done |= 1u << i;
			continue;
		}
		if (any && stage->timing != timing)
			take_time(s, timing, &since);
		timing = stage->timing;
		any = true;
		if (stage->step(s) != KM_NOTFOUND)
			s->done |= 1u << i;
	}
	if (any)
		take_time(s, timing, &since);
	return s->done == (1u << KM_COUNT(stages)) - 1;
}

static km_limit_set limits_met(const km_scan *s)
{
	km_limit_set set = s->dns.limits;

	if (s->message.n > KM_MAX_MESSAGE_BYTES)
		km_limit_hit(&set, KM_LIMIT_MESSAGE_BYTES);
	if (s->mail == NULL || km_arena_full(s->arena))
		km_limit_hit(&set, KM_LIMIT_ARENA_BYTES);
	if (s->mail == NULL)
		return set;
	set |= s->mail->limits | s->links.limits | s->opened.limits;
	for (size_t i = 0; i < s->mail->n_parts; i++) {
		const km_part *p = &s->mail->parts[i];
		set |= p->headers.limits | (p->html ? p->html->limits : 0);
		if (p->text_done && (p->decoded.truncated || p->transfer.truncated))
			km_limit_hit(&set, KM_LIMIT_TEXT_BYTES);
	}
	return set;
}

/* Whatever else it is: only what is refused for good need not come again. */
static void defer(km_verdict *v)
{
	if (v->action == KM_ACTION_REJECT)
		return;
	v->action = KM_ACTION_TEMPFAIL;
	v->why_action[KM_JA] = "ウイルス検査が今はできない";
	v->why_action[KM_EN] = "it can not be examined for viruses now";
}

km_scan_state km_scan_step(km_scan *s, km_err *err)
{
	const km_dns_question *q;

	if (s->state != KM_SCAN_ASK)
		return s->state;
	if (!run_stages(s) && km_dns_open(&s->dns, &q) > 0)
		return KM_SCAN_ASK;
	uint64_t before = km_clock_mono_ns();
	km_structure_limits(limits_met(s), &s->facts);
	km_status st = km_judge(s->reserve, s->kit->pack, &s->facts, s->env->rcpts, s->env->n_rcpts,
				&s->verdict);
	if (st == KM_OK && s->env->deferred)
		defer(&s->verdict);
	s->us.judge = (double)(km_clock_mono_ns() - before) / 1e3;
	s->state = st == KM_OK ? KM_SCAN_DONE : KM_SCAN_FAILED;
	if (st != KM_OK)
		(void)KM_FAIL(err, st, "no memory for a verdict");
	return s->state;
}

size_t km_scan_questions(const km_scan *s, const km_dns_question **q)
{
	return km_dns_open(&s->dns, q);
}

km_status km_scan_answer(km_scan *s, const km_dns_answer *answer)
{
	return km_dns_give(&s->dns, answer);
}

const km_verdict *km_scan_verdict(const km_scan *s)
{
	return &s->verdict;
}

km_mail *km_scan_mail(const km_scan *s)
{
	return s->mail;
}

const km_facts *km_scan_facts(const km_scan *s)
{
	return &s->facts;
}

const km_timings *km_scan_timings(const km_scan *s)
{
	return &s->us;
}

const km_envelope *km_scan_envelope(const km_scan *s)
{
	return s->env;
}

const km_kit *km_scan_kit(const km_scan *s)
{
	return s->kit;
}

km_dns_set *km_scan_dns(km_scan *s)
{
	return &s->dns;
}

const km_views *km_scan_views(const km_scan *s)
{
	return &s->views;
}

const km_auth *km_scan_auth(const km_scan *s)
{
	return &s->auth;
}

const km_links *km_scan_links(const km_scan *s)
{
	return &s->links;
}

km_dnsbl_outcome km_scan_dnsbl(const km_scan *s)
{
	return s->dnsbl ? km_dnsbl_check_outcome(s->dnsbl) : (km_dnsbl_outcome){ 0 };
}

const km_learned *km_scan_learned(const km_scan *s)
{
	return &s->learned;
}

km_arena *km_scan_reserve(const km_scan *s)
{
	return s->reserve;
}
