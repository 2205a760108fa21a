/*
 * content/cues.h - words that tell by where they stand who speaks, who is spoken of, what is
 * quoted; made of data/cues.csv, which describes each set. Cues are compared with match keys
 * (text/view.h), but for those of raw text.
 */
#ifndef KM_CONTENT_CUES_H
#define KM_CONTENT_CUES_H

#include "base/sv.h"

/* X(set, what it is compared with: key or raw) */
#define KM_CUE_SETS(X)                                                                             \
	X(after_other, key)                                                                        \
	X(after_sender, key)                                                                       \
	X(answer, raw)                                                                             \
	X(before_other, key)                                                                       \
	X(before_sender, key)                                                                      \
	X(cheap_top, key)                                                                          \
	X(font_chinese, raw)                                                                       \
	X(font_japanese, raw)                                                                      \
	X(goes_on, key)                                                                            \
	X(greeting, key)                                                                           \
	X(jp_end, key)                                                                             \
	X(lure, key)                                                                               \
	X(password, key)                                                                           \
	X(quotation, raw)                                                                          \
	X(role, key)                                                                               \
	X(title, key)

typedef enum {
#define X(set, with) KM_CUES_##set,
	KM_CUE_SETS(X)
#undef X
		KM_CUE_SET_COUNT
} km_cue_set;

typedef struct {
	const km_sv *cue;
	size_t n;
} km_cues;

extern const km_cues km_cue_table[KM_CUE_SET_COUNT];

/* True when @v begins with a cue of @set; km_cues_istart: whatever the case of ASCII letters. */
bool km_cues_start(km_cue_set set, km_sv v);
bool km_cues_istart(km_cue_set set, km_sv v);
/* True when @v ends with one; an ASCII one as a word: "your", not "colour". */
bool km_cues_end(km_cue_set set, km_sv v);
/* True when @v has one in it; *which, when not NULL, is set to the first in the table. The case of
 * ASCII letters does not matter. */
bool km_cues_in(km_cue_set set, km_sv v, km_sv *which);
/* True when @v is one. */
bool km_cues_is(km_cue_set set, km_sv v);

#endif
