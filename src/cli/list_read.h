/*
 * cli/list_read.h - lists of known-bad things in the forms in which others publish them.
 */
#ifndef KM_CLI_LIST_READ_H
#define KM_CLI_LIST_READ_H

#include "engine/lists.h"

typedef enum {
	KM_LIST_AUTO,
	KM_LIST_PLAIN,	   /* one a line; "#" and ";" begin remarks */
	KM_LIST_OPENPHISH, /* the same, URLs */
	KM_LIST_JPCERT,	   /* CSV: date,URL,description */
	KM_LIST_PHISHTANK  /* CSV with a header line, or JSON */
} km_list_format;

/*
 * Gives all rows of @text, called @name, to @m. @kind is for plain lists; the others hold URLs.
 * KM_SYNTAX with file, line and reason.
 */
KM_NODISCARD km_status km_list_read(km_list_maker *m, km_list_format format, km_bad_kind kind,
				    km_sv text, const char *name, km_err *err);

#endif
