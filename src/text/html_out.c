/*
 * What comes out of the HTML reader: text with its white space collapsed, and links.
 */
#include <stdlib.h>

#include "base/block.h"
#include "text/html_read.h"

/* ---- text ---- */

enum { WORD, BLANK, NUL, MAYBE };

static const uint8_t class_of[256] = {
	[0] = NUL,	['\t'] = BLANK, ['\n'] = BLANK, ['\f'] = BLANK,
	['\r'] = BLANK, [' '] = BLANK,	[0xC2] = MAYBE, /* of U+00A0, the no-break space */
};

static bool nbsp(km_sv v, size_t i)
{
	return i + 1 < v.n && (unsigned char)v.p[i + 1] == 0xA0;
}

/* Masks of the bytes that are BLANK. */
static inline km_block blanks(km_block b)
{
	return (km_block)(b == ' ') | (km_block)(b == '\n') | (km_block)(b == '\r') |
	       (km_block)(b == '\t') | (km_block)(b == '\f');
}

/* Of the text that came out: characters without white space. *high: some are not ASCII. */
static size_t count_shown(km_sv v, bool *high)
{
	size_t n = 0, at = 0;
	unsigned char any = 0;

	while (v.n - at >= KM_BLOCK) {
		km_block found = { 0 }, seen = { 0 };
		/* A byte can count to 255. */
		for (size_t k = 0; k < UINT8_MAX && v.n - at >= KM_BLOCK; k++, at += KM_BLOCK) {
			km_block b = km_block_load(v.p + at);
			seen |= b;
			found -= (km_block)((b & 0xC0) != 0x80) & ~blanks(b);
		}
		for (size_t k = 0; k < KM_BLOCK; k++) {
			n += found[k];
			any |= seen[k];
		}
	}
	for (; at < v.n; at++) {
		unsigned char c = (unsigned char)v.p[at];
		n += (c & 0xC0) != 0x80 && class_of[c] != BLANK;
		any |= c;
	}
	*high = any >= 0x80;
	return n;
}

/* The same without what leaves nothing on the screen: U+3000, U+2000 to U+200F, U+00AD, U+034F,
 * U+FEFF. */
static size_t count_chars(km_sv v)
{
	const unsigned char *p = (const unsigned char *)v.p;
	bool high;
	size_t n = count_shown(v, &high);

	for (size_t i = 0; high && i + 1 < v.n; i++) {
		n -= (p[i] == 0xC2 && p[i + 1] == 0xAD) || (p[i] == 0xCD && p[i + 1] == 0x8F);
		if (i + 2 < v.n && p[i] >= 0xE2)
			n -= (p[i] == 0xE3 && p[i + 1] == 0x80 && p[i + 2] == 0x80) ||
			     (p[i] == 0xE2 && p[i + 1] == 0x80 && p[i + 2] < 0x90) ||
			     (p[i] == 0xEF && p[i + 1] == 0xBB && p[i + 2] == 0xBF);
	}
	return n;
}

/* Writes the gap that is due; there is room for it. */
static void add_gap(km_html_sink *s)
{
	if (s->gap && s->b.n && s->b.p[s->b.n - 1] != '\n')
		s->b.p[s->b.n++] = " \t\n"[s->gap - 1];
	s->gap = KM_GAP_NONE;
}

/* Copies the word at @i, for which there is room; gives its end. */
static size_t add_word(km_html_sink *s, km_sv v, size_t i)
{
	char *to = s->b.p + s->b.n - i;
	size_t from = i;

	for (; i < v.n; i++) {
		unsigned c = class_of[(unsigned char)v.p[i]];
		if (c != WORD && (c != MAYBE || nbsp(v, i)))
			break;
		to[i] = v.p[i];
	}
	s->b.n += i - from;
	return i;
}

/* The same for the word at @i and those behind it that a single blank parts from it, a block at a
 * time. Gives the end of one of them. */
static size_t add_words(km_html_sink *s, km_sv v, size_t i)
{
	size_t from = i, good = KM_BLOCK;

	while (good == KM_BLOCK && v.n - i > KM_BLOCK) {
		km_block b = km_block_load(v.p + i), space = blanks(b);
		km_block after = blanks(km_block_load(v.p + i + 1));
		good = km_block_first((km_block)(b == 0) | (km_block)(b == 0xC2) | (space & after));
		km_block_store(s->b.p + s->b.n, (b & ~space) | (space & ' '));
		i += good;
		s->b.n += good;
	}
	/* Whether a blank behind the last one is wanted shows later. */
	if (i > from && class_of[(unsigned char)v.p[i - 1]] == BLANK) {
		i--;
		s->b.n--;
	}
	return add_word(s, v, i);
}

void km_html_sink_text(km_html_sink *s, km_sv v, bool pre)
{
	size_t before = s->b.n;

	/* What comes out is never longer, but for the gap before it. */
	if (!km_buf_reserve(&s->b, v.n + 1))
		return;
	for (size_t i = 0; i < v.n;) {
		unsigned c = class_of[(unsigned char)v.p[i]];
		if (c == WORD || (c == MAYBE && !nbsp(v, i))) {
			add_gap(s);
			i = pre ? add_word(s, v, i) : add_words(s, v, i);
			continue;
		}
		if (c != NUL && (!pre || s->b.n == 0)) {
			km_html_sink_gap(s, KM_GAP_SPACE);
		} else if (c != NUL) {
			add_gap(s);
			s->b.p[s->b.n++] = c == MAYBE ? ' ' : v.p[i];
		}
		i += c == MAYBE ? 2 : 1;
	}
	s->chars += count_chars(km_sv_from(km_buf_sv(&s->b), before));
}

km_sv km_html_sink_view(const km_html_sink *s, size_t from, size_t to)
{
	return km_sv_trim(km_sv_sub(km_buf_sv(&s->b), from, to - from));
}

void km_html_put(km_html_reader *r, const km_html_look *look, km_sv v)
{
	if (look->how == 0) {
		km_html_sink_text(&r->visible, v, look->pre);
		/* It parts what is hidden before it and after it. */
		km_html_sink_gap(&r->hidden, KM_GAP_SPACE);
		return;
	}
	size_t before = r->hidden.chars;
	km_html_sink_text(&r->hidden, v, look->pre);
	if (r->hidden.chars > before)
		r->out->how |= look->how;
}

void km_html_put_gap(km_html_reader *r, const km_html_look *look, km_html_gap gap)
{
	/* What is not displayed does not part the words around it. */
	if (!(look->how & (KM_HIDE_DISPLAY | KM_HIDE_ATTRIBUTE)))
		km_html_sink_gap(&r->visible, gap);
	km_html_sink_gap(&r->hidden, gap);
}

/* ---- links ---- */

km_sv km_html_keep(km_html_reader *r, km_sv v)
{
	uintptr_t p = (uintptr_t)v.p, in = (uintptr_t)r->html.p;

	if (v.n == 0 || (p >= in && p < in + r->html.n))
		return v;
	return km_sv_dup(r->arena, v);
}

size_t km_html_add_link(km_html_reader *r, km_link_kind kind, km_sv target, km_sv text, bool hidden)
{
	km_html_links *l = &r->links;

	if (l->n == KM_MAX_HTML_LINKS) {
		km_limit_hit(&r->out->limits, KM_LIMIT_HTML_LINKS);
		return 0;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 32;
		km_html_link *p = reallocarray(l->link, cap, sizeof(*p));
		if (p == NULL)
			return 0;
		l->link = p;
		l->cap = cap;
	}
	l->link[l->n] = (km_html_link){
		.link = { .kind = kind,
			  .target = km_html_keep(r, km_sv_trim(target)),
			  .text = km_html_keep(r, km_sv_trim(text)),
			  .offset = r->tag_at,
			  .hidden = hidden },
		.from = hidden ? r->hidden.b.n : r->visible.b.n,
	};
	return ++l->n;
}

void km_html_finish_link(km_html_reader *r, size_t number)
{
	km_html_link *l = &r->links.link[number - 1];

	l->anchor = true;
	l->to = l->link.hidden ? r->hidden.b.n : r->visible.b.n;
}

void km_html_finish_links(km_html_reader *r)
{
	km_link *link = KM_NEW_ARRAY(r->arena, km_link, r->links.n);

	for (size_t i = 0; link && i < r->links.n; i++) {
		const km_html_link *l = &r->links.link[i];
		link[i] = l->link;
		if (l->anchor)
			link[i].text = km_html_sink_view(l->link.hidden ? &r->hidden : &r->visible,
							 l->from, l->to);
	}
	r->out->links = link;
	r->out->n_links = link ? r->links.n : 0;
	free(r->links.link);
	r->links = (km_html_links){ .n = 0 };
}

/* Which attribute of which element is a link; 0: of any element. */
static const struct {
	uint8_t tag, attr;
	km_link_kind kind;
} link_attrs[] = {
	{ 0, KM_ATTR_BACKGROUND, KM_LINK_IMAGE },
	{ 0, KM_ATTR_FORMACTION, KM_LINK_FORM },
	{ 0, KM_ATTR_POSTER, KM_LINK_IMAGE },
	{ KM_TAG_AREA, KM_ATTR_HREF, KM_LINK_ANCHOR },
	{ KM_TAG_AUDIO, KM_ATTR_SRC, KM_LINK_OTHER },
	{ KM_TAG_BASE, KM_ATTR_HREF, KM_LINK_BASE },
	{ KM_TAG_EMBED, KM_ATTR_SRC, KM_LINK_FRAME },
	{ KM_TAG_FORM, KM_ATTR_ACTION, KM_LINK_FORM },
	{ KM_TAG_FRAME, KM_ATTR_SRC, KM_LINK_FRAME },
	{ KM_TAG_IFRAME, KM_ATTR_SRC, KM_LINK_FRAME },
	{ KM_TAG_IMG, KM_ATTR_HREF, KM_LINK_IMAGE }, /* image, as svg has it */
	{ KM_TAG_IMG, KM_ATTR_SRC, KM_LINK_IMAGE },
	{ KM_TAG_IMG, KM_ATTR_XLINK_HREF, KM_LINK_IMAGE },
	{ KM_TAG_INPUT, KM_ATTR_SRC, KM_LINK_IMAGE },
	{ KM_TAG_LINK, KM_ATTR_HREF, KM_LINK_OTHER },
	{ KM_TAG_OBJECT, KM_ATTR_DATA, KM_LINK_FRAME },
	{ KM_TAG_SCRIPT, KM_ATTR_SRC, KM_LINK_SCRIPT },
	{ KM_TAG_SOURCE, KM_ATTR_SRC, KM_LINK_IMAGE },
	{ KM_TAG_VIDEO, KM_ATTR_SRC, KM_LINK_OTHER },
};

enum {
	LINK_ATTRS = 1u << KM_ATTR_BACKGROUND | 1u << KM_ATTR_FORMACTION | 1u << KM_ATTR_POSTER |
		     1u << KM_ATTR_HREF | 1u << KM_ATTR_SRC | 1u << KM_ATTR_ACTION |
		     1u << KM_ATTR_XLINK_HREF | 1u << KM_ATTR_DATA | 1u << KM_ATTR_SRCSET
};

/* "a.png 1x, b.png 2x": every URL of it (WHATWG HTML section 4.8.4.2.1). */
static void srcset_links(km_html_reader *r, km_sv v, km_sv alt, bool hidden)
{
	size_t i = 0;

	while (i < v.n) {
		while (i < v.n && (km_is_wsp((unsigned char)v.p[i]) || v.p[i] == ','))
			i++;
		size_t from = i;
		while (i < v.n && !km_is_wsp((unsigned char)v.p[i]))
			i++;
		km_sv url = km_sv_sub(v, from, i - from);
		bool comma = url.n && url.p[url.n - 1] == ',';
		while (url.n && url.p[url.n - 1] == ',')
			url.n--;
		if (url.n)
			(void)km_html_add_link(r, KM_LINK_IMAGE, url, alt, hidden);
		if (!comma)
			i = km_sv_chr(v, ',', i);
	}
}

void km_html_tag_links(km_html_reader *r, unsigned tag, bool hidden)
{
	km_sv alt = r->attrs >> KM_ATTR_ALT & 1 ? r->attr[KM_ATTR_ALT] : (km_sv){ NULL, 0 };

	if (!(r->attrs & LINK_ATTRS))
		return;
	for (size_t i = 0; i < KM_COUNT(link_attrs); i++) {
		unsigned attr = link_attrs[i].attr;
		if ((link_attrs[i].tag && link_attrs[i].tag != tag) || !(r->attrs >> attr & 1) ||
		    r->attr[attr].n == 0)
			continue;
		km_sv text =
			link_attrs[i].kind == KM_LINK_IMAGE || link_attrs[i].kind == KM_LINK_ANCHOR
				? alt
				: (km_sv){ NULL, 0 };
		(void)km_html_add_link(r, link_attrs[i].kind, r->attr[attr], text, hidden);
	}
	if (r->attrs >> KM_ATTR_SRCSET & 1)
		srcset_links(r, r->attr[KM_ATTR_SRCSET], alt, hidden);
}
