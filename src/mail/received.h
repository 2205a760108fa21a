/*
 * mail/received.h - the chain of Received fields (RFC 5321 section 4.4, RFC 3848), as written by
 * Postfix, Sendmail, Exim, qmail, Exchange, Gmail and the rest.
 */
#ifndef KM_MAIL_RECEIVED_H
#define KM_MAIL_RECEIVED_H

#include "mail/date.h"
#include "mail/header.h"

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

typedef struct {
	km_sv helo; /* what the client said it was */
	km_sv rdns; /* what the server found; empty when "unknown" or not said */
	km_ip ip;   /* the client's */
	km_sv by;   /* server's name */
	km_sv with; /* "ESMTPSA", upper case as written */
	bool tls;   /* with says so, or a cipher is named */
	bool auth;  /* with ESMTPA/ESMTPSA, or an authenticated sender is named */
	km_sv id;
	km_sv for_addr; /* without brackets */
	km_date date;
	bool has_date;
	bool understood; /* from or by could be read, or the field is only a remark (qmail) */
	size_t offset;	 /* of the field in the message */
} km_hop;

typedef struct {
	const km_hop *hop; /* topmost (newest) first */
	size_t n;
	size_t not_understood;
	km_limit_set limits;
} km_received;

KM_NODISCARD km_status km_received_read(km_arena *a, const km_headers *hs, km_received *out);

/*
 * Index of the hop in which our side took the message from outside, when @trusted hops above it are
 * our own relays (0: the topmost one). Hops without client address or with a loopback one (local
 * delivery, filters) and, while trusted ones remain, private addresses are passed over. n when
 * there is none.
 */
size_t km_received_edge(const km_received *r, size_t trusted);

#endif
