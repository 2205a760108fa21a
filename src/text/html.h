/*
 * text/html.h - what a person sees of an HTML part, and what is kept from them.
 * Input is valid UTF-8 (text/charset.h). One pass over the tokens of text/html_token.h, no tree,
 * no recursion, linear time.
 */
#ifndef KM_TEXT_HTML_H
#define KM_TEXT_HTML_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

typedef enum {
	KM_LINK_ANCHOR,	 /* a, area href */
	KM_LINK_FORM,	 /* form action, formaction */
	KM_LINK_IMAGE,	 /* img src/srcset, background, input type=image, css url() in style */
	KM_LINK_FRAME,	 /* iframe, frame, object, embed */
	KM_LINK_SCRIPT,	 /* script src */
	KM_LINK_REFRESH, /* meta http-equiv=refresh */
	KM_LINK_BASE,	 /* base href */
	KM_LINK_OTHER	 /* link href, … */
} km_link_kind;

typedef struct {
	km_link_kind kind;
	km_sv target; /* attribute value, character references decoded, white space trimmed */
	km_sv text; /* visible text inside the anchor (hidden text when @hidden), or alt of an image
		     */
	size_t offset; /* of the tag in the HTML given */
	bool hidden;   /* inside hidden content */
} km_link;

/* Why text was hidden; bits. */
enum {
	KM_HIDE_DISPLAY = 1,	/* display:none */
	KM_HIDE_VISIBILITY = 2, /* visibility:hidden|collapse */
	KM_HIDE_SIZE = 4,	/* font-size, width, height or max-height of (almost) 0 */
	KM_HIDE_COLOUR = 8,	/* text colour like its background */
	KM_HIDE_OFFSCREEN = 16, /* positioned or indented out of sight */
	KM_HIDE_OPACITY = 32,
	KM_HIDE_MSO = 64,	/* mso-hide:all */
	KM_HIDE_ATTRIBUTE = 128 /* hidden */
};

typedef struct {
	km_sv text;	   /* visible text, alt of images and labels of buttons; blocks separated by
			      newlines, cells of tables by tabs */
	km_sv hidden;	   /* hidden text, same form */
	unsigned how;	   /* KM_HIDE_* seen on text that was not blank */
	size_t text_chars; /* characters that are not white space and not of zero width */
	size_t hidden_chars;
	km_sv title;
	km_sv charset; /* of meta charset or http-equiv content-type; empty when none */
	km_sv base;    /* href of the first base */
	const km_link *links;
	size_t n_links;
	size_t n_forms, n_inputs, n_password_inputs, n_images, n_scripts, n_frames;
	size_t n_comments;
	size_t n_errors;  /* tokenizer parse errors */
	bool conditional; /* carries <!--[if … ]> */
	km_limit_set limits;
} km_html;

/*
 * Returns KM_OK, or KM_LIMIT with what fitted when the arena is full. Views point into @html or the
 * arena. Meant for a mail program that shows styles and runs no scripts.
 */
KM_NODISCARD km_status km_html_read(km_arena *a, km_sv html, km_html *out);

/*
 * Charset declared inside the first 1,024 bytes of raw @bytes by a meta tag or XML declaration, or
 * empty. Names that no charset has are passed over (WHATWG HTML section 13.2.3.2).
 */
km_sv km_html_sniff_charset(km_sv bytes);

#endif
