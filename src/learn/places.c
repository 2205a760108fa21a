#include "learn/places.h"

#include "learn/batch.h"

enum { FIRST_ROOM = 1024 };

void km_places_init(km_places *p, km_arena *a)
{
	p->a = a;
	p->at = NULL;
	p->n = p->room = 0;
}

km_place *km_places_room(km_places *p, size_t n)
{
	if (n > p->room - p->n && p->a && p->room < KM_PLACES_MAX) {
		size_t room = p->room ? p->room * 2 : FIRST_ROOM;
		km_place *at =
			km_arena_grow(p->a, p->at, p->room * sizeof(*at), room * sizeof(*at));
		if (at) {
			p->at = at;
			p->room = room;
		}
	}
	return p->at == NULL || n > p->room - p->n ? p->spare : p->at + p->n;
}

static km_sv text_of(const km_place *w)
{
	return (km_sv){ w->p, w->n };
}

/* The word before @w that made @bucket together with it, and its distance; NULL: none. */
static const km_place *partner_of(const km_place *w, uint32_t bucket, unsigned *distance)
{
	const km_place *before = w;

	for (unsigned d = 1; d <= w->how / KM_PLACE_BEFORE; d++) {
		do
			before--;
		while (!(before->how & KM_PLACE_PAIRS));
		if (km_bucket_of(km_hash_mix(before->feature, w->feature + d)) == bucket) {
			*distance = d;
			return before;
		}
	}
	return NULL;
}

bool km_places_find(const km_places *p, km_view v, size_t index, uint32_t bucket, size_t *at,
		    km_feature *out)
{
	size_t n = p->begin[v + 1] - p->begin[v];
	unsigned distance = 1;

	if (n == 0)
		return false;
	const km_place *list = p->at + p->begin[v], *before = NULL;
	while (*at + 1 < n && list[*at + 1].first <= index)
		++*at;
	if (*at >= n)
		return false;
	const km_place *w = &list[*at];
	if (km_bucket_of(w->feature) != bucket) {
		before = partner_of(w, bucket, &distance);
		if (before == NULL)
			return false;
	}
	*out = (km_feature){ .view = v,
			     .bucket = bucket,
			     .index = index,
			     .field = km_field_name((km_field)w->field).p,
			     .part = w->part,
			     .text = text_of(w),
			     .before = before ? text_of(before) : KM_S(""),
			     .gap = distance - 1 };
	return true;
}

km_status km_features_watch(km_arena *a, const km_learn_input *in, km_feature_each *each, void *ctx,
			    km_features *out)
{
	km_places places;
	km_feature told;

	km_places_init(&places, a);
	km_status st = km_features_read_for(a, in, &(km_lookups){ { NULL } }, &places, out);
	for (km_view v = KM_VIEW_HEADER; v < KM_VIEW_COUNT && st == KM_OK; v++)
		for (size_t i = 0, at = 0; i < out->view[v].n; i++)
			if (km_places_find(&places, v, i, out->view[v].bucket[i], &at, &told))
				each(ctx, &told);
	return st;
}
