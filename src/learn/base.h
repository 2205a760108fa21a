/*
 * learn/base.h - the base model: what the classifier knows before a site has taught it anything.
 * One file, mapped and only read, so that all processes share it. It holds weights of words of the
 * text alone (nothing of hosts, programs, dates or languages that its mail had on one side only),
 * and for all features how familiar they are, so that a first lesson does not blame what every
 * message has. docs/model-card.md says what it was made from.
 *
 *	 0  "KMBASE\r\n"
 *	 8  u32 version, u32 bits of a bucket
 *	16  u64 fingerprint of the features (km_features_fingerprint)
 *	24  u64 checksum of all that follows
 *	32  u64 spam, u64 ham it was trained on
 *	48  f32 greatest weight, 12 bytes of 0
 *	64  i8 weights of the fielded views: q stands for sign(q) * (q / 127)^2 * greatest
 *	    u4 of the raw view, then of the fielded ones: log2 of the messages with that feature
 * Numbers are little-endian. About 2 MB.
 */
#ifndef KM_LEARN_BASE_H
#define KM_LEARN_BASE_H

#include "base/buf.h"
#include "learn/model.h"

enum {
	KM_BASE_HEADER = 64,
	KM_BASE_BYTES = KM_BASE_HEADER + KM_BUCKETS + KM_BUCKETS / 2 * 2,
	KM_FAMILIAR_MAX = 15
};

/* Log-odds of a message of which nothing is known: most mail that people get is honest. */
#define KM_BASE_PRIOR (-0.6)
/* What is taken off a judgement by the base model's words: they come from mail of other people. */
#define KM_BASE_CAUTION 1.0

typedef struct km_base km_base;

/* Identifies what km_features_read() makes of a message; another one makes models worthless. */
uint64_t km_features_fingerprint(void);

/*
 * @path NULL or empty: the one that is built into the program. KM_NOTFOUND, KM_SYNTAX (damaged) or
 * KM_CONFIG (of another version, other features) with the file and the reason.
 */
KM_NODISCARD km_status km_base_open(const char *path, km_base **out, km_err *err);
void km_base_close(km_base *b);
/* Checks the bytes of such a file; @name is for the message. */
KM_NODISCARD km_status km_base_check(km_sv bytes, const char *name, km_err *err);

/*
 * What one feature of @view counts here: less than elsewhere in short texts, which tell little, and
 * nothing in a text that is not mostly Latin: of that it knows only what spam writes in between.
 */
double km_base_share(const km_features *f, km_view view);
/* What it makes of a message. */
typedef struct {
	double view[KM_VIEW_COUNT]; /* log-odds of each */
	double grounds; /* 0..1: how much it knows; where that is little, its log-odds mean little
			 */
} km_base_opinion;
void km_base_read(const km_base *b, const km_features *f, km_base_opinion *out);
/* Adds to each of @out what that feature of @view adds to the view's log-odds. */
void km_base_weigh(const km_base *b, const km_features *f, km_view view, double *out);
/* Adds its log-odds to each view. */
void km_base_add(const km_base_opinion *o, const km_features *f, km_score *s);
/* The offset of a score that it is part of: the prior, and caution as far as it has grounds. */
double km_base_offset(double grounds);
/* What it alone makes of a message: log-odds, not bounded, with that offset. */
double km_base_logit(const km_base_opinion *o);
double km_base_weight(const km_base *b, km_view view, uint32_t bucket);
/* What km_base_read() looks up of each bucket of @view; NULL: nothing. */
const int8_t *km_base_weights(const km_base *b, km_view view);
/* About how many messages had the feature: 0 (less than four), 4, 8, … 2^14. */
double km_base_familiar(const km_base *b, km_view view, uint32_t bucket);
/* Tells one base model from another; 0 for NULL. */
uint64_t km_base_identity(const km_base *b);
/* Messages that it was trained on. */
void km_base_trained(const km_base *b, uint64_t *spam, uint64_t *ham);

/* The file's bytes, made from a weight for each bucket of the fielded views, and from messages
 * counted for each bucket of both tables (raw, fielded). KM_NOMEM. */
KM_NODISCARD km_status km_base_write(km_buf *out, const float *weight, const uint32_t *raw_count,
				     const uint32_t *fielded_count, uint64_t spam, uint64_t ham);

/* A checksum of @bytes, whose number is a multiple of 8: finds damage, not malice. */
uint64_t km_learn_checksum(km_sv bytes);

#endif
