/*
 * text/html_style.h - the little of CSS that decides whether text can be seen.
 * Declarations (style attributes) and style sheets of simple selectors: tag, .class, #id,
 * tag.class, tag#id. What else a selector asks for is either surely there (table, td, body …
 * as ancestors) or the rule is left out: better to show hidden text than to hide what is seen.
 */
#ifndef KM_TEXT_HTML_STYLE_H
#define KM_TEXT_HTML_STYLE_H

#include "base/arena.h"
#include "base/limits.h"

/* Lengths are in hundredths of a CSS pixel. */
typedef enum {
	KM_CSS_DISPLAY,	   /* km_css_display */
	KM_CSS_VISIBILITY, /* 1: hidden */
	KM_CSS_FONT_SIZE,  /* below 0: hundredths of a percent of the parent's, negated */
	KM_CSS_COLOUR,	   /* 0xRRGGBB or KM_CSS_TRANSPARENT */
	KM_CSS_BACKGROUND,
	KM_CSS_BACKGROUND_IMAGE, /* 1: there is one */
	KM_CSS_WIDTH,
	KM_CSS_HEIGHT,
	KM_CSS_MAX_WIDTH,
	KM_CSS_MAX_HEIGHT,
	KM_CSS_OVERFLOW, /* 1: what overflows is cut */
	KM_CSS_POSITION, /* 1: absolute or fixed; 2: relative */
	KM_CSS_LEFT,
	KM_CSS_TOP,
	KM_CSS_RIGHT,
	KM_CSS_BOTTOM,
	KM_CSS_MARGIN_LEFT,
	KM_CSS_MARGIN_TOP,
	KM_CSS_INDENT,
	KM_CSS_CLIP,	  /* 1: an empty rectangle */
	KM_CSS_CLIP_PATH, /* 1: the same */
	KM_CSS_SCALE,	  /* 1: scaled to nothing */
	KM_CSS_OPACITY,	  /* percent */
	KM_CSS_MSO_HIDE,  /* 1: all */
	KM_CSS_PRE,	  /* 1: white space is kept */
	KM_CSS_COUNT
} km_css_field;

typedef enum { KM_CSS_INLINE, KM_CSS_BLOCK, KM_CSS_CELL, KM_CSS_NONE } km_css_display;

enum { KM_CSS_TRANSPARENT = -1 };

typedef struct {
	uint32_t set;	    /* bits by km_css_field */
	uint32_t important; /* those of them that are !important */
	int32_t v[KM_CSS_COUNT];
} km_css;

static inline bool km_css_has(const km_css *c, km_css_field f)
{
	return c->set >> f & 1;
}

/* The value of @f, or @otherwise when it is not set. */
static inline int32_t km_css_get(const km_css *c, km_css_field f, int32_t otherwise)
{
	return km_css_has(c, f) ? c->v[f] : otherwise;
}

/* Lays @over over @css: its fields win unless the old one alone is important. */
void km_css_merge(km_css *css, const km_css *over);

/* Told the target of every url(…). It may point into memory that is not kept. */
typedef struct {
	void (*found)(void *ctx, km_sv url);
	void *ctx;
} km_css_urls;

/* Lays the declarations of a style attribute or block over @css. */
void km_css_declarations(km_arena *a, km_sv text, km_css *css, const km_css_urls *urls);

/* "#fff", "rgb(1 2 3 / 50%)", a name; mostly transparent ones are KM_CSS_TRANSPARENT. False for
 * others. */
bool km_css_colour(km_sv v, int32_t *out);
/* The same as HTML attributes have it: the "#" may be missing. */
bool km_css_attr_colour(km_sv v, int32_t *out);

typedef struct km_css_rule km_css_rule;

typedef struct {
	km_arena *arena;
	km_css_rule *rule;
	size_t n, cap;
	uint16_t *slot; /* by hash of the selector: number of the rule + 1 */
	bool complete;	/* adds no more rules */
	km_limit_set limits;
} km_css_sheet;

void km_css_sheet_init(km_css_sheet *s, km_arena *arena);
/*
 * Adds the rules of the text of a style element, unless its media attribute says that they are not
 * for a mail on an ordinary screen. @text must outlive the sheet.
 */
void km_css_sheet_add(km_css_sheet *s, km_sv text, km_sv media, const km_css_urls *urls);
/*
 * Lays all rules that fit over @css. @tag is a number of the generated table of elements (0: not
 * known to it), @classes the class attribute, @id the id attribute.
 */
void km_css_sheet_apply(const km_css_sheet *s, unsigned tag, km_sv classes, km_sv id, km_css *css);

/* Without comments and escapes; @text itself when it has none. */
km_sv km_css_clean(km_arena *a, km_sv text);
/* What km_css_skip() stops at. */
enum {
	KM_CSS_SEMICOLON = 1,
	KM_CSS_OPEN = 2,  /* { */
	KM_CSS_CLOSE = 4, /* } */
	KM_CSS_COMMA = 8,
	KM_CSS_SPACE = 16
};

/*
 * Offset of the first byte of @stops (KM_CSS_SEMICOLON, …) at or after @i that is not in quotes or
 * parentheses, or v.n. Tells @urls (may be NULL) of what it passes.
 */
size_t km_css_skip(km_sv v, size_t i, unsigned stops, const km_css_urls *urls);

#endif
