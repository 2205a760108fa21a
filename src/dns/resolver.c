#include "dns/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unbound.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/cache.h"
#include "dns/master.h"
#include "dns/wire.h"

enum {
	TICK_MS = 20,			 /* deadlines are looked at so often */
	SCRATCH_BYTES = 4 * 1024 * 1024, /* for one answer */
	PRESENTATION = 4 * 255 + 2	 /* a name whose every byte is escaped */
};

/* One question under way. In the memory of the message; libunbound knows it until it is closed. */
typedef struct km_dns_wait {
	km_dns_asking *asking;
	km_dns_question question;
	int id;
	bool open;
} wait;

struct km_resolver {
	struct ub_ctx *ub;
	struct ub_event *tick;
	km_arena *scratch;
	km_dns_cache *cache;
	uint16_t port[KM_RESOLVER_SERVERS];
	size_t n_ports;
	uint64_t timeout_ns, deadline_ns;
	km_resolver_counts count;
	km_dns_asking *first, *last; /* that wait, in the order in which they began */
};

/* --- making --- */

static km_status add_server(struct ub_ctx *ub, const char *server, km_err *err)
{
	if (ub_ctx_set_fwd(ub, server) == 0)
		return KM_OK;
	return KM_FAIL(err, KM_CONFIG,
		       "dns.servers: \"%s\" is no address like 192.0.2.1 or 2001:db8::1@5353",
		       server);
}

km_status km_resolver_check(const km_resolver_settings *s, km_err *err)
{
	struct ub_ctx *ub = ub_ctx_create();
	km_status st = ub ? KM_OK : KM_FAIL(err, KM_NOMEM, "no memory for a resolver");

	for (size_t i = 0; i < s->n_servers && st == KM_OK; i++)
		st = add_server(ub, s->servers[i], err);
	if (ub)
		ub_ctx_delete(ub);
	return st;
}

static km_status set_option(struct ub_ctx *ub, const char *name, const char *value, km_err *err)
{
	int rc = ub_ctx_set_option(ub, name, value);

	return rc == 0 ? KM_OK
		       : KM_FAIL(err, KM_BUG, "libunbound: %s %s: %s", name, value,
				 ub_strerror(rc));
}

static km_status set_options(struct ub_ctx *ub, const km_resolver_settings *s, bool dnssec,
			     km_err *err)
{
	char whole[32], half[32];
	const struct {
		const char *name, *value;
	} options[] = {
		{ "module-config:", dnssec ? "validator iterator" : "iterator" },
		{ "rrset-cache-size:", whole },
		{ "msg-cache-size:", half },
		{ "key-cache-size:", half },
		/* Many messages wait for many answers. */
		{ "outgoing-range:", "512" },
		{ "num-queries-per-thread:", "1024" },
		{ "outgoing-num-tcp:", "32" },
		/* A server that was down is tried again soon. */
		{ "infra-host-ttl:", "60" },
		{ "infra-keep-probing:", "yes" },
		/* Resolvers of our own network know its addresses. */
		{ "do-not-query-localhost:", "no" },
		{ "unblock-lan-zones:", s->n_servers ? "yes" : "no" },
		{ "insecure-lan-zones:", s->n_servers ? "yes" : "no" },
	};
	km_status st = KM_OK;

	(void)snprintf(whole, sizeof(whole), "%zu", s->cache / 2);
	(void)snprintf(half, sizeof(half), "%zu", s->cache / 8);
	for (size_t i = 0; i < KM_COUNT(options) && st == KM_OK; i++)
		st = set_option(ub, options[i].name, options[i].value, err);
	return st;
}

static km_status set_anchor(struct ub_ctx *ub, const char *path, bool *dnssec, km_err *err)
{
	*dnssec = strcmp(path, "off") != 0;
	if (!*dnssec)
		return KM_OK;
	if (access(path, R_OK) != 0) {
		*dnssec = false;
		km_warn("%s (dns.trust_anchor) can not be read: DNSSEC is not checked; Debian has "
			"it "
			"in dns-root-data",
			path);
		return KM_OK;
	}
	return ub_ctx_add_ta_file(ub, path) == 0
		       ? KM_OK
		       : KM_FAIL(err, KM_NOMEM, "no memory for a resolver");
}

static void drop_answer(void *ctx, int rcode, void *packet, int n, int sec, char *why, int limited)
{
	(void)rcode;
	(void)packet;
	(void)n;
	(void)sec;
	(void)why;
	(void)limited;
	*(bool *)ctx = true;
}

/* libunbound sets itself up, files and all, with the first question; this one goes nowhere. */
static km_status begin(struct ub_ctx *ub, km_err *err)
{
	bool answered = false;
	int id, rc = ub_resolve_event(ub, "localhost.", KM_DNS_A, 1, &answered, drop_answer, &id);

	if (rc != 0)
		return KM_FAIL(err, KM_CONFIG, "the resolver can not start: %s", ub_strerror(rc));
	return answered ? KM_OK : KM_FAIL(err, KM_BUG, "localhost is asked of others");
}

enum { DNS_PORT = 53 };

static uint16_t port_of(const char *server)
{
	km_sv v = km_sv_of(server);
	uint64_t port;

	return km_sv_u64(km_sv_from(v, km_sv_chr(v, '@', 0) + 1), &port) && port <= UINT16_MAX
		       ? (uint16_t)port
		       : DNS_PORT;
}

size_t km_resolver_ports(const km_resolver *r, const uint16_t **ports)
{
	*ports = r->port;
	return r->n_ports;
}

static void on_tick(int fd, short bits, void *arg);

static km_status prepare(km_resolver *r, const km_resolver_settings *s, struct ub_event_base *base,
			 km_err *err)
{
	km_status st = KM_OK;
	bool dnssec;

	r->scratch = km_arena_new(SCRATCH_BYTES);
	r->cache = km_dns_cache_new(s->cache / 4);
	r->ub = ub_ctx_create_ub_event(base);
	r->tick = base->vmt->new_event(base, -1, UB_EV_TIMEOUT | UB_EV_PERSIST, on_tick, r);
	if (r->scratch == NULL || r->cache == NULL || r->ub == NULL || r->tick == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for a resolver");
	(void)ub_ctx_debugout(r->ub, NULL);
	if (s->n_servers == 0)
		r->port[r->n_ports++] = DNS_PORT;
	for (size_t i = 0; i < s->n_servers && i < KM_RESOLVER_SERVERS && st == KM_OK; i++) {
		st = add_server(r->ub, s->servers[i], err);
		r->port[r->n_ports++] = port_of(s->servers[i]);
	}
	if (st == KM_OK)
		st = set_anchor(r->ub, s->anchor, &dnssec, err);
	if (st == KM_OK)
		st = set_options(r->ub, s, dnssec, err);
	return st == KM_OK ? begin(r->ub, err) : st;
}

km_status km_resolver_new(const km_resolver_settings *s, struct ub_event_base *base,
			  km_resolver **out, km_err *err)
{
	km_resolver *r = calloc(1, sizeof(*r));

	*out = NULL;
	if (r == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory for a resolver");
	r->timeout_ns = s->timeout * 1000000u;
	r->deadline_ns = s->deadline * 1000000u;
	km_status st = prepare(r, s, base, err);
	if (st != KM_OK) {
		km_resolver_free(r);
		return st;
	}
	*out = r;
	return KM_OK;
}

void km_resolver_free(km_resolver *r)
{
	if (r == NULL)
		return;
	for (km_dns_asking *a = r->first; a; a = a->next)
		a->resolver = NULL;
	if (r->tick)
		r->tick->vmt->free(r->tick);
	if (r->ub)
		ub_ctx_delete(r->ub);
	km_arena_free(r->scratch);
	km_dns_cache_free(r->cache);
	free(r);
}

const km_resolver_counts *km_resolver_count(const km_resolver *r)
{
	return &r->count;
}

/* --- waiting --- */

static void start_tick(km_resolver *r)
{
	struct timeval tv = { .tv_usec = TICK_MS * 1000 };

	(void)r->tick->vmt->add(r->tick, &tv);
}

static void begin_to_wait(km_resolver *r, km_dns_asking *a)
{
	a->begun_ns = km_clock_mono_ns();
	if (a->deadline_ns == 0)
		a->deadline_ns = a->begun_ns + r->deadline_ns;
	a->round_ns = a->begun_ns + r->timeout_ns;
	if (a->round_ns > a->deadline_ns)
		a->round_ns = a->deadline_ns;
	if (r->first == NULL)
		start_tick(r);
	a->prev = r->last;
	a->next = NULL;
	if (a->prev)
		a->prev->next = a;
	else
		r->first = a;
	r->last = a;
}

static void end_to_wait(km_resolver *r, km_dns_asking *a)
{
	if (a->prev)
		a->prev->next = a->next;
	else
		r->first = a->next;
	if (a->next)
		a->next->prev = a->prev;
	else
		r->last = a->prev;
	if (r->first == NULL)
		(void)r->tick->vmt->del(r->tick);
	r->count.wait_us += (km_clock_mono_ns() - a->begun_ns) / 1000u;
}

/* --- answers --- */

static void take_answer(wait *w, const km_dns_answer *answer)
{
	km_dns_asking *a = w->asking;
	km_resolver *r = a->resolver;

	w->open = false;
	a->n_open--;
	r->count.timeouts += answer->rcode == KM_DNS_TIMEOUT;
	r->count.failures += answer->rcode == KM_DNS_SERVFAIL || answer->rcode == KM_DNS_BOGUS;
	if (a->seen)
		a->seen(a, answer);
	/* Without memory for it the set says SERVFAIL by itself. */
	km_status st = km_dns_give(a->set, answer);
	(void)st;
}

static void finish_round(km_dns_asking *a)
{
	if (a->n_open || a->asking)
		return;
	end_to_wait(a->resolver, a);
	a->done(a);
}

static km_dns_rcode verdict_of(int rcode, int sec)
{
	return sec == 1 ? KM_DNS_BOGUS : rcode ? KM_DNS_SERVFAIL : KM_DNS_OK;
}

static uint64_t seconds(void)
{
	return km_clock_mono_ns() / 1000000000u;
}

static void on_answer(void *ctx, int rcode, void *packet, int n, int sec, char *why, int limited)
{
	wait *w = ctx;
	km_dns_asking *a = w->asking;
	km_arena *scratch = a->resolver->scratch;
	km_dns_answer answer = { .name = w->question.name,
				 .type = w->question.type,
				 .rcode = verdict_of(rcode, sec) };

	(void)why;
	(void)limited;
	if (answer.rcode == KM_DNS_OK) {
		km_wire_answer(scratch, (km_sv){ packet, n > 0 ? (size_t)n : 0 }, &answer);
		answer.secure = sec == 2 && answer.rcode != KM_DNS_SERVFAIL;
		km_dns_cache_put(a->resolver->cache, &answer, seconds());
	}
	take_answer(w, &answer);
	km_arena_reset(scratch);
	finish_round(a);
}

static void give_up(wait *w, km_dns_rcode why)
{
	km_dns_answer answer = { .name = w->question.name, .type = w->question.type, .rcode = why };

	take_answer(w, &answer);
}

/* Writes @name as libunbound reads it. */
static const char *presentation(km_sv name, char out[PRESENTATION])
{
	km_buf b = { .p = out, .cap = PRESENTATION - 1, .max = PRESENTATION - 1 };

	km_master_write_name(&b, name);
	out[b.n] = '\0';
	return out;
}

static void ask(km_resolver *r, wait *w, bool late)
{
	char name[PRESENTATION];

	w->open = true;
	r->count.asked++;
	if (late) {
		give_up(w, KM_DNS_TIMEOUT);
		return;
	}
	const km_dns_answer *known =
		km_dns_cache_get(r->cache, w->question.name, w->question.type, seconds());
	if (known) {
		take_answer(w, known);
		return;
	}
	int rc = ub_resolve_event(r->ub, presentation(w->question.name, name),
				  (int)w->question.type, 1, w, on_answer, &w->id);
	if (rc != 0 && w->open)
		give_up(w, KM_DNS_SERVFAIL);
}

km_status km_resolver_ask(km_resolver *r, km_dns_asking *a)
{
	const km_dns_question *q;
	size_t n = km_dns_open(a->set, &q);
	bool late = a->deadline_ns && a->deadline_ns <= km_clock_mono_ns();

	a->resolver = r;
	a->wait = KM_NEW_ARRAY(a->set->arena, wait, n);
	if (a->wait == NULL)
		return KM_LIMIT;
	/* The list of open questions shrinks while they are answered. */
	for (size_t i = 0; i < n; i++)
		a->wait[i] = (wait){ .asking = a, .question = q[i] };
	a->n_wait = a->n_open = n;
	a->asking = true;
	for (size_t i = 0; i < n; i++)
		ask(r, &a->wait[i], late);
	a->asking = false;
	r->count.at_once += n - a->n_open;
	if (a->n_open == 0)
		return KM_OK;
	begin_to_wait(r, a);
	return KM_NOTFOUND;
}

static void cancel(wait *w)
{
	(void)ub_cancel(w->asking->resolver->ub, w->id);
}

void km_resolver_forget(km_dns_asking *a)
{
	if (a->resolver == NULL)
		return;
	for (size_t i = 0; i < a->n_wait; i++)
		if (a->wait[i].open)
			cancel(&a->wait[i]);
	end_to_wait(a->resolver, a);
}

void km_resolver_hurry(km_dns_asking *a)
{
	for (size_t i = 0; i < a->n_wait; i++)
		if (a->wait[i].open) {
			cancel(&a->wait[i]);
			give_up(&a->wait[i], KM_DNS_TIMEOUT);
		}
	finish_round(a);
}

bool km_resolver_expire(km_resolver *r, const km_dns_asking *but)
{
	km_dns_asking *a = r->first && r->first == but ? r->first->next : r->first;

	if (a == NULL)
		return false;
	a->deadline_ns = 1; /* long ago */
	km_resolver_hurry(a);
	return true;
}

static void on_tick(int fd, short bits, void *arg)
{
	km_resolver *r = arg;
	uint64_t now = km_clock_mono_ns();

	(void)fd;
	(void)bits;
	/* Whoever is hurried goes on, and may take others out of the list: begin again. */
	for (km_dns_asking *a = r->first; a;) {
		bool late = a->round_ns <= now;
		if (late)
			km_resolver_hurry(a);
		a = late ? r->first : a->next;
	}
}
