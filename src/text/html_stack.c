/*
 * Open elements. Instead of building a tree, an element that should outlive the one around it
 * ("<div><b></div>", WHATWG HTML section 13.2.4.3) stays open, and its look is reckoned anew.
 */
#include "text/html_read.h"

enum { NEAR = 16, TINY = 100 /* font size that can not be read, hundredths of a pixel */ };

static bool near_colour(int32_t a, int32_t b)
{
	for (int shift = 0; shift <= 16; shift += 8) {
		int d = (a >> shift & 0xFF) - (b >> shift & 0xFF);
		if (d > NEAR || d < -NEAR)
			return false;
	}
	return true;
}

void km_html_compute(const km_html_look *around, const km_html_own *own, km_html_look *out)
{
	*out = *around;
	out->fixed |= own->fixed;
	if (own->invisible != KM_HTML_UNSET)
		out->invisible = own->invisible;
	if (own->pre != KM_HTML_UNSET)
		out->pre = own->pre;
	if (own->fg != KM_HTML_UNSET)
		out->fg = own->fg;
	if (own->bg != KM_HTML_UNSET && own->bg != KM_CSS_TRANSPARENT)
		out->bg = own->bg;
	if (own->font >= 0)
		out->font = own->font;
	else if (own->font != KM_HTML_UNSET) {
		int64_t font = (int64_t)around->font * -own->font / 10000;
		out->font = (int32_t)(font < INT32_MAX ? font : INT32_MAX);
	}
	out->how = out->fixed;
	if (out->invisible)
		out->how |= KM_HIDE_VISIBILITY;
	if (out->font <= TINY)
		out->how |= KM_HIDE_SIZE;
	if (out->fg == KM_CSS_TRANSPARENT || (out->bg >= 0 && near_colour(out->fg, out->bg)))
		out->how |= KM_HIDE_COLOUR;
}

static const km_html_look *look_below(const km_html_stack *s)
{
	return s->n ? &s->frame[s->n - 1].look : &s->base;
}

/* Makes the frame above the top one, which is filled but for its place, the top one. */
static void place(km_html_stack *s)
{
	km_html_frame *top = &s->frame[s->n];
	uint32_t flags = km_tag_flags[top->tag];

	top->last_same = s->last[top->tag];
	top->last_scope = s->scope;
	top->last_special = s->special;
	s->n++;
	s->last[top->tag] = (uint16_t)s->n;
	if (flags & KM_TAGF_SCOPE)
		s->scope = (uint16_t)s->n;
	if (flags & KM_TAGF_SPECIAL)
		s->special = (uint16_t)s->n;
}

/* Puts a frame that outlived what was around it on the top. */
static void push(km_html_stack *s, const km_html_frame *f)
{
	km_html_frame *top = &s->frame[s->n];

	if (top != f)
		*top = *f;
	km_html_compute(look_below(s), &top->own, &top->look);
	place(s);
}

static void pop(km_html_stack *s)
{
	const km_html_frame *f = &s->frame[--s->n];

	s->last[f->tag] = f->last_same;
	s->scope = f->last_scope;
	s->special = f->last_special;
}

/* What is due when an element ends for good. */
static void finish(km_html_reader *r, const km_html_frame *f)
{
	if (f->link)
		km_html_finish_link(r, f->link);
	km_html_put_gap(r, &f->look, f->gap);
}

/* Closes the element at @place (counted from 1) and those inside that do not outlive it. */
static void close_at(km_html_reader *r, size_t place)
{
	km_html_stack *s = &r->stack;
	size_t end = s->n;
	uint32_t flags = km_tag_flags[s->frame[place - 1].tag];
	bool split = false, keep = !(flags & KM_TAGF_SCOPE);

	if (keep && (s->steps += end - place) > r->html.n + 4096) {
		km_limit_hit(&r->out->limits, KM_LIMIT_HTML_DEPTH);
		keep = false;
	}
	while (s->n >= place)
		pop(s);
	finish(r, &s->frame[place - 1]);
	for (size_t i = place; i < end; i++) {
		const km_html_frame *f = &s->frame[i];
		uint32_t inner = km_tag_flags[f->tag];
		/* An end tag of formatting takes away only that: blocks inside stay open. */
		split = split || (flags & KM_TAGF_FORMAT && inner & KM_TAGF_SPECIAL);
		if (keep && (split || inner & KM_TAGF_FORMAT))
			push(s, f);
		else
			finish(r, f);
	}
}

km_html_frame *km_html_open(km_html_reader *r, unsigned tag, km_sv name, const km_html_own *own,
			    const km_html_look *look)
{
	km_html_stack *s = &r->stack;
	km_html_frame *f = &s->frame[s->n];

	if (s->n == KM_MAX_HTML_DEPTH) {
		km_limit_hit(&r->out->limits, KM_LIMIT_HTML_DEPTH);
		s->over[tag]++;
		return NULL;
	}
	f->tag = (uint8_t)tag;
	f->name = tag ? 0 : (uint32_t)km_sv_quick_hash(name);
	f->link = 0;
	f->gap = KM_GAP_NONE;
	f->own = *own;
	f->look = *look;
	place(s);
	return f;
}

/* Place of the topmost open element of @tag; 0: none. */
static size_t place_of(const km_html_stack *s, unsigned tag)
{
	return tag ? s->last[tag] : 0;
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Tags that end an open element of another (or the same) kind, up to one of a third kind. */
static const struct {
	uint8_t start, ends, within[2];
} implied[] = {
	{ KM_TAG_LI, KM_TAG_LI, { KM_TAG_UL, KM_TAG_OL } },
	{ KM_TAG_DD, KM_TAG_DD, { KM_TAG_DL } },
	{ KM_TAG_DD, KM_TAG_DT, { KM_TAG_DL } },
	{ KM_TAG_DT, KM_TAG_DD, { KM_TAG_DL } },
	{ KM_TAG_DT, KM_TAG_DT, { KM_TAG_DL } },
	{ KM_TAG_A, KM_TAG_A, { 0 } },
	{ KM_TAG_OPTION, KM_TAG_OPTION, { KM_TAG_SELECT } },
	{ KM_TAG_OPTGROUP, KM_TAG_OPTION, { KM_TAG_SELECT } },
	{ KM_TAG_OPTGROUP, KM_TAG_OPTGROUP, { KM_TAG_SELECT } },
	{ KM_TAG_TD, KM_TAG_TD, { KM_TAG_TABLE, KM_TAG_TR } },
	{ KM_TAG_TD, KM_TAG_TH, { KM_TAG_TABLE, KM_TAG_TR } },
	{ KM_TAG_TH, KM_TAG_TD, { KM_TAG_TABLE, KM_TAG_TR } },
	{ KM_TAG_TH, KM_TAG_TH, { KM_TAG_TABLE, KM_TAG_TR } },
	{ KM_TAG_TR, KM_TAG_CAPTION, { KM_TAG_TABLE } },
	{ KM_TAG_TR, KM_TAG_TR, { KM_TAG_TABLE } },
	{ KM_TAG_TBODY, KM_TAG_CAPTION, { KM_TAG_TABLE } },
	{ KM_TAG_TBODY, KM_TAG_TBODY, { KM_TAG_TABLE } },
	{ KM_TAG_TBODY, KM_TAG_THEAD, { KM_TAG_TABLE } },
	{ KM_TAG_TBODY, KM_TAG_TR, { KM_TAG_TABLE } },
	{ KM_TAG_TFOOT, KM_TAG_TBODY, { KM_TAG_TABLE } },
	{ KM_TAG_TFOOT, KM_TAG_TR, { KM_TAG_TABLE } },
	{ KM_TAG_THEAD, KM_TAG_CAPTION, { KM_TAG_TABLE } },
};

/* The tags that begin a row of the table above: most tags end nothing. */
static const bool implies[KM_TAG_COUNT] = {
	[KM_TAG_LI] = true,    [KM_TAG_DD] = true,     [KM_TAG_DT] = true,
	[KM_TAG_A] = true,     [KM_TAG_OPTION] = true, [KM_TAG_OPTGROUP] = true,
	[KM_TAG_TD] = true,    [KM_TAG_TH] = true,     [KM_TAG_TR] = true,
	[KM_TAG_TBODY] = true, [KM_TAG_TFOOT] = true,  [KM_TAG_THEAD] = true,
};

static bool of_table(unsigned tag)
{
	return tag == KM_TAG_TD || tag == KM_TAG_TH || tag == KM_TAG_TR || tag == KM_TAG_TBODY ||
	       tag == KM_TAG_THEAD || tag == KM_TAG_TFOOT || tag == KM_TAG_CAPTION;
}

void km_html_imply_end(km_html_reader *r, unsigned tag)
{
	km_html_stack *s = &r->stack;

	if (km_tag_flags[tag] & KM_TAGF_CLOSES_P && s->last[KM_TAG_P] > s->scope)
		close_at(r, s->last[KM_TAG_P]);
	for (size_t i = 0; implies[tag] && i < KM_COUNT(implied); i++) {
		if (implied[i].start != tag)
			continue;
		size_t place = s->last[implied[i].ends];
		size_t limit =
			most(place_of(s, implied[i].within[0]), place_of(s, implied[i].within[1]));
		if (!of_table(tag))
			limit = most(limit, s->scope);
		if (place > limit)
			close_at(r, place);
	}
}

/* How many open unknown elements are looked at for one of a name. */
enum { UNKNOWN_REACH = 8 };

static size_t place_of_unknown(const km_html_stack *s, km_sv name)
{
	uint32_t hash = (uint32_t)km_sv_quick_hash(name);
	size_t place = s->last[0];

	for (int i = 0; place && i < UNKNOWN_REACH; i++) {
		const km_html_frame *f = &s->frame[place - 1];
		if (f->name == hash)
			return place;
		place = f->last_same;
	}
	return 0;
}

bool km_html_close(km_html_reader *r, unsigned tag, km_sv name)
{
	km_html_stack *s = &r->stack;
	uint32_t flags = km_tag_flags[tag];
	size_t place = tag ? s->last[tag] : place_of_unknown(s, name), limit = s->scope;

	if (s->over[tag]) {
		s->over[tag]--;
		return true;
	}
	if (of_table(tag))
		limit = s->last[KM_TAG_TABLE];
	else if (flags & KM_TAGF_SCOPE)
		limit = tag == KM_TAG_TABLE || limit == 0 ? 0 : limit - 1u;
	else if (!(flags & (KM_TAGF_SPECIAL | KM_TAGF_FORMAT)))
		limit = s->special;
	if (place <= limit)
		return false;
	close_at(r, place);
	return true;
}

void km_html_close_all(km_html_reader *r)
{
	for (size_t i = r->stack.n; i > 0; i--)
		finish(r, &r->stack.frame[i - 1]);
	r->stack.n = 0;
}
