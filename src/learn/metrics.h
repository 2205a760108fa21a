/*
 * learn/metrics.h - how well scores tell ham from spam, in the measures of the TREC spam track.
 */
#ifndef KM_LEARN_METRICS_H
#define KM_LEARN_METRICS_H

#include "base/err.h"

typedef struct {
	double logit;	    /* score; > 0 is called spam */
	double probability; /* calibrated */
	bool spam;	    /* the truth */
} km_judgement;

/* Probabilities from which a message may be called spam. */
enum { KM_THRESHOLDS = 4, KM_CALIBRATION_BINS = 10 };
extern const double km_thresholds[KM_THRESHOLDS]; /* 0.5, 0.9, 0.99, 0.999 */

/* Messages whose probability lies in one tenth. */
typedef struct {
	size_t n, spam;
	double probability; /* mean */
} km_bin;

/* Shares in percent; NaN where there is no ham or no spam. */
typedef struct {
	size_t n, ham, spam;
	double auc1;	   /* 1 - area under the ROC curve */
	double lam;	   /* logistic average of the two misclassification shares */
	double fp, fn;	   /* at the threshold: ham called spam, spam called ham */
	double fn_at_fp01; /* spam missed where at most 0.1 % of ham is called spam */
	double ece;	   /* expected calibration error over the bins */
	double fp_at[KM_THRESHOLDS], fn_at[KM_THRESHOLDS];
	km_bin bin[KM_CALIBRATION_BINS];
} km_metrics;

/* Sorts @j by score. @n may be 0. Where there is no spam, fp and fp_at are known nevertheless;
 * where there is no ham, fn and fn_at. */
void km_metrics_read(km_judgement *j, size_t n, km_metrics *out);

#endif
