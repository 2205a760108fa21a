#include "learn/base_make.h"

#include <math.h>
#include <stdlib.h>

#include "learn/places.h"

enum {
	MAX_MESSAGES = 1 << 20,
	MAX_WORDS = 1500, /* features of a message that are learned */
	BANDS = 6,	  /* of ROWS least hashes each: messages that share one are alike */
	ROWS = 6,
	SEEN_BITS = 22,
	EPOCHS = 3,
	COMMON = 20,	     /* ham messages that make a word one of the common language */
	FAMILIAR_SHARE = 60, /* percent of its words that a message must have in common with it */
	FOREIGN_SHARE = 10,  /* percent of words in other letters that leave a message out */
	EVERYWHERE = 30,     /* percent of messages that have a word that is not learned */
	SUPPORT = 4	     /* messages of either side that must have a word */
};

static const double rate = 0.3, epsilon = 1e-3, decay = 2e-5;
/* Log-odds from which it gives all the points that it may, see engine/learn.c. */
static const double points_from = 2.0;

/* A feature that may be learned: view, bucket, and whether it is one word. */
typedef struct {
	uint32_t bucket : 20, view : 3, single : 1;
} term;

typedef struct {
	size_t first, n; /* in the pool */
	float share[KM_VIEW_COUNT];
	uint8_t source;
	bool spam, held_out, alike, used;
} message;

struct km_base_maker {
	km_base_source source[KM_BASE_SOURCES];
	size_t n_sources;
	message *m;
	size_t n, cap, n_used;
	term *pool;
	size_t pool_n, pool_cap;
	uint64_t *seen; /* bands met so far, a hash set */
	size_t seen_n;
	uint32_t *count[2]; /* of all messages: raw, fielded */
	uint32_t *side[2];  /* of those used: ham, spam */
	uint16_t *of;	    /* sources that have it, by bit */
	float *weight, *squares;
	uint64_t trained[2];
};

km_base_maker *km_base_maker_new(void)
{
	km_base_maker *k = calloc(1, sizeof(*k));
	bool ok = k != NULL;

	for (int i = 0; ok && i < 2; i++) {
		k->count[i] = calloc(KM_BUCKETS, sizeof(uint32_t));
		k->side[i] = calloc(KM_BUCKETS, sizeof(uint32_t));
		ok = k->count[i] && k->side[i];
	}
	if (ok) {
		k->of = calloc(KM_BUCKETS, sizeof(*k->of));
		k->weight = calloc(KM_BUCKETS, sizeof(float));
		k->squares = calloc(KM_BUCKETS, sizeof(float));
		k->seen = calloc((size_t)1 << SEEN_BITS, sizeof(uint64_t));
		ok = k->of && k->weight && k->squares && k->seen;
	}
	if (ok)
		return k;
	km_base_maker_free(k);
	return NULL;
}

void km_base_maker_free(km_base_maker *k)
{
	if (k == NULL)
		return;
	for (int i = 0; i < 2; i++) {
		free(k->count[i]);
		free(k->side[i]);
	}
	free(k->of);
	free(k->weight);
	free(k->squares);
	free(k->seen);
	free(k->pool);
	free(k->m);
	free(k);
}

/* --- reading a message --- */

/* Words that date a message. */
static bool is_date(km_sv w)
{
	static const char words[] =
		" jan feb mar apr jun jul aug sep oct nov dec mon tue wed thu fri sat sun january "
		"february march april june july august september october november december monday "
		"tuesday wednesday thursday friday saturday sunday gmt utc pst pdt est edt cest "
		"jst sept may ";
	char key[24];

	if (w.n + 2 > sizeof(key))
		return false;
	key[0] = ' ';
	memcpy(key + 1, w.p, w.n);
	key[w.n + 1] = ' ';
	return km_sv_find(km_sv_of(words), (km_sv){ key, w.n + 2 }, 0) < sizeof(words) - 1;
}

/* A word in plain letters: no digits, which are dates and versions, no other scripts. */
static bool is_plain(km_sv w)
{
	if (w.n == 0 || w.n > 20)
		return false;
	for (size_t i = 0; i < w.n; i++)
		if (!km_is_alpha((unsigned char)w.p[i]) && w.p[i] != '\'')
			return false;
	return !is_date(w);
}

static bool is_foreign(km_sv w)
{
	for (size_t i = 0; i < w.n; i++)
		if ((unsigned char)w.p[i] >= 0x80)
			return true;
	return false;
}

typedef struct {
	term t[MAX_WORDS];
	size_t n, words, foreign;
	uint64_t least[BANDS * ROWS];
} reading;

static uint64_t mix(uint64_t x, uint64_t salt)
{
	x = (x ^ salt * 0x9e3779b97f4a7c15u) * 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	return (x * 0xd6e8feb86659fd93u) ^ (x >> 29);
}

static void take(void *ctx, const km_feature *f)
{
	reading *r = ctx;
	bool text = strcmp(f->field, "body") == 0, single = f->before.n == 0;

	if (!text && strcmp(f->field, "subject") != 0 && strcmp(f->field, "link-path") != 0)
		return;
	if (text && single) {
		r->words++;
		r->foreign += is_foreign(f->text);
		for (size_t i = 0; i < BANDS * ROWS; i++) {
			uint64_t h = mix(f->bucket, i + 1);
			if (h < r->least[i])
				r->least[i] = h;
		}
	}
	if (!is_plain(f->text) || (!single && !is_plain(f->before)) || r->n == MAX_WORDS)
		return;
	r->t[r->n++] = (term){ .bucket = f->bucket & (KM_BUCKETS - 1),
			       .view = f->view & 7,
			       .single = single };
}

/* True when the band was there already. */
static bool put_seen(km_base_maker *k, uint64_t band)
{
	size_t mask = ((size_t)1 << SEEN_BITS) - 1, at = band & mask;

	while (k->seen[at] && k->seen[at] != band)
		at = (at + 1) & mask;
	bool there = k->seen[at] == band;
	k->seen_n += !there;
	k->seen[at] = band;
	return there;
}

/* Nearly the same as an earlier message; short ones are alike only when they are equal. */
static bool is_alike(km_base_maker *k, const reading *r)
{
	bool alike = false;

	for (size_t b = 0; b < BANDS; b++) {
		uint64_t h = b + 1;
		for (size_t i = 0; i < ROWS; i++)
			h = mix(h ^ r->least[b * ROWS + i], 77);
		alike |= put_seen(k, h | 1);
	}
	return alike;
}

static km_base_source *source_of(km_base_maker *k, km_sv name, size_t *index)
{
	for (*index = 0; *index < k->n_sources; ++*index)
		if (km_sv_eq(km_sv_of(k->source[*index].name), name))
			return &k->source[*index];
	if (k->n_sources == KM_BASE_SOURCES || name.n >= sizeof(k->source[0].name))
		return NULL;
	memcpy(k->source[k->n_sources].name, name.p, name.n);
	return &k->source[k->n_sources++];
}

static bool make_room(km_base_maker *k, size_t terms)
{
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 4096;
		message *m = reallocarray(k->m, cap, sizeof(*m));
		if (m == NULL)
			return false;
		k->m = m;
		k->cap = cap;
	}
	while (k->pool_cap - k->pool_n < terms) {
		size_t cap = k->pool_cap ? k->pool_cap * 2 : 1 << 20;
		term *pool = reallocarray(k->pool, cap, sizeof(*pool));
		if (pool == NULL)
			return false;
		k->pool = pool;
		k->pool_cap = cap;
	}
	return true;
}

static void count_features(km_base_maker *k, const km_features *f)
{
	for (int v = 0; v < KM_VIEW_COUNT; v++)
		for (size_t i = 0; i < f->view[v].n; i++)
			k->count[!km_view_is_raw((km_view)v)][f->view[v].bucket[i]]++;
}

km_status km_base_maker_add(km_base_maker *k, km_arena *a, const km_learn_input *in, km_sv source,
			    bool spam, km_err *err)
{
	reading *r = KM_NEW(a, reading);
	size_t index;
	km_base_source *s = source_of(k, source, &index);
	km_features f;

	if (s == NULL || k->n == MAX_MESSAGES || k->seen_n > (size_t)3 << (SEEN_BITS - 2))
		return KM_FAIL(err, KM_LIMIT, "too many sources or messages for one base model");
	if (r == NULL || !make_room(k, MAX_WORDS))
		return KM_FAIL(err, KM_NOMEM, "no memory");
	memset(r->least, 0xff, sizeof(r->least));
	km_status st = km_features_watch(a, in, take, r, &f);
	if (st != KM_OK)
		return KM_FAIL(err, st, "a message has too many features");
	count_features(k, &f);
	s->ham += !spam;
	s->spam += spam;
	bool foreign = r->foreign * 100 > r->words * FOREIGN_SHARE;
	bool alike = is_alike(k, r);
	s->alike += alike;
	s->foreign += !alike && foreign;
	message *m = &k->m[k->n++];
	*m = (message){ .first = k->pool_n,
			.n = r->n,
			.source = (uint8_t)index,
			.spam = spam,
			.alike = alike,
			.used = !alike && !foreign };
	for (int v = 0; v < KM_VIEW_COUNT; v++)
		m->share[v] = (float)(km_base_share(&f, (km_view)v) * km_view_weight((km_view)v));
	memcpy(k->pool + k->pool_n, r->t, r->n * sizeof(*r->t));
	k->pool_n += r->n;
	return KM_OK;
}

/* --- choosing what is learned --- */

/* The last part of each source, by place, is held out. */
static void hold_out(km_base_maker *k)
{
	size_t seen[KM_BASE_SOURCES] = { 0 };

	for (size_t i = 0; i < k->n; i++) {
		const km_base_source *s = &k->source[k->m[i].source];
		size_t all = s->ham + s->spam, at = seen[k->m[i].source]++;
		k->m[i].held_out = at * 100 >= all * (100 - KM_HELD_OUT_PERCENT);
	}
}

/* Counts the messages of either side that have each term. */
static void count_sides(km_base_maker *k)
{
	for (int i = 0; i < 2; i++)
		memset(k->side[i], 0, KM_BUCKETS * sizeof(uint32_t));
	memset(k->of, 0, KM_BUCKETS * sizeof(*k->of));
	k->n_used = 0;
	for (size_t i = 0; i < k->n; i++) {
		const message *m = &k->m[i];
		k->n_used += m->used && !m->held_out;
		for (size_t t = 0; t < m->n && m->used && !m->held_out; t++) {
			uint32_t b = k->pool[m->first + t].bucket;
			k->side[m->spam][b]++;
			k->of[b] |= (uint16_t)(1u << m->source);
		}
	}
}

/* Leaves out messages in a language that few ham messages are written in. */
static void drop_foreign(km_base_maker *k)
{
	for (size_t i = 0; i < k->n; i++) {
		message *m = &k->m[i];
		size_t words = 0, common = 0;
		for (size_t t = 0; t < m->n; t++) {
			term x = k->pool[m->first + t];
			if (!x.single || x.view != KM_VIEW_BODY)
				continue;
			words++;
			common += k->side[0][x.bucket] >= COMMON;
		}
		/* of the held-out ones too: the figures are for the language that it knows */
		if (m->used && common * 100 < words * FAMILIAR_SHARE) {
			m->used = false;
			k->source[m->source].foreign++;
		}
	}
}

/* Words that a third of all messages have tell nothing.  */
static bool is_function_word(const km_base_maker *k, uint32_t b)
{
	return ((size_t)k->side[0][b] + k->side[1][b]) * 100 > k->n_used * EVERYWHERE;
}

static bool may_learn(const km_base_maker *k, uint32_t b)
{
	return !is_function_word(k, b) && k->side[0][b] >= SUPPORT && k->side[1][b] >= SUPPORT &&
	       (k->of[b] & (k->of[b] - 1)) != 0;
}

/* --- training --- */

static double sum_of(const km_base_maker *k, const message *m)
{
	double sum = 0;

	for (size_t t = 0; t < m->n; t++) {
		term x = k->pool[m->first + t];
		sum += (double)k->weight[x.bucket] * (double)m->share[x.view];
	}
	return sum;
}

static double sigmoid(double x)
{
	return 1 / (1 + exp(-x));
}

static void learn(km_base_maker *k, const message *m, double importance)
{
	double error = (sigmoid(sum_of(k, m)) - (m->spam ? 1 : 0)) * importance;

	for (size_t t = 0; t < m->n; t++) {
		term x = k->pool[m->first + t];
		if (!may_learn(k, x.bucket))
			continue;
		double w = (double)k->weight[x.bucket];
		double g = error * (double)m->share[x.view] + decay * w;
		k->squares[x.bucket] += (float)(g * g);
		k->weight[x.bucket] =
			(float)(w - rate * g / (sqrt((double)k->squares[x.bucket]) + epsilon));
	}
}

/* Order of an epoch: always the same, but mixed, so that no source has the last word. */
typedef struct {
	uint64_t key;
	size_t message;
} turn;

static int by_key(const void *x, const void *y)
{
	const turn *a = x, *b = y;

	return (a->key > b->key) - (a->key < b->key);
}

static km_status train(km_base_maker *k, km_err *err)
{
	turn *order = calloc(k->n + 1, sizeof(*order));
	size_t n = 0, side[2] = { 0, 0 };

	if (order == NULL)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	for (size_t i = 0; i < k->n; i++)
		if (k->m[i].used && !k->m[i].held_out) {
			order[n++].message = i;
			side[k->m[i].spam]++;
			k->source[k->m[i].source].trained++;
		}
	for (uint64_t e = 0; e < EPOCHS; e++) {
		for (size_t i = 0; i < n; i++)
			order[i].key = mix(order[i].message, e + 100);
		qsort(order, n, sizeof(*order), by_key);
		for (size_t i = 0; i < n; i++) {
			const message *m = &k->m[order[i].message];
			/* both sides weigh the same, however much there is of them */
			learn(k, m, (double)n / 2 / (double)side[m->spam] * (m->spam ? 0.4 : 4));
		}
	}
	k->trained[0] = side[0];
	k->trained[1] = side[1];
	free(order);
	return KM_OK;
}

static bool is_held(const message *m)
{
	return m->used && m->held_out;
}

/*
 * The slope that makes a probability of the sums, by Newton's method on what was held out.
 */
static double slope_of(const km_base_maker *k)
{
	double slope = 1;

	for (int round = 0; round < 50; round++) {
		double first = 0, second = 1e-6;
		for (size_t i = 0; i < k->n; i++) {
			const message *m = &k->m[i];
			if (!is_held(m))
				continue;
			double x = sum_of(k, m), p = sigmoid(slope * x);
			first += (p - (m->spam ? 1 : 0)) * x;
			second += p * (1 - p) * x * x;
		}
		slope -= first / second;
	}
	return slope;
}

static void scale(km_base_maker *k, double by)
{
	float greatest = 0;

	for (size_t i = 0; i < KM_BUCKETS; i++) {
		k->weight[i] *= (float)by;
		greatest = fmaxf(greatest, fabsf(k->weight[i]));
	}
	for (size_t i = 0; i < KM_BUCKETS; i++)
		if (fabsf(k->weight[i]) < greatest * 0.002f)
			k->weight[i] = 0;
}

static void judge_held_out(km_base_maker *k)
{
	for (size_t i = 0; i < k->n; i++) {
		const message *m = &k->m[i];
		km_base_source *s = &k->source[m->source];
		if (!m->held_out || m->alike)
			continue;
		double logit = sum_of(k, m) + km_base_offset(1);
		if (m->spam) {
			s->held_spam++;
			s->fn += logit <= 0;
			s->fn_points += logit <= points_from;
		} else {
			s->held_ham++;
			s->fp += logit > 0;
			s->fp_points += logit > points_from;
		}
	}
}

km_status km_base_maker_finish(km_base_maker *k, km_buf *out, km_err *err)
{
	hold_out(k);
	count_sides(k);
	drop_foreign(k);
	count_sides(k);
	km_status st = train(k, err);
	if (st != KM_OK)
		return st;
	scale(k, slope_of(k));
	judge_held_out(k);
	if (km_base_write(out, k->weight, k->count[0], k->count[1], k->trained[1], k->trained[0]) !=
	    KM_OK)
		return KM_FAIL(err, KM_NOMEM, "no memory");
	return KM_OK;
}

const km_base_source *km_base_maker_source(const km_base_maker *k, size_t i)
{
	return i < k->n_sources ? &k->source[i] : NULL;
}
