/*
 * cli/wrap.h - text in columns of a terminal: how wide it is, where it may be broken, and which
 * bytes of it may be shown at all.
 */
#ifndef KM_CLI_WRAP_H
#define KM_CLI_WRAP_H

#include "base/buf.h"

/* Columns that @text (UTF-8) takes: 2 for East Asian wide characters, 0 for combining ones. */
size_t km_width(km_sv text);

/*
 * Appends @text broken into lines of at most @width columns; the first begins at column @indent
 * (already written), the others are indented by as many spaces. Breaks at spaces and between wide
 * characters, never before closing punctuation. A line end in @text stays one. No final line end.
 */
void km_wrap(km_buf *b, km_sv text, size_t indent, size_t width);

/*
 * Appends @bytes of unknown origin for a terminal: control characters, bidi controls and bytes that
 * are not UTF-8 become \xNN or \u{NNNN}; with @lines, line ends and tabs stay.
 */
void km_show_safe(km_buf *b, km_sv bytes, bool lines);

#endif
