/*
 * content/structure_parts.h - the pieces of content/structure, one file per topic. Internal.
 */
#ifndef KM_CONTENT_STRUCTURE_PARTS_H
#define KM_CONTENT_STRUCTURE_PARTS_H

#include "base/buf.h"
#include "content/structure.h"
#include "text/utf8.h"

typedef struct {
	const km_structure *in;
	km_mail *m;
	const km_views *v;
	km_arena *a;
	km_facts *fs;
} km_structure_job;

void km_structure_sender(const km_structure_job *j);
void km_structure_recipient(const km_structure_job *j);
void km_structure_habits(const km_structure_job *j);
void km_structure_header(const km_structure_job *j);
void km_structure_time(const km_structure_job *j);
void km_structure_mime(const km_structure_job *j);
void km_structure_links(const km_structure_job *j);
void km_structure_strangers(const km_structure_job *j);
void km_structure_disguise(const km_structure_job *j);
void km_structure_attachments(const km_structure_job *j);
void km_structure_smuggled(const km_structure_job *j);

/* A fact about field @h of the message's header; NULL: about the message as a whole. */
km_fact *km_structure_at_field(const km_structure_job *j, km_fact_id id, km_sv seen,
			       const km_header *h);
/*
 * A fact about @where in the text of @part. Its place is known when the text stands in the message
 * as it is, else it is the part's body.
 */
km_fact *km_structure_at_text(const km_structure_job *j, km_fact_id id, km_sv seen, int part,
			      km_sv where);
/* Sets {@which} to a formatted text. */
void km_structure_arg(const km_structure_job *j, km_fact *f, int which, const char *fmt, ...)
	KM_PRINTF(4, 5);
/* "3 days", "2 hours": a length of time for {1}. */
km_sv km_structure_duration(const km_structure_job *j, int64_t seconds);

#endif
