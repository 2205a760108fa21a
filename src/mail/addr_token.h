/*
 * mail/addr_token.h - the tokens of an address list (RFC 5322 section 3.2), for mail/addr.c.
 * Raw ISO-2022-JP and two-byte charsets are passed over as units, for their bytes can look like
 * quotes, brackets and at signs.
 */
#ifndef KM_MAIL_ADDR_TOKEN_H
#define KM_MAIL_ADDR_TOKEN_H

#include "mail/addr.h"

typedef enum {
	KM_TOK_END,
	KM_TOK_ATOM,	/* dots included */
	KM_TOK_QUOTED,	/* with its quotes */
	KM_TOK_WORD,	/* encoded-word */
	KM_TOK_LITERAL, /* "[127.0.0.1]" after an at sign */
	KM_TOK_COMMENT, /* with its parentheses */
	KM_TOK_MARK	/* one of < > @ , ; : ) */
} km_token_kind;

typedef struct {
	km_token_kind kind;
	char mark;  /* the byte of a mark, else 0 */
	bool space; /* white space stands before it */
	size_t at, end;
} km_token;

typedef enum { KM_TWO_BYTES_NONE, KM_TWO_BYTES_SJIS, KM_TWO_BYTES_ALL } km_two_bytes;

typedef struct {
	km_arena *arena;
	km_sv v;
	size_t at;
	char last_mark; /* of the token before, else 0 */
	km_two_bytes
		two_bytes; /* v is in a charset of two-byte characters with ASCII trail bytes */
	unsigned unclosed; /* 1 << kind: one of these was met that nothing closes */
	km_addr_list *out;
} km_lexer;

void km_lexer_init(km_lexer *x, km_arena *a, km_sv v, km_addr_list *out);
km_token km_lexer_next(km_lexer *x);
/* What the token says: quotes, parentheses and quoted pairs undone. */
km_sv km_token_text(const km_lexer *x, const km_token *t);

#endif
