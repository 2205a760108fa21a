/*
 * net/turn.h - what is left to the end of a turn of the event loop, that is until it has done all
 * that was due and is about to wait. Answers gathered so go out together: their reader is woken
 * once, and what a role tells another takes one system call.
 */
#ifndef KM_NET_TURN_H
#define KM_NET_TURN_H

#include <uv.h>

#include "base/err.h"

/* Something to be done at the end of the turn; a member of what does it. Zero: not due. */
typedef struct km_due {
	struct km_due *next, *prev;
	void (*run)(void *ctx); /* both are set before the first km_turn_add() */
	void *ctx;
} km_due;

/*
 * What is due at a loop. Those of KM_DUE_OURS come first: what we tell our own roles (a record for
 * the keeper, say) is on its way before an answer that rests on it.
 */
typedef enum { KM_DUE_OURS, KM_DUE_CLIENTS, KM_DUES } km_due_kind;

typedef struct {
	uv_prepare_t prepare;
	km_due due[KM_DUES]; /* heads of rings */
	uint64_t since_ns;   /* when the first became due; 0: none is */
} km_turn;

/* Turns of @loop are minded from now on: loop->data is @turn, and @turn lives as long as @loop. */
void km_turn_begin(km_turn *turn, uv_loop_t *loop);

/* Has @due run at the end of this turn of @loop, once; at once where turns are not minded. */
void km_turn_add(uv_loop_t *loop, km_due_kind kind, km_due *due);
/* @due is gone, or was done. */
void km_turn_drop(km_due *due);

/* Ends it now. */
void km_turn_end(uv_loop_t *loop);
/* The same before work that takes its time, so that nobody waits for it who need not: when
 * @long_work, or when the first has waited for KM_TURN_NS. */
void km_turn_before(uv_loop_t *loop, bool long_work);

enum { KM_TURN_NS = 1000000 };

#endif
