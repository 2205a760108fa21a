/*
 * daemon/permit.h - whose mail is signed, and for which domains: that of users who logged in
 * (sign.users), and of listed networks (sign.networks). Nobody else's; none for other domains.
 */
#ifndef KM_DAEMON_PERMIT_H
#define KM_DAEMON_PERMIT_H

#include "base/ip.h"
#include "conf/conf.h"

typedef struct km_permit km_permit;

/* KM_CONFIG, with line, key and item, for what can not be read. */
KM_NODISCARD km_status km_permit_open(const km_conf *conf, km_permit **out, km_err *err);
void km_permit_free(km_permit *p);

/* Mail of this login (or empty) from this client (or len 0) may be signed at all. */
bool km_permit_sender(const km_permit *p, km_sv user, const km_ip *ip);
/*
 * It may be signed for the From domain @domain: a login for the domain in its own name, and what is
 * listed for it or for "*"; a network for what is listed with it, or all when nothing is. A domain
 * stands for those below it, too.
 */
bool km_permit_domain(const km_permit *p, km_sv user, const km_ip *ip, km_sv domain);
/* The @i'th domain that the lists name; NULL past the last. */
const char *km_permit_named(const km_permit *p, size_t i);

#endif
