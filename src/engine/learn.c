#include "engine/learn.h"

#include <math.h>

/* Log-odds at which points begin for what was learned here (p = .73), and where they end (.95). */
static const double unsure = 1, sure = 3;
/* The base model's points: so many where it finds abuse likelier than not, one more for each of the
 * log-odds, no more than these. With them alone nothing is tagged. */
static const double base_least = 2, base_most = 4;
/* Those of the fact itself. */
static const double all_points = 5.5;
/* Where so much of it was learned here, it counts in full. */
static const double mostly = 0.75;
/* Strength of a judgement that is worth saying that people here made it. */
static const double clear = 0.6;

double km_learned_strength(const km_opinion *o)
{
	double x = (fabs(o->all.logit) - unsure) / (sure - unsure);
	double here = fmin(o->local / mostly, 1), base = 0;

	x = x < 0 ? 0 : x > 1 ? 1 : x;
	/* That a text looks honest to a stranger is worth nothing: anybody can write like that. */
	if (o->all.logit > 0 && o->base > 0)
		base = fmin(base_least + o->base, base_most) / all_points * o->grounds;
	return here * x + (1 - here) * base;
}

/* "cheap meds (text), example.com (link)": what weighed most. */
static km_sv list(km_arena *a, const km_reason *r, size_t n)
{
	km_buf b;

	km_buf_init(&b, a, KM_MAX_SEEN_BYTES);
	for (size_t i = 0; i < n && i < 5 && b.n + r[i].text.n < KM_MAX_SEEN_BYTES - 20; i++) {
		km_buf_add(&b, i ? KM_S(", ") : KM_S(""));
		km_buf_add(&b, r[i].text);
		km_buf_add(&b, KM_S(" ("));
		km_buf_add(&b, km_sv_of(km_reason_place(&r[i], KM_EN)));
		km_buf_byte(&b, ')');
	}
	return km_buf_sv(&b);
}

static void add_fact(km_arena *a, const km_layers *layers, const km_features *f,
		     const km_places *where, const km_learned *l, km_facts *facts)
{
	bool abuse = l->opinion.all.logit > 0;
	double strength = km_learned_strength(&l->opinion);
	km_reasons why = { 0 };

	if (strength <= 0)
		return;
	/* Only what may cost the sender something is explained in every scan. */
	if (abuse && km_reasons_read(a, layers, &l->scope, f, where, &why) != KM_OK)
		why = (km_reasons){ 0 };
	km_fact *fact = km_fact_add(facts, abuse ? KM_FACT_LEARN_SPAM : KM_FACT_LEARN_HAM,
				    list(a, why.abuse, why.n_abuse), -1, 0, 0);
	if (fact)
		fact->weight = strength;
	km_fact_arg(facts, fact, 1, km_sv_fmt(a, "%.0f %%", l->opinion.all.probability * 100));
	km_fact_arg(facts, fact, 2, list(a, why.honest, why.n_honest));
	if (abuse && strength >= clear && l->opinion.local >= mostly)
		(void)km_fact_add(facts, KM_FACT_LEARN_REPORTED,
				  km_sv_fmt(a, "%.0f %%", l->opinion.local * 100), -1, 0, 0);
}

void km_learned_read(km_arena *a, const km_layers *layers, km_mail *mail, const km_views *views,
		     const km_sv *rcpts, size_t n_rcpts, km_learned *out, km_facts *facts)
{
	km_features f;
	km_places where;

	*out = (km_learned){ .done = false };
	if (layers == NULL || km_learn_input_of(a, mail, views, &out->in) != KM_OK)
		return;
	const km_lookups soon = km_layers_lookups(layers);
	km_places_init(&where, a);
	if (km_features_read_for(a, &out->in, &soon, &where, &f) != KM_OK)
		return;
	out->done = true;
	out->scope = km_scope_of(rcpts, n_rcpts);
	km_layers_score(layers, &f, &out->scope, &out->opinion);
	add_fact(a, layers, &f, &where, out, facts);
}
