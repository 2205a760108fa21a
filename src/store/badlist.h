/*
 * store/badlist.h - a list of known-bad things as one file: hashed, checksummed, memory-mapped,
 * never changed once it is there. Look-ups take two or three accesses to memory, however long the
 * list; a new list replaces the file as a whole. What the keys look like is the caller's business.
 * An open list may be used by any thread.
 */
#ifndef KM_STORE_BADLIST_H
#define KM_STORE_BADLIST_H

#include "base/err.h"

/* What an entry names; also the letter in the file. */
typedef enum {
	KM_BAD_URL = 'u',     /* one page */
	KM_BAD_HOST = 'h',    /* a host and all below it */
	KM_BAD_SITE = 's',    /* the host of a listed page */
	KM_BAD_DOMAIN = 'd',  /* a domain with several hosts of listed pages */
	KM_BAD_ADDRESS = 'a', /* a mail address, or "@domain" */
	KM_BAD_HASH = 'x'     /* SHA-256 of a file, in hexadecimal */
} km_bad_kind;

typedef struct {
	uint32_t day; /* since 1970 when it was reported; 0: not known */
	km_sv note;   /* as the list has it: the brand imitated …; in the mapping */
} km_bad_entry;

typedef struct {
	uint64_t rows;	  /* entries of the source */
	uint64_t shared;  /* of those, kept out since many share the place */
	uint64_t entries; /* all kinds together */
	uint64_t hashes;  /* of those, KM_BAD_HASH */
	int64_t imported; /* unix time */
} km_badlist_info;

typedef struct km_badlist km_badlist;

/* Maps @path and checks it as a whole. KM_NOTFOUND, KM_IO; KM_SYNTAX when it is no such file or
 * damaged. */
KM_NODISCARD km_status km_badlist_open(const char *path, km_badlist **out, km_err *err);
void km_badlist_close(km_badlist *l);
const km_badlist_info *km_badlist_about(const km_badlist *l);

/* True when @key is on the list as @kind; *out (may be NULL) lives as long as the list. */
bool km_badlist_find(const km_badlist *l, km_bad_kind kind, km_sv key, km_bad_entry *out);

typedef struct km_badlist_writer km_badlist_writer;

km_badlist_writer *km_badlist_writer_new(void);
void km_badlist_writer_free(km_badlist_writer *w);
/* Of entries with the same kind and key the newest stays. KM_LIMIT past 4 GiB; KM_NOMEM. */
KM_NODISCARD km_status km_badlist_add(km_badlist_writer *w, km_bad_kind kind, km_sv key,
				      uint32_t day, km_sv note, km_err *err);
/*
 * Replaces @path, so that at any time either the old or the new list is there. info->entries and
 * hashes are set.
 */
KM_NODISCARD km_status km_badlist_write(km_badlist_writer *w, const char *path,
					km_badlist_info *info, km_err *err);

#endif
