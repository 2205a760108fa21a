/*
 * front/http/rspamd.h - a verdict in the JSON shape of Rspamd's /checkv2, so that its clients
 * (rspamc, Exim, Haraka, …) work unchanged. Pure; jansson.
 */
#ifndef KM_FRONT_HTTP_RSPAMD_H
#define KM_FRONT_HTTP_RSPAMD_H

#include "base/buf.h"
#include "engine/scan.h"

/* Rspamd's word for an action: "no action", "add header", "soft reject", … */
const char *km_rspamd_action(km_action a);

/* Appends the object. @required: points at which mail is rejected; @seconds: time it took. */
KM_NODISCARD km_status km_rspamd_json(km_buf *out, const km_scan *s, const char *id,
				      double required, double seconds);

/*
 * Appends the object for a message that was not judged. Some clients look at nothing but the
 * action, and deliver when there is none; so it is "soft reject", on which all of them defer, or
 * "no action".
 * @why (ASCII) is for the reply to the sender.
 */
KM_NODISCARD km_status km_rspamd_failed_json(km_buf *out, bool accept, const char *id,
					     const char *why, double required);

typedef struct {
	int64_t actions[KM_ACTIONS];
	int64_t ham, learned; /* judged to be ham; taught */
} km_rspamd_counts;

/* Appends the object of /stat, which `rspamc stat` shows. */
KM_NODISCARD km_status km_rspamd_stat_json(km_buf *out, const km_rspamd_counts *c);

#endif
