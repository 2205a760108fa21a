#include "mail/date.h"

#include "test.h"

enum { KNOWN = 1, OBSOLETE = 2, FORGIVEN = 4 };

/* What the dates mean, as RFC 3339 in UTC; NULL where no date can be made out. */
static const struct {
	const char *in, *utc;
	int zone;
	int flags;
} cases[] = {
	/* RFC 5322 section 3.3 and appendix A */
	{ "Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z", -360, KNOWN },
	{ " Tue, 1 Jul 2003 10:52:37 +0200\r\n", "2003-07-01T08:52:37Z", 120, KNOWN },
	{ "1 Jul 2003 10:52 +0200", "2003-07-01T08:52:00Z", 120, KNOWN },
	{ "Thu,\r\n\t13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330", "1969-02-14T03:02:00Z", -210,
	  KNOWN },
	{ "Mon, 2 Mar 2026 09:14:05 +0900 (JST)", "2026-03-02T00:14:05Z", 540, KNOWN },
	{ "Mon, 2 Mar 2026 09:14:05 -0000", "2026-03-02T09:14:05Z", 0, 0 },
	{ "Sat, 31 Dec 2016 23:59:60 +0000", "2017-01-01T00:00:00Z", 0, KNOWN | FORGIVEN },
	/* section 4.3 */
	{ "21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z", 0, KNOWN | OBSOLETE },
	{ "21 Nov 49 09:55:06 UT", "2049-11-21T09:55:06Z", 0, KNOWN | OBSOLETE },
	{ "21 Nov 50 09:55:06 EST", "1950-11-21T14:55:06Z", -300, KNOWN | OBSOLETE },
	{ "Fri, 21 Nov 103 09:55:06 PDT", "2003-11-21T16:55:06Z", -420, KNOWN | OBSOLETE },
	{ "21 Nov 1997 09(comment (nested \\) )):55:06 -0600", "1997-11-21T15:55:06Z", -360,
	  KNOWN | OBSOLETE },
	{ "21 Nov 1997 09:55:06 A", "1997-11-21T09:55:06Z", 0, OBSOLETE },
	{ "21 Nov 1997 09:55:06 Z", "1997-11-21T09:55:06Z", 0, KNOWN | OBSOLETE },
	{ "21 Nov 1997 09:55:06 XYZ", "1997-11-21T09:55:06Z", 0, OBSOLETE },
	/* real errors */
	{ "Mon, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z", -360, KNOWN | FORGIVEN },
	{ "fri, 21 nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z", -360, KNOWN },
	{ "Friday, 21 November 1997 09:55:06 -0600", "1997-11-21T15:55:06Z", -360,
	  KNOWN | FORGIVEN },
	{ "Fri 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z", -360, KNOWN | FORGIVEN },
	{ "Fri, 21 Nov, 1997, 09:55:06, -0600", "1997-11-21T15:55:06Z", -360, KNOWN | FORGIVEN },
	{ "Fri Nov 21 09:55:06 1997", "1997-11-21T09:55:06Z", 0, FORGIVEN },
	{ "Fri Nov 21 09:55:06 JST 1997", "1997-11-21T00:55:06Z", 540,
	  KNOWN | OBSOLETE | FORGIVEN },
	{ "1997-11-21T09:55:06Z", "1997-11-21T09:55:06Z", 0, KNOWN | OBSOLETE | FORGIVEN },
	{ "1997-11-21 09:55:06.123+09:00", "1997-11-21T00:55:06Z", 540, KNOWN | FORGIVEN },
	{ "1997/11/21 9:55 +9", "1997-11-21T00:55:00Z", 540, KNOWN | FORGIVEN },
	{ "21-Nov-97 09:55:06 -0600", "1997-11-21T15:55:06Z", -360, KNOWN | OBSOLETE | FORGIVEN },
	{ "Fri, 21 Nov 1997 9:55:06 PM", "1997-11-21T21:55:06Z", 0, FORGIVEN },
	{ "Fri, 21 Nov 1997 12:55:06 AM +0000", "1997-11-21T00:55:06Z", 0, KNOWN | FORGIVEN },
	{ "Fri, 21 Nov 1997 09:55:06 GMT+0900", "1997-11-21T00:55:06Z", 540,
	  KNOWN | OBSOLETE | FORGIVEN },
	{ "Fri, 21 Nov 1997 09:55:06", "1997-11-21T09:55:06Z", 0, FORGIVEN },
	{ "Fri, 21 Nov 1997", "1997-11-21T00:00:00Z", 0, FORGIVEN },
	{ "Fri, 21 Nov 1997 09:55:06 -0690", "1997-11-21T09:55:06Z", 0, FORGIVEN },
	{ "Fri, 21 Nov 1997 09:55:06 +9900", "1997-11-21T09:55:06Z", 0, FORGIVEN },
	{ "Fri, 21 Nov 1997 09:55:06 +0900 garbage", "1997-11-21T00:55:06Z", 540,
	  KNOWN | FORGIVEN },
	{ "ven., 21 Nov 1997 09:55:06 +0000", "1997-11-21T09:55:06Z", 0, KNOWN | FORGIVEN },
	{ "Fri, 21 Nov 1997 09:55:06 +0900 (unclosed", "1997-11-21T00:55:06Z", 540,
	  KNOWN | FORGIVEN },
	/* no date */
	{ "", NULL, 0, 0 },
	{ "ven., 21 novembre 1997", NULL, 0, 0 },
	{ "Fr, 21 Dez 1997 09:55:06 +0100", NULL, 0, 0 },
	{ "1997\xe5\xb9\xb4 11\xe6\x9c\x88 21\xe6\x97\xa5", NULL, 0, 0 },
	{ "03/04/2003 10:15:00", NULL, 0, 0 },
	{ "Fri, 31 Feb 1997 09:55:06 +0000", NULL, 0, 0 },
	{ "Fri, 21 Nov 1997 25:55:06 +0000", NULL, 0, 0 },
	{ "Fri, 21 Nov 19970 09:55:06 +0000", NULL, 0, 0 },
	{ "99999999999999999999 Nov 1997", NULL, 0, 0 },
	{ "19971121095506", NULL, 0, 0 },
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in));
		char text[32];
		km_date d;
		km_status st = km_date_parse(in, &d);

		if (cases[i].utc == NULL) {
			if (st != KM_SYNTAX)
				fail_msg("%s: read as a date", cases[i].in);
		} else {
			int flags = d.zone_known * KNOWN + d.obsolete * OBSOLETE +
				    d.forgiven * FORGIVEN;
			if (st != KM_OK)
				fail_msg("%s: not read", cases[i].in);
			test_sv_is(km_sv_of(km_time_format(d.t, text)), cases[i].utc, cases[i].in);
			if (d.zone != cases[i].zone || flags != cases[i].flags)
				fail_msg("%s: zone %d, flags %d", cases[i].in, d.zone, flags);
		}
		test_drop(in);
	}
}

/* @v with each blank doubled: the same date, but not as nearly all are written. */
static km_sv spaced(km_sv v, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < v.n; i++) {
		out[n++] = v.p[i];
		if (v.p[i] == ' ')
			out[n++] = ' ';
	}
	return (km_sv){ out, n };
}

/* Usual dates are read by their places: with any byte changed, or cut, they must be what they are
 * as tokens. */
static void test_usual(void **state)
{
	static const char *const usual[] = { "Mon, 2 Mar 2026 09:14:05 +0900 (JST)",
					     "Sat, 31 Dec 2016 23:59:60 -0000",
					     "thu, 01 jan 1970 00:00:00 +0000",
					     "27 Mar 2002 05:38:00 GMT (UTC)",
					     "Mon,\t2 Mar 2026 09:14:05 +0900" };
	static const char bytes[] = " 09aZ(),:;+-\\\n\r\x80";

	(void)state;
	for (size_t i = 0; i < KM_COUNT(usual); i++)
		for (size_t at = 0; usual[i][at]; at++)
			for (size_t b = 0; b < sizeof(bytes); b++) {
				char text[64], twice[128];
				km_date d, same;
				size_t n = bytes[b] ? strlen(usual[i]) : at; /* NUL: cut there */
				memcpy(text, usual[i], n);
				text[at] = bytes[b];
				km_sv in = test_exact(text, n);
				km_status st = km_date_parse(in, &d);
				assert_int_equal(km_date_parse(spaced(in, twice), &same), st);
				test_drop(in);
				if (st != KM_OK)
					continue;
				if (d.t != same.t || d.zone != same.zone ||
				    d.zone_known != same.zone_known ||
				    d.obsolete != same.obsolete || d.forgiven != same.forgiven)
					fail_msg("%.*s", (int)n, text);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table),
					    cmocka_unit_test(test_usual) };
	return cmocka_run_group_tests_name("mail/date", tests, NULL, NULL);
}
