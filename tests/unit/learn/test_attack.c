#include "learn/attack.h"

#include "content/views.h"
#include "learn/disguise.h"
#include "learn/feature.h"
#include "test.h"

static const struct {
	const char *name;
	const char *in;
	unsigned letters;
	const char *words;
	const char *want; /* text of the first text part after reading it again */
	const char *key;  /* its match key */
} cases[] = {
	{ "nothing", "Subject: s\n\nBuy now\n", 0, "", "Buy now\n", "buy now" },
	{ "words", "Subject: s\n\nBuy now\n", 0, "dear friend", "dear friend\n\nBuy now\n",
	  "dear friend buy now" },
	{ "look-alikes", "Subject: s\n\nBuy cheap\n", KM_ATTACK_HOMOGLYPH, "", "Вuу сhеар\n",
	  "buy cheap" },
	{ "zero width", "Subject: s\n\nBuy now\n", KM_ATTACK_ZERO_WIDTH, "",
	  "B\u200bu\u200by n\u200bo\u200bw\n", "buy now" },
	{ "full width", "Subject: s\n\nBuy 7\n", KM_ATTACK_FULLWIDTH, "", "Ｂｕｙ ７\n", "buy 7" },
	{ "a link stays", "Subject: s\n\nsee http://ab.example/c now\n", KM_ATTACK_FULLWIDTH, "",
	  "ｓｅｅ http://ab.example/c ｎｏｗ\n", "see http://ab.example/c now" },
	{ "tags and entities stay",
	  "Content-Type: text/html\n\n<p><a href=\"http://x.example/\">Buy&amp;sell</a></p>\n",
	  KM_ATTACK_FULLWIDTH, "", NULL, "buy&sell" },
	{ "base64",
	  "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: base64\n\n"
	  "QnV5IG5vdw==\n",
	  0, "hello", "hello\n\nBuy now", "hello buy now" },
	{ "a part of several",
	  "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nBuy\n"
	  "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAAA\n--b--\n",
	  0, "hello", "hello\n\nBuy", "hello buy" },
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		km_arena *a = km_arena_new(64 << 20);
		km_sv in = test_exact(cases[i].in, strlen(cases[i].in)), out;
		const km_attack k = { cases[i].letters, km_sv_of(cases[i].words) };
		km_mail *m;
		km_views v;
		assert_int_equal(km_mail_read(a, in, &m), KM_OK);
		size_t parts = m->n_parts;
		assert_int_equal(km_attack_rewrite(a, m, &k, &out), KM_OK);
		assert_int_equal(km_mail_read(a, out, &m), KM_OK);
		km_views_read(a, m, &v);
		assert_int_equal(m->n_parts, parts);
		assert_int_equal(v.n_text, 1);
		if (cases[i].want)
			test_sv_is(v.text[0].text, cases[i].want, cases[i].name);
		test_sv_is(km_sv_trim(v.text[0].key), cases[i].key, cases[i].name);
		test_drop(in);
		km_arena_free(a);
	}
}

static void test_subject(void **state)
{
	(void)state;
	static const char in[] = "From: a@example.jp\nSubject: Buy\nX-A: b\n\nBuy\n";
	km_arena *a = km_arena_new(64 << 20);
	const km_attack k = { KM_ATTACK_FULLWIDTH, KM_S("") };
	km_sv out;
	km_mail *m;

	assert_int_equal(km_mail_read(a, km_sv_of(in), &m), KM_OK);
	assert_int_equal(km_attack_rewrite(a, m, &k, &out), KM_OK);
	assert_int_equal(km_mail_read(a, out, &m), KM_OK);
	test_sv_is(m->subject, "Ｂｕｙ", "subject");
	assert_int_equal(m->n_subject, 1);
	assert_non_null(km_headers_find(m->headers, KM_S("X-A"), 0));
	test_sv_is(m->from.a[0].addr, "a@example.jp", "from");
	km_arena_free(a);
}

static km_features features(km_arena *a, km_sv message, bool *disguised)
{
	km_disguise d = { 0 };
	km_features f;
	km_views v;
	km_mail *m;

	assert_int_equal(km_mail_read(a, message, &m), KM_OK);
	km_views_read(a, m, &v);
	km_sv *text = KM_NEW_ARRAY(a, km_sv, v.n_text);
	for (size_t i = 0; i < v.n_text; i++) {
		text[i] = v.text[i].key;
		km_disguise_add(&d, v.text[i].text, &v.text[i].stats);
	}
	*disguised = km_is_disguised(&d);
	const km_learn_input in = { m, v.subject.key, v.from_name.key, text, v.n_text, *disguised };
	assert_int_equal(km_features_read(a, &in, &f), KM_OK);
	return f;
}

/* The tricks are seen, and but for the bytes of the body the features are those of the original. */
static void test_features_stay(void **state)
{
	(void)state;
	static const char in[] =
		"From: a@example.jp\nSubject: Buy our pills\nMIME-Version: 1.0\n"
		"Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: 7bit\n\n"
		"<p>Buy our <b>cheap</b> pills today at <a href=\"http://x.example/\">the "
		"shop</a>, "
		"the best of all shops in town.</p>\n";
	static const unsigned tricks[] = { KM_ATTACK_HOMOGLYPH, KM_ATTACK_ZERO_WIDTH,
					   KM_ATTACK_FULLWIDTH,
					   KM_ATTACK_HOMOGLYPH | KM_ATTACK_ZERO_WIDTH };
	km_arena *a = km_arena_new(64 << 20);
	bool disguised;
	km_features clean = features(a, km_sv_of(in), &disguised);

	assert_false(disguised);
	for (size_t i = 0; i < KM_COUNT(tricks); i++) {
		const km_attack k = { tricks[i], KM_S("") };
		km_mail *m;
		km_sv out;
		assert_int_equal(km_mail_read(a, km_sv_of(in), &m), KM_OK);
		assert_int_equal(km_attack_rewrite(a, m, &k, &out), KM_OK);
		km_features f = features(a, out, &disguised);
		assert_true(disguised && f.disguised);
		for (int v = 0; v < KM_VIEW_COUNT; v++) {
			if (v == KM_VIEW_START) {
				assert_int_equal(f.view[v].n, 0);
				continue;
			}
			assert_int_equal(f.view[v].n, clean.view[v].n);
			assert_memory_equal(f.view[v].bucket, clean.view[v].bucket,
					    f.view[v].n * sizeof(uint32_t));
		}
	}
	km_arena_free(a);
}

/* What honest mail does too is no disguise. */
static void test_honest_signs(void **state)
{
	(void)state;
	static const char *const honest[] = {
		"Good morning, here is the plan for today.",
		"Hello \u200c\u00a0\u200c\u00a0\u200c\u00a0\u200c\u00a0\u200c\u00a0\u200c here",
		"Donau\u00addampf\u00adschiff\u00adfahrts\u00adgesellschaft in Regensburg",
		"ご注文番号：ＡＢＣ１２３、お届け先：ＴＯＫＹＯ",
		"Привет, это обычное письмо про отчёт",
	};

	for (size_t i = 0; i < KM_COUNT(honest); i++) {
		km_arena *a = km_arena_new(8 << 20);
		km_sv in = test_exact(honest[i], strlen(honest[i])), key;
		km_disguise d = { 0 };
		km_view_stats stats;
		assert_int_equal(km_view_key(a, in, &key, &stats), KM_OK);
		km_disguise_add(&d, in, &stats);
		assert_false(km_is_disguised(&d));
		test_drop(in);
		km_arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_features_stay),
		cmocka_unit_test(test_honest_signs),
	};
	return cmocka_run_group_tests_name("learn/attack", tests, NULL, NULL);
}
