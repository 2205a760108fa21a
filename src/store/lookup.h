/*
 * store/lookup.h - a database of the operator's (SQLite), asked about one name with the operator's
 * own query: "SELECT address FROM alias WHERE login = ?". The name is only ever a bound parameter;
 * the file is never written.
 */
#ifndef KM_STORE_LOOKUP_H
#define KM_STORE_LOOKUP_H

#include "base/err.h"

typedef struct km_lookup km_lookup;

enum { KM_LOOKUP_ROWS = 1000 };

/*
 * KM_CONFIG, with the reason, for a query that is not one statement that reads, with one parameter
 * and at least one column.
 */
KM_NODISCARD km_status km_lookup_open(const char *path, const char *query, km_lookup **out,
				      km_err *err);
void km_lookup_close(km_lookup *l);

/* Called for each value found (all columns of all rows, but for NULL and empty ones). */
typedef void km_lookup_each(void *ctx, km_sv value);

/* KM_LIMIT past KM_LOOKUP_ROWS, or when the query takes too many steps. */
KM_NODISCARD km_status km_lookup_find(km_lookup *l, km_sv name, km_lookup_each *each, void *ctx,
				      km_err *err);

#endif
