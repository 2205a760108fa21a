/*
 * daemon/signing.h - the scanner's end of the line to the signer: decides what is signed, makes the
 * digests, and puts the signatures that come back into fields. No key is ever here.
 */
#ifndef KM_DAEMON_SIGNING_H
#define KM_DAEMON_SIGNING_H

#include "daemon/job.h"

typedef struct km_signing km_signing;

/* How long a message waits for its signatures, restarts of the signer included. */
enum { KM_SIGNING_DEADLINE_MS = 5000 };

KM_NODISCARD km_status km_signing_new(uv_loop_t *loop, km_shared *shared, const km_conf *conf,
				      km_signing **out, km_err *err);
/* A new signer; takes @fd over. */
void km_signing_link(km_signing *s, int fd);
/* Closes the line; free once the loop has run out. @s may be NULL for both. */
void km_signing_stop(km_signing *s);
void km_signing_free(km_signing *s);

/*
 * A stage of jobs (daemon/job.h): signs what is let through or held, as sign.* and arc.seal say;
 * the fields are in judged.fields. A message that should be signed and can not be is answered with
 * a temporary failure, unless sign.on_error lets it pass.
 */
KM_NODISCARD km_status km_signing_stage(km_task *t, km_err *err);

#endif
