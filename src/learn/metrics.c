#include "learn/metrics.h"

#include <math.h>
#include <stdlib.h>

const double km_thresholds[KM_THRESHOLDS] = { 0.5, 0.9, 0.99, 0.999 };

static int by_score(const void *a, const void *b)
{
	double x = ((const km_judgement *)a)->logit, y = ((const km_judgement *)b)->logit;

	return (x > y) - (x < y);
}

/* Share of (ham, spam) pairs in the right order; equal scores count half. */
static double auc(const km_judgement *j, size_t n, double ham, double spam)
{
	double below = 0, area = 0;

	for (size_t i = 0, end; i < n; i = end) {
		double hams = 0, spams = 0;
		for (end = i; end < n && j[end].logit == j[i].logit; end++) {
			hams += !j[end].spam;
			spams += j[end].spam;
		}
		area += spams * (below + hams / 2);
		below += hams;
	}
	return area / (ham * spam);
}

/* TREC's smoothing by half a message keeps a perfect run finite. */
static double log_odds(double wrong, double all)
{
	return log((wrong + 0.5) / (all - wrong + 0.5));
}

/* Spam below the lowest threshold that keeps false positives within 0.1 %. */
static double missed_at_fp01(const km_judgement *j, size_t n, double ham)
{
	double allowed = floor(ham / 1000), fp = 0, missed = 0;
	size_t at = n;

	while (at > 0 && (j[at - 1].spam || fp < allowed))
		fp += !j[--at].spam;
	/* Equal scores fall on the same side of a threshold. */
	while (at < n && at > 0 && j[at].logit == j[at - 1].logit)
		at++;
	for (size_t i = 0; i < at; i++)
		missed += j[i].spam;
	return missed;
}

static double read_bins(const km_judgement *j, size_t n, km_bin *bin)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		int b = (int)(j[i].probability * KM_CALIBRATION_BINS);
		b = b < 0 ? 0 : b >= KM_CALIBRATION_BINS ? KM_CALIBRATION_BINS - 1 : b;
		bin[b].n++;
		bin[b].probability += j[i].probability;
		bin[b].spam += j[i].spam;
	}
	for (int b = 0; b < KM_CALIBRATION_BINS; b++) {
		sum += fabs(bin[b].probability - (double)bin[b].spam);
		if (bin[b].n)
			bin[b].probability /= (double)bin[b].n;
	}
	return sum / (double)n;
}

static void read_thresholds(const km_judgement *j, size_t n, km_metrics *out)
{
	for (int t = 0; t < KM_THRESHOLDS; t++) {
		size_t fp = 0, fn = 0;
		for (size_t i = 0; i < n; i++) {
			bool called = j[i].probability > km_thresholds[t];
			fp += called && !j[i].spam;
			fn += !called && j[i].spam;
		}
		out->fp_at[t] = out->ham ? 100 * (double)fp / (double)out->ham : NAN;
		out->fn_at[t] = out->spam ? 100 * (double)fn / (double)out->spam : NAN;
	}
}

void km_metrics_read(km_judgement *j, size_t n, km_metrics *out)
{
	double ham = 0, fp = 0, fn = 0;

	for (size_t i = 0; i < n; i++) {
		ham += !j[i].spam;
		fp += !j[i].spam && j[i].logit > 0;
		fn += j[i].spam && j[i].logit <= 0;
	}
	double spam = (double)n - ham;
	*out = (km_metrics){ .n = n, .ham = (size_t)ham, .spam = (size_t)spam };
	read_thresholds(j, n, out);
	out->fp = ham > 0 ? 100 * fp / ham : NAN;
	out->fn = spam > 0 ? 100 * fn / spam : NAN;
	out->ece = n ? 100 * read_bins(j, n, out->bin) : NAN;
	out->auc1 = out->lam = out->fn_at_fp01 = NAN;
	qsort(j, n, sizeof(*j), by_score);
	if (ham == 0 || spam == 0)
		return;
	double middle = (log_odds(fp, ham) + log_odds(fn, spam)) / 2;
	out->auc1 = 100 * (1 - auc(j, n, ham, spam));
	out->lam = 100 / (1 + exp(-middle));
	out->fn_at_fp01 = 100 * missed_at_fp01(j, n, ham) / spam;
}
