/*
 * policy/category.h - the categories of verdicts (DESIGN.md section 7) and what they are called.
 */
#ifndef KM_POLICY_CATEGORY_H
#define KM_POLICY_CATEGORY_H

#include "fact/fact.h"

/* "none", "phish_account", …; NULL past the last. */
const char *km_category_at(size_t i);
/* "カードの利用を装うフィッシング"; @category itself when it is none of them. Static, or @category.
 */
const char *km_category_name(const char *category, km_lang lang);

#endif
