/*
 * content/sender_domain.h - does the domain of the From address exist, and does it take mail?
 * Pure: asks through km_dns_need(). A server that does not answer is no fact.
 */
#ifndef KM_CONTENT_SENDER_DOMAIN_H
#define KM_CONTENT_SENDER_DOMAIN_H

#include "dns/dns.h"
#include "fact/fact.h"
#include "mail/message.h"

/* KM_OK when done, its facts added; KM_NOTFOUND while questions are open. */
KM_NODISCARD km_status km_sender_domain_step(const km_mail *m, km_dns_set *dns, km_facts *fs);

#endif
