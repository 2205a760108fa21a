/*
 * content/filename.h - what the name of a file promises, and how it lies.
 */
#ifndef KM_CONTENT_FILENAME_H
#define KM_CONTENT_FILENAME_H

#include "base/sv.h"

/* What follows the last dot of the last part of @name, without the dots and blanks that Windows
 * leaves out at the end; *stem is what stands before that dot, folders included. */
km_sv km_filename_extension(km_sv name, km_sv *stem);
/* "invoice.pdf.exe": a program called like a document. */
bool km_filename_is_double(km_sv name);
/* Marks that turn letters around, so that "exe.txt" is shown for "txt.exe" (U+202E …). */
bool km_filename_has_bidi(km_sv name);

#endif
