#include "learn/layers.h"

#include <math.h>
#include <stdlib.h>

#include "learn/reasons.h"
#include "test.h"

static km_learn_input input(km_arena *a, const char *subject, const char *text)
{
	km_sv *key = KM_NEW(a, km_sv);
	km_sv raw = km_sv_fmt(a,
			      "Received: from a (a [192.0.2.1]) by mx.site.example\n"
			      "From: x@example.com\nSubject: %s\n\n%s\n",
			      subject, text);
	km_mail *m;

	*key = km_sv_of(text);
	assert_int_equal(km_mail_read(a, raw, &m), KM_OK);
	return (km_learn_input){ m, m->subject, KM_S(""), key, 1, false };
}

static km_features features(km_arena *a, const char *subject, const char *text)
{
	km_learn_input in = input(a, subject, text);
	km_features f;

	assert_int_equal(km_features_read(a, &in, &f), KM_OK);
	return f;
}

static const km_scope nobody;
static const km_rates curated = { KM_RATE_CURATED, KM_RATE_CURATED };

typedef struct {
	km_arena *a;
	void *area;
	km_base *base;
	km_layers *l;
	km_features spam, like, other;
} fixture;

static void set_up(fixture *x)
{
	x->a = km_arena_new(64 << 20);
	x->area = calloc(1, km_layers_area());
	assert_int_equal(km_base_open(NULL, &x->base, NULL), KM_OK);
	x->l = km_layers_new(x->base, x->area);
	km_layers_set_limit(x->l, KM_SMALL_LAYERS);
	x->spam = features(x->a, "blue heron turbine notice",
			   "blue heron turbine lubricant gasket crate samples catalogue");
	x->like = features(x->a, "blue heron turbine leaflet",
			   "blue heron turbine lubricant gasket crate samples pallet");
	x->other = features(x->a, "kitchen rota",
			    "rota for kitchen cleaning next week, tell me if it suits you");
}

static void tear_down(fixture *x)
{
	km_layers_free(x->l);
	km_base_close(x->base);
	free(x->area);
	km_arena_free(x->a);
}

static double logit(const km_layers *l, const km_features *f, const km_scope *s)
{
	km_opinion o;

	km_layers_score(l, f, s, &o);
	assert_true(o.all.probability > 0 && o.all.probability < 1 && o.local >= 0 && o.local < 1);
	return o.all.logit;
}

static void learn(fixture *x, const km_features *f, const km_scope *s, bool abuse, km_lesson *out)
{
	km_layers_learn(x->l, f, s, abuse, &curated, out);
	km_layers_set_seq(x->l, km_layers_seq(x->l) + 1);
}

/* One lesson is felt by what is like it, and does not condemn the rest of the site's mail. */
static void test_first_lesson(void **state)
{
	(void)state;
	fixture x;
	km_lesson lesson;

	set_up(&x);
	double before = logit(x.l, &x.spam, &nobody), other = logit(x.l, &x.other, &nobody);
	uint64_t empty = km_layers_digest(x.l);
	learn(&x, &x.spam, &nobody, true, &lesson);
	assert_true(logit(x.l, &x.spam, &nobody) > before + 0.5);
	assert_true(logit(x.l, &x.like, &nobody) > before + 0.5);
	assert_true(logit(x.l, &x.other, &nobody) < other + 1.2);
	assert_true(logit(x.l, &x.other, &nobody) < 0.5);
	assert_int_equal(km_layers_learned(x.l), 1);

	/* taken back, it is as before */
	km_layers_unlearn(x.l, &x.spam, &nobody, &lesson);
	assert_true(fabs(logit(x.l, &x.spam, &nobody) - before) < 0.01);
	assert_true(fabs(logit(x.l, &x.other, &nobody) - other) < 0.01);
	assert_true(km_layers_digest(x.l) != empty);
	tear_down(&x);
}

/* What one user says counts most for that user, then for the domain, then for the site. */
static void test_scopes(void **state)
{
	(void)state;
	static const km_sv one[] = { KM_SV("taro@example.jp") };
	static const km_sv two[] = { KM_SV("hanako@EXAMPLE.jp"), KM_SV("taro@example.jp") };
	static const km_sv mixed[] = { KM_SV("a@example.jp"), KM_SV("b@example.org") };
	const km_scope taro = km_scope_of(one, 1), both = km_scope_of(two, 2),
		       strangers = km_scope_of(mixed, 2), none = km_scope_of(NULL, 0);
	fixture x;
	km_lesson lesson;

	TEST_SV(taro.user, "taro@example.jp");
	TEST_SV(both.user, "");
	assert_true(km_sv_ieq(both.domain, KM_S("example.jp")));
	assert_int_equal(strangers.domain.n + none.domain.n + none.user.n, 0);
	set_up(&x);
	learn(&x, &x.spam, &taro, true, &lesson);
	double site = logit(x.l, &x.spam, &strangers), domain = logit(x.l, &x.spam, &both),
	       user = logit(x.l, &x.spam, &taro);
	assert_true(user > domain && domain > site);
	/* what taro takes back alone goes on to hold for nobody */
	km_layers_unlearn(x.l, &x.spam, &taro, &lesson);
	assert_true(fabs(logit(x.l, &x.spam, &taro) - logit(x.l, &x.spam, &strangers)) < 0.05);
	tear_down(&x);
}

/* When all small layers are given out, who was taught last for longest loses his; the others keep
 * theirs. */
static void test_many_users(void **state)
{
	(void)state;
	enum { LIMIT = 40, USERS = 300 };
	km_lesson lessons[USERS], again;
	km_scope who[USERS];
	fixture x;

	set_up(&x);
	km_layers_set_limit(x.l, LIMIT);
	for (int i = 0; i < USERS; i++) {
		km_sv name = km_sv_fmt(x.a, "user%d@d%d.example", i, i);
		who[i] = km_scope_of(&name, 1);
		learn(&x, i & 1 ? &x.spam : &x.other, &who[i], i & 1, &lessons[i]);
		/* the first one is taught again and again */
		if (i % 10 == 0)
			learn(&x, &x.spam, &who[0], true, &again);
		assert_true(km_layers_used(x.l) <= LIMIT);
	}
	assert_int_equal(km_layers_used(x.l), LIMIT);
	double site = logit(x.l, &x.spam, &nobody);
	for (int i = 0; i < USERS; i++) {
		bool kept = i == 0 || i >= USERS - LIMIT / 2 + 1;
		bool differs = fabs(logit(x.l, &x.spam, &who[i]) - site) > 1e-9;
		if (differs != kept)
			fail_msg("user %d: %s", i, kept ? "lost" : "still there");
	}
	/* taking back what was taught into a layer that went to somebody else leaves that alone */
	double other = logit(x.l, &x.like, &who[USERS - 1]) - logit(x.l, &x.like, &nobody);
	km_layers_unlearn(x.l, &x.other, &who[2], &lessons[2]);
	double now = logit(x.l, &x.like, &who[USERS - 1]) - logit(x.l, &x.like, &nobody);
	assert_true(fabs(now - other) < 0.2);
	/* and a layer that its user got anew holds nothing of before */
	learn(&x, &x.other, &who[1], false, &again);
	double fresh = logit(x.l, &x.spam, &who[1]);
	lessons[1].site = (km_model_step){ 0 };
	km_layers_unlearn(x.l, &x.spam, &who[1], &lessons[1]);
	assert_true(fabs(logit(x.l, &x.spam, &who[1]) - fresh) < 0.2);
	/* without any, lessons count for all alike */
	fixture y;
	set_up(&y);
	km_layers_set_limit(y.l, 0);
	learn(&y, &y.spam, &who[1], true, &again);
	assert_int_equal(km_layers_used(y.l), 0);
	assert_true(logit(y.l, &y.spam, &nobody) > 0);
	tear_down(&y);
	tear_down(&x);
}

static void test_saved(void **state)
{
	(void)state;
	static const size_t at[] = { 0, 8, 12, 17, 25, 33, 40, 4000 };
	fixture x, y;
	km_lesson lesson;
	km_buf file;
	km_err err = { 0 };

	set_up(&x);
	set_up(&y);
	uint64_t empty = km_layers_digest(y.l);
	learn(&x, &x.spam, &nobody, true, &lesson);
	learn(&x, &x.other, &nobody, false, &lesson);
	km_buf_init(&file, NULL, km_layers_area() * 2);
	assert_int_equal(km_layers_save(x.l, &file), KM_OK);
	assert_int_equal(km_layers_load(y.l, km_buf_sv(&file), "f", &err), KM_OK);
	assert_true(km_layers_digest(x.l) == km_layers_digest(y.l));
	assert_true(km_layers_seq(y.l) == 2);
	assert_true(logit(x.l, &x.like, &nobody) == logit(y.l, &x.like, &nobody));
	/* goes on learning just as the first one does */
	learn(&x, &x.like, &nobody, true, &lesson);
	learn(&y, &x.like, &nobody, true, &lesson);
	assert_true(km_layers_digest(x.l) == km_layers_digest(y.l));

	uint64_t good = km_layers_digest(y.l);
	for (size_t i = 0; i < KM_COUNT(at); i++) {
		file.p[at[i]] ^= 4;
		err = (km_err){ 0 };
		assert_int_not_equal(km_layers_load(y.l, km_buf_sv(&file), "f", &err), KM_OK);
		assert_true(strncmp(err.msg, "f: ", 3) == 0);
		file.p[at[i]] ^= 4;
	}
	for (size_t n = 0; n < file.n; n = n * 2 + 7) {
		km_sv part = test_exact(file.p, n);
		assert_int_not_equal(km_layers_load(y.l, part, "f", NULL), KM_OK);
		test_drop(part);
	}
	assert_true(km_layers_digest(y.l) == good); /* the last good one stays */
	km_layers_clear(y.l);
	assert_true(km_layers_digest(y.l) == empty);
	km_layers_copy(y.l, x.l);
	assert_true(km_layers_digest(y.l) == km_layers_digest(x.l));
	km_buf_finish(&file);
	tear_down(&x);
	tear_down(&y);
}

/* What is looked up is told: the base model's weights, and the site's once it was taught. */
static void test_lookups(void **state)
{
	(void)state;
	fixture x;
	km_lesson lesson;

	set_up(&x);
	km_lookups soon = km_layers_lookups(x.l);
	for (km_view v = 0; v < KM_VIEW_COUNT; v++) {
		assert_null(soon.weight[v]);
		assert_int_equal(soon.small[v] == NULL, km_view_is_raw(v));
		assert_int_equal(soon.left_out[v], km_view_is_raw(v));
	}
	learn(&x, &x.spam, &nobody, true, &lesson);
	soon = km_layers_lookups(x.l);
	for (km_view v = 0; v < KM_VIEW_COUNT; v++) {
		assert_non_null(soon.weight[v]);
		assert_false(soon.left_out[v]);
		for (size_t i = 0; i < x.spam.view[v].n; i++)
			assert_true(soon.weight[v][x.spam.view[v].bucket[i]] > 0);
	}
	tear_down(&x);
}

static bool has(const km_reason *r, size_t n, const char *text, const char *place)
{
	for (size_t i = 0; i < n; i++)
		if (km_sv_find(r[i].text, km_sv_of(text), 0) < r[i].text.n &&
		    strcmp(km_reason_place(&r[i], KM_EN), place) == 0)
			return true;
	return false;
}

static void test_reasons(void **state)
{
	(void)state;
	fixture x;
	km_lesson lesson;
	km_reasons why;

	set_up(&x);
	for (int i = 0; i < 3; i++) {
		learn(&x, &x.spam, &nobody, true, &lesson);
		learn(&x, &x.other, &nobody, false, &lesson);
	}
	km_learn_input in = input(x.a, "turbine", "kitchen cleaning and a turbine gasket crate");
	km_features f;
	km_places where;
	km_places_init(&where, x.a);
	const km_lookups soon = km_layers_lookups(x.l);
	assert_int_equal(km_features_read_for(x.a, &in, &soon, &where, &f), KM_OK);
	assert_int_equal(km_reasons_read(x.a, x.l, &nobody, &f, &where, &why), KM_OK);
	assert_true(has(why.abuse, why.n_abuse, "turbine", "subject"));
	assert_true(has(why.abuse, why.n_abuse, "gasket", "text"));
	assert_true(has(why.honest, why.n_honest, "cleaning", "text"));
	for (size_t i = 1; i < why.n_abuse; i++)
		assert_true(why.abuse[i - 1].log_odds >= why.abuse[i].log_odds);
	for (size_t i = 0; i < why.n_honest; i++)
		assert_true(why.honest[i].log_odds < 0);
	assert_string_equal(km_reason_place(&why.abuse[0], KM_JA)[0] ? "said" : "", "said");
	tear_down(&x);
}

/* However many words that explain nothing weigh more, those that explain are found. */
static void test_reasons_among_little_words(void **state)
{
	(void)state;
	static const char little[] = "this is what you were about to do now and we would like that "
				     "they all get out of here before it was over for his part";
	fixture x;
	km_lesson lesson;
	km_reasons why;

	set_up(&x);
	km_features f = features(x.a, "the", little);
	for (int i = 0; i < 6; i++) {
		learn(&x, &f, &nobody, true, &lesson);
		learn(&x, &x.other, &nobody, false, &lesson);
	}
	learn(&x, &x.spam, &nobody, true, &lesson);
	km_sv text = km_sv_fmt(x.a, "%s, gasket crate samples", little);
	km_learn_input in = input(x.a, "the", km_sv_cstr(x.a, text));
	km_places where;
	km_places_init(&where, x.a);
	const km_lookups soon = km_layers_lookups(x.l);
	assert_int_equal(km_features_read_for(x.a, &in, &soon, &where, &f), KM_OK);
	assert_int_equal(km_reasons_read(x.a, x.l, &nobody, &f, &where, &why), KM_OK);
	assert_true(has(why.abuse, why.n_abuse, "gasket", "text"));
	assert_true(has(why.abuse, why.n_abuse, "crate samples", "text"));
	assert_false(has(why.abuse, why.n_abuse, "about", "text"));
	tear_down(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_lesson),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_many_users),
		cmocka_unit_test(test_saved),
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_reasons_among_little_words),
	};
	return cmocka_run_group_tests_name("learn/layers", tests, NULL, NULL);
}
