/*
 * base/ip.h - IP addresses, and the networks that they are in.
 */
#ifndef KM_BASE_IP_H
#define KM_BASE_IP_H

#include "base/sv.h"

typedef struct {
	uint8_t b[16]; /* network order; IPv4 in b[0..3] */
	uint8_t len;   /* 4, 16, or 0 when unknown */
} km_ip;

/* An IPv4 or IPv6 address, also in brackets and with the "IPv6:" tag. */
KM_NODISCARD bool km_ip_parse(km_sv text, km_ip *out);
/* Text form (RFC 5952); @out of at least 46 bytes; returns @out. */
char *km_ip_format(const km_ip *ip, char *out);
/*
 * Private, loopback, link-local, carrier NAT: not seen on the open Internet. Addresses for
 * documentation (RFC 5737, RFC 3849) count as public, since in examples and trials they are.
 */
bool km_ip_is_private(const km_ip *ip);
bool km_ip_is_loopback(const km_ip *ip);
/* Whether the first @bits of both are equal; never for two families. */
bool km_ip_in(const km_ip *ip, const km_ip *net, unsigned bits);

typedef struct {
	km_ip ip;
	unsigned bits;
} km_net;

/* "192.0.2.0/24", "2001:db8::/32", or one address. False for anything else, and when bits after the
 * prefix are set. */
KM_NODISCARD bool km_net_parse(km_sv text, km_net *out);

#endif
