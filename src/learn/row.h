/*
 * learn/row.h - one row of the learning journal as bytes: who called which message what, and the
 * message's features. The same bytes go from scanner to keeper, into the journal and into exports.
 *
 *	 0  "KMR1"
 *	 4  u32 kind (km_row_kind)
 *	 8  u64 seq, u64 before (the row that it supersedes or goes back to; 0: none)
 *	24  i64 milliseconds since 1970
 *	32  f64 weight
 *	40  u64 fingerprint of the features (learn/base.h)
 *	48  32 bytes: digest of the message
 *	80  u32 lengths of reporter, domain, user, body
 *	96  these four; zeros up to a multiple of 8
 *	    u64 checksum of all before it
 * Numbers are little-endian. The body of a lesson is its features: latin as f32, a byte
 * of flags (1: disguised), and of each view the number of buckets, then the buckets in rising
 *order, each as its distance from the one before, all numbers in 7-bit groups, the low ones first,
 *the top bit set in all but the last.
 */
#ifndef KM_LEARN_ROW_H
#define KM_LEARN_ROW_H

#include "learn/layers.h"

enum {
	KM_ROW_HEADER = 96,
	KM_ROW_DIGEST = 32,
	KM_ROW_MAX_NAME = 320, /* reporter, domain, user: bytes */
	KM_FEATURES_MAX_BYTES = 512 * 1024,
	KM_ROW_MAX_BYTES = KM_FEATURES_MAX_BYTES + 2048 /* of a row that teaches */
};

/* X(id, number, word) */
#define KM_ROW_KINDS(X)                                                                            \
	X(SPAM, 1, "spam")                                                                         \
	X(HAM, 2, "ham")                                                                           \
	X(UNDO, 3, "undo")	   /* takes back the lesson `before` */                            \
	X(ROLLBACK, 4, "rollback") /* all after `before` counts no more */                         \
	X(MODEL, 5, "model")	   /* what was learned before this journal: body of layers.h */    \
	X(COMPACT, 6, "compact")   /* what did not count any more was dropped */

typedef enum {
#define X(id, number, word) KM_ROW_##id = (number),
	KM_ROW_KINDS(X)
#undef X
} km_row_kind;

typedef struct {
	km_row_kind kind;
	uint64_t seq, before;
	int64_t t_ms;
	double weight; /* of the lesson for others than the reporter; 0 < weight <= 1 */
	uint64_t fingerprint;
	uint8_t digest[KM_ROW_DIGEST];
	km_sv reporter; /* empty: the site itself */
	km_scope scope;
	km_sv body;
} km_row;

/* "spam", …; "" for what is none. */
const char *km_row_kind_name(km_row_kind k);
static inline bool km_row_teaches(km_row_kind k)
{
	return k == KM_ROW_SPAM || k == KM_ROW_HAM;
}

/* Appends the row. KM_NOMEM. */
KM_NODISCARD km_status km_row_write(km_buf *out, const km_row *r);
/* Views of *r point into @row. KM_SYNTAX: damaged, or not of this form. */
KM_NODISCARD km_status km_row_read(km_sv row, km_row *r, km_err *err);
/* Takes the next row off @rest, where rows follow each other. KM_NOTFOUND at the end. */
KM_NODISCARD km_status km_row_next(km_sv *rest, km_sv *row, km_err *err);

/* Appends the body; sorts the buckets, whose order means nothing. */
void km_features_pack(km_buf *out, const km_features *f);
/* KM_SYNTAX for what is no such body. KM_LIMIT when the arena is full. */
KM_NODISCARD km_status km_features_unpack(km_arena *a, km_sv body, km_features *f, km_err *err);

#endif
