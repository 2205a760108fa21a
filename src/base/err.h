/*
 * base/err.h - status and error text.
 * A status says whether the work could be done, and so how the MTA is answered. What a protocol
 * found (spf=fail) is a result, never an error.
 */
#ifndef KM_BASE_ERR_H
#define KM_BASE_ERR_H

#include "base/sv.h"

typedef enum {
	KM_OK = 0,
	KM_NOTFOUND, /* nothing there, or not yet */
	KM_TEMPFAIL, /* try again later */
	KM_SYNTAX,   /* the input does not follow its grammar */
	KM_LIMIT,    /* a bound of base/limits.h was met */
	KM_CONFIG,   /* the operator's setting is wrong */
	KM_NOMEM,
	KM_IO, /* the operating system refused; errno was put into the message */
	KM_BUG
} km_status;

/* May be NULL wherever it is asked for. Keeps the first (deepest) message. */
typedef struct {
	km_status st;
	const char *where; /* function name, static */
	char msg[240];
} km_err;

/* Records the message and yields @st, so that callers can `return KM_FAIL(err, KM_LIMIT, "…", …)`.
 */
#define KM_FAIL(err, st, ...) km_err_set((err), (st), __func__, __VA_ARGS__)

km_status km_err_set(km_err *err, km_status st, const char *where, const char *fmt, ...)
	KM_PRINTF(4, 5);

/* "limit", "syntax", …: for messages and JSON. Static storage. */
const char *km_status_name(km_status st);

/* The sysexits(3) code with which a command ends on @st: EX_OK, EX_DATAERR, EX_TEMPFAIL, … */
int km_status_sysexit(km_status st);

#endif
