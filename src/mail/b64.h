/*
 * mail/b64.h - base64 (RFC 4648 section 4) as it comes in mail: line ends anywhere, foreign bytes,
 * padding in the middle, missing or too much. Shared by encoded-words and transfer encodings.
 */
#ifndef KM_MAIL_B64_H
#define KM_MAIL_B64_H

#include "base/buf.h"

typedef struct {
	size_t junk;	  /* bytes passed over: neither alphabet nor '=' nor white space */
	bool bad_padding; /* data after '=', '=' missing or too many, or bits left over */
	bool truncated;	  /* met @out's maximum; the rest was not decoded */
} km_b64_info;

/*
 * Appends what @in decodes to. '=' ends a group of four wherever it stands; decoding goes on after
 * it, as most readers do. Linear in in.n; @out grows by at most in.n / 4 * 3 + 3 bytes.
 */
void km_b64_decode(km_sv in, km_buf *out, km_b64_info *info);

/* Appends @v as base64, padded, in one line. */
void km_b64_encode(km_buf *out, km_sv v);

/* How many bytes @in decodes to, counted without decoding. */
size_t km_b64_size(km_sv in);

#endif
