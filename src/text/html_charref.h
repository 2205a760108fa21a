/*
 * text/html_charref.h - character references (WHATWG HTML sections 13.2.5.72 to 13.2.5.80).
 */
#ifndef KM_TEXT_HTML_CHARREF_H
#define KM_TEXT_HTML_CHARREF_H

#include "text/html_token.h"

typedef struct {
	size_t n;   /* bytes of input it takes, with its ampersand; 0: no reference */
	km_sv text; /* what it stands for: static, or in the storage given */
} km_html_ref;

/* Reads what begins with the ampersand at v.p[at]. @store holds what a numeric one stands for. */
km_html_ref km_html_charref(km_html_tokenizer *t, km_sv v, size_t at, bool in_attribute,
			    char store[4]);

/* Counts a parse error. */
static inline void km_html_report(km_html_tokenizer *t, km_html_error e)
{
	t->n_errors++;
	if (t->on_error)
		t->on_error(t->ctx, e);
}

#endif
