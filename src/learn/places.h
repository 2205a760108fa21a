/*
 * learn/places.h - where in a message its features of words and values stand: written down while
 * they are read, so that those that weigh most can be told in words without reading the message
 * once more. Only words are written down, not what is made of them: which of its features has the
 * bucket in question is found out when somebody asks.
 */
#ifndef KM_LEARN_PLACES_H
#define KM_LEARN_PLACES_H

#include "learn/feature.h"
#include "learn/field.h"

/* A feature and what it stands for, in words. */
typedef struct {
	km_view view;
	uint32_t bucket;
	size_t index;	   /* of the bucket in the view's set */
	const char *field; /* "subject", "link-host", …; static */
	int part;	   /* index in km_learn_input.text, or -1 */
	km_sv text;
	km_sv before; /* of a pair: the first word, empty else */
	unsigned gap; /* of a pair: words between */
} km_feature;

/* The most of one message; what comes later is not told of. 1.5 MB. */
enum { KM_PLACES_MAX = 65536, KM_PLACES_AT_ONCE = 64 };

enum {
	KM_PLACE_PAIRS = 1, /* it takes part in pairs */
	KM_PLACE_BEFORE = 2 /* times the number of words before it that it made pairs with */
};

typedef struct {
	const char *p;
	uint64_t feature; /* its hash, that pairs are made of, too */
	uint16_t n;	  /* bytes; of what is longer as many as this can tell */
	uint16_t first;	  /* index of the first feature that it can have added to its view */
	int16_t part;	  /* as in km_feature */
	uint8_t field;	  /* km_field */
	uint8_t how;
} km_place;

typedef struct km_places {
	km_arena *a; /* NULL: nothing is kept */
	km_place *at;
	size_t n, room;
	size_t begin[KM_VIEW_COUNT + 1];   /* of each view, in their order */
	km_place spare[KM_PLACES_AT_ONCE]; /* what is not kept is written here */
} km_places;

/* For km_features_read_for(). The places lie in @a; the texts where they were read from. */
void km_places_init(km_places *p, km_arena *a);
/* What comes now belongs to @v, or to nothing any more (KM_VIEW_COUNT). */
static inline void km_places_begin(km_places *p, km_view v)
{
	p->begin[v] = p->n;
}
/* Room for @n <= KM_PLACES_AT_ONCE. */
km_place *km_places_room(km_places *p, size_t n);
/* @n of what km_places_room() gave were written. */
static inline void km_places_add(km_places *p, const km_place *at, size_t n)
{
	p->n += at == p->spare ? 0 : n;
}

/*
 * What the feature @index of @v, which has @bucket, stands for; false when it stands for no text.
 * @at: 0 for the first of a view; to be asked in rising order. Walks are linear all together.
 */
bool km_places_find(const km_places *p, km_view v, size_t index, uint32_t bucket, size_t *at,
		    km_feature *out);

/* Views live during the call. */
typedef void km_feature_each(void *ctx, const km_feature *f);
/* As km_features_read(), and tells @each of all features that stand for words or values. */
KM_NODISCARD km_status km_features_watch(km_arena *a, const km_learn_input *in,
					 km_feature_each *each, void *ctx, km_features *out);

#endif
