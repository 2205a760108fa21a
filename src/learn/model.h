/*
 * learn/model.h - online logistic regression with AdaGrad over the hashed features of
 * learn/feature.h. Three classifiers learn side by side: raw (the header's bytes), header, and
 * content (the body's bytes, body and links). The views of bytes share a table of 2^20 buckets, the
 * fielded ones another. Text can speak against a message, but little for it; of a long text the
 * part that speaks loudest against the message counts, whatever was put before; each classifier is
 * held to a bounded log-odds, so that none drowns the others; a slope and offset learned along the
 * way make a probability of their mean. Scoring only reads, training writes: one writer at a time.
 */
#ifndef KM_LEARN_MODEL_H
#define KM_LEARN_MODEL_H

#include "learn/feature.h"

typedef struct km_model km_model;

typedef enum { KM_BY_RAW, KM_BY_HEADER, KM_BY_CONTENT, KM_CLASSIFIERS } km_classifier;

/* A view is added up in so many parts of equal size; its tails each begin with one of them. */
enum { KM_PARTS = 16, KM_TAILS = 8 };

typedef struct {
	double view[KM_VIEW_COUNT]; /* log-odds of each view */
	/* those of the last 7/8, 3/4, 5/8, 1/2, 3/8, 1/4, 1/8, 1/16; of what is not text, and of
	 * short text, those of all */
	double tail[KM_VIEW_COUNT][KM_TAILS];
	bool disguised;		   /* as the features are */
	double by[KM_CLASSIFIERS]; /* log-odds of each classifier: its views, added up */
	double logit;		   /* of all together, calibrated; > 0 is abuse */
	double probability;
} km_score;

/* How far one message moves the weights of a new model; the first thousands count most. */
#define KM_RATE_CURATED 1.0
/* At any rate below KM_RATE_CURATED a label may be wrong: the surer the model is of the contrary,
 * the less it learns from it. */
#define KM_RATE_NOISY 0.9

/* Knows nothing: every probability is one half. NULL when out of memory (16 MB). */
km_model *km_model_new(void);
void km_model_free(km_model *m);
/*
 * In zeroed memory of km_model_bytes(@bits), e.g. shared; @bits up to KM_BUCKET_BITS; with fewer
 * all views share one table. A layer lies over other models: it adds to their log-odds, slope and
 * offset.
 */
size_t km_model_bytes(unsigned bits);
km_model *km_model_init(void *memory, unsigned bits, bool is_layer);

/* What the log-odds of @v weigh in the mean of all; of those that are read they add up to one. */
double km_view_weight(km_view v);
void km_model_score(const km_model *m, const km_features *f, km_score *out);
/* Adds what @m gives each view: layers of models add up to one score. */
void km_model_add(const km_model *m, const km_features *f, km_score *s);
/* The weights of the features from km_part_begin(n, i) to km_part_begin(n, i + 1) of a view of @n.
 */
typedef struct {
	double part[KM_PARTS];
} km_view_sums;
static inline size_t km_part_begin(size_t n, size_t i)
{
	return n * i / KM_PARTS;
}
/* Adds the sums of @v to it and its tails: each feature of n counts @factor / sqrt(n + @more). */
void km_score_add(km_score *s, km_view v, size_t n, const km_view_sums *sums, double factor,
		  double more);
/* The rest of *s from its views and their tails. */
void km_score_finish(km_score *s, double slope, double offset);
/* What one feature of @set counts: each view is a vector of length one, however long the text. */
double km_feature_share(const km_feature_set *set);
/* @rate: KM_RATE_CURATED where labels are right, KM_RATE_NOISY where people click. */
void km_model_train(km_model *m, const km_features *f, bool abuse, double rate);

/* How a layer learns. */
typedef struct {
	double rate;
	const km_score *below;	    /* what the layers below give each view; NULL: none */
	double slope, offset;	    /* of the layers below */
	const struct km_base *base; /* tells what is familiar; NULL: nothing is */
	double reach;		    /* log-odds that one message may move a view at most; 0: any */
} km_training;

/* What one message did to a layer: kept with it, so that it can be taken back. */
typedef struct {
	float pull[KM_VIEW_COUNT], square[KM_VIEW_COUNT];
	uint32_t abuse; /* 1: it was */
} km_model_step;

void km_model_learn(km_model *m, const km_features *f, bool abuse, const km_training *t,
		    km_model_step *step);
/*
 * Takes a step back: exactly when nothing was learned of its features since, else what it would be
 * worth now. Of @t only base is looked at.
 */
void km_model_unlearn(km_model *m, const km_features *f, const km_training *t,
		      const km_model_step *step);
/* Adds the weight of each feature of @set, one of @view. */
void km_model_weigh(const km_model *m, km_view view, const km_feature_set *set, double *out);
/* The weights of @v by bucket; NULL when the tables of @m are smaller than that. */
const float *km_model_weights(const km_model *m, km_view v);
/* Adds the slope and offset of @m. */
void km_model_calibration(const km_model *m, double *slope, double *offset);
/* Messages trained on. */
uint64_t km_model_trained(const km_model *m);

#endif
