#include "daemon/signing.h"

#include <stdlib.h>

#include "auth/arc.h"
#include "auth/dkim_sign.h"
#include "auth/dmarc.h"
#include "base/log.h"
#include "daemon/permit.h"
#include "daemon/signwire.h"
#include "engine/auth.h"
#include "engine/fields.h"
#include "net/frame.h"
#include "net/stream.h"

enum {
	CHECK_MS = 250,
	MAKERS = 2, /* signatures of a message: one for each kind of key */
	SEAL_FIELDS = 3
};

/* A signature that is asked for. */
typedef struct wish wish;
struct wish {
	wish *next, *prev;
	km_signing *at;
	km_task *task;
	km_sign_ask ask;
	uint64_t deadline; /* loop time */
	bool open, failed;
	km_sv signature; /* in the task's arena */
};

/* One message's signatures in the making. */
struct km_task_signing {
	bool begun;
	size_t n;
	struct {
		wish wish;
		km_dkim_sign *dkim; /* NULL for a seal */
		bool done;
	} maker[MAKERS];
	km_arc_seal *seal;
	wish keys; /* waits for the table of keys */
};

struct km_signing {
	uv_loop_t *loop;
	km_shared *shared;
	km_permit *permit;
	const char *seal_domain; /* "": none */
	bool or_unsigned;
	km_stream *signer; /* NULL between two signers */
	km_buf in;
	km_arena *arena; /* of the table */
	km_sign_key *key;
	size_t n;
	bool has_keys;
	wish *wishes;
	uint64_t seq;
	uv_timer_t timer;
};

/* --- the line --- */

static void put_out(wish *w)
{
	if (!w->open)
		return;
	w->open = false;
	if (w->prev)
		w->prev->next = w->next;
	else
		w->at->wishes = w->next;
	if (w->next)
		w->next->prev = w->prev;
}

static void settle(wish *w, km_sv signature)
{
	put_out(w);
	w->signature = km_sv_dup(w->task->arena, signature);
	w->failed = w->signature.n == 0;
	km_job_resume(w->task);
}

static void send_wish(const wish *w)
{
	km_buf out;

	if (w->at->signer == NULL || w->ask.digest.n == 0)
		return;
	km_buf_init(&out, NULL, 4096);
	km_signwire_put_ask(&out, &w->ask);
	km_stream_write(w->at->signer, km_buf_sv(&out));
	km_buf_finish(&out);
}

/* @w->ask.digest empty: it waits for the table of keys. */
static void make_wish(km_signing *s, wish *w, km_task *t)
{
	w->at = s;
	w->task = t;
	w->open = true;
	w->failed = false;
	w->signature = (km_sv){ NULL, 0 };
	w->ask.seq = ++s->seq;
	if (w->deadline == 0)
		w->deadline = uv_now(s->loop) + KM_SIGNING_DEADLINE_MS;
	w->prev = NULL;
	w->next = s->wishes;
	if (s->wishes)
		s->wishes->prev = w;
	s->wishes = w;
	send_wish(w);
}

static wish *find(const km_signing *s, uint64_t seq)
{
	for (wish *w = s->wishes; w; w = w->next)
		if (w->ask.seq == seq)
			return w;
	return NULL;
}

static bool take_keys(km_signing *s, km_sv body)
{
	km_arena_reset(s->arena);
	s->n = 0;
	km_sv rest = body;
	km_sign_key k;
	bool bad = false;
	size_t n = 0;

	while (km_signwire_get_key(&rest, &k, &bad))
		n++;
	s->key = bad ? NULL : KM_NEW_ARRAY(s->arena, km_sign_key, n + 1);
	if (s->key == NULL)
		return false;
	while (km_signwire_get_key(&body, &k, &bad)) {
		k.domain = km_sv_dup(s->arena, k.domain);
		k.selector = km_sv_dup(s->arena, k.selector);
		s->key[s->n++] = k;
	}
	s->has_keys = !km_arena_full(s->arena);
	return s->has_keys;
}

/* Those who waited for the table go on. */
static void wake_waiting(km_signing *s)
{
	wish *w = s->wishes;

	while (w) {
		if (w->ask.digest.n) {
			w = w->next;
			continue;
		}
		put_out(w);
		km_job_resume(w->task);
		w = s->wishes; /* whoever went on may have changed the list */
	}
}

static bool take_frame(km_signing *s, const km_frame *f)
{
	uint64_t seq;
	km_sv signature;

	if (f->type == KM_SIGNWIRE_KEYS) {
		if (!take_keys(s, f->body))
			return false;
		wake_waiting(s);
		return true;
	}
	if (f->type != KM_SIGNWIRE_SIGNED || !km_signwire_get_signed(f->body, &seq, &signature))
		return false;
	wish *w = find(s, seq);
	if (w)
		settle(w, signature);
	return true;
}

static void on_data(void *ctx, km_stream *stream, km_sv bytes)
{
	km_signing *s = ctx;
	km_status st = KM_OK;
	km_frame f;

	km_buf_add(&s->in, bytes);
	km_sv rest = km_buf_sv(&s->in);
	while ((st = km_frame_next(&rest, &f)) == KM_OK)
		if (!take_frame(s, &f)) {
			st = KM_SYNTAX;
			break;
		}
	if (st != KM_NOTFOUND || s->in.cut) {
		km_error("the signer does not speak our protocol");
		km_stream_close(stream);
		return;
	}
	km_buf_keep(&s->in, rest);
}

static void on_close(void *ctx, km_stream *stream)
{
	km_signing *s = ctx;

	if (s->signer == stream)
		s->signer = NULL;
}

static const km_stream_ops signer_ops = { .on_data = on_data, .on_close = on_close };

void km_signing_link(km_signing *s, int fd)
{
	if (s->signer)
		km_stream_close(s->signer);
	s->in.n = 0;
	s->in.cut = false;
	s->signer = km_stream_adopt(s->loop, fd, &signer_ops, s);
	/* The last one may have died of them, or have been told to end. */
	for (wish *w = s->wishes; w; w = w->next)
		send_wish(w);
}

static wish *overdue(const km_signing *s, uint64_t now)
{
	wish *w = s->wishes;

	while (w && w->deadline > now)
		w = w->next;
	return w;
}

static void on_timer(uv_timer_t *t)
{
	km_signing *s = t->data;
	uint64_t now = uv_now(s->loop);
	if (s->signer == NULL && km_shared_signing(s->shared))
		(void)km_channel_send(KM_FD_CHANNEL, KM_WORD_SIGNER, -1);
	/* Whoever is told may change the list. */
	for (wish *w = overdue(s, now); w; w = overdue(s, now))
		settle(w, (km_sv){ NULL, 0 });
}

km_status km_signing_new(uv_loop_t *loop, km_shared *shared, const km_conf *conf, km_signing **out,
			 km_err *err)
{
	km_signing *s = calloc(1, sizeof(*s));

	*out = s;
	if (s == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	s->loop = loop;
	s->shared = shared;
	s->seal_domain = km_conf_str(conf, KM_KEY_ARC_SEAL);
	s->or_unsigned = strcmp(km_conf_str(conf, KM_KEY_SIGN_ON_ERROR), "unsigned") == 0;
	s->arena = km_arena_new(4 * 1024 * 1024);
	km_buf_init(&s->in, NULL, KM_FRAME_MAX + 6);
	(void)uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	(void)uv_timer_start(&s->timer, on_timer, CHECK_MS, CHECK_MS);
	uv_unref((uv_handle_t *)&s->timer);
	return s->arena ? km_permit_open(conf, &s->permit, err)
			: KM_FAIL(err, KM_NOMEM, "no memory");
}

void km_signing_stop(km_signing *s)
{
	if (s && s->signer)
		km_stream_close(s->signer);
}

void km_signing_free(km_signing *s)
{
	if (s == NULL)
		return;
	km_permit_free(s->permit);
	km_arena_free(s->arena);
	km_buf_finish(&s->in);
	free(s);
}

/* --- one message --- */

static const km_sign_key *key_of(const km_signing *s, km_sv domain, km_key_kind kind)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->key[i].kind == kind && km_sv_ieq(s->key[i].domain, domain))
			return &s->key[i];
	return NULL;
}

static bool has_key(const km_signing *s, km_sv domain)
{
	return key_of(s, domain, KM_KEY_RSA) || key_of(s, domain, KM_KEY_ED25519);
}

/* The domain that signs for From: its own, or the nearest above for which there is a key. */
static km_sv signing_domain(const km_signing *s, km_sv from)
{
	while (from.n && !has_key(s, from))
		from = km_sv_from(from, km_sv_chr(from, '.', 0) + 1);
	return from;
}

static km_status fail(km_task *t, const km_signing *s, const char *why)
{
	km_error("%s: could not be signed: %s; %s", t->judged.id, why,
		 s->or_unsigned ? "it goes unsigned (sign.on_error)" : "451");
	t->judged.n_fields = 0;
	km_shared_count(s->shared, t->shop->role->slot, KM_COUNTER_sign_failures_total, 1);
	if (s->or_unsigned)
		return KM_OK;
	t->judged.action = KM_ACTION_TEMPFAIL;
	t->judged.reply = KM_S("The message can not be signed now; please try again later");
	return KM_OK;
}

/* The table may change while a signature is on its way. */
static km_sign_key own_copy(km_task *t, const km_sign_key *k)
{
	return (km_sign_key){ km_sv_dup(t->arena, k->domain), km_sv_dup(t->arena, k->selector),
			      k->kind };
}

static km_status wish_for(km_task *t, km_signing *s, wish *w, const km_sign_key *k, km_sv digest)
{
	w->ask.domain = k->domain;
	w->ask.selector = k->selector;
	w->ask.digest = digest;
	make_wish(s, w, t);
	return KM_NOTFOUND;
}

static km_status begin_dkim(km_task *t, km_signing *s, const km_sign_key *k, km_err *err)
{
	static const km_sv also[] = { KM_SV("Sender"), KM_SV("List-Id"), KM_SV("List-Unsubscribe"),
				      KM_SV("List-Unsubscribe-Post") };
	struct km_task_signing *x = t->signing;
	const km_sign_key mine = own_copy(t, k);
	const km_dkim_sign_params p = { .domain = mine.domain,
					.selector = mine.selector,
					.key = mine.kind,
					.time = t->job.env.now,
					.also = also,
					.n_also = KM_COUNT(also),
					.eol = "\n" };
	km_dkim_sign *d = km_dkim_sign_new(t->arena, km_scan_mail(t->judged.scan), &p, err);

	if (d == NULL)
		return err->st;
	x->maker[x->n].dkim = d;
	return wish_for(t, s, &x->maker[x->n++].wish, &mine, km_dkim_sign_digest(d));
}

/* Both kinds of keys sign, where there are both. */
static km_status begin_signing(km_task *t, km_signing *s, km_sv domain, km_err *err)
{
	static const km_key_kind kinds[MAKERS] = { KM_KEY_RSA, KM_KEY_ED25519 };

	for (size_t i = 0; i < MAKERS; i++) {
		const km_sign_key *k = key_of(s, domain, kinds[i]);
		km_status st = k ? begin_dkim(t, s, k, err) : KM_NOTFOUND;
		if (st != KM_NOTFOUND)
			return st;
	}
	return KM_NOTFOUND;
}

static km_status begin_sealing(km_task *t, km_signing *s, km_err *err)
{
	struct km_task_signing *x = t->signing;
	const km_auth *auth = km_scan_auth(t->judged.scan);
	km_sv domain = km_sv_of(s->seal_domain);
	const km_sign_key *k = key_of(s, domain, KM_KEY_RSA);
	km_err why = { 0 };

	k = k ? k : key_of(s, domain, KM_KEY_ED25519);
	if (k == NULL)
		return KM_FAIL(err, KM_CONFIG, "arc.seal: there is no active key of %s",
			       s->seal_domain);
	if (auth->dkim_check == NULL || auth->arc == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory to seal");
	const km_sign_key mine = own_copy(t, k);
	const km_arc_seal_params p = { .domain = mine.domain,
				       .selector = mine.selector,
				       .key = mine.kind,
				       .time = t->job.env.now,
				       .results = km_scan_results(t->judged.scan, "\n"),
				       .eol = "\n" };
	x->seal = km_arc_seal_new(t->arena, auth->dkim_check, auth->arc, &p, &why);
	if (x->seal == NULL && why.st == KM_NOTFOUND)
		return KM_OK; /* nobody seals this chain any more */
	if (x->seal == NULL)
		return KM_FAIL(err, why.st, "%s", why.msg);
	x->n = 1;
	return wish_for(t, s, &x->maker[0].wish, &mine, km_arc_seal_digest(x->seal));
}

static void forget(km_task *t)
{
	struct km_task_signing *x = t->signing;

	put_out(&x->keys);
	for (size_t i = 0; i < x->n; i++)
		put_out(&x->maker[i].wish);
}

static void add_field(km_task *t, km_sv field)
{
	size_t colon = km_sv_chr(field, ':', 0);

	t->judged.fields[t->judged.n_fields++] =
		(km_milter_field){ km_sv_sub(field, 0, colon),
				   km_sv_trim(km_sv_from(field, colon + 1)) };
}

/* A signature has come: for a seal there may be another to ask for. */
static km_status take_signature(km_task *t, km_signing *s, size_t i, km_err *err)
{
	struct km_task_signing *x = t->signing;
	wish *w = &x->maker[i].wish;
	km_sv field[SEAL_FIELDS];

	if (w->failed)
		return KM_FAIL(err, KM_TEMPFAIL, "no signature came for %.*s, selector %.*s",
			       KM_FMT(w->ask.domain), KM_FMT(w->ask.selector));
	x->maker[i].done = true;
	if (x->maker[i].dkim) {
		km_status st = km_dkim_sign_finish(x->maker[i].dkim, w->signature, &field[0]);
		if (st == KM_OK)
			add_field(t, field[0]);
		return st;
	}
	if (km_arc_seal_give(x->seal, w->signature) != KM_OK)
		return KM_FAIL(err, KM_NOMEM, "no memory to seal");
	if (km_arc_seal_digest(x->seal).n) {
		x->maker[i].done = false;
		w->ask.digest = km_arc_seal_digest(x->seal);
		make_wish(s, w, t);
		return KM_NOTFOUND;
	}
	km_arc_seal_fields(x->seal, field);
	for (size_t k = 0; k < SEAL_FIELDS; k++)
		add_field(t, field[k]);
	return KM_OK;
}

static km_status go_on(km_task *t, km_signing *s, km_err *err)
{
	struct km_task_signing *x = t->signing;
	bool waiting = false;

	for (size_t i = 0; i < x->n; i++) {
		km_status st = KM_OK;
		if (!x->maker[i].wish.open && !x->maker[i].done)
			st = take_signature(t, s, i, err);
		if (st != KM_OK && st != KM_NOTFOUND)
			return st;
		waiting = waiting || x->maker[i].wish.open;
	}
	return waiting ? KM_NOTFOUND : KM_OK;
}

/* Who has to know finds it in the log. */
static km_status unsigned_for(const km_task *t, km_sv why)
{
	km_info("%s: not signed: %.*s", t->judged.id, KM_FMT(why));
	return KM_OK;
}

/* Mail of somebody who may be signed for: for the one domain that it is certainly from. */
static km_status begin_ours(km_task *t, km_signing *s, km_err *err)
{
	const km_envelope *env = &t->job.env;
	const km_mail *m = km_scan_mail(t->judged.scan);
	km_sv from, why;

	if (m == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory to sign");
	if (km_dmarc_author(t->arena, m, &from, &why) != KM_OK)
		return unsigned_for(t, why);
	km_sv domain = signing_domain(s, from);
	if (domain.n == 0)
		return unsigned_for(t, km_sv_fmt(t->arena, "there is no active key of %.*s",
						 KM_FMT(from)));
	if (km_permit_domain(s->permit, env->user, &env->ip, from))
		return begin_signing(t, s, domain, err);
	km_sv who = env->user.n ? env->user : KM_S("this client");
	return unsigned_for(t, km_sv_fmt(t->arena,
					 "%.*s may not send as %.*s (sign.users, sign.networks)",
					 KM_FMT(who), KM_FMT(from)));
}

/* What is to be done with this message; KM_OK when nothing is. */
static km_status begin(km_task *t, km_signing *s, km_err *err)
{
	const km_envelope *env = &t->job.env;
	bool ours = km_permit_sender(s->permit, env->user, &env->ip);

	if (!ours && s->seal_domain[0] == '\0')
		return KM_OK;
	if (t->job.dropped)
		return KM_FAIL(err, KM_LIMIT, "it is larger than limits.message_size");
	if (!s->has_keys) {
		if (t->signing->keys.deadline)
			return KM_FAIL(err, KM_TEMPFAIL, "the signer does not answer");
		make_wish(s, &t->signing->keys, t);
		return KM_NOTFOUND;
	}
	t->signing->begun = true;
	return ours ? begin_ours(t, s, err) : begin_sealing(t, s, err);
}

static bool is_passed_on(const km_judged *j)
{
	return j->scan && (j->action < KM_ACTION_GREYLIST || j->action == KM_ACTION_QUARANTINE);
}

km_status km_signing_stage(km_task *t, km_err *err)
{
	km_signing *s = t->shop->signing;

	(void)err;
	if (!t->job.signs || !km_shared_signing(s->shared) || !is_passed_on(&t->judged))
		return KM_OK;
	if (t->signing == NULL) {
		t->signing = KM_NEW(t->arena, struct km_task_signing);
		t->judged.fields = KM_NEW_ARRAY(t->arena, km_milter_field, SEAL_FIELDS);
	}
	if (t->signing == NULL || t->judged.fields == NULL)
		return fail(t, s, "no memory");
	km_err why = { 0 };
	km_status st = t->signing->begun ? go_on(t, s, &why) : begin(t, s, &why);
	if (st == KM_NOTFOUND) {
		t->forget = forget;
		return st;
	}
	if (st == KM_OK && t->judged.n_fields)
		km_shared_count(s->shared, t->shop->role->slot, KM_COUNTER_signed_total, 1);
	if (st == KM_OK)
		return st;
	forget(t);
	return fail(t, s, why.msg);
}
