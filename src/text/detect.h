/*
 * text/detect.h - what bytes look like, with the strength of the evidence. Inside text/ only.
 */
#ifndef KM_TEXT_DETECT_H
#define KM_TEXT_DETECT_H

#include "text/charset_table.h"

typedef struct {
	const km_charset *cs; /* NULL: nothing fits */
	bool strong; /* enough to overrule a declaration of a charset that fits any bytes */
} km_guess;

/* For bytes that are not 7 bit and not valid UTF-8. Looks at a bounded sample. */
km_guess km_detect_eight(km_sv v);

/* The charset that a byte order mark names, with its length in *skip, or NULL. */
const km_charset *km_detect_bom(km_sv v, size_t *skip);

/* The charset whose escape sequences @v holds (ISO-2022-JP, -KR, -CN), or NULL. */
const km_charset *km_detect_escaped(km_sv v);

/* True when @v, all of 7 bits, is most likely UTF-7 in Japanese or Chinese. */
bool km_detect_utf7(km_sv v);

#endif
