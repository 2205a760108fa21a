/*
 * mail/received.h - the chain of Received fields (RFC 5321 section 4.4, RFC 3848), as written by
 * Postfix, Sendmail, Exim, qmail, Exchange, Gmail and the rest.
 */
#ifndef KM_MAIL_RECEIVED_H
#define KM_MAIL_RECEIVED_H

#include "base/ip.h"
#include "mail/date.h"
#include "mail/header.h"

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
