/*
 * outbound/identity_sql.h - which addresses an account may use, from a database of the operator's:
 * asked when an account is seen, and again after a few minutes, so that changes need no restart.
 */
#ifndef KM_OUTBOUND_IDENTITY_SQL_H
#define KM_OUTBOUND_IDENTITY_SQL_H

#include "base/clock.h"
#include "outbound/identity.h"

typedef struct km_identity_sql km_identity_sql;

enum {
	KM_IDENTITY_SQL_FRESH_S = 300,	       /* seconds for which an answer holds */
	KM_IDENTITY_SQL_ACCOUNTS = 1024 * 1024 /* answers remembered; past it all are asked anew */
};

/* @path and @query as km_lookup_open(). The query's values are addresses, or @domain. */
KM_NODISCARD km_status km_identity_sql_open(const char *path, const char *query,
					    km_identity_sql **out, km_err *err);
void km_identity_sql_close(km_identity_sql *s);

/*
 * Brings what @account may use up to date in @ids, when the last answer is no longer fresh. An
 * account of which the database knows nothing keeps what is known from elsewhere; when it can not
 * be asked, all stays as it was and @err tells why.
 */
KM_NODISCARD km_status km_identity_sql_refresh(km_identity_sql *s, km_identities *ids,
					       km_sv account, km_time now, km_err *err);

#endif
