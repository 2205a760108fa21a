/*
 * daemon/hook.h - runs a program of the operator's on an entry: no shell, an environment of
 * a few words, JSON on its standard input, a bounded time.
 */
#ifndef KM_DAEMON_HOOK_H
#define KM_DAEMON_HOOK_H

#include <uv.h>

#include "base/err.h"

typedef struct {
	const char *const *args; /* the program's path and its arguments */
	size_t n_args;
	const char *const *env; /* "NAME=value", added to PATH and LC_ALL */
	size_t n_env;
	km_sv input; /* copied */
	uint64_t timeout_ms;
} km_hook;

enum { KM_HOOK_ARGS = 64, KM_HOOK_ENV = 16 };

/* @err: KM_OK when it ended with status 0; else why not. */
typedef void km_hook_done(void *ctx, const km_err *err);

/*
 * Starts it; @done is called once, from the loop, when it has ended or, past its time, was killed
 * with all that it started. When it can not be started: the reason, and @done is not called.
 */
KM_NODISCARD km_status km_hook_start(uv_loop_t *loop, const km_hook *h, km_hook_done *done,
				     void *ctx, km_err *err);

#endif
