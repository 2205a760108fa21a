/*
 * text/view_text.h - a stretch of text on its way to a match key. Inside text/ only.
 * One item is a code point with its class and flags in the upper byte, so that the passes need not
 * look it up again.
 */
#ifndef KM_TEXT_VIEW_TEXT_H
#define KM_TEXT_VIEW_TEXT_H

#include "text/view.h"
#include "text/view_table.h"

typedef uint32_t km_item;

typedef struct {
	km_item *v;
	size_t n, cap;
	unsigned seen;			   /* bit for each class that came by */
	bool slow;			   /* an item carries KM_VF_SLOW */
	bool last;			   /* nothing follows this stretch */
	km_sv raw;			   /* whole text, for questions about all of it */
	signed char has_kana, has_foreign; /* answers to those; -1: not asked yet */
	km_view_stats *st;
} km_text;

/* Class and flags of a code point above U+FFFF. */
uint8_t km_view_class_high(uint32_t cp);

static inline uint8_t km_view_class_of(uint32_t cp)
{
	return cp < 0x10000 ? km_view_class[km_view_page[cp >> 8]][cp & 0xFF]
			    : km_view_class_high(cp);
}

static inline km_item km_item_of(uint32_t cp)
{
	return cp | (km_item)km_view_class_of(cp) << 24;
}

static inline uint32_t km_item_cp(km_item x)
{
	return x & 0x1FFFFF;
}

static inline unsigned km_item_class(km_item x)
{
	return x >> 24 & KM_VF_CLASS;
}

static inline bool km_item_is(km_item x, unsigned flag)
{
	return x & (km_item)flag << 24;
}

/* The rule for @cp, which carries KM_VF_FOLD. */
const km_view_fold *km_view_find_fold(uint32_t cp);

typedef enum { KM_FORM_NFKC, KM_FORM_FOLDED } km_form;

/* Puts @t into NFKC, or NFKC with case folded. False when memory is out. */
bool km_text_normalise(km_text *t, km_form form);
/* Folds foreign letters in Latin words (rules latin, latin-mixed). */
void km_text_fold_words(km_text *t);
/* Folds all other look-alikes, until none can be folded any more. Returns the items looked at. */
size_t km_text_fold_chars(km_text *t);

#endif
