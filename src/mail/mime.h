/*
 * mail/mime.h - how the parts of a message are found; shared by the files that build them
 * (message.c, mime_part.c, mime_tree.c, mime_reading.c) and by nobody else.
 *
 * mime_tree.c goes over the lines of a container once, whatever its depth: all open boundaries are
 * on a stack. mime_part.c reads what the header fields say. mime_reading.c then walks all parts and
 * appends the other readings of each; those may scan their part again, but never more than
 * `work` bytes in sum.
 */
#ifndef KM_MAIL_MIME_H
#define KM_MAIL_MIME_H

#include "mail/message.h"

typedef struct {
	km_mail *m;
	size_t cap;  /* parts there is room for */
	size_t work; /* bytes that further readings may still scan */
} km_mime;

static inline km_part *km_mime_part(const km_mime *b, int index)
{
	return &b->m->parts[index];
}

static inline void km_mime_note(km_part *p, km_ambiguity which)
{
	p->ambiguities |= 1u << which;
}

static inline bool km_mime_noted(const km_part *p, km_ambiguity which)
{
	return p->ambiguities >> which & 1;
}

/*
 * Appends an empty part below @parent (or KM_NO_PART). Returns its index, or KM_NO_PART when
 * KM_MAX_MIME_PARTS or the arena is met (then the limit is set). May move all parts.
 */
int km_mime_add(km_mime *b, int parent);
/*
 * Appends a further reading of part @of: a copy without children. KM_NO_PART when there are
 * KM_MAX_READINGS of it already or no more parts. May move all parts.
 */
int km_mime_add_reading(km_mime *b, int of);

/* Sets type, encoding, disposition, charset of @p from its header fields. */
void km_mime_read_fields(km_mime *b, km_part *p, km_sv default_type);
/* Sets type and what hangs on it from one Content-Type field. */
void km_mime_read_type(km_mime *b, km_part *p, km_sv raw, km_sv default_type);
/* What IMAP calls the child number @number (from 1) of @parent: "1.2". */
km_sv km_mime_path(km_mime *b, int parent, size_t number, bool multipart);
/* File names, attachment, sniffed type of a leaf, odd things about its encoding. */
void km_mime_describe(km_mime *b, km_part *p);

bool km_mime_is_message(const km_part *p); /* holds a whole message */
bool km_mime_is_container(const km_part *p);
bool km_mime_is_coded(km_cte cte); /* decoding changes the bytes */

/* How a container is to be read. */
typedef struct {
	km_sv boundary;		 /* of a multipart, without white space at its end */
	bool any_case_or_longer; /* lines that only begin like the boundary count as well */
} km_mime_how;

/*
 * Finds all parts below the container @index, whose body is set. For encoded containers that is the
 * decoded body, @bytes; else pass an empty view. Returns whether the boundary occurred.
 */
bool km_mime_scan(km_mime *b, int index, km_mime_how how, km_sv decoded);
/* The boundary that most readers use; p == NULL when there is none. */
km_sv km_mime_boundary(const km_part *p);
/* @v without white space at its end; p == NULL when nothing is left. */
km_sv km_mime_trim_boundary(km_sv v);

/* Describes part @index and appends its other readings. */
void km_mime_readings(km_mime *b, int index);

#endif
