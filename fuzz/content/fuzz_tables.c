/*
 * Tables of brands and phrases, as operators write them. Properties: a table that is taken holds
 * what it says of itself - every brand is found by its id and names, every domain by its owner -
 * and one that is refused says where.
 */
#include <stdlib.h>

#include "content/brands.h"
#include "content/wording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_brands(const km_brands *b)
{
	for (size_t i = 0; i < km_brands_count(b); i++) {
		const km_brand *x = km_brands_at(b, i);
		if (km_brands_find(b, km_sv_of(x->id)) != x)
			abort();
		for (size_t k = 0; k < x->n_aliases; k++) {
			const km_brand_alias *alias;
			const km_brand *of = km_brands_of_term(b, x->alias[k].term, &alias);
			if (of == NULL || (of != x && !x->alias[k].disguised))
				abort();
		}
		for (size_t k = 0; k < x->n_domains; k++)
			if (!km_brand_owns(b, x, x->domain[k], false))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_sv text = { (const char *)data, size };
	km_terms *terms = km_terms_new();
	km_brands *brands = NULL;
	km_phrases *phrases = NULL;
	km_err err = { .st = KM_OK };

	if (terms == NULL)
		return 0;
	if (km_brands_parse(terms, text, "t", &brands, &err) == KM_OK)
		check_brands(brands);
	else if (err.msg[0] == '\0')
		abort();
	err = (km_err){ .st = KM_OK };
	if (km_phrases_parse(terms, text, "t", &phrases, &err) != KM_OK && err.msg[0] == '\0')
		abort();
	km_phrases_free(phrases);
	km_brands_free(brands);
	km_terms_free(terms);
	return 0;
}
