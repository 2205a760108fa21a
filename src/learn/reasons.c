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
	static const size_t longest = sizeof("because") - 1;
	size_t low = 0, high = w.n > longest ? 0 : KM_COUNT(words);

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

/* One side's reasons, weightiest first. */
typedef struct {
	km_reason *list;
	size_t *n;
} side;

/* Where one of @weight belongs; of equal ones the first stays the first. KM_REASONS: nowhere. */
static size_t rank(const side *s, double weight)
{
	size_t at = *s->n;

	while (at > 0 && fabs(s->list[at - 1].log_odds) < fabs(weight))
		at--;
	return at;
}

static void insert(km_arena *a, side *s, const km_feature *f, double weight)
{
	size_t at = rank(s, weight);

	if (*s->n < KM_REASONS)
		++*s->n;
	memmove(&s->list[at + 1], &s->list[at], (*s->n - at - 1) * sizeof(*s->list));
	s->list[at] = (km_reason){ f->field, f->part, readable(a, f), weight };
}

/* Few get so far that their words need to be looked at. */
static void read_view(km_arena *a, const km_features *f, const km_places *where, km_view v,
		      const double *weight, km_reasons *out)
{
	side sides[] = { { out->honest, &out->n_honest }, { out->abuse, &out->n_abuse } };
	size_t at = 0;
	km_feature found;

	for (size_t i = 0; i < f->view[v].n; i++) {
		side *s = &sides[weight[i] > 0];
		if (fabs(weight[i]) > least && rank(s, weight[i]) < KM_REASONS &&
		    km_places_find(where, v, i, f->view[v].bucket[i], &at, &found) &&
		    !says_little(found.text) && !says_little(found.before))
			insert(a, s, &found, weight[i]);
	}
}

km_status km_reasons_read(km_arena *a, const km_layers *l, const km_scope *scope,
			  const km_features *f, const km_places *where, km_reasons *out)
{
	*out = (km_reasons){ 0 };
	for (km_view v = KM_VIEW_HEADER; v < KM_VIEW_COUNT; v++) {
		double *weight = km_alloc(a, f->view[v].n * sizeof(*weight));
		if (weight == NULL)
			return KM_LIMIT;
		km_layers_weigh(l, scope, f, v, weight);
		read_view(a, f, where, v, weight, out);
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
