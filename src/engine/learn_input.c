#include "engine/learn_input.h"

#include "learn/disguise.h"

km_status km_learn_input_of(km_arena *a, km_mail *mail, const km_views *views, km_learn_input *out)
{
	km_sv *text = KM_NEW_ARRAY(a, km_sv, views->n_text);
	km_disguise disguise = { 0 };

	if (text == NULL)
		return KM_LIMIT;
	for (size_t i = 0; i < views->n_text; i++) {
		const km_text_view *v = &views->text[i];
		text[i] = v->key;
		km_disguise_add(&disguise, v->text, &v->stats);
	}
	*out = (km_learn_input){ .mail = mail,
				 .subject = views->subject.key,
				 .from_name = views->from_name.key,
				 .text = text,
				 .n_text = views->n_text,
				 .disguised = km_is_disguised(&disguise) };
	return KM_OK;
}

km_status km_learn_input_read(km_arena *a, km_sv message, km_learn_input *out)
{
	km_views views;
	km_mail *m;

	if (km_mail_read(a, message, &m) == KM_NOMEM)
		return KM_NOMEM;
	km_views_read(a, m, &views);
	return km_learn_input_of(a, m, &views, out);
}
