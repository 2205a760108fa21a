/* A date written out as RFC 5322 and as RFC 3339 has it is the same moment. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mail/date.h"

static void check_again(const km_date *d, const char *text)
{
	km_date again;

	if (km_date_parse(km_sv_of(text), &again) != KM_OK || again.t != d->t ||
	    again.zone != d->zone)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_date d;
	char text[64], zoned[80];
	struct tm tm;

	if (km_date_parse((km_sv){ (const char *)data, size }, &d) != KM_OK)
		return 0;
	if (d.zone <= -24 * 60 || d.zone >= 24 * 60 || (d.zone != 0 && !d.zone_known))
		abort();
	time_t local = (time_t)(d.t + d.zone * 60);
	if (gmtime_r(&local, &tm) == NULL || tm.tm_year < -900 || tm.tm_year > 8099)
		return 0;
	if (strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S", &tm) == 0)
		abort();
	int minutes = abs(d.zone);
	(void)snprintf(zoned, sizeof(zoned), "%s %c%02d%02d", text, d.zone < 0 ? '-' : '+',
		       minutes / 60, minutes % 60);
	check_again(&d, zoned);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(zoned, sizeof(zoned), "%s%c%02d:%02d", text, d.zone < 0 ? '-' : '+',
		       minutes / 60, minutes % 60);
	check_again(&d, zoned);
	return 0;
}
