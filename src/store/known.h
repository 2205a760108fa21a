/*
 * store/known.h - what the guard was told of accounts and is needed again after a restart: who
 * holds which address, and which senders an account may use. SQLite ("known.db"). What was told
 * outlives the process at once, and a power cut once it was flushed. One writer.
 */
#ifndef KM_STORE_KNOWN_H
#define KM_STORE_KNOWN_H

#include "base/clock.h"
#include "base/err.h"

typedef struct km_known km_known;

/* Made when it is absent. KM_SYNTAX for a damaged file, see km_known_set_aside(). */
KM_NODISCARD km_status km_known_open(const char *dir, km_known **out, km_err *err);
void km_known_close(km_known *k);
/* As km_records_set_aside(). */
KM_NODISCARD km_status km_known_set_aside(const char *dir, char *name, size_t max, km_err *err);

/* @ip: 4 or 16 bytes. @until 0: until the next lease of it. */
KM_NODISCARD km_status km_known_lease(km_known *k, km_sv ip, km_sv account, km_time until,
				      km_time now, km_err *err);
/* In place of those that were told before. */
KM_NODISCARD km_status km_known_identities(km_known *k, km_sv account, const km_sv *identities,
					   size_t n, km_err *err);

/* Views live during the call. */
typedef struct {
	void *ctx;
	void (*lease)(void *ctx, km_sv ip, km_sv account, km_time until);
	void (*identities)(void *ctx, km_sv account, const km_sv *identities, size_t n);
} km_known_reader;

/* All of it; leases that are over at @now are forgotten first. */
KM_NODISCARD km_status km_known_read(km_known *k, km_time now, const km_known_reader *r,
				     km_err *err);

/* Brings the file of @dir to the disk, also while it is written, from another thread. */
KM_NODISCARD km_status km_known_flush(const char *dir, km_err *err);

#endif
