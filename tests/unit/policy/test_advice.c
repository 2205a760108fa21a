#include "policy/advice.h"
#include "test.h"

typedef void visit(km_sv topic, km_advice_section s, size_t n, const km_advice *a);

static void each(visit *f)
{
	km_sv rest = km_sv_of(km_advice_topics), topic;

	while (km_sv_split(&rest, '|', &topic))
		for (int s = 0; s < KM_ADVICE_SECTIONS; s++) {
			km_advice a;
			size_t at = 0, n = 0;
			while (km_advice_next(topic, (km_advice_section)s, &at, &a))
				f(topic, (km_advice_section)s, n++, &a);
			f(topic, (km_advice_section)s, n, NULL);
		}
}

/* How much each topic must at least have of each section, and at most. */
static void check_number(km_sv topic, km_advice_section s, size_t n, const km_advice *a)
{
	static const struct {
		size_t least, most;
	} want[KM_ADVICE_SECTIONS] = {
		[KM_ADVICE_TITLE] = { 1, 1 }, [KM_ADVICE_WHEN] = { 1, 1 },
		[KM_ADVICE_DO] = { 4, 8 },    [KM_ADVICE_NEVER] = { 1, 4 },
		[KM_ADVICE_KNOW] = { 1, 6 },  [KM_ADVICE_ASK] = { 1, 5 },
	};

	if (a == NULL && (n < want[s].least || n > want[s].most))
		fail_msg("%.*s: %zu of section %d", KM_FMT(topic), n, s);
}

static bool has_kana(km_sv v)
{
	return km_sv_find(v, KM_S("\xe3\x81"), 0) < v.n || km_sv_find(v, KM_S("\xe3\x82"), 0) < v.n;
}

/* Every text is there in both languages, and each in its own. */
static void check_languages(km_sv topic, km_advice_section s, size_t n, const km_advice *a)
{
	if (a == NULL)
		return;
	if (!has_kana(a->text[KM_JA]) || a->text[KM_EN].n == 0 || has_kana(a->text[KM_EN]))
		fail_msg("%.*s: section %d, number %zu: languages", KM_FMT(topic), s, n + 1);
}

static void check_contacts(km_sv topic, km_advice_section s, size_t n, const km_advice *a)
{
	if (a == NULL || s != KM_ADVICE_ASK)
		return;
	const km_contact *c = &a->contact;
	bool rated = c->certainty.n && c->certainty.p[0] >= 'A' && c->certainty.p[0] <= 'C';
	if (c->name[KM_JA].n == 0 || c->name[KM_EN].n == 0 || c->reach[KM_JA].n == 0 ||
	    c->reach[KM_EN].n == 0 || c->source.n == 0 || !rated)
		fail_msg("%.*s: contact %zu is not complete", KM_FMT(topic), n + 1);
	assert_true(c->verified == (c->certainty.p[0] == 'A'));
}

static void test_numbers(void **state)
{
	(void)state;
	each(check_number);
}

static void test_languages(void **state)
{
	(void)state;
	each(check_languages);
}

static void test_contacts(void **state)
{
	(void)state;
	each(check_contacts);
}

static void test_known(void **state)
{
	(void)state;
	km_advice a;
	size_t at = 0;

	assert_true(km_advice_known(KM_S("one-click")));
	assert_false(km_advice_known(KM_S("one")));
	assert_false(km_advice_known(KM_S("")));
	assert_false(km_advice_next(KM_S("nothing"), KM_ADVICE_DO, &at, &a));
}

/* Money that is leaving comes before anything else. */
static void test_first_things_first(void **state)
{
	(void)state;
	static const char *const call_first[] = { "password", "card", "paid" };

	for (size_t i = 0; i < KM_COUNT(call_first); i++) {
		km_advice a;
		size_t at = 0;
		assert_true(km_advice_next(km_sv_of(call_first[i]), KM_ADVICE_DO, &at, &a));
		if (km_sv_find(a.text[KM_JA], KM_S("電話"), 0) == a.text[KM_JA].n)
			fail_msg("%s does not begin with a call", call_first[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_contacts),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_first_things_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
