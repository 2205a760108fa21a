#include "content/cues.h"

bool km_cues_start(km_cue_set set, km_sv v)
{
	const km_cues *c = &km_cue_table[set];

	for (size_t i = 0; i < c->n; i++)
		if (v.n >= c->cue[i].n && v.p[0] == c->cue[i].p[0] &&
		    memcmp(v.p, c->cue[i].p, c->cue[i].n) == 0)
			return true;
	return false;
}

bool km_cues_istart(km_cue_set set, km_sv v)
{
	const km_cues *c = &km_cue_table[set];

	for (size_t i = 0; i < c->n; i++)
		if (v.n >= c->cue[i].n && ((v.p[0] ^ c->cue[i].p[0]) & ~0x20) == 0 &&
		    km_sv_istarts(v, c->cue[i]))
			return true;
	return false;
}

bool km_cues_end(km_cue_set set, km_sv v)
{
	const km_cues *c = &km_cue_table[set];

	for (size_t i = 0; i < c->n; i++) {
		if (!km_sv_ends(v, c->cue[i]))
			continue;
		size_t rest = v.n - c->cue[i].n;
		if (!km_is_alpha((unsigned char)c->cue[i].p[0]) || rest == 0 ||
		    !km_is_alnum((unsigned char)v.p[rest - 1]))
			return true;
	}
	return false;
}

bool km_cues_in(km_cue_set set, km_sv v, km_sv *which)
{
	const km_cues *c = &km_cue_table[set];

	for (size_t i = 0; i < c->n; i++)
		if (km_sv_ifind(v, c->cue[i], 0) < v.n) {
			if (which)
				*which = c->cue[i];
			return true;
		}
	return false;
}

bool km_cues_is(km_cue_set set, km_sv v)
{
	const km_cues *c = &km_cue_table[set];

	for (size_t i = 0; i < c->n; i++)
		if (v.n == c->cue[i].n && v.p[0] == c->cue[i].p[0] && km_sv_eq(v, c->cue[i]))
			return true;
	return false;
}
