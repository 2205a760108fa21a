#include "content/wording.h"

#include "test.h"

#define HEAD "category,where,lang,strength,phrase,source\n"

static const struct {
	const char *name, *text, *why; /* why: NULL when the table is good */
} tables[] = {
	{ "good", HEAD "account,any,en,3,your account…[is|was]…suspend*,\n", NULL },
	{ "no column", "category,where\n", "t:1: " },
	{ "category", HEAD "nothing,any,en,3,x,\n", "t:2: unknown category" },
	{ "where", HEAD "account,body,en,3,x,\n", "t:2: where is" },
	{ "strength", HEAD "account,any,en,10,x,\n", "t:2: strength is" },
	{ "empty", HEAD "account,any,en,3,,\n", "t:2: there is no phrase" },
	{ "empty step", HEAD "account,any,en,3,a…,\n", NULL },
	{ "step in the middle", HEAD "account,any,en,3,a……b,\n", "t:2: between" },
	{ "many steps", HEAD "account,any,en,3,a…b…c…d…e,\n", "t:2: between" },
	{ "bracket", HEAD "account,any,en,3,[a|b,\n", "t:2: one pair of brackets" },
	{ "nothing left", HEAD "account,any,en,3,\xe2\x80\x8b,\n", "t:2: " },
	{ "look-alikes", HEAD "odd,any,ja,3,\xd0\x90mazon,\n",
	  "t:2: \"\xd0\x90mazon\" is written in" },
};

static void test_tables(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(tables); i++) {
		km_terms *terms = km_terms_new();
		km_phrases *p = NULL;
		km_err err = { .st = KM_OK };
		km_sv text = test_exact(tables[i].text, strlen(tables[i].text));
		km_status st = km_phrases_parse(terms, text, "t", &p, &err);
		if ((st == KM_OK) != (tables[i].why == NULL))
			fail_msg("%s: %s", tables[i].name, err.msg);
		if (tables[i].why && (st != KM_CONFIG ||
				      strncmp(err.msg, tables[i].why, strlen(tables[i].why)) != 0))
			fail_msg("%s: %s", tables[i].name, err.msg);
		km_phrases_free(p);
		test_drop(text);
		km_terms_free(terms);
	}
}

static const struct {
	const char *name, *message;
	const char *seen; /* of the fact, or NULL when there is none */
	double weight;
	km_fact_id fact;
} messages[] = {
	{ "steps in order", "Subject: x\n\nyour account was suspended today", "account was suspend",
	  0.8, KM_FACT_WORDING_ACCOUNT },
	{ "steps out of order", "Subject: x\n\nsuspended was account", NULL, 0,
	  KM_FACT_WORDING_ACCOUNT },
	{ "too far apart",
	  "Subject: x\n\naccount, of which there is nothing that one could say here, was suspended",
	  NULL, 0, KM_FACT_WORDING_ACCOUNT },
	{ "part of a word", "Subject: x\n\naccounts was suspended", NULL, 0,
	  KM_FACT_WORDING_ACCOUNT },
	{ "a word that may go on", "Subject: x\n\naccount was suspending", "account was suspend",
	  0.8, KM_FACT_WORDING_ACCOUNT },
	{ "once only", "Subject: x\n\naccount was suspended. account was suspended",
	  "account was suspend", 0.8, KM_FACT_WORDING_ACCOUNT },
	{ "for subjects, in the subject", "Subject: final notice\n\nx", "final notice", 0.8,
	  KM_FACT_WORDING_PRESSURE },
	{ "for subjects, in the text", "Subject: x\n\nfinal notice", "final notice", 0.4,
	  KM_FACT_WORDING_PRESSURE },
	{ "not across the subject's end", "Subject: your account\n\nwas suspended", NULL, 0,
	  KM_FACT_WORDING_ACCOUNT },
	{ "quoted", "Subject: x\nIn-Reply-To: <a@b>\n\n> account was suspended", NULL, 0,
	  KM_FACT_WORDING_ACCOUNT },
	{ "passed on with words",
	  "Subject: Fwd: x\n\nIs this true? I do not think that I have one there.\n\nFrom: "
	  "x\n\naccount "
	  "was suspended",
	  NULL, 0, KM_FACT_WORDING_ACCOUNT },
	{ "passed on without", "Subject: Fwd: x\n\nFrom: x\n\naccount was suspended",
	  "account was suspend", 0.6, KM_FACT_WORDING_ACCOUNT },
	{ "typical", "Subject: x\n\nalpha one. beta two. gamma three.", "alpha, beta, gamma", 2,
	  KM_FACT_WORDING_TYPICAL },
	{ "in each other", "Subject: x\n\nalphabetagamma", NULL, 0, KM_FACT_WORDING_TYPICAL },
};

static const char table[] = HEAD "account,any,en,4,account…was…suspend*,\n"
				 "pressure,subject,en,4,final notice,\n"
				 "ceo,any,en,4,alpha,\n"
				 "ceo,any,en,4,beta,\n"
				 "ceo,any,en,4,gamma,\n";

static void test_messages(void **state)
{
	km_terms *terms = km_terms_new();
	km_phrases *p;

	(void)state;
	assert_int_equal(km_phrases_parse(terms, km_sv_of(table), "t", &p, NULL), KM_OK);
	assert_int_equal(km_phrases_count(p), 5);
	assert_int_equal(km_terms_build(terms, NULL), KM_OK);
	for (size_t i = 0; i < KM_COUNT(messages); i++) {
		km_arena *a = km_arena_new(1 << 22);
		km_sv in = test_exact(messages[i].message, strlen(messages[i].message));
		km_wording *w = KM_NEW(a, km_wording);
		const km_fact *f = NULL;
		km_mail *m;
		km_views v;
		km_areas areas;
		km_facts fs;
		assert_int_equal(km_mail_read(a, in, &m), KM_OK);
		km_views_read(a, m, &v);
		km_areas_read(a, terms, m, &v, NULL, 0, &areas);
		km_wording_read(a, p, &areas, w);
		km_facts_init(&fs, a);
		km_wording_facts(a, m, w, &fs);
		for (size_t k = 0; k < fs.n; k++)
			if (fs.f[k].id == messages[i].fact)
				f = &fs.f[k];
		if ((f != NULL) != (messages[i].seen != NULL))
			fail_msg("%s: %s", messages[i].name, f ? "there" : "not there");
		if (f && (!km_sv_eq(f->seen, km_sv_of(messages[i].seen)) ||
			  f->weight < messages[i].weight - 0.01 ||
			  f->weight > messages[i].weight + 0.01))
			fail_msg("%s: %.*s, %g", messages[i].name, KM_FMT(f->seen), f->weight);
		test_drop(in);
		km_arena_free(a);
	}
	km_phrases_free(p);
	km_terms_free(terms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_messages),
	};
	return cmocka_run_group_tests_name("content/wording", tests, NULL, NULL);
}
