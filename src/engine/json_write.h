/*
 * engine/json_write.h - JSON text straight into a buffer. For what is written for every message:
 * a tree of values would cost more than the judgement itself.
 * A value takes its key when it is a member of an object, NULL in an array. What does not fit sets
 * the buffer's `cut`.
 */
#ifndef KM_ENGINE_JSON_WRITE_H
#define KM_ENGINE_JSON_WRITE_H

#include "base/buf.h"

typedef struct {
	km_buf *out;
	bool compact; /* no spaces after comma and colon */
	bool comma;   /* is due before the next value */
} km_json_writer;

/* @bracket: '{' or '['; '}' or ']' to close. */
void km_json_open(km_json_writer *w, const char *key, char bracket);
void km_json_close(km_json_writer *w, char bracket);
/* Bytes that are no UTF-8 become U+FFFD, and so does NUL, which many readers do not take. */
void km_json_sv(km_json_writer *w, const char *key, km_sv v);
/* @s NULL: null. */
void km_json_string(km_json_writer *w, const char *key, const char *s);
void km_json_integer(km_json_writer *w, const char *key, int64_t x);
/* Rounded to @decimals (at most 6), of which zeros at the end are left out but for the first; 0 for
 * what is no number, and at most 1e12. */
void km_json_number(km_json_writer *w, const char *key, double x, unsigned decimals);
void km_json_bool(km_json_writer *w, const char *key, bool x);
void km_json_null(km_json_writer *w, const char *key);

#endif
