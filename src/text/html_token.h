/*
 * text/html_token.h - HTML tokens, one at a time (WHATWG HTML section 13.2.5).
 * Pull interface: no tree, no recursion, every byte of the input is looked at a bounded number of
 * times. Input is valid UTF-8; CRLF and CR are read as LF. Views point into the input, into static
 * tables or, when something had to be rewritten, into a scratch buffer in the arena, and live until
 * the next call.
 */
#ifndef KM_TEXT_HTML_TOKEN_H
#define KM_TEXT_HTML_TOKEN_H

#include "base/buf.h"
#include "base/limits.h"

/* The parse errors of section 13.2.2 that the tokenizer itself sees: name, code. */
#define KM_HTML_ERRORS(X)                                                                          \
	X(ABRUPT_CLOSING_OF_EMPTY_COMMENT, "abrupt-closing-of-empty-comment")                      \
	X(ABRUPT_DOCTYPE_PUBLIC, "abrupt-doctype-public-identifier")                               \
	X(ABRUPT_DOCTYPE_SYSTEM, "abrupt-doctype-system-identifier")                               \
	X(NO_DIGITS, "absence-of-digits-in-numeric-character-reference")                           \
	X(CDATA_IN_HTML, "cdata-in-html-content")                                                  \
	X(REF_OUTSIDE_UNICODE, "character-reference-outside-unicode-range")                        \
	X(REF_CONTROL, "control-character-reference")                                              \
	X(DUPLICATE_ATTRIBUTE, "duplicate-attribute")                                              \
	X(END_TAG_ATTRIBUTES, "end-tag-with-attributes")                                           \
	X(END_TAG_SOLIDUS, "end-tag-with-trailing-solidus")                                        \
	X(EOF_BEFORE_TAG_NAME, "eof-before-tag-name")                                              \
	X(EOF_IN_CDATA, "eof-in-cdata")                                                            \
	X(EOF_IN_COMMENT, "eof-in-comment")                                                        \
	X(EOF_IN_DOCTYPE, "eof-in-doctype")                                                        \
	X(EOF_IN_SCRIPT_COMMENT, "eof-in-script-html-comment-like-text")                           \
	X(EOF_IN_TAG, "eof-in-tag")                                                                \
	X(INCORRECTLY_CLOSED_COMMENT, "incorrectly-closed-comment")                                \
	X(INCORRECTLY_OPENED_COMMENT, "incorrectly-opened-comment")                                \
	X(INVALID_AFTER_DOCTYPE_NAME, "invalid-character-sequence-after-doctype-name")             \
	X(INVALID_TAG_NAME, "invalid-first-character-of-tag-name")                                 \
	X(MISSING_VALUE, "missing-attribute-value")                                                \
	X(MISSING_DOCTYPE_NAME, "missing-doctype-name")                                            \
	X(MISSING_DOCTYPE_PUBLIC, "missing-doctype-public-identifier")                             \
	X(MISSING_DOCTYPE_SYSTEM, "missing-doctype-system-identifier")                             \
	X(MISSING_END_TAG_NAME, "missing-end-tag-name")                                            \
	X(MISSING_QUOTE_PUBLIC, "missing-quote-before-doctype-public-identifier")                  \
	X(MISSING_QUOTE_SYSTEM, "missing-quote-before-doctype-system-identifier")                  \
	X(MISSING_SEMICOLON, "missing-semicolon-after-character-reference")                        \
	X(MISSING_SPACE_AFTER_PUBLIC, "missing-whitespace-after-doctype-public-keyword")           \
	X(MISSING_SPACE_AFTER_SYSTEM, "missing-whitespace-after-doctype-system-keyword")           \
	X(MISSING_SPACE_BEFORE_NAME, "missing-whitespace-before-doctype-name")                     \
	X(MISSING_SPACE_BETWEEN_ATTRIBUTES, "missing-whitespace-between-attributes")               \
	X(MISSING_SPACE_BETWEEN_IDS,                                                               \
	  "missing-whitespace-between-doctype-public-and-system-identifiers")                      \
	X(NESTED_COMMENT, "nested-comment")                                                        \
	X(REF_NONCHARACTER, "noncharacter-character-reference")                                    \
	X(REF_NULL, "null-character-reference")                                                    \
	X(REF_SURROGATE, "surrogate-character-reference")                                          \
	X(UNEXPECTED_AFTER_SYSTEM, "unexpected-character-after-doctype-system-identifier")         \
	X(UNEXPECTED_IN_ATTRIBUTE_NAME, "unexpected-character-in-attribute-name")                  \
	X(UNEXPECTED_IN_UNQUOTED, "unexpected-character-in-unquoted-attribute-value")              \
	X(UNEXPECTED_EQUALS, "unexpected-equals-sign-before-attribute-name")                       \
	X(UNEXPECTED_NULL, "unexpected-null-character")                                            \
	X(UNEXPECTED_QUESTION_MARK, "unexpected-question-mark-instead-of-tag-name")                \
	X(UNEXPECTED_SOLIDUS, "unexpected-solidus-in-tag")                                         \
	X(UNKNOWN_REF, "unknown-named-character-reference")

typedef enum {
#define X(name, code) KM_HTML_ERROR_##name,
	KM_HTML_ERRORS(X)
#undef X
		KM_HTML_ERROR_COUNT
} km_html_error;

/* How the coming text is read. The user sets it after a start tag; any end tag sets it to DATA. */
typedef enum {
	KM_HTML_DATA,
	KM_HTML_RCDATA,
	KM_HTML_RAWTEXT,
	KM_HTML_SCRIPT,
	KM_HTML_PLAINTEXT,
	KM_HTML_CDATA
} km_html_mode;

typedef enum {
	KM_HTML_EOF,
	KM_HTML_TEXT, /* adjacent ones belong together */
	KM_HTML_START,
	KM_HTML_END,
	KM_HTML_COMMENT,
	KM_HTML_DOCTYPE
} km_html_token_type;

typedef struct {
	km_sv name; /* ASCII lower case */
	km_sv value;
} km_html_attr;

typedef struct {
	km_html_token_type type;
	size_t offset;		  /* where it begins in the input */
	km_sv name;		  /* of a tag or doctype, ASCII lower case */
	km_sv text;		  /* characters, or the data of a comment */
	const km_html_attr *attr; /* the first one of each name */
	size_t n_attrs;
	bool self_closing;
	km_sv public_id, system_id; /* p == NULL: missing */
	bool force_quirks;
} km_html_token;

typedef struct {
	km_sv in;
	size_t at;
	km_html_mode mode;
	bool cdata_allowed; /* inside svg or math: set by the user */
	km_sv last_start;   /* name of the last start tag as it was written */
	km_limit_set limits;
	size_t n_errors;
	void (*on_error)(void *ctx, km_html_error e); /* may be NULL */
	void *ctx;
	/* The rest is the tokenizer's own. */
	unsigned script; /* 0, 1 escaped, 2 double escaped (section 13.2.5.20) */
	km_buf scratch;
	char ref[4]; /* a numeric character reference in text */
	bool tag_dropped, eof_told;
	uint32_t attr_hash[KM_MAX_HTML_ATTRIBUTES];
	km_html_attr attr[KM_MAX_HTML_ATTRIBUTES];
} km_html_tokenizer;

/*
 * @arena holds the scratch buffer; when it is full, names and values are cut. The set of limits
 * tells when a tag had more than KM_MAX_HTML_ATTRIBUTES.
 */
void km_html_token_init(km_html_tokenizer *t, km_arena *arena, km_sv in);
/* False at the end of the input; out->type is then KM_HTML_EOF. */
bool km_html_token_next(km_html_tokenizer *t, km_html_token *out);
/* The code as the specification writes it. */
const char *km_html_error_name(km_html_error e);

#endif
