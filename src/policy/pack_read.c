#include <math.h>

#include "conf/schema.h"
#include "policy/advice.h"
#include "policy/category.h"
#include "policy/pack.h"

enum {
	ARENA_BYTES = 96 << 20,
	MAX_RULES = 256,
	MAX_ITEMS = 64, /* of one list in a condition */
	MAX_OVERRIDES = 20000,
	SENTENCE_BYTES = 400,
	WORD_BYTES = 64,
	ADDRESS_BYTES = 320
};

/* How far points, thresholds and caps go; keeps every sum finite. */
static const double FAR = 1000;

/* The pack being read, and the part of it that the fields at hand go into. */
struct reading {
	km_pack *pack;
	km_condition *when;
	km_composite *composite;
	km_class_rule *rule;
	km_profile *profile;
	double *points; /* of the profile, while they may be changed */
	km_reader reader;
};

/* ---- words and numbers ---- */

static km_status no_room(km_err *err)
{
	return KM_FAIL(err, KM_NOMEM, "out of memory");
}

static const char *category_name(size_t i, const void *ctx)
{
	(void)ctx;
	static const char *const others[] = { KM_CATEGORY_OF_BRAND, KM_CATEGORY_OF_WORDING };

	return i < KM_COUNT(others) ? others[i] : km_category_at(i - KM_COUNT(others));
}

static size_t n_categories(void)
{
	size_t n = 0;

	while (category_name(n, NULL))
		n++;
	return n;
}

static const char *class_name(size_t i, const void *ctx)
{
	(void)ctx;
	return km_class_name((km_class)i);
}

/* Without "accept", which is what happens below all thresholds. */
static const char *action_name(size_t i, const void *ctx)
{
	(void)ctx;
	return km_action_name((km_action)(i + 1));
}

static const char *group_name(size_t i, const void *ctx)
{
	(void)ctx;
	return km_group_name((km_group)i);
}

static const char *item_name(size_t i, const void *ctx)
{
	const km_pack *p = ctx;

	if (i < KM_ITEM_GROUPS)
		return km_fact_describe((km_fact_id)i)->id;
	if (i < KM_ITEM_COMPOSITES)
		return km_group_name((km_group)(i - KM_ITEM_GROUPS));
	return p->composite[i - KM_ITEM_COMPOSITES].id;
}

static size_t n_items(const km_pack *p)
{
	return KM_ITEM_COMPOSITES + p->n_composites;
}

/* Number of the name @word at @n among @count; KM_CONFIG with the nearest one when there is none.
 */
static km_status look_up(const km_yaml *n, km_sv word, const char *what, km_name_at *name,
			 size_t count, const void *ctx, size_t *out, km_err *err)
{
	for (*out = 0; *out < count; ++*out)
		if (km_sv_eq(word, km_sv_of(name(*out, ctx))))
			return KM_OK;
	return km_yaml_unknown(n, what, word, name, count, ctx, err);
}

/* Same for the value of @n. */
static km_status read_name(const km_yaml *n, const char *what, km_name_at *name, size_t count,
			   const void *ctx, size_t *out, km_err *err)
{
	if (n->kind != KM_YAML_SCALAR)
		return km_yaml_expected(n, err, "the name of a %s", what);
	return look_up(n, n->scalar, what, name, count, ctx, out, err);
}

static km_status read_word(const km_yaml *n, km_pack *p, const char **out, km_err *err)
{
	bool ok = n->kind == KM_YAML_SCALAR && n->scalar.n > 0 && n->scalar.n <= WORD_BYTES;

	for (size_t i = 0; ok && i < n->scalar.n; i++)
		ok = km_is_alnum((unsigned char)n->scalar.p[i]) ||
		     memchr("_-.", n->scalar.p[i], 3) != NULL;
	if (!ok)
		return km_yaml_expected(n, err, "a word of letters, digits, _ - and .");
	*out = km_sv_cstr(p->arena, n->scalar);
	return *out ? KM_OK : no_room(err);
}

/* ---- conditions ---- */

static km_status read_items(const km_yaml *n, const km_pack *p, km_items *out, km_err *err)
{
	if (n->kind != KM_YAML_LIST || n->n == 0 || n->n > MAX_ITEMS)
		return km_yaml_expected(n, err, "a list of 1 to %d facts, groups or composites",
					MAX_ITEMS);
	uint16_t *item = KM_NEW_ARRAY(p->arena, uint16_t, n->n);
	if (item == NULL)
		return no_room(err);
	*out = (km_items){ item, n->n };
	for (const km_yaml *c = n->child; c; c = c->next) {
		size_t i = 0;
		km_status st =
			read_name(c, "fact, group or composite", item_name, n_items(p), p, &i, err);
		if (st != KM_OK)
			return st;
		*item++ = (uint16_t)i;
	}
	return KM_OK;
}

static km_status read_all(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return read_items(n, r->pack, &r->when->all, err);
}

static km_status read_any(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return read_items(n, r->pack, &r->when->any, err);
}

static km_status read_not(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return read_items(n, r->pack, &r->when->none, err);
}

static km_status read_of(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return read_items(n, r->pack, &r->when->of, err);
}

/* Comes after "of", whose length bounds it. */
static km_status read_n(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	int64_t x = 0;
	km_status st = km_yaml_int(n, 1, (int64_t)r->when->of.n, &x, err);

	r->when->at_least = (size_t)x;
	return st;
}

static km_status read_at_least(const km_yaml *n, void *ctx, km_err *err)
{
	static const km_yaml_field fields[] = { { "of", true, read_of }, { "n", true, read_n } };

	return km_yaml_fields(n, fields, KM_COUNT(fields), ctx, err);
}

/* A condition of nothing but "not" would hold for nearly every message. */
static km_status check_condition(const km_yaml *n, const km_condition *when, km_err *err)
{
	if (when->all.n || when->any.n || when->of.n)
		return KM_OK;
	return km_yaml_wrong(n, err, "no condition; give \"all\", \"any\" or \"at_least\"");
}

/* ---- composites ---- */

static km_status read_id(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	size_t i;

	km_status st = read_word(n, r->pack, &r->composite->id, err);
	if (st == KM_OK &&
	    look_up(n, n->scalar, "", item_name, n_items(r->pack), r->pack, &i, NULL) == KM_OK)
		st = km_yaml_wrong(n, err, "\"%s\" is the name of something else already",
				   r->composite->id);
	return st;
}

static km_status read_own_points(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return km_yaml_double(n, -FAR, FAR, &r->points[n_items(r->pack)], err);
}

static km_status read_sentence(const km_yaml *n, struct reading *r, km_lang lang, km_err *err)
{
	bool ok = n->kind == KM_YAML_SCALAR && n->scalar.n > 0 && n->scalar.n <= SENTENCE_BYTES;

	for (size_t i = 0; ok && i < n->scalar.n; i++)
		ok = (unsigned char)n->scalar.p[i] >= 0x20 && n->scalar.p[i] != 0x7f;
	if (!ok)
		return km_yaml_expected(n, err, "a sentence of one line, up to %d bytes",
					SENTENCE_BYTES);
	const char *text = km_sv_cstr(r->pack->arena, n->scalar);
	r->composite->sentence[r->reader][lang] = text;
	return text ? KM_OK : no_room(err);
}

static km_status read_ja(const km_yaml *n, void *ctx, km_err *err)
{
	return read_sentence(n, ctx, KM_JA, err);
}

static km_status read_en(const km_yaml *n, void *ctx, km_err *err)
{
	return read_sentence(n, ctx, KM_EN, err);
}

static km_status read_languages(const km_yaml *n, struct reading *r, km_reader reader, km_err *err)
{
	static const km_yaml_field fields[] = { { "ja", true, read_ja }, { "en", true, read_en } };

	r->reader = reader;
	r->composite->told = true;
	return km_yaml_fields(n, fields, KM_COUNT(fields), r, err);
}

static km_status read_recipient(const km_yaml *n, void *ctx, km_err *err)
{
	return read_languages(n, ctx, KM_FOR_RECIPIENT, err);
}

static km_status read_admin(const km_yaml *n, void *ctx, km_err *err)
{
	return read_languages(n, ctx, KM_FOR_ADMIN, err);
}

static km_status read_sender(const km_yaml *n, void *ctx, km_err *err)
{
	return read_languages(n, ctx, KM_FOR_SENDER, err);
}

/* What counts must be explained to everybody. */
static km_status check_sentences(const km_yaml *n, const struct reading *r, km_err *err)
{
	static const char *const readers[] = { "recipient", "admin", "sender" };
	double points = r->points[n_items(r->pack)];

	if (!r->composite->told && points >= 0 && points <= 0)
		return KM_OK;
	for (km_reader i = 0; i < KM_READERS; i++)
		if (r->composite->sentence[i][KM_JA] == NULL)
			return km_yaml_wrong(n, err, "sentences for \"%s\" are missing",
					     readers[i]);
	r->composite->told = true;
	return KM_OK;
}

static km_status read_composite(const km_yaml *n, struct reading *r, km_err *err)
{
	static const km_yaml_field fields[] = {
		{ "id", true, read_id },
		{ "all", false, read_all },
		{ "any", false, read_any },
		{ "not", false, read_not },
		{ "at_least", false, read_at_least },
		{ "points", false, read_own_points },
		{ "recipient", false, read_recipient },
		{ "admin", false, read_admin },
		{ "sender", false, read_sender },
	};

	r->composite = &r->pack->composite[r->pack->n_composites];
	r->when = &r->composite->when;
	km_status st = km_yaml_fields(n, fields, KM_COUNT(fields), r, err);
	if (st == KM_OK)
		st = check_condition(n, r->when, err);
	if (st == KM_OK)
		st = check_sentences(n, r, err);
	r->pack->n_composites += st == KM_OK;
	return st;
}

static km_status read_composites(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_LIST || n->n > KM_PACK_COMPOSITES)
		return km_yaml_expected(n, err, "a list of at most %d composites",
					KM_PACK_COMPOSITES);
	r->pack->composite = KM_NEW_ARRAY(r->pack->arena, km_composite, n->n);
	if (r->pack->composite == NULL)
		return no_room(err);
	for (const km_yaml *c = n->child; c && st == KM_OK; c = c->next)
		st = read_composite(c, r, err);
	return st;
}

/* ---- classes ---- */

static km_status read_class(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	size_t i = 0;
	km_status st = read_name(n, "class", class_name, KM_CLASSES, NULL, &i, err);

	r->rule->class = (km_class)i;
	return st;
}

static km_status read_category(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	size_t i = 0;
	km_status st = read_name(n, "category", category_name, n_categories(), NULL, &i, err);

	if (st == KM_OK)
		r->rule->category = category_name(i, NULL);
	return st;
}

static km_status read_advice(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	if (n->kind != KM_YAML_SCALAR || !km_advice_known(n->scalar))
		return km_yaml_expected(n, err, "%s", km_advice_topics);
	return read_word(n, r->pack, &r->rule->advice, err);
}

static km_status read_min_score(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return km_yaml_double(n, -FAR, FAR, &r->rule->min_score, err);
}

static km_status read_when(const km_yaml *n, void *ctx, km_err *err)
{
	static const km_yaml_field fields[] = {
		{ "all", false, read_all },
		{ "any", false, read_any },
		{ "not", false, read_not },
		{ "at_least", false, read_at_least },
	};
	struct reading *r = ctx;

	r->when = &r->rule->when;
	km_status st = km_yaml_fields(n, fields, KM_COUNT(fields), ctx, err);
	return st == KM_OK ? check_condition(n, r->when, err) : st;
}

static km_status read_classes(const km_yaml *n, void *ctx, km_err *err)
{
	static const km_yaml_field fields[] = {
		{ "class", true, read_class },		{ "category", false, read_category },
		{ "advice", false, read_advice },	{ "when", false, read_when },
		{ "min_score", false, read_min_score },
	};
	struct reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_LIST || n->n > MAX_RULES)
		return km_yaml_expected(n, err, "a list of at most %d rules", MAX_RULES);
	r->pack->rule = KM_NEW_ARRAY(r->pack->arena, km_class_rule, n->n);
	if (r->pack->rule == NULL)
		return no_room(err);
	for (const km_yaml *c = n->child; c && st == KM_OK; c = c->next) {
		r->rule = &r->pack->rule[r->pack->n_rules++];
		*r->rule = (km_class_rule){ .category = "none",
					    .advice = "received",
					    .min_score = -INFINITY };
		st = km_yaml_fields(c, fields, KM_COUNT(fields), r, err);
	}
	return st;
}

/* ---- thresholds, points, caps, probability ---- */

static bool is_off(const km_yaml *n)
{
	return n->kind == KM_YAML_SCALAR && km_sv_ieq(n->scalar, KM_S("off"));
}

static km_status read_thresholds(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_MAP)
		return km_yaml_expected(n, err, "a map from actions to scores");
	for (const km_yaml *c = n->child; c && st == KM_OK; c = c->next) {
		size_t i = 0;
		double x = INFINITY;
		st = look_up(c, c->key, "action", action_name, KM_ACTIONS - 1, NULL, &i, err);
		if (st == KM_OK && !is_off(c))
			st = km_yaml_double(c, -FAR, FAR, &x, err);
		if (st == KM_OK)
			r->profile->threshold[i + 1] = x;
	}
	return st;
}

static km_status check_item_points(const km_yaml *n, const km_pack *p, size_t item, km_err *err)
{
	if (item >= KM_ITEM_GROUPS && item < KM_ITEM_COMPOSITES)
		return km_yaml_wrong(n, err, "a group has no points; give them to its facts");
	if (item >= KM_ITEM_COMPOSITES && !p->composite[item - KM_ITEM_COMPOSITES].told)
		return km_yaml_wrong(n, err,
				     "this composite has no sentences, so it can have no points");
	return KM_OK;
}

static km_status read_points(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_MAP)
		return km_yaml_expected(n, err, "a map from facts and composites to points");
	for (const km_yaml *c = n->child; c && st == KM_OK; c = c->next) {
		size_t i = 0;
		st = look_up(c, c->key, "fact or composite", item_name, n_items(r->pack), r->pack,
			     &i, err);
		if (st == KM_OK)
			st = check_item_points(c, r->pack, i, err);
		if (st == KM_OK)
			st = km_yaml_double(c, -FAR, FAR, &r->points[i], err);
	}
	return st;
}

static km_status read_caps(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_MAP)
		return km_yaml_expected(n, err, "a map from groups to points");
	for (const km_yaml *c = n->child; c && st == KM_OK; c = c->next) {
		size_t i = 0;
		st = look_up(c, c->key, "group", group_name, KM_GROUP_COUNT, NULL, &i, err);
		if (st == KM_OK)
			st = km_yaml_double(c, 0, FAR, &r->pack->cap[i], err);
	}
	return st;
}

static km_status read_even(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return km_yaml_double(n, -FAR, FAR, &r->pack->even, err);
}

static km_status read_slope(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return km_yaml_double(n, 0.001, 100, &r->pack->slope, err);
}

static km_status read_probability(const km_yaml *n, void *ctx, km_err *err)
{
	static const km_yaml_field fields[] = { { "even", true, read_even },
						{ "slope", true, read_slope } };

	return km_yaml_fields(n, fields, KM_COUNT(fields), ctx, err);
}

static km_status read_version(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return read_word(n, r->pack, &r->pack->version, err);
}

/* ---- overrides ---- */

static km_status read_off(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;

	return km_yaml_bool(n, &r->profile->off, err);
}

/* The profile gets points of its own before they are changed. */
static km_status read_override_points(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	size_t count = n_items(r->pack);

	r->points = KM_NEW_ARRAY(r->pack->arena, double, count);
	if (r->points == NULL)
		return no_room(err);
	memcpy(r->points, r->profile->points, count * sizeof(*r->points));
	r->profile->points = r->points;
	return read_points(n, ctx, err);
}

static bool is_mailbox_or_domain(km_sv v)
{
	size_t at = km_sv_rchr(v, '@');

	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] <= ' ' || v.p[i] == 0x7f)
			return false;
	return v.n > 0 && v.n <= ADDRESS_BYTES && at != 0 && at != v.n - 1;
}

static km_status read_override(const km_yaml *n, struct reading *r, km_err *err)
{
	static const km_yaml_field fields[] = {
		{ "off", false, read_off },
		{ "thresholds", false, read_thresholds },
		{ "points", false, read_override_points },
	};
	km_profile *own = KM_NEW(r->pack->arena, km_profile);
	void **slot = own ? km_map_put(&r->pack->overrides, n->key) : NULL;
	const char *name = slot ? km_sv_cstr(r->pack->arena, n->key) : NULL;

	if (name == NULL)
		return no_room(err);
	if (*slot)
		return km_yaml_wrong(n, err, "given before, in other letter case");
	/* An address begins with what its domain has; the map does not hold it yet. */
	*own = *km_pack_profile(r->pack, n->key);
	own->name = name;
	*slot = own;
	r->profile = own;
	return km_yaml_fields(n, fields, KM_COUNT(fields), r, err);
}

static km_status read_overrides(const km_yaml *n, void *ctx, km_err *err)
{
	struct reading *r = ctx;
	km_status st = KM_OK;

	if (n->kind != KM_YAML_MAP || n->n > MAX_OVERRIDES)
		return km_yaml_expected(n, err, "a map of at most %d recipients or domains",
					MAX_OVERRIDES);
	for (const km_yaml *c = n->child; c; c = c->next)
		if (!is_mailbox_or_domain(c->key))
			return km_yaml_wrong(c, err, "the key must be an address or a domain");
	/* Domains first: addresses build on them. */
	for (int addresses = 0; addresses < 2; addresses++)
		for (const km_yaml *c = n->child; c && st == KM_OK; c = c->next)
			if ((km_sv_chr(c->key, '@', 0) < c->key.n) == addresses)
				st = read_override(c, r, err);
	return st;
}

/* ---- the whole ---- */

static km_status read_pack(km_pack *p, const km_yaml *root, km_err *err)
{
	/* In this order: each may speak about what comes before it. */
	static const km_yaml_field fields[] = {
		{ "version", true, read_version },
		{ "thresholds", true, read_thresholds },
		{ "caps", false, read_caps },
		{ "probability", true, read_probability },
		{ "composites", false, read_composites },
		{ "points", false, read_points },
		{ "classes", true, read_classes },
		{ "overrides", false, read_overrides },
	};
	struct reading r = { .pack = p, .profile = &p->base };

	r.points = KM_NEW_ARRAY(p->arena, double, KM_ITEMS);
	if (r.points == NULL)
		return no_room(err);
	for (km_fact_id i = 0; i < KM_FACT_COUNT; i++)
		r.points[i] = km_fact_describe(i)->points;
	p->base.points = r.points;
	for (size_t i = 0; i < KM_ACTIONS; i++)
		p->base.threshold[i] = INFINITY;
	for (size_t i = 0; i < KM_GROUP_COUNT; i++)
		p->cap[i] = INFINITY;
	km_map_init(&p->overrides, p->arena, true);
	return km_yaml_fields(root, fields, KM_COUNT(fields), &r, err);
}

km_status km_pack_parse(km_sv text, const char *name, km_pack **out, km_err *err)
{
	km_arena *a = km_arena_new(ARENA_BYTES);
	km_pack *p = a ? KM_NEW(a, km_pack) : NULL;
	km_yaml *root;

	*out = NULL;
	if (p == NULL) {
		km_arena_free(a);
		return no_room(err);
	}
	p->arena = a;
	km_status st = km_yaml_parse(a, text, name, &root, err);
	if (st == KM_OK)
		st = read_pack(p, root, err);
	if (st == KM_OK)
		*out = p;
	else
		km_arena_free(a);
	return st;
}
