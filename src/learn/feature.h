/*
 * learn/feature.h - what the classifier looks at: sets of hashed binary features, each once a
 * message.
 *   raw     byte 5-grams of the header's first KM_RAW_HEADER bytes
 *   start   byte 5-grams of the text's first bytes, decoded, with the marks of HTML; KM_RAW_BYTES
 *           together with the header's
 *   header  who says to have sent it and how: fields, words of subject and names, structure
 *   body    words and sparse bigrams of the visible text; script runs of Japanese
 *   link    hosts and paths of the links
 * Each view keeps a score of its own, so that none of them can be drowned by another. What only the
 * receiver of one corpus added is not looked at.
 */
#ifndef KM_LEARN_FEATURE_H
#define KM_LEARN_FEATURE_H

#include "mail/message.h"

enum {
	KM_RAW_HEADER = 2000,
	KM_RAW_BYTES = 4000,
	KM_BUCKET_BITS = 20,
	KM_BUCKETS = 1 << KM_BUCKET_BITS
};

typedef enum {
	KM_VIEW_RAW,
	KM_VIEW_START,
	KM_VIEW_HEADER,
	KM_VIEW_BODY,
	KM_VIEW_LINK,
	KM_VIEW_COUNT
} km_view;

/* Is @v made of bytes as they were sent, not of words? */
static inline bool km_view_is_raw(km_view v)
{
	return v <= KM_VIEW_START;
}

typedef struct {
	uint32_t *bucket; /* indexes below KM_BUCKETS, each once, in order of appearance */
	size_t n;
} km_feature_set;

typedef struct {
	km_feature_set view[KM_VIEW_COUNT];
	double latin;	/* 0..1: how much of the text is in the letters A to Z */
	bool disguised; /* as in km_learn_input */
} km_features;

/* The match keys (text/view.h) of what a person reads. */
typedef struct {
	km_mail *mail;
	km_sv subject, from_name;
	const km_sv *text; /* key of each text part */
	size_t n_text;
	bool disguised; /* much of the text is written so that programs cannot read it */
} km_learn_input;

/*
 * Where something lies of each bucket that is going to be looked up for the features of a view;
 * NULL: nowhere. These tables are too large for the caches next to the processor: what is looked up
 * is asked for while the features are found, and is there by then.
 */
typedef struct {
	const float *weight[KM_VIEW_COUNT];
	const int8_t *small[KM_VIEW_COUNT];
	bool left_out[KM_VIEW_COUNT]; /* nobody knows anything of the view: it stays empty */
} km_lookups;

/* KM_LIMIT when the arena is too small. */
KM_NODISCARD km_status km_features_read(km_arena *a, const km_learn_input *in, km_features *out);
/* Same, for who is going to look them up in the tables of @soon, and asks then what some of them
 * stand for (learn/places.h). */
struct km_places;
KM_NODISCARD km_status km_features_read_for(km_arena *a, const km_learn_input *in,
					    const km_lookups *soon, struct km_places *places,
					    km_features *out);

/* A header field that only a receiver adds: no feature is made of it. */
bool km_feature_is_receivers(km_sv name);

#endif
