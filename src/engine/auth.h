/*
 * engine/auth.h - SPF, DKIM, ARC and DMARC of one message, side by side. Internal to engine/, but
 * for the results.
 */
#ifndef KM_ENGINE_AUTH_H
#define KM_ENGINE_AUTH_H

#include "auth/arc.h"
#include "auth/client.h"
#include "auth/dkim.h"
#include "auth/dmarc.h"
#include "auth/spf.h"
#include "engine/scan.h"

typedef struct {
	bool has_spf; /* client and reverse-path are known */
	km_spf_result spf;
	bool has_client; /* the client is known, and none of us */
	km_client_result client;
	const km_dkim_result *dkim; /* NULL when there was no memory for it */
	const km_arc_result *arc;   /* likewise */
	km_dmarc_result dmarc;
	km_dnssec policy_dnssec; /* of its record, or of the answer that there is none */
	/* Why a failure of DMARC is not held against the message in full, or NULL: "authenticated"
	 * (the client logged in), "local_network", "trusted_forwarder", "trusted_sealer",
	 * "mailing_list" (which changed the message). */
	const char *override;
	bool vouched;  /* by a trusted forwarder or sealer, whatever DMARC came to */
	km_sv voucher; /* of a failure: the trusted forwarder or sealer; empty without one */
	/* at work */
	km_spf *spf_check;
	km_dkim *dkim_check;
	km_arc *arc_check;
	km_dmarc *dmarc_check;
	km_client_request client_request;
	bool begun;
} km_auth;

/*
 * Goes on as far as the answers allow; all questions that can be asked are asked at once. KM_OK
 * when done, its facts added; KM_NOTFOUND while questions are open. All that could not be done for
 * want of memory is temperror.
 */
KM_NODISCARD km_status km_auth_step(km_auth *x, km_arena *a, const km_mail *m,
				    const km_envelope *env, const km_kit *kit, km_dns_set *dns,
				    km_facts *fs);

/* One of our own users, or a host of our own networks. */
bool km_auth_is_ours(const km_kit *kit, const km_envelope *env);

/* Whether signature @i passes and is aligned with From. */
static inline bool km_auth_is_aligned(const km_auth *x, size_t i)
{
	return i < KM_MAX_SIGNATURES && x->dmarc.dkim_aligned >> i & 1;
}

/* What km_auth_step() found, or all none before it. */
const km_auth *km_scan_auth(const km_scan *s);

#endif
