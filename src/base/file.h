/*
 * base/file.h - bytes from files. A regular file is mapped read-only; a pipe or standard input is
 * first copied into an unlinked spool file and then mapped, so a large message costs no heap.
 */
#ifndef KM_BASE_FILE_H
#define KM_BASE_FILE_H

#include "base/err.h"

typedef struct {
	km_sv bytes; /* valid until km_file_close() */
	void *map;
	size_t map_size;
} km_file;

/*
 * Maps @path ("-" is standard input). KM_NOTFOUND when absent, KM_LIMIT when larger than @max
 * bytes, KM_IO for all else (a folder, no permission, …).
 */
KM_NODISCARD km_status km_file_open(km_file *f, const char *path, size_t max, km_err *err);
/* Same for an open descriptor, which stays the caller's; @name is for messages. */
KM_NODISCARD km_status km_file_open_fd(km_file *f, int fd, const char *name, size_t max,
				       km_err *err);
void km_file_close(km_file *f);

/*
 * Replaces @path by @bytes so that after a crash either the old or the new content is there:
 * temporary file, fsync, rename, fsync of the folder.
 */
KM_NODISCARD km_status km_file_replace(const char *path, km_sv bytes, km_err *err);
/* Same, readable by its owner only at any time. */
KM_NODISCARD km_status km_file_replace_secret(const char *path, km_sv bytes, km_err *err);

#endif
