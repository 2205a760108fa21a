/*
 * content/views.h - the match keys (text/view.h) of what a person reads of a message, made once for
 * all checks: subject, sender's name, and every text part in every reading.
 */
#ifndef KM_CONTENT_VIEWS_H
#define KM_CONTENT_VIEWS_H

#include "mail/message.h"

typedef struct {
	int part;   /* index in mail->parts; KM_NO_PART for subject and name */
	km_sv text; /* visible text, UTF-8 */
	km_sv key;
	km_view_stats stats;
} km_text_view;

typedef struct {
	km_text_view subject, from_name;
	const km_text_view *text; /* of parts, in order */
	size_t n_text;
	bool has_plain, has_html;
} km_views;

/* Lives as long as the message; what did not fit into the arena is missing. */
void km_views_read(km_arena *a, km_mail *m, km_views *out);

#endif
