/*
 * tests/support/mail_check.h - what must hold of any message that was read, whatever its bytes.
 * Shared by the fuzz target and the conformance tests.
 */
#ifndef KM_TESTS_MAIL_CHECK_H
#define KM_TESTS_MAIL_CHECK_H

#include "mail/message.h"
#include "text/utf8.h"

static inline bool check_inside(km_sv inner, km_sv outer)
{
	return inner.n == 0 ||
	       (outer.n >= inner.n && inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n);
}

/* Links go forward, and come back to the same parent: so there is no cycle. */
static inline const char *check_links(const km_mail *m, int i)
{
	const km_part *p = &m->parts[i];
	int n = (int)m->n_parts;

	if (p->parent >= i || (p->parent < 0) != (p->depth == 0))
		return "parent";
	if (p->parent >= 0 && p->depth != m->parts[p->parent].depth + 1)
		return "depth of child";
	if (p->depth > KM_MAX_MIME_DEPTH)
		return "depth limit";
	if (p->first_child != KM_NO_PART &&
	    (p->first_child <= i || p->first_child >= n || m->parts[p->first_child].parent != i))
		return "first child";
	if (p->next != KM_NO_PART &&
	    (p->next <= i || p->next >= n || m->parts[p->next].parent != p->parent))
		return "next";
	if (p->reading >= KM_MAX_READINGS || (p->reading == 0) != (p->reading_of == KM_NO_PART) ||
	    p->reading_of >= i)
		return "reading";
	return NULL;
}

/* A part lies inside its parent, or inside what its parent decodes to. */
static inline const char *check_span(const km_mail *m, int i)
{
	const km_part *p = &m->parts[i];

	if (p->body_offset != SIZE_MAX && (!check_inside(p->body, m->raw) ||
					   (p->body.n && p->body.p != m->raw.p + p->body_offset)))
		return "offset of body";
	if (p->parent == KM_NO_PART)
		return NULL;
	const km_part *up = &m->parts[p->parent];
	if (check_inside(p->body, up->body))
		return NULL;
	if (p->body_offset != SIZE_MAX)
		return "span";
	const km_part *first = p->reading_of == KM_NO_PART ? up : &m->parts[p->reading_of];
	return check_inside(p->body, up->bytes) || check_inside(p->body, first->bytes) ? NULL
										       : "span";
}

static inline const char *check_texts(km_mail *m, km_part *p)
{
	km_sv text = km_part_text(m, p);

	if (!km_utf8_valid(text) || !km_utf8_valid(p->decoded.utf8))
		return "text is not UTF-8";
	for (size_t k = 0; k < p->n_filenames; k++)
		if (!km_utf8_valid(p->filenames[k]))
			return "file name is not UTF-8";
	if (p->path.n == 0)
		return "path";
	if (!km_part_is_multipart(p) && p->sniffed == NULL)
		return "sniffed type";
	if (p->bytes_done && !p->transfer.truncated && p->bytes.n != km_part_size(p) &&
	    !(m->limits >> KM_LIMIT_ARENA_BYTES & 1))
		return "size";
	return NULL;
}

/* NULL, or the name of what does not hold. Decodes all texts. */
static inline const char *mail_check(km_mail *m)
{
	const char *bad = NULL;

	if (m->n_parts == 0 || m->n_parts > KM_MAX_MIME_PARTS)
		return "number of parts";
	for (size_t i = 0; i < m->n_parts && !bad; i++) {
		bad = check_links(m, (int)i);
		if (!bad)
			bad = check_span(m, (int)i);
	}
	for (size_t i = 0; i < m->n_parts && !bad; i++)
		bad = check_texts(m, &m->parts[i]);
	if (!bad && !km_utf8_valid(m->subject))
		bad = "subject is not UTF-8";
	if (!bad && m->text_used > KM_MAX_TEXT_TOTAL)
		bad = "total of texts";
	return bad;
}

#endif
