/*
 * text/icu.h - charsets that ICU decodes. Inside text/ only.
 */
#ifndef KM_TEXT_ICU_H
#define KM_TEXT_ICU_H

#include "base/buf.h"

/*
 * Appends @in, in ICU's converter @name, as UTF-8 to @out and counts up *bad for every sequence
 * that became U+FFFD. False when ICU has no such converter. Any thread: a converter is opened for
 * each call, which ICU answers from its own locked cache in about a microsecond.
 */
bool km_icu_decode(const char *name, km_buf *out, km_sv in, size_t *bad);

#endif
