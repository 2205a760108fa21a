/*
 * daemon/learner.h - the scanner's end of the line to the keeper for learning: what messages teach
 * goes out, and whoever asked hears when it is on disk and in force. What was asked but not
 * answered is asked again of the next keeper; a lesson that comes twice is learned once.
 */
#ifndef KM_DAEMON_LEARNER_H
#define KM_DAEMON_LEARNER_H

#include "daemon/job.h"
#include "daemon/learnwire.h"

enum {
	KM_LEARN_DEADLINE_MS = 10 * 1000,
	KM_LEARN_LONG_MS = 30 * 60 * 1000 /* for what makes the model anew */
};

typedef struct km_learner km_learner;

/* KM_TEMPFAIL when no answer came in time. @answer lives during the call. */
typedef void km_learner_done(void *ctx, const km_learn_answer *answer);

km_learner *km_learner_new(uv_loop_t *loop, km_shared *shared);
/* Closes the line; free once the loop has run out. @l may be NULL for both. */
void km_learner_stop(km_learner *l);
void km_learner_free(km_learner *l);
/* A new keeper; takes @fd over. */
void km_learner_link(km_learner *l, int fd);

/* KM_TEMPFAIL (and no call of @done) when too much is waiting already. */
KM_NODISCARD km_status km_learner_ask(km_learner *l, km_learn_verb verb, km_sv body,
				      uint64_t deadline_ms, km_learner_done *done, void *ctx);
/* @ctx went away: it will not be called. */
void km_learner_forget(km_learner *l, const void *ctx);

/* A message that teaches, in job.learning: kind, t_ms, reporter and scope of the report are given.
 */
typedef struct km_learning {
	km_row report;
	bool asked, answered;
	km_learn_answer answer; /* text in the job's arena */
} km_learning;

/*
 * Begins the report of what env->user says that a message is. Its mail is that of the recipients,
 * else his own. False when a name is too long.
 */
KM_NODISCARD bool km_learning_begin(km_learning *g, km_row_kind kind, const km_envelope *env);
/* How the job ended: KM_OK, or why nothing was learned, in words of the job's arena. */
km_status km_learning_end(const km_task *t, km_sv *why);

/* The plan of such jobs (daemon/job.h). */
extern km_plan km_learner_plan;

#endif
