/*
 * text/html_read.h - what the files of the HTML reader share: the text that comes out, the links,
 * and the open elements with how text inside of them looks. Not for use outside of text/html*.c.
 */
#ifndef KM_TEXT_HTML_READ_H
#define KM_TEXT_HTML_READ_H

#include "text/html.h"
#include "text/html_style.h"
#include "text/html_tables.h"
#include "text/html_token.h"

/* ---- text that comes out ---- */

/* What is due before the next word; the greater one wins. */
typedef enum { KM_GAP_NONE, KM_GAP_SPACE, KM_GAP_CELL, KM_GAP_LINE } km_html_gap;

typedef struct {
	km_buf b;
	km_html_gap gap;
	size_t chars; /* neither white space nor invisible */
} km_html_sink;

static inline void km_html_sink_gap(km_html_sink *s, km_html_gap gap)
{
	if (gap > s->gap)
		s->gap = gap;
}

/* Appends @v with its white space collapsed, or kept when @pre. */
void km_html_sink_text(km_html_sink *s, km_sv v, bool pre);
/* All of it from @from to @to without white space at the ends. */
km_sv km_html_sink_view(const km_html_sink *s, size_t from, size_t to);

/* ---- links ---- */

typedef struct {
	km_link link;
	size_t from, to; /* the text of an anchor, in the sink for its kind of text */
	bool anchor;
} km_html_link;

/* On the heap: what grows inside the arena leaves half of itself behind for every part. */
typedef struct {
	km_html_link *link;
	size_t n, cap;
} km_html_links;

/* ---- open elements ---- */

/* How text looks. */
typedef struct {
	unsigned fixed; /* KM_HIDE_* that nothing inside can undo */
	unsigned how;	/* all KM_HIDE_* */
	bool invisible; /* visibility */
	bool pre;
	int32_t font; /* hundredths of a pixel */
	int32_t fg;   /* 0xRRGGBB or KM_CSS_TRANSPARENT */
	int32_t bg;   /* 0xRRGGBB or KM_HTML_UNKNOWN */
} km_html_look;

enum { KM_HTML_UNKNOWN = -2, KM_HTML_UNSET = INT32_MIN };

/* What an element itself changes; KM_HTML_UNSET where it does not. */
typedef struct {
	unsigned fixed;
	int32_t invisible, pre, font, fg, bg;
} km_html_own;

typedef struct {
	uint8_t tag;	    /* of the generated table; 0: unknown */
	km_html_gap gap;    /* before and after it */
	uint16_t last_same; /* the one below with the same tag: its place + 1 */
	uint16_t last_scope, last_special;
	uint32_t name; /* hash, for unknown ones */
	size_t link;   /* number of the anchor's link + 1 */
	km_html_own own;
	km_html_look look;
} km_html_frame;

typedef struct {
	km_html_frame frame[KM_MAX_HTML_DEPTH];
	size_t n;
	size_t steps; /* work done on elements that outlived the one around them */
	/* Topmost element of a kind: its place + 1. */
	uint16_t last[KM_TAG_COUNT];
	uint16_t scope, special;
	uint32_t over[KM_TAG_COUNT]; /* elements above the limit of depth */
	km_html_look base;
} km_html_stack;

typedef struct {
	km_arena *arena;
	km_sv html;
	km_html *out;
	km_html_sink visible, hidden, title;
	km_html_links links;
	km_css_sheet sheet;
	bool late_style; /* rules came after text that they may be about */
	size_t tag_at;	 /* offset of the tag at hand */
	km_sv attr[KM_ATTR_COUNT];
	uint32_t attrs; /* bits: which of them the tag at hand has */
	km_html_stack stack;
	km_html_tokenizer tok;
} km_html_reader;
_Static_assert(KM_ATTR_COUNT <= 32, "too many attributes for a word of bits");

static inline const km_html_look *km_html_top(const km_html_reader *r)
{
	return r->stack.n ? &r->stack.frame[r->stack.n - 1].look : &r->stack.base;
}

/* Puts @v into the text that it is part of. */
void km_html_put(km_html_reader *r, const km_html_look *look, km_sv v);
void km_html_put_gap(km_html_reader *r, const km_html_look *look, km_html_gap gap);

/* Adds a link with its target trimmed; its number + 1, or 0 when it was not kept. */
size_t km_html_add_link(km_html_reader *r, km_link_kind kind, km_sv target, km_sv text,
			bool hidden);
void km_html_finish_link(km_html_reader *r, size_t number);
/* Gives them to the result and frees what was used meanwhile. */
void km_html_finish_links(km_html_reader *r);
/* Adds what the attributes of the tag at hand point to, except the href of an anchor. */
void km_html_tag_links(km_html_reader *r, unsigned tag, bool hidden);
/* @v itself when it is part of the input or static, else a copy. */
km_sv km_html_keep(km_html_reader *r, km_sv v);

/* How text inside an element with @own looks. */
void km_html_compute(const km_html_look *around, const km_html_own *own, km_html_look *out);
/* Opens an element whose text looks so, and gives it; NULL past the limit of depth. */
km_html_frame *km_html_open(km_html_reader *r, unsigned tag, km_sv name, const km_html_own *own,
			    const km_html_look *look);
/* Closes what a start tag of @tag closes without an end tag. */
void km_html_imply_end(km_html_reader *r, unsigned tag);
/* Closes the element that an end tag stands for; false when none is open. */
bool km_html_close(km_html_reader *r, unsigned tag, km_sv name);
/* Closes all. */
void km_html_close_all(km_html_reader *r);

#endif
