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

/* A page or text in a file that comes with the message. */
typedef struct {
	km_text_view view;   /* part: of the attached file */
	km_sv file;	     /* its name as it is shown: "bill.html", "files.zip: a.html" */
	km_sv source;	     /* UTF-8 */
	const km_html *html; /* NULL: plain text */
	bool message;	     /* of a message that is kept as a file: another's words */
} km_page;

typedef struct {
	km_text_view subject, from_name;
	const km_text_view *text; /* of parts, in order */
	size_t n_text;
	bool has_plain, has_html;
} km_views;

/* Fills in what a person reads of @text, and its key. */
void km_view_make(km_arena *a, km_text_view *v, int part, km_sv text);

/* Lives as long as the message; what did not fit into the arena is missing. */
void km_views_read(km_arena *a, km_mail *m, km_views *out);

#endif
