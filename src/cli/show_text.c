#include "cli/show.h"
#include "cli/style.h"
#include "cli/wrap.h"

enum { LABEL = 14, WIDTH = 80, COUNT_BYTES = 32 };

static const char *say(const km_show *s, const char *ja, const char *en)
{
	return s->lang == KM_JA ? ja : en;
}

static const char *style(const km_show *s, km_style which)
{
	return km_style_code(s->colour, which);
}

static void add_heading(km_buf *b, const km_show *s, const char *text)
{
	km_buf_fmt(b, "\n%s%s%s\n", style(s, KM_STYLE_BOLD), text, style(s, KM_STYLE_PLAIN));
}

/* "name: text", the text made harmless and laid out behind the name. */
static void add_field(km_buf *b, const km_show *s, km_sv name, km_sv text)
{
	km_buf safe;

	km_buf_init(&safe, NULL, 16 * (name.n + text.n) + 64);
	km_show_safe(&safe, name, false);
	km_buf_fmt(b, "%s%.*s%s", style(s, KM_STYLE_BOLD), KM_FMT(km_buf_sv(&safe)),
		   style(s, KM_STYLE_PLAIN));
	size_t used = km_width(km_buf_sv(&safe));
	km_buf_fmt(b, "%*s", used + 1 < LABEL ? (int)(LABEL - used) : 1, "");
	safe.n = 0;
	km_show_safe(&safe, text, false);
	km_wrap(b, km_buf_sv(&safe), LABEL, WIDTH);
	km_buf_byte(b, '\n');
	km_buf_finish(&safe);
}

static bool is_well_known(km_sv name)
{
	static const km_sv names[] = {
		KM_SV("from"),	      KM_SV("sender"), KM_SV("reply-to"),
		KM_SV("return-path"), KM_SV("to"),     KM_SV("cc"),
		KM_SV("subject"),     KM_SV("date"),   KM_SV("message-id"),
	};

	for (size_t i = 0; i < KM_COUNT(names); i++)
		if (km_sv_ieq(names[i], name))
			return true;
	return false;
}

static void add_headers(km_buf *b, const km_show *s)
{
	const km_headers *hs = s->mail->headers;

	for (size_t i = 0; i < hs->n; i++)
		if (s->headers || is_well_known(hs->h[i].name))
			add_field(b, s, hs->h[i].name, km_header_text(s->arena, hs->h[i].raw));
}

/* --- the tree --- */

static void add_branches(km_buf *b, const km_show_link *links, int i)
{
	const char *piece[KM_MAX_MIME_DEPTH + 4];
	size_t n = 0;

	for (int up = i; links[up].parent != KM_NO_PART && n < KM_COUNT(piece);
	     up = links[up].parent) {
		bool more = links[up].next != KM_NO_PART;
		if (up == i)
			piece[n++] = more ? "├─ " : "└─ ";
		else
			piece[n++] = more ? "│  " : "   ";
	}
	while (n)
		km_buf_add(b, km_sv_of(piece[--n]));
}

static void add_size(km_buf *b, const km_show *s, size_t bytes)
{
	km_buf_fmt(b, say(s, "  %zu バイト", "  %zu bytes"), bytes);
}

/* "iso-2022-jp", or "us-ascii→iso-2022-jp" when the bytes were something else. */
static void add_charset(km_buf *b, const km_show *s, km_part *p)
{
	const char *used;

	(void)km_part_text(s->mail, p);
	used = p->decoded.used ? km_charset_name(p->decoded.used) : NULL;
	if (used == NULL)
		return;
	km_buf_add(b, KM_S("  "));
	if (p->charset.n && km_charset_find(p->charset) != p->decoded.used) {
		km_show_safe(b, p->charset, false);
		km_buf_add(b, KM_S("→"));
	}
	km_buf_add(b, km_sv_of(used));
	if (p->decoded.bad)
		km_buf_fmt(b, say(s, " (不正 %zu)", " (%zu bad)"), p->decoded.bad);
}

/* Bytes without a signature may be anything: that is no contradiction. */
static bool is_known(const char *sniffed)
{
	return strcmp(sniffed, "application/octet-stream") != 0;
}

static void add_part(km_buf *b, const km_show *s, km_part *p)
{
	km_buf_fmt(b, "%.*s ", KM_FMT(p->path));
	km_buf_add(b, km_sv_of(style(s, KM_STYLE_BOLD)));
	km_show_safe(b, p->type, false);
	km_buf_add(b, km_sv_of(style(s, KM_STYLE_PLAIN)));
	if (p->filename.n) {
		km_buf_add(b, KM_S("  \""));
		km_show_safe(b, p->filename, false);
		km_buf_byte(b, '"');
	}
	if (km_part_is_text(p))
		add_charset(b, s, p);
	km_buf_fmt(b, "  %s", km_cte_name(p->cte));
	add_size(b, s, km_part_size(p));
	if (p->sniffed && is_known(p->sniffed) && !km_sniff_agrees(p->type, p->sniffed))
		km_buf_fmt(b, "  %s%s %s%s", style(s, KM_STYLE_BAD), say(s, "中身は", "but is"),
			   p->sniffed, style(s, KM_STYLE_PLAIN));
	if (p->reading)
		km_buf_fmt(b, "  %s%s%s", style(s, KM_STYLE_WARN),
			   say(s, "(別の読み方)", "(another reading)"), style(s, KM_STYLE_PLAIN));
	km_buf_byte(b, '\n');
}

static void add_tree(km_buf *b, const km_show *s)
{
	int root, i;
	const km_show_link *links = km_show_tree(s->arena, s->mail, &root);

	add_heading(b, s, say(s, "構造", "Structure"));
	for (i = links ? root : KM_NO_PART; i != KM_NO_PART; i = km_show_next(links, i)) {
		add_branches(b, links, i);
		add_part(b, s, &s->mail->parts[i]);
	}
}

static void add_ambiguities(km_buf *b, const km_show *s)
{
	if (s->mail->ambiguities == 0)
		return;
	add_heading(b, s, say(s, "複数の読み方ができる点、補った点", "Ambiguities and repairs"));
	for (size_t i = 0; i < s->mail->n_parts; i++)
		for (unsigned k = 0; k < KM_AMB_COUNT; k++) {
			const km_part *p = &s->mail->parts[i];
			if (p->ambiguities & 1u << k)
				km_buf_fmt(b, "  %-12.*s  %-18s  %s\n", KM_FMT(p->path),
					   km_ambiguity_name((km_ambiguity)k),
					   km_ambiguity_text((km_ambiguity)k));
		}
}

static void add_hop(km_buf *b, const km_show *s, size_t number, const km_hop *h)
{
	char time[32] = "?", ip[64] = "";

	if (h->has_date)
		(void)km_time_format(h->date.t, time);
	if (h->ip.len)
		(void)km_ip_format(&h->ip, ip);
	km_buf_fmt(b, "  %2zu  %-20s  ", number, time);
	km_show_safe(b, h->helo.n ? h->helo : KM_S("?"), false);
	km_buf_fmt(b, " [%s] → ", ip);
	km_show_safe(b, h->by.n ? h->by : KM_S("?"), false);
	if (h->with.n) {
		km_buf_add(b, KM_S("  "));
		km_show_safe(b, h->with, false);
	}
	km_buf_fmt(b, "%s%s\n", h->tls ? "  TLS" : "",
		   h->understood ? "" : say(s, "  (解読できず)", "  (not understood)"));
}

static void add_received(km_buf *b, const km_show *s)
{
	const km_received *r = &s->mail->received;

	add_heading(b, s, say(s, "経路 (上が新しい)", "Received, newest first"));
	for (size_t i = 0; i < r->n; i++)
		add_hop(b, s, i + 1, &r->hop[i]);
}

static void add_links(km_buf *b, const km_show *s)
{
	add_heading(b, s, say(s, "HTML のリンク", "Links in HTML"));
	for (size_t i = 0; i < s->mail->n_parts; i++) {
		km_part *p = &s->mail->parts[i];
		if (!km_part_is_html(p))
			continue;
		(void)km_part_text(s->mail, p);
		for (size_t k = 0; p->html && k < p->html->n_links; k++) {
			const km_link *l = &p->html->links[k];
			km_buf_fmt(b, "  %.*s  %-7s ", KM_FMT(p->path), km_show_link_kind(l->kind));
			km_show_safe(b, l->target, false);
			if (l->text.n) {
				km_buf_add(b, KM_S("  \""));
				km_show_safe(b, l->text, false);
				km_buf_byte(b, '"');
			}
			km_buf_add(b, km_sv_of(l->hidden ? say(s, "  (不可視)\n", "  (hidden)\n")
							 : "\n"));
		}
	}
}

void km_show_text(km_buf *b, const km_show *s)
{
	add_field(b, s, km_sv_of(say(s, "ファイル", "File")), km_sv_of(s->file));
	add_headers(b, s);
	add_tree(b, s);
	add_ambiguities(b, s);
	if (s->received)
		add_received(b, s);
	if (s->links)
		add_links(b, s);
	if (s->auth)
		km_show_auth_text(b, s->auth);
}
