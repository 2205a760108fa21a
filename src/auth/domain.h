/*
 * auth/domain.h - the domains that are checked: of the envelope, of HELO, of From.
 */
#ifndef KM_AUTH_DOMAIN_H
#define KM_AUTH_DOMAIN_H

#include "base/arena.h"

/*
 * @in as DNS is asked for it: U-labels become A-labels (UTS 46; RFC 7208 section 4.3, RFC 9989
 * section 5.3.1), letters lower case, no final dot. An empty view for what is no domain name of at
 * least @labels labels: an address literal, an empty or overlong label, bytes other than letters,
 * digits, hyphens and underscores.
 */
km_sv km_auth_domain(km_arena *a, km_sv in, unsigned labels);

/* What follows the last "@" of @addr; empty when there is none. */
km_sv km_auth_domain_part(km_sv addr);

/* True when @name is @domain or a name below it. Letter case does not matter. */
bool km_auth_is_below(km_sv name, km_sv domain);

#endif
