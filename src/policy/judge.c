#include <math.h>
#include <stdlib.h>

#include "base/buf.h"
#include "policy/pack.h"

/* One reckoning of the facts with the settings of some recipients. */
struct count {
	const km_profile *profile;
	km_scored *fact; /* as many as there are facts */
	bool present[KM_ITEMS];
	double score;
	km_action action;
};

/*
 * Points of each fact. What is seen many times counts once, with the greatest weight: forty links
 * of a newsletter tell no more than two.
 */
static void count_facts(struct count *c, const km_facts *facts)
{
	size_t best[KM_FACT_COUNT];

	for (size_t i = 0; i < facts->n; i++) {
		const km_fact *f = &facts->f[i];
		c->fact[i] = (km_scored){ .fact = f };
		if (!c->present[f->id] || f->weight > facts->f[best[f->id]].weight)
			best[f->id] = i;
		c->present[f->id] = true;
	}
	for (size_t i = 0; i < facts->n; i++) {
		const km_fact_id id = facts->f[i].id;
		km_scored *s = &c->fact[i];
		if (best[id] != i)
			continue;
		s->uncapped = s->points = c->profile->points[id] * s->fact->weight;
		if (s->points > 0)
			c->present[KM_ITEM_GROUPS + km_fact_describe(id)->group] = true;
	}
}

/* Shrinks a group's points, those for and those against each by themselves, to fit its cap. */
static void apply_caps(struct count *c, const km_pack *p, size_t n)
{
	double sum[KM_GROUP_COUNT][2] = { 0 };

	for (size_t i = 0; i < n; i++)
		sum[km_fact_describe(c->fact[i].fact->id)->group][c->fact[i].points < 0] +=
			fabs(c->fact[i].points);
	for (size_t i = 0; i < n; i++) {
		km_group g = km_fact_describe(c->fact[i].fact->id)->group;
		double total = sum[g][c->fact[i].points < 0];
		if (total > p->cap[g])
			c->fact[i].points *= p->cap[g] / total;
		c->score += c->fact[i].points;
	}
}

static bool all_present(const struct count *c, const km_items *items)
{
	for (size_t i = 0; i < items->n; i++)
		if (!c->present[items->item[i]])
			return false;
	return true;
}

static size_t n_present(const struct count *c, const km_items *items)
{
	size_t n = 0;

	for (size_t i = 0; i < items->n; i++)
		n += c->present[items->item[i]];
	return n;
}

static bool holds(const struct count *c, const km_condition *when)
{
	return all_present(c, &when->all) && (when->any.n == 0 || n_present(c, &when->any) > 0) &&
	       n_present(c, &when->none) == 0 && n_present(c, &when->of) >= when->at_least;
}

static void count_composites(struct count *c, const km_pack *p)
{
	for (size_t i = 0; i < p->n_composites; i++) {
		if (!holds(c, &p->composite[i].when))
			continue;
		c->present[KM_ITEM_COMPOSITES + i] = true;
		c->score += c->profile->points[KM_ITEM_COMPOSITES + i];
	}
}

static void reckon(struct count *c, const km_pack *p, const km_profile *profile,
		   const km_facts *facts)
{
	*c = (struct count){ .profile = profile, .fact = c->fact };
	count_facts(c, facts);
	apply_caps(c, p, facts->n);
	count_composites(c, p);
	/* The sum must not depend on the order of the facts. */
	c->score = round(c->score * 1000) / 1000;
	for (km_action a = KM_ACTION_TAG; a < KM_ACTIONS && !profile->off; a++)
		if (c->score >= profile->threshold[a])
			c->action = a;
}

/* True when @a is the gentler one: by its action, then by its score. */
static bool is_milder(const struct count *a, const struct count *b)
{
	return a->action != b->action ? a->action < b->action : a->score < b->score;
}

/*
 * Reckons once for each of the recipients' settings and leaves the mildest in *best; *other is room
 * for the next one. Without recipients the pack's own settings hold.
 */
static km_status reckon_all(km_arena *a, const km_pack *p, const km_facts *facts,
			    const km_sv *rcpts, size_t n_rcpts, struct count **best,
			    struct count **other)
{
	km_map seen;

	km_map_init(&seen, a, false);
	if (p->overrides.n == 0 || n_rcpts == 0) {
		reckon(*best, p, &p->base, facts);
		return KM_OK;
	}
	for (size_t i = 0; i < n_rcpts; i++) {
		const km_profile *own = km_pack_profile(p, rcpts[i]);
		void **slot = km_map_put(&seen, own->name ? km_sv_of(own->name) : KM_S(""));
		if (slot == NULL)
			return KM_NOMEM;
		if (*slot)
			continue;
		*slot = *best;
		reckon(i ? *other : *best, p, own, facts);
		if (i && is_milder(*other, *best)) {
			struct count *milder = *other;
			*other = *best;
			*best = milder;
		}
	}
	return KM_OK;
}

static int by_weight(const void *x, const void *y)
{
	const km_scored *a = x, *b = y;
	double d = fabs(b->points) - fabs(a->points);

	if (d > 0 || d < 0)
		return d > 0 ? 1 : -1;
	return (a->fact > b->fact) - (a->fact < b->fact);
}

static km_status list_composites(km_arena *a, const km_pack *p, const struct count *c,
				 km_verdict *out)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_composites; i++)
		n += c->present[KM_ITEM_COMPOSITES + i];
	out->composites = KM_NEW_ARRAY(a, km_composite_hit, n);
	if (out->composites == NULL)
		return KM_NOMEM;
	for (size_t i = 0; i < p->n_composites; i++) {
		const km_composite *k = &p->composite[i];
		if (!c->present[KM_ITEM_COMPOSITES + i] || !k->told)
			continue;
		km_composite_hit *hit = &out->composites[out->n_composites++];
		hit->id = k->id;
		hit->points = c->profile->points[KM_ITEM_COMPOSITES + i];
		memcpy(hit->sentence, k->sentence, sizeof(hit->sentence));
	}
	return KM_OK;
}

/* The weightiest fact against the message that is about a brand. Facts are in order of weight. */
static const km_fact *brand_fact(const struct count *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c->fact[i].points > 0 && c->fact[i].fact->brand)
			return c->fact[i].fact;
	return NULL;
}

/* The one that tells of which fraud the wording is typical. */
static const km_fact *wording_fact(const struct count *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c->fact[i].points > 0 && c->fact[i].fact->category && !c->fact[i].fact->brand)
			return c->fact[i].fact;
	return NULL;
}

static void name_brand(const struct count *c, size_t n, km_verdict *out)
{
	const km_fact *f = brand_fact(c, n);
	const km_fact *w = wording_fact(c, n);

	if (f && (out->class == KM_CLASS_PHISH || out->class == KM_CLASS_SCAM ||
		  out->class == KM_CLASS_MALWARE))
		out->brand = f->brand;
	if (strcmp(out->category, KM_CATEGORY_OF_BRAND) == 0)
		out->category = f && f->category ? f->category : "phish_other";
	else if (strcmp(out->category, KM_CATEGORY_OF_WORDING) == 0)
		out->category = w ? w->category : "none";
}

static void classify(const km_pack *p, const struct count *c, km_verdict *out)
{
	out->class = KM_CLASS_HAM;
	out->category = "none";
	out->advice = "received";
	for (size_t i = 0; i < p->n_rules; i++) {
		const km_class_rule *r = &p->rule[i];
		if (c->score < r->min_score || !holds(c, &r->when))
			continue;
		out->class = r->class;
		out->category = r->category;
		out->advice = r->advice;
		return;
	}
}

/* The lowest threshold in use: the first that the score would meet. */
static km_action first_action(const km_profile *p)
{
	km_action first = KM_ACTION_ACCEPT;

	for (km_action a = KM_ACTION_TAG; a < KM_ACTIONS; a++)
		if (p->threshold[a] < INFINITY &&
		    (first == KM_ACTION_ACCEPT || p->threshold[a] < p->threshold[first]))
			first = a;
	return first;
}

static km_sv number(km_arena *a, double x)
{
	km_buf b;

	km_buf_init(&b, a, 32);
	km_buf_general(&b, x, 7, false);
	return km_buf_sv(&b);
}

/* "%c" puts the NUL that ends a C string into the view. */
static const char *why(km_arena *a, const struct count *c, km_lang lang)
{
	static const char *const off[] = { "%s ではフィルターを使わない設定%c",
					   "filtering is off for %s%c" };
	static const char *const none[] = { "しきい値がない%s%s%c", "no threshold is set%s%s%c" };
	static const char *const over[] = { "スコア %.*s は %s の %.*s 以上%s%s%c",
					    "score %.*s is at or over %s %.*s%s%s%c" };
	static const char *const below[] = { "スコア %.*s は %s の %.*s 未満%s%s%c",
					     "score %.*s is below %s %.*s%s%s%c" };
	static const char *const set_for[] = { "、設定は ", ", as set for " };
	const km_profile *p = c->profile;
	const char *of = p->name ? set_for[lang] : "", *name = p->name ? p->name : "";
	km_action mark = c->action ? c->action : first_action(p);
	const km_sv score = number(a, c->score), least = number(a, p->threshold[mark]);
	km_sv text;

	if (p->off)
		text = km_sv_fmt(a, off[lang], name, '\0');
	else if (mark == KM_ACTION_ACCEPT)
		text = km_sv_fmt(a, none[lang], of, name, '\0');
	else
		text = km_sv_fmt(a, c->action ? over[lang] : below[lang], KM_FMT(score),
				 km_action_name(mark), KM_FMT(least), of, name, '\0');
	return text.n ? text.p : NULL;
}

km_status km_judge(km_arena *a, const km_pack *pack, const km_facts *facts, const km_sv *rcpts,
		   size_t n_rcpts, km_verdict *out)
{
	struct count *c = KM_NEW(a, struct count), *other = KM_NEW(a, struct count);

	*out = (km_verdict){ .category = "none", .advice = "received" };
	if (c == NULL || other == NULL)
		return KM_NOMEM;
	c->fact = KM_NEW_ARRAY(a, km_scored, facts->n);
	other->fact = KM_NEW_ARRAY(a, km_scored, facts->n);
	if (c->fact == NULL || other->fact == NULL)
		return KM_NOMEM;
	km_status st = reckon_all(a, pack, facts, rcpts, n_rcpts, &c, &other);
	if (st == KM_OK)
		st = list_composites(a, pack, c, out);
	for (km_lang l = 0; st == KM_OK && l < KM_LANGS; l++)
		if ((out->why_action[l] = why(a, c, l)) == NULL)
			st = KM_NOMEM;
	if (st != KM_OK)
		return KM_NOMEM;
	qsort(c->fact, facts->n, sizeof(*c->fact), by_weight);
	out->facts = c->fact;
	out->n_facts = facts->n;
	out->score = c->score;
	out->action = c->action;
	out->probability = 1 / (1 + exp(-(c->score - pack->even) * pack->slope));
	classify(pack, c, out);
	name_brand(c, facts->n, out);
	return KM_OK;
}
