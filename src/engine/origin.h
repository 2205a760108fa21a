/*
 * engine/origin.h - who really sent a message and what of it is proven, as the one fact that opens
 * the explanation (fact/facts/origin.def). Internal to engine/.
 */
#ifndef KM_ENGINE_ORIGIN_H
#define KM_ENGINE_ORIGIN_H

#include "engine/auth.h"

/* After SPF, DKIM and DMARC are done. @actual: the domain that is proven to have signed or sent
 * it, else the client's address, else empty. @ours: by km_auth_is_ours(). */
void km_origin_fact(const km_auth *x, const km_envelope *env, bool ours, km_sv actual,
		    km_facts *fs);

#endif
