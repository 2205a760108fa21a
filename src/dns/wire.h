/*
 * dns/wire.h - answers out of DNS messages (RFC 1035 section 4), which are hostile like any input.
 * Linear in the message, whatever its compression says. Internal to dns/.
 */
#ifndef KM_DNS_WIRE_H
#define KM_DNS_WIRE_H

#include "base/buf.h"
#include "dns/dns.h"

/*
 * Reads the name at message.p[*at] and goes past it. The text in the form of dns.h, lower case, is
 * appended to @out (NULL: only goes past it). False when it is no name: over 255 bytes, over the
 * end, a pointer that does not lead backwards.
 */
bool km_wire_name(km_sv message, size_t *at, km_buf *out);

/*
 * Data of a record of @type, @n bytes at message.p[@at]; its text is appended to @text, which
 * out->data points into until it grows. False when it is not of that type.
 */
bool km_wire_rdata(km_dns_type type, km_sv message, size_t at, size_t n, km_buf *text,
		   km_dns_rr *out);

/*
 * The answer that @message gives to out->name and out->type (set by the caller, the name in normal
 * form): CNAMEs followed, at most KM_MAX_DNS_RECORDS records, once each, in their order; for a
 * negative answer the TTL of RFC 2308 section 5. All in @arena. Another rcode than NOERROR and
 * NXDOMAIN is SERVFAIL; so is a message that is malformed, or a chain of CNAMEs that is too long or
 * goes round.
 */
void km_wire_answer(km_arena *arena, km_sv message, km_dns_answer *out);

#endif
