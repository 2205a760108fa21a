/*
 * auth/authres.h - Authentication-Results (RFC 8601): written once, from results as they stand in
 * memory; those that others forged in our name are recognised, so that they can be removed. Nothing
 * reads such a field for what it says.
 */
#ifndef KM_AUTH_AUTHRES_H
#define KM_AUTH_AUTHRES_H

#include "auth/arc.h"
#include "auth/client.h"
#include "auth/dkim.h"
#include "auth/dmarc.h"
#include "auth/spf.h"

enum { KM_AUTHRES_VALUE = 256, /* bytes of one property, cut */ KM_AUTHRES_MAX = 16384 };

typedef struct {
	km_sv authserv_id;		/* our name in the field */
	const km_client_result *client; /* each NULL when it was not done */
	const km_ip *ip;		/* the client's */
	const km_spf_result *spf;
	km_sv helo, mail_from; /* as given; hostile */
	const km_dkim_result *dkim;
	const km_dmarc_result *dmarc;
	const char *override; /* why a failure of DMARC is not held against the message, or NULL */
	const km_arc_result *arc;
	const char *eol; /* line end of folds: "\r\n", or "\n" for a milter; NULL for "\r\n" */
} km_authres;

/*
 * The field's value, folded. ASCII, without control characters, whatever the values hold: what is
 * no token or address is quoted. {NULL, 0} when the arena is full.
 */
km_sv km_authres_write(km_arena *a, const km_authres *r);

/*
 * Whether the Authentication-Results field with the value @raw claims to be ours: its authserv-id
 * is
 * @authserv_id by any reading (comments, quotes, letter case, a final dot). Such a field that came
 * from outside must be removed (RFC 8601 section 5).
 */
bool km_authres_is_ours(km_sv raw, km_sv authserv_id);

#endif
