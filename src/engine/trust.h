/*
 * engine/trust.h - a list of hosts and domains that the operator believes: networks
 * ("192.0.2.0/24") and domains, which stand for all below them.
 */
#ifndef KM_ENGINE_TRUST_H
#define KM_ENGINE_TRUST_H

#include "conf/conf.h"
#include "mail/received.h"

typedef struct {
	struct km_trust_item *item;
	size_t n;
} km_trust;

/* Reads a LIST of @conf. KM_CONFIG, with key and item, for what is neither. */
KM_NODISCARD km_status km_trust_open(km_trust *t, const km_conf *conf, km_conf_key key,
				     km_err *err);
void km_trust_close(km_trust *t);

bool km_trust_has_ip(const km_trust *t, const km_ip *ip);
/* Whether @name is a listed domain or below one. */
bool km_trust_has_name(const km_trust *t, km_sv name);

#endif
