/*
 * mail/transfer.h - Content-Transfer-Encoding (RFC 2045 section 6) and uuencode, forgiving and
 * linear.
 */
#ifndef KM_MAIL_TRANSFER_H
#define KM_MAIL_TRANSFER_H

#include "base/arena.h"
#include "base/err.h"

typedef enum {
	KM_CTE_7BIT,
	KM_CTE_8BIT,
	KM_CTE_BINARY,
	KM_CTE_QP,
	KM_CTE_BASE64,
	KM_CTE_UUENCODE,
	KM_CTE_UNKNOWN
} km_cte;

/* "base64", "x-uuencode", …; comments, quotes, white space forgiven. */
km_cte km_cte_parse(km_sv value);
const char *km_cte_name(km_cte cte);

typedef struct {
	size_t junk;	   /* bytes passed over that the encoding does not allow */
	bool bad_padding;  /* base64: '=' in mid-stream, missing, or bits left over */
	bool truncated;	   /* did not all fit into @max */
	bool soft_nothing; /* QP: '=' that is followed by nothing sensible, kept as it is */
	bool no_end;	   /* uuencode without "end" */
} km_transfer_info;

/*
 * Decodes at most @max bytes of output. 7bit, 8bit, binary and unknown give the input itself
 * (no copy, cut to @max). *info may be NULL. KM_LIMIT only when the arena is full.
 */
KM_NODISCARD km_status km_transfer_decode(km_arena *a, km_cte cte, km_sv body, size_t max,
					  km_sv *out, km_transfer_info *info);
/* The first @max decoded bytes, or all when there are fewer, into @dst. Returns how many. */
size_t km_transfer_start(km_cte cte, km_sv body, char *dst, size_t max);
/* Size that the whole decoded body has, without decoding it. */
size_t km_transfer_size(km_cte cte, km_sv body);

/* Is @line (without its end) the first one of uuencoded data, "begin 644 name"? */
bool km_uu_begin(km_sv line, km_sv *name);

#endif
