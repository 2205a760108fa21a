#include "learn/reasons.h"

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

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes = bytes << 8 | (i < n ? (unsigned char)p[i] : 0);
	return bytes;
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

/* One side's reasons, weightiest first. */
typedef struct {
	km_reason *list;
	size_t *n;
	double least; /* what is to be among them weighs more */
} side;

/* Of equal ones the first stays the first. */
static void insert(km_arena *a, side *s, const km_feature *f, double weight)
{
	size_t at = *s->n;

	while (at > 0 && fabs(s->list[at - 1].log_odds) < fabs(weight))
		at--;
	if (*s->n < KM_REASONS)
		++*s->n;
	memmove(&s->list[at + 1], &s->list[at], (*s->n - at - 1) * sizeof(*s->list));
	s->list[at] = (km_reason){ f->field, f->part, readable(a, f), weight };
	if (*s->n == KM_REASONS)
		s->least = fabs(s->list[KM_REASONS - 1].log_odds);
}

/* Few weigh so much that their words need to be looked at. */
static void read_view(km_arena *a, const km_features *f, const km_places *where, km_view v,
		      const double *weight, side sides[2])
{
	size_t at = 0;
	km_feature found;

	for (size_t i = 0; i < f->view[v].n; i++) {
		if (weight[i] <= sides[1].least && weight[i] >= -sides[0].least)
			continue;
		if (km_places_find(where, v, i, f->view[v].bucket[i], &at, &found) &&
		    !says_little(found.text) && !says_little(found.before))
			insert(a, &sides[weight[i] > 0], &found, weight[i]);
	}
}

km_status km_reasons_read(km_arena *a, const km_layers *l, const km_scope *scope,
			  const km_features *f, const km_places *where, km_reasons *out)
{
	side sides[] = { { out->honest, &out->n_honest, least },
			 { out->abuse, &out->n_abuse, least } };

	*out = (km_reasons){ 0 };
	for (km_view v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++) {
		double *weight = km_alloc(a, f->view[v].n * sizeof(*weight));
		if (weight == NULL)
			return KM_LIMIT;
		km_layers_weigh(l, scope, f, v, weight);
		read_view(a, f, where, v, weight, sides);
	}
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
