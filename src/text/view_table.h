/*
 * text/view_table.h - classes of characters and look-alikes, for view.c and the program that writes
 * the tables (gen_view.c). Inside text/ only.
 */
#ifndef KM_TEXT_VIEW_TABLE_H
#define KM_TEXT_VIEW_TABLE_H

#include <stdint.h>

/* What a character is to the views. */
enum km_view_class {
	KM_VC_OTHER,
	KM_VC_SPACE, /* white space of every width; newlines */
	KM_VC_DIGIT, /* ASCII */
	KM_VC_LATIN, /* letters */
	KM_VC_CYRILLIC,
	KM_VC_GREEK,
	KM_VC_LOOK, /* letters of other scripts that have Latin look-alikes */
	KM_VC_HIRAGANA,
	KM_VC_KATAKANA, /* with the long vowel mark, without ヵ ヶ */
	KM_VC_SMALL_KE, /* ヵ ヶ: kana that stand among kanji */
	KM_VC_HAN,
	KM_VC_HANGUL,
	KM_VC_CJK_PUNCT,
	KM_VC_MARK,	 /* combining */
	KM_VC_VOICED,	 /* U+309B, U+309C: marks when they follow kana */
	KM_VC_FULLWIDTH, /* U+FF01-FF5D: ASCII, only wider */
	KM_VC_WAVE,	 /* wave dashes in want of unifying */
	KM_VC_HYPHEN,	 /* hyphens and minus signs that are not ASCII's */
	KM_VC_DROP,	 /* default ignorable */
	KM_VC_BIDI,	 /* bidi embeddings, overrides, isolates */
	KM_VC_CONTROL,
	KM_VC_COUNT
};
_Static_assert(KM_VC_COUNT <= 32, "flags begin at bit 5");

/* Flags beside the class. */
enum {
	KM_VF_CLASS = 0x1F,
	KM_VF_ZH = 0x20,   /* of data/zh_only.txt */
	KM_VF_FOLD = 0x40, /* in km_view_folds */
	KM_VF_SLOW = 0x80  /* NFKC and case folding may change it, or what stands before it */
};

#define KM_VIEW_RULES(X)                                                                           \
	X(KATA, "kata")                                                                            \
	X(KATA_IN, "kata-in")                                                                      \
	X(KATA_START, "kata-start")                                                                \
	X(KATA_EDGE, "kata-edge")                                                                  \
	X(HIRA, "hira")                                                                            \
	X(HIRA_START, "hira-start")                                                                \
	X(DASH, "dash")                                                                            \
	X(LATIN, "latin")                                                                          \
	X(LATIN_MIXED, "latin-mixed")                                                              \
	X(CN, "cn")                                                                                \
	X(HAN, "han")                                                                              \
	X(AFTER, "after ")                                                                         \
	X(HOST, "host")                                                                            \
	X(SLASH, "slash")                                                                          \
	X(KEEP, "keep")

typedef enum {
#define X(id, name) KM_VR_##id,
	KM_VIEW_RULES(X)
#undef X
		KM_VR_COUNT
} km_view_rule;

typedef struct {
	uint16_t from, to;
	uint16_t after; /* KM_VR_AFTER */
	uint8_t rule;
} km_view_fold;

enum { KM_VIEW_KEEP_MAX = 8 };

typedef struct {
	uint16_t cp[KM_VIEW_KEEP_MAX];
	uint8_t n;
} km_view_keep;

/* Class and flags of U+0000-FFFF, by page of 256. */
extern const uint8_t km_view_page[256];
extern const uint8_t km_view_class[][256];
/* Sorted by from. */
extern const km_view_fold km_view_folds[];
extern const uint32_t km_view_n_folds;
extern const km_view_keep km_view_keeps[];
extern const uint32_t km_view_n_keeps;

#endif
