/*
 * text/view.h - three views of a text, as UTF-8:
 *   raw      what was decoded, untouched;
 *   display  as a person sees it: ignorable and bidi control characters and controls removed;
 *   key      for matching: ignorables dropped, wave dashes and hyphens unified, NFKC, case folded,
 *            look-alikes inside their script run folded, no space between CJK characters,
 *            white space collapsed.
 * The numbers say how much had to be changed: they are evidence themselves.
 */
#ifndef KM_TEXT_VIEW_H
#define KM_TEXT_VIEW_H

#include "base/arena.h"
#include "base/err.h"

typedef struct {
	size_t chars;	   /* code points in */
	size_t ignorable;  /* default-ignorables dropped (zero width, soft hyphen, variation
			      selectors …) */
	size_t bidi;	   /* bidi embeddings, overrides, isolates dropped */
	size_t control;	   /* C0/C1 controls dropped (not TAB, CR, LF) */
	size_t compat;	   /* characters that NFKC changed; white space is not counted */
	size_t confusable; /* look-alikes folded */
	size_t styled;	   /* mathematical, enclosed, squared letters */
	size_t spaced;	   /* spaces taken out between CJK characters */
	size_t kana, han, latin, cyrillic, greek, hangul; /* letters by script, after folding */
	size_t zh_only; /* distinct characters that Chinese has and Japanese has not (tier 1) */
} km_view_stats;

/*
 * @v must be valid UTF-8 (text/charset.h makes it so); what is not becomes U+FFFD in the key and
 * stays in the display view. *out lives in the arena; the display view is @v itself when nothing
 * had to go. Returns KM_OK, or KM_LIMIT with what fitted: arena full, no memory to work in (at
 * most 4 MiB), or a key over KM_MAX_TEXT_BYTES. *stats may be NULL. The key of a key is itself, but
 * where 32 KiB go by without a word's end or a full stop. Any thread.
 */
KM_NODISCARD km_status km_view_display(km_arena *a, km_sv v, km_sv *out, km_view_stats *stats);
KM_NODISCARD km_status km_view_key(km_arena *a, km_sv v, km_sv *out, km_view_stats *stats);

/* True for the characters that zh_only counts. */
bool km_view_is_zh_only(int32_t cp);

#endif
