#include "engine/dnsbl_health.h"

uint32_t km_dnsbl_health_off(const km_dnsbl_health *h, km_time now)
{
	uint32_t off = 0;

	for (unsigned i = 0; i < KM_DNSBL_MAX; i++)
		off |= (uint32_t)(h->until[i] > now) << i;
	return off;
}

uint32_t km_dnsbl_health_learn(km_dnsbl_health *h, const km_dnsbl_outcome *o, km_time now)
{
	uint32_t fresh = 0;

	for (unsigned i = 0; i < KM_DNSBL_MAX; i++) {
		bool refused = o->refused >> i & 1, silent = o->silent >> i & 1;
		bool was_off = h->until[i] > now;
		if (silent && !(o->answered >> i & 1))
			h->failures[i]++;
		else if (o->answered >> i & 1)
			h->failures[i] = 0;
		if (refused)
			h->until[i] = now + KM_DNSBL_REFUSED_REST;
		else if (silent && h->failures[i] >= KM_DNSBL_FAILURES)
			h->until[i] = now + KM_DNSBL_SILENT_REST;
		fresh |= (uint32_t)(!was_off && h->until[i] > now) << i;
	}
	return fresh;
}
