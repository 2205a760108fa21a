/*
 * cli/walk.h - the files below a folder, by an explicit stack. See cli/sources.h for which ones.
 */
#ifndef KM_CLI_WALK_H
#define KM_CLI_WALK_H

#include "base/err.h"

typedef struct km_walk km_walk;

typedef struct {
	char *path; /* malloc'd; the caller's */
	bool alone; /* a file of a Maildir: one message, never an mbox */
	uint64_t size;
} km_walk_file;

/* @root is a folder. NULL when out of memory. */
km_walk *km_walk_new(const char *root);
void km_walk_free(km_walk *w);

/*
 * The next file. KM_NOTFOUND at the end. Any other error is about out->path, a folder that can not
 * be read; the walk can go on after it.
 */
KM_NODISCARD km_status km_walk_next(km_walk *w, km_walk_file *out, km_err *err);

#endif
