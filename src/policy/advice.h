/*
 * policy/advice.h - what a person should do after a suspicious message: the texts of data/guidance,
 * built into the program. Views of static text.
 */
#ifndef KM_POLICY_ADVICE_H
#define KM_POLICY_ADVICE_H

#include "fact/fact.h"

typedef enum {
	KM_ADVICE_TITLE,
	KM_ADVICE_WHEN,	 /* the situation */
	KM_ADVICE_DO,	 /* steps, first things first */
	KM_ADVICE_NEVER, /* what makes it worse */
	KM_ADVICE_KNOW,	 /* what takes the fear, and its exceptions */
	KM_ADVICE_ASK,	 /* whom; the text says what for */
	KM_ADVICE_SECTIONS
} km_advice_section;

typedef struct {
	km_sv id, name[KM_LANGS], reach[KM_LANGS], hours[KM_LANGS]; /* hours may be empty */
	km_sv certainty; /* A1: official page, A2: page of others, B and C: not verified */
	km_sv source;
	bool verified; /* A1 or A2 */
} km_contact;

typedef struct {
	km_sv topic;
	km_advice_section section;
	km_sv text[KM_LANGS];
	km_contact contact; /* of KM_ADVICE_ASK */
} km_advice;

/* All topics, in the order in which they are offered: "received|clicked|…". */
extern const char km_advice_topics[];
bool km_advice_known(km_sv topic);

/* Next piece of @section of @topic; *at begins at 0. False past the last. */
bool km_advice_next(km_sv topic, km_advice_section section, size_t *at, km_advice *out);

/* Whom to ask about mail in the name of @brand_id; false when nothing better is known than its
 * site. */
bool km_advice_brand(km_sv brand_id, km_contact *out);

/* All of @section as numbered lines, each after a line end and two spaces. */
km_sv km_advice_numbered(km_arena *a, km_sv topic, km_advice_section section, km_lang lang);

#endif
