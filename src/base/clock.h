/*
 * base/clock.h - time. The core is given the time; only drivers (cli, daemon) ask the clock.
 */
#ifndef KM_BASE_CLOCK_H
#define KM_BASE_CLOCK_H

#include "base/err.h"

/* Seconds since 1970-01-01T00:00:00Z; may be negative. */
typedef int64_t km_time;

km_time km_clock_now(void);
/* Milliseconds since 1970, for records and their ids. */
uint64_t km_clock_unix_ms(void);
/* Monotonic nanoseconds, for measuring. */
uint64_t km_clock_mono_ns(void);

/* Proleptic Gregorian calendar to km_time; month 1-12, day 1-31; fields out of range give
 * KM_SYNTAX. */
KM_NODISCARD km_status km_time_from_civil(int64_t year, int month, int day, int hour, int min,
					  int sec, km_time *out);

/* RFC 3339 date-time ("2026-03-02T09:14:05+09:00", "…Z"). */
KM_NODISCARD km_status km_time_parse_rfc3339(km_sv v, km_time *out, km_err *err);

/* "2026-03-02T00:14:05Z"; @out of at least 32 bytes; returns @out. */
char *km_time_format(km_time t, char *out);

#endif
