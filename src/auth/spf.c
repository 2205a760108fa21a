#include "auth/spf.h"

#include "auth/domain.h"
#include "auth/spf_parts.h"

/* What one term comes to. */
typedef enum { NO, YES, WAIT, ENTER, TEMPERROR, PERMERROR } hit;

/* One record that is being gone through. */
typedef struct {
	km_sv domain;
	km_sv rest; /* terms still to come */
	km_sv redirect, exp;
	km_spf_term term; /* at which it stands */
	bool fetched;
	bool redirected;
	bool at_term; /* `term` was read, and counted if it asks */
} frame;

struct km_spf {
	km_arena *arena;
	km_dns_set *dns; /* during a step */
	km_spf_values values;
	km_spf_result result;
	frame stack[KM_SPF_MAX_LOOKUPS + 1];
	size_t depth;
	km_spf_trace *trace; /* or NULL */
	size_t n_trace;
	bool decided; /* the explanation may be open */
	bool done;
};

static const char *const code_names[] = { "none",     "neutral",   "pass",     "fail",
					  "softfail", "temperror", "permerror" };

const char *km_spf_code_name(km_spf_code c)
{
	return (size_t)c < KM_COUNT(code_names) ? code_names[c] : "none";
}

static frame *top(km_spf *s)
{
	return &s->stack[s->depth - 1];
}

static void note(km_spf *s, const frame *f, km_spf_outcome outcome, km_sv text, km_sv name)
{
	if (s->trace == NULL || s->n_trace == KM_SPF_MAX_STEPS)
		return;
	s->trace[s->n_trace++] = (km_spf_trace){ .outcome = outcome,
						 .depth = (unsigned)(f - s->stack),
						 .domain = f->domain,
						 .text = text,
						 .name = km_sv_dup(s->arena, name),
						 .lookups = s->result.lookups,
						 .voids = s->result.voids };
}

static hit failed(km_spf *s, hit h, const char *reason)
{
	s->result.reason = km_sv_of(reason);
	return h;
}

static hit no_answer(km_spf *s)
{
	return failed(s, TEMPERROR,
		      s->result.dnssec == KM_DNSSEC_BOGUS ? "DNSSEC says that an answer is forged"
							  : "a name server did not answer");
}

/* Notes how far what it rests on is proven. */
static const km_dns_answer *ask(km_spf *s, km_sv name, km_dns_type type)
{
	const km_dns_answer *a = km_dns_need(s->dns, name, type);
	km_dnssec proof = km_dns_proof(a);

	if (proof > s->result.dnssec)
		s->result.dnssec = proof;
	return a;
}

/* --- the client's validated name, for ptr and %{p} (RFC 7208 sections 5.5, 7.3) --- */

/* Whether @name has the client's address. Errors are as good as no. */
static hit name_has_client(km_spf *s, km_sv name)
{
	const km_ip *ip = &s->values.ip;
	const km_dns_answer *a = ask(s, name, ip->len == 4 ? KM_DNS_A : KM_DNS_AAAA);

	if (a == NULL)
		return WAIT;
	for (size_t i = 0; a->rcode == KM_DNS_OK && i < a->n; i++)
		if (a->rr[i].data.n == ip->len && memcmp(a->rr[i].data.p, ip->b, ip->len) == 0)
			return YES;
	return NO;
}

/*
 * Looks for a validated name of the client below @domain, or with @any for whatever there is, those
 * below it first. Look-ups without answer are not counted: they are the client's, not the domain's.
 */
static hit find_client(km_spf *s, km_sv domain, bool any, km_sv *name)
{
	km_spf_text reverse;
	bool waits = false;
	int best = 0;

	km_spf_reverse_name(&s->values.ip, &reverse);
	const km_dns_answer *ptr = ask(s, km_spf_text_sv(&reverse), KM_DNS_PTR);
	if (ptr == NULL)
		return WAIT;
	for (size_t i = 0; ptr->rcode == KM_DNS_OK && i < ptr->n && i < KM_SPF_MAX_NAMES; i++) {
		km_sv n = ptr->rr[i].data;
		int rank = km_sv_ieq(n, domain) ? 3 : km_auth_is_below(n, domain) ? 2 : any;
		if (rank == 0 || n.n == 0)
			continue;
		hit h = name_has_client(s, n);
		waits |= h == WAIT;
		if (h == YES && rank > best) {
			best = rank;
			*name = n;
		}
	}
	return waits ? WAIT : best ? YES : NO;
}

/* --- expansion --- */

/* Sets the values that change from record to record. WAIT while the client's name is open. */
static hit prepare(km_spf *s, const frame *f, km_sv text)
{
	s->values.domain = f->domain;
	if (!km_spf_macros_need_client(text))
		return YES;
	s->values.client = (km_sv)KM_SV("unknown");
	return find_client(s, f->domain, true, &s->values.client) == WAIT ? WAIT : YES;
}

/* The name that a term is about: its domain-spec expanded, or the record's own domain. */
static hit target(km_spf *s, const frame *f, km_sv spec, km_spf_text *out)
{
	hit h = prepare(s, f, spec);

	if (h != YES)
		return h;
	km_spf_expand(&s->values, spec.n ? spec : KM_S("%{d}"), out);
	return out->cut ? failed(s, PERMERROR, "a domain-spec becomes too long") : YES;
}

/* --- mechanisms --- */

static hit match_answer(km_spf *s, const km_dns_answer *a, const km_spf_term *t, unsigned *voids)
{
	const km_ip *ip = &s->values.ip;

	if (a->rcode == KM_DNS_NODATA || a->rcode == KM_DNS_NXDOMAIN ||
	    (a->rcode == KM_DNS_OK && a->n == 0)) {
		++*voids;
		return NO;
	}
	if (a->rcode != KM_DNS_OK)
		return no_answer(s);
	for (size_t i = 0; i < a->n; i++) {
		km_ip net = { .len = ip->len };
		if (a->rr[i].data.n != net.len)
			continue;
		memcpy(net.b, a->rr[i].data.p, net.len);
		if (km_ip_in(ip, &net, ip->len == 4 ? t->cidr4 : t->cidr6))
			return YES;
	}
	return NO;
}

static km_dns_type address_type(const km_spf *s)
{
	return s->values.ip.len == 4 ? KM_DNS_A : KM_DNS_AAAA;
}

static hit match_a(km_spf *s, km_sv name, const km_spf_term *t, unsigned *voids)
{
	const km_dns_answer *a = ask(s, name, address_type(s));

	return a ? match_answer(s, a, t, voids) : WAIT;
}

static hit match_mx(km_spf *s, km_sv name, const km_spf_term *t, unsigned *voids)
{
	const km_dns_answer *mx = ask(s, name, KM_DNS_MX), *a[KM_SPF_MAX_NAMES];
	hit found = NO;

	if (mx == NULL)
		return WAIT;
	if (mx->rcode != KM_DNS_OK || mx->n == 0)
		return match_answer(s, mx, t, voids);
	if (mx->n > KM_SPF_MAX_NAMES)
		return failed(s, PERMERROR, "more than 10 mail servers in one mx");
	for (size_t i = 0; i < mx->n; i++) {
		a[i] = NULL; /* a null MX has no address */
		if (mx->rr[i].data.n == 0)
			continue;
		a[i] = ask(s, mx->rr[i].data, address_type(s));
		if (a[i] == NULL)
			found = WAIT;
	}
	for (size_t i = 0; i < mx->n && found != WAIT && found != YES; i++) {
		hit h = a[i] ? match_answer(s, a[i], t, voids) : NO;
		found = h == NO ? found : h;
	}
	return found;
}

static hit match_exists(km_spf *s, km_sv name, const km_spf_term *t, unsigned *voids)
{
	const km_dns_answer *a = ask(s, name, KM_DNS_A);

	if (a == NULL)
		return WAIT;
	if (a->rcode == KM_DNS_OK && a->n)
		return YES;
	return match_answer(s, a, t, voids);
}

static hit match_ptr(km_spf *s, km_sv name, const km_spf_term *t, unsigned *voids)
{
	km_sv found;

	(void)t;
	(void)voids;
	return find_client(s, name, false, &found);
}

static hit match_include(km_spf *s, km_sv name, const km_spf_term *t, unsigned *voids)
{
	(void)t;
	(void)voids;
	frame *f = &s->stack[s->depth++]; /* depth is bounded by the look-ups counted */
	*f = (frame){ .domain = km_auth_domain(s->arena, name, 2) };
	return ENTER;
}

static hit (*const askers[])(km_spf *, km_sv, const km_spf_term *, unsigned *) = {
	[KM_SPF_INCLUDE] = match_include, [KM_SPF_A] = match_a,		  [KM_SPF_MX] = match_mx,
	[KM_SPF_PTR] = match_ptr,	  [KM_SPF_EXISTS] = match_exists,
};

static bool asks(km_spf_kind kind)
{
	return (size_t)kind < KM_COUNT(askers) && askers[kind];
}

/* *name: what was asked about. */
static hit match(km_spf *s, frame *f, km_spf_text *text, km_sv *name)
{
	const km_spf_term *t = &f->term;
	const km_ip *ip = &s->values.ip;
	unsigned voids = 0;

	if (t->kind == KM_SPF_ALL)
		return YES;
	if (t->kind == KM_SPF_IP4 || t->kind == KM_SPF_IP6)
		return km_ip_in(ip, &t->net, ip->len == 4 ? t->cidr4 : t->cidr6) ? YES : NO;
	hit h = target(s, f, t->domain, text);
	if (h != YES)
		return h;
	*name = km_spf_name(text);
	h = askers[t->kind](s, *name, t, &voids);
	if (h == WAIT || h == ENTER)
		return h;
	s->result.voids += voids;
	if (s->result.voids > KM_SPF_MAX_VOIDS)
		return failed(s, PERMERROR, "more than 2 look-ups without answer");
	return h;
}

/* --- records --- */

/* Counts a term that asks. */
static hit count(km_spf *s)
{
	if (s->result.lookups == KM_SPF_MAX_LOOKUPS)
		return failed(s, PERMERROR, "more than 10 look-ups");
	s->result.lookups++;
	return NO;
}

/* Selects the record of f->domain (RFC 7208 sections 4.4, 4.5): YES, or what there is instead. */
static hit fetch(km_spf *s, frame *f)
{
	size_t n = 0;
	km_sv terms, record = { NULL, 0 };

	if (f->domain.n == 0)
		return failed(s, NO, "not a domain name");
	const km_dns_answer *a = ask(s, f->domain, KM_DNS_TXT);
	if (a == NULL)
		return WAIT;
	if (a->rcode > KM_DNS_NXDOMAIN)
		return no_answer(s);
	for (size_t i = 0; a->rcode == KM_DNS_OK && i < a->n; i++)
		if (km_spf_is_record(a->rr[i].data, &terms)) {
			record = a->rr[i].data;
			f->rest = terms;
			n++;
		}
	if (n == 0)
		return failed(s, NO, "no SPF record");
	if (n > 1)
		return failed(s, PERMERROR, "several SPF records");
	if (s->depth == 1 && s->result.record.n == 0)
		s->result.record = record;
	f->fetched = true;
	note(s, f, KM_SPF_STEP_RECORD, record, f->domain);
	if (km_spf_terms_check(f->rest, &f->redirect, &f->exp, &s->result.term) != KM_OK)
		return failed(s, PERMERROR, "a term does not follow the grammar");
	s->result.term = (km_sv){ NULL, 0 };
	return YES;
}

static const km_spf_code of_hit[] = {
	[NO] = KM_SPF_NONE, [TEMPERROR] = KM_SPF_TEMPERROR, [PERMERROR] = KM_SPF_PERMERROR
};

/* The record has no more mechanisms: its redirect, or neutral. True when there is a result. */
static bool end_of_record(km_spf *s, frame *f, km_spf_code *code, hit *h)
{
	km_spf_text text;

	*code = KM_SPF_NEUTRAL;
	if (f->redirect.n == 0)
		return true;
	*h = target(s, f, f->redirect, &text);
	if (*h == WAIT)
		return false;
	if (*h == YES)
		*h = count(s);
	note(s, f, *h == NO ? KM_SPF_STEP_ENTER : KM_SPF_STEP_ERROR, f->redirect,
	     km_spf_name(&text));
	if (*h != NO) {
		*code = of_hit[*h];
		return true;
	}
	*f = (frame){ .domain = km_auth_domain(s->arena, km_spf_name(&text), 2),
		      .redirected = true };
	return false;
}

static const km_spf_outcome steps[] = { [NO] = KM_SPF_STEP_NO,
					[YES] = KM_SPF_STEP_MATCH,
					[ENTER] = KM_SPF_STEP_ENTER,
					[TEMPERROR] = KM_SPF_STEP_ERROR,
					[PERMERROR] = KM_SPF_STEP_ERROR };

/*
 * Goes on in the record on top as far as the answers go. True with its result; false with *h WAIT,
 * or when another record is now on top.
 */
static bool run(km_spf *s, km_spf_code *code, hit *h)
{
	frame *f = top(s);
	km_spf_text text;

	if (!f->fetched) {
		*h = fetch(s, f);
		if (*h != YES) {
			*code = of_hit[*h];
			return *h != WAIT;
		}
	}
	for (;;) {
		if (!f->at_term && km_spf_term_next(&f->rest, &f->term) != KM_OK)
			return end_of_record(s, f, code, h);
		km_sv name = { NULL, 0 };
		*h = f->at_term || !asks(f->term.kind) ? NO : count(s);
		f->at_term = true;
		if (*h == NO && f->term.kind < KM_SPF_REDIRECT)
			*h = match(s, f, &text, &name);
		if (*h != WAIT)
			note(s, f, steps[*h], f->term.text, name);
		if (*h == WAIT || *h == ENTER)
			return false;
		f->at_term = false;
		if (*h == NO)
			continue;
		s->result.term = f->term.text;
		*code = *h == YES ? f->term.qualifier : of_hit[*h];
		return true;
	}
}

/* The record on top came to *code: whoever included it goes on. True when that is the end. */
static bool pop(km_spf *s, km_spf_code *code)
{
	bool target_missing = *code == KM_SPF_NONE && (s->depth > 1 || top(s)->redirected);

	if (target_missing) /* RFC 7208 sections 5.2, 6.1 */
		*code = KM_SPF_PERMERROR;
	s->result.where = top(s)->domain;
	if (*code == KM_SPF_PERMERROR || *code == KM_SPF_TEMPERROR)
		return true;
	while (s->depth > 1) {
		s->depth--;
		s->result.where = top(s)->domain;
		if (*code != KM_SPF_PASS) {
			top(s)->at_term = false;
			s->result.term = (km_sv){ NULL, 0 };
			return false;
		}
		s->result.term = top(s)->term.text;
		*code = top(s)->term.qualifier;
	}
	return true;
}

/* RFC 7208 section 6.2: whatever goes wrong, there is then no explanation. */
static km_status explain(km_spf *s)
{
	const frame *f = top(s);
	km_spf_text text;

	if (s->result.code != KM_SPF_FAIL || f->exp.n == 0)
		return KM_OK;
	hit h = target(s, f, f->exp, &text);
	if (h != YES)
		return h == WAIT ? KM_NOTFOUND : KM_OK;
	const km_dns_answer *a = ask(s, km_spf_name(&text), KM_DNS_TXT);
	if (a == NULL)
		return KM_NOTFOUND;
	if (a->rcode != KM_DNS_OK || a->n != 1)
		return KM_OK;
	km_sv exp = a->rr[0].data;
	for (size_t i = 0; i < exp.n; i++)
		if (exp.p[i] < 0x20 || exp.p[i] > 0x7e)
			return KM_OK;
	if (!km_spf_macros_valid(exp, true))
		return KM_OK;
	if (prepare(s, f, exp) == WAIT)
		return KM_NOTFOUND;
	km_spf_expand(&s->values, exp, &text);
	if (!text.cut)
		s->result.explanation = km_sv_dup(s->arena, km_spf_text_sv(&text));
	return KM_OK;
}

km_status km_spf_step(km_spf *s, km_dns_set *dns, km_spf_result *out)
{
	s->dns = dns;
	while (!s->decided) {
		km_spf_code code = KM_SPF_NONE;
		hit h = NO;
		if (!run(s, &code, &h)) {
			if (h == WAIT)
				return KM_NOTFOUND;
			continue;
		}
		s->decided = pop(s, &code);
		s->result.code = code;
	}
	if (!s->done && explain(s) == KM_NOTFOUND)
		return KM_NOTFOUND;
	s->done = true;
	if (s->result.code >= KM_SPF_NEUTRAL && s->result.code <= KM_SPF_SOFTFAIL)
		s->result.reason = (km_sv){ NULL, 0 };
	s->result.trace = s->trace;
	s->result.n_trace = s->n_trace;
	*out = s->result;
	return KM_OK;
}

/* IPv4 in IPv6 is IPv4 (RFC 7208 section 5). */
static km_ip plain_ip(const km_ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	km_ip v4 = { .len = 4 };

	if (ip->len != 16 || memcmp(ip->b, mapped, sizeof(mapped)) != 0)
		return *ip;
	memcpy(v4.b, ip->b + 12, 4);
	return v4;
}

km_spf *km_spf_new(km_arena *a, const km_spf_request *q)
{
	km_spf *s = KM_NEW(a, km_spf);
	size_t at = km_sv_rchr(q->from, '@');
	km_sv given = q->from.n == 0   ? q->helo
		      : at < q->from.n ? km_sv_from(q->from, at + 1)
				       : q->from;

	if (s == NULL)
		return NULL;
	s->arena = a;
	s->trace = q->trace ? KM_NEW_ARRAY(a, km_spf_trace, KM_SPF_MAX_STEPS) : NULL;
	km_sv domain = km_auth_domain(a, given, 2);
	s->values = (km_spf_values){
		.local = at > 0 && at < q->from.n ? km_sv_sub(q->from, 0, at) : KM_S("postmaster"),
		.sender = domain,
		.helo = km_sv_sub(q->helo, 0, 255),
		.receiver = q->receiver.n ? km_sv_sub(q->receiver, 0, 255) : KM_S("unknown"),
		.ip = plain_ip(&q->ip),
		.now = q->now,
	};
	if (s->values.local.n > KM_SPF_MAX_LOCAL)
		s->values.local.n = KM_SPF_MAX_LOCAL;
	s->result.helo = q->from.n == 0;
	s->result.domain = domain.n ? domain : given;
	s->stack[s->depth++] = (frame){ .domain = domain };
	return s;
}
