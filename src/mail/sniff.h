/*
 * mail/sniff.h - what a part's bytes are, whatever it is called (signatures at the start).
 */
#ifndef KM_MAIL_SNIFF_H
#define KM_MAIL_SNIFF_H

#include "base/sv.h"

/*
 * Media type of decoded @start (up to KM_MAX_SNIFF_BYTES): "application/pdf", "image/png",
 * "application/x-dosexec", "application/zip", "text/html", "text/plain", …; static storage.
 * "application/octet-stream" when unknown, "inode/x-empty" when there is nothing.
 */
const char *km_sniff_type(km_sv start);

typedef enum {
	KM_KIND_OTHER,
	KM_KIND_TEXT,
	KM_KIND_HTML,
	KM_KIND_IMAGE,
	KM_KIND_DOCUMENT, /* office files, PDF */
	KM_KIND_ARCHIVE,
	KM_KIND_PROGRAM, /* executables, scripts, shortcuts, installers */
	KM_KIND_DISK,	 /* disk images */
	KM_KIND_MEDIA,	 /* sound, film */
	KM_KIND_MESSAGE
} km_kind;

/* By media type, and by file name extension (without dot, any case). */
km_kind km_kind_of_type(km_sv type);
km_kind km_kind_of_extension(km_sv ext);
/* True when bytes sniffed as @sniffed can honestly be declared as @declared. */
bool km_sniff_agrees(km_sv declared, const char *sniffed);

#endif
