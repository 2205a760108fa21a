#include "learn/reasons.h"

#include <endian.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "text/utf8.h"

enum { MAX_TEXT = 80 };

/* Log-odds that are worth a word. */
static const double least = 0.005;

static km_sv readable(km_arena *a, const km_feature *f)
{
	km_buf b;
	size_t bad = 0;

	km_buf_init(&b, a, MAX_TEXT);
	if (f->before.n) {
		km_buf_add(&b, f->before);
		km_buf_add(&b, f->gap ? KM_S(" … ") : KM_S(" "));
	}
	km_buf_add(&b, f->text);
	return km_utf8_sanitise(a, km_utf8_cut(km_buf_sv(&b), MAX_TEXT), &bad);
}

/* Bytes as a number that sorts as they do; zeros stand for those after a shorter word. */
static uint64_t number_of(const char *p, size_t n)
{
	uint64_t bytes = 0;

	memcpy(&bytes, p, n);
	return be64toh(bytes);
}

/* A word that tells how somebody writes rather than what for: it may weigh, but explains nothing.
 */
static bool says_little(km_sv w)
{
	static const char words[][sizeof(uint64_t)] = {
		/* sorted */
		"a",	 "about", "after",  "all",   "also",   "am",	  "an",	   "and",
		"any",	 "are",	  "as",	    "at",    "be",     "because", "been",  "before",
		"being", "but",	  "by",	    "can",   "could",  "did",	  "do",	   "does",
		"for",	 "from",  "get",    "had",   "has",    "have",	  "he",	   "her",
		"here",	 "him",	  "his",    "how",   "i",      "i'm",	  "if",	   "in",
		"into",	 "is",	  "it",	    "it's",  "its",    "just",	  "like",  "may",
		"me",	 "more",  "most",   "much",  "my",     "no",	  "not",   "now",
		"of",	 "on",	  "one",    "only",  "or",     "other",	  "our",   "out",
		"over",	 "own",	  "please", "re",    "said",   "same",	  "she",   "should",
		"so",	 "some",  "such",   "than",  "thanks", "that",	  "the",   "their",
		"them",	 "then",  "there",  "these", "they",   "this",	  "those", "through",
		"time",	 "to",	  "too",    "up",    "us",     "very",	  "was",   "we",
		"well",	 "were",  "what",   "when",  "where",  "which",	  "while", "who",
		"why",	 "will",  "with",   "would", "wrote",  "yes",	  "you",   "your",
		"yours",
	};
	size_t low = 0;

	if (w.n == 0 || w.n >= sizeof(*words) || w.p[w.n - 1] == '\0')
		return false;
	uint64_t bytes = number_of(w.p, w.n);
	for (size_t n = KM_COUNT(words), half; n > 1; n -= half) {
		half = n / 2;
		low = number_of(words[low + half], sizeof(*words)) <= bytes ? low + half : low;
	}
	return number_of(words[low], sizeof(*words)) == bytes;
}

/* One side's reasons, weightiest first: they are made readable once it is known which remain. */
typedef struct {
	km_feature found[KM_REASONS];
	double weight[KM_REASONS];
	size_t n;
	double least; /* what is to be among them weighs more */
} side;

/* Of equal ones the first stays the first. */
static void insert(side *s, const km_feature *f, double weight)
{
	size_t at = s->n < KM_REASONS ? s->n++ : KM_REASONS - 1; /* the last one makes room */

	for (; at > 0 && fabs(s->weight[at - 1]) < fabs(weight); at--) {
		s->found[at] = s->found[at - 1];
		s->weight[at] = s->weight[at - 1];
	}
	s->found[at] = *f;
	s->weight[at] = weight;
	if (s->n == KM_REASONS)
		s->least = fabs(s->weight[KM_REASONS - 1]);
}

static size_t keep(km_arena *a, const side *s, km_reason *out)
{
	for (size_t i = 0; i < s->n; i++)
		out[i] = (km_reason){ s->found[i].field, s->found[i].part,
				      readable(a, &s->found[i]), s->weight[i] };
	return s->n;
}

/* Few weigh so much that their words need to be looked at. */
static void read_view(const km_features *f, const km_places *where, km_view v, const double *weight,
		      side sides[2])
{
	size_t at = 0;
	km_feature found;

	for (size_t i = 0; i < f->view[v].n; i++) {
		if (weight[i] <= sides[1].least && weight[i] >= -sides[0].least)
			continue;
		if (km_places_find(where, v, i, f->view[v].bucket[i], &at, &found) &&
		    !says_little(found.text) && !says_little(found.before))
			insert(&sides[weight[i] > 0], &found, weight[i]);
	}
}

km_status km_reasons_read(km_arena *a, const km_layers *l, const km_scope *scope,
			  const km_features *f, const km_places *where, km_reasons *out)
{
	side sides[2];

	*out = (km_reasons){ 0 };
	for (size_t i = 0; i < KM_COUNT(sides); i++) {
		sides[i].n = 0; /* the rest is written before it is read */
		sides[i].least = least;
	}
	for (km_view v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++) {
		double *weight = km_alloc(a, f->view[v].n * sizeof(*weight));
		if (weight == NULL)
			return KM_LIMIT;
		km_layers_weigh(l, scope, f, v, weight);
		read_view(f, where, v, weight, sides);
	}
	out->n_honest = keep(a, &sides[0], out->honest);
	out->n_abuse = keep(a, &sides[1], out->abuse);
	return KM_OK;
}

const char *km_reason_place(const km_reason *r, km_lang lang)
{
	static const struct {
		const char *begins, *place[KM_LANGS];
	} places[] = {
		{ "subject", { "件名", "subject" } },
		{ "body", { "本文", "text" } },
		{ "link", { "リンク", "link" } },
		{ "from", { "差出人", "sender" } },
		{ "reply", { "返信先", "reply address" } },
		{ "to", { "宛先", "recipient" } },
		{ "hop", { "経路", "route" } },
		{ "part", { "構造", "structure" } },
		{ "", { "ヘッダー", "header" } },
	};
	size_t i = 0;

	while (strncmp(r->field, places[i].begins, strlen(places[i].begins)) != 0)
		i++;
	return places[i].place[lang];
}
