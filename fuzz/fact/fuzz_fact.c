/*
 * Whatever bytes a fact is given, its sentences are valid UTF-8 of bounded length without anything
 * that acts on a terminal, and the fact's own values are valid, bounded copies.
 */
#include <stdlib.h>

#include "fact/fact.h"
#include "text/utf8.h"

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void check_sentence(km_sv text)
{
	require(text.n > 0 && text.n < 2000 && km_utf8_valid(text));
	for (size_t at = 0; at < text.n;) {
		int32_t cp = km_utf8_next(text, &at);
		require(cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0));
		require(!(cp >= 0x2028 && cp <= 0x202e) && !(cp >= 0x2066 && cp <= 0x2069));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(1 << 20);
	km_sv bytes = { (const char *)data, size };
	km_sv tail = km_sv_from(bytes, size / 2);
	km_facts fs;

	km_facts_init(&fs, a);
	km_fact *f = km_fact_add(&fs, (km_fact_id)(size % KM_FACT_COUNT), bytes, 0, 0, size);
	for (int i = 1; i <= 3; i++)
		km_fact_arg(&fs, f, i, tail);
	require(f->seen.n <= KM_MAX_SEEN_BYTES && km_utf8_valid(f->seen));
	require(f->arg[2].n <= KM_MAX_SEEN_BYTES && km_utf8_valid(f->arg[2]));
	/* Nothing that fits and is valid is changed. */
	if (size <= KM_MAX_SEEN_BYTES && km_utf8_valid(bytes))
		require(km_sv_eq(f->seen, bytes));
	for (int r = 0; r < KM_READERS; r++)
		for (int l = 0; l < KM_LANGS; l++)
			check_sentence(km_fact_sentence(a, f, (km_reader)r, (km_lang)l));
	km_arena_free(a);
	return 0;
}
