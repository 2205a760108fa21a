/*
 * daemon/guard_ask.h - asks the daemon's guard over its socket ("guard.sock" in state.dir): one
 * JSON object a line there, one back.
 */
#ifndef KM_DAEMON_GUARD_ASK_H
#define KM_DAEMON_GUARD_ASK_H

#include <jansson.h>

#include "base/err.h"

/*
 * Sends @ask, which is taken over, and waits for the answer, a few seconds at most. *answer is the
 * caller's. KM_TEMPFAIL when the daemon does not run or does not answer; KM_SYNTAX, with its words,
 * when it refuses.
 */
KM_NODISCARD km_status km_guard_ask(const char *state_dir, json_t *ask, json_t **answer,
				    km_err *err);

#endif
