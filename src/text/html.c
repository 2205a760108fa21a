#include "text/html.h"

#include <stdlib.h>

#include "text/html_meta.h"
#include "text/html_read.h"

/* ---- attributes ---- */

static bool has(const km_html_reader *r, unsigned attr)
{
	return r->attrs >> attr & 1;
}

static km_sv value(const km_html_reader *r, unsigned attr)
{
	return has(r, attr) ? r->attr[attr] : (km_sv){ NULL, 0 };
}

static void sort_attrs(km_html_reader *r, const km_html_token *t)
{
	r->attrs = 0;
	for (size_t i = 0; i < t->n_attrs; i++) {
		unsigned attr = km_word_find(&km_attr_words, t->attr[i].name);
		if (attr) {
			r->attrs |= 1u << attr;
			r->attr[attr] = t->attr[i].value;
		}
	}
}

/* ---- style ---- */

/* Lengths in hundredths of a pixel past which nothing is on the screen. */
enum { OFF = 500 * 100, FAR_OFF = 5000 * 100, SMALL = 100, FAINT = 5 /* percent */ };

static void style_url(void *ctx, km_sv url)
{
	km_html_reader *r = ctx;

	(void)km_html_add_link(r, KM_LINK_IMAGE, url, (km_sv){ NULL, 0 }, km_html_top(r)->how != 0);
}

static void attr_colour(km_html_reader *r, unsigned attr, km_css *css, km_css_field f)
{
	int32_t c;

	if (has(r, attr) && km_css_attr_colour(r->attr[attr], &c)) {
		css->set |= 1u << f;
		css->v[f] = c;
	}
}

/* All that the tag at hand says of its looks, the weakest first. */
static void cascade(km_html_reader *r, unsigned tag, km_css *css)
{
	const km_css_urls urls = { style_url, r };

	css->set = css->important = 0;
	if (tag == KM_TAG_A && has(r, KM_ATTR_HREF)) {
		css->set = 1u << KM_CSS_COLOUR;
		css->v[KM_CSS_COLOUR] = 0x0000EE;
	}
	attr_colour(r, KM_ATTR_BGCOLOR, css, KM_CSS_BACKGROUND);
	if (tag == KM_TAG_FONT)
		attr_colour(r, KM_ATTR_COLOR, css, KM_CSS_COLOUR);
	if (tag == KM_TAG_BODY)
		attr_colour(r, KM_ATTR_TEXT, css, KM_CSS_COLOUR);
	if (has(r, KM_ATTR_BACKGROUND)) {
		css->set |= 1u << KM_CSS_BACKGROUND_IMAGE;
		css->v[KM_CSS_BACKGROUND_IMAGE] = 1;
	}
	km_css_sheet_apply(&r->sheet, tag, value(r, KM_ATTR_CLASS), value(r, KM_ATTR_ID), css);
	if (has(r, KM_ATTR_STYLE))
		km_css_declarations(r->arena, r->attr[KM_ATTR_STYLE], css, &urls);
}

static bool off_screen(const km_css *css)
{
	int32_t left = km_css_get(css, KM_CSS_LEFT, 0), top = km_css_get(css, KM_CSS_TOP, 0);
	int32_t position = km_css_get(css, KM_CSS_POSITION, 0);

	if (position &&
	    (left <= -OFF || top <= -OFF || left >= FAR_OFF || top >= FAR_OFF ||
	     km_css_get(css, KM_CSS_RIGHT, 0) <= -OFF || km_css_get(css, KM_CSS_BOTTOM, 0) <= -OFF))
		return true;
	return km_css_get(css, KM_CSS_INDENT, 0) <= -OFF ||
	       km_css_get(css, KM_CSS_MARGIN_LEFT, 0) <= -OFF ||
	       km_css_get(css, KM_CSS_MARGIN_TOP, 0) <= -OFF ||
	       (position == 1 && km_css_get(css, KM_CSS_CLIP, 0)) ||
	       km_css_get(css, KM_CSS_CLIP_PATH, 0);
}

static bool no_room(const km_css *css)
{
	static const uint8_t sides[] = { KM_CSS_WIDTH, KM_CSS_HEIGHT, KM_CSS_MAX_WIDTH,
					 KM_CSS_MAX_HEIGHT };

	if (km_css_get(css, KM_CSS_SCALE, 0))
		return true;
	for (size_t i = 0; i < KM_COUNT(sides); i++)
		if (km_css_get(css, KM_CSS_OVERFLOW, 0) &&
		    km_css_get(css, sides[i], INT32_MAX) <= SMALL)
			return true;
	return false;
}

static void own_of(const km_html_reader *r, unsigned tag, const km_css *css, km_html_own *own)
{
	bool link = tag == KM_TAG_A && has(r, KM_ATTR_HREF);

	if (km_css_get(css, KM_CSS_DISPLAY, KM_CSS_INLINE) == KM_CSS_NONE)
		own->fixed |= KM_HIDE_DISPLAY;
	if (km_css_get(css, KM_CSS_OPACITY, 100) <= FAINT)
		own->fixed |= KM_HIDE_OPACITY;
	if (no_room(css))
		own->fixed |= KM_HIDE_SIZE;
	if (off_screen(css))
		own->fixed |= KM_HIDE_OFFSCREEN;
	/* Outlook alone obeys mso-hide; where it is given something else instead, all others see
	 * it. */
	if (km_css_get(css, KM_CSS_MSO_HIDE, 0) && !link && !r->out->conditional)
		own->fixed |= KM_HIDE_MSO;
	own->invisible = km_css_get(css, KM_CSS_VISIBILITY, KM_HTML_UNSET);
	own->font = km_css_get(css, KM_CSS_FONT_SIZE, KM_HTML_UNSET);
	own->fg = km_css_get(css, KM_CSS_COLOUR, KM_HTML_UNSET);
	own->bg = km_css_get(css, KM_CSS_BACKGROUND, KM_HTML_UNSET);
	own->pre = km_css_get(css, KM_CSS_PRE, own->pre);
	if (km_css_get(css, KM_CSS_BACKGROUND_IMAGE, 0))
		own->bg = KM_HTML_UNKNOWN;
}

/* What the tag at hand changes, and the gap that goes around it. */
static km_html_gap style(km_html_reader *r, unsigned tag, km_html_own *own)
{
	static const uint32_t styling = 1u << KM_ATTR_STYLE | 1u << KM_ATTR_BGCOLOR |
					1u << KM_ATTR_COLOR | 1u << KM_ATTR_TEXT |
					1u << KM_ATTR_BACKGROUND | 1u << KM_ATTR_HREF;
	static const km_html_gap gap_of[] = {
		[KM_CSS_INLINE] = KM_GAP_NONE,
		[KM_CSS_BLOCK] = KM_GAP_LINE,
		[KM_CSS_CELL] = KM_GAP_CELL,
		[KM_CSS_NONE] = KM_GAP_SPACE,
	};
	uint32_t flags = km_tag_flags[tag];
	bool displayed = false;
	km_html_gap gap = flags & KM_TAGF_BLOCK	 ? KM_GAP_LINE
			  : flags & KM_TAGF_CELL ? KM_GAP_CELL
						 : KM_GAP_NONE;

	*own = (km_html_own){ 0,
			      KM_HTML_UNSET,
			      flags & KM_TAGF_PRE ? 1 : KM_HTML_UNSET,
			      KM_HTML_UNSET,
			      KM_HTML_UNSET,
			      KM_HTML_UNSET };
	if (r->sheet.n || r->attrs & styling) {
		km_css css;
		cascade(r, tag, &css);
		own_of(r, tag, &css, own);
		displayed = km_css_has(&css, KM_CSS_DISPLAY);
		if (displayed)
			gap = gap_of[css.v[KM_CSS_DISPLAY]];
	}
	if (!displayed && has(r, KM_ATTR_HIDDEN))
		own->fixed |= KM_HIDE_ATTRIBUTE;
	if (!displayed && flags & KM_TAGF_NONE)
		own->fixed |= KM_HIDE_DISPLAY;
	return gap;
}

/* ---- elements with a meaning of their own ---- */

static void read_meta(km_html_reader *r, bool hidden)
{
	km_sv what = km_sv_trim(value(r, KM_ATTR_HTTP_EQUIV)), content = value(r, KM_ATTR_CONTENT);
	km_sv charset = km_sv_trim(value(r, KM_ATTR_CHARSET));

	if (charset.n == 0 && km_sv_ieq(what, KM_S("content-type")))
		charset = km_html_content_charset(content);
	if (r->out->charset.n == 0)
		r->out->charset = km_html_keep(r, charset);
	if (km_sv_ieq(what, KM_S("refresh"))) {
		km_sv target = km_html_refresh_target(content);
		if (target.n)
			(void)km_html_add_link(r, KM_LINK_REFRESH, target, (km_sv){ NULL, 0 },
					       hidden);
	}
}

static void read_input(km_html_reader *r, const km_html_look *look)
{
	static const km_sv buttons[] = { KM_SV("submit"), KM_SV("button"), KM_SV("reset") };
	km_sv type = km_sv_trim(value(r, KM_ATTR_TYPE));

	r->out->n_inputs += !km_sv_ieq(type, KM_S("hidden"));
	r->out->n_password_inputs += km_sv_ieq(type, KM_S("password"));
	for (size_t i = 0; i < KM_COUNT(buttons); i++)
		if (km_sv_ieq(type, buttons[i])) {
			km_html_put_gap(r, look, KM_GAP_SPACE);
			km_html_put(r, look, value(r, KM_ATTR_VALUE));
			km_html_put_gap(r, look, KM_GAP_SPACE);
		}
}

static void read_image(km_html_reader *r, const km_html_look *look)
{
	r->out->n_images++;
	if (!has(r, KM_ATTR_ALT))
		return;
	km_html_put_gap(r, look, KM_GAP_SPACE);
	km_html_put(r, look, r->attr[KM_ATTR_ALT]);
	km_html_put_gap(r, look, KM_GAP_SPACE);
}

/* An element without content. */
static void read_void(km_html_reader *r, unsigned tag, const km_html_look *look)
{
	km_html *out = r->out;

	switch (tag) {
	case KM_TAG_BR:
		km_html_put_gap(r, look, KM_GAP_LINE);
		break;
	case KM_TAG_IMG:
		read_image(r, look);
		break;
	case KM_TAG_INPUT:
		read_input(r, look);
		break;
	case KM_TAG_META:
		read_meta(r, look->how != 0);
		break;
	case KM_TAG_BASE:
		if (out->base.n == 0)
			out->base = km_html_keep(r, km_sv_trim(value(r, KM_ATTR_HREF)));
		break;
	case KM_TAG_EMBED:
	case KM_TAG_FRAME:
		out->n_frames++;
		break;
	default:
		break;
	}
}

static void count(km_html *out, unsigned tag)
{
	out->n_forms += tag == KM_TAG_FORM;
	out->n_scripts += tag == KM_TAG_SCRIPT;
	out->n_frames += tag == KM_TAG_IFRAME || tag == KM_TAG_OBJECT;
	out->n_inputs += tag == KM_TAG_SELECT || tag == KM_TAG_TEXTAREA;
}

static void set_mode(km_html_reader *r, uint32_t flags)
{
	if (flags & KM_TAGF_RAW)
		r->tok.mode = KM_HTML_RAWTEXT;
	else if (flags & KM_TAGF_RCDATA)
		r->tok.mode = KM_HTML_RCDATA;
	else if (flags & KM_TAGF_SCRIPT)
		r->tok.mode = KM_HTML_SCRIPT;
	else if (flags & KM_TAGF_PLAINTEXT)
		r->tok.mode = KM_HTML_PLAINTEXT;
}

/* Reads the content of an element whose text is not shown, with its end tag. */
static void read_unseen(km_html_reader *r, unsigned tag)
{
	const km_css_urls urls = { style_url, r };
	size_t from = r->tok.at, to = r->html.n, rules = r->sheet.n;
	km_sv media = km_html_keep(r, value(r, KM_ATTR_MEDIA));
	bool first_title = tag == KM_TAG_TITLE && r->title.b.n == 0;
	km_html_token t;

	while (km_html_token_next(&r->tok, &t)) {
		if (t.type == KM_HTML_END) {
			to = t.offset;
			break;
		}
		if (first_title)
			km_html_sink_text(&r->title, t.text, false);
	}
	if (tag != KM_TAG_STYLE)
		return;
	km_css_sheet_add(&r->sheet, km_sv_sub(r->html, from, to - from), media, &urls);
	if (r->sheet.n > rules && r->visible.chars + r->hidden.chars > 0)
		r->late_style = true;
}

/* ---- tokens ---- */

static bool in_foreign(const km_html_reader *r)
{
	return r->stack.last[KM_TAG_SVG] || r->stack.last[KM_TAG_MATH];
}

static unsigned tag_of(km_sv name)
{
	unsigned tag = km_word_find(&km_tag_words, name);

	return tag == KM_TAG_IMAGE ? KM_TAG_IMG : tag;
}

/* Elements of which there is one, open to the end; of a head there is nothing to see. */
static bool is_frame_of_page(unsigned tag)
{
	return tag == KM_TAG_HTML || tag == KM_TAG_HEAD || tag == KM_TAG_BODY;
}

static void start_tag(km_html_reader *r, const km_html_token *t)
{
	unsigned tag = tag_of(t->name);
	uint32_t flags = km_tag_flags[tag];
	km_html_own own;
	km_html_look look;

	r->tag_at = t->offset;
	sort_attrs(r, t);
	if (is_frame_of_page(tag) && (r->stack.last[tag] || tag == KM_TAG_HEAD))
		return;
	km_html_imply_end(r, tag);
	km_html_gap gap = style(r, tag, &own);
	km_html_compute(km_html_top(r), &own, &look);
	km_html_tag_links(r, tag, look.how != 0);
	count(r->out, tag);
	km_html_put_gap(r, &look, gap);
	if (flags & KM_TAGF_VOID || (t->self_closing && in_foreign(r))) {
		read_void(r, tag, &look);
		return;
	}
	set_mode(r, flags);
	if (flags & KM_TAGF_UNSEEN) {
		read_unseen(r, tag);
		return;
	}
	km_html_frame *f = km_html_open(r, tag, t->name, &own, &look);
	size_t link = 0;
	if (tag == KM_TAG_A && has(r, KM_ATTR_HREF))
		link = km_html_add_link(r, KM_LINK_ANCHOR, r->attr[KM_ATTR_HREF],
					(km_sv){ NULL, 0 }, look.how != 0);
	if (f) {
		f->gap = gap == KM_GAP_CELL ? KM_GAP_NONE : gap;
		f->link = link;
	}
	r->tok.cdata_allowed = in_foreign(r);
}

static void end_tag(km_html_reader *r, const km_html_token *t)
{
	unsigned tag = tag_of(t->name);

	if (is_frame_of_page(tag))
		return;
	if (!km_html_close(r, tag, t->name) && (tag == KM_TAG_BR || tag == KM_TAG_P))
		km_html_put_gap(r, km_html_top(r), KM_GAP_LINE);
	r->tok.cdata_allowed = in_foreign(r);
}

static void comment(km_html_reader *r, km_sv v)
{
	r->out->n_comments++;
	if (km_sv_istarts(km_sv_trim(v), KM_S("[if")))
		r->out->conditional = true;
}

static void read_all(km_html_reader *r)
{
	km_html_token t;

	while (km_html_token_next(&r->tok, &t)) {
		if (t.type == KM_HTML_TEXT)
			km_html_put(r, km_html_top(r), t.text);
		else if (t.type == KM_HTML_START)
			start_tag(r, &t);
		else if (t.type == KM_HTML_END)
			end_tag(r, &t);
		else if (t.type == KM_HTML_COMMENT)
			comment(r, t.text);
	}
	km_html_close_all(r);
}

static void init(km_html_reader *r, km_arena *a, km_sv html, km_html *out)
{
	/* NUL may become three bytes; a gap takes the place of a tag. */
	size_t max = html.n * 3 + 16;

	*out = (km_html){ 0 };
	/* What is not zeroed is set as it is needed. */
	memset(r, 0, offsetof(km_html_reader, stack));
	memset(&r->stack.n, 0, sizeof(r->stack) - offsetof(km_html_stack, n));
	r->arena = a;
	r->html = html;
	r->out = out;
	km_buf_init(&r->visible.b, a, max);
	km_buf_init(&r->hidden.b, a, max);
	km_buf_init(&r->title.b, a, max);
	(void)km_buf_reserve(&r->visible.b, html.n / 2);
	km_css_sheet_init(&r->sheet, a);
	r->stack.base = (km_html_look){ .font = 1600, .fg = 0x000000, .bg = 0xFFFFFF };
	km_html_token_init(&r->tok, a, html);
}

km_status km_html_read(km_arena *a, km_sv html, km_html *out)
{
	km_html_reader reader, *r = &reader;

	init(r, a, html, out);
	read_all(r);
	if (r->late_style) {
		/* Once more with all rules known from the start. */
		km_css_sheet sheet = r->sheet;
		free(r->links.link);
		init(r, a, html, out);
		r->sheet = sheet;
		r->sheet.complete = true;
		read_all(r);
	}
	out->text = km_html_sink_view(&r->visible, 0, r->visible.b.n);
	out->hidden = km_html_sink_view(&r->hidden, 0, r->hidden.b.n);
	out->title = km_html_sink_view(&r->title, 0, r->title.b.n);
	out->text_chars = r->visible.chars;
	out->hidden_chars = r->hidden.chars;
	km_html_finish_links(r);
	out->n_errors = r->tok.n_errors;
	out->limits |= r->tok.limits | r->sheet.limits;
	return km_arena_full(a) ? KM_LIMIT : KM_OK;
}
