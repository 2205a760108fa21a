/*
 * cli/mbox.h - where messages begin in an mbox (RFC 4155): at the start, and at each line of the
 * form "From SENDER DATE" that an empty line comes before. ">From " is left as it is.
 */
#ifndef KM_CLI_MBOX_H
#define KM_CLI_MBOX_H

#include "base/sv.h"

/* True when @bytes has at least two messages in this form. */
bool km_mbox_is(km_sv bytes);

/*
 * Takes the next message, with its "From " line and without the empty line that divides it from
 * the one after it, off @rest. False when @rest is empty. Linear in the bytes taken.
 */
bool km_mbox_next(km_sv *rest, km_sv *message);

#endif
