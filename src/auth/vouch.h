/*
 * auth/vouch.h - what a trusted ARC sealer says of a message as it was before it came through it
 * (RFC 8617 section 7.2). This is the one place where a field of results is read for what it says,
 * and only of a chain that verifies, from sealers that the operator named.
 */
#ifndef KM_AUTH_VOUCH_H
#define KM_AUTH_VOUCH_H

#include "auth/arc.h"

typedef bool km_vouch_trusts(const void *ctx, km_sv domain);

/*
 * The sealer's set that vouches for @author, or NULL: the chain passes; that sealer, all after it,
 * and the signers of their messages are trusted (whoever comes later can change all but the seals);
 * and its ARC-Authentication-Results says that DMARC passed for @author.
 */
const km_arc_set *km_arc_voucher(const km_arc_result *r, km_sv author, km_vouch_trusts *trusts,
				 const void *ctx);

/*
 * Whether @results ("authserv-id; method=result …", RFC 8601 section 2.2) says that DMARC passed
 * with header.from=@author. What does not follow the grammar, two results of DMARC, two header.from
 * or a backslash in one say nothing. Linear.
 */
bool km_results_vouch(km_sv results, km_sv author);

#endif
