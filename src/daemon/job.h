/*
 * daemon/job.h - one message inside a scanner: envelope and bytes in, verdict and record out.
 * Milter and HTTP both come through here, so both judge, count and record alike.
 */
#ifndef KM_DAEMON_JOB_H
#define KM_DAEMON_JOB_H

#include "daemon/recorder.h"
#include "daemon/role.h"
#include "dns/snapshot.h"
#include "engine/scan.h"
#include "front/milter/session.h"

/* What a scanner has at hand for every message. */
typedef struct {
	km_role *role;
	km_recorder *recorder;
	km_kit kit;
	km_dns_snapshot *dns; /* or NULL */
	km_arena *arena;      /* of the message in hand; one at a time */
	km_lang lang;
	bool accept_on_error;
	size_t max_message;
	size_t trusted_hops;
} km_shop;

typedef struct {
	const char *via;      /* "milter", "http" */
	km_envelope env;      /* env.now and timings are the driver's business */
	size_t rcpts_dropped; /* recipients that are not in `env` */
	km_sv message;
	size_t dropped;	 /* bytes that were over the limit and are not in `message` */
	km_status spool; /* KM_OK, or why the message is not whole */
} km_job;

typedef struct {
	km_status st;	    /* KM_OK: judged or held; else it could not be judged */
	char why[240];	    /* when st is not KM_OK */
	uint8_t digest[32]; /* SHA-256 of the message */
	bool held;	    /* not parsed: scanners died of it (action is quarantine) */
	char id[27];	    /* ULID */
	km_action action;
	const km_scan *scan; /* NULL when held or failed; lives until the next job */
	uint64_t us;
} km_judged;

/*
 * Judges. Until km_job_done() the message counts as in hand: were the scanner to die, it would be
 * blamed (daemon/shared.h).
 */
void km_job_judge(km_shop *shop, const km_job *job, km_judged *out);
/* To be called once answer and record are made. */
void km_job_done(km_shop *shop);

/*
 * Sends the record on its way. @done (may be NULL) hears when it is on disk. KM_TEMPFAIL when it
 * can not be kept: then the message must not be accepted.
 */
KM_NODISCARD km_status km_job_record(km_shop *shop, const km_job *job, const km_judged *judged,
				     km_recorded *done, void *ctx);

/* True for actions whose record must be on disk before the MTA hears them. */
bool km_job_must_wait(const km_judged *judged);

/* Names of the fields that only we set (KM_JOB_FIELDS of them). */
enum { KM_JOB_FIELDS = 5 };
extern const km_sv km_job_fields[KM_JOB_FIELDS];

/* What the MTA is told; texts and fields live in @arena. */
void km_job_answer(const km_shop *shop, const km_judged *judged, km_arena *arena,
		   km_milter_answer_view *out);
/* The answer when Komainu could not do its work (policy.default_on_error). */
typedef enum { KM_FAILED_JUDGING, KM_FAILED_RECORDING } km_failure;
void km_job_failed(const km_shop *shop, km_failure failure, km_milter_answer_view *out);

#endif
