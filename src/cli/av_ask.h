/*
 * cli/av_ask.h - one message to one virus scanner (net/av.h), waited for.
 */
#ifndef KM_CLI_AV_ASK_H
#define KM_CLI_AV_ASK_H

#include "net/av.h"

/* KM_TEMPFAIL when there was no answer within @ms, or an error; with the address. */
KM_NODISCARD km_status km_av_ask(const km_av_target *t, km_sv message, unsigned ms,
				 km_av_answer *out, km_err *err);

#endif
