/*
 * text/utf8.h - UTF-8 (RFC 3629): strict, without surrogates and overlong forms.
 */
#ifndef KM_TEXT_UTF8_H
#define KM_TEXT_UTF8_H

#include "base/buf.h"

enum { KM_UTF8_BAD = -1, KM_REPLACEMENT = 0xFFFD };

/*
 * The code point at v.p[*at], and *at moved past it. For a bad sequence KM_UTF8_BAD, with *at moved
 * past the longest part of it that could have begun a character (at least one byte; Unicode 15,
 * section 3.9, "maximal subpart"). @at must be below v.n.
 */
int32_t km_utf8_next(km_sv v, size_t *at);

/* Appends @cp; surrogates and values above U+10FFFF become U+FFFD. */
void km_utf8_add(km_buf *b, int32_t cp);

bool km_utf8_valid(km_sv v);
/* Offset of the first byte that is not part of valid UTF-8, or v.n. */
size_t km_utf8_valid_prefix(km_sv v);
/* Offset of the first byte above 0x7f, or v.n. Looks at a word at a time. */
size_t km_ascii_prefix(km_sv v);

/* Appends @v with every bad sequence as U+FFFD, counting them up in *bad; a full buffer cuts no
 * character. */
void km_utf8_add_clean(km_buf *b, km_sv v, size_t *bad);

/* @v with every bad sequence as U+FFFD; @v itself when it is valid. *bad is counted up. */
km_sv km_utf8_sanitise(km_arena *a, km_sv v, size_t *bad);

/* The longest start of @v that has at most @max bytes and does not cut a character. */
km_sv km_utf8_cut(km_sv v, size_t max);

#endif
