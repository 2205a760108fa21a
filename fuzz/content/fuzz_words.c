/*
 * What a message says, and in whose name. Properties: hits lie inside the key, in the order in
 * which they end; claims are ordered and add up; what is shown of phrases stands in its area; facts
 * point into the message; and what is said twice over does not weigh more than the most.
 */
#include <math.h>
#include <stdlib.h>

#include "content/brand_check.h"
#include "content/brand_claims.h"
#include "content/contact.h"
#include "content/wording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static km_terms *terms;
static km_brands *brands;
static km_phrases *phrases;

static void open_tables(void)
{
	terms = km_terms_new();
	if (km_brands_open(terms, NULL, &brands, NULL) != KM_OK ||
	    km_phrases_parse(terms, km_phrases_builtin(), "phrases.csv", &phrases, NULL) != KM_OK ||
	    km_terms_build(terms, NULL) != KM_OK)
		abort();
}

static void check_areas(const km_areas *areas)
{
	for (size_t i = 0; i < areas->n; i++) {
		const km_area *area = &areas->area[i];
		for (size_t k = 0; k < area->hits.n; k++) {
			const km_term_hit *h = &area->hits.hit[k];
			if (h->from >= h->to || h->to > area->key.n ||
			    (k && h->to < area->hits.hit[k - 1].to))
				abort();
		}
	}
}

static void check_wording(const km_wording *w)
{
	for (size_t k = 0; k < KM_WORDING_COUNT; k++) {
		const km_wording_sum *s = &w->of[k];
		if (!isfinite(s->sum) || s->sum < 0 || s->strong > s->sum + 0.001)
			abort();
		for (size_t i = 0; i < s->n_shown; i++) {
			km_sv in = s->shown[i].area->key, v = s->shown[i].words;
			if (v.p < in.p || v.p + v.n > in.p + in.n)
				abort();
		}
	}
}

static bool some_wallet(km_sv v)
{
	return v.n > 20;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(1 << 24);
	const km_origin origin = { .domain = KM_S("b.example"), .local = KM_S("a") };
	km_mail *m;
	km_views v;
	km_links l;
	km_areas areas;
	km_facts fs;
	km_claims claims;

	if (terms == NULL)
		open_tables();
	if (a == NULL)
		return 0;
	km_wording *w = KM_NEW(a, km_wording);
	if (w == NULL || km_mail_read(a, (km_sv){ (const char *)data, size }, &m) != KM_OK) {
		km_arena_free(a);
		return 0;
	}
	km_views_read(a, m, &v);
	km_links_read(a, m, &v, &l);
	km_areas_read(a, terms, m, &v, NULL, 0, &areas);
	check_areas(&areas);
	km_wording_read(a, phrases, &areas, w);
	check_wording(w);
	km_claims_read(brands, terms, &areas, false, a, &claims);
	for (size_t i = 1; i < claims.n; i++)
		if (claims.claim[i].total > claims.claim[i - 1].total)
			abort();
	km_facts_init(&fs, a);
	km_wording_facts(a, m, w, &fs);
	const km_brand_job job = { .brands = brands,
				   .terms = terms,
				   .mail = m,
				   .areas = &areas,
				   .links = &l,
				   .origin = &origin,
				   .notice = w->notice,
				   .demand = w->demand };
	km_brand_facts(a, &job, &fs);
	const km_contact_job contact = {
		.mail = m, .areas = &areas, .links = &l, .brands = brands, .is_wallet = some_wallet
	};
	km_contact_facts(a, &contact, &fs);
	for (size_t i = 0; i < fs.n; i++)
		if (fs.f[i].offset > size || fs.f[i].length > size - fs.f[i].offset ||
		    !isfinite(fs.f[i].weight))
			abort();
	km_arena_free(a);
	return 0;
}
