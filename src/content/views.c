#include "content/views.h"

void km_view_make(km_arena *a, km_text_view *v, int part, km_sv text)
{
	v->part = part;
	v->text = text;
	/* A key that was cut short by the arena's end is a key still. */
	(void)!km_view_key(a, text, &v->key, &v->stats);
}

void km_views_read(km_arena *a, km_mail *m, km_views *out)
{
	km_text_view *text = KM_NEW_ARRAY(a, km_text_view, m->n_parts);

	*out = (km_views){ .text = text };
	km_view_make(a, &out->subject, KM_NO_PART, m->subject);
	km_view_make(a, &out->from_name, KM_NO_PART,
		     m->from.n ? m->from.a[0].name : (km_sv){ NULL, 0 });
	for (size_t i = 0; text && i < m->n_parts; i++) {
		km_part *p = &m->parts[i];
		if (!km_part_is_text(p))
			continue;
		km_view_make(a, &text[out->n_text++], (int)i, km_part_text(m, p));
		if (km_part_is_html(p))
			out->has_html = true;
		else
			out->has_plain = true;
	}
}
