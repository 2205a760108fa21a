/*
 * content/archives.h - what is in an archive, by libarchive: zip, 7z, rar, lzh, tar, iso,
 * and what is packed alone by gzip, bzip2, xz, zstd, compress, lzip. No data is unpacked but what
 * listing needs and what is asked for, within the bounds of base/limits.h.
 */
#ifndef KM_CONTENT_ARCHIVES_H
#define KM_CONTENT_ARCHIVES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

typedef struct {
	km_sv name;    /* with its folders; UTF-8 (names that are not are read as CP932) */
	uint64_t size; /* unpacked, as declared; 0 when it is not known */
	bool encrypted;
	bool folder;
	bool escapes; /* its path leads out of the folder that it is unpacked into */
	km_sv bytes;  /* its data as far as it was asked for and could be had */
} km_archive_entry;

typedef struct {
	const km_archive_entry *entry;
	size_t n;
	uint64_t size;	  /* all entries, unpacked, as declared */
	bool encrypted;	  /* entries are, or not even their names can be read */
	bool damaged;	  /* ended with an error; entries are those before it */
	bool compression; /* no archive, but one file that was made smaller: *.gz, *.xz */
	km_limit_set limits;
} km_archive;

/* What the reader may still unpack of one message, and whose data is wanted. */
typedef struct {
	size_t left; /* bytes; begins as KM_MAX_UNPACKED_BYTES */
	bool (*wants)(km_sv name);
} km_archive_budget;

/*
 * To be called once before the process is confined: names need tables of the C library. Any number
 * of times; where the tables are missing, letters beyond ASCII are.
 */
void km_archive_prepare(void);

/* KM_NOTFOUND: no archive; KM_LIMIT: the arena is full. Lives in @a. */
KM_NODISCARD km_status km_archive_read(km_arena *a, km_sv bytes, km_archive_budget *budget,
				       km_archive *out);

/* A name in UTF-8, which it is or else in @charset; kept in @a. */
km_sv km_archive_name(km_arena *a, km_sv name, km_sv charset);
/* True for a path that leads out of the folder that it is unpacked into. */
bool km_archive_name_escapes(km_sv name);

/* So much out of so little is there to fill disks. */
bool km_archive_is_bomb(const km_archive *x, size_t packed);

#endif
