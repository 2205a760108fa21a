#include "engine/dnsbl.h"

#include "auth/domain.h"
#include "auth/spf_parts.h"
#include "base/buf.h"
#include "content/host.h"
#include "crypt/digest.h"

/* What is asked about: the same for all lists of the kind. */
typedef struct {
	km_dnsbl_kind kind;
	km_sv text;  /* as a person knows it */
	km_sv label; /* as it is asked, in front of the zone */
	bool ip;
	double points[2]; /* against and for, of all lists together */
	km_buf says[2];	  /* which lists, and what they say */
} subject;

typedef struct {
	uint8_t list, subject;
	km_sv name;
} query;

struct km_dnsbl_check {
	km_arena *arena;
	km_dnsbl_request q;
	subject *subject;
	size_t n_subjects, per_kind[KM_DNSBL_KINDS];
	query query[KM_DNSBL_QUESTIONS];
	size_t n_queries;
	km_dnsbl_outcome outcome;
};

/* --- subjects --- */

static void add_subject(km_dnsbl_check *c, km_dnsbl_kind kind, km_sv text, km_sv label, bool ip)
{
	if (label.n == 0 || c->per_kind[kind] == KM_DNSBL_SUBJECTS)
		return;
	for (size_t i = 0; i < c->n_subjects; i++)
		if (c->subject[i].kind == kind && km_sv_ieq(c->subject[i].label, label))
			return;
	c->per_kind[kind]++;
	c->subject[c->n_subjects++] = (subject){ kind, text, label, ip, { 0 }, { { 0 } } };
}

static km_sv reversed(km_arena *a, const km_ip *ip)
{
	const km_spf_values v = { .ip = *ip };
	km_spf_text text;

	km_spf_expand(&v, KM_S("%{ir}"), &text);
	return km_sv_dup(a, km_spf_text_sv(&text));
}

static void add_domain(km_dnsbl_check *c, km_sv domain)
{
	domain = km_auth_domain(c->arena, domain, 2);
	if (domain.n == 0)
		return;
	domain = km_host_registrable(domain);
	add_subject(c, KM_DNSBL_DOMAIN, domain, domain, false);
}

static void add_address(km_dnsbl_check *c, km_sv address)
{
	uint8_t digest[KM_HASH_MAX_BYTES];
	km_hash h;
	size_t n;
	char *hex = km_alloc(c->arena, 2 * KM_HASH_MAX_BYTES);
	km_sv lower = km_sv_lower(c->arena, address);

	if (km_auth_domain_part(address).n == 0 || hex == NULL)
		return;
	km_hash_init(&h, KM_HASH_SHA1);
	km_hash_add(&h, lower);
	if (km_hash_finish(&h, digest, &n) != KM_OK)
		return;
	km_hex(digest, n, hex);
	add_subject(c, KM_DNSBL_ADDRESS, lower, (km_sv){ hex, 2 * n }, false);
}

static void add_people(km_dnsbl_check *c)
{
	const km_addr_list *lists[] = { &c->q.mail->from, &c->q.mail->reply_to };

	for (size_t i = 0; i < KM_COUNT(lists); i++)
		for (size_t k = 0; k < lists[i]->n && k < KM_DNSBL_SUBJECTS; k++) {
			add_domain(c, lists[i]->a[k].domain);
			add_address(c, lists[i]->a[k].addr);
		}
	add_domain(c, km_auth_domain_part(c->q.mail_from));
	add_address(c, c->q.mail_from);
}

static void add_site(km_dnsbl_check *c, const km_site *s)
{
	km_ip ip;

	if (s == NULL || s->kind & KM_SITE_SHARED ||
	    c->per_kind[KM_DNSBL_LINK] == KM_DNSBL_SUBJECTS)
		return;
	if (!s->ip)
		add_subject(c, KM_DNSBL_LINK, s->domain, s->domain, false);
	else if (km_ip_parse(s->host, &ip) && !km_ip_is_private(&ip))
		add_subject(c, KM_DNSBL_LINK, s->host, reversed(c->arena, &ip), true);
}

/* Where a click leads comes first: pictures of innocent sites shall not use up the questions. */
static void add_sites(km_dnsbl_check *c)
{
	const km_links *l = c->q.links;

	for (size_t i = 0; i < l->n; i++)
		if (km_link_is_clicked(&l->a[i]))
			add_site(c, l->a[i].final_site);
	for (size_t i = 0; i < l->n_sites; i++)
		add_site(c, l->site[i]);
}

/* --- queries --- */

/* Lists of domains do not want addresses. */
static bool concerns(const km_dnsbl *l, const subject *s)
{
	return l->what >> s->kind & 1 && !(s->ip && l->what >> KM_DNSBL_DOMAIN & 1);
}

static void add_queries(km_dnsbl_check *c)
{
	/* Subject by subject, so that none is left out for another one's many lists. */
	for (size_t k = 0; k < c->n_subjects; k++)
		for (size_t i = 0; i < c->q.lists->n; i++) {
			const km_dnsbl *l = &c->q.lists->list[i];
			if (!concerns(l, &c->subject[k]) || c->q.off >> i & 1 ||
			    c->n_queries == KM_DNSBL_QUESTIONS)
				continue;
			km_sv name = km_sv_fmt(c->arena, "%.*s.%.*s", KM_FMT(c->subject[k].label),
					       KM_FMT(l->zone));
			if (name.n)
				c->query[c->n_queries++] = (query){ (uint8_t)i, (uint8_t)k, name };
		}
}

static unsigned wanted(const km_dnsbl_check *c)
{
	unsigned what = 0;

	for (size_t i = 0; i < c->q.lists->n; i++)
		if (!(c->q.off >> i & 1))
			what |= c->q.lists->list[i].what;
	return what;
}

km_dnsbl_check *km_dnsbl_check_new(km_arena *a, const km_dnsbl_request *q)
{
	km_dnsbl_check *c = KM_NEW(a, km_dnsbl_check);
	char text[64];

	if (c == NULL)
		return NULL;
	c->arena = a;
	c->q = *q;
	unsigned what = wanted(c);
	if (what == 0)
		return c;
	c->subject = KM_NEW_ARRAY(a, subject, (size_t)KM_DNSBL_KINDS * KM_DNSBL_SUBJECTS);
	if (c->subject == NULL)
		return NULL;
	if (what >> KM_DNSBL_CLIENT & 1 && q->ask_client)
		add_subject(c, KM_DNSBL_CLIENT, km_sv_dup(a, km_sv_of(km_ip_format(&q->ip, text))),
			    reversed(a, &q->ip), true);
	if (what >> KM_DNSBL_DOMAIN & 1 || what >> KM_DNSBL_ADDRESS & 1)
		add_people(c);
	if (what >> KM_DNSBL_LINK & 1)
		add_sites(c);
	add_queries(c);
	return c;
}

/* --- answers --- */

typedef enum { NOT_LISTED, LISTED, REFUSED, BROKEN } meaning;

static bool refuses(const km_dnsbl *l, const km_ip *ip)
{
	static const km_net all[] = { { { .len = 4, .b = { 127, 0, 0, 1 } }, 32 },
				      { { .len = 4, .b = { 127, 255, 255 } }, 24 } };

	for (size_t i = 0; i < KM_COUNT(all); i++)
		if (km_ip_in(ip, &all[i].ip, all[i].bits))
			return true;
	for (size_t i = 0; i < l->n_refused; i++)
		if (km_ip_in(ip, &l->refused[i].ip, l->refused[i].bits))
			return true;
	return false;
}

static bool fits(const km_dnsbl_answer *a, const km_ip *ip)
{
	unsigned last = ip->b[3];

	return km_ip_in(ip, &a->is.ip, a->is.bits) && (a->last < 0 || last == (unsigned)a->last) &&
	       (last & a->bits) == a->bits;
}

/* What one address in an answer means; *best becomes the row that counts most. */
static meaning read_address(const km_dnsbl *l, const km_ip *ip, const km_dnsbl_answer **best)
{
	meaning m = NOT_LISTED;

	if (ip->b[0] != 127)
		return BROKEN;
	if (refuses(l, ip))
		return REFUSED;
	for (size_t i = 0; i < l->n_answers; i++) {
		const km_dnsbl_answer *a = &l->answer[i];
		if (!fits(a, ip))
			continue;
		m = LISTED;
		double more = *best ? a->points - (*best)->points : 1;
		if (*best == NULL || (a->points > 0 ? more > 0 : more < 0))
			*best = a;
	}
	return m;
}

static meaning read_answer(const km_dnsbl *l, const km_dns_answer *a, const km_dnsbl_answer **best,
			   km_ip *seen)
{
	meaning m = NOT_LISTED;

	if (a->rcode > KM_DNS_NXDOMAIN)
		return BROKEN;
	for (size_t i = 0; a->rcode == KM_DNS_OK && i < a->n; i++) {
		*seen = (km_ip){ .len = 4 };
		if (a->rr[i].data.n != 4)
			continue;
		memcpy(seen->b, a->rr[i].data.p, 4);
		meaning one = read_address(l, seen, best);
		if (one >= REFUSED)
			return one;
		m = one > m ? one : m;
	}
	return m;
}

static void say_once(km_facts *fs, uint32_t *set, const km_dnsbl *l, unsigned bit, km_fact_id id,
		     km_sv seen)
{
	if (*set >> bit & 1)
		return;
	*set |= 1u << bit;
	km_fact_arg(fs, km_fact_add(fs, id, seen, -1, 0, 0), 1, l->name);
}

static void take(km_dnsbl_check *c, const query *q, const km_dns_answer *a, km_facts *fs)
{
	const km_dnsbl *l = &c->q.lists->list[q->list];
	const km_dnsbl_answer *best = NULL;
	subject *s = &c->subject[q->subject];
	km_ip seen = { 0 };
	char text[64] = "";
	meaning m = read_answer(l, a, &best, &seen);

	if (m == REFUSED) {
		say_once(fs, &c->outcome.refused, l, q->list, KM_FACT_DNSBL_REFUSED,
			 km_sv_of(km_ip_format(&seen, text)));
		return;
	}
	if (m == BROKEN) {
		bool foreign = seen.len > 0;
		say_once(fs, &c->outcome.silent, l, q->list, KM_FACT_DNSBL_SILENT,
			 km_sv_of(foreign ? km_ip_format(&seen, text)
					  : km_dns_rcode_name(a->rcode)));
		return;
	}
	c->outcome.answered |= 1u << q->list;
	if (best == NULL)
		return;
	bool in_favour = best->points < 0;
	km_buf *says = &s->says[in_favour];
	if (says->max == 0)
		km_buf_init(says, c->arena, KM_MAX_SEEN_BYTES);
	km_buf_fmt(says, "%s%.*s: %.*s", says->n ? "; " : "", KM_FMT(l->name), KM_FMT(best->says));
	s->points[in_favour] += best->points;
}

static void add_facts(const subject *s, km_facts *fs)
{
	static const km_fact_id ids[KM_DNSBL_KINDS][2] = {
		[KM_DNSBL_CLIENT] = { KM_FACT_DNSBL_CLIENT, KM_FACT_DNSWL_CLIENT },
		[KM_DNSBL_DOMAIN] = { KM_FACT_DNSBL_DOMAIN, KM_FACT_DNSWL_DOMAIN },
		[KM_DNSBL_LINK] = { KM_FACT_DNSBL_LINK, KM_FACT_DNSWL_DOMAIN },
		[KM_DNSBL_ADDRESS] = { KM_FACT_DNSBL_ADDRESS, KM_FACT_DNSWL_DOMAIN },
	};

	for (unsigned i = 0; i < 2; i++) {
		if (s->says[i].n == 0)
			continue;
		km_fact *f = km_fact_add(fs, ids[s->kind][i], s->text, -1, 0, 0);
		km_fact_arg(fs, f, 1, s->text);
		km_fact_arg(fs, f, 2, km_buf_sv(&s->says[i]));
		if (f)
			f->weight = i ? -s->points[i] : s->points[i];
	}
}

km_status km_dnsbl_check_step(km_dnsbl_check *c, km_dns_set *dns, km_facts *fs)
{
	const km_dns_answer *a[KM_DNSBL_QUESTIONS];
	bool open = false;

	for (size_t i = 0; i < c->n_queries; i++) {
		a[i] = km_dns_need(dns, c->query[i].name, KM_DNS_A);
		open |= a[i] == NULL;
	}
	if (open)
		return KM_NOTFOUND;
	for (size_t i = 0; i < c->n_queries; i++)
		take(c, &c->query[i], a[i], fs);
	for (size_t i = 0; i < c->n_subjects; i++)
		add_facts(&c->subject[i], fs);
	return KM_OK;
}

km_dnsbl_outcome km_dnsbl_check_outcome(const km_dnsbl_check *c)
{
	return c->outcome;
}
