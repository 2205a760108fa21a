/*
 * policy/pack.h - a policy pack as it stands in memory; private to policy/.
 *
 * What conditions speak about has one numbering: first the facts, then the groups ("some fact of
 * the group counts against the message"), then the composites in the order of the file. A composite
 * may use those before it, so one pass in that order settles all.
 */
#ifndef KM_POLICY_PACK_H
#define KM_POLICY_PACK_H

#include "base/map.h"
#include "policy/policy.h"

enum {
	KM_ITEM_GROUPS = KM_FACT_COUNT,
	KM_ITEM_COMPOSITES = KM_FACT_COUNT + KM_GROUP_COUNT,
	KM_PACK_COMPOSITES = 256, /* most of one pack */
	KM_ITEMS = KM_ITEM_COMPOSITES + KM_PACK_COMPOSITES
};

/* In a rule: the category is that of the brand which the message pretends to be. */
#define KM_CATEGORY_OF_BRAND "brand"
/* It is that of which its wording is typical. */
#define KM_CATEGORY_OF_WORDING "wording"

typedef struct {
	const uint16_t *item;
	size_t n;
} km_items;

/* Holds when all of @all, one of @any, none of @none and @at_least of @of are there. */
typedef struct {
	km_items all, any, none, of;
	size_t at_least;
} km_condition;

typedef struct {
	const char *id;
	km_condition when;
	bool told; /* has sentences */
	const char *sentence[KM_READERS][KM_LANGS];
} km_composite;

typedef struct {
	km_class class;
	const char *category;
	const char *advice;
	km_condition when;
	double min_score;
} km_class_rule;

/* Settings of the pack, or of a recipient or recipient domain, complete in themselves. */
typedef struct {
	const char *name; /* as written in the pack; NULL: the pack's own */
	bool off;
	double threshold[KM_ACTIONS]; /* INFINITY: not used */
	const double *points;	      /* per item; those of groups are not used */
} km_profile;

struct km_pack {
	km_arena *arena;
	const char *version;
	km_profile base;
	double cap[KM_GROUP_COUNT]; /* INFINITY: none */
	km_composite *composite;
	size_t n_composites;
	km_class_rule *rule;
	size_t n_rules;
	double even, slope; /* probability = 1 / (1 + exp(-(score - even) * slope)) */
	km_map overrides;   /* address or domain, any case -> const km_profile */
};

/* The settings for @rcpt: of the address, else of its domain, else the pack's own. */
const km_profile *km_pack_profile(const km_pack *p, km_sv rcpt);

#endif
