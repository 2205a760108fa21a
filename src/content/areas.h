/*
 * content/areas.h - the places of a message in which words are looked for, each with the words
 * found: sender's name and address, subject, and the texts, what the author wrote apart from what
 * is quoted.
 */
#ifndef KM_CONTENT_AREAS_H
#define KM_CONTENT_AREAS_H

#include "content/terms.h"
#include "content/views.h"

typedef enum { KM_AREA_NAME, KM_AREA_ADDRESS, KM_AREA_SUBJECT, KM_AREA_TEXT } km_area_kind;

typedef struct {
	km_area_kind kind;
	int part;   /* index in mail->parts, or KM_NO_PART */
	km_sv text; /* as decoded */
	km_sv key;
	km_term_hits hits;
	km_sv file;	/* the attached file that it is in, as it is shown; empty: in none */
	bool quoted;	/* of another message: quoted, forwarded or attached */
	bool disguised; /* read as letters what only looks like them: "4mazon", "A m a z o n" */
} km_area;

typedef struct {
	const km_area *area;
	size_t n;
	bool reply;   /* an answer or a message passed on, as it says */
	bool bare;    /* passed on without words of the author's own */
	bool is_list; /* through a mailing list, as it says */
} km_areas;

/*
 * How @m passes another message on: not at all; with words of the author's own; or as good as
 * alone, when what is quoted is all that it says.
 */
typedef enum { KM_PASSES_NOTHING, KM_PASSES_WITH_WORDS, KM_PASSES_BARE } km_passing;

km_passing km_mail_passing(const km_mail *m, const km_views *v);

/* With the @n pages at @page that files hold. Lives as long as the message; what did not fit into
 * the arena is missing. */
void km_areas_read(km_arena *a, const km_terms *terms, const km_mail *m, const km_views *v,
		   const km_page *page, size_t n, km_areas *out);

#endif
