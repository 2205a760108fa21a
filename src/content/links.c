/* Where a click would lead. */
#include "base/ip.h"
#include "content/host_table.h"
#include "content/structure_parts.h"
#include "content/throwaway.h"

enum { MOST_OF_A_KIND = 3 }; /* facts of one kind; more would say nothing new */

typedef struct {
	const km_structure_job *j;
	size_t told[KM_FACT_COUNT];
} link_job;

static km_fact *tell(link_job *l, km_fact_id id, km_sv seen, const km_found_link *link)
{
	if (l->told[id]++ >= MOST_OF_A_KIND)
		return NULL;
	km_fact *f = km_structure_at_text(l->j, id, seen, link->part, link->where);
	km_fact_inside(l->j->fs, f, link->file);
	return f;
}

static void check_text(link_job *l, const km_found_link *link)
{
	km_url shown;
	size_t n;
	km_sv text = km_sv_trim(link->text);

	if (link->origin != KM_FROM_ANCHOR || link->site == NULL)
		return;
	if (km_sv_istarts(text, KM_S("http://")) || km_sv_istarts(text, KM_S("https://"))) {
		size_t at = 0;
		km_text_link t;
		if (!km_text_link_next(l->j->a, text, &at, &t) || t.bare)
			return;
		text = km_sv_sub(text, t.from, t.to - t.from);
	} else if (!km_host_in_text(text, &n)) {
		return;
	}
	if (!km_url_read(l->j->a, text, NULL, &shown) || shown.host.n == 0 || shown.ip ||
	    km_sv_chr(shown.host, '.', 0) == shown.host.n ||
	    km_host_related(shown.host, link->site->host))
		return;
	const km_imitations *x = l->j->in->imitations;
	const km_site said = { .host = shown.host, .domain = km_host_registrable(shown.host) };
	km_fact *f = tell(l, KM_FACT_LINK_TEXT_MISMATCH, link->text, link);
	/* Mailings lead through a counter of clicks. */
	if (f)
		f->weight = link->site->kind & KM_SITE_TRACKER	    ? 0.4
			    : x && km_imitations_is_brand(x, &said) ? 2.5
								    : 1;
	km_fact_arg(l->j->fs, f, 1, shown.host);
	km_fact_arg(l->j->fs, f, 2, link->site->host);
}

/* What is odd about the address itself, wherever it stands. */
static void check_target(link_job *l, const km_found_link *link)
{
	enum {
		ODD = KM_URL_FOLDED_HOST | KM_URL_IGNORED_HOST | KM_URL_ESCAPED_HOST |
		      KM_URL_NUMBER_HOST | KM_URL_BLANKS | KM_URL_BACKSLASH | KM_URL_MIXED_SCRIPT |
		      KM_URL_USERINFO_HOST
	};
	const km_url *url = link->final;

	if (url->host.n && (url->tricks | link->url->tricks) & ODD)
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_HOST_DISGUISED, link->target, link), 1,
			    url->host);
	if (url->host.n && url->tricks & KM_URL_SLASHES)
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_SLASHES, link->target, link), 1,
			    url->host);
	if (link->wrap == KM_WRAP_TRANSLATE)
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_TRANSLATED, link->target, link), 1,
			    url->host);
	if (url->ip) {
		km_fact *f = tell(l, KM_FACT_LINK_IP_HOST, link->target, link);
		km_ip ip;
		km_fact_arg(l->j->fs, f, 1, url->host);
		/* Inside an organisation machines have names for few. */
		if (f && km_ip_parse(url->host, &ip) && km_ip_is_private(&ip))
			f->weight = 0.2;
	}
	if (url->userinfo.n && url->host.n) {
		km_fact *f = tell(l, KM_FACT_LINK_USERINFO, link->target, link);
		/* "guest@" is how some sites let people in. */
		if (f && !((url->tricks | link->url->tricks) & KM_URL_USERINFO_HOST))
			f->weight = 0.4;
		km_fact_arg(l->j->fs, f, 1, url->userinfo);
		km_fact_arg(l->j->fs, f, 2, url->host);
	}
}

static void check_script(link_job *l, const km_found_link *link)
{
	static const km_sv script[] = { KM_SV("javascript"), KM_SV("data"), KM_SV("vbscript") };

	for (size_t i = 0; i < KM_COUNT(script); i++)
		if (km_sv_eq(link->url->scheme, script[i]))
			km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_SCRIPT, link->target, link), 1,
				    script[i]);
}

static void check_link(link_job *l, const km_found_link *link)
{
	km_sv to = link->url->host.n ? link->url->host : link->target;

	switch (link->origin) {
	case KM_FROM_FORM:
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_FORM, link->target, link), 1, to);
		break;
	case KM_FROM_REFRESH:
		km_fact_arg(l->j->fs, tell(l, KM_FACT_META_REFRESH, link->target, link), 1, to);
		break;
	case KM_FROM_ANCHOR:
		check_script(l, link);
		check_text(l, link);
		check_target(l, link);
		break;
	default:
		if (km_link_is_clicked(link))
			check_target(l, link);
	}
}

/* Forms without an address of their own, and fields for passwords. */
static void check_forms(link_job *l, const km_html *h, km_sv html, km_found_link here)
{
	if (h->n_forms && l->told[KM_FACT_LINK_FORM] == 0) {
		size_t at = km_sv_ifind(html, KM_S("<form"), 0);
		here.where = km_sv_sub(html, at, km_sv_chr(html, '>', at) + 1 - at);
		(void)tell(l, KM_FACT_LINK_FORM, KM_S("form"), &here);
	}
	if (h->n_password_inputs) {
		size_t at = km_sv_ifind(html, KM_S("<input"), 0);
		here.where = km_sv_sub(html, at, km_sv_chr(html, '>', at) + 1 - at);
		(void)tell(l, KM_FACT_LINK_PASSWORD_INPUT, KM_S("input"), &here);
	}
}

/* What the host alone gives away; once for each. */
static void check_site(link_job *l, const km_found_link *link, const km_site *site)
{
	static const struct {
		unsigned kind;
		km_fact_id fact;
	} kinds[] = { { KM_SITE_DDNS, KM_FACT_LINK_DYNAMIC_HOST },
		      { KM_SITE_HOSTING, KM_FACT_LINK_FREE_HOSTING },
		      { KM_SITE_SHORTENER, KM_FACT_LINK_SHORTENED } };
	static const km_fact_id how[] = {
		[KM_IMITATION_PREFIX] = KM_FACT_LINK_BRAND_PREFIX,
		[KM_IMITATION_NAME] = KM_FACT_LINK_BRAND_HOST,
		[KM_IMITATION_WORD] = KM_FACT_LINK_BRAND_HOST,
		[KM_IMITATION_ALIKE] = KM_FACT_LINK_BRAND_ALIKE,
	};
	const km_brand *brand = NULL;
	const km_imitations *x = l->j->in->imitations;

	for (size_t i = 0; i < KM_COUNT(kinds); i++)
		if (site->kind & kinds[i].kind)
			km_fact_arg(l->j->fs, tell(l, kinds[i].fact, link->target, link), 1,
				    site->host);
	if (km_imitates_jp(site))
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_JP_PREFIX, link->target, link), 1,
			    site->host);
	if (km_site_is_throwaway(site) && !(x && km_imitations_is_brand(x, site)))
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_THROWAWAY_HOST, link->target, link), 1,
			    site->host);
	else if (km_site_is_random(site))
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_RANDOM_HOST, link->target, link), 1,
			    site->host);
	km_imitation kind = x ? km_imitation_of(x, site, &brand) : KM_IMITATION_NONE;
	if (kind == KM_IMITATION_NONE)
		return;
	km_fact *f = tell(l, how[kind], link->target, link);
	km_fact_arg(l->j->fs, f, 1, brand->name_ja);
	km_fact_arg(l->j->fs, f, 2, site->host);
	km_fact_arg(l->j->fs, f, 3, brand->name_en);
	if (f && kind == KM_IMITATION_WORD)
		f->weight = 0.25;
}

/* A brand's own host as a folder of another's: "evil.example/www.aeon.co.jp/login". */
static void check_path(link_job *l, const km_found_link *link)
{
	const km_imitations *x = l->j->in->imitations;
	const km_brand *brand = x && link->final_site
					? km_imitated_in_path(x, link->final, link->final_site)
					: NULL;

	if (brand == NULL)
		return;
	km_fact *f = tell(l, KM_FACT_LINK_BRAND_PATH, link->target, link);
	km_fact_arg(l->j->fs, f, 1, brand->name_ja);
	km_fact_arg(l->j->fs, f, 2, link->final->host);
	km_fact_arg(l->j->fs, f, 3, brand->name_en);
}

/* Where a person may be led by the links: each site once, at its first link. */
static void check_sites(link_job *l)
{
	const km_links *links = l->j->in->links;
	km_map seen;

	km_map_init(&seen, l->j->a, false);
	for (size_t i = 0; i < links->n; i++) {
		const km_found_link *link = &links->a[i];
		const km_site *site = link->final_site;
		void **slot =
			site && km_link_is_clicked(link) ? km_map_put(&seen, site->host) : NULL;
		if (slot)
			check_path(l, link);
		if (slot == NULL || *slot)
			continue;
		*slot = l;
		check_site(l, link, site);
	}
}

void km_structure_links(const km_structure_job *j)
{
	link_job l = { .j = j };

	for (size_t i = 0; i < j->in->links->n; i++)
		check_link(&l, &j->in->links->a[i]);
	check_sites(&l);
	for (size_t i = 0; i < j->v->n_text; i++) {
		const km_part *p = &j->m->parts[j->v->text[i].part];
		if (p->html)
			check_forms(&l, p->html, p->decoded.utf8,
				    (km_found_link){ .part = j->v->text[i].part });
	}
	for (size_t i = 0; j->in->opened && i < j->in->opened->n_pages; i++) {
		const km_page *p = &j->in->opened->page[i];
		if (p->html)
			check_forms(&l, p->html, p->source,
				    (km_found_link){ .part = p->view.part, .file = p->file });
	}
}
