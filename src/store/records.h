/*
 * store/records.h - records of what was judged. One row per message; written only by the keeper,
 * read by `komainu log` and the console.
 * The interface is a small vtable so that PostgreSQL can stand behind it; SQLite is built in.
 */
#ifndef KM_STORE_RECORDS_H
#define KM_STORE_RECORDS_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

/* One judged message. Views; UTF-8 throughout (the writer sanitises). */
typedef struct {
	km_sv id;     /* ULID, primary key; a second record with the same id is ignored */
	int64_t t_ms; /* milliseconds since 1970 */
	km_sv via;    /* "milter", "http" */
	km_sv queue_id;
	km_sv client; /* IP address */
	km_sv helo;
	km_sv user; /* SASL login */
	km_sv mail_from;
	km_sv rcpts; /* addresses separated by one space; at most 4 KiB */
	uint64_t n_rcpts;
	km_sv from; /* first address of the From field */
	km_sv subject;
	km_sv message_id;
	km_sv digest;  /* SHA-256 of the message as received, 64 hexadecimal digits */
	uint64_t size; /* bytes */
	km_sv action, class, category;
	double score, probability;
	km_sv facts; /* JSON array as in the verdict */
	uint64_t duration_us;
} km_record;

typedef struct {
	km_sv address; /* sender, From or a recipient contains it (case-blind); empty: any */
	km_sv id;      /* id or queue id, exactly */
	km_sv action;  /* name */
	km_sv user;    /* SASL login, exactly */
	int64_t since_ms, until_ms; /* 0: open */
	int64_t after_row;	    /* only rows after this one, for --follow */
	size_t limit;		    /* newest first when 0 < limit; 0: all, oldest first */
} km_record_filter;

typedef struct km_records km_records;

/* Called for each record found; return false to stop. Views live during the call. */
typedef bool km_record_each(void *ctx, int64_t row, const km_record *r);

/*
 * Opens or makes the database in @dir ("records.db"; WAL, synchronous=FULL) for the one writer.
 * KM_IO with the reason and what to do (no folder, no right, disk full), KM_SYNTAX for a damaged
 * file, as in all functions here.
 */
KM_NODISCARD km_status km_records_open(const char *dir, km_records **out, km_err *err);
/* Read-only, also while the keeper writes. */
KM_NODISCARD km_status km_records_open_reader(const char *dir, km_records **out, km_err *err);
void km_records_close(km_records *r);
/*
 * Moves a damaged database that nobody writes any more out of the way, to records.db.broken-TIME in
 * the same folder, so that a new one can be begun. Nothing is deleted. @name (of at least 64 bytes)
 * tells the new name.
 */
KM_NODISCARD km_status km_records_set_aside(const char *dir, char *name, size_t max, km_err *err);

/* Writes all in one transaction: when it returns KM_OK they are on disk, else none is. */
KM_NODISCARD km_status km_records_put(km_records *r, const km_record *rows, size_t n, km_err *err);
KM_NODISCARD km_status km_records_find(km_records *r, const km_record_filter *f,
				       km_record_each *each, void *ctx, km_err *err);
/* Deletes records older than @before_ms, at most @max of them; *deleted tells how many. */
KM_NODISCARD km_status km_records_expire(km_records *r, int64_t before_ms, size_t max,
					 size_t *deleted, km_err *err);

#endif
