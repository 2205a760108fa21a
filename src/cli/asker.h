/*
 * cli/asker.h - the DNS for one thread of a command: a resolver on a loop of its own, waited for.
 */
#ifndef KM_CLI_ASKER_H
#define KM_CLI_ASKER_H

#include "engine/answers.h"

typedef struct km_asker km_asker;

/* As dns.servers and its neighbours say. */
KM_NODISCARD km_status km_asker_open(const km_conf *conf, km_asker **out, km_err *err);
/* @a may be NULL. */
void km_asker_close(km_asker *a);

/* Answers the open questions of asking->set; its `done` and `ctx` are set here. @a NULL: all that
 * @snapshot (or NULL) does not answer is a timeout. */
KM_NODISCARD km_status km_asker_answer(km_asker *a, const km_dns_snapshot *snapshot,
				       km_dns_asking *asking);

#endif
