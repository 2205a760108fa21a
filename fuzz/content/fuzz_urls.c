/*
 * Properties: links of running text stand in it, in order and apart; what is found has a site that
 * can be found again; and wrappers are taken off only so far.
 */
#include <stdlib.h>

#include "content/urls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	km_arena *a = km_arena_new(1 << 23);
	km_mail *m;
	km_views v;
	km_links l;
	const char *last = NULL;

	if (a == NULL)
		return 0;
	if (km_mail_read(a, (km_sv){ (const char *)data, size }, &m) != KM_OK) {
		km_arena_free(a);
		return 0;
	}
	km_views_read(a, m, &v);
	km_links_read(a, m, &v, &l);
	for (size_t i = 0; i < l.n; i++) {
		const km_found_link *f = &l.a[i];
		if (f->url == NULL || f->final == NULL || f->depth > KM_MAX_WRAPPERS)
			abort();
		if (f->site && km_links_site(&l, f->site->host) != f->site)
			abort();
		if (f->origin == KM_FROM_TEXT && m->n_parts == 1 && !m->parts[0].html) {
			if (last && f->where.p < last)
				abort();
			last = f->where.p + f->where.n;
		}
	}
	km_arena_free(a);
	return 0;
}
