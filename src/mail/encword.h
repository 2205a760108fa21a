/*
 * mail/encword.h - encoded-words (RFC 2047) as they are really sent: split inside characters,
 * with spaces, lower-case encodings, no end, inside quotes, raw 8-bit and raw escape sequences.
 */
#ifndef KM_MAIL_ENCWORD_H
#define KM_MAIL_ENCWORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "text/charset.h"

/* What had to be forgiven, for facts. */
typedef struct {
	size_t words;	     /* encoded-words decoded */
	size_t bad;	     /* bytes that became U+FFFD */
	bool raw_8bit;	     /* undeclared bytes above 0x7f or escape sequences */
	bool malformed;	     /* a word that broke RFC 2047's syntax but was read */
	bool split_char;     /* a character split over two words */
	bool mixed_charsets; /* words of more than one charset */
	bool mismatch;	     /* a word's charset was not what its bytes were */
	const km_charset
		*charset; /* of the first word, or what was detected; NULL for plain ASCII */
	km_limit_set limits;
} km_encword_info;

/*
 * @text is unfolded or not; result is valid UTF-8 on one line, trimmed, controls as spaces (@text
 * itself when it is plain ASCII). *info may be NULL. KM_LIMIT when the arena is full; *out is then
 * what fitted.
 */
KM_NODISCARD km_status km_encword_decode(km_arena *a, km_sv text, km_sv *out,
					 km_encword_info *info);

/* Length of the encoded-word without white space that @text begins with, or 0. */
size_t km_encword_length(km_sv text);

#endif
