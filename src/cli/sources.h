/*
 * cli/sources.h - the messages behind the operands of a command, one after the other, in order:
 *   a file            one message, or, as an mbox, one for each "From " line;
 *   a folder          every file in it and below, sorted bytewise; hidden names, links to folders
 *                     and what is no regular file are passed over;
 *   a Maildir         cur and new (never tmp), and the Maildirs below it (".Sent", "Sent");
 *   "-"               standard input, read like a file.
 * Nothing is copied: messages are views into the mapped file, which lives until the last message
 * of it was given back.
 */
#ifndef KM_CLI_SOURCES_H
#define KM_CLI_SOURCES_H

#include "base/err.h"

typedef struct km_sources km_sources;
typedef struct km_source_file km_source_file;

typedef struct {
	char *name; /* the operand as given, "FOLDER/FILE", or with ":N" for message N of an mbox */
	km_sv bytes; /* with the mbox "From " line */
	km_err err;  /* st is not KM_OK when there is nothing to read */
	km_source_file *file;
} km_source;

/* @operands must outlive it. NULL when out of memory. */
km_sources *km_sources_new(char *const *operands, size_t n);
void km_sources_free(km_sources *s);

/* The next message or error; false at the end. Call from one thread at a time. */
bool km_sources_next(km_sources *s, km_source *out);
/* Gives the bytes back, and keeps the name; from any thread. */
void km_source_close(km_source *m);
/* Gives all of it back. */
void km_source_done(km_source *m);

/* Bytes of all regular files behind @operands, without opening one; 0 when not to be known. */
uint64_t km_sources_bytes(char *const *operands, size_t n);

#endif
