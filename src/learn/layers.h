/*
 * learn/layers.h - what a probability is the sum of: the base model that comes with the program,
 * and over it what was learned here: for the site, for a domain, for one recipient. Those three lie
 * in one area of memory that the keeper writes and all scanners read, without locks: a weight is
 * one aligned word, and a message that is scanned while another is learned sees some weights from
 * before and some from after.
 *
 * The area: a header; the site's model (2^20 buckets); KM_SMALL_LAYERS small ones at most (2^13
 * buckets, without the views of bytes), each for a domain or an address that was taught something.
 * When as many are given out as may be, a new one takes the place of the one that was not taught
 * for longest.
 */
#ifndef KM_LEARN_LAYERS_H
#define KM_LEARN_LAYERS_H

#include "learn/base.h"

/* The most; 64 KB each. */
enum { KM_SMALL_LAYERS = 2048, KM_SMALL_BITS = 13 };

typedef struct km_layers km_layers;

/* Whose mail it is; empty: not known, or several. */
typedef struct {
	km_sv domain;
	km_sv user; /* the address */
} km_scope;

/* Of one address, or of several of one domain, or of several (nothing). */
km_scope km_scope_of(const km_sv *rcpts, size_t n);

typedef struct {
	km_score all;
	double base;	/* log-odds by the base model alone, not bounded */
	double grounds; /* 0..1: how much it knew of the message */
	double local;	/* 0..1: how much of the judgement was learned here */
} km_opinion;

/* What a lesson did: kept in the journal, so that it can be taken back. */
typedef struct {
	km_model_step site, domain, user;
	uint64_t number; /* counts the lessons */
} km_lesson;

/* Bytes of the area; much of it is never touched. */
size_t km_layers_area(void);
/*
 * @area: zeroed, or as an earlier keeper left it; NULL: nothing is learned here. @base may be NULL.
 * Both must outlive it. NULL when out of memory.
 */
km_layers *km_layers_new(const km_base *base, void *area);
void km_layers_free(km_layers *l);

/* What km_layers_score() is going to look up. */
km_lookups km_layers_lookups(const km_layers *l);
void km_layers_score(const km_layers *l, const km_features *f, const km_scope *scope,
		     km_opinion *out);
/* Log-odds that each feature of @f adds to @view, all layers together: as many as it has. */
void km_layers_weigh(const km_layers *l, const km_scope *scope, const km_features *f, km_view view,
		     double *out);

/* Rates as in learn/model.h: of site and domain, and of the user's own layer. */
typedef struct {
	double others, own;
} km_rates;

/* One writer at a time. */
void km_layers_learn(km_layers *l, const km_features *f, const km_scope *scope, bool abuse,
		     const km_rates *rates, km_lesson *out);
void km_layers_unlearn(km_layers *l, const km_features *f, const km_scope *scope,
		       const km_lesson *lesson);

/* Lessons of the site that are in force, for reporting. */
uint64_t km_layers_learned(const km_layers *l);
/* Small layers that may be given out; 0 for a new area. Set by the keeper before any lesson. */
void km_layers_set_limit(km_layers *l, uint64_t n);
uint64_t km_layers_limit(const km_layers *l);
/* That are. */
uint64_t km_layers_used(const km_layers *l);
/* The number of the last event of the journal that is in force; set by the keeper. */
uint64_t km_layers_seq(const km_layers *l);
void km_layers_set_seq(km_layers *l, uint64_t seq);

/* --- keeping it on disk: all that is in the area, checksummed --- */

/* Appends it. KM_NOMEM. */
KM_NODISCARD km_status km_layers_save(const km_layers *l, km_buf *out);
/* Puts it in place of what is in the area; nothing is changed unless KM_OK. KM_SYNTAX (damaged),
 * KM_CONFIG (of other features) with @name and the reason. */
KM_NODISCARD km_status km_layers_load(km_layers *l, km_sv bytes, const char *name, km_err *err);
/* Whether such bytes could be loaded over @base. */
KM_NODISCARD km_status km_layers_check(const km_base *base, km_sv bytes, const char *name,
				       km_err *err);
/* Forgets all. */
void km_layers_clear(km_layers *l);
/* Makes the area of @to the same as that of @from: words change one by one, none passes through 0.
 */
void km_layers_copy(km_layers *to, const km_layers *from);
/* A digest of all that is learned: two areas with the same lessons have the same, whatever their
 * last events. */
uint64_t km_layers_digest(const km_layers *l);

#endif
