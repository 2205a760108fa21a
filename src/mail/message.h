/*
 * mail/message.h - the one reading of a message that everything else shares.
 *
 * Parts are a flat array; tree links are indexes. First readings come first, in order of
 * appearance; then what encoded containers hold, and the further readings of parts that can be read
 * in several ways (duplicate or conflicting Content-Type, Content-Transfer-Encoding, boundary …):
 * these are parts of their own with `reading` > 0 and `reading_of` = index of the first reading,
 * which is what most readers do. Their parent is the first reading's, but they are not in its chain
 * of children. Whoever walks parts[0..n) therefore sees every reading.
 *
 * Bodies are decoded on demand and kept: km_part_text(), km_part_bytes().
 * Lifetime: the arena and the message bytes. Thread rule: one message, one thread.
 */
#ifndef KM_MAIL_MESSAGE_H
#define KM_MAIL_MESSAGE_H

#include "mail/addr.h"
#include "mail/date.h"
#include "mail/encword.h"
#include "mail/header.h"
#include "mail/param.h"
#include "mail/received.h"
#include "mail/sniff.h"
#include "mail/transfer.h"
#include "text/charset.h"
#include "text/html.h"
#include "text/view.h"

/* Ambiguities and repairs of the structure; X(id, sentence for the expert). */
#define KM_AMBIGUITIES(X)                                                                          \
	X(DUP_CONTENT_TYPE, "several Content-Type fields that differ")                             \
	X(DUP_ENCODING, "several Content-Transfer-Encoding fields that differ")                    \
	X(DUP_DISPOSITION, "several Content-Disposition fields that differ")                       \
	X(DUP_BOUNDARY, "several boundary parameters that differ")                                 \
	X(DUP_CHARSET, "several charset parameters that differ")                                   \
	X(DUP_FILENAME, "several file names that differ")                                          \
	X(BAD_CONTENT_TYPE, "a Content-Type that does not follow the grammar")                     \
	X(UNKNOWN_ENCODING, "an unknown Content-Transfer-Encoding")                                \
	X(ENCODED_MULTIPART, "a multipart or message with base64 or quoted-printable")             \
	X(NO_BOUNDARY, "a multipart without boundary parameter")                                   \
	X(BOUNDARY_UNUSED, "a multipart whose boundary never occurs")                              \
	X(BOUNDARY_ODD, "an empty, overlong or strangely spelt boundary")                          \
	X(BOUNDARY_PREFIX, "a boundary that begins like that of an outer part")                    \
	X(BOUNDARY_LOOKALIKE, "a line that almost is a boundary")                                  \
	X(MISSING_END, "a multipart without closing boundary")                                     \
	X(AFTER_END, "parts after the closing boundary")                                           \
	X(PREAMBLE_TEXT, "long text before the first part")                                        \
	X(EPILOGUE_TEXT, "long text after the last part")                                          \
	X(NO_HEADER_END, "headers that no empty line ends")                                        \
	X(NO_MIME_VERSION, "MIME fields without MIME-Version")                                     \
	X(BASE64_JUNK, "base64 with foreign bytes inside")                                         \
	X(BASE64_PADDING, "base64 with padding in the middle or missing")                          \
	X(QP_BROKEN, "quoted-printable with broken escapes")                                       \
	X(UUENCODE, "uuencoded data in a text part")                                               \
	X(MIXED_EOL, "line ends of several kinds")                                                 \
	X(NUL_BYTES, "NUL bytes")                                                                  \
	X(PARTIAL, "a message/partial or message/external-body part")

typedef enum {
#define X(id, what) KM_AMB_##id,
	KM_AMBIGUITIES(X)
#undef X
		KM_AMB_COUNT
} km_ambiguity;

const char *km_ambiguity_name(km_ambiguity which); /* "DUP_BOUNDARY" */
const char *km_ambiguity_text(km_ambiguity which);

enum { KM_NO_PART = -1 };

typedef struct km_part {
	int parent, first_child, next; /* indexes, or KM_NO_PART */
	int reading;		       /* 0 = first reading */
	int reading_of;		       /* index of the part's first reading, or KM_NO_PART */
	int depth;		       /* 0 = the message itself */
	km_sv path; /* "1", "1.2", as IMAP numbers them; "TEXT", "2.TEXT" for a multipart that is
		       the body of a message; "1.2/r1" for a second reading */
	km_headers headers;
	km_sv body;	    /* encoded, raw */
	size_t offset;	    /* of the headers in the message (0 in decoded containers) */
	size_t body_offset; /* of the body in the message; SIZE_MAX inside a decoded container */
	km_sv type;	    /* media type used, lower case; "text/plain" by default */
	bool type_declared;
	km_params content_type, disposition;
	km_cte cte;
	km_sv charset;		/* declared, or empty */
	km_sv filename;		/* preferred spelling, UTF-8, or empty */
	const km_sv *filenames; /* all spellings that differ */
	size_t n_filenames;
	bool attachment;     /* disposition says so, or it has a file name and is not inline text */
	const char *sniffed; /* by the first bytes; static; NULL for multiparts */
	uint32_t ambiguities; /* 1u << km_ambiguity */
	/* filled by km_part_text() */
	bool text_done;
	km_decoded decoded; /* text parts: charset and UTF-8 of the body */
	km_html *html;	    /* HTML parts, else NULL */
	km_transfer_info transfer;
	bool bytes_done;
	km_sv bytes; /* decoded, at most KM_MAX_TEXT_BYTES */
} km_part;

typedef struct {
	km_sv raw; /* the message as given, mbox From line cut off */
	km_arena *arena;
	km_part *parts;
	size_t n_parts;
	const km_headers *headers; /* of parts[0] */

	/* each field's first occurrence, read; the counts tell of more */
	km_addr_list from; /* all addresses of all From fields */
	km_addr_list sender, reply_to, to, cc, return_path;
	size_t n_from, n_sender, n_to, n_subject, n_date, n_message_id, n_reply_to;
	km_sv subject; /* UTF-8 */
	km_encword_info subject_info, from_info;
	km_sv message_id; /* with brackets, trimmed; empty when none */
	km_date date;
	bool has_date; /* a Date field could be read */
	km_received received;

	uint32_t ambiguities; /* of all parts */
	km_limit_set limits;
	size_t text_used;	       /* decoded text so far, against KM_MAX_TEXT_TOTAL */
	bool has_lf, has_crlf, has_cr; /* line ends of the raw message */
	size_t n_nul;
} km_mail;

/*
 * Reads @raw. Never refuses bytes: KM_LIMIT when the arena was too small (then *out is what fitted,
 * and has at least one part), KM_NOMEM when not even that.
 */
KM_NODISCARD km_status km_mail_read(km_arena *a, km_sv raw, km_mail **out);
/*
 * As km_mail_read(), for whom the header and the body's bytes are enough: the message itself is the
 * only part, and `received` stays empty.
 */
KM_NODISCARD km_status km_mail_read_header(km_arena *a, km_sv raw, km_mail **out);

/* Transfer-decoded bytes of a leaf (at most KM_MAX_TEXT_BYTES); decoded once. */
km_sv km_part_bytes(km_mail *m, km_part *p);
/*
 * Text of a leaf as UTF-8: of text/plain the text, of text/html the visible text (p->html has the
 * rest), of others an empty view. Decoded once, within KM_MAX_TEXT_TOTAL.
 */
km_sv km_part_text(km_mail *m, km_part *p);
bool km_part_is_multipart(const km_part *p);
bool km_part_is_text(const km_part *p); /* text leaf that a mail reader would show */
bool km_part_is_html(const km_part *p);
/* Decoded size in bytes, counted without decoding. */
size_t km_part_size(const km_part *p);

#endif
