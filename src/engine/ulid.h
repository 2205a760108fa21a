/*
 * engine/ulid.h - names of scans that sort by time.
 */
#ifndef KM_ENGINE_ULID_H
#define KM_ENGINE_ULID_H

#include <stdint.h>

/* A ULID: 26 characters (Crockford base32) of time and randomness; @out of at least 27 bytes. */
char *km_ulid(uint64_t unix_ms, const uint8_t random[10], char *out);

#endif
