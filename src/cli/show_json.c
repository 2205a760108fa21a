#include <string.h>

#include "cli/jsonout.h"
#include "cli/show.h"

/* Appends @item to @list; jansson takes NULL for an error, which shows at the end. */
static void push(json_t *list, json_t *item)
{
	(void)json_array_append_new(list, item);
}

static json_t *headers(const km_show *s)
{
	const km_headers *hs = s->mail->headers;
	json_t *list = json_array();

	for (size_t i = 0; i < hs->n; i++)
		push(list, json_pack("{s:o, s:o, s:o}", "name", km_json_text(hs->h[i].name), "raw",
				     km_json_text(hs->h[i].raw), "text",
				     km_json_text(km_header_text(s->arena, hs->h[i].raw))));
	return list;
}

static json_t *names_of(uint32_t ambiguities)
{
	json_t *list = json_array();

	for (unsigned k = 0; k < KM_AMB_COUNT; k++)
		if (ambiguities & 1u << k)
			push(list, json_string(km_ambiguity_name((km_ambiguity)k)));
	return list;
}

static json_t *part(const km_show *s, km_part *p)
{
	km_sv text = km_part_text(s->mail, p);
	bool is_text = km_part_is_text(p);
	const char *used = is_text && p->decoded.used ? km_charset_name(p->decoded.used) : NULL;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:b, s:i, s:o}", "path",
			 km_json_text(p->path), "type", km_json_text(p->type), "sniffed",
			 km_json_cstr(p->sniffed), "charset", km_json_cstr(used),
			 "charset_declared", km_json_filled(p->charset), "encoding",
			 km_cte_name(p->cte), "filename", km_json_filled(p->filename), "size",
			 (json_int_t)km_part_size(p), "text",
			 is_text ? km_json_text(text) : json_null(), "attachment", p->attachment,
			 "reading", p->reading, "ambiguities", names_of(p->ambiguities));
}

static json_t *parts(const km_show *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->mail->n_parts; i++)
		push(list, part(s, &s->mail->parts[i]));
	return list;
}

/* Parts that can be read in another way, each with the path of what most readers read. */
static json_t *readings(const km_show *s)
{
	const km_mail *m = s->mail;
	json_t *list = json_array();

	for (size_t i = 0; i < m->n_parts; i++) {
		const km_part *p = &m->parts[i];
		if (p->reading_of == KM_NO_PART)
			continue;
		push(list, json_pack("{s:o, s:o, s:o, s:s}", "path", km_json_text(p->path), "of",
				     km_json_text(m->parts[p->reading_of].path), "type",
				     km_json_text(p->type), "encoding", km_cte_name(p->cte)));
	}
	return list;
}

static json_t *ambiguities(const km_show *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->mail->n_parts; i++)
		for (unsigned k = 0; k < KM_AMB_COUNT; k++) {
			const km_part *p = &s->mail->parts[i];
			if (p->ambiguities & 1u << k)
				push(list, json_pack("{s:s, s:o, s:s}", "id",
						     km_ambiguity_name((km_ambiguity)k), "part",
						     km_json_text(p->path), "text",
						     km_ambiguity_text((km_ambiguity)k)));
		}
	return list;
}

static json_t *received(const km_show *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->mail->received.n; i++) {
		const km_hop *h = &s->mail->received.hop[i];
		char ip[64] = "", time[32] = "";
		if (h->ip.len)
			(void)km_ip_format(&h->ip, ip);
		if (h->has_date)
			(void)km_time_format(h->date.t, time);
		push(list,
		     json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "helo",
			       km_json_filled(h->helo), "rdns", km_json_filled(h->rdns), "ip",
			       km_json_filled(km_sv_of(ip)), "by", km_json_filled(h->by), "with",
			       km_json_filled(h->with), "for", km_json_filled(h->for_addr), "time",
			       km_json_filled(km_sv_of(time)), "tls", h->tls, "understood",
			       h->understood));
	}
	return list;
}

static json_t *links(const km_show *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->mail->n_parts; i++) {
		km_part *p = &s->mail->parts[i];
		(void)km_part_text(s->mail, p);
		for (size_t k = 0; p->html && k < p->html->n_links; k++) {
			const km_link *l = &p->html->links[k];
			push(list,
			     json_pack("{s:o, s:s, s:o, s:o, s:b}", "part", km_json_text(p->path),
				       "kind", km_show_link_kind(l->kind), "target",
				       km_json_text(l->target), "text", km_json_text(l->text),
				       "hidden", l->hidden));
		}
	}
	return list;
}

km_status km_show_json(km_buf *b, const km_show *s)
{
	json_t *j = json_pack("{s:o, s:o, s:o, s:o, s:o}", "file", km_json_cstr(s->file), "headers",
			      headers(s), "parts", parts(s), "readings", readings(s), "ambiguities",
			      ambiguities(s));

	if (j && s->received)
		(void)json_object_set_new(j, "received", received(s));
	if (j && s->links)
		(void)json_object_set_new(j, "links", links(s));
	if (j && s->auth)
		(void)json_object_set_new(j, "auth", km_show_auth_json(s->auth));
	return km_json_add(b, j);
}
