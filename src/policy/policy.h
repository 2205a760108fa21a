/*
 * policy/policy.h - facts to score, class, action, explanation. A policy pack is a YAML file:
 * points, composites, caps per group, thresholds, classes, overrides per recipient domain and
 * recipient (docs/policy.md). A pack is immutable once loaded; a reload loads a new one and swaps
 * the pointer. Verdicts point into their pack: it must outlive them.
 */
#ifndef KM_POLICY_POLICY_H
#define KM_POLICY_POLICY_H

#include "fact/fact.h"

typedef enum { /* strictness grows */
	       KM_ACTION_ACCEPT,
	       KM_ACTION_TAG,
	       KM_ACTION_JUNK,
	       KM_ACTION_GREYLIST,
	       KM_ACTION_TEMPFAIL,
	       KM_ACTION_QUARANTINE,
	       KM_ACTION_REJECT,
	       KM_ACTION_DISCARD,
	       KM_ACTIONS
} km_action;

typedef enum {
	KM_CLASS_HAM,
	KM_CLASS_SPAM,
	KM_CLASS_PHISH,
	KM_CLASS_MALWARE,
	KM_CLASS_SCAM,
	KM_CLASS_BULK,
	KM_CLASSES
} km_class;

const char *km_action_name(km_action a);
const char *km_class_name(km_class c);

typedef struct km_pack km_pack;

/* The pack that is built into the program (data/policy.yaml). Static text. */
km_sv km_pack_builtin(void);
/* KM_CONFIG with file, line, key and what was expected. */
KM_NODISCARD km_status km_pack_parse(km_sv text, const char *name, km_pack **out, km_err *err);
/* @path NULL or empty: the built-in pack. */
KM_NODISCARD km_status km_pack_load(const char *path, km_pack **out, km_err *err);
void km_pack_free(km_pack *p);
const char *km_pack_version(const km_pack *p);

/* Points from which the pack takes action @a, its overrides aside; INFINITY when it never does. */
double km_pack_threshold(const km_pack *p, km_action a);

/* What a fact came to. */
typedef struct {
	const km_fact *fact;
	double points;	 /* after pack, weight and caps; 0 for repetitions of a fact */
	double uncapped; /* before the group's cap */
} km_scored;

typedef struct {
	const char *id; /* of the composite */
	double points;
	const char *sentence[KM_READERS][KM_LANGS];
} km_composite_hit;

typedef struct {
	double score;
	double probability; /* calibrated judgement of abuse as a whole, 0..1 */
	km_class class;
	const char *category; /* "none", "phish_account", …: DESIGN.md section 7 */
	const char *brand;    /* brand_id imitated, or NULL */
	km_action action;
	/* "score 17.2 is at or over reject 15", names the override; in the arena */
	const char *why_action[KM_LANGS];
	km_scored *facts; /* in order of weight: greatest |points| first */
	size_t n_facts;
	km_composite_hit *composites;
	size_t n_composites;
	const char *advice; /* key of the guidance: "received", … */
} km_verdict;

/*
 * Judges. A fact counts once, with its greatest weight, however often it was seen; the order of the
 * facts does not matter; the score is rounded to thousandths. @rcpts are the envelope recipients
 * (addresses without brackets): the strictest common action is taken when overrides differ, i.e.
 * the mildest action among the recipients' own, so that nobody loses mail for another's settings;
 * score, points and class are those that this action came from. KM_NOMEM when the arena is full.
 */
KM_NODISCARD km_status km_judge(km_arena *a, const km_pack *pack, const km_facts *facts,
				const km_sv *rcpts, size_t n_rcpts, km_verdict *out);

/*
 * The verdict in a few plain lines for @reader: what was decided, who really sent the message and
 * what of it is proven, then the weightiest findings with their sentences. For the sender: at most
 * two short lines, fit for the text of a 550 reply. Made on demand, since most messages are never
 * explained to anybody. UTF-8, no control characters but the line feeds between lines, none at the
 * end; empty when the arena is full.
 */
km_sv km_explain(km_arena *a, const km_verdict *v, km_reader reader, km_lang lang);

#endif
