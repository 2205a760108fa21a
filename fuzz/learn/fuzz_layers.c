/*
 * Any bytes as learn.model. Properties: what is refused is named and changes nothing; a byte
 * changed in a good file is always found.
 */
#include <stdlib.h>

#include "learn/layers.h"

static km_layers *learned;
static km_buf good;
static uint64_t digest;

static void learn_something(void)
{
	static const km_rates rates = { KM_RATE_CURATED, KM_RATE_CURATED };
	uint32_t bucket[KM_VIEW_COUNT][4];
	km_features f = { .latin = 1 };
	const km_scope scope = { KM_SV("example.jp"), KM_SV("a@example.jp") };
	km_lesson lesson;

	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		for (uint32_t i = 0; i < 4; i++)
			bucket[v][i] = i * 7 + (uint32_t)v;
		f.view[v] = (km_feature_set){ bucket[v], 4 };
	}
	learned = km_layers_new(NULL, calloc(1, km_layers_area()));
	km_layers_set_limit(learned, 8);
	km_layers_learn(learned, &f, &scope, true, &rates, &lesson);
	km_layers_set_seq(learned, 1);
	km_buf_init(&good, NULL, km_layers_area());
	digest = km_layers_digest(learned);
	if (km_layers_save(learned, &good) != KM_OK ||
	    km_layers_check(NULL, km_buf_sv(&good), "name", NULL) != KM_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv bytes = { (const char *)data, size };
	km_err err = { 0 };

	if (learned == NULL)
		learn_something();
	if (km_layers_load(learned, bytes, "name", &err) != KM_OK) {
		if (strncmp(err.msg, "name: ", 6) != 0 || km_layers_digest(learned) != digest)
			abort();
	} else if (km_layers_load(learned, km_buf_sv(&good), "name", NULL) != KM_OK) {
		abort();
	}
	if (size < 5 || data[4] == 0)
		return 0;
	uint32_t at;
	memcpy(&at, data, sizeof(at));
	at %= (uint32_t)good.n;
	good.p[at] = (char)(good.p[at] ^ data[4]);
	if (km_layers_check(NULL, km_buf_sv(&good), "name", NULL) == KM_OK)
		abort();
	good.p[at] = (char)(good.p[at] ^ data[4]);
	return 0;
}
