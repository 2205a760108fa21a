/*
 * daemon/job.h - one message inside a scanner: envelope and bytes in, verdict and record out. All
 * front ends come through here, so all judge, count and record alike.
 *
 *	c->task = km_job_start(shop, &job, km_job_plan, on_judged, c);
 *	… and in on_judged(c, task):
 *	c->task = NULL; km_job_record(task, …); km_job_answer(task, …);
 *	… and should the client go away before: km_job_cancel(c->task);
 *
 * A job goes through the stages of its plan (km_job_plan: judging). Most do all their stages before
 * km_job_start() returns. A stage that has to wait - for DNS, for the signer - returns KM_NOTFOUND;
 * other messages go on, and whoever brings what it waits for calls km_job_resume(). Every message
 *in hand has its own arena. While a stage or the callback is at work, and only then, its message is
 * blamed should the scanner die (daemon/shared.h).
 *
 * What comes between verdict and reply (signing, say) is one more stage in km_job_plan; what is
 *done with a message other than judging it (learning) is a plan of its own, whose results its
 *stages put where ctx says.
 */
#ifndef KM_DAEMON_JOB_H
#define KM_DAEMON_JOB_H

#include "daemon/recorder.h"
#include "daemon/role.h"
#include "engine/answers.h"
#include "engine/dnsbl_health.h"
#include "engine/scan.h"
#include "front/milter/session.h"

typedef struct km_task km_task;

/* Arenas that a scanner keeps for the next messages; each holds up to 1 MB meanwhile. */
enum { KM_SHOP_SPARES = 8 };

/* What a scanner has at hand for every message. */
typedef struct {
	km_role *role;
	km_recorder *recorder;
	struct km_signing *signing;
	struct km_outgoing *outgoing;
	struct km_virus *virus; /* NULL: none is asked */
	struct km_learner *learner;
	km_kit kit;
	km_answers answers;
	km_dnsbl_health dnsbl; /* of kit.dnsbl */
	km_lang lang;
	bool accept_on_error;
	size_t max_message;
	size_t max_waiting; /* bytes of messages that wait for DNS, together */
	size_t trusted_hops;
	/* job.c's own */
	size_t waiting;
	km_arena *spare[KM_SHOP_SPARES];
	size_t n_spare;
	km_task *ready, *last_ready; /* to be gone on with, in order */
	bool running;
	km_resolver_counts counted;
} km_shop;

/*
 * A step of a plan: KM_OK to go on with the next one, KM_NOTFOUND to wait for km_job_resume(), else
 * the job has failed and err->msg says why. Called again after each resume until it does not wait.
 */
typedef km_status km_stage(km_task *t, km_err *err);
/* Stages in order, ended by NULL. */
typedef km_stage *const km_plan[];

typedef struct {
	const char *via;      /* "milter", "http" */
	km_envelope env;      /* timings are the driver's business */
	size_t rcpts_dropped; /* recipients that are not in `env` */
	km_sv message;
	size_t dropped;		      /* bytes that were over the limit and are not in `message` */
	km_status spool;	      /* KM_OK, or why the message is not whole */
	bool signs;		      /* the client can add signatures to the message */
	uint16_t port;		      /* of the client; 0: unknown */
	km_sv certificate;	      /* subject of the client's, where it was verified */
	struct km_learning *learning; /* of jobs that teach (daemon/learner.h) */
} km_job;

typedef struct {
	km_status st;	    /* KM_OK: judged or held; else it could not be judged */
	char why[240];	    /* when st is not KM_OK */
	uint8_t digest[32]; /* SHA-256 of the message */
	bool held;	    /* not parsed: scanners died of it (action is quarantine) */
	char id[27];	    /* ULID */
	km_action action;
	km_scan *scan; /* NULL when held or failed */
	uint64_t us;   /* from start to end, waiting included */
	/* Signatures, to be put on top in this order (daemon/signing.h). */
	km_milter_field *fields;
	size_t n_fields;
	km_sv reply; /* for the MTA, when it was not the content that decided */
} km_judged;

/* The job is at its end: makes reply and record. @t and all it points to live until it returns. */
typedef void km_job_done(void *ctx, km_task *t);

/* A job in hand. For stages and km_job_done; front ends hold no more than the pointer. */
struct km_task {
	km_shop *shop;
	km_job job;
	km_judged judged;
	km_arena *arena; /* NULL only when there was no memory for it: then judged.st says so */
	km_dns_asking asking;
	size_t held; /* of shop->waiting */
	/* Set by a stage that waits: the job is cancelled, nobody may resume it any more. */
	void (*forget)(km_task *t);
	struct km_task_signing *signing;
	struct km_task_outgoing *outgoing;
	struct km_task_virus *virus;
	/* job.c's own */
	km_stage *const *next;
	km_job_done *done;
	void *ctx;
	uint64_t begun_ns;
	bool ready;
	bool *ended; /* of km_job_start() */
	km_task *next_ready;
};

/* Judging. */
extern km_plan km_job_plan;

/*
 * Goes through @plan with @job, all of whose views must live until @done is called; that happens
 * exactly once, unless the job is cancelled. NULL when it has happened already.
 */
km_task *km_job_start(km_shop *shop, const km_job *job, km_stage *const *plan, km_job_done *done,
		      void *ctx);
/* What a stage waited for has come, or never will. Goes on at once, or as soon as the message that
 * is at work now lets go. */
void km_job_resume(km_task *t);
/* The client is gone. @done is not called; @t and the views of its job are not used any more. */
void km_job_cancel(km_task *t);
/* Frees what the shop keeps for next messages. */
void km_job_close(km_shop *shop);

/*
 * Sends the record on its way. @recorded (may be NULL) hears when it is on disk. KM_TEMPFAIL when
 * it can not be kept: then the message must not be accepted.
 */
KM_NODISCARD km_status km_job_record(const km_task *t, km_recorded *recorded, void *ctx);

/* True for actions whose record must be on disk before the MTA hears them. */
bool km_job_must_wait(const km_judged *judged);

/* Names of the fields that only we set (KM_JOB_FIELDS of them). */
enum { KM_JOB_FIELDS = 5 };
extern const km_sv km_job_fields[KM_JOB_FIELDS];

/* What the MTA is told; texts and fields live in @arena. */
void km_job_answer(const km_task *t, km_arena *arena, km_milter_answer_view *out);
/* The answer when Komainu could not do its work (policy.default_on_error). */
typedef enum { KM_FAILED_JUDGING, KM_FAILED_RECORDING } km_failure;
void km_job_failed(const km_shop *shop, km_failure failure, km_milter_answer_view *out);

#endif
