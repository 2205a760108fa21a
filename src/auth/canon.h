/*
 * auth/canon.h - canonicalisation of bodies and header fields (RFC 6376 section 3.4), streamed into
 * a digest: nothing of the message is copied but short runs into a staging buffer.
 * A line ends at LF; a CR before it belongs to the end. So stored messages with LF alone give what
 * they gave on the wire. Linear in the bytes read.
 */
#ifndef KM_AUTH_CANON_H
#define KM_AUTH_CANON_H

#include "crypt/digest.h"

typedef enum { KM_CANON_SIMPLE, KM_CANON_RELAXED } km_canon;

/* Takes canonical bytes, in order. */
typedef struct {
	void (*take)(void *to, km_sv bytes);
	void *to;
	size_t n;
	char buf[2048];
} km_canon_sink;

static inline void km_canon_begin(km_canon_sink *s, void (*take)(void *to, km_sv bytes), void *to)
{
	s->take = take;
	s->to = to;
	s->n = 0;
}
/* Passes on what is still in the staging buffer. */
void km_canon_end(km_canon_sink *s);

void km_canon_body(km_canon_sink *s, km_canon how, km_sv body);
/*
 * One header field, without the final CRLF. @field: name, colon and value as they stand; @colon:
 * where the colon is; [@cut, +@cut_n) is left out (the value of b=).
 */
void km_canon_field(km_canon_sink *s, km_canon how, km_sv field, size_t colon, size_t cut,
		    size_t cut_n);
void km_canon_crlf(km_canon_sink *s);

/* For km_canon_begin(): a km_hash as the taker. */
void km_canon_to_hash(void *hash, km_sv bytes);

#endif
