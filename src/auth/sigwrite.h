/*
 * auth/sigwrite.h - writing tag lists as header fields, folded; shared by DKIM and ARC.
 */
#ifndef KM_AUTH_SIGWRITE_H
#define KM_AUTH_SIGWRITE_H

#include "auth/signed.h"
#include "crypt/sign.h"

/* Where a value may be folded besides before its tag. */
typedef enum { KM_FOLD_NOWHERE, KM_FOLD_COLON, KM_FOLD_ANYWHERE } km_fold;

typedef struct {
	const char *name;
	km_sv value; /* a tag with p == NULL is left out */
	km_fold fold;
} km_sigwrite_tag;

enum { KM_SIGWRITE_TAGS = 12, KM_SIGWRITE_MAX = 65536, KM_SIGWRITE_COLUMN = 72 };

/* A field in the making. */
typedef struct {
	km_sv name; /* "DKIM-Signature" */
	km_sigwrite_tag tag[KM_SIGWRITE_TAGS];
	size_t n;
	const char *eol;
} km_sigwrite;

void km_sigwrite_add(km_sigwrite *w, const char *name, km_sv value, km_fold fold);
/* The same with a number; left out when it is 0. */
void km_sigwrite_number(km_arena *a, km_sigwrite *w, const char *name, uint64_t value);
/* "Name: a=…; b=…" with @b as base64 for the tag called b; no line end at the end. {NULL, 0} when
 * the arena is full. */
km_sv km_sigwrite_field(km_arena *a, const km_sigwrite *w, km_sv b);
/* The canonical (relaxed) bytes of the field with an empty b=. */
KM_NODISCARD km_status km_sigwrite_canon(km_arena *a, const km_sigwrite *w, km_canon_sink *to);
/* @bytes as base64 in the arena; {NULL, 0} when it is full. */
km_sv km_sigwrite_base64(km_arena *a, km_sv bytes);

km_sv km_sigwrite_algorithm(km_key_kind key);
/* The names to sign, as often as they stand in the message; @over: and once more. */
km_sv km_sigwrite_fields(km_arena *a, km_signed *s, bool over);
/* bh= of the relaxed body. */
KM_NODISCARD km_status km_sigwrite_body(km_arena *a, km_signed *s, km_sv *out);

#endif
