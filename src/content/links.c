/* Where a click would lead. */
#include "content/host.h"
#include "content/structure_parts.h"

enum { MOST_OF_A_KIND = 3 }; /* facts of one kind; more would say nothing new */

typedef struct {
	const km_structure_job *j;
	int part;
	km_sv html; /* what link offsets count in */
	size_t told[KM_FACT_COUNT];
} link_job;

static km_fact *tell(link_job *l, km_fact_id id, km_sv seen, size_t offset)
{
	if (l->told[id]++ >= MOST_OF_A_KIND)
		return NULL;
	size_t end = km_sv_chr(l->html, '>', offset);
	return km_structure_at_text(l->j, id, seen, l->part,
				    km_sv_sub(l->html, offset, end + 1 - offset));
}

static void tell_host(link_job *l, km_fact_id id, const km_link *link, const char *host)
{
	km_fact_arg(l->j->fs, tell(l, id, link->target, link->offset), 1,
		    host[0] ? km_sv_of(host) : link->target);
}

static void check_text(link_job *l, const km_link *link, const km_link_host *target)
{
	km_link_host shown;

	if (target->host[0] == '\0' || !km_host_of_text(link->text, &shown) ||
	    km_host_related(km_sv_of(shown.host), km_sv_of(target->host)))
		return;
	km_fact *f = tell(l, KM_FACT_LINK_TEXT_MISMATCH, link->text, link->offset);
	km_fact_arg(l->j->fs, f, 1, km_sv_of(shown.host));
	km_fact_arg(l->j->fs, f, 2, km_sv_of(target->host));
}

/* What is odd about the address itself, wherever it stands. */
static void check_target(link_job *l, km_sv url, size_t offset, const km_link_host *target)
{
	if (target->ip)
		km_fact_arg(l->j->fs, tell(l, KM_FACT_LINK_IP_HOST, url, offset), 1,
			    km_sv_of(target->host));
	if (target->userinfo[0] && target->host[0]) {
		km_fact *f = tell(l, KM_FACT_LINK_USERINFO, url, offset);
		km_fact_arg(l->j->fs, f, 1, km_sv_of(target->userinfo));
		km_fact_arg(l->j->fs, f, 2, km_sv_of(target->host));
	}
}

static void check_link(link_job *l, const km_link *link)
{
	static const char *const script[] = { "javascript", "data", "vbscript" };
	km_link_host target;

	if (link->kind != KM_LINK_ANCHOR && link->kind != KM_LINK_FORM &&
	    link->kind != KM_LINK_REFRESH)
		return;
	km_host_of_link(link->target, &target);
	switch (link->kind) {
	case KM_LINK_ANCHOR:
		for (size_t i = 0; i < KM_COUNT(script); i++)
			if (strcmp(target.scheme, script[i]) == 0)
				tell_host(l, KM_FACT_LINK_SCRIPT, link, script[i]);
		check_text(l, link, &target);
		check_target(l, link->target, link->offset, &target);
		break;
	case KM_LINK_FORM:
		tell_host(l, KM_FACT_LINK_FORM, link, target.host);
		break;
	case KM_LINK_REFRESH:
		tell_host(l, KM_FACT_META_REFRESH, link, target.host);
		break;
	default:
		break;
	}
}

static void check_html(link_job *l, const km_html *h)
{
	for (size_t i = 0; i < h->n_links; i++)
		check_link(l, &h->links[i]);
	if (h->n_forms && l->told[KM_FACT_LINK_FORM] == 0)
		(void)tell(l, KM_FACT_LINK_FORM, KM_S("form"),
			   km_sv_ifind(l->html, KM_S("<form"), 0));
	if (h->n_password_inputs)
		(void)tell(l, KM_FACT_LINK_PASSWORD_INPUT, KM_S("input"),
			   km_sv_ifind(l->html, KM_S("<input"), 0));
}

static bool ends_url(unsigned char c)
{
	return c <= ' ' || c == '<' || c == '>' || c == '"' || c >= 0x7f;
}

/* "http://…" in running text, which mail readers make clickable. */
static void check_plain(link_job *l)
{
	km_sv text = l->html;

	for (size_t at = 0; (at = km_sv_chr(text, ':', at)) < text.n;) {
		size_t from = at, to = at + 3;
		if (!km_sv_starts(km_sv_from(text, at), KM_S("://"))) {
			at++;
			continue;
		}
		km_link_host target;
		while (from > 0 && at - from < 5 && km_is_alpha((unsigned char)text.p[from - 1]))
			from--;
		while (to < text.n && to - from < 2048 && !ends_url((unsigned char)text.p[to]))
			to++;
		km_sv url = km_sv_sub(text, from, to - from);
		km_host_of_link(url, &target);
		check_target(l, url, from, &target);
		at = to;
	}
}

void km_structure_links(const km_structure_job *j)
{
	link_job l = { .j = j };

	for (size_t i = 0; i < j->v->n_text; i++) {
		const km_part *p = &j->m->parts[j->v->text[i].part];
		l.part = j->v->text[i].part;
		if (p->html) {
			l.html = p->decoded.utf8;
			check_html(&l, p->html);
		} else {
			l.html = j->v->text[i].text;
			check_plain(&l);
		}
	}
}
