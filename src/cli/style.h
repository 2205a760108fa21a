/*
 * cli/style.h - colours: only on a terminal, and never with NO_COLOR (no-color.org) or TERM=dumb.
 */
#ifndef KM_CLI_STYLE_H
#define KM_CLI_STYLE_H

#include <stdbool.h>

typedef enum {
	KM_STYLE_PLAIN,
	KM_STYLE_BOLD,
	KM_STYLE_DIM,
	KM_STYLE_GOOD,
	KM_STYLE_WARN,
	KM_STYLE_BAD,
	KM_STYLES
} km_style;

/* True when text written to @fd may be coloured. */
bool km_style_wanted(int fd);

/* The escape sequence that begins @style, KM_STYLE_PLAIN ends it; "" when @on is false. */
const char *km_style_code(bool on, km_style style);

#endif
