/*
 * cli/report.h - verdicts as people read them. What comes from a message is made harmless for the
 * terminal before it is shown.
 */
#ifndef KM_CLI_REPORT_H
#define KM_CLI_REPORT_H

#include "base/buf.h"
#include "engine/scan.h"

typedef struct {
	km_lang lang;
	bool colour;
} km_report;

/* One line: action, points, class, file, the weightiest facts. */
void km_report_line(km_buf *b, const km_report *r, const km_scan *s, const char *file);
/* Everything: for whom, verdict, facts with points and sentences, an explanation for each reader.
 */
void km_report_full(km_buf *b, const km_report *r, const km_scan *s, const char *file);

/* What became of all messages of a run. */
typedef struct {
	uint64_t messages, errors; /* judged; not judged */
	uint64_t actions[KM_ACTIONS], classes[KM_CLASSES];
	double seconds;
} km_tally;

void km_report_tally(km_buf *b, const km_report *r, const km_tally *t);

#endif
