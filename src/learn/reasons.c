#include "learn/reasons.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "text/utf8.h"

enum { MAX_TEXT = 80 };

/* Log-odds that are worth a word. */
static const double least = 0.005;

typedef struct {
	km_arena *a;
	const double *weight[KM_VIEW_COUNT]; /* of the features of each view */
	km_reasons *out;
} reader;

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

/* A word that tells how somebody writes rather than what for: it may weigh, but explains nothing.
 */
static bool says_little(km_sv w)
{
	static const km_sv words[] = {
		/* sorted */
		KM_SV("a"),	 KM_SV("about"),   KM_SV("after"),  KM_SV("all"),
		KM_SV("also"),	 KM_SV("am"),	   KM_SV("an"),	    KM_SV("and"),
		KM_SV("any"),	 KM_SV("are"),	   KM_SV("as"),	    KM_SV("at"),
		KM_SV("be"),	 KM_SV("because"), KM_SV("been"),   KM_SV("before"),
		KM_SV("being"),	 KM_SV("but"),	   KM_SV("by"),	    KM_SV("can"),
		KM_SV("could"),	 KM_SV("did"),	   KM_SV("do"),	    KM_SV("does"),
		KM_SV("for"),	 KM_SV("from"),	   KM_SV("get"),    KM_SV("had"),
		KM_SV("has"),	 KM_SV("have"),	   KM_SV("he"),	    KM_SV("her"),
		KM_SV("here"),	 KM_SV("him"),	   KM_SV("his"),    KM_SV("how"),
		KM_SV("i"),	 KM_SV("i'm"),	   KM_SV("if"),	    KM_SV("in"),
		KM_SV("into"),	 KM_SV("is"),	   KM_SV("it"),	    KM_SV("it's"),
		KM_SV("its"),	 KM_SV("just"),	   KM_SV("like"),   KM_SV("may"),
		KM_SV("me"),	 KM_SV("more"),	   KM_SV("most"),   KM_SV("much"),
		KM_SV("my"),	 KM_SV("no"),	   KM_SV("not"),    KM_SV("now"),
		KM_SV("of"),	 KM_SV("on"),	   KM_SV("one"),    KM_SV("only"),
		KM_SV("or"),	 KM_SV("other"),   KM_SV("our"),    KM_SV("out"),
		KM_SV("over"),	 KM_SV("own"),	   KM_SV("please"), KM_SV("re"),
		KM_SV("said"),	 KM_SV("same"),	   KM_SV("she"),    KM_SV("should"),
		KM_SV("so"),	 KM_SV("some"),	   KM_SV("such"),   KM_SV("than"),
		KM_SV("thanks"), KM_SV("that"),	   KM_SV("the"),    KM_SV("their"),
		KM_SV("them"),	 KM_SV("then"),	   KM_SV("there"),  KM_SV("these"),
		KM_SV("they"),	 KM_SV("this"),	   KM_SV("those"),  KM_SV("through"),
		KM_SV("time"),	 KM_SV("to"),	   KM_SV("too"),    KM_SV("up"),
		KM_SV("us"),	 KM_SV("very"),	   KM_SV("was"),    KM_SV("we"),
		KM_SV("well"),	 KM_SV("were"),	   KM_SV("what"),   KM_SV("when"),
		KM_SV("where"),	 KM_SV("which"),   KM_SV("while"),  KM_SV("who"),
		KM_SV("why"),	 KM_SV("will"),	   KM_SV("with"),   KM_SV("would"),
		KM_SV("wrote"),	 KM_SV("yes"),	   KM_SV("you"),    KM_SV("your"),
		KM_SV("yours"),
	};
	size_t low = 0, high = KM_COUNT(words);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = km_sv_cmp(w, words[middle]);
		if (order == 0)
			return true;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static void insert(reader *r, const km_feature *f, double weight)
{
	km_reason *list = weight > 0 ? r->out->abuse : r->out->honest;
	size_t *n = weight > 0 ? &r->out->n_abuse : &r->out->n_honest;
	size_t at = *n;

	while (at > 0 && fabs(list[at - 1].log_odds) < fabs(weight))
		at--;
	/* Few get so far that their words need to be looked at. */
	if (at == KM_REASONS || says_little(f->text) || says_little(f->before))
		return;
	if (*n < KM_REASONS)
		++*n;
	memmove(&list[at + 1], &list[at], (*n - at - 1) * sizeof(*list));
	list[at] = (km_reason){ f->field, f->part, readable(r->a, f), weight };
}

static void take(void *ctx, const km_feature *f)
{
	reader *r = ctx;

	insert(r, f, r->weight[f->view][f->index]);
}

/*
 * Weights fall into classes by sign and size, a quarter of an octave each: so the weightiest are
 * found without sorting, and the message is read for them alone. With words that explain nothing
 * left out, the reasons are nearly always among so many.
 */
enum { CANDIDATES = 4 * KM_REASONS, SIZES = 64, FIRST_SIZE = (1023 - 8) * 4 };

/* 0 for what is no more than `least`; then rising with the size; those for honest mail from SIZES
 * on. */
static uint8_t class_of(double weight)
{
	uint64_t bits;

	memcpy(&bits, &weight, sizeof(bits));
	int64_t size = (int64_t)(bits >> 50 & 0x1fff) - FIRST_SIZE;
	size = size < 1 ? 1 : size > SIZES - 1 ? SIZES - 1 : size;
	return (uint8_t)(fabs(weight) > least ? size + (weight < 0 ? SIZES : 0) : 0);
}

typedef struct {
	double *weight;
	uint8_t *class;
	size_t n;
} weighed;

/* Marks the greatest classes of one sign that have CANDIDATES together; true when some are left. */
static bool mark(const size_t *count, bool *marked)
{
	size_t n = 0, size = SIZES;

	while (--size > 0 && n < CANDIDATES) {
		marked[size] = true;
		n += count[size];
	}
	while (size > 0 && count[size] == 0)
		size--;
	return size > 0;
}

/* Reads the message for the features of the classes @marked. */
static km_status read_marked(reader *r, const km_learn_input *in, const weighed w[KM_VIEW_COUNT],
			     const bool marked[2 * SIZES])
{
	const bool *wanted[KM_VIEW_COUNT] = { NULL };

	r->out->n_abuse = r->out->n_honest = 0;
	for (km_view v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++) {
		bool *of_these = km_alloc(r->a, w[v].n), any = false;
		if (of_these == NULL)
			return KM_LIMIT;
		for (size_t i = 0; i < w[v].n; i++)
			any |= of_these[i] = marked[w[v].class[i]];
		wanted[v] = any ? of_these : NULL;
	}
	return km_features_watch_words(r->a, in, wanted, take, r);
}

km_status km_reasons_read(km_arena *a, const km_layers *l, const km_scope *scope,
			  const km_learn_input *in, const km_features *f, km_reasons *out)
{
	reader r = { .a = a, .out = out };
	weighed w[KM_VIEW_COUNT] = { { .n = 0 } };
	size_t count[2 * SIZES] = { 0 };
	bool marked[2 * SIZES] = { false };

	*out = (km_reasons){ 0 };
	for (km_view v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++) {
		size_t n = f->view[v].n;
		w[v] = (weighed){ km_alloc(a, n * sizeof(double)), km_alloc(a, n), n };
		if (w[v].weight == NULL || w[v].class == NULL)
			return KM_LIMIT;
		km_layers_weigh(l, scope, f, v, w[v].weight);
		for (size_t i = 0; i < n; i++)
			count[w[v].class[i] = class_of(w[v].weight[i])]++;
		r.weight[v] = w[v].weight;
	}
	bool more_abuse = mark(count, marked), more_honest = mark(count + SIZES, marked + SIZES);
	km_status st = read_marked(&r, in, w, marked);
	if (st != KM_OK || !((more_abuse && out->n_abuse < KM_REASONS) ||
			     (more_honest && out->n_honest < KM_REASONS)))
		return st;
	/* too many of them were words that explain nothing */
	memset(marked + 1, true, sizeof(marked) - 1);
	return read_marked(&r, in, w, marked);
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
