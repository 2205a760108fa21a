/*
 * content/table.h - our tables of words and names (data/NAME.csv): UTF-8, "#" begins a line of
 * remarks, the first other line names the columns, fields may stand in quotes (RFC 4180), none
 * spans lines.
 */
#ifndef KM_CONTENT_TABLE_H
#define KM_CONTENT_TABLE_H

#include "base/arena.h"
#include "base/err.h"

enum { KM_TABLE_COLUMNS = 16, KM_TABLE_BYTES = 16 << 20 };

typedef struct {
	const char *name; /* for messages */
	size_t line;	  /* of the row, from 1 */
	km_sv field[KM_TABLE_COLUMNS];
	/* at work */
	km_arena *arena;
	km_sv rest;
	const char *const *columns;
	size_t n_columns;
	bool begun;
} km_table;

/* @columns are the names that the table must have, in order. All must outlive the table. */
void km_table_open(km_table *t, km_arena *a, km_sv text, const char *name,
		   const char *const *columns, size_t n_columns);
/* The next row; KM_NOTFOUND at the end; KM_CONFIG with file, line and reason. */
KM_NODISCARD km_status km_table_next(km_table *t, km_err *err);

/* Takes the next of the parts that @sep divides off *list, without the space around them; parts
 * that are empty are passed over. False at the end. */
bool km_table_part(km_sv *list, char sep, km_sv *part);

#endif
