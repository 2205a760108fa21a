/*
 * Any bytes as a message, and as the text of its parts. Properties: every feature is a bucket, none
 * comes twice, a second reading gives the same, and training moves the score the right way.
 */
#include <stdlib.h>

#include "learn/model.h"
#include "text/utf8.h"

static void check_set(const km_feature_set *a, const km_feature_set *b)
{
	static uint8_t seen[KM_BUCKETS];

	if (a->n != b->n || a->n == 0)
		abort();
	for (size_t i = 0; i < a->n; i++) {
		if (a->bucket[i] >= KM_BUCKETS || a->bucket[i] != b->bucket[i] ||
		    seen[a->bucket[i]])
			abort();
		seen[a->bucket[i]] = 1;
	}
	for (size_t i = 0; i < a->n; i++)
		seen[a->bucket[i]] = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static km_model *model;
	km_arena *a = km_arena_new(32u << 20);
	km_features f, again;
	km_score before, after;
	km_mail *m;
	size_t bad = 0;

	if (model == NULL)
		model = km_model_new();
	if (a == NULL || model == NULL ||
	    km_mail_read(a, (km_sv){ (const char *)data, size }, &m) != KM_OK) {
		km_arena_free(a);
		return 0;
	}
	km_sv text = km_utf8_sanitise(a, m->raw, &bad);
	const km_learn_input in = { m, m->subject, text, &text, 1, false };
	if (km_features_read(a, &in, &f) == KM_OK && km_features_read(a, &in, &again) == KM_OK) {
		for (int v = 0; v < KM_VIEW_COUNT; v++)
			check_set(&f.view[v], &again.view[v]);
		km_model_score(model, &f, &before);
		km_model_train(model, &f, size & 1, KM_RATE_CURATED);
		km_model_score(model, &f, &after);
		for (int c = 0; c < KM_CLASSIFIERS; c++)
			if ((size & 1) ? after.by[c] < before.by[c] : after.by[c] > before.by[c])
				abort();
	}
	km_arena_free(a);
	return 0;
}
