#include "auth/dmarc.h"

#include <libpsl.h>

#include "auth/domain.h"

enum { MAX_DKIM = 32 };

/* What a walk from a domain found (RFC 9989 section 4.10). */
typedef struct {
	km_sv start;
	bool done;
	km_dns_rcode error;    /* of a query without answer; KM_DNS_OK when all have one */
	km_sv own;	       /* record at the start */
	km_sv last, last_at;   /* at the last name that has one, and that name */
	km_sv below, below_at; /* at the one before that */
	km_sv organization;    /* once done without error */
} walk;

struct km_dmarc {
	km_arena *arena;
	km_dmarc_method method;
	walk author;
	walk *ids[1 + MAX_DKIM]; /* for spf, then each of dkim; NULL: it needs none so far */
	km_dmarc_record record;
	km_dmarc_result result;
};

static const char *const code_names[] = { "none", "pass", "fail", "temperror", "permerror" };

const char *km_dmarc_code_name(km_dmarc_code c)
{
	return (size_t)c < KM_COUNT(code_names) ? code_names[c] : "none";
}

/* --- names --- */

static size_t count_labels(km_sv name)
{
	size_t n = name.n > 0;

	for (size_t i = 0; i < name.n; i++)
		n += name.p[i] == '.';
	return n;
}

/* The last @n labels of @name, or all. Domains here have no escapes (km_auth_domain()). */
static km_sv last_labels(km_sv name, size_t n)
{
	for (size_t i = name.n; i > 0; i--)
		if (name.p[i - 1] == '.' && --n == 0)
			return km_sv_from(name, i);
	return name;
}

/* The name that is asked after @name; empty at the end. */
static km_sv walk_up(km_sv name)
{
	size_t labels = count_labels(name);

	if (labels < 2)
		return (km_sv){ NULL, 0 };
	return last_labels(name,
			   labels >= KM_DMARC_MAX_QUERIES ? KM_DMARC_MAX_QUERIES - 1 : labels - 1);
}

static km_sv registrable(km_sv name)
{
	char copy[256];

	if (name.n >= sizeof(copy))
		return name;
	memcpy(copy, name.p, name.n);
	copy[name.n] = '\0';
	const char *found = psl_registrable_domain(psl_builtin(), copy);
	return found ? km_sv_from(name, (size_t)(found - copy)) : name;
}

/* --- queries --- */

static const km_dns_answer *ask(km_dns_set *dns, km_sv name)
{
	char text[8 + 256] = "_dmarc.";

	if (name.n > 255)
		name.n = 255;
	memcpy(text + 7, name.p, name.n);
	return km_dns_need(dns, (km_sv){ text, 7 + name.n }, KM_DNS_TXT);
}

/* How many DMARC records @a has; the last one. */
static size_t find_records(const km_dns_answer *a, km_sv *txt, km_dmarc_record *r)
{
	size_t n = 0;
	km_dmarc_record one;

	for (size_t i = 0; a->rcode == KM_DNS_OK && i < a->n; i++)
		if (km_dmarc_record_read(a->rr[i].data, &one) == KM_OK) {
			*txt = a->rr[i].data;
			*r = one;
			n++;
		}
	return n;
}

/* The only DMARC record in @a; several count as none. */
static bool find_record(const km_dns_answer *a, km_sv *txt, km_dmarc_record *r)
{
	return find_records(a, txt, r) == 1;
}

/* The Organizational Domain, after the last record was found (section 4.10.2). */
static km_sv organization(const walk *w, km_dmarc_psd psd)
{
	if (w->last.n == 0)
		return w->start;
	if (psd == KM_DMARC_PSD_YES && w->last_at.n < w->start.n)
		return last_labels(w->start, count_labels(w->last_at) + 1);
	return w->last_at;
}

/* The names asked for @start, in order; the list has at most two. */
static size_t level_names(km_sv start, km_dmarc_method method, km_sv out[KM_DMARC_MAX_QUERIES])
{
	size_t n = 0;

	if (method == KM_DMARC_WALK) {
		for (; start.n && n < KM_DMARC_MAX_QUERIES; start = walk_up(start))
			out[n++] = start;
		return n;
	}
	km_sv above = registrable(start);
	if (start.n)
		out[n++] = start;
	if (above.n < start.n)
		out[n++] = above;
	return n;
}

/* All names are asked at once; those above a psd tag are not looked at. */
static km_status step_walk(walk *w, km_dns_set *dns)
{
	const km_dns_answer *a[KM_DMARC_MAX_QUERIES];
	km_sv names[KM_DMARC_MAX_QUERIES];
	km_dmarc_psd psd = KM_DMARC_PSD_UNKNOWN;
	size_t n;

	if (w->done)
		return KM_OK;
	n = level_names(w->start, KM_DMARC_WALK, names);
	for (size_t i = 0; i < n; i++)
		a[i] = ask(dns, names[i]);
	*w = (walk){ .start = w->start };
	for (size_t i = 0; i < n && psd == KM_DMARC_PSD_UNKNOWN; i++) {
		km_dmarc_record r;
		km_sv txt;
		if (a[i] == NULL)
			return KM_NOTFOUND;
		if (a[i]->rcode > KM_DNS_NXDOMAIN) {
			w->error = a[i]->rcode;
			break;
		}
		if (!find_record(a[i], &txt, &r))
			continue;
		if (i == 0)
			w->own = txt;
		w->below = w->last;
		w->below_at = w->last_at;
		w->last = txt;
		w->last_at = names[i];
		psd = r.psd;
	}
	w->done = true;
	if (w->error == KM_DNS_OK)
		w->organization = organization(w, psd);
	return KM_OK;
}

/* The same by the Public Suffix List: the domain itself and its registrable domain. */
static km_status step_list(walk *w, km_dns_set *dns)
{
	km_sv above = registrable(w->start);
	const km_dns_answer *own = ask(dns, w->start), *org = ask(dns, above);
	km_dmarc_record r;

	if (w->done)
		return KM_OK;
	if (own == NULL || org == NULL)
		return KM_NOTFOUND;
	w->done = true;
	w->error = own->rcode > KM_DNS_NXDOMAIN	  ? own->rcode
		   : org->rcode > KM_DNS_NXDOMAIN ? org->rcode
						  : KM_DNS_OK;
	w->organization = above;
	if (!find_record(own, &w->own, &r))
		w->own = (km_sv){ NULL, 0 };
	if (find_record(org, &w->last, &r))
		w->last_at = above;
	else
		w->last = (km_sv){ NULL, 0 };
	return KM_OK;
}

size_t km_dmarc_levels(km_sv author, km_dmarc_method method, km_dns_set *dns,
		       km_dmarc_level out[KM_DMARC_MAX_QUERIES])
{
	km_sv names[KM_DMARC_MAX_QUERIES];
	size_t n = level_names(author, method, names);
	bool over = false;

	for (size_t i = 0; i < n; i++) {
		const km_dns_answer *a = ask(dns, names[i]);
		km_dmarc_record r = { 0 };
		km_sv txt = { NULL, 0 };
		size_t records = a ? find_records(a, &txt, &r) : 0;
		out[i] = (km_dmarc_level){ .name = names[i],
					   .rcode = a ? a->rcode : KM_DNS_TIMEOUT,
					   .record = records == 1 ? txt : (km_sv){ NULL, 0 },
					   .several = records > 1,
					   .in_force = !over };
		over |= (records == 1 && method == KM_DMARC_WALK &&
			 r.psd != KM_DMARC_PSD_UNKNOWN) ||
			out[i].rcode > KM_DNS_NXDOMAIN;
	}
	return n;
}

static km_status step_domain(const km_dmarc *d, walk *w, km_dns_set *dns)
{
	return d->method == KM_DMARC_PSL ? step_list(w, dns) : step_walk(w, dns);
}

/* --- policy --- */

/* Whether the name exists in DNS at all (RFC 9989 section 3.2.13). */
static km_status exists(km_dns_set *dns, km_sv name, bool *missing)
{
	static const km_dns_type types[] = { KM_DNS_MX, KM_DNS_A, KM_DNS_AAAA };

	*missing = false;
	for (size_t i = 0; i < KM_COUNT(types); i++) {
		const km_dns_answer *a = km_dns_need(dns, name, types[i]);
		if (a == NULL)
			return KM_NOTFOUND;
		if (a->rcode != KM_DNS_NXDOMAIN)
			return KM_OK;
	}
	*missing = true;
	return KM_OK;
}

static km_dmarc_policy lowered(km_dmarc_policy p)
{
	return p == KM_DMARC_POLICY_NONE ? p : (km_dmarc_policy)(p - 1);
}

/*
 * The record that applies (section 4.10.1): the Author Domain's, else its Organizational Domain's,
 * else that of the public suffix. The walk ends at one of the latter two.
 */
static void choose_record(const walk *w, km_sv *txt, km_sv *at)
{
	bool suffix = w->last.n && !km_sv_eq(w->last_at, w->organization);

	if (w->own.n) {
		*txt = w->own;
		*at = w->start;
	} else if (suffix && w->below.n && km_sv_eq(w->below_at, w->organization)) {
		*txt = w->below;
		*at = w->below_at;
	} else {
		*txt = w->last;
		*at = w->last_at;
	}
}

static km_status find_policy(km_dmarc *d, km_dns_set *dns)
{
	km_dmarc_result *r = &d->result;
	const walk *w = &d->author;
	bool own = w->own.n > 0;

	choose_record(w, &r->record, &r->policy_domain);
	if (r->record.n == 0 || km_dmarc_record_read(r->record, &d->record) != KM_OK)
		return KM_OK;
	if (!own && d->record.np != d->record.sp &&
	    exists(dns, w->start, &r->missing) == KM_NOTFOUND)
		return KM_NOTFOUND;
	r->published = own ? d->record.p : r->missing ? d->record.np : d->record.sp;
	if (d->record.unusable)
		r->published = KM_DMARC_POLICY_NONE;
	r->policy = d->record.testing ? lowered(r->published) : r->published;
	return KM_OK;
}

/* --- alignment --- */

typedef enum { NOT_ALIGNED, ALIGNED, OPEN, UNKNOWN } alignment;

/* Section 4.10.2. The Organizational Domain of a domain is the domain or above it, so that most
 * domains need no walk of their own. */
static alignment align(const km_dmarc *d, km_dns_set *dns, const km_dmarc_id *id, bool strict,
		       walk **slot)
{
	km_sv org = d->author.organization;
	alignment aligned = id->pass ? ALIGNED : UNKNOWN;

	if (!(id->pass || id->unknown) || id->domain.n == 0)
		return NOT_ALIGNED;
	if (km_sv_ieq(id->domain, d->author.start))
		return aligned;
	if (strict)
		return NOT_ALIGNED;
	if (d->author.error != KM_DNS_OK)
		return UNKNOWN;
	if (!km_auth_is_below(id->domain, org))
		return NOT_ALIGNED;
	walk *w = *slot ? *slot : KM_NEW(d->arena, walk);
	if (w == NULL)
		return UNKNOWN;
	*slot = w;
	if (!km_sv_eq(w->start, id->domain))
		*w = (walk){ .start = id->domain };
	if (step_domain(d, w, dns) == KM_NOTFOUND)
		return OPEN;
	if (w->error != KM_DNS_OK)
		return UNKNOWN;
	return km_sv_ieq(w->organization, org) ? aligned : NOT_ALIGNED;
}

static km_status align_all(km_dmarc *d, km_dns_set *dns, const km_dmarc_input *in, bool *unknown)
{
	km_dmarc_result *r = &d->result;
	size_t n = in->n_dkim < MAX_DKIM ? in->n_dkim : MAX_DKIM;
	bool open = false;

	r->dkim_aligned = 0;
	alignment a = align(d, dns, &in->spf, d->record.strict_spf, &d->ids[0]);
	r->spf_aligned = a == ALIGNED;
	open |= a == OPEN;
	*unknown = a == UNKNOWN;
	for (size_t i = 0; i < n; i++) {
		a = align(d, dns, &in->dkim[i], d->record.strict_dkim, &d->ids[1 + i]);
		r->dkim_aligned |= (a == ALIGNED ? 1u : 0u) << i;
		open |= a == OPEN;
		*unknown |= a == UNKNOWN;
	}
	return open ? KM_NOTFOUND : KM_OK;
}

/* --- the whole --- */

km_dmarc *km_dmarc_new(km_arena *a, km_sv author, km_sv why, km_dmarc_method method)
{
	km_dmarc *d = KM_NEW(a, km_dmarc);

	if (d == NULL)
		return NULL;
	d->arena = a;
	d->method = method;
	d->author.start = author;
	d->result.domain = author;
	if (author.n == 0) {
		d->result.code = KM_DMARC_PERMERROR;
		d->result.reason = why;
	}
	return d;
}

km_status km_dmarc_discover(km_dmarc *d, km_dns_set *dns)
{
	return d->author.start.n ? step_domain(d, &d->author, dns) : KM_OK;
}

static void decide(km_dmarc_result *r, bool temporary, bool applies)
{
	static const km_sv no_answer = KM_SV("a name server did not answer");
	bool aligned = r->spf_aligned || r->dkim_aligned;

	if (applies && aligned)
		r->code = KM_DMARC_PASS;
	else if (temporary)
		r->code = KM_DMARC_TEMPERROR;
	else
		r->code = applies ? KM_DMARC_FAIL : KM_DMARC_NONE;
	r->reason = r->code == KM_DMARC_TEMPERROR ? no_answer : (km_sv){ NULL, 0 };
	if (r->code == KM_DMARC_NONE)
		r->policy_domain = r->record = (km_sv){ NULL, 0 };
}

km_status km_dmarc_step(km_dmarc *d, km_dns_set *dns, const km_dmarc_input *in,
			km_dmarc_result *out)
{
	km_dmarc_result *r = &d->result;
	const walk *w = &d->author;
	bool unknown = false;

	if (w->start.n) {
		if (km_dmarc_discover(d, dns) == KM_NOTFOUND)
			return KM_NOTFOUND;
		r->organization = w->organization;
		/* Of a walk that broke off, only the author's own record is sure to be the one. */
		bool found = w->own.n || (w->error == KM_DNS_OK && w->last.n);
		if (found && find_policy(d, dns) == KM_NOTFOUND)
			return KM_NOTFOUND;
		if (align_all(d, dns, in, &unknown) == KM_NOTFOUND)
			return KM_NOTFOUND;
		bool applies = found && (!d->record.unusable || d->record.reports);
		bool broken_off = w->error != KM_DNS_OK && w->own.n == 0;
		decide(r, broken_off || (applies && unknown), applies);
	}
	*out = *r;
	return KM_OK;
}
