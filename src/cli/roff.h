/*
 * cli/roff.h - text into mdoc(7) source.
 */
#ifndef KM_CLI_ROFF_H
#define KM_CLI_ROFF_H

#include "base/buf.h"

/*
 * Appends running text: what roff would take as its own is escaped, a line end in @text begins a
 * paragraph, and with @break_lines lines end after sentences and before column 80 (Japanese must
 * stay on one line: roff would put a space where a line ends).
 */
void km_roff_text(km_buf *b, const char *text, bool break_lines);
/* A word as it is to be typed, for use in a macro's argument: hyphens stay hyphens. */
void km_roff_word(km_buf *b, km_sv word);

#endif
