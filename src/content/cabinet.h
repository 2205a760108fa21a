/*
 * content/cabinet.h - the names in a cabinet of Windows ([MS-CAB] section 2), and nothing else of
 * it: libarchive's reader ends on damaged ones, and what is inside is what a reader must know.
 */
#ifndef KM_CONTENT_CABINET_H
#define KM_CONTENT_CABINET_H

#include "content/archives.h"

bool km_cabinet_is_one(km_sv bytes);
/* Entries with name and size, as km_archive_read() gives them. KM_LIMIT: the arena is full. */
KM_NODISCARD km_status km_cabinet_read(km_arena *a, km_sv bytes, km_archive *out);

#endif
