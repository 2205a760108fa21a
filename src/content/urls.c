#include "content/urls.h"

#include "content/host_table.h"

static km_site *site_of(km_links *l, const km_url *url)
{
	if (url->host.n == 0)
		return NULL;
	km_site *known = km_map_get(&l->by_host, url->host);
	if (known)
		return known;
	if (l->n_sites == KM_MAX_SITES) {
		km_limit_hit(&l->limits, KM_LIMIT_SITES);
		return NULL;
	}
	if (l->n_sites % 16 == 0) {
		km_site **grown = km_arena_grow(l->arena, l->site, l->n_sites * sizeof(km_site *),
						(l->n_sites + 16) * sizeof(km_site *));
		if (grown == NULL)
			return NULL;
		l->site = grown;
	}
	km_site *s = KM_NEW(l->arena, km_site);
	void **slot = s ? km_map_put(&l->by_host, url->host) : NULL;
	if (slot == NULL)
		return NULL;
	*s = (km_site){ .host = url->host, .shown = url->shown, .ip = url->ip };
	s->domain = url->host;
	if (!url->ip) {
		km_host_place place = km_host_place_of(url->host);
		s->domain = place.domain;
		s->row = place.row;
		s->kind = place.kind;
	}
	*slot = s;
	return l->site[l->n_sites++] = s;
}

static const km_url *keep(km_arena *a, const km_url *url)
{
	km_url *kept = KM_NEW(a, km_url);

	if (kept)
		*kept = *url;
	return kept;
}

/* Takes off wrapper after wrapper. */
static void unwrap(km_links *l, km_found_link *f)
{
	f->final = f->url;
	f->final_site = f->site;
	while (f->final_site && f->final_site->row && f->depth < KM_MAX_WRAPPERS) {
		km_url inner;
		km_link_wrap wrap = km_url_unwrap(l->arena, f->final, f->final_site->row, &inner);
		const km_url *next = wrap ? keep(l->arena, &inner) : NULL;
		if (next == NULL)
			break;
		if (f->depth++ == 0)
			f->wrap = wrap;
		f->final = next;
		f->final_site = site_of(l, next);
	}
	km_url maybe;
	if (f->final->query.n && f->final->host.n && km_url_parameter(l->arena, f->final, &maybe)) {
		f->maybe = keep(l->arena, &maybe);
		if (f->wrap == KM_WRAP_NONE)
			f->wrap = KM_WRAP_PARAMETER;
	}
}

static km_found_link *add(km_links *l, km_link_origin origin, int part, km_sv target,
			  const km_url *base)
{
	km_url url;

	if (!km_url_read(l->arena, target, base, &url) && !(url.tricks & KM_URL_BAD_HOST))
		return NULL;
	if (l->n == KM_MAX_LINKS) {
		km_limit_hit(&l->limits, KM_LIMIT_LINKS);
		return NULL;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		km_found_link *grown = km_arena_grow(l->arena, l->a, l->cap * sizeof(*grown),
						     cap * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		l->a = grown;
		l->cap = cap;
	}
	const km_url *kept = keep(l->arena, &url);
	if (kept == NULL)
		return NULL;
	km_found_link *f = &l->a[l->n++];
	*f = (km_found_link){ .origin = origin, .part = part, .target = target, .url = kept };
	f->where = f->text = target;
	f->site = site_of(l, kept);
	unwrap(l, f);
	if (f->final_site)
		f->final_site->uses++;
	return f;
}

km_found_link *km_links_add(km_links *l, km_link_origin origin, int part, km_sv text)
{
	return add(l, origin, part, text, NULL);
}

static km_sv with_scheme(km_arena *a, km_sv bare)
{
	return km_sv_fmt(a, "http://%.*s", KM_FMT(bare));
}

/* Links of running @text from @from to @to. How many there are; they are kept when @l is not NULL.
 */
static size_t read_text(km_links *l, bool keep_them, km_link_origin origin, int part, km_sv text)
{
	km_text_link t;
	size_t n = 0;

	for (size_t at = 0; l->n < KM_MAX_LINKS && km_text_link_next(l->arena, text, &at, &t);
	     n++) {
		km_sv as_written = km_sv_sub(text, t.from, t.to - t.from);
		if (!keep_them)
			continue;
		size_t sites = l->n_sites;
		km_found_link *f =
			add(l, origin, part,
			    t.bare ? with_scheme(l->arena, as_written) : as_written, NULL);
		if (f == NULL)
			continue;
		/* The key tells of hosts only that the text as it is does not show. */
		if (origin == KM_FROM_KEY && l->n_sites == sites) {
			l->n--;
			continue;
		}
		f->where = f->text = as_written;
		if (t.bare)
			f->target = as_written;
	}
	return n;
}

static km_link_origin origin_of(km_link_kind kind)
{
	static const km_link_origin origins[] = {
		[KM_LINK_ANCHOR] = KM_FROM_ANCHOR, [KM_LINK_FORM] = KM_FROM_FORM,
		[KM_LINK_IMAGE] = KM_FROM_IMAGE,   [KM_LINK_FRAME] = KM_FROM_FRAME,
		[KM_LINK_SCRIPT] = KM_FROM_OTHER,  [KM_LINK_REFRESH] = KM_FROM_REFRESH,
		[KM_LINK_BASE] = KM_FROM_OTHER,	   [KM_LINK_OTHER] = KM_FROM_OTHER,
	};
	return origins[kind];
}

/* Links of attributes, in order; and of the visible text between the anchors. */
static void read_html(km_links *l, int part, const km_html *h, km_sv source)
{
	km_url base_url;
	const km_url *base = NULL;
	size_t shown = 0;

	if (h->base.n && km_url_read(l->arena, h->base, NULL, &base_url) && base_url.host.n)
		base = &base_url;
	for (size_t i = 0; i < h->n_links; i++) {
		const km_link *link = &h->links[i];
		uintptr_t text = (uintptr_t)link->text.p, begin = (uintptr_t)h->text.p;
		if (link->kind == KM_LINK_ANCHOR && link->text.n && text >= begin + shown &&
		    text - begin + link->text.n <= h->text.n) {
			(void)read_text(l, true, KM_FROM_TEXT, part,
					km_sv_sub(h->text, shown, text - begin - shown));
			shown = text - begin + link->text.n;
		}
		if (link->kind == KM_LINK_BASE)
			continue;
		km_found_link *f = add(l, origin_of(link->kind), part, link->target, base);
		if (f == NULL)
			continue;
		size_t end = km_sv_chr(source, '>', link->offset);
		f->where = km_sv_sub(source, link->offset, end + 1 - link->offset);
		f->text = link->text;
		f->hidden = link->hidden;
	}
	(void)read_text(l, true, KM_FROM_TEXT, part, km_sv_from(h->text, shown));
}

static bool was_disguised(const km_view_stats *s)
{
	return s->ignorable + s->bidi + s->compat + s->confusable + s->styled > 0;
}

/* Links that only the match key shows: when there are more of them than in the text as it is. */
static void read_key(km_links *l, const km_text_view *v, size_t in_text)
{
	if (was_disguised(&v->stats) && read_text(l, false, KM_FROM_KEY, v->part, v->key) > in_text)
		(void)read_text(l, true, KM_FROM_KEY, v->part, v->key);
}

/* All links of a text: of @html, when it is not NULL. */
static void read_view(km_links *l, const km_text_view *v, const km_html *html, km_sv source)
{
	size_t in_text = 0;

	if (html)
		read_html(l, v->part, html, source);
	if (html == NULL || was_disguised(&v->stats))
		in_text = read_text(l, html == NULL, KM_FROM_TEXT, v->part, v->text);
	read_key(l, v, in_text);
}

void km_links_read_page(km_links *l, const km_page *page)
{
	size_t before = l->n;

	read_view(l, &page->view, page->html, page->source);
	for (size_t i = before; i < l->n; i++)
		l->a[i].file = page->file;
}

void km_links_read(km_arena *a, km_mail *m, const km_views *v, km_links *out)
{
	*out = (km_links){ .arena = a };
	km_map_init(&out->by_host, a, false);
	for (size_t i = 0; i < v->n_text; i++) {
		const km_text_view *t = &v->text[i];
		const km_part *p = &m->parts[t->part];
		read_view(out, t, p->html, p->decoded.utf8);
	}
	(void)read_text(out, true, KM_FROM_FIELD, KM_NO_PART, m->subject);
}

const km_site *km_links_site(const km_links *l, km_sv host)
{
	return km_map_get(&l->by_host, host);
}

bool km_link_is_clicked(const km_found_link *l)
{
	return l->origin != KM_FROM_IMAGE && l->origin != KM_FROM_OTHER &&
	       l->origin != KM_FROM_FRAME;
}
