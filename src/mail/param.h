/*
 * mail/param.h - Content-Type and Content-Disposition: value and parameters (RFC 2045 section 5,
 * RFC 2231) with continuations joined before decoding, and every spelling of a repeated parameter.
 */
#ifndef KM_MAIL_PARAM_H
#define KM_MAIL_PARAM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

typedef struct {
	km_sv name;    /* lower case, without * and section numbers */
	km_sv value;   /* decoded to UTF-8 */
	km_sv raw;     /* as written (first segment) */
	bool extended; /* name*=… or name*0=… */
	bool encword;  /* had an encoded-word inside, which RFC 2047 forbids */
	bool bad;      /* had to be forgiven: no quotes around specials, no value, bad % */
} km_param;

typedef struct {
	km_sv value;	   /* "text/plain", "attachment": lower case, without comments and spaces */
	const km_param *p; /* in order; a repeated name is there as often as it was written */
	size_t n;
	bool malformed;
	km_limit_set limits;
} km_params;

KM_NODISCARD km_status km_params_parse(km_arena *a, km_sv raw, km_params *out);
/* The value to use: extended form first, then the first one written; empty when absent. */
km_sv km_params_get(const km_params *ps, km_sv name);
/* True when @name occurs with different values. */
bool km_params_conflict(const km_params *ps, km_sv name);

#endif
