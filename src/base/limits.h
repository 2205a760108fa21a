/*
 * base/limits.h - every bound of the reader in one table.
 * Columns: name, value, unit, fact written when it is met, what it bounds.
 * A reader that meets one sets its bit with km_limit_hit() and goes on with what fits;
 * content/structure turns the bits into facts.
 */
#ifndef KM_BASE_LIMITS_H
#define KM_BASE_LIMITS_H

#include "base/sv.h"

#define KM_LIMITS(X)                                                                               \
	X(MESSAGE_BYTES, 134217728, "bytes", LIMIT_SIZE, "message as received")                    \
	X(ARENA_BYTES, 50331648, "bytes", LIMIT_MEMORY,                                            \
	  "memory for all that is read from a message")                                            \
	X(HEADER_BYTES, 262144, "bytes", LIMIT_HEADERS, "one header section")                      \
	X(HEADER_FIELDS, 2000, "fields", LIMIT_HEADERS, "fields in one header section")            \
	X(ENCODED_WORDS, 2000, "words", LIMIT_HEADERS, "encoded-words in one field")               \
	X(ADDRESSES, 2000, "addresses", LIMIT_HEADERS, "mailboxes read from one field")            \
	X(COMMENT_DEPTH, 32, "levels", LIMIT_HEADERS, "nested comments in a structured field")     \
	X(PARAMETERS, 100, "parameters", LIMIT_HEADERS, "parameters of one field")                 \
	X(RECEIVED_HOPS, 100, "hops", LIMIT_HEADERS, "Received fields read")                       \
	X(MIME_DEPTH, 20, "levels", LIMIT_MIME, "nested multiparts and messages")                  \
	X(MIME_PARTS, 500, "parts", LIMIT_MIME, "parts of one message, all readings together")     \
	X(TEXT_BYTES, 4194304, "bytes", LIMIT_TEXT, "decoded text of one part")                    \
	X(TEXT_TOTAL, 8388608, "bytes", LIMIT_TEXT, "decoded text of all parts of a message")      \
	X(HTML_ATTRIBUTES, 256, "attributes", LIMIT_HTML, "attributes of one HTML tag")            \
	X(HTML_DEPTH, 512, "levels", LIMIT_HTML, "open HTML elements that carry style")            \
	X(HTML_LINKS, 2000, "links", LIMIT_HTML, "links kept from one HTML part")                  \
	X(HTML_RULES, 1000, "rules", LIMIT_HTML,                                                   \
	  "rules kept from the style sheets of an HTML part")                                      \
	X(SNIFF_BYTES, 4096, "bytes", LIMIT_NONE,                                                  \
	  "decoded start of a part looked at for its type")                                        \
	X(FACTS, 500, "facts", LIMIT_NONE, "facts kept for one message")                           \
	X(SEEN_BYTES, 256, "bytes", LIMIT_NONE, "quotation from a message kept with a fact")       \
	X(DNS_QUESTIONS, 160, "questions", LIMIT_DNS, "DNS questions for one message")             \
	X(DNS_RECORDS, 256, "records", LIMIT_NONE, "records kept from one DNS answer")             \
	X(RESERVE_BYTES, 4194304, "bytes", LIMIT_NONE,                                             \
	  "part of ARENA_BYTES that is kept for facts and verdict")                                \
	X(TAGS, 64, "tags", LIMIT_NONE, "tags of one DKIM, ARC or DMARC list")                     \
	X(SIGNATURES, 8, "signatures", LIMIT_NONE,                                                 \
	  "DKIM signatures looked at, those nearest to the From domain first")                     \
	X(ARC_SETS, 50, "sets", LIMIT_NONE, "ARC sets of one message (RFC 8617 section 4.2.1)")    \
	X(LINKS, 2000, "links", LIMIT_LINKS, "links kept from one message")                        \
	X(SITES, 500, "hosts", LIMIT_LINKS, "different hosts of the links of one message")         \
	X(URL_BYTES, 8192, "bytes", LIMIT_NONE, "one link")                                        \
	X(WRAPPERS, 5, "wrappers", LIMIT_NONE, "redirectors taken off one link")                   \
	X(FILE_BYTES, 8388608, "bytes", LIMIT_FILES, "decoded bytes of one file that is opened")   \
	X(FILES_BYTES, 16777216, "bytes", LIMIT_FILES,                                             \
	  "memory for one attached file and what is unpacked of it")                               \
	X(FILES, 64, "files", LIMIT_FILES, "files opened, of one attached file")                   \
	X(FILE_DEPTH, 2, "levels", LIMIT_FILES, "archives opened inside one another")              \
	X(ARCHIVE_ENTRIES, 2000, "entries", LIMIT_FILES, "entries listed of one archive")          \
	X(UNPACKED_BYTES, 33554432, "bytes", LIMIT_FILES,                                          \
	  "data unpacked to look into all files of a message")                                     \
	X(IMAGE_PIXELS, 9437184, "pixels", LIMIT_FILES, "one picture that is unpacked whole")      \
	X(JPEG_PIXELS, 67108864, "pixels", LIMIT_FILES,                                            \
	  "one JPEG picture, which is unpacked at a smaller scale")                                \
	X(RASTER_PIXELS, 1048576, "pixels", LIMIT_NONE,                                            \
	  "picture as it is searched for QR codes, made smaller to fit")                           \
	X(SEARCHED_PIXELS, 4194304, "pixels", LIMIT_FILES,                                         \
	  "pictures of a message that are searched for QR codes, together")                        \
	X(QR_CODES, 16, "codes", LIMIT_NONE, "QR codes read from one picture")                     \
	X(PDF_STREAMS, 256, "streams", LIMIT_FILES, "object streams unpacked of one PDF file")     \
	X(PAGES, 16, "pages", LIMIT_FILES, "pages and texts read of attached files")               \
	X(PAGES_BYTES, 2097152, "bytes", LIMIT_FILES, "these, together")                           \
	X(PDF_PICTURES, 16, "pictures", LIMIT_FILES, "pictures looked at in one PDF file")         \
	X(PDF_LINKS, 200, "links", LIMIT_NONE, "links kept from one PDF file")                     \
	X(READINGS, 8, "readings", LIMIT_MIME, "alternative readings of one part that are kept")

typedef enum {
#define X(name, value, unit, fact, what) KM_LIMIT_##name,
	KM_LIMITS(X)
#undef X
		KM_LIMIT_COUNT
} km_limit;

/* The values: KM_MAX_MESSAGE_BYTES, … */
enum {
#define X(name, value, unit, fact, what) KM_MAX_##name = (value),
	KM_LIMITS(X)
#undef X
};

/* A set of limits that were met. */
typedef uint64_t km_limit_set;
_Static_assert(KM_LIMIT_COUNT <= 64, "km_limit_set is too small");

static inline void km_limit_hit(km_limit_set *set, km_limit which)
{
	if (set)
		*set |= UINT64_C(1) << which;
}

typedef struct {
	const char *name; /* "MIME_DEPTH" */
	uint64_t value;
	const char *unit;
	const char *what;
} km_limit_info;

const km_limit_info *km_limit_describe(km_limit which);

#endif
