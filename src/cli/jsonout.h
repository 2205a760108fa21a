/*
 * cli/jsonout.h - what commands need to write JSON with jansson.
 */
#ifndef KM_CLI_JSONOUT_H
#define KM_CLI_JSONOUT_H

#include <jansson.h>

#include "base/buf.h"
#include "cli/command.h"

/* @v as a string; bytes that are not UTF-8 become U+FFFD. NULL when out of memory. */
json_t *km_json_text(km_sv v);
/* Same, null when @text is NULL or, with km_json_filled(), empty. */
json_t *km_json_cstr(const char *text);
json_t *km_json_filled(km_sv v);

/* Appends @j in one line; takes @j over. KM_NOMEM when @j is NULL or does not fit. */
KM_NODISCARD km_status km_json_add(km_buf *b, json_t *j);
/* Prints @j and a line end; takes @j over. Returns the exit status. */
int km_json_print(const km_cli *cli, json_t *j);

#endif
