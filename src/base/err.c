#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>

static const struct {
	const char *name;
	int sysexit;
} table[] = {
	[KM_OK] = { "ok", EX_OK },
	[KM_NOTFOUND] = { "not found", EX_NOINPUT },
	[KM_TEMPFAIL] = { "temporary failure", EX_TEMPFAIL },
	[KM_SYNTAX] = { "syntax", EX_DATAERR },
	[KM_LIMIT] = { "limit", EX_DATAERR },
	[KM_CONFIG] = { "configuration", EX_CONFIG },
	[KM_NOMEM] = { "out of memory", EX_OSERR },
	[KM_IO] = { "input/output", EX_IOERR },
	[KM_BUG] = { "bug", EX_SOFTWARE },
};

km_status km_err_set(km_err *err, km_status st, const char *where, const char *fmt, ...)
{
	va_list ap;

	if (err == NULL || err->st != KM_OK)
		return st;
	err->st = st;
	err->where = where;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return st;
}

const char *km_status_name(km_status st)
{
	return (unsigned)st < KM_COUNT(table) ? table[st].name : "unknown";
}

int km_status_sysexit(km_status st)
{
	return (unsigned)st < KM_COUNT(table) ? table[st].sysexit : EX_SOFTWARE;
}
