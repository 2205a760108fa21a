/*
 * cli/page.h - pieces that all manual pages have in common, in mdoc(7). @lang: 0 Japanese, 1
 * English.
 */
#ifndef KM_CLI_PAGE_H
#define KM_CLI_PAGE_H

#include "base/buf.h"

typedef struct {
	const char *name;    /* as it is to be typed, in mdoc */
	const char *text[2]; /* paragraphs, divided by \n */
} km_page_row;

const char *km_page_say(int lang, const char *ja, const char *en);
void km_page_section(km_buf *b, int lang, const char *ja, const char *en);
/* Everything up to and with NAME. */
void km_page_begin(km_buf *b, const char *title, const char *number, const char *name,
		   const char *summary, int lang);
/* A list of what is explained; @macro ("Ev", "Pa", "") marks the names. */
void km_page_rows(km_buf *b, const char *macro, const km_page_row *rows, size_t n, int lang);
/* The section EXIT STATUS. */
void km_page_exits(km_buf *b, int lang);

#endif
