/*
 * engine/fields.h - what whoever passes a judged message on puts into its header, and takes out of
 * it: Authentication-Results (RFC 8601).
 */
#ifndef KM_ENGINE_FIELDS_H
#define KM_ENGINE_FIELDS_H

#include "engine/scan.h"

extern const km_sv km_results_field; /* "Authentication-Results" */

/*
 * The value of the one field in our name, to be put on top; folded, without a line end at its end,
 * in the scan's reserve. Empty for mail that one of our own users hands in, of which nothing is
 * told, and when there was no memory. @eol: of the folds; "\n" for a milter.
 */
km_sv km_scan_results(const km_scan *s, const char *eol);

/* Fields that claim to be ours but came with the message; they must go. */
typedef struct {
	const unsigned *index; /* from 1, among all fields of that name; ascending */
	size_t n;
	bool all; /* the header can be read in two ways: all fields of that name must go */
} km_forged_results;

void km_scan_forged_results(const km_scan *s, km_forged_results *out);

#endif
