/*
 * engine/dnssec.h - what DNSSEC said of the answers that authentication rests on. Internal to
 * engine/.
 */
#ifndef KM_ENGINE_DNSSEC_H
#define KM_ENGINE_DNSSEC_H

#include "engine/auth.h"

/* Of the look-up of the DMARC record in force, or of the author's when there is none. */
km_dnssec km_dnssec_policy(const km_dmarc_result *r, const km_dns_set *dns, km_arena *a);

/* After DMARC is done: that the proof of the author rests on validated answers alone, and that some
 * answer was forged. */
void km_dnssec_facts(const km_auth *x, const km_dns_set *dns, km_facts *fs);

#endif
