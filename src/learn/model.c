#include "learn/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/base.h"

enum { TABLES = 2 };

/* Log-odds at which a classifier is held: e^6 is 400 to 1. */
static const double bound = 6;
/* A classifier that is right by so much learns nothing from the message; where labels may be wrong
 * it goes on, so that what is right outweighs them. */
static const double margin = 5, margin_noisy = 8;
/* The rate falls to its lasting part as messages come in; halfway there after this many. */
static const double young = 3000, lasting = 0.25;
/* Keeps the first steps of AdaGrad finite. */
static const double epsilon = 1e-3;

/* Plain memory, so that it can be shared and written to a file as it is. */
struct km_model {
	uint32_t bits; /* of a bucket; tables of fewer fold their features */
	uint32_t spare;
	uint64_t trained, abuse; /* messages; of them abuse */
	double slope, offset;
	double slope_squares, offset_squares;
	float cell[]; /* of each table the weights, then the squares of the gradients so far */
};

/* Each view's table, the classifier that it belongs to, how fast it learns, and whether it is text
 * that is read in order. */
static const struct {
	unsigned table;
	km_classifier by;
	double rate;
	bool text;
} views[KM_VIEW_COUNT] = {
	[KM_VIEW_RAW] = { 0, KM_BY_RAW, 0.7, false },
	[KM_VIEW_START] = { 0, KM_BY_CONTENT, 0.7, true },
	[KM_VIEW_HEADER] = { 1, KM_BY_HEADER, 1.0, false },
	[KM_VIEW_BODY] = { 1, KM_BY_CONTENT, 1.3, true },
	[KM_VIEW_LINK] = { 1, KM_BY_CONTENT, 0.6, false },
};
/* Raw and header see much the same, and so count less than content; together 1. */
static const double weights[KM_CLASSIFIERS] = {
	[KM_BY_RAW] = 0.37, [KM_BY_HEADER] = 0.19, [KM_BY_CONTENT] = 0.44
};

/*
 * Words of ham are put before any text in no time. So text, and content as a whole, speak for a
 * message by so much at most, and take off a third of what the header says against it.
 * Of a text of so many features the tail that speaks loudest against the message counts instead, up
 * to so much, unless the header is clearly honest; of the shortest tails, which are loud by chance,
 * only that there are no good words in them. Where what comes before the tail speaks for the
 * message and the tail does not, as nobody writes who means one thing, the tail counts for more and
 * is worse by something, and only a header beyond doubt stands against a large one. Such a seam is
 * looked for at finer steps, where 'most' is text_least: no text is better.
 */
static const double text_least = -3, content_least = -4, content_against = 0.33;
static const double header_honest = -2, header_certain = -4;
static const double head_for = -1.25, tail_against = 0;
static const struct {
	unsigned char begin; /* part */
	double most, contrary, seam, honest;
} tails[KM_TAILS] = {
	{ 2, text_least, 4, 0.5, header_certain },  { 4, 2, 4, 0.5, header_certain },
	{ 6, text_least, 4, 0.5, header_certain },  { 8, 2, 4, 0.5, header_certain },
	{ 10, text_least, 4, 0.5, header_certain }, { 12, 2, 4, 0.5, header_certain },
	{ 14, -0.75, 1, 0, header_honest },	    { 15, -0.75, 1, 0, header_honest },
};
enum { LONG_TEXT = 900 };
/* Text that hides from programs says no better things than the header, and is worse by this. */
static const double hiding = 2;
/* A model that met one kind far more often leans to that side: this part of the ratio's logarithm
 * is taken off, once more than a few were met. */
static const double leaning = 0.25, few = 5;

size_t km_model_bytes(unsigned bits)
{
	size_t tables = bits < KM_BUCKET_BITS ? 1 : TABLES;

	return sizeof(km_model) + (tables * 2 << bits) * sizeof(float);
}

km_model *km_model_init(void *memory, unsigned bits, bool is_layer)
{
	km_model *m = memory;

	m->bits = bits;
	m->slope = is_layer ? 0 : 1;
	return m;
}

km_model *km_model_new(void)
{
	void *memory = calloc(1, km_model_bytes(KM_BUCKET_BITS));

	return memory ? km_model_init(memory, KM_BUCKET_BITS, false) : NULL;
}

void km_model_free(km_model *m)
{
	free(m);
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static double clamp(double x)
{
	return x > bound ? bound : x < -bound ? -bound : x;
}

double km_feature_share(const km_feature_set *set)
{
	return set->n ? 1 / sqrt((double)set->n) : 0;
}

double km_view_weight(km_view v)
{
	return weights[views[v].by];
}

/* What a tail of a text adds up to when it counts, else nothing. */
static double of_tail(const km_score *s, int view, int tail, double header)
{
	double x = s->tail[view][tail], part = tails[tail].begin / (double)KM_PARTS;
	/* the same features, so that what is before the tail follows from all and the tail */
	double before = (s->view[view] - x * sqrt(1 - part)) / sqrt(part);
	bool contrary = before < head_for && x > tail_against;

	if (header <= (contrary ? tails[tail].honest : header_honest))
		return -HUGE_VAL;
	return contrary ? fmin(x, tails[tail].contrary) + tails[tail].seam
			: fmin(x, tails[tail].most);
}

/* A text's log-odds; @header: what the header says. */
static double of_text(const km_score *s, int view, double header)
{
	double x = s->view[view];

	for (int i = 0; i < KM_TAILS; i++)
		x = fmax(x, of_tail(s, view, i, header));
	return fmax(x, text_least);
}

/* What raw and header say together, in log-odds of the content. */
static double weighed(const double by[KM_CLASSIFIERS])
{
	double sum = weights[KM_BY_RAW] * clamp(by[KM_BY_RAW]) +
		     weights[KM_BY_HEADER] * clamp(by[KM_BY_HEADER]);

	return sum / weights[KM_BY_CONTENT];
}

/* The mean of the classifiers, before calibration. */
static double mean(const km_score *s)
{
	double header = (s->view[KM_VIEW_RAW] + s->view[KM_VIEW_HEADER]) / 2, sum = 0;
	double by[KM_CLASSIFIERS] = { 0 };

	for (int v = 0; v < KM_VIEW_COUNT; v++)
		by[views[v].by] += views[v].text ? of_text(s, v, header) : s->view[v];
	by[KM_BY_CONTENT] = fmax(by[KM_BY_CONTENT],
				 header > 0 ? fmax(content_least, -content_against * weighed(by))
					    : content_least);
	if (s->disguised)
		by[KM_BY_CONTENT] = fmax(by[KM_BY_CONTENT], header) + hiding;
	for (int c = 0; c < KM_CLASSIFIERS; c++)
		sum += weights[c] * clamp(by[c]);
	return sum;
}

void km_score_add(km_score *s, km_view v, size_t n, const km_view_sums *sums, double factor,
		  double more)
{
	bool apart = views[v].text && n >= LONG_TEXT;
	double sum = 0;
	size_t p = KM_PARTS;

	for (size_t i = KM_TAILS; i-- > 0;) {
		size_t begin = tails[i].begin, rest = n - km_part_begin(n, begin);
		while (p > begin)
			sum += sums->part[--p];
		if (apart)
			s->tail[v][i] += factor * sum / sqrt((double)rest + more);
	}
	while (p > 0)
		sum += sums->part[--p];
	double x = n ? factor * sum / sqrt((double)n + more) : 0;
	s->view[v] += x;
	for (size_t i = 0; i < KM_TAILS && !apart; i++)
		s->tail[v][i] += x;
}

void km_score_finish(km_score *s, double slope, double offset)
{
	memset(s->by, 0, sizeof(s->by));
	for (int v = 0; v < KM_VIEW_COUNT; v++)
		s->by[views[v].by] += s->view[v];
	s->logit = slope * mean(s) + offset;
	s->probability = sigmoid(s->logit);
}

/* A small model has one table for all. */
static size_t table_of(const km_model *m, int view)
{
	return m->bits < KM_BUCKET_BITS ? 0 : views[view].table;
}

static float *weights_of(km_model *m, int view)
{
	return m->cell + (table_of(m, view) * 2 << m->bits);
}

/* The weights of each part of @set, some parts side by side: in one sum each would wait for the one
 * before. */
static void sum_parts(const float *weight, unsigned fold, const km_feature_set *set,
		      km_view_sums *out)
{
	enum { SIDE = 4 };
	size_t least = set->n / KM_PARTS;

	_Static_assert(KM_PARTS % SIDE == 0, "no part is left over");
	for (size_t p = 0; p < KM_PARTS; p += SIDE) {
		const uint32_t *part[SIDE];
		double sum[SIDE] = { 0 };
		for (size_t k = 0; k < SIDE; k++)
			part[k] = set->bucket + km_part_begin(set->n, p + k);
		for (size_t i = 0; i < least; i++)
			for (size_t k = 0; k < SIDE; k++)
				sum[k] += (double)weight[part[k][i] >> fold];
		for (size_t k = 0; k < SIDE; k++) {
			if (km_part_begin(set->n, p + k + 1) - km_part_begin(set->n, p + k) > least)
				sum[k] += (double)weight[part[k][least] >> fold];
			out->part[p + k] = sum[k];
		}
	}
}

void km_model_add(const km_model *m, const km_features *f, km_score *s)
{
	unsigned fold = KM_BUCKET_BITS - m->bits;

	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		const km_feature_set *set = &f->view[v];
		const float *weight = m->cell + (table_of(m, v) * 2 << m->bits);
		km_view_sums sums;
		if (set->n == 0)
			continue;
		sum_parts(weight, fold, set, &sums);
		km_score_add(s, (km_view)v, set->n, &sums, 1, 0);
	}
	s->disguised = f->disguised;
}

/* What the model leans to by what it met. */
static double balance(const km_model *m)
{
	return leaning * log(((double)(m->trained - m->abuse) + few) / ((double)m->abuse + few));
}

void km_model_score(const km_model *m, const km_features *f, km_score *out)
{
	*out = (km_score){ 0 };
	km_model_add(m, f, out);
	km_score_finish(out, m->slope, m->offset + balance(m));
}

/* What AdaGrad divides by. A familiar feature moves as if it had been learned from before. */
static double stiffness(const km_training *t, int view, uint32_t bucket, double share,
			float squares)
{
	/* the error that a message typically has */
	static const double typical = 0.2;
	double known = 0;

	if (t->base)
		known = km_base_familiar(t->base, (km_view)view, bucket) * typical * typical *
			share * share;
	return sqrt((double)squares + known) + epsilon;
}

/* What a message teaches a view; a lesson that is trusted by half is half a lesson. */
typedef struct {
	double error, trust, rate;
} lesson;

/*
 * One step against the gradient. Where a layer's reach is bounded, a step that would move the
 * classifier further is shortened: one message must not turn round all that is written like it.
 */
static void train_view(km_model *m, int view, const km_feature_set *set, const lesson *l,
		       const km_training *t, km_model_step *step)
{
	unsigned fold = KM_BUCKET_BITS - m->bits;
	float *weight = weights_of(m, view), *squares = weight + ((size_t)1 << m->bits);
	double share = km_feature_share(set), gradient = l->error * share;
	double pull = l->rate * l->trust * gradient, square = l->trust * gradient * gradient;
	double moved = 0;

	for (size_t i = 0; i < set->n; i++)
		squares[set->bucket[i] >> fold] += (float)square;
	for (size_t i = 0; i < set->n && t->reach > 0; i++) {
		uint32_t b = set->bucket[i];
		moved += share * fabs(pull) / stiffness(t, view, b, share, squares[b >> fold]);
	}
	if (moved > t->reach)
		pull *= t->reach / moved;
	for (size_t i = 0; i < set->n; i++) {
		uint32_t b = set->bucket[i];
		weight[b >> fold] -=
			(float)(pull / stiffness(t, view, b, share, squares[b >> fold]));
	}
	step->pull[view] = (float)pull;
	step->square[view] = (float)square;
}

/* Of labels that may be wrong, this share is. What one classifier says of that is mended in this
 * part by the mean of all: what is new to it may be known to the others. */
static const double wrong_labels = 0.08, by_all = 0.3;

/* How likely the label is right, by Bayes, where it is put at the log-odds @x. */
static double trust(double x, bool curated)
{
	double right = (1 - wrong_labels) * sigmoid(x), wrong = wrong_labels * sigmoid(-x);

	return curated ? 1 : right / (right + wrong);
}

/* Slope and offset follow slowly: thousands of messages tell how sure the mean really is. */
static void calibrate(km_model *m, const km_score *s, double target)
{
	static const double rate = 0.001;
	double error = s->probability - target, gradient = error * mean(s);

	m->slope_squares += gradient * gradient;
	m->slope -= rate * gradient / (sqrt(m->slope_squares) + 1e-2);
	m->offset_squares += error * error;
	m->offset -= rate * error / (sqrt(m->offset_squares) + 1e-2);
}

void km_model_learn(km_model *m, const km_features *f, bool abuse, const km_training *t,
		    km_model_step *step)
{
	double target = abuse ? 1 : 0;
	km_score s = { 0 };

	*step = (km_model_step){ 0 };
	if (t->below)
		s = *t->below;
	km_model_add(m, f, &s);
	/* a lesson is about the whole text */
	for (int v = 0; v < KM_VIEW_COUNT; v++)
		for (int i = 0; i < KM_TAILS; i++)
			s.tail[v][i] = s.view[v];
	km_score_finish(&s, m->slope + t->slope, m->offset + t->offset);
	calibrate(m, &s, target);
	bool curated = t->rate >= KM_RATE_CURATED;
	double all = curated ? 0 : abuse ? mean(&s) : -mean(&s);
	double rate = t->rate * (lasting + (1 - lasting) * young / (young + (double)m->trained));
	for (int v = 0; v < KM_VIEW_COUNT; v++) {
		double by = s.by[views[v].by], agrees = abuse ? by : -by;
		const lesson l = { .error = sigmoid(by) - target,
				   .trust = trust(agrees + by_all * (all - agrees), curated),
				   .rate = rate * views[v].rate };
		if (agrees <= (curated ? margin : margin_noisy))
			train_view(m, v, &f->view[v], &l, t, step);
	}
	m->trained++;
	m->abuse += abuse;
	step->abuse = abuse;
}

void km_model_unlearn(km_model *m, const km_features *f, const km_training *t,
		      const km_model_step *step)
{
	unsigned fold = KM_BUCKET_BITS - m->bits;

	/* Views that share a table go back in the other order, over the same squares. */
	for (int v = KM_VIEW_COUNT - 1; v >= 0; v--) {
		const km_feature_set *set = &f->view[v];
		float *weight = weights_of(m, v), *squares = weight + ((size_t)1 << m->bits);
		double share = km_feature_share(set), pull = (double)step->pull[v];
		for (size_t i = 0; i < set->n; i++) {
			uint32_t b = set->bucket[i];
			weight[b >> fold] +=
				(float)(pull / stiffness(t, v, b, share, squares[b >> fold]));
		}
		for (size_t i = 0; i < set->n; i++) {
			float *s = &squares[set->bucket[i] >> fold];
			*s = fmaxf(*s - step->square[v], 0);
		}
	}
	m->trained -= m->trained > 0;
	m->abuse -= m->abuse > 0 && step->abuse;
}

void km_model_train(km_model *m, const km_features *f, bool abuse, double rate)
{
	const km_training t = { .rate = rate };
	km_model_step step;

	km_model_learn(m, f, abuse, &t, &step);
}

const float *km_model_weights(const km_model *m, km_view v)
{
	return m->bits < KM_BUCKET_BITS ? NULL : m->cell + (table_of(m, (int)v) * 2 << m->bits);
}

void km_model_weigh(const km_model *m, km_view view, const km_feature_set *set, double *out)
{
	const float *weight = m->cell + (table_of(m, (int)view) * 2 << m->bits);
	unsigned fold = KM_BUCKET_BITS - m->bits;

	for (size_t i = 0; i < set->n; i++)
		out[i] += (double)weight[set->bucket[i] >> fold];
}

void km_model_calibration(const km_model *m, double *slope, double *offset)
{
	*slope += m->slope;
	*offset += m->offset + balance(m);
}

uint64_t km_model_trained(const km_model *m)
{
	return m->trained;
}
