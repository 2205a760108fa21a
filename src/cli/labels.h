/*
 * cli/labels.h - an index of labelled mail, as the TREC spam track has it: a line "spam PATH" or
 * "ham PATH" for each message, in order. A path is relative to the index's folder unless it begins
 * with a slash.
 */
#ifndef KM_CLI_LABELS_H
#define KM_CLI_LABELS_H

#include "base/arena.h"
#include "base/file.h"

typedef struct {
	const char *path; /* of the index */
	km_file file;
	km_sv rest;
	size_t line;
} km_labels;

typedef struct {
	bool spam;
	km_sv name; /* as the index has it */
	char *path; /* to be opened; in the arena given */
} km_label;

KM_NODISCARD km_status km_labels_open(km_labels *l, const char *path, km_err *err);
void km_labels_close(km_labels *l);
/* Lines that name a message. */
size_t km_labels_count(const km_labels *l);
/* KM_NOTFOUND at the end; KM_SYNTAX with file and line. */
KM_NODISCARD km_status km_labels_next(km_labels *l, km_arena *a, km_label *out, km_err *err);

#endif
