/*
 * content/pdf.h - where a PDF file leads and what it does when it is opened (ISO 32000): URI
 * actions, JavaScript, launched programs; of objects as they stand and of those packed into object
 * streams; and its pictures (content/pdf_picture.h). Text is not read, nor what is drawn with
 * lines.
 */
#ifndef KM_CONTENT_PDF_H
#define KM_CONTENT_PDF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

/* A picture as it stands in the file. */
typedef struct {
	km_sv dictionary; /* ends where the stream begins; what is before its object may be in it */
	km_sv packed;
} km_pdf_picture;

typedef struct {
	const km_pdf_picture *picture;
	size_t n_pictures; /* at most KM_MAX_PDF_PICTURES; none of an encrypted file */
	const km_sv *link; /* targets of URI actions, each once; bytes as they are */
	size_t n;	   /* at most KM_MAX_PDF_LINKS */
	bool active;	   /* runs JavaScript or a program */
	bool encrypted;	   /* so that its strings can not be read */
	km_limit_set limits;
} km_pdf;

/* Linear in @bytes and what it unpacks: at most *left bytes, which are taken off. KM_LIMIT: the
 * arena is full. */
KM_NODISCARD km_status km_pdf_read(km_arena *a, km_sv bytes, size_t *left, km_pdf *out);

#endif
