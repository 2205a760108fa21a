/*
 * mail/encode.h - writing header values that any MTA takes: ASCII, folded, encoded-words (RFC 2047)
 * for what is not ASCII.
 */
#ifndef KM_MAIL_ENCODE_H
#define KM_MAIL_ENCODE_H

#include "base/buf.h"

/*
 * Appends @text (valid UTF-8) as an unstructured header value. @column is where the value begins in
 * its line; lines are folded with @eol and a tab before column 76 where a space or an encoded-word
 * allows it. Control characters become spaces.
 */
void km_header_encode(km_buf *out, km_sv text, size_t column, const char *eol);

#endif
