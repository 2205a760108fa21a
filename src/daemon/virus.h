/*
 * daemon/virus.h - the scanner's questions to virus scanners (net/av.h): each message goes to all
 * that are configured, at once. What one of them finds is a fact; when one of them gives no answer
 * in time, the message is deferred (virus.on_error).
 */
#ifndef KM_DAEMON_VIRUS_H
#define KM_DAEMON_VIRUS_H

#include "daemon/job.h"

typedef struct km_virus km_virus;

enum { KM_VIRUS_TARGETS = 2 };

/* *out is NULL when no virus scanner is configured. KM_CONFIG when an address is none. */
KM_NODISCARD km_status km_virus_new(uv_loop_t *loop, const km_conf *conf, km_virus **out,
				    km_err *err);
/* The same without opening anything. */
KM_NODISCARD km_status km_virus_check(const km_conf *conf, km_err *err);
/* Closes what is open; free once the loop has run out. @v may be NULL for both. */
void km_virus_stop(km_virus *v);
void km_virus_free(km_virus *v);

/* TCP ports that it connects to, at most KM_VIRUS_TARGETS, into @out; *local: to unix sockets, too.
 */
size_t km_virus_ports(const km_virus *v, uint16_t *out, bool *local);

/* A stage of jobs (daemon/job.h), before judging: what comes of it stands in job.env. */
KM_NODISCARD km_status km_virus_stage(km_task *t, km_err *err);
/* One after judging: counts and logs what came of it. */
KM_NODISCARD km_status km_virus_told_stage(km_task *t, km_err *err);

#endif
