/*
 * daemon/guard_ask.h - asks the daemon's guard over its socket ("guard.sock" in state.dir): one
 * JSON object a line there, one back.
 */
#ifndef KM_DAEMON_GUARD_ASK_H
#define KM_DAEMON_GUARD_ASK_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Sends @ask, which is taken over, and waits for the answer, a few seconds at most. *answer is the
 * caller's. KM_TEMPFAIL when the daemon does not run or does not answer; KM_SYNTAX, with its words,
 * when it refuses.
 */
KM_NODISCARD km_status km_guard_ask(const char *state_dir, json_t *ask, json_t **answer,
				    km_err *err);

/*
 * The same for many lines of text, on one connection. km_guard_line_ask() sends @line, which ends
 * in a line end, and takes the answer to @answer without one. When the guard was restarted
 * meanwhile it connects again, and a line that was not answered is sent again.
 */
typedef struct {
	const char *state_dir;
	int fd; /* -1: not connected */
	km_buf in;
} km_guard_line;

/* KM_TEMPFAIL when the daemon does not run. */
KM_NODISCARD km_status km_guard_line_open(km_guard_line *l, const char *state_dir, km_err *err);
void km_guard_line_close(km_guard_line *l);
/* *answer lives until the next call. */
KM_NODISCARD km_status km_guard_line_ask(km_guard_line *l, km_sv line, km_sv *answer, km_err *err);

#endif
