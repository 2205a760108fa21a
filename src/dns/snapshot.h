/*
 * dns/snapshot.h - a resolver that answers from RFC 1035 master-file lines with absolute names
 * (\DDD and \X escapes, several strings per TXT, any case, wildcards of RFC 4592, ';' comments).
 * Absent names are NXDOMAIN; a name that exists without that type, or only as a parent of others,
 * is NODATA. Lines ";! NAME TYPE SERVFAIL|TIMEOUT|NODATA|BOGUS|NXDOMAIN" hold the answers that were
 * none; they come before records of that name and type. (NXDOMAIN is for servers that deny a name
 * whose children they serve.) ";! NAME TYPE SECURE" says that DNSSEC has validated the answer. $TTL
 * and $ORIGIN are read; names without final dot are below the origin, which is the root at first.
 * CNAMEs are followed, up to 12.
 */
#ifndef KM_DNS_SNAPSHOT_H
#define KM_DNS_SNAPSHOT_H

#include "base/buf.h"
#include "dns/dns.h"

typedef struct km_dns_snapshot km_dns_snapshot;

/* KM_SYNTAX with "name:line: …" for a line that can not be read. @text may go away afterwards. */
KM_NODISCARD km_status km_dns_snapshot_parse(km_sv text, const char *name, km_dns_snapshot **out,
					     km_err *err);
void km_dns_snapshot_free(km_dns_snapshot *s);

/* Always gives an answer; its data lives as long as the snapshot. */
void km_dns_snapshot_answer(const km_dns_snapshot *s, km_sv name, km_dns_type type,
			    km_dns_answer *out);

/* Appends an answer in the form above; it reads back to the same. */
void km_dns_snapshot_write(km_buf *out, const km_dns_answer *answer);

#endif
