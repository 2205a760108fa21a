/*
 * engine/answers.h - where the answers to the DNS questions of scans come from, as configured: a
 * snapshot, the DNS itself, or nowhere (then all are timeouts). One for each loop.
 */
#ifndef KM_ENGINE_ANSWERS_H
#define KM_ENGINE_ANSWERS_H

#include "conf/conf.h"
#include "dns/resolver.h"
#include "dns/snapshot.h"

typedef struct {
	const km_dns_snapshot *snapshot; /* answers everything; or NULL */
	km_resolver *resolver;		 /* answers what no snapshot does; or NULL */
} km_answers;

/*
 * Answers the open questions of a->set. KM_OK: done. KM_NOTFOUND: a->done() will be called
 * (km_resolver_forget() to be done without). KM_LIMIT: no memory for them.
 */
KM_NODISCARD km_status km_answers_bring(const km_answers *from, km_dns_asking *a);

/* Looks at dns.servers; KM_CONFIG with what is wrong. */
KM_NODISCARD km_status km_answers_check(const km_conf *conf, km_err *err);
/* The resolver that dns.servers and its neighbours describe (dns/resolver.h); NULL with "off". */
KM_NODISCARD km_status km_answers_resolver(const km_conf *conf, struct ub_event_base *base,
					   km_resolver **out, km_err *err);

#endif
