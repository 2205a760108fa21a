#include "learn/disguise.h"

enum { MUCH = 20 }; /* percent of the letters */

/* Width of a sign without width at @at (U+00AD, U+034F, U+200B to U+200D, U+2060, U+FEFF), or 0. */
static size_t unseen_at(km_sv v, size_t at)
{
	static const km_sv signs[] = {
		KM_SV("\u200b"), KM_SV("\u200c"), KM_SV("\u200d"), KM_SV("\u2060"),
		KM_SV("\ufeff"), KM_SV("\u00ad"), KM_SV("\u034f"),
	};
	km_sv rest = km_sv_from(v, at);

	for (size_t i = 0; i < KM_COUNT(signs); i++)
		if (km_sv_starts(rest, signs[i]))
			return signs[i].n;
	return 0;
}

/* Newsletters fill up with such signs between spaces; what counts is those beside a letter. */
static size_t count_cuts(km_sv v)
{
	size_t cuts = 0, width;

	for (size_t at = 0; at < v.n; at += width ? width : 1) {
		width = (unsigned char)v.p[at] < 0x80 ? 0 : unseen_at(v, at);
		if (width == 0 || at == 0 || at + width == v.n)
			continue;
		unsigned char before = (unsigned char)v.p[at - 1],
			      after = (unsigned char)v.p[at + width];
		/* letters of another script may stand for Latin ones, but not on both sides */
		cuts += (km_is_alnum(before) && (km_is_alnum(after) || after >= 0x80)) ||
			(km_is_alnum(after) && before >= 0x80);
	}
	return cuts;
}

void km_disguise_add(km_disguise *d, km_sv text, const km_view_stats *stats)
{
	d->letters += stats->latin;
	d->changed += stats->confusable + stats->styled;
	if (stats->kana + stats->han + stats->hangul == 0)
		d->changed += stats->compat;
	if (stats->ignorable)
		d->changed += count_cuts(text);
}

bool km_is_disguised(const km_disguise *d)
{
	return d->changed * 100 > d->letters * MUCH;
}
