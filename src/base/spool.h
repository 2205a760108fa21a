/*
 * base/spool.h - a message being received: in memory while small, in an unlinked file past
 * KM_SPOOL_MEMORY. Bytes past the maximum are counted and dropped.
 */
#ifndef KM_BASE_SPOOL_H
#define KM_BASE_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

enum { KM_SPOOL_MEMORY = 1024 * 1024 };

typedef struct {
	km_buf head;	/* all of it, while it is small; else what is not yet written */
	int fd;		/* -1 while all is in memory */
	size_t total;	/* bytes kept */
	size_t dropped; /* bytes past the maximum */
	size_t max;
	void *map;
	km_status st; /* first failure of the file */
} km_spool;

/* @max: bytes of message that are kept. Allocates nothing. */
void km_spool_init(km_spool *s, size_t max);
void km_spool_finish(km_spool *s);
/* Back to empty; keeps a small buffer for the next message. */
void km_spool_reset(km_spool *s);

void km_spool_add(km_spool *s, km_sv bytes);
/* All of it in one piece, valid until reset or finish. KM_IO when the file failed, KM_NOMEM. */
KM_NODISCARD km_status km_spool_bytes(km_spool *s, km_sv *out, km_err *err);

/* An unlinked temporary file in @dir, or in memory when that folder can not be used; -1 on failure.
 */
int km_spool_file(const char *dir);
/* Folder for spool files; static or long-lived. Default TMPDIR or /tmp. */
void km_spool_set_dir(const char *dir);

#endif
