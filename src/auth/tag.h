/*
 * auth/tag.h - tag=value lists (RFC 6376 section 3.2), as in DKIM signatures, key records, ARC and
 * DMARC. Read strictly: what does not follow the grammar is no list.
 */
#ifndef KM_AUTH_TAG_H
#define KM_AUTH_TAG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

typedef struct {
	km_sv name;  /* as written; letter case matters */
	km_sv value; /* without white space at its ends; folds inside are kept */
	km_sv span;  /* all between '=' and ';' or the end */
} km_tag;

typedef struct {
	km_tag t[KM_MAX_TAGS];
	size_t n;
} km_tags;

/*
 * Takes the next tag off @rest. KM_NOTFOUND at the end, a final ';' included; KM_SYNTAX for what is
 * no tag (then nothing more can be read). Always takes bytes off when it returns KM_OK.
 */
KM_NODISCARD km_status km_tag_next(km_sv *rest, km_tag *t, km_err *err);

/* Reads all of @list. KM_SYNTAX with a readable message; also when a tag comes twice. KM_LIMIT past
 * KM_MAX_TAGS. The views are into @list. Linear in its size. */
KM_NODISCARD km_status km_tags_read(km_sv list, km_tags *out, km_err *err);

/* The tag called @name, or NULL. */
const km_tag *km_tags_find(const km_tags *ts, km_sv name);
/* Its value, or @otherwise when there is no such tag. */
km_sv km_tags_value(const km_tags *ts, km_sv name, km_sv otherwise);

/*
 * Takes the next element of a list with @sep off @rest, trimmed (":" in h=, q=, t=, s=). False once
 * @rest was exhausted; as with km_sv_split(), an empty list has one empty element.
 */
bool km_tag_element(km_sv *rest, char sep, km_sv *element);
/* Whether @list holds @word (case-blind) between colons. */
bool km_tag_has(km_sv list, km_sv word);

/* @v without white space; @v itself when it has none. {NULL, 0} when the arena is full. */
km_sv km_tag_squeeze(km_arena *a, km_sv v);

/* A name as a domain or selector may be: letters, digits, hyphens, underscores; dots between
 * labels, no empty label; at most 253 bytes. @dots: at least so many dots in it. */
bool km_tag_is_name(km_sv v, unsigned dots);

#endif
