#include "learn/reasons.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "text/utf8.h"

enum { MAX_TEXT = 80 };

typedef struct {
	km_arena *a;
	const km_layers *l;
	const km_scope *scope;
	const km_features *f;
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
	static const char words[] = " a about after all also am an and any are as at be because "
				    "been before being but by "
				    "can could did do does for from get had has have he her here "
				    "him his how i i'm if in "
				    "into is it it's its just like may me more most much my no not "
				    "now of on one only or "
				    "other our out over own please re said same she should so some "
				    "such than thanks that "
				    "the their them then there these they this those through time "
				    "to too up us very was "
				    "we well were what when where which while who why will with "
				    "would yes you your yours "
				    "wrote ";
	char key[24];

	if (w.n + 2 > sizeof(key))
		return false;
	key[0] = ' ';
	memcpy(key + 1, w.p, w.n);
	key[w.n + 1] = ' ';
	return km_sv_find(km_sv_of(words), (km_sv){ key, w.n + 2 }, 0) < sizeof(words) - 1;
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
	double weight = km_layers_weight(r->l, r->scope, r->f, f->view, f->bucket);

	if (fabs(weight) > 0.005)
		insert(r, f, weight);
}

km_status km_reasons_read(km_arena *a, const km_layers *l, const km_scope *scope,
			  const km_learn_input *in, const km_features *f, km_reasons *out)
{
	reader r = { .a = a, .l = l, .scope = scope, .f = f, .out = out };

	*out = (km_reasons){ 0 };
	return km_features_watch_words(a, in, take, &r);
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
