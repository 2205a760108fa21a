/*
 * daemon/learnwire.h - what scanner and keeper say to each other about learning (frames of
 * net/frame.h), on a line of its own.
 *   ASK id, verb, body       scanner: do this
 *   ANSWER id, status, how, seq, weight, text   keeper: done, durable and in force; or why not
 */
#ifndef KM_DAEMON_LEARNWIRE_H
#define KM_DAEMON_LEARNWIRE_H

#include "learn/trainer.h"

enum { KM_LEARNWIRE_ASK = 32, KM_LEARNWIRE_ANSWER = 33 };

typedef enum {
	KM_LEARN_TEACH = 1, /* body: a row (learn/row.h) */
	KM_LEARN_STATUS,    /* body: none */
	KM_LEARN_SNAPSHOT,  /* body: a name */
	KM_LEARN_ROLLBACK,  /* body: a name */
	KM_LEARN_REPLAY,    /* body: none */
	KM_LEARN_IMPORT,    /* body: rows, one after the other */
	KM_LEARN_COMPACT,   /* body: none, or "all" */
	KM_LEARN_VERBS
} km_learn_verb;

typedef struct {
	uint64_t id;
	km_learn_verb verb;
	km_sv body;
} km_learn_ask;

typedef struct {
	uint64_t id;
	km_status st;
	km_taught taught; /* of KM_LEARN_TEACH */
	km_sv text;	  /* why not; of the other verbs, when done, a JSON object */
} km_learn_answer;

void km_learnwire_put_ask(km_buf *out, const km_learn_ask *a);
/* Views point into @body. False when it is not of this form. */
KM_NODISCARD bool km_learnwire_get_ask(km_sv body, km_learn_ask *a);

void km_learnwire_put_answer(km_buf *out, const km_learn_answer *a);
KM_NODISCARD bool km_learnwire_get_answer(km_sv body, km_learn_answer *a);

#endif
