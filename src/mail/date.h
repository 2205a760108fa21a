/*
 * mail/date.h - date-time of RFC 5322 section 3.3 with the obsolete forms (4.3) and real errors.
 */
#ifndef KM_MAIL_DATE_H
#define KM_MAIL_DATE_H

#include "base/clock.h"

typedef struct {
	km_time t;
	int zone;	 /* minutes east of UTC */
	bool zone_known; /* false for -0000, "Z"-less and unknown names */
	bool obsolete;	 /* two-digit year, named zone, comments inside */
	bool forgiven;	 /* outside the grammar but unmistakable (wrong weekday, asctime order, ISO
			    8601 …) */
} km_date;

/* KM_SYNTAX when no date can be made out. Comments and folds are allowed. */
KM_NODISCARD km_status km_date_parse(km_sv raw, km_date *out);

#endif
