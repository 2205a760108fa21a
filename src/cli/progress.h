/*
 * cli/progress.h - one line on standard error for work that takes long: bar, count, rate, time
 * left. Shown only on a terminal, and only after half a second.
 */
#ifndef KM_CLI_PROGRESS_H
#define KM_CLI_PROGRESS_H

#include "base/buf.h"

typedef struct {
	bool on;
	int fd;
	uint64_t start_ns, shown_ns;
	uint64_t bytes_total; /* 0: not known */
	uint64_t bytes, messages;
	bool visible;
} km_progress;

/* @fd: where to show it; nothing is ever written when that is no terminal. */
void km_progress_init(km_progress *p, int fd);
/* One more message of @bytes is done. */
void km_progress_add(km_progress *p, uint64_t bytes);
/* True when it is time to show the line again: about ten times in a second. */
bool km_progress_due(const km_progress *p);
/* Wipes the line, so that other output may follow; it comes back with the next add. */
void km_progress_hide(km_progress *p);

/*
 * The line itself, for a terminal of @columns: " 42% [####......] 1,234 567/s ETA 0:12";
 * without bar and time left when the total is not known.
 */
void km_progress_line(km_buf *b, const km_progress *p, uint64_t elapsed_ns, unsigned columns);

#endif
