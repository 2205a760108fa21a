/*
 * text/charset.h - bytes in a declared (or undeclared, or wrongly declared) charset to UTF-8.
 * Never fails for the bytes' sake: what can not be decoded becomes U+FFFD and is counted.
 * ISO-2022-JP and its variants, Shift_JIS (as CP932), EUC-JP (as CP51932 with JIS X 0212), UTF-8,
 * US-ASCII and windows-1252 are decoded here; all else by ICU.
 */
#ifndef KM_TEXT_CHARSET_H
#define KM_TEXT_CHARSET_H

#include "base/arena.h"
#include "base/err.h"

typedef struct km_charset km_charset; /* one row of the table of charsets; static */

/* The charset that @label names (case, quotes, white space and punctuation forgiven; a language
 * after an asterisk is cut, RFC 2231 section 5), or NULL. "8bit", "default", "x-unknown" are
 * US-ASCII. */
const km_charset *km_charset_find(km_sv label);
/* Preferred MIME name, lower case: "iso-2022-jp", "cp932" is given as "shift_jis". */
const char *km_charset_name(const km_charset *cs);
/* True for the charsets in which Japanese is written: iso-2022-jp, shift_jis, euc-jp. */
bool km_charset_is_japanese(const km_charset *cs);
/* True for the charsets of Chinese, simplified and traditional. */
bool km_charset_is_chinese(const km_charset *cs);

/*
 * What the bytes look like, without regard to any declaration: BOM, escape sequences, 7 bit, strict
 * UTF-8, then Shift_JIS against EUC-JP (and GB18030, Big5, EUC-KR) by legal pairs and kana.
 * NULL when nothing fits better than a guess.
 */
const km_charset *km_charset_detect(km_sv bytes);

typedef struct {
	km_sv utf8;		    /* arena, or the input itself when it needed no change */
	const km_charset *declared; /* NULL: no label, or one that nobody knows */
	const km_charset *used;	    /* never NULL */
	size_t bad;		    /* byte sequences that became U+FFFD */
	bool unknown_label;	    /* a label was given that names no charset */
	bool mismatch;	/* declared, but the bytes were another charset, which was used (UTF-16 that
			   turned out to be UTF-16LE is none; UTF-8 by its byte order mark is one) */
	bool truncated; /* met KM_MAX_TEXT_BYTES */
} km_decoded;

/*
 * Decodes @bytes labelled @label (may be empty). Uses the declared charset when the bytes fit it,
 * else what they look like, else the declared one, else CP932.
 * Only KM_NOMEM and KM_LIMIT (arena full) can be returned; *out is then what fitted.
 */
KM_NODISCARD km_status km_charset_decode(km_arena *a, km_sv label, km_sv bytes, km_decoded *out);

#endif
