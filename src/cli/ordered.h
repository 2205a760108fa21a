/*
 * cli/ordered.h - the same work on many things, by several threads, with the results in order.
 */
#ifndef KM_CLI_ORDERED_H
#define KM_CLI_ORDERED_H

#include "base/err.h"

typedef struct {
	size_t job_size; /* bytes of a job, zeroed before next() */
	/* Fills in the next job; false when there is none. One call at a time, in any thread. */
	bool (*next)(void *ctx, void *job);
	/* Does it. Several at a time; @worker is 0..workers-1, one call at a time for each. */
	void (*work)(void *ctx, unsigned worker, void *job);
	/* Uses the result and frees what the job holds; in order, in the calling thread.
	 * False: no further jobs are begun (those that were come here still). */
	bool (*done)(void *ctx, void *job);
} km_ordered_ops;

/*
 * Runs until next() says no. The first @alone jobs are done in the calling thread, so that a few
 * jobs cost no threads; with @workers of 1 all are. When a thread can not be made it goes on with
 * those that could. KM_NOMEM when out of memory.
 */
KM_NODISCARD km_status km_ordered_run(const km_ordered_ops *ops, void *ctx, unsigned workers,
				      size_t alone, km_err *err);

#endif
