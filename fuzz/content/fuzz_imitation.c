/*
 * Hosts that are made to look like a brand's. Properties: any host is judged, the same each time,
 * and whoever is imitated is named; no host of a brand imitates one. A long name of a brand with
 * one letter changed, left out, added or swapped, with digits for letters, or with its host before
 * another domain, is found.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "content/imitation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONG_NAME = 8, SHORTEST = LONG_NAME + 1, LONGEST = 30 };

static km_terms *terms;
static km_brands *brands;
static km_imitations *imitations;

static bool open_tables(void)
{
	if (imitations)
		return true;
	terms = km_terms_new();
	if (terms == NULL ||
	    km_brands_parse(terms, km_brands_builtin(), "brands.csv", &brands, NULL) != KM_OK)
		abort();
	imitations = km_imitations_new(brands);
	return imitations != NULL;
}

static km_imitation judge(km_arena *a, km_links *l, km_sv host, const km_brand **brand)
{
	km_found_link *f = km_links_add(l, KM_FROM_TEXT, KM_NO_PART,
					km_sv_fmt(a, "http://%.*s/", KM_FMT(host)));

	*brand = NULL;
	if (f == NULL || f->site == NULL)
		return KM_IMITATION_NONE;
	km_imitation how = km_imitation_of(imitations, f->site, brand);
	if (how != KM_IMITATION_NONE &&
	    (*brand == NULL || km_imitations_is_brand(imitations, f->site)))
		abort();
	const km_brand *again = NULL;
	if (km_imitation_of(imitations, f->site, &again) != how ||
	    (how != KM_IMITATION_NONE && again != *brand))
		abort();
	return how;
}

/* A name that was registered: letters only, and none that is half of another's shape ("rn"). */
static bool is_plain(km_sv label)
{
	for (size_t i = 0; i < label.n; i++)
		if (!km_is_alpha((unsigned char)label.p[i]) || strchr("rv", label.p[i]))
			return false;
	return label.n >= SHORTEST && label.n <= LONGEST;
}

/* One edit of @label at @at. */
static km_sv edit(km_arena *a, km_sv label, unsigned how, size_t at, char letter)
{
	km_sv before = km_sv_sub(label, 0, at), after = km_sv_from(label, at);
	km_sv rest = km_sv_from(after, 1);

	switch (how % 4) {
	case 0:
		return km_sv_fmt(a, "%.*s%.*s", KM_FMT(before), KM_FMT(rest));
	case 1:
		return km_sv_fmt(a, "%.*s%c%.*s", KM_FMT(before), letter, KM_FMT(after));
	case 2:
		return km_sv_fmt(a, "%.*s%c%.*s", KM_FMT(before), letter, KM_FMT(rest));
	default:
		if (rest.n == 0)
			return label;
		return km_sv_fmt(a, "%.*s%c%c%.*s", KM_FMT(before), rest.p[0], after.p[0],
				 KM_FMT(km_sv_from(rest, 1)));
	}
}

static km_sv with_digits(km_arena *a, km_sv label)
{
	static const char letters[] = "olzeasgtb", digits[] = "012345678";
	char *p = km_alloc(a, label.n);

	for (size_t i = 0; p && i < label.n; i++) {
		const char *at = strchr(letters, label.p[i]);
		p[i] = at && label.p[i] ? digits[at - letters] : label.p[i];
	}
	return (km_sv){ p, p ? label.n : 0 };
}

/* Of names that are ordinary words too, those that are nearly the same are other words. */
static bool is_word(const km_brand *x, km_sv label)
{
	for (size_t i = 0; i < x->n_aliases; i++)
		if (x->alias[i].ambiguous && km_sv_ieq(x->alias[i].name, label))
			return true;
	return false;
}

static void check_disguised(km_arena *a, km_links *l, const uint8_t *data)
{
	static const char letters[] = "abcdefghijklmopqstuwxyz";
	const km_brand *x =
		km_brands_at(brands, (data[0] | (size_t)data[1] << 8) % km_brands_count(brands));
	const km_brand *found;

	if (x->n_domains == 0)
		return;
	km_sv domain = x->domain[data[2] % x->n_domains], registered = km_host_registrable(domain);
	km_sv prefix = km_sv_fmt(a, "%.*s.evil-%u.example", KM_FMT(domain), data[3]);
	if (judge(a, l, prefix, &found) != KM_IMITATION_PREFIX)
		abort();
	km_sv label = km_sv_sub(registered, 0, km_sv_chr(registered, '.', 0));
	if (!is_plain(label) || is_word(x, label) || km_sv_ends(registered, KM_S(".go.jp")))
		return;
	km_sv other = edit(a, label, data[3], data[4] % label.n,
			   letters[data[5] % (sizeof(letters) - 1)]);
	km_sv fakes[] = { other, with_digits(a, label) };
	for (size_t i = 0; i < KM_COUNT(fakes); i++)
		if (judge(a, l, km_sv_fmt(a, "%.*s.example", KM_FMT(fakes[i])), &found) ==
		    KM_IMITATION_NONE)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { HEAD = 6 };
	const km_brand *brand;
	km_links l = { 0 };

	if (size < HEAD || !open_tables())
		return 0;
	km_arena *a = km_arena_new(4 << 20);
	if (a == NULL)
		return 0;
	l.arena = a;
	km_map_init(&l.by_host, a, false);
	check_disguised(a, &l, data);
	(void)judge(a, &l, km_sv_sub((km_sv){ (const char *)data, size }, HEAD, KM_HOST_TEXT),
		    &brand);
	km_arena_free(a);
	return 0;
}
