#include "text/html_style.h"
#include "text/html_tables.h"

/* A power of two; a selector is looked for in a few slots only, so that no choice of names makes
 * looking slow. */
enum { SLOTS = 4 * 1024, PROBES = 16 };
_Static_assert(SLOTS >= 4 * KM_MAX_HTML_RULES, "slots must stay mostly free");

/* A selector: an element or any, and a class ('.') or id ('#') or nothing ('\0'). */
typedef struct {
	unsigned tag; /* of the generated table; 0: any */
	char kind;
	km_sv name;
} selector;

struct km_css_rule {
	selector sel;
	km_css css;
};

void km_css_sheet_init(km_css_sheet *s, km_arena *arena)
{
	*s = (km_css_sheet){ .arena = arena };
}

static size_t slot_of(const selector *sel)
{
	uint64_t h = km_sv_ihash(sel->name) + sel->tag * 0x9E3779B97F4A7C15u;

	return (size_t)(h ^ h >> 32 ^ (unsigned char)sel->kind) & (SLOTS - 1);
}

/*
 * The rule of @sel, or NULL. @free is a slot where it could be put, or SLOTS. Names are compared
 * without case, as browsers do in pages without a doctype.
 */
static km_css_rule *find(const km_css_sheet *s, const selector *sel, size_t *free)
{
	size_t at = slot_of(sel);

	*free = SLOTS;
	for (int i = 0; i < PROBES; i++, at = (at + 1) & (SLOTS - 1)) {
		if (s->slot[at] == 0) {
			*free = at;
			return NULL;
		}
		km_css_rule *r = &s->rule[s->slot[at] - 1];
		if (r->sel.tag == sel->tag && r->sel.kind == sel->kind &&
		    km_sv_ieq(r->sel.name, sel->name))
			return r;
	}
	return NULL;
}

static km_css_rule *add(km_css_sheet *s, const selector *sel)
{
	size_t at;

	if (s->slot == NULL)
		s->slot = KM_NEW_ARRAY(s->arena, uint16_t, SLOTS);
	if (s->slot == NULL)
		return NULL;
	km_css_rule *r = find(s, sel, &at);
	if (r)
		return r;
	if (s->n == KM_MAX_HTML_RULES || at == SLOTS) {
		km_limit_hit(&s->limits, KM_LIMIT_HTML_RULES);
		return NULL;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		r = km_arena_grow(s->arena, s->rule, s->cap * sizeof(*r), cap * sizeof(*r));
		if (r == NULL)
			return NULL;
		s->rule = r;
		s->cap = cap;
	}
	r = &s->rule[s->n++];
	*r = (km_css_rule){ .sel = *sel };
	s->slot[at] = (uint16_t)s->n;
	return r;
}

/* Elements that surround nearly all text of a mail: asking for one as an ancestor asks nothing. */
static bool always_around(km_sv v)
{
	static const uint8_t tags[] = {
		KM_TAG_HTML, KM_TAG_BODY,  KM_TAG_DIV, KM_TAG_TABLE,
		KM_TAG_TR,   KM_TAG_TBODY, KM_TAG_TD,  KM_TAG_CENTER,
	};
	unsigned tag = km_word_find(&km_tag_words, v);

	for (size_t i = 0; i < KM_COUNT(tags); i++)
		if (tag == tags[i])
			return true;
	return km_sv_eq(v, KM_S("*")) || km_sv_eq(v, KM_S(">"));
}

static bool is_name(char c)
{
	return km_is_alnum((unsigned char)c) || c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* Reads "td.x", "#y", "*", …; false for what is not understood. */
static bool compound(km_sv v, selector *sel)
{
	size_t i = 0;

	*sel = (selector){ 0 };
	while (i < v.n && is_name(v.p[i]))
		i++;
	if (i) {
		sel->tag = km_word_find(&km_tag_words, km_sv_sub(v, 0, i));
		if (sel->tag == 0)
			return false;
	} else if (v.n && v.p[0] == '*') {
		i = 1;
	}
	if (i == v.n)
		return v.n > 0;
	sel->kind = v.p[i];
	sel->name = km_sv_from(v, i + 1);
	for (size_t k = 0; k < sel->name.n; k++)
		if (!is_name(sel->name.p[k]))
			return false;
	return sel->name.n && (sel->kind == '.' || sel->kind == '#');
}

static bool read_selector(km_sv v, selector *sel)
{
	v = km_sv_trim(v);
	for (;;) {
		size_t end = 0;
		while (end < v.n && !km_is_wsp((unsigned char)v.p[end]))
			end++;
		if (end == v.n)
			return compound(v, sel);
		if (!always_around(km_sv_sub(v, 0, end)))
			return false;
		v = km_sv_trim(km_sv_from(v, end));
	}
}

static void add_block(km_css_sheet *s, km_sv selectors, const km_css *css)
{
	km_sv one;
	selector sel;

	while (km_sv_split(&selectors, ',', &one)) {
		km_css_rule *r = read_selector(one, &sel) ? add(s, &sel) : NULL;
		if (r)
			km_css_merge(&r->css, css);
	}
}

/* From behind a "{" to behind its "}". */
static size_t skip_block(km_sv v, size_t i, const km_css_urls *urls)
{
	for (size_t depth = 1; depth && i < v.n; i++) {
		i = km_css_skip(v, i, KM_CSS_OPEN | KM_CSS_CLOSE, urls);
		if (i == v.n)
			break;
		depth += v.p[i] == '{';
		depth -= v.p[i] == '}';
	}
	return i;
}

/* True when rules for @media hold for a mail on an ordinary screen. */
static bool holds(km_sv media)
{
	static const km_sv no[] = { KM_SV("("), KM_SV("print"), KM_SV("speech"), KM_SV("not") };

	if (media.n > 200)
		return false;
	for (size_t i = 0; i < KM_COUNT(no); i++)
		if (km_sv_ifind(media, no[i], 0) < media.n)
			return false;
	return true;
}

/* Between rules: white space, a stray "}" or the marks of a comment around the whole. */
static size_t skip_between(km_sv v, size_t i)
{
	for (;;) {
		if (i < v.n && (km_is_wsp((unsigned char)v.p[i]) || v.p[i] == '}' || v.p[i] == ';'))
			i++;
		else if (km_sv_starts(km_sv_from(v, i), KM_S("<!--")))
			i += 4;
		else if (km_sv_starts(km_sv_from(v, i), KM_S("-->")))
			i += 3;
		else
			return i;
	}
}

void km_css_sheet_add(km_css_sheet *s, km_sv text, km_sv media, const km_css_urls *urls)
{
	km_sv v = km_css_clean(s->arena, text);
	bool wanted = !s->complete && holds(media);

	for (size_t i = skip_between(v, 0); i < v.n; i = skip_between(v, i)) {
		size_t open = km_css_skip(
			v, i, v.p[i] == '@' ? KM_CSS_OPEN | KM_CSS_SEMICOLON : KM_CSS_OPEN, urls);
		km_sv prelude = km_sv_sub(v, i, open - i);
		i = open < v.n ? open + 1 : open;
		if (prelude.n && prelude.p[0] == '@') {
			bool enter = km_sv_istarts(prelude, KM_S("@media")) && holds(prelude);
			if (open < v.n && v.p[open] == '{' && !enter)
				i = skip_block(v, i, urls);
			continue;
		}
		size_t end = km_css_skip(v, i, KM_CSS_CLOSE, urls);
		km_css css;
		css.set = css.important = 0;
		km_css_declarations(s->arena, km_sv_sub(v, i, end - i), &css, NULL);
		if (css.set && wanted)
			add_block(s, prelude, &css);
		i = end;
	}
}

static void apply(const km_css_sheet *s, const selector *sel, km_css *css)
{
	size_t free;
	const km_css_rule *r = find(s, sel, &free);

	if (r)
		km_css_merge(css, &r->css);
}

/* The rules of .name and of tag.name. */
static void apply_named(const km_css_sheet *s, unsigned tag, char kind, km_sv name, km_css *css)
{
	apply(s, &(selector){ 0, kind, name }, css);
	if (tag)
		apply(s, &(selector){ tag, kind, name }, css);
}

void km_css_sheet_apply(const km_css_sheet *s, unsigned tag, km_sv classes, km_sv id, km_css *css)
{
	static const char spaces[] = " \t\r\n\f";

	if (s->n == 0)
		return;
	apply(s, &(selector){ 0 }, css);
	if (tag)
		apply(s, &(selector){ .tag = tag }, css);
	for (size_t i = 0; i < classes.n;) {
		size_t from = i;
		while (i < classes.n && memchr(spaces, classes.p[i], 5) == NULL)
			i++;
		if (i > from)
			apply_named(s, tag, '.', km_sv_sub(classes, from, i - from), css);
		i++;
	}
	if (id.n)
		apply_named(s, tag, '#', id, css);
}
