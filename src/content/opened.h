/*
 * content/opened.h - the files of a message, looked into: what HTML pages, SVG files and messages
 * kept as files say and where they lead, QR codes in pictures (also those in PDF files, in
 * addresses of pictures, drawn with characters), links in PDF files, what archives hold (and what
 * archives in them hold), macros, scripts. All within the bounds of base/limits.h; what the bounds
 * leave out is a fact, too.
 */
#ifndef KM_CONTENT_OPENED_H
#define KM_CONTENT_OPENED_H

#include "content/pictures.h"
#include "content/urls.h"
#include "fact/fact.h"

/* Something to tell about a file; becomes a fact (content/attachments.c). */
typedef struct {
	km_fact_id fact;
	int part;
	km_sv seen; /* its name; of what is inside an archive, "archive: name" */
	km_sv arg;  /* {1} */
	double weight;
} km_opened_note;

typedef struct {
	const km_opened_note *note;
	size_t n;
	const km_page *page; /* at most KM_MAX_PAGES */
	size_t n_pages;
	km_limit_set limits;
} km_opened;

/* Opens what of @m can be; links found go into @links. What is kept lives in @a. @pictures may be
 * NULL: then every picture is searched. */
void km_opened_read(km_arena *a, km_mail *m, const km_views *v, km_links *links,
		    km_pictures *pictures, km_opened *out);

#endif
