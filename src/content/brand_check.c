#include "content/brand_check.h"

#include "content/brand_claims.h"
#include "content/cues.h"
#include "content/structure_parts.h"

/* From this strength on a brand is taken for the sender; from MENTIONED on it is worth a look. */
#define CLAIMED	  2.9
#define MENTIONED 1.9

typedef enum { OFFICIAL, ROLE, MAILBOX, OTHER_BRAND, ELSEWHERE } sender_is;

typedef struct {
	const km_brand_job *in;
	km_arena *a;
	km_facts *fs;
	const km_claim *claim;
	const km_brand *other; /* whose domain From is, when another brand's */
} check;

static sender_is what_is_sender(check *c, const km_brand *brand)
{
	const km_brands *b = c->in->brands;
	const km_origin *o = c->in->origin;

	if (o->domain.n == 0)
		return ELSEWHERE;
	bool own = km_brand_owns(b, brand, o->domain, true);
	/* "me@gmail.com" <me@gmail.com> says no more than the address does. */
	const km_claim *said = c->claim;
	bool unsaid = said->subject + said->opening + said->closing + said->body < 1;
	if (km_brands_is_mailbox(b, o->domain))
		return own && (km_cues_istart(KM_CUES_role, o->local) || unsaid) ? ROLE : MAILBOX;
	if (own)
		return OFFICIAL;
	c->other = km_brands_of_host(b, o->domain, true);
	return c->other ? OTHER_BRAND : ELSEWHERE;
}

typedef struct {
	size_t n, official, own, elsewhere; /* hosts that a click leads to */
	km_sv host;			    /* the first elsewhere */
	km_sv where;			    /* that link as written */
	km_sv file;			    /* and the file that it is in */
	int part;
} link_count;

static void count_link(const check *c, const km_found_link *l, link_count *out)
{
	km_sv host = l->final ? l->final->host : (km_sv){ NULL, 0 };

	if (!km_link_is_clicked(l) || host.n == 0 || l->origin == KM_FROM_FIELD || l->hidden)
		return;
	out->n++;
	if (km_brand_owns(c->in->brands, c->claim->brand, host, false)) {
		out->official++;
	} else if (km_host_related(host, c->in->origin->domain)) {
		out->own++;
	} else if (out->elsewhere++ == 0) {
		out->host = host;
		out->where = l->where;
		out->file = l->file;
		out->part = l->part;
	}
	if (out->host.n == 0 && out->own && !out->elsewhere) {
		out->where = l->where;
		out->file = l->file;
		out->part = l->part;
	}
}

static link_count count_links(const check *c)
{
	link_count out = { .part = KM_NO_PART };

	for (size_t i = 0; c->in->links && i < c->in->links->n; i++)
		count_link(c, &c->in->links->a[i], &out);
	return out;
}

/* Where the name stands, as near as the message tells. */
static km_fact *at_name(const check *c, km_fact_id id, km_sv seen)
{
	const km_structure_job at = { .m = c->in->mail, .a = c->a, .fs = c->fs };
	const km_headers *hs = c->in->mail->headers;
	const km_area *area = c->claim->area;
	km_sv name = c->claim->alias->name;

	switch (area->kind) {
	case KM_AREA_NAME:
	case KM_AREA_ADDRESS:
		return km_structure_at_field(&at, id, seen, km_headers_first(hs, "From"));
	case KM_AREA_SUBJECT:
		return km_structure_at_field(&at, id, seen, km_headers_first(hs, "Subject"));
	default:
		return km_structure_at_text(
			&at, id, seen, area->part,
			km_sv_sub(area->text, km_sv_ifind(area->text, km_sv_sub(name, 0, 60), 0),
				  name.n));
	}
}

/* "楽天 / st.example.ac.jp" */
static km_fact *tell(const check *c, km_fact_id id, double weight)
{
	const km_brand *brand = c->claim->brand;
	km_sv domain = c->in->origin->domain;
	km_sv key = km_sv_sub(c->claim->area->key, c->claim->hit.from,
			      c->claim->hit.to - c->claim->hit.from);
	km_sv name = km_sv_ieq(c->claim->alias->name, key) ? key : c->claim->alias->name;
	km_fact *f = at_name(c, id, km_sv_fmt(c->a, "%.*s / %.*s", KM_FMT(name), KM_FMT(domain)));

	km_fact_inside(c->fs, f, c->claim->area->file);
	km_fact_arg(c->fs, f, 1, brand->name_ja);
	km_fact_arg(c->fs, f, 2, domain);
	km_fact_arg(c->fs, f, 3, brand->name_en);
	if (f) {
		f->weight = weight;
		f->brand = brand->id;
		f->category = km_brand_category(brand);
	}
	return f;
}

static void tell_link(const check *c, const link_count *links, double weight)
{
	const km_structure_job at = { .m = c->in->mail, .a = c->a, .fs = c->fs };
	const km_brand *brand = c->claim->brand;
	km_sv host = links->host.n ? links->host : c->in->origin->domain;
	km_fact *f = km_structure_at_text(&at, KM_FACT_BRAND_LINK_ELSEWHERE,
					  km_sv_fmt(c->a, "%.*s / %.*s", KM_FMT(brand->name_ja),
						    KM_FMT(host)),
					  links->part, links->where);

	km_fact_inside(c->fs, f, links->file);
	km_fact_arg(c->fs, f, 1, brand->name_ja);
	km_fact_arg(c->fs, f, 2, host);
	km_fact_arg(c->fs, f, 3, brand->name_en);
	if (f) {
		f->weight = weight;
		f->brand = brand->id;
		f->category = km_brand_category(brand);
	}
}

/* From is the brand's own domain. */
static void check_official(const check *c)
{
	km_origin_state state = c->in->origin->state;
	link_count links = count_links(c);
	bool leads_off = links.elsewhere && links.official == 0;

	if (state == KM_ORIGIN_PROVEN) {
		(void)tell(c, KM_FACT_BRAND_GENUINE, 1);
		return;
	}
	if (state == KM_ORIGIN_REFUTED)
		(void)tell(c, KM_FACT_BRAND_FORGED, 1);
	else
		(void)tell(c, KM_FACT_BRAND_UNPROVEN, state == KM_ORIGIN_OPEN);
	/* Newsletters lead through the click counters of their service. */
	if (leads_off && c->claim->total >= CLAIMED)
		tell_link(c, &links, state == KM_ORIGIN_REFUTED ? 1 : 0.5);
}

/* How much the claim weighs: the name of the sender most, and more with all the rest. */
static double weigh(const check *c, const link_count *links)
{
	double total = c->claim->total, weight;

	weight = total >= 5 ? 1.2 : total >= 4 ? 1.1 : total >= 3.4 ? 1 : 0.9;
	/* All links lead to the brand: more likely its partner or a helper. */
	if (links->n && links->official == links->n)
		weight *= 0.4;
	return weight;
}

static void check_foreign(check *c, sender_is sender)
{
	link_count links = count_links(c);

	/* Under a name of its own, a message that wants nothing only speaks of the brand. */
	bool named = c->claim->name > 0 || c->claim->address > 0;
	if (c->claim->total < CLAIMED || !(named || c->in->demand)) {
		if (c->claim->total >= MENTIONED && links.official == 0 &&
		    links.elsewhere + links.own && sender != OTHER_BRAND)
			(void)tell(c, KM_FACT_BRAND_MENTIONED, 1);
		return;
	}
	double weight = weigh(c, &links);
	(void)tell(c, KM_FACT_BRAND_MISMATCH, weight);
	if (sender == MAILBOX)
		(void)tell(c, KM_FACT_BRAND_FREEMAIL, 1);
	if (sender == OTHER_BRAND) {
		km_fact *f = tell(c, KM_FACT_BRAND_OTHER, 1);
		km_fact_arg(c->fs, f, 2, c->other->name_ja);
	}
	if (c->claim->disguised)
		(void)tell(c, KM_FACT_BRAND_DISGUISED, 1);
	if (links.elsewhere + links.own && links.official == 0)
		tell_link(c, &links, 1);
	else if (links.elsewhere)
		tell_link(c, &links, 0.5);
}

/* The claim of the brand whose domain From is, if it speaks for itself. */
static const km_claim *own_claim(const check *c, const km_claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		if (km_brand_owns(c->in->brands, claims->claim[i].brand, c->in->origin->domain,
				  true))
			return &claims->claim[i];
	return NULL;
}

/* A brand's own mail may speak of others. */
static bool speaks_for_itself(const check *c, const km_claim *own, const km_claim *strongest)
{
	if (own == NULL || c->in->origin->state == KM_ORIGIN_REFUTED ||
	    km_brands_is_mailbox(c->in->brands, c->in->origin->domain))
		return false;
	return own->total >= MENTIONED || own->name > 0 || strongest->name <= 0;
}

void km_brand_facts(km_arena *a, const km_brand_job *j, km_facts *fs)
{
	km_claims *claims = KM_NEW(a, km_claims);
	check c = { .in = j, .a = a, .fs = fs };

	if (claims == NULL)
		return;
	km_claims_read(j->brands, j->terms, j->areas, j->notice, a, claims);
	if (claims->n == 0)
		return;
	const km_claim *own = own_claim(&c, claims);
	c.claim = own && speaks_for_itself(&c, own, &claims->claim[0]) ? own : &claims->claim[0];
	sender_is sender = what_is_sender(&c, c.claim->brand);
	if (sender == OFFICIAL)
		check_official(&c);
	else if (sender != ROLE)
		check_foreign(&c, sender);
}
