/*
 * mail/header.h - the header section of a message or part (RFC 5322 section 2.2), zero copy.
 * Order, duplicates and the raw bytes are kept. LF, CRLF and bare CR line ends are all read.
 */
#ifndef KM_MAIL_HEADER_H
#define KM_MAIL_HEADER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

/* What is odd about a field or a section; bits. */
enum {
	KM_HDR_FOLDED = 1,	 /* goes on over several lines (not odd in itself) */
	KM_HDR_8BIT = 2,	 /* bytes above 0x7f */
	KM_HDR_NUL = 4,		 /* NUL bytes */
	KM_HDR_BARE_CR = 8,	 /* CR without LF */
	KM_HDR_BARE_LF = 16,	 /* LF without CR in a section that otherwise has CRLF */
	KM_HDR_SPACE_COLON = 32, /* white space between name and colon */
	KM_HDR_NAME_BAD = 64,	 /* name has bytes outside 33..126 */
	KM_HDR_NO_COLON = 128,	 /* a line that is no field and no continuation; name is empty */
	KM_HDR_BLANK_FOLD = 256, /* a continuation line of nothing but white space */
	KM_HDR_LONG_LINE = 512,	 /* a line of over 998 bytes */
	KM_HDR_CONTROL = 1024	 /* other control characters */
};

typedef struct {
	km_sv name;    /* without the white space before the colon; as written */
	km_sv raw;     /* everything after the colon, folds included, without the final line end */
	size_t offset; /* of the name in the message */
	unsigned odd;  /* KM_HDR_* */
} km_header;

typedef struct {
	const km_header *h;
	size_t n;
	size_t offset;	    /* of the section in the message */
	size_t body;	    /* offset in the message of the first byte of the body */
	size_t strict_body; /* where readers begin the body that take the first line that is no
			       field for it (Postfix, Sendmail); == body when they agree */
	bool no_separator;  /* the input ended, or a non-header line came, before an empty line */
	unsigned odd;	    /* all fields' bits together */
	km_limit_set limits;
} km_headers;

/*
 * Reads the section that begins at @offset of @message and ends before @end.
 * An mbox "From " or ">From " first line is passed over (never becomes a field).
 * A first line that is no field means: no headers, all body. A later one ends the section, unless
 * a proper field follows it at once: then it is kept as a field with KM_HDR_NO_COLON (or
 * KM_HDR_NAME_BAD). A lone CR ends a field where a field name and a colon follow it, and in a
 * section without any LF everywhere. Past the limits fields are no longer kept, but the body is
 * still found. Linear in the bytes up to the body. KM_LIMIT when the arena is full; *out is then
 * what fitted.
 */
KM_NODISCARD km_status km_headers_read(km_arena *a, km_sv message, size_t offset, size_t end,
				       km_headers *out);

/* First field called @name (case-blind) at or after index @from, or NULL. */
const km_header *km_headers_find(const km_headers *hs, km_sv name, size_t from);
size_t km_headers_count(const km_headers *hs, km_sv name);
#define km_headers_first(hs, lit) km_headers_find((hs), KM_S(lit), 0)

/* @raw with folds undone (RFC 5322 section 2.2.3: only the line ends go) and trimmed. */
km_sv km_header_unfold(km_arena *a, km_sv raw);
/* Unstructured text for people: unfolded, encoded-words decoded, raw 8-bit detected; valid UTF-8.
 */
km_sv km_header_text(km_arena *a, km_sv raw);

#endif
