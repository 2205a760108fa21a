#include "base/clock.h"

#include <stdio.h>
#include <time.h>

km_time km_clock_now(void)
{
	return (km_time)time(NULL);
}

uint64_t km_clock_unix_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

uint64_t km_clock_mono_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Days from 1970-01-01: years counted from 1 March, so that the leap day is a year's last. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

km_status km_time_from_civil(int64_t year, int month, int day, int hour, int min, int sec,
			     km_time *out)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (year < 0 || year > 9999 || month < 1 || month > 12 || day < 1)
		return KM_SYNTAX;
	if (day > days[month - 1] + (month == 2 && is_leap(year)))
		return KM_SYNTAX;
	if (hour < 0 || hour > 23 || min < 0 || min > 59 || sec < 0 || sec > 60)
		return KM_SYNTAX;
	*out = days_from_civil(year, month, day) * 86400 + hour * 3600 + min * 60 + sec;
	return KM_OK;
}

/* Takes @n digits off @v. */
static bool digits(km_sv *v, size_t n, int *out)
{
	uint64_t x;

	if (v->n < n || !km_sv_u64(km_sv_sub(*v, 0, n), &x))
		return false;
	*out = (int)x;
	*v = km_sv_from(*v, n);
	return true;
}

static bool literal(km_sv *v, const char *any)
{
	if (v->n == 0 || strchr(any, v->p[0]) == NULL || v->p[0] == '\0')
		return false;
	*v = km_sv_from(*v, 1);
	return true;
}

/* "Z" or "+09:00"; *offset in seconds east. */
static bool zone(km_sv *v, int *offset)
{
	int sign, h, m;

	*offset = 0;
	if (literal(v, "Zz"))
		return v->n == 0;
	sign = v->n && v->p[0] == '-' ? -1 : 1;
	if (!literal(v, "+-") || !digits(v, 2, &h) || !literal(v, ":") || !digits(v, 2, &m) ||
	    m > 59)
		return false;
	*offset = sign * (h * 3600 + m * 60);
	return v->n == 0;
}

km_status km_time_parse_rfc3339(km_sv v, km_time *out, km_err *err)
{
	km_sv rest = v;
	int y, mo, d, h, mi, s, east;

	bool ok = digits(&rest, 4, &y) && literal(&rest, "-") && digits(&rest, 2, &mo) &&
		  literal(&rest, "-") && digits(&rest, 2, &d) && literal(&rest, "Tt ") &&
		  digits(&rest, 2, &h) && literal(&rest, ":") && digits(&rest, 2, &mi) &&
		  literal(&rest, ":") && digits(&rest, 2, &s);
	if (ok && literal(&rest, "."))
		while (rest.n && km_is_digit((unsigned char)rest.p[0]))
			rest = km_sv_from(rest, 1);
	if (!ok || !zone(&rest, &east) || km_time_from_civil(y, mo, d, h, mi, s, out) != KM_OK)
		return KM_FAIL(err, KM_SYNTAX,
			       "\"%.*s\" is not a time; write it like 2026-03-02T09:14:05+09:00",
			       KM_FMT(v));
	*out -= east;
	return KM_OK;
}

char *km_time_format(km_time t, char *out)
{
	struct tm tm;
	time_t tt = (time_t)t;

	if (gmtime_r(&tt, &tm) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		(void)snprintf(out, 32, "%lld", (long long)t);
	return out;
}
